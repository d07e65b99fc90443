//! What each function may do: the one table to review.
//!
//! Where a resource is `*`, or wider than one would wish, the reason stands beside it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::config::{Config, Profile};
use crate::constructs::bucket::{Bucket, ENCRYPT};
use crate::constructs::queue::Queue;
use crate::constructs::role::Grant;
use crate::intrinsics::arn;

/// Where a run's files are, in the runs bucket.
pub(crate) const RUN_FILES: &str = "runs/*";
/// Where signers' certificates are filed.
const SIGNERS: &str = "signers/*";
/// Where the certificates of issuing CAs are filed.
const ISSUERS: &str = "issuers/*";
/// Which files were imported to their end, by their content.
const FINISHED_FILES: &str = "files/*";
/// Where active runs say that they share the rates.
const LEASES: &str = "rate/*";
/// Where the index of all runs' devices is.
const INDEX: &str = "index/*";
/// Where the runs that have ended are listed.
const HISTORY: &str = "history/*";
/// Where it is kept which certificates were activated.
const ACTIVATIONS: &str = "activated/*";

/// Preflight asks whether policies, groups and types exist, and lists what stands already.
pub(crate) fn preflight(config: &Config, runs: &Bucket) -> Vec<Grant> {
    let names = Names::of(config);
    let mut grants = vec![
        Grant::allow("CheckPolicies", &["iot:GetPolicy"], names.policies),
        Grant::allow(
            "CheckGroups",
            &["iot:DescribeThingGroup", "iot:ListThingsInThingGroup"],
            names.groups,
        ),
        Grant::allow("CheckTypes", &["iot:DescribeThingType"], names.types),
        // AWS has no finer resource for listings of the account, and the local cloud none for the
        // targets of a policy. They only read.
        Grant::allow(
            "ListAccount",
            &["iot:ListCertificates", "iot:ListTargetsForPolicy", "iot:ListThings"],
            vec![json!("*")],
        ),
        Grant::allow(
            "UseRunFiles",
            &["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
            vec![runs.objects(RUN_FILES)],
        ),
    ];
    grants.extend(use_key(runs));
    grants
}

/// The certificates by which a vendor's files are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificates {
    /// Those of the manifests' signers.
    OfSigners,
    /// Those of the authorities that issued the devices' certificates.
    OfIssuers,
}

impl Certificates {
    const fn filed(self) -> &'static str {
        match self {
            Self::OfSigners => SIGNERS,
            Self::OfIssuers => ISSUERS,
        }
    }
}

/// Decode reads the files of one bucket, files the certificates by which they are checked, and writes the work of a
/// run. Each bucket has a decoder of its own, so that a file which deceives one reaches nothing of the others.
pub(crate) fn decode(
    arrivals: &Bucket,
    certificates: Option<Certificates>,
    runs: &Bucket,
) -> Vec<Grant> {
    let mut grants = vec![
        // So that S3 tells a file that was deleted meanwhile from one that must not be read.
        Grant::allow("TellGoneFiles", &["s3:ListBucket"], vec![arrivals.arn()]),
        list("TellAbsentRunFiles", runs, &[RUN_FILES, FINISHED_FILES]),
        Grant::allow(
            "ReadFiles",
            &["s3:GetObject", "s3:GetObjectVersion"],
            vec![arrivals.objects("*")],
        ),
        Grant::allow(
            "UseRunFiles",
            &["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
            vec![runs.objects(RUN_FILES)],
        ),
        Grant::allow("FindFinishedFiles", &["s3:GetObject"], vec![runs.objects(FINISHED_FILES)]),
    ];
    if let Some(certificates) = certificates {
        let filed = certificates.filed();
        grants.push(Grant::allow(
            "FileCertificates",
            &["s3:GetObject", "s3:PutObject"],
            vec![runs.objects(filed)],
        ));
        grants.push(list("FindCertificates", runs, &[filed]));
    }
    grants.extend(use_key(runs));
    grants
}

/// Register writes to AWS IoT. It creates and attaches; it deletes nothing and changes no
/// certificate's status.
pub(crate) fn register(config: &Config, runs: &Bucket) -> Vec<Grant> {
    let names = Names::of(config);
    // The certificate does not exist yet, so AWS has no finer resource.
    let certificates = Grant::allow(
        "RegisterCertificates",
        &["iot:RegisterCertificateWithoutCA"],
        vec![json!("*")],
    );
    [vec![certificates], make_devices(names.types, names.groups), work_on_runs(runs)].concat()
}

/// Activate makes ready what is registered already. It can register nothing.
pub(crate) fn activate(config: &Config, runs: &Bucket) -> Vec<Grant> {
    let names = Names::of(config);
    let certificates = Grant::allow(
        "ActivateCertificates",
        &["iot:UpdateCertificate"],
        vec![arn("iot", "cert/*")],
    );
    let activations = Grant::allow(
        "RememberActivations",
        &["s3:GetObject", "s3:PutObject"],
        vec![runs.objects(ACTIVATIONS)],
    );
    // A device may name its type itself.
    let types = vec![arn("iot", "thingtype/*")];
    [vec![certificates, activations], make_devices(types, names.groups), work_on_runs(runs)]
        .concat()
}

/// Plan asks what Register and Activate ask, and writes nothing to AWS IoT.
pub(crate) fn plan(runs: &Bucket) -> Vec<Grant> {
    let others = vec![
        // A device may name its type itself.
        Grant::allow("CheckTypes", &["iot:DescribeThingType"], vec![arn("iot", "thingtype/*")]),
        Grant::allow("RecallActivations", &["s3:GetObject"], vec![runs.objects(ACTIVATIONS)]),
    ];
    [look_at_devices(), others, work_on_runs(runs)].concat()
}

/// Undo takes back what a run added. It makes nothing, and attaches nothing.
pub(crate) fn undo(runs: &Bucket) -> Vec<Grant> {
    let things = arn("iot", "thing/*");
    let certificates = arn("iot", "cert/*");
    let own = vec![
        Grant::allow(
            "DeactivateAndDeleteCertificates",
            &["iot:DeleteCertificate", "iot:UpdateCertificate"],
            vec![certificates.clone()],
        ),
        Grant::allow(
            "RestoreAndDeleteThings",
            &["iot:DeleteThing", "iot:UpdateThing"],
            vec![things.clone()],
        ),
        // AWS checks this on the certificate, the local cloud on the thing.
        Grant::allow(
            "DetachCertificates",
            &["iot:DetachThingPrincipal"],
            vec![things.clone(), certificates],
        ),
        // AWS checks DetachPolicy on the certificate or the group, the local cloud on `*`; no run
        // attaches a policy to a group.
        Grant::allow("DetachPolicies", &["iot:DetachPolicy"], vec![json!("*")]),
        Grant::deny("NeverFromGroups", &["iot:DetachPolicy"], vec![arn("iot", "thinggroup/*")]),
        // Any group: the profile that a run was made by may have been changed since.
        Grant::allow(
            "LeaveGroups",
            &["iot:RemoveThingFromThingGroup"],
            vec![things, arn("iot", "thinggroup/*")],
        ),
        Grant::allow(
            "ForgetActivations",
            &["s3:DeleteObject", "s3:GetObject"],
            vec![runs.objects(ACTIVATIONS)],
        ),
    ];
    [look_at_devices(), own, work_on_runs(runs)].concat()
}

/// What it takes to see what stands where a device is to be.
fn look_at_devices() -> Vec<Grant> {
    vec![
        Grant::allow("ReadCertificates", &["iot:DescribeCertificate"], vec![arn("iot", "cert/*")]),
        Grant::allow(
            "ReadThings",
            &["iot:DescribeThing", "iot:ListThingGroupsForThing", "iot:ListThingPrincipals"],
            vec![arn("iot", "thing/*")],
        ),
        // AWS checks ListPrincipalThings on the certificate, and its pages disagree about
        // ListAttachedPolicies; the local cloud checks both on `*`. Both only read.
        Grant::allow(
            "ReadAttachments",
            &["iot:ListAttachedPolicies", "iot:ListPrincipalThings"],
            vec![json!("*")],
        ),
    ]
}

/// What it takes to look at devices and to put them together, from things of these types and in
/// these groups.
fn make_devices(types: Vec<Value>, groups: Vec<Value>) -> Vec<Grant> {
    let things = arn("iot", "thing/*");
    let certificates = arn("iot", "cert/*");
    let mut grants = look_at_devices();
    grants.extend([
        // AWS's table names the thing only; the types are here so that a check of what the thing is
        // created with finds them as well.
        Grant::allow(
            "CreateThings",
            &["iot:CreateThing"],
            std::iter::once(things.clone()).chain(types).collect(),
        ),
        Grant::allow("UpdateThings", &["iot:UpdateThing"], vec![things.clone()]),
        // AWS checks these on the certificate, the local cloud on the thing. Detaching takes back
        // what lost a race between two files.
        Grant::allow(
            "AttachCertificates",
            &["iot:AttachThingPrincipal", "iot:DetachThingPrincipal"],
            vec![things.clone(), certificates],
        ),
        // AWS checks AttachPolicy on the certificate or the group, the local cloud on `*`; a policy
        // on a group would reach devices that no manifest names.
        Grant::allow("AttachPolicies", &["iot:AttachPolicy"], vec![json!("*")]),
        Grant::deny("NeverToGroups", &["iot:AttachPolicy"], vec![arn("iot", "thinggroup/*")]),
    ]);
    if !groups.is_empty() {
        let both = std::iter::once(things).chain(groups).collect();
        grants.push(Grant::allow("JoinGroups", &["iot:AddThingToThingGroup"], both));
    }
    grants
}

/// What a worker does in the runs bucket.
fn work_on_runs(runs: &Bucket) -> Vec<Grant> {
    let mut grants = vec![
        Grant::allow(
            "UseRunFiles",
            &["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
            vec![runs.objects(RUN_FILES)],
        ),
        // A lease is tagged as passing, so that one which a dead run left behind expires; reading
        // tells whether the run was stopped.
        Grant::allow(
            "KeepLeases",
            &["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
            vec![runs.objects(LEASES)],
        ),
        list("FindLeasesAndRunFiles", runs, &[RUN_FILES, LEASES]),
    ];
    grants.extend(use_key(runs));
    grants
}

/// Report counts what happened, passes on the devices that did not end well, and gives the run's
/// share of the rates back. It also looks for runs that are stuck, and notes which ones it told of; and
/// it puts devices into the index by which they are found, whose parts it merges and deletes.
pub(crate) fn report(runs: &Bucket, failures: &Queue) -> Vec<Grant> {
    let mut grants = vec![
        Grant::allow(
            "UseRunFiles",
            &["s3:GetObject", "s3:PutObject"],
            vec![runs.objects(RUN_FILES)],
        ),
        Grant::allow("NoteFinishedFiles", &["s3:PutObject"], vec![runs.objects(FINISHED_FILES)]),
        Grant::allow(
            "EndLeases",
            &["s3:DeleteObject", "s3:PutObject", "s3:PutObjectTagging"],
            vec![runs.objects(LEASES)],
        ),
        Grant::allow(
            "KeepIndex",
            &["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            vec![runs.objects(INDEX)],
        ),
        Grant::allow("NoteHistory", &["s3:PutObject"], vec![runs.objects(HISTORY)]),
        list("FindLeasesAndRunFiles", runs, &[RUN_FILES, LEASES, INDEX, HISTORY]),
        // On AWS this is the one action `SendMessage`, for ten messages a call as well; the local
        // cloud asks for another action there.
        Grant::allow("PassFailuresOn", &["sqs:SendMessage*"], vec![failures.arn()]),
    ];
    grants.extend(use_key(runs));
    grants
}

/// What reading and writing files takes on their key, where the stack has one of its own. All buckets
/// are under the same key.
fn use_key(bucket: &Bucket) -> Option<Grant> {
    bucket.grant_key("UseKey", &ENCRYPT)
}

/// Listing, limited to prefixes.
///
/// S3 answers 403 instead of 404 for a key that does not exist unless the caller may list. A read
/// has no prefix of its own to compare, so the condition must hold where there is none: hence
/// `IfExists`. The names of keys that a listing without a prefix would show are no secret to the
/// functions.
pub(crate) fn list(sid: &str, bucket: &Bucket, prefixes: &[&str]) -> Grant {
    Grant::allow(sid, &["s3:ListBucket"], vec![bucket.arn()])
        .on_condition(json!({ "StringLikeIfExists": { "s3:prefix": prefixes } }))
}

/// ARNs of everything that the profiles name, each once and in order.
struct Names {
    policies: Vec<Value>,
    groups: Vec<Value>,
    types: Vec<Value>,
}

impl Names {
    fn of(config: &Config) -> Self {
        let arns = |kind: &str, names: fn(&Profile) -> Vec<&String>| {
            let names: BTreeSet<&String> = config.profiles.values().flat_map(names).collect();
            names.into_iter().map(|name| arn("iot", &format!("{kind}/{name}"))).collect()
        };
        Self {
            policies: arns("policy", |profile| profile.policies.iter().collect()),
            groups: arns("thinggroup", |profile| profile.thing_groups.iter().collect()),
            types: arns("thingtype", |profile| profile.thing_type.iter().collect()),
        }
    }
}
