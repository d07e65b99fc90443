//! Each role's exact actions on exact resources: one more or one less fails.

use serde_json::{Value, json};

use super::{resources, sample, template};
use crate::Config;
use crate::stack::arrivals::{ARRIVALS, Arrival};

/// Compares what a role may do, an action and a resource a line.
#[track_caller]
fn check(config: &Config, role: &str, expected: &[&str]) {
    let template = template(config);
    let policies = list(&template["Resources"][role]["Properties"]["Policies"]);
    let lines = policies.into_iter().flat_map(|policy| lines(&policy["PolicyDocument"])).collect();
    compare(role, lines, expected);
}

#[track_caller]
pub(super) fn compare(id: &str, mut lines: Vec<String>, expected: &[&str]) {
    lines.sort();
    let mut expected: Vec<&str> = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(lines, expected, "{id}");
}

/// What a policy says, an action and a resource a line.
pub(super) fn lines(document: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for statement in list(&document["Statement"]) {
        let condition = statement
            .get("Condition")
            .map(|condition| format!(" if {condition}"))
            .unwrap_or_default();
        for action in list(&statement["Action"]) {
            for resource in list(&statement["Resource"]) {
                let effect = if statement["Effect"] == "Allow" { "" } else { "never " };
                lines.push(format!(
                    "{effect}{} {}{condition}",
                    action.as_str().expect("an action"),
                    shown(resource)
                ));
            }
        }
    }
    lines
}

pub(super) fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// A resource as a person writes it: without partition, Region and account.
pub(super) fn shown(resource: &Value) -> String {
    let text = match resource {
        Value::String(text) => text.clone(),
        Value::Object(_) if resource.get("Ref").is_some() => {
            format!("${{{}}}", resource["Ref"].as_str().expect("a name"))
        }
        Value::Object(_) if resource.get("Fn::GetAtt").is_some() => {
            format!("${{{}.Arn}}", resource["Fn::GetAtt"][0].as_str().expect("a name"))
        }
        _ => resource["Fn::Sub"].as_str().expect("a text").to_owned(),
    };
    text.replace("arn:${AWS::Partition}:", "").replace(":${AWS::Region}:${AWS::AccountId}:", ":")
}

#[test]
fn preflight_only_looks() {
    check(
        &sample(),
        "PreflightRole",
        &[
            "iot:GetPolicy iot:policy/gateway-base",
            "iot:GetPolicy iot:policy/gateway-telemetry",
            "iot:GetPolicy iot:policy/sensor-policy",
            "iot:DescribeThingType iot:thingtype/sensor",
            "iot:ListCertificates *",
            "iot:ListThings *",
            "iot:ListTargetsForPolicy *",
            "s3:GetObject ${RunsBucket.Arn}/runs/*",
            "s3:PutObject ${RunsBucket.Arn}/runs/*",
            "s3:PutObjectTagging ${RunsBucket.Arn}/runs/*",
            "logs:CreateLogStream logs:log-group:/aws/lambda/acme-thingpress-preflight:*",
            "logs:PutLogEvents logs:log-group:/aws/lambda/acme-thingpress-preflight:*",
        ],
    );
}

/// A decoder reads its own bucket, and files the certificates that come through it under this prefix.
#[track_caller]
fn check_decoder(name: &str, filed: Option<&str>) {
    let id = ARRIVALS.iter().find(|arrival| arrival.name == name).expect("a bucket").rule;
    let bucket = format!("${{{id}Bucket.Arn}}");
    let logs = format!("logs:log-group:/aws/lambda/acme-thingpress-decode-{name}:*");
    let mut expected = vec![
        format!("s3:ListBucket {bucket}"),
        format!("s3:GetObject {bucket}/*"),
        format!("s3:GetObjectVersion {bucket}/*"),
        "s3:GetObject ${RunsBucket.Arn}/runs/*".to_owned(),
        "s3:PutObject ${RunsBucket.Arn}/runs/*".to_owned(),
        "s3:PutObjectTagging ${RunsBucket.Arn}/runs/*".to_owned(),
        "s3:GetObject ${RunsBucket.Arn}/files/*".to_owned(),
        format!("logs:CreateLogStream {logs}"),
        format!("logs:PutLogEvents {logs}"),
    ];
    let mut list = |prefixes: &[&str]| {
        let condition = json!({ "StringLikeIfExists": { "s3:prefix": prefixes } });
        expected.push(format!("s3:ListBucket ${{RunsBucket.Arn}} if {condition}"));
    };
    list(&["runs/*", "files/*"]);
    if let Some(filed) = filed {
        list(&[filed]);
        expected.push(format!("s3:GetObject ${{RunsBucket.Arn}}/{filed}"));
        expected.push(format!("s3:PutObject ${{RunsBucket.Arn}}/{filed}"));
    }
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&sample(), &format!("Decode{id}Role"), &expected);
}

#[test]
fn a_decoder_reads_one_bucket_and_writes_runs_and_the_certificates_of_its_vendor() {
    check_decoder("microchip", Some("signers/*"));
    check_decoder("infineon", Some("issuers/*"));
    for name in ["espressif", "generated", "mes"] {
        check_decoder(name, None);
    }
}

/// What both workers may do.
const MAKE_DEVICES: [&str; 23] = [
    "iot:DescribeCertificate iot:cert/*",
    "iot:DescribeThing iot:thing/*",
    "iot:ListThingPrincipals iot:thing/*",
    "iot:ListThingGroupsForThing iot:thing/*",
    "iot:ListAttachedPolicies *",
    "iot:ListPrincipalThings *",
    "iot:CreateThing iot:thing/*",
    "iot:UpdateThing iot:thing/*",
    "iot:AttachThingPrincipal iot:thing/*",
    "iot:AttachThingPrincipal iot:cert/*",
    "iot:DetachThingPrincipal iot:thing/*",
    "iot:DetachThingPrincipal iot:cert/*",
    "iot:AddThingToThingGroup iot:thing/*",
    "iot:AddThingToThingGroup iot:thinggroup/plant-a",
    "iot:AttachPolicy *",
    "never iot:AttachPolicy iot:thinggroup/*",
    "s3:GetObject ${RunsBucket.Arn}/rate/*",
    "s3:GetObject ${RunsBucket.Arn}/runs/*",
    "s3:PutObject ${RunsBucket.Arn}/runs/*",
    "s3:PutObjectTagging ${RunsBucket.Arn}/runs/*",
    "s3:PutObjectTagging ${RunsBucket.Arn}/rate/*",
    "s3:PutObject ${RunsBucket.Arn}/rate/*",
    "s3:ListBucket ${RunsBucket.Arn} if {\"StringLikeIfExists\":{\"s3:prefix\":[\"runs/*\",\"rate/*\"]}}",
];

fn with_a_group() -> Config {
    let mut config = sample();
    config.profiles.get_mut("gateway").expect("gateway").thing_groups = vec!["plant-a".to_owned()];
    config
}

#[test]
fn register_creates_and_attaches_deletes_nothing_and_activates_nothing() {
    let own = [
        "iot:RegisterCertificateWithoutCA *",
        "iot:CreateThing iot:thingtype/sensor",
        "logs:CreateLogStream logs:log-group:/aws/lambda/acme-thingpress-register:*",
        "logs:PutLogEvents logs:log-group:/aws/lambda/acme-thingpress-register:*",
    ];
    check(&with_a_group(), "RegisterRole", &[own.as_slice(), MAKE_DEVICES.as_slice()].concat());
}

#[test]
fn activate_makes_registered_devices_ready_and_registers_nothing() {
    let own = [
        "iot:UpdateCertificate iot:cert/*",
        "iot:CreateThing iot:thingtype/*",
        "s3:GetObject ${RunsBucket.Arn}/activated/*",
        "s3:PutObject ${RunsBucket.Arn}/activated/*",
        "logs:CreateLogStream logs:log-group:/aws/lambda/acme-thingpress-activate:*",
        "logs:PutLogEvents logs:log-group:/aws/lambda/acme-thingpress-activate:*",
    ];
    check(&with_a_group(), "ActivateRole", &[own.as_slice(), MAKE_DEVICES.as_slice()].concat());
}

#[test]
fn plan_only_looks() {
    let expected = [
        "iot:DescribeCertificate iot:cert/*",
        "iot:DescribeThing iot:thing/*",
        "iot:DescribeThingType iot:thingtype/*",
        "iot:ListAttachedPolicies *",
        "iot:ListPrincipalThings *",
        "iot:ListThingGroupsForThing iot:thing/*",
        "iot:ListThingPrincipals iot:thing/*",
        "logs:CreateLogStream logs:log-group:/aws/lambda/acme-thingpress-plan:*",
        "logs:PutLogEvents logs:log-group:/aws/lambda/acme-thingpress-plan:*",
        "s3:GetObject ${RunsBucket.Arn}/activated/*",
        "s3:GetObject ${RunsBucket.Arn}/rate/*",
        "s3:GetObject ${RunsBucket.Arn}/runs/*",
        "s3:PutObject ${RunsBucket.Arn}/rate/*",
        "s3:PutObject ${RunsBucket.Arn}/runs/*",
        "s3:PutObjectTagging ${RunsBucket.Arn}/rate/*",
        "s3:PutObjectTagging ${RunsBucket.Arn}/runs/*",
        "s3:ListBucket ${RunsBucket.Arn} if {\"StringLikeIfExists\":{\"s3:prefix\":[\"runs/*\",\"rate/*\"]}}",
    ];
    check(&with_a_group(), "PlanRole", &expected);
    let writes = ["Activate", "Add", "Attach", "Create", "Delete", "Detach", "Register", "Update"];
    let actions = expected.iter().filter_map(|line| line.strip_prefix("iot:"));
    for action in actions {
        assert!(!writes.iter().any(|write| action.starts_with(write)), "{action}");
    }
}

#[test]
fn undo_removes_and_makes_nothing() {
    check(
        &with_a_group(),
        "UndoRole",
        &[
            "iot:DeleteCertificate iot:cert/*",
            "iot:DescribeCertificate iot:cert/*",
            "iot:UpdateCertificate iot:cert/*",
            "iot:DeleteThing iot:thing/*",
            "iot:DescribeThing iot:thing/*",
            "iot:ListThingGroupsForThing iot:thing/*",
            "iot:ListThingPrincipals iot:thing/*",
            "iot:UpdateThing iot:thing/*",
            "iot:ListAttachedPolicies *",
            "iot:ListPrincipalThings *",
            "iot:DetachThingPrincipal iot:thing/*",
            "iot:DetachThingPrincipal iot:cert/*",
            "iot:DetachPolicy *",
            "never iot:DetachPolicy iot:thinggroup/*",
            "iot:RemoveThingFromThingGroup iot:thing/*",
            "iot:RemoveThingFromThingGroup iot:thinggroup/*",
            "s3:DeleteObject ${RunsBucket.Arn}/activated/*",
            "s3:GetObject ${RunsBucket.Arn}/activated/*",
            "s3:GetObject ${RunsBucket.Arn}/runs/*",
            "s3:PutObject ${RunsBucket.Arn}/runs/*",
            "s3:PutObjectTagging ${RunsBucket.Arn}/runs/*",
            "s3:GetObject ${RunsBucket.Arn}/rate/*",
            "s3:PutObject ${RunsBucket.Arn}/rate/*",
            "s3:PutObjectTagging ${RunsBucket.Arn}/rate/*",
            "s3:ListBucket ${RunsBucket.Arn} if {\"StringLikeIfExists\":{\"s3:prefix\":[\"runs/*\",\"rate/*\"]}}",
            "logs:CreateLogStream logs:log-group:/aws/lambda/acme-thingpress-undo:*",
            "logs:PutLogEvents logs:log-group:/aws/lambda/acme-thingpress-undo:*",
        ],
    );
}

#[test]
fn fails_where_the_profiles_name_more_than_a_policy_holds() {
    let mut config = sample();
    let profile = |number: usize| crate::Profile {
        policies: (0..10).map(|index| format!("{}-{number}-{index}", "p".repeat(100))).collect(),
        ..crate::Profile::default()
    };
    config.profiles.extend((0..4).map(|number| (format!("few-{number}"), profile(number))));
    assert!(crate::synthesize(&config).is_ok(), "some 7,000 characters fit");
    config.profiles.extend((4..7).map(|number| (format!("many-{number}"), profile(number))));
    let violations = crate::synthesize(&config).expect_err("a violation");
    let [violation] = violations.as_slice() else { panic!("one violation, got {violations:?}") };
    assert_eq!(violation.construct, "PreflightRole");
    assert!(violation.message.contains("and AWS allows 10240; name fewer policies"), "{violation}");
}

#[test]
fn nobody_may_join_groups_that_no_profile_names() {
    let template = template(&sample());
    for role in ["RegisterRole", "ActivateRole"] {
        assert!(!template["Resources"][role].to_string().contains("AddThingToThingGroup"));
    }
    assert!(!template["Resources"]["PreflightRole"].to_string().contains("DescribeThingGroup"));
}

#[test]
fn preflight_looks_at_groups_where_a_profile_names_them() {
    let mut config = sample();
    config.profiles.get_mut("default").expect("default").thing_groups = vec!["plant-a".to_owned()];
    let template = template(&config);
    assert!(template["Resources"]["PreflightRole"].to_string().contains("iot:DescribeThingGroup"));
    assert!(template["Resources"]["PreflightRole"].to_string().contains(":thinggroup/plant-a\""));
}

#[test]
fn report_reads_and_writes_runs_ends_leases_and_passes_failures_on() {
    check(
        &sample(),
        "ReportRole",
        &[
            "s3:GetObject ${RunsBucket.Arn}/runs/*",
            "s3:PutObject ${RunsBucket.Arn}/runs/*",
            "s3:PutObject ${RunsBucket.Arn}/files/*",
            "s3:PutObject ${RunsBucket.Arn}/rate/*",
            "s3:PutObjectTagging ${RunsBucket.Arn}/rate/*",
            "s3:DeleteObject ${RunsBucket.Arn}/rate/*",
            "s3:DeleteObject ${RunsBucket.Arn}/index/*",
            "s3:GetObject ${RunsBucket.Arn}/index/*",
            "s3:PutObject ${RunsBucket.Arn}/index/*",
            "s3:PutObject ${RunsBucket.Arn}/history/*",
            "s3:ListBucket ${RunsBucket.Arn} if {\"StringLikeIfExists\":{\"s3:prefix\":[\"runs/*\",\"rate/*\",\"index/*\",\"history/*\"]}}",
            "sqs:SendMessage* ${FailuresQueue.Arn}",
            "logs:CreateLogStream logs:log-group:/aws/lambda/acme-thingpress-report:*",
            "logs:PutLogEvents logs:log-group:/aws/lambda/acme-thingpress-report:*",
        ],
    );
}

/// Log delivery takes no finer resource.
const DELIVERY: [&str; 8] = [
    "logs:CreateLogDelivery *",
    "logs:DeleteLogDelivery *",
    "logs:DescribeLogGroups *",
    "logs:DescribeResourcePolicies *",
    "logs:GetLogDelivery *",
    "logs:ListLogDeliveries *",
    "logs:PutResourcePolicy *",
    "logs:UpdateLogDelivery *",
];

/// What it takes to tell people and programs, and to keep what they could not be told.
const TELLING: [&str; 5] = [
    "sns:Publish ${NoticesTopic}",
    "kms:Decrypt ${Key.Arn}",
    "kms:GenerateDataKey ${Key.Arn}",
    "events:PutEvents events:event-bus/default",
    "sqs:SendMessage ${UndeliveredQueue.Arn}",
];

#[test]
fn ingest_starts_imports_and_activations_and_tells_where_it_cannot() {
    let own =
        ["states:StartExecution ${ImportMachine}", "states:StartExecution ${ActivateMachine}"];
    let expected = [own.as_slice(), &TELLING, &DELIVERY].concat();
    check(&sample(), "IngestMachineRole", &expected);
}

/// What a machine with a Map may do: invoke its functions, and carry out its units.
#[track_caller]
fn check_machine(role: &str, machine: &str, maps: &[&str], functions: &[&str]) {
    let functions = functions.iter().chain(&["Report"]).map(|name| {
        let invoke = format!("lambda:InvokeFunction ${{{name}Function.Arn}}");
        [invoke.clone(), format!("{invoke}:*")]
    });
    let functions: Vec<_> = functions.collect();
    let execution = format!("states:execution:acme-thingpress-{machine}");
    let own = [
        format!("states:StartExecution states:stateMachine:acme-thingpress-{machine}"),
        format!("states:DescribeExecution {execution}:*"),
        format!("states:StopExecution {execution}:*"),
    ];
    let of_maps: Vec<String> = maps
        .iter()
        .flat_map(|map| {
            ["DescribeExecution", "RedriveExecution", "StopExecution"]
                .map(|action| format!("states:{action} {execution}/{map}:*"))
        })
        .collect();
    let files = [
        "s3:GetObject ${RunsBucket.Arn}/runs/*/units.jsonl",
        "s3:AbortMultipartUpload ${RunsBucket.Arn}/runs/*/map/*",
        "s3:GetObject ${RunsBucket.Arn}/runs/*/map/*",
        "s3:ListMultipartUploadParts ${RunsBucket.Arn}/runs/*/map/*",
        "s3:PutObject ${RunsBucket.Arn}/runs/*/map/*",
    ];
    let expected: Vec<&str> = functions
        .iter()
        .flatten()
        .chain(&own)
        .chain(&of_maps)
        .map(String::as_str)
        .chain(files)
        .chain(TELLING)
        .chain(DELIVERY)
        .collect();
    check(&sample(), role, &expected);
}

#[test]
fn import_invokes_its_functions_and_runs_its_map() {
    let functions = [
        "Plan",
        "Preflight",
        "Register",
        "DecodeMicrochip",
        "DecodeInfineon",
        "DecodeEspressif",
        "DecodeGenerated",
    ];
    check_machine("ImportMachineRole", "import", &["Register", "Foresee"], &functions);
}

#[test]
fn activate_invokes_its_functions_and_runs_its_map() {
    let functions = ["Plan", "Preflight", "Activate", "DecodeMes"];
    check_machine("ActivateMachineRole", "activate", &["Activate", "Foresee"], &functions);
}

#[test]
fn undo_invokes_its_function_and_runs_its_map() {
    check_machine("UndoMachineRole", "undo", &["TakeBack"], &["Undo"]);
}

#[test]
fn closing_and_watch_invoke_report_and_tell() {
    let own = [
        "lambda:InvokeFunction ${ReportFunction.Arn}",
        "lambda:InvokeFunction ${ReportFunction.Arn}:*",
    ];
    let expected = [own.as_slice(), &TELLING, &DELIVERY].concat();
    for role in ["ClosingMachineRole", "WatchMachineRole"] {
        check(&sample(), role, &expected);
    }
}

#[test]
fn each_rule_starts_its_machine_and_no_other() {
    for Arrival { rule, .. } in ARRIVALS {
        let role = format!("{rule}RuleRole");
        check(&sample(), &role, &["states:StartExecution ${IngestMachine}"]);
    }
    check(&sample(), "ClosingRuleRole", &["states:StartExecution ${ClosingMachine}"]);
    check(&sample(), "WatchRuleRole", &["states:StartExecution ${WatchMachine}"]);
}

#[test]
fn there_are_no_other_roles_and_nothing_else_is_attached_to_them() {
    let template = template(&sample());
    let roles: Vec<&str> =
        resources(&template, "AWS::IAM::Role").iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        roles,
        [
            "ActivateMachineRole",
            "ActivateRole",
            "ClosingMachineRole",
            "ClosingRuleRole",
            "DecodeEspressifRole",
            "DecodeGeneratedRole",
            "DecodeInfineonRole",
            "DecodeMesRole",
            "DecodeMicrochipRole",
            "EspressifRuleRole",
            "GeneratedRuleRole",
            "ImportMachineRole",
            "InfineonRuleRole",
            "IngestMachineRole",
            "MesRuleRole",
            "MicrochipRuleRole",
            "PlanRole",
            "PreflightRole",
            "RegisterRole",
            "ReportRole",
            "UndoMachineRole",
            "UndoRole",
            "WatchMachineRole",
            "WatchRuleRole",
        ]
    );
    for kind in ["AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::Lambda::Permission"] {
        assert!(resources(&template, kind).is_empty(), "{kind}");
    }
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        assert_eq!(role["Properties"].get("ManagedPolicyArns"), None, "{id}");
    }
}

#[test]
fn each_role_trusts_one_service_and_services_act_for_this_account_only() {
    let template = template(&sample());
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        let statements = list(&role["Properties"]["AssumeRolePolicyDocument"]["Statement"]);
        let [trust] = statements.as_slice() else {
            panic!("{id}: one statement, got {statements:?}")
        };
        let service = trust["Principal"]["Service"].as_str().expect("a service");
        let (expected, asks_account) = if id.ends_with("RuleRole") {
            ("events.amazonaws.com", true)
        } else if id.ends_with("MachineRole") {
            ("states.amazonaws.com", true)
        } else {
            ("lambda.amazonaws.com", false)
        };
        assert_eq!(service, expected, "{id}");
        let account = &trust["Condition"]["StringEquals"]["aws:SourceAccount"]["Ref"];
        assert_eq!(account == "AWS::AccountId", asks_account, "{id}");
    }
}
