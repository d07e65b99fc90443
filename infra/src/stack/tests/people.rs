//! Each policy's exact actions on exact resources: one more or one less fails.

use std::collections::BTreeMap;

use serde_json::Value;

use super::roles::{compare, lines};
use super::{resources, sample, template};
use crate::Config;
use crate::config::{BucketNames, Encryption};

/// Compares what a policy allows, with what all policies of the kind allow added.
#[track_caller]
fn check(policy: &str, expected: &[&[&str]]) {
    let template = template(&sample());
    let document = &template["Resources"][policy]["Properties"]["PolicyDocument"];
    compare(policy, lines(document), &expected.concat());
}

/// What following an upload takes, but for the machine.
const FOLLOW: [&str; 5] = [
    "cloudformation:DescribeStacks cloudformation:stack/acme-thingpress/*",
    "s3:GetObject ${RunsBucket.Arn}/runs/*/report.html",
    "s3:GetObject ${RunsBucket.Arn}/runs/*/report.json",
    "s3:GetObject ${RunsBucket.Arn}/runs/*/results.csv",
    "s3:ListBucket ${RunsBucket.Arn} if {\"StringLikeIfExists\":{\"s3:prefix\":[\"runs/*\"]}}",
];

/// What following the runs of a machine with a Map takes.
fn runs_of(machine: &str, id: &str) -> Vec<String> {
    let execution = format!("states:execution:acme-thingpress-{machine}");
    let mut lines = vec![
        format!("states:DescribeStateMachine ${{{id}}}"),
        format!("states:ListExecutions ${{{id}}}"),
        format!("states:DescribeMapRun states:mapRun:acme-thingpress-{machine}/*"),
        format!("states:ListExecutions states:mapRun:acme-thingpress-{machine}/*"),
    ];
    for action in [
        "DescribeExecution",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListMapRuns",
    ] {
        lines.push(format!("states:{action} {execution}:*"));
        lines.push(format!("states:{action} {execution}/*"));
    }
    lines
}

fn put(bucket: &str, keys: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
            .map(|action| format!("{action} ${{{bucket}.Arn}}/{keys}"))
            .to_vec();
    lines.extend(
        ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
            .map(|action| format!("{action} ${{{bucket}.Arn}}")),
    );
    lines
}

fn texts(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

const VENDORS: [&str; 4] =
    ["MicrochipBucket", "InfineonBucket", "EspressifBucket", "GeneratedBucket"];

#[test]
fn upload_puts_vendors_manifests_but_no_signers() {
    let puts: Vec<String> = VENDORS.iter().flat_map(|bucket| put(bucket, "*")).collect();
    let runs = runs_of("import", "ImportMachine");
    let never = [
        "never s3:PutObject ${MicrochipBucket.Arn}/signers/*",
        "never s3:PutObject ${InfineonBucket.Arn}/signers/*",
    ];
    check("UploadPolicy", &[&texts(&puts), &FOLLOW, &texts(&runs), &never]);
}

#[test]
fn upload_mes_puts_device_infos_only() {
    let puts = put("MesBucket", "*");
    let runs = runs_of("activate", "ActivateMachine");
    check("UploadMesPolicy", &[&texts(&puts), &FOLLOW, &texts(&runs)]);
}

#[test]
fn plan_puts_files_that_are_planned_and_no_others() {
    let all = [VENDORS.as_slice(), &["MesBucket"]].concat();
    let puts: Vec<String> = all.iter().flat_map(|bucket| put(bucket, "plan/*")).collect();
    let runs =
        [runs_of("import", "ImportMachine"), runs_of("activate", "ActivateMachine")].concat();
    check("PlanPolicy", &[&texts(&puts), &FOLLOW, &texts(&runs)]);
}

#[test]
fn signers_puts_certificates_into_their_folder_only() {
    let puts = [put("MicrochipBucket", "signers/*"), put("InfineonBucket", "signers/*")].concat();
    let runs = runs_of("import", "ImportMachine");
    check("SignersPolicy", &[&texts(&puts), &FOLLOW, &texts(&runs)]);
}

#[test]
fn undo_starts_the_machine_that_takes_back_and_no_other() {
    let runs = runs_of("undo", "UndoMachine");
    let own =
        ["states:StartExecution ${UndoMachine}", "s3:GetObject ${RunsBucket.Arn}/runs/*/plan.json"];
    check("UndoRunsPolicy", &[&own, &FOLLOW, &texts(&runs)]);
}

/// What operator and auditor both see of runs and devices.
fn sees() -> Vec<String> {
    let machines = ["Activate", "Closing", "Import", "Ingest", "Undo", "Watch"];
    let mut lines = vec![FOLLOW[0].to_owned()];
    lines.extend(
        [
            runs_of("import", "ImportMachine"),
            runs_of("activate", "ActivateMachine"),
            runs_of("undo", "UndoMachine"),
        ]
        .concat()
        .into_iter()
        .filter(|line| !line.contains(":mapRun:")),
    );
    for action in ["DescribeMapRun", "ListExecutions"] {
        lines.push(format!("states:{action} states:mapRun:acme-thingpress-*"));
    }
    for action in [
        "DescribeExecution",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListMapRuns",
    ] {
        lines.push(format!("states:{action} states:execution:acme-thingpress-closing:*"));
    }
    let has_map = |machine: &&str| ["Activate", "Import", "Undo"].contains(machine);
    for machine in machines.iter().filter(|machine| !has_map(machine)) {
        lines.push(format!("states:DescribeStateMachine ${{{machine}Machine}}"));
        lines.push(format!("states:ListExecutions ${{{machine}Machine}}"));
    }
    for action in [
        "DescribeCertificate",
        "DescribeThing",
        "DescribeThingGroup",
        "DescribeThingType",
        "GetPolicy",
        "ListTargetsForPolicy",
        "ListThingGroupsForThing",
        "ListThingsInThingGroup",
    ] {
        for kind in ["cert", "policy", "thing", "thinggroup", "thingtype"] {
            lines.push(format!("iot:{action} iot:{kind}/*"));
        }
    }
    for action in [
        "iot:ListAttachedPolicies",
        "iot:ListCertificates",
        "iot:ListPolicies",
        "iot:ListPrincipalThings",
        "iot:ListThingGroups",
        "iot:ListThingPrincipals",
        "iot:ListThingTypes",
        "iot:ListThings",
        "s3:ListAllMyBuckets",
        "states:ListStateMachines",
    ] {
        lines.push(format!("{action} *"));
    }
    lines
}

fn each(actions: &[&str], resources: &[String]) -> Vec<String> {
    let lines = actions
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| format!("{action} {resource}")));
    lines.collect()
}

#[test]
fn operator_runs_the_deployment_and_writes_nothing_to_aws_iot() {
    let arrivals = [VENDORS.as_slice(), &["MesBucket"]].concat();
    let buckets: Vec<String> =
        arrivals.iter().chain(&["RunsBucket"]).map(|bucket| format!("${{{bucket}.Arn}}")).collect();
    let objects: Vec<String> =
        arrivals.iter().map(|bucket| format!("${{{bucket}.Arn}}/*")).collect();
    let executions =
        ["import:*", "import/*", "activate:*", "activate/*", "undo:*", "undo/*", "closing:*"]
            .map(|name| format!("states:execution:acme-thingpress-{name}"));
    let queues = ["FailuresQueue", "UndeliveredQueue"].map(|queue| format!("${{{queue}.Arn}}"));
    let logs = ["/aws/lambda", "/aws/vendedlogs/states"]
        .map(|service| format!("logs:log-group:{service}/acme-thingpress-*"));
    let machines = ["ImportMachine", "ActivateMachine"].map(|machine| format!("${{{machine}}}"));
    let own = [
        each(
            &[
                "s3:AbortMultipartUpload",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            &objects,
        ),
        each(&["s3:GetObject", "s3:GetObjectVersion"], &["${RunsBucket.Arn}/*".to_owned()]),
        each(
            &[
                "s3:GetBucketLocation",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            ],
            &buckets,
        ),
        each(&["states:StartExecution"], &machines),
        each(&["states:RedriveExecution", "states:StopExecution"], &executions),
        each(
            &[
                "logs:DescribeLogStreams",
                "logs:FilterLogEvents",
                "logs:GetQueryResults",
                "logs:GetLogEvents",
                "logs:StartQuery",
            ],
            &logs,
        ),
        each(
            &[
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
            ],
            &queues,
        ),
        each(
            &[
                "cloudwatch:GetMetricData",
                "cloudwatch:ListDashboards",
                "cloudwatch:ListMetrics",
                "logs:DescribeLogGroups",
                "logs:StopQuery",
                "sqs:ListQueues",
            ],
            &["*".to_owned()],
        ),
        vec![
            "cloudwatch:DescribeAlarms cloudwatch:alarm:*".to_owned(),
            "cloudwatch:GetDashboard cloudwatch::${AWS::AccountId}:dashboard/acme-thingpress"
                .to_owned(),
        ],
        sees(),
    ]
    .concat();
    check("OperatorPolicy", &[&texts(&own)]);
}

#[test]
fn auditor_reads_and_writes_nothing() {
    let buckets = [VENDORS.as_slice(), &["MesBucket", "RunsBucket"]].concat();
    let arns: Vec<String> = buckets.iter().map(|bucket| format!("${{{bucket}.Arn}}")).collect();
    let objects: Vec<String> = arns.iter().map(|arn| format!("{arn}/*")).collect();
    let own = [
        each(&["s3:GetObject", "s3:GetObjectVersion"], &objects),
        each(&["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"], &arns),
        sees(),
    ]
    .concat();
    check("AuditorPolicy", &[&texts(&own)]);
}

#[test]
fn policies_are_named_after_the_stack_and_attached_to_nobody() {
    let template = template(&sample());
    let policies: BTreeMap<&str, &str> = resources(&template, "AWS::IAM::ManagedPolicy")
        .into_iter()
        .map(|(id, policy)| {
            for attached in ["Groups", "Roles", "Users"] {
                assert_eq!(policy["Properties"].get(attached), None, "{id}");
            }
            (id.as_str(), policy["Properties"]["ManagedPolicyName"].as_str().expect("a name"))
        })
        .collect();
    let expected = [
        ("AuditorPolicy", "acme-thingpress-auditor"),
        ("OperatorPolicy", "acme-thingpress-operator"),
        ("PlanPolicy", "acme-thingpress-plan"),
        ("SignersPolicy", "acme-thingpress-signers"),
        ("UndoRunsPolicy", "acme-thingpress-undo"),
        ("UploadMesPolicy", "acme-thingpress-upload-mes"),
        ("UploadPolicy", "acme-thingpress-upload"),
    ];
    assert_eq!(policies, expected.into());
}

/// A policy as AWS counts it: everything filled in, without white space.
fn characters(template: &Value, policy: &Value, config: &Config) -> usize {
    let fill = |text: &str| {
        let text = text
            .replace("${AWS::Partition}", "aws-us-gov")
            .replace("${AWS::Region}", "ap-southeast-4")
            .replace("${AWS::URLSuffix}", "amazonaws.com")
            .replace("${AWS::AccountId}", "123456789012");
        let mut filled = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').expect("a name");
            filled.push_str(before);
            filled.push_str(&arn(template, name.trim_end_matches(".Arn"), config));
            rest = after;
        }
        filled + rest
    };
    filled(policy, &fill).to_string().chars().count()
}

fn arn(template: &Value, id: &str, config: &Config) -> String {
    let resource = &template["Resources"][id];
    let place = |service: &str, name: String| {
        format!("arn:aws-us-gov:{service}:ap-southeast-4:123456789012:{name}")
    };
    match resource["Type"].as_str().expect(id) {
        "AWS::S3::Bucket" => {
            let name = id.trim_end_matches("Bucket").to_lowercase();
            let name = crate::bucket_name(config, &name, "123456789012", "ap-southeast-4");
            format!("arn:aws-us-gov:s3:::{name}")
        }
        "AWS::StepFunctions::StateMachine" => {
            let name = resource["Properties"]["StateMachineName"].as_str().expect("a name");
            place("states", format!("stateMachine:{name}"))
        }
        "AWS::SQS::Queue" => {
            place("sqs", resource["Properties"]["QueueName"].as_str().expect("a name").to_owned())
        }
        "AWS::KMS::Key" => place("kms", "key/01234567-89ab-cdef-0123-456789abcdef".to_owned()),
        kind => panic!("{kind}"),
    }
}

fn filled(value: &Value, fill: &impl Fn(&str) -> String) -> Value {
    if let Some(text) = value.get("Fn::Sub").and_then(Value::as_str) {
        return fill(text).into();
    }
    if let Some(path) = value.get("Fn::GetAtt").and_then(Value::as_array) {
        return fill(&format!("${{{}.Arn}}", path[0].as_str().expect("an id"))).into();
    }
    if let Some(id) = value.get("Ref").and_then(Value::as_str) {
        return fill(&format!("${{{id}}}")).into();
    }
    match value {
        Value::Array(items) => items.iter().map(|item| filled(item, fill)).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, member)| (key.clone(), filled(member, fill))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn every_policy_has_room_under_the_longest_names() {
    for (bucket_names, length) in [(BucketNames::Stack, 28), (BucketNames::Account, 22)] {
        let mut config = sample();
        config.stack = "a".repeat(length);
        config.bucket_names = bucket_names;
        config.encryption = Encryption::Kms;
        let template = template(&config);
        for (id, policy) in resources(&template, "AWS::IAM::ManagedPolicy") {
            let characters =
                characters(&template, &policy["Properties"]["PolicyDocument"], &config);
            assert!(characters <= 6_144, "{id} has {characters} characters with {bucket_names:?}");
        }
    }
}
