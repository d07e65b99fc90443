use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toml::Table;

use super::*;
use crate::config::BucketNames;

const SAMPLE: &str = include_str!("../../thingpress.toml");
const FILES: [(&str, &str); 3] = [
    ("boundary-policy.json", include_str!("../../boundary-policy.json")),
    ("deployer-policy.json", include_str!("../../deployer-policy.json")),
    ("deployer-services-policy.json", include_str!("../../deployer-services-policy.json")),
];

/// What the registry documents besides, and why this stack does without.
const NOT_NEEDED: &[(&str, &str)] = &[
    ("ec2:", "no VPC"),
    ("elasticfilesystem:", "no file system"),
    ("firehose:", "logs are not delivered elsewhere"),
    ("iam:Attach", "no policy is attached to anybody"),
    ("iam:DeleteRolePermissionsBoundary", "a boundary is never taken off"),
    ("iam:Detach", "no policy is taken off anybody"),
    ("kms:CreateGrant", "functions have no key of their own"),
    ("kms:Decrypt", "functions and machines have no key of their own"),
    ("kms:DisableKeyRotation", "the key rotates"),
    ("kms:Encrypt", "functions have no key of their own"),
    ("kms:GenerateDataKey", "functions and machines have no key of their own"),
    ("kms:UntagResource", "the key is known by its tag"),
    ("lambda:AssociateRuntimeAlias", "no such property"),
    ("lambda:DeleteFunctionCodeSigningConfig", "code is not signed"),
    ("lambda:GetCodeSigningConfig", "code is not signed"),
    ("lambda:GetLayerVersion", "no layers"),
    ("lambda:PassCapacityProvider", "no capacity provider"),
    ("lambda:PublishVersion", "no versions"),
    ("lambda:PutFunctionCodeSigningConfig", "code is not signed"),
    ("lambda:PutFunctionRecursionConfig", "no such property"),
    ("lambda:PutFunctionScalingConfig", "no such property"),
    ("lambda:PutRuntimeManagementConfig", "no such property"),
    ("logs:AssociateKmsKey", "logs have no key of their own"),
    ("logs:CreateLogDelivery", "machines' roles do that"),
    ("logs:DeleteDataProtectionPolicy", "no such policy"),
    ("logs:DeleteIndexPolicy", "no such policy"),
    ("logs:DeleteResourcePolicy", "machines' roles do that"),
    ("logs:DeleteRetentionPolicy", "logs always expire"),
    ("logs:DisassociateKmsKey", "logs have no key of their own"),
    ("logs:PutBearerTokenAuthentication", "no such property"),
    ("logs:PutDataProtectionPolicy", "no such policy"),
    ("logs:PutIndexPolicy", "no such policy"),
    ("logs:PutLogGroupDeletionProtection", "logs go with the stack"),
    ("logs:PutResourcePolicy", "machines' roles do that"),
    ("s3:CreateBucketMetadata", "no metadata tables"),
    ("s3:Delete", "buckets, what is in them and their settings stay"),
    ("s3:GetBucketAcl", "access lists are off"),
    ("s3:GetObjectVersion", "assets are named by their content"),
    ("s3:PutAccelerateConfiguration", "no such property"),
    ("s3:PutAnalyticsConfiguration", "no such property"),
    ("s3:PutBucketAbac", "no such property"),
    ("s3:PutBucketAcl", "access lists are off"),
    ("s3:PutBucketCORS", "no web site"),
    ("s3:PutBucketObjectLockConfiguration", "no such property"),
    ("s3:PutBucketReplication", "no such property"),
    ("s3:PutBucketWebsite", "no web site"),
    ("s3:PutIntelligentTieringConfiguration", "no such property"),
    ("s3:PutInventoryConfiguration", "no such property"),
    ("s3:PutMetricsConfiguration", "no such property"),
    ("s3:PutObject", "access lists and locks are off"),
    ("s3:PutReplicationConfiguration", "no such property"),
    ("s3:REST.PUT.OBJECT", "logs are not delivered elsewhere"),
    ("s3:UpdateBucketMetadata", "no metadata tables"),
    ("s3files:", "no file system"),
    ("s3tables:", "no metadata tables"),
    ("sns:PutDataProtectionPolicy", "no such policy"),
];

fn sample() -> Config {
    Config::parse(SAMPLE).unwrap_or_else(|error| panic!("{error}"))
}

fn handlers() -> BTreeMap<String, BTreeSet<String>> {
    let table: Table = include_str!("../../l1/handlers.toml").parse().expect("TOML");
    let actions = |entry: &toml::Value| {
        let actions = entry["actions"].as_array().expect("actions");
        actions.iter().map(|action| action.as_str().expect("an action").to_owned()).collect()
    };
    table.iter().map(|(kind, entry)| (kind.clone(), actions(entry))).collect()
}

fn rows(config: &Config) -> Vec<Row> {
    foundation(config).into_iter().chain(services(config)).collect()
}

#[test]
fn the_files_are_those_of_the_sample() {
    let boundary = ("boundary-policy.json", boundary_policy(&sample()).expect("a policy"));
    let policies = deployer_policies(&sample());
    for (name, expected) in [boundary].iter().chain(&policies) {
        let (_, file) = FILES.iter().find(|(file, _)| file == name).expect("a file");
        assert_eq!(file, expected, "{name}: cargo xtask policies --out infra");
    }
}

#[test]
fn every_action_is_one_that_the_handlers_of_its_types_call() {
    let handlers = handlers();
    for row in rows(&sample()) {
        for action in row.actions {
            let called = row.serves.is_empty()
                || row.serves.iter().any(|kind| handlers[*kind].contains(*action));
            assert!(called, "{}: {action} is called by none of {:?}", row.sid, row.serves);
        }
    }
}

#[test]
fn every_action_that_handlers_call_is_allowed_or_known_not_to_be_needed() {
    let rows = rows(&sample());
    let allowed: BTreeSet<&str> = rows.iter().flat_map(|row| row.actions).copied().collect();
    let mut used = BTreeSet::new();
    for (kind, actions) in handlers() {
        for action in actions.iter().filter(|action| !allowed.contains(action.as_str())) {
            let known = NOT_NEEDED.iter().find(|(beginning, _)| action.starts_with(beginning));
            let (beginning, _) = known.unwrap_or_else(|| panic!("{kind} calls {action}"));
            used.insert(*beginning);
        }
    }
    let listed: BTreeSet<&str> = NOT_NEEDED.iter().map(|(beginning, _)| *beginning).collect();
    assert_eq!(used, listed, "each exception is one");
}

#[test]
fn every_type_of_the_stack_has_its_actions() {
    let template = crate::synthesize(&sample()).expect("a template");
    let template: Value = serde_json::from_str(&template).expect("JSON");
    let mut used: BTreeSet<&str> = template["Resources"]
        .as_object()
        .expect("resources")
        .values()
        .map(|resource| resource["Type"].as_str().expect("a type"))
        .collect();
    used.insert("AWS::SNS::Subscription");
    let rows = rows(&sample());
    let served: BTreeSet<&str> = rows.iter().flat_map(|row| row.serves).copied().collect();
    assert_eq!(served, used);
    let known = handlers();
    assert_eq!(known.keys().map(String::as_str).collect::<BTreeSet<_>>(), used);
}

#[test]
fn nobody_who_deploys_can_widen_what_they_may_do() {
    let policies = deployer_policies(&sample()).map(|(_, text)| text).concat();
    for never in [
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:SetDefaultPolicyVersion",
        "sts:AssumeRole",
        "policy/acme-thingpress-*",
        "policy/acme-thingpress-boundary\"]",
    ] {
        assert!(!policies.contains(never), "{never}");
    }
    for row in rows(&sample()) {
        let deletes = ["s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion"];
        if row.actions.iter().any(|action| deletes.contains(action)) {
            let builds = |arn: &String| arn.contains(":::acme-thingpress-assets-");
            assert!(row.resources.iter().all(builds), "{}: only builds are deleted", row.sid);
        }
        let widens = row.actions.iter().any(|action| {
            ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]
                .contains(action)
        });
        let condition = row.condition.as_ref().map(Value::to_string).unwrap_or_default();
        let bounded = condition.contains("policy/acme-thingpress-boundary");
        assert_eq!(widens, bounded, "{}", row.sid);
        if row.resources.iter().any(|resource| resource == "*") {
            assert!(["NewKey", "Quotas", "WithoutNames"].contains(&row.sid), "{}", row.sid);
        }
    }
}

/// By its own name, and by no name that only begins alike.
#[test]
fn everything_of_the_stack_that_has_a_name_can_be_deployed() {
    let config = sample();
    let policies: Vec<Value> = deployer_policies(&config)
        .iter()
        .map(|(_, text)| serde_json::from_str(text).expect("JSON"))
        .collect();
    let template = crate::synthesize(&config).expect("a template");
    let template: Value = serde_json::from_str(&template).expect("JSON");
    let kinds = [
        ("AWS::CloudWatch::Alarm", "AlarmName", "cloudwatch:PutMetricAlarm", "alarm:", true),
        ("AWS::Events::Rule", "Name", "events:PutRule", "rule/", false),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", "iam:CreatePolicy", "policy/", false),
        ("AWS::IAM::Role", "RoleName", "iam:UpdateAssumeRolePolicy", "role/", false),
        ("AWS::Lambda::Function", "FunctionName", "lambda:UpdateFunctionCode", "function:", false),
        ("AWS::Logs::LogGroup", "LogGroupName", "logs:CreateLogGroup", "log-group:", true),
        ("AWS::SNS::Topic", "TopicName", "sns:CreateTopic", "", false),
        ("AWS::SQS::Queue", "QueueName", "sqs:CreateQueue", "", false),
        (
            "AWS::StepFunctions::StateMachine",
            "StateMachineName",
            "states:UpdateStateMachine",
            "stateMachine:",
            false,
        ),
    ];
    for (kind, property, action, before, by_beginning) in kinds {
        let service = action.split(':').next().expect("a service");
        let region = if service == "iam" { "" } else { "eu-west-1" };
        let allowed = |name: &str| {
            let arn = format!("arn:aws:{service}:{region}:123456789012:{before}{name}");
            policies.iter().any(|policy| allows(policy, action, &arn))
        };
        let mut seen = 0;
        for (id, resource) in template["Resources"].as_object().expect("resources") {
            if resource["Type"] == kind {
                let name = resource["Properties"][property].as_str().expect("a name");
                assert!(allowed(name), "{id}: {action} on {name}");
                seen += 1;
            }
        }
        assert!(seen > 0, "{kind}");
        assert_eq!(allowed("acme-thingpress-admin"), by_beginning && service != "logs", "{kind}");
    }
}

#[test]
fn the_boundary_of_the_configuration_is_the_one_that_roles_must_carry() {
    let mut config = sample();
    config.permissions_boundary = Some("team-boundary".to_owned());
    let [(_, foundation), _] = deployer_policies(&config);
    assert!(foundation.contains("arn:aws:iam::*:policy/team-boundary"));
}

/// The longest names that there can be, without white space.
#[test]
fn every_document_has_room_under_the_longest_names() {
    for (bucket_names, length) in [(BucketNames::Stack, 28), (BucketNames::Account, 22)] {
        let mut config = sample();
        config.stack = "a".repeat(length);
        config.bucket_names = bucket_names;
        let boundary = ("boundary", boundary_policy(&config).expect("a policy"));
        for (name, text) in [boundary].iter().chain(&deployer_policies(&config)) {
            let value: Value = serde_json::from_str(text).expect("JSON");
            let characters = value.to_string().chars().count();
            assert!(characters <= 6_144, "{name} has {characters} characters");
        }
    }
}

/// What a policy allows: actions with resources, `*` for any letters.
fn allows(policy: &Value, action: &str, resource: &str) -> bool {
    let matches = |patterns: &Value, text: &str| {
        let patterns = patterns.as_array().cloned().unwrap_or_else(|| vec![patterns.clone()]);
        patterns.iter().any(|pattern| fits(pattern.as_str().expect("a pattern"), text))
    };
    let statements = policy["Statement"].as_array().expect("statements");
    let found = |effect: &str| {
        statements.iter().any(|statement| {
            statement["Effect"] == effect
                && matches(&statement["Action"], action)
                && matches(&statement["Resource"], resource)
        })
    };
    found("Allow") && !found("Deny")
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && fits(after, &rest[at..]))
        }),
    }
}

/// A resource of a role's statement with everything filled in.
fn filled(resource: &Value) -> String {
    let id = |id: &str| match id {
        "Key" => "arn:aws:kms:eu-west-1:123456789012:key/0123".to_owned(),
        "NoticesTopic" => "arn:aws:sns:eu-west-1:123456789012:acme-thingpress-notices".to_owned(),
        _ if id.ends_with("Bucket") => "arn:aws:s3:::acme-thingpress-x".to_owned(),
        _ if id.ends_with("Queue") => {
            "arn:aws:sqs:eu-west-1:123456789012:acme-thingpress-x".to_owned()
        }
        _ if id.ends_with("Function") => {
            "arn:aws:lambda:eu-west-1:123456789012:function:acme-thingpress-x".to_owned()
        }
        _ => "arn:aws:states:eu-west-1:123456789012:stateMachine:acme-thingpress-x".to_owned(),
    };
    if let Some(reference) = resource["Ref"].as_str() {
        return id(reference);
    }
    if let Some(path) = resource["Fn::GetAtt"].as_array() {
        return id(path[0].as_str().expect("an id"));
    }
    let text = resource["Fn::Sub"].as_str().or(resource.as_str()).expect("a text");
    let text = text
        .replace("${AWS::Partition}", "aws")
        .replace("${AWS::Region}", "eu-west-1")
        .replace("${AWS::AccountId}", "123456789012");
    match text.strip_prefix("${").and_then(|rest| rest.split_once(".Arn}")) {
        Some((name, rest)) => id(name) + rest,
        None => text,
    }
}

#[test]
fn the_boundary_holds_all_that_any_role_needs_and_no_identities() {
    for encryption in [crate::Encryption::S3, crate::Encryption::Kms] {
        let mut config = sample();
        config.encryption = encryption;
        config.profiles.get_mut("default").expect("default").thing_groups = vec!["g".to_owned()];
        let boundary = boundary_policy(&sample()).expect("a policy");
        let boundary: Value = serde_json::from_str(&boundary).expect("JSON");
        let template = crate::synthesize(&config).expect("a template");
        let template: Value = serde_json::from_str(&template).expect("JSON");
        let mut seen = 0;
        for (id, role) in template["Resources"].as_object().expect("resources") {
            for policy in role["Properties"]["Policies"].as_array().into_iter().flatten() {
                for statement in policy["PolicyDocument"]["Statement"].as_array().expect("some") {
                    if statement["Effect"] != "Allow" {
                        continue;
                    }
                    for action in statement["Action"].as_array().expect("actions") {
                        for resource in statement["Resource"].as_array().expect("resources") {
                            let action = action.as_str().expect("an action");
                            let resource = filled(resource);
                            assert!(
                                allows(&boundary, action, &resource),
                                "{id}: {action} {resource}"
                            );
                            seen += 1;
                        }
                    }
                }
            }
        }
        assert!(seen > 200, "{seen}");
        for (action, resource) in [
            ("iam:CreateUser", "*"),
            ("iam:PassRole", "arn:aws:iam::123456789012:role/acme-thingpress-x"),
            ("sts:AssumeRole", "arn:aws:iam::123456789012:role/admin"),
            ("s3:GetObject", "arn:aws:s3:::other-bucket/x"),
            ("s3:DeleteBucket", "arn:aws:s3:::acme-thingpress-runs"),
            ("iot:DeletePolicy", "*"),
            ("iot:CreatePolicy", "*"),
            ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:other"),
            ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:other"),
            ("kms:PutKeyPolicy", "arn:aws:kms:eu-west-1:123456789012:key/0123"),
        ] {
            assert!(!allows(&boundary, action, resource), "{action} {resource}");
        }
    }
}
