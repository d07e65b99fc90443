//! The role of each machine and of each rule against what the template says that it does.
//!
//! The table here is not the one that the roles are made with: it is read off AWS's pages once more,
//! and starts from the finished template.

use std::collections::BTreeSet;

use serde_json::Value;

use super::machines::definition;
use super::roles::shown;
use super::{every_option, resources, sample, template};
use crate::template::references::placeholders;
use crate::values::listed;
use crate::{Config, VENDORS};

/// The objects that a Map reads where their key comes from the state.
const READ: [(&str, &str); 2] = [
    ("$.decoded.step.units_key", "runs/*/units.jsonl"),
    ("$.prepared.step.units_key", "runs/*/units.jsonl"),
];

/// What AWS asks of a machine that writes a log; there is no finer resource.
const LOG_DELIVERY: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

/// The key of the files serves S3 alone.
const VIA_S3: &str =
    r#"{"StringEquals":{"kms:ViaService":{"Fn::Sub":"s3.${AWS::Region}.${AWS::URLSuffix}"}}}"#;

/// Pairs of action and resource, a line each.
type Lines = BTreeSet<String>;

/// What a role lacks and what it has besides, a line each; nothing where it is as derived.
fn differences(role: &Lines, derived: &Lines) -> Vec<String> {
    let lacks = derived.difference(role).map(|line| format!("lacks {line}"));
    lacks.chain(role.difference(derived).map(|line| format!("has besides {line}"))).collect()
}

/// What a role allows, with the condition on which it does. It forbids nothing.
fn allowed(template: &Value, role: &str) -> Lines {
    let policies = &template["Resources"][role]["Properties"]["Policies"];
    let statements =
        listed(policies).iter().flat_map(|policy| listed(&policy["PolicyDocument"]["Statement"]));
    statements
        .flat_map(|statement| {
            assert_eq!(statement["Effect"], "Allow", "{role}");
            let condition = statement.get("Condition").map(|condition| format!(" if {condition}"));
            let condition = condition.unwrap_or_default();
            let pairs = pairs(listed(&statement["Action"]), listed(&statement["Resource"]));
            pairs.into_iter().map(move |pair| pair + &condition)
        })
        .collect()
}

fn pairs(actions: &[Value], resources: &[Value]) -> Vec<String> {
    let pair = |action: &Value, resource: &Value| {
        format!("{} {}", action.as_str().expect("an action"), shown(resource))
    };
    let actions = actions.iter();
    actions
        .flat_map(|action| resources.iter().map(move |resource| pair(action, resource)))
        .collect()
}

/// The role that a property such as `RoleArn` names.
fn role_of(arn: &Value) -> &str {
    arn["Fn::GetAtt"][0].as_str().expect("a role of the template")
}

/// What a machine's definition asks for.
struct Derivation<'t> {
    template: &'t Value,
    machine: &'t Value,
    name: &'t str,
    lines: Lines,
}

impl<'t> Derivation<'t> {
    fn of(template: &'t Value, id: &str, machine: &'t Value) -> Lines {
        let name = machine["StateMachineName"].as_str().expect("a name");
        let mut derivation = Self { template, machine, name, lines: Lines::new() };
        let text = definition(template, id);
        derivation.states(&serde_json::from_str(&text).expect("JSON"));
        if !listed(&machine["LoggingConfiguration"]["Destinations"]).is_empty() {
            derivation.add(&LOG_DELIVERY, "*");
        }
        derivation.lines
    }

    fn add(&mut self, actions: &[&str], resource: &str) {
        self.lines.extend(actions.iter().map(|action| format!("{action} {resource}")));
    }

    fn states(&mut self, group: &Value) {
        for state in group["States"].as_object().expect("states").values() {
            match state["Type"].as_str().expect("a type") {
                "Task" => self.task(state),
                "Map" => {
                    self.map(state);
                    self.states(&state["ItemProcessor"]);
                }
                "Parallel" => {
                    for branch in listed(&state["Branches"]) {
                        self.states(branch);
                    }
                }
                _ => {}
            }
        }
    }

    fn task(&mut self, state: &Value) {
        let given = state.get("Parameters").or_else(|| state.get("Arguments")).expect("arguments");
        let service = state["Resource"].as_str().expect("a resource");
        match service.strip_prefix("arn:aws:states:::").expect("an integration") {
            "lambda:invoke" => {
                for function in self.functions(given) {
                    self.add(&["lambda:InvokeFunction"], &function);
                    self.add(&["lambda:InvokeFunction"], &format!("{function}:*"));
                }
            }
            "states:startExecution" => {
                for machine in self.substituted(&given["StateMachineArn"]) {
                    self.add(&["states:StartExecution"], &machine);
                }
            }
            "sns:publish" => {
                for topic in self.substituted(&given["TopicArn"]) {
                    self.add(&["sns:Publish"], &topic);
                    let key = &self.resource(&topic)["KmsMasterKeyId"];
                    if let Some(key) = key["Ref"].as_str() {
                        let key = format!("${{{key}.Arn}}");
                        self.add(&["kms:Decrypt", "kms:GenerateDataKey"], &key);
                    }
                }
            }
            "sqs:sendMessage" => {
                for queue in self.substituted(&given["QueueUrl"]) {
                    self.add(
                        &["sqs:SendMessage"],
                        &format!("{}.Arn}}", queue.trim_end_matches('}')),
                    );
                }
            }
            "events:putEvents" => self.add(&["events:PutEvents"], "events:event-bus/default"),
            other => panic!("what `{other}` asks for is not in this table"),
        }
    }

    fn map(&mut self, state: &Value) {
        if state["ItemProcessor"]["ProcessorConfig"]["Mode"] != "DISTRIBUTED" {
            return;
        }
        let (name, label) = (self.name, state["Label"].as_str().expect("a label"));
        let (own, children) =
            (format!("states:execution:{name}:*"), format!("states:execution:{name}/{label}:*"));
        self.add(&["states:StartExecution"], &format!("states:stateMachine:{name}"));
        self.add(&["states:DescribeExecution", "states:StopExecution"], &own);
        self.add(
            &["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
            &children,
        );
        if let Some(reader) = state.get("ItemReader") {
            assert_eq!(reader["Resource"], "arn:aws:states:::s3:getObject");
            let given = &reader["Parameters"];
            let key =
                given["Key.$"].as_str().and_then(|key| READ.iter().find(|(path, _)| *path == key));
            let key = key.map(|(_, key)| *key).or_else(|| given["Key"].as_str()).expect("a key");
            self.objects(&given["Bucket"], key, &["s3:GetObject"], &["kms:Decrypt"]);
        }
        if let Some(writer) = state.get("ResultWriter") {
            assert_eq!(writer["Resource"], "arn:aws:states:::s3:putObject");
            let format = writer["Parameters"]["Prefix.$"].as_str().expect("a prefix");
            let prefix = format.split('\'').nth(1).expect("a format").replace("{}", "*");
            let actions = [
                "s3:AbortMultipartUpload",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ];
            let encrypt = ["kms:Decrypt", "kms:GenerateDataKey"];
            self.objects(
                &writer["Parameters"]["Bucket"],
                &format!("{prefix}/*"),
                &actions,
                &encrypt,
            );
        }
    }

    /// The function that a state names, or each one that `States.Format('${Stem}-{}', $.vendor)` may mean.
    fn functions(&self, given: &Value) -> Vec<String> {
        let Some(chosen) = given.get("FunctionName.$") else {
            return self.substituted(&given["FunctionName"]);
        };
        let stem = self.substituted(chosen).concat();
        let stem = stem.rsplit_once("function:").expect("a function's name").1;
        let names = VENDORS.map(|vendor| format!("{stem}-{vendor}"));
        let functions = resources(self.template, "AWS::Lambda::Function").into_iter();
        functions
            .filter(|(_, function)| {
                let name = function["Properties"]["FunctionName"].as_str();
                names.iter().any(|known| Some(known.as_str()) == name)
            })
            .map(|(id, _)| format!("${{{id}.Arn}}"))
            .collect()
    }

    fn objects(&mut self, bucket: &Value, keys: &str, actions: &[&str], on_key: &[&str]) {
        for bucket in self.substituted(bucket) {
            let encryption =
                &self.resource(&bucket)["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
            let key = &encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"];
            if !key.is_null() {
                self.add(on_key, &format!("{} if {VIA_S3}", shown(key)));
            }
            self.add(actions, &format!("{}.Arn}}/{keys}", bucket.trim_end_matches('}')));
        }
    }

    /// What stands for each placeholder of a text.
    fn substituted(&self, text: &Value) -> Vec<String> {
        let values = &self.machine["DefinitionSubstitutions"];
        let names: Vec<&str> = placeholders(text.as_str().expect("text")).collect();
        assert!(!names.is_empty(), "{text} names nothing of the template");
        names.into_iter().map(|name| shown(&values[name])).collect()
    }

    /// The properties of the resource that `${Id}` stands for.
    fn resource(&self, shown: &str) -> &'t Value {
        let id = shown.trim_start_matches("${").trim_end_matches('}');
        &self.template["Resources"][id]["Properties"]
    }
}

/// Each machine's and each rule's role, with what it allows and what is derived.
fn roles(template: &Value) -> Vec<(String, Lines, Lines)> {
    let machines = resources(template, "AWS::StepFunctions::StateMachine").into_iter();
    let machines = machines.map(|(id, machine)| {
        let machine = &machine["Properties"];
        (role_of(&machine["RoleArn"]), Derivation::of(template, id, machine))
    });
    let targets = resources(template, "AWS::Events::Rule")
        .into_iter()
        .flat_map(|(_, rule)| listed(&rule["Properties"]["Targets"]));
    let rules = targets.map(|target| {
        (
            role_of(&target["RoleArn"]),
            Lines::from([format!("states:StartExecution {}", shown(&target["Arn"]))]),
        )
    });
    machines
        .chain(rules)
        .map(|(role, derived)| (role.to_owned(), allowed(template, role), derived))
        .collect()
}

fn configurations() -> [Config; 2] {
    [sample(), every_option()]
}

#[test]
fn every_machine_and_every_rule_may_do_what_it_does_and_nothing_else() {
    for config in configurations() {
        let template = template(&config);
        for (role, allowed, derived) in roles(&template) {
            assert_eq!(differences(&allowed, &derived), Vec::<String>::new(), "{role}");
        }
    }
}

#[test]
fn the_roles_of_services_are_compared_without_exception() {
    let template = template(&sample());
    let compared: BTreeSet<String> = roles(&template).into_iter().map(|(role, ..)| role).collect();
    let trusted = |role: &Value, service: &str| {
        role["Properties"]["AssumeRolePolicyDocument"].to_string().contains(service)
    };
    let functions: BTreeSet<&str> = resources(&template, "AWS::Lambda::Function")
        .into_iter()
        .map(|(_, function)| role_of(&function["Properties"]["Role"]))
        .collect();
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        assert_eq!(functions.contains(id.as_str()), trusted(role, "lambda.amazonaws.com"), "{id}");
        assert_eq!(compared.contains(id), !functions.contains(id.as_str()), "{id}");
    }
}

#[test]
fn one_action_less_is_seen_and_one_more() {
    for config in configurations() {
        for (role, allowed, derived) in roles(&template(&config)) {
            assert!(!allowed.is_empty(), "{role}");
            for line in &allowed {
                let mut less = allowed.clone();
                less.remove(line);
                assert_eq!(differences(&less, &derived), [format!("lacks {line}")], "{role}");
                // The same action on another resource is another grant.
                let mut other = allowed.clone();
                let elsewhere = format!("{line}-elsewhere");
                other.insert(elsewhere.clone());
                assert_eq!(
                    differences(&other, &derived),
                    [format!("has besides {elsewhere}")],
                    "{role}"
                );
            }
            let mut more = allowed.clone();
            more.insert("iot:DeleteThing *".to_owned());
            assert_eq!(differences(&more, &derived), ["has besides iot:DeleteThing *"], "{role}");
        }
    }
}

#[test]
fn a_state_that_is_gone_leaves_its_actions_over() {
    let mut template = template(&sample());
    let lines =
        &mut template["Resources"]["ClosingMachine"]["Properties"]["DefinitionString"]["Fn::Join"];
    *lines = serde_json::json!(["", ["{\"States\": {}}"]]);
    let (_, allowed, derived) = roles(&template)
        .into_iter()
        .find(|(role, ..)| role == "ClosingMachineRole")
        .expect("the role");
    let over = differences(&allowed, &derived);
    assert!(
        over.contains(&"has besides lambda:InvokeFunction ${ReportFunction.Arn}".to_owned()),
        "{over:?}"
    );
}
