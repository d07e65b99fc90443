//! What people may do: the one table to review, beside the functions' in `grants.rs`.
//!
//! Nobody here may write to AWS IoT but by a machine, and nobody may delete what tells where a device came from.

use serde_json::{Value, json};

use crate::config::Config;
use crate::constructs::bucket::{Bucket, DECRYPT, ENCRYPT};
use crate::constructs::machine::Machine;
use crate::constructs::role::Grant;
use crate::grants::{RUN_FILES, list};
use crate::intrinsics::{arn, sub};

/// The folder where whoever may name signers and authorities puts their certificates.
pub const SIGNERS_FOLDER: &str = "signers";
/// What is in it.
const SIGNERS: &str = "signers/*";

/// The folder whose files are planned and not carried out.
pub const PLAN_FOLDER: &str = "plan";
/// What is in it.
const PLANS: &str = "plan/*";

/// The policies, each called `<stack>-<name>`.
pub(crate) const POLICIES: [&str; 7] =
    ["upload", "upload-mes", "plan", "signers", "operator", "undo", "auditor"];

/// What the console and `cargo xtask import` ask about a run.
const SEE_RUN: [&str; 4] = [
    "states:DescribeExecution",
    "states:DescribeStateMachineForExecution",
    "states:GetExecutionHistory",
    "states:ListMapRuns",
];

/// What the policies are about.
#[derive(Debug)]
pub(crate) struct Subjects<'a> {
    /// The buckets of vendors' manifests.
    pub(crate) vendors: &'a [&'a Bucket],
    /// The buckets whose vendors have signers or authorities.
    pub(crate) signed: &'a [&'a Bucket],
    /// The bucket of the factory's files.
    pub(crate) mes: &'a Bucket,
    /// The bucket of the runs' files.
    pub(crate) runs: &'a Bucket,
    /// The machine that vendors' manifests start.
    pub(crate) import: &'a Machine,
    /// The machine that the factory's files start.
    pub(crate) activate: &'a Machine,
    /// The machine that takes runs back.
    pub(crate) undo: &'a Machine,
    /// Every machine.
    pub(crate) machines: &'a [&'a Machine],
    /// The queues' ARNs.
    pub(crate) queues: Vec<Value>,
}

/// Uploads vendors' manifests and reads their reports; no signer, no authority.
pub(crate) fn upload(config: &Config, subjects: &Subjects<'_>) -> Vec<Grant> {
    let all = subjects.vendors.to_vec();
    [
        put_files("UploadManifests", &all, "*"),
        vec![Grant::deny(
            "NoSignersOrAuthorities",
            &["s3:PutObject"],
            subjects.signed.iter().map(|bucket| bucket.objects(SIGNERS)).collect(),
        )],
        follow_uploads(config, subjects, &[subjects.import]),
    ]
    .concat()
}

/// The same for the factory's device-infos.
pub(crate) fn upload_mes(config: &Config, subjects: &Subjects<'_>) -> Vec<Grant> {
    [
        put_files("UploadDeviceInfos", &[subjects.mes], "*"),
        follow_uploads(config, subjects, &[subjects.activate]),
    ]
    .concat()
}

/// Has files planned, and reads what comes of it; nothing is imported or activated.
pub(crate) fn plan(config: &Config, subjects: &Subjects<'_>) -> Vec<Grant> {
    [
        put_files("UploadPlans", &arrivals(subjects), PLANS),
        follow_uploads(config, subjects, &[subjects.import, subjects.activate]),
    ]
    .concat()
}

/// Names the signers and the authorities by which manifests are checked, and nothing else.
pub(crate) fn signers(config: &Config, subjects: &Subjects<'_>) -> Vec<Grant> {
    [
        put_files("UploadSigners", subjects.signed, SIGNERS),
        follow_uploads(config, subjects, &[subjects.import]),
    ]
    .concat()
}

/// Runs the deployment from day to day.
pub(crate) fn operator(config: &Config, subjects: &Subjects<'_>) -> Vec<Grant> {
    let arrivals = arrivals(subjects);
    let started: Vec<Value> =
        [subjects.import, subjects.activate].iter().map(|machine| machine.arn()).collect();
    // A pattern for each service instead of ten names, because AWS allows a policy 6,144 characters. It
    // fits the logs of a deployment as well whose name is this one's with a hyphen and more behind.
    let logs = ["/aws/lambda", "/aws/vendedlogs/states"]
        .map(|service| arn("logs", &format!("log-group:{service}/{}-*", config.stack)));
    [
        vec![
            Grant::allow(
                "UploadAndReadFiles",
                &[
                    "s3:AbortMultipartUpload",
                    "s3:GetObject",
                    "s3:GetObjectVersion",
                    "s3:ListMultipartUploadParts",
                    "s3:PutObject",
                ],
                arrivals.iter().map(|bucket| bucket.objects("*")).collect(),
            ),
            Grant::allow(
                "ReadRunFiles",
                &["s3:GetObject", "s3:GetObjectVersion"],
                vec![subjects.runs.objects("*")],
            ),
            Grant::allow(
                "ListFiles",
                &[
                    "s3:GetBucketLocation",
                    "s3:ListBucket",
                    "s3:ListBucketMultipartUploads",
                    "s3:ListBucketVersions",
                ],
                arrivals.iter().copied().chain([subjects.runs]).map(Bucket::arn).collect(),
            ),
        ],
        use_key(subjects, &ENCRYPT),
        see_stack(config),
        vec![
            // A run that ended badly is taken up again by an execution of its own.
            Grant::allow("StartRuns", &["states:StartExecution"], started),
        ],
        follow(config, subjects.machines, &["states:RedriveExecution", "states:StopExecution"]),
        vec![
            Grant::allow(
                "ReadLogs",
                &[
                    "logs:DescribeLogStreams",
                    "logs:FilterLogEvents",
                    "logs:GetLogEvents",
                    "logs:GetQueryResults",
                    "logs:StartQuery",
                ],
                logs.to_vec(),
            ),
            Grant::allow(
                "HandleMessages",
                &[
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:GetQueueUrl",
                    "sqs:ReceiveMessage",
                ],
                subjects.queues.clone(),
            ),
            // IAM's name of a dashboard has no Region.
            Grant::allow(
                "ReadDashboard",
                &["cloudwatch:GetDashboard"],
                vec![sub(format!(
                    "arn:${{AWS::Partition}}:cloudwatch::${{AWS::AccountId}}:dashboard/{}",
                    config.stack
                ))],
            ),
            // The console asks for all alarms of the account, and shows those of the stack.
            Grant::allow(
                "ReadAlarms",
                &["cloudwatch:DescribeAlarms"],
                vec![arn("cloudwatch", "alarm:*")],
            ),
            // AWS has no finer resource for these. They only read, and a query that is stopped can be
            // started again.
            Grant::allow(
                "ReadMetricsAndFindThings",
                &[
                    "cloudwatch:GetMetricData",
                    "cloudwatch:ListDashboards",
                    "cloudwatch:ListMetrics",
                    "logs:DescribeLogGroups",
                    "logs:StopQuery",
                    "s3:ListAllMyBuckets",
                    "sqs:ListQueues",
                    "states:ListStateMachines",
                ],
                vec![json!("*")],
            ),
        ],
        look_at_devices(),
    ]
    .concat()
}

/// Takes runs back. It is a policy of its own, because nothing else here removes devices: whoever runs the
/// deployment from day to day gets it only where somebody decides so.
pub(crate) fn undo(config: &Config, subjects: &Subjects<'_>) -> Vec<Grant> {
    let started = vec![subjects.undo.arn()];
    // What the run was, for whoever asks before it is taken back.
    let plans = subjects.runs.objects("runs/*/plan.json");
    [
        vec![
            Grant::allow("UndoRuns", &["states:StartExecution"], started),
            Grant::allow("ReadPlans", &["s3:GetObject"], vec![plans]),
        ],
        follow_uploads(config, subjects, &[subjects.undo]),
    ]
    .concat()
}

/// Answers months later which file a device came from.
pub(crate) fn auditor(config: &Config, subjects: &Subjects<'_>) -> Vec<Grant> {
    [
        read_files(&arrivals(subjects), subjects.runs),
        use_key(subjects, &DECRYPT),
        see_stack(config),
        follow(config, subjects.machines, &[]),
        // AWS has no finer resource for these. They only read.
        vec![Grant::allow(
            "FindThings",
            &["s3:ListAllMyBuckets", "states:ListStateMachines"],
            vec![json!("*")],
        )],
        look_at_devices(),
    ]
    .concat()
}

fn arrivals<'a>(subjects: &Subjects<'a>) -> Vec<&'a Bucket> {
    subjects.vendors.iter().copied().chain([subjects.mes]).collect()
}

/// Puts objects, large ones in parts, and sees what is there; reads and deletes nothing.
fn put_files(sid: &str, buckets: &[&Bucket], keys: &str) -> Vec<Grant> {
    vec![
        Grant::allow(
            sid,
            &["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
            buckets.iter().map(|bucket| bucket.objects(keys)).collect(),
        ),
        Grant::allow(
            "SeeUploads",
            &["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            buckets.iter().map(|bucket| bucket.arn()).collect(),
        ),
    ]
}

/// What `cargo xtask import` asks for an upload, besides putting the file.
fn follow_uploads(config: &Config, subjects: &Subjects<'_>, machines: &[&Machine]) -> Vec<Grant> {
    let reports = ["report.json", "results.csv", "report.html"]
        .map(|file| subjects.runs.objects(&format!("runs/*/{file}")));
    [
        vec![
            Grant::allow("ReadReports", &["s3:GetObject"], reports.to_vec()),
            list("FindReports", subjects.runs, &[RUN_FILES]),
        ],
        use_key(subjects, &ENCRYPT),
        see_stack(config),
        follow(config, machines, &[]),
    ]
    .concat()
}

/// Use of the files' key, where the stack has one of its own. All buckets are under the same key.
fn use_key(subjects: &Subjects<'_>, actions: &[&str]) -> Vec<Grant> {
    subjects.runs.grant_key("UseKey", actions).into_iter().collect()
}

/// Which buckets and machines the stack has.
fn see_stack(config: &Config) -> Vec<Grant> {
    let stack = arn("cloudformation", &format!("stack/{}/*", config.stack));
    vec![Grant::allow("SeeStack", &["cloudformation:DescribeStacks"], vec![stack])]
}

/// Watches runs in the console or at a terminal, the children of their Maps included, and does these
/// things with them.
fn follow(config: &Config, machines: &[&Machine], also: &[&str]) -> Vec<Grant> {
    let arns = machines.iter().map(|machine| machine.arn()).collect();
    let map_runs = match machines {
        [_] | [_, _] => machines.iter().filter_map(|machine| machine.map_runs()).collect(),
        // A pattern instead of each machine's name, because AWS allows a policy 6,144 characters. It
        // only reads.
        _ => vec![arn("states", &format!("mapRun:{}-*", config.stack))],
    };
    vec![
        Grant::allow(
            "SeeMachines",
            &["states:DescribeStateMachine", "states:ListExecutions"],
            arns,
        ),
        Grant::allow(
            "FollowRuns",
            &[SEE_RUN.as_slice(), also].concat(),
            machines.iter().flat_map(|machine| machine.executions()).collect(),
        ),
        Grant::allow("CountUnits", &["states:DescribeMapRun", "states:ListExecutions"], map_runs),
    ]
}

/// Reads what arrived, replaced versions too, and every file of the runs.
fn read_files(arrivals: &[&Bucket], runs: &Bucket) -> Vec<Grant> {
    let buckets = || arrivals.iter().copied().chain([runs]);
    vec![
        Grant::allow(
            "ReadFiles",
            &["s3:GetObject", "s3:GetObjectVersion"],
            buckets().map(|bucket| bucket.objects("*")).collect(),
        ),
        Grant::allow(
            "ListFiles",
            &["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"],
            buckets().map(Bucket::arn).collect(),
        ),
    ]
}

/// Reads AWS IoT's registry. AWS cannot tell one deployment's devices from another's.
fn look_at_devices() -> Vec<Grant> {
    let all = |kind: &str| arn("iot", &format!("{kind}/*"));
    vec![
        Grant::allow(
            "LookAtDevices",
            &[
                "iot:DescribeCertificate",
                "iot:DescribeThing",
                "iot:DescribeThingGroup",
                "iot:DescribeThingType",
                "iot:GetPolicy",
                "iot:ListTargetsForPolicy",
                "iot:ListThingGroupsForThing",
                "iot:ListThingsInThingGroup",
            ],
            ["cert", "policy", "thing", "thinggroup", "thingtype"].map(all).to_vec(),
        ),
        // AWS has no finer resource for these. They only read.
        Grant::allow(
            "ListDevices",
            &[
                "iot:ListAttachedPolicies",
                "iot:ListCertificates",
                "iot:ListPolicies",
                "iot:ListPrincipalThings",
                "iot:ListThingGroups",
                "iot:ListThingPrincipals",
                "iot:ListThingTypes",
                "iot:ListThings",
            ],
            vec![json!("*")],
        ),
    ]
}
