//! Buckets.

use serde_json::{Value, json};

use super::key::Key;
use super::role::Grant;
use super::{REQUIRE_TLS, tls_only};
use crate::config::{BucketNames, Config};
use crate::intrinsics::{attribute, reference, sub};
use crate::names;
use crate::template::{Resource, Template};
use crate::values::with;

/// Days after which what a run needed only while it ran is deleted.
const PASSING_DAYS: u32 = 30;
/// Days after which the parts of an upload that nobody finished are deleted.
pub(crate) const UNFINISHED_UPLOAD_DAYS: u32 = 7;

const NO_ACCESS_LOGS: &str = "Access logs go to a bucket of the owner's own: the option access_logs names it. \
                              Without it, S3 data events of CloudTrail serve.";

/// A rule that every bucket of a stack has, and by which it is known when its stack is gone.
pub const LIFECYCLE_RULE: &str = "unfinished-uploads";

/// What a bucket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Files of vendors or of the factory arrive here. They stay, replaced versions too: they tell
    /// where a device came from.
    Arrivals,
    /// The files of the runs. Reports stay; what is tagged as passing, and what was replaced, does
    /// not.
    Runs,
}

/// What reading objects takes on their key.
pub(crate) const DECRYPT: [&str; 1] = ["kms:Decrypt"];
/// What writing objects takes on their key; those in parts are decrypted as well.
pub(crate) const ENCRYPT: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// What to make a bucket from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BucketProps<'a> {
    /// What stands behind the stack in the name, such as `runs`.
    pub(crate) name: &'a str,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// The key that encrypts it; S3's own where there is none.
    pub(crate) key: Option<&'a Key>,
}

/// A bucket that is versioned, encrypted and private, takes TLS only, and outlives its stack.
#[derive(Debug)]
pub(crate) struct Bucket {
    id: String,
    key: Option<Value>,
}

impl Bucket {
    /// Adds a bucket and its policy.
    pub(crate) fn new(
        template: &mut Template,
        id: &str,
        config: &Config,
        props: BucketProps<'_>,
    ) -> Self {
        let BucketProps { name, purpose, key } = props;
        let rules = match purpose {
            Purpose::Arrivals => json!([unfinished_uploads()]),
            Purpose::Runs => json!([unfinished_uploads(), replaced_versions(), passing_objects()]),
        };
        let mut properties = private(names::bucket(config, name), key, rules);
        if config.bucket_names == BucketNames::Account {
            properties = with(properties, "BucketNamespace", json!("account-regional"));
        }
        if let Some(logs) = &config.access_logs {
            let prefix = format!("{}-{name}/", config.stack);
            let logging = json!({ "DestinationBucketName": logs, "LogFilePrefix": prefix });
            properties = with(properties, "LoggingConfiguration", logging);
        }
        if purpose == Purpose::Arrivals {
            properties = with(
                properties,
                "NotificationConfiguration",
                json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": true } }),
            );
        }
        let mut resource = Resource::new("AWS::S3::Bucket", properties).retained();
        if config.access_logs.is_none() {
            resource = resource.skip_check("CKV_AWS_18", NO_ACCESS_LOGS);
        }
        template.add(id, resource);
        let bucket = Self { id: id.to_owned(), key: key.map(Key::arn) };
        let policy = Resource::new("AWS::S3::BucketPolicy", bucket.tls_only());
        template.add(&format!("{id}Policy"), policy.only_if(REQUIRE_TLS).retained());
        bucket
    }

    /// The bucket's name.
    pub(crate) fn name(&self) -> Value {
        reference(&self.id)
    }

    /// The bucket's ARN.
    pub(crate) fn arn(&self) -> Value {
        attribute(&self.id, "Arn")
    }

    /// The ARN of the objects whose keys match a pattern.
    pub(crate) fn objects(&self, pattern: &str) -> Value {
        sub(format!("${{{}.Arn}}/{pattern}", self.id))
    }

    /// Use of the bucket's key, by S3 and by nothing else; no grant where the key is S3's own.
    pub(crate) fn grant_key(&self, sid: &str, actions: &[&str]) -> Option<Grant> {
        let through_s3 = json!({
            "StringEquals": { "kms:ViaService": sub("s3.${AWS::Region}.${AWS::URLSuffix}") },
        });
        let key = self.key.clone()?;
        Some(Grant::allow(sid, actions, vec![key]).on_condition(through_s3))
    }

    /// Kept together with the bucket, so that the bucket is never without it.
    fn tls_only(&self) -> Value {
        json!({
            "Bucket": self.name(),
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [tls_only("TlsOnly", "s3:*", json!([self.arn(), self.objects("*")]))],
            },
        })
    }
}

/// What every bucket is: private, versioned and encrypted, with these rules of its lifecycle.
pub(crate) fn private(name: Value, key: Option<&Key>, rules: Value) -> Value {
    json!({
        "BucketName": name,
        "BucketEncryption": { "ServerSideEncryptionConfiguration": [encryption(key)] },
        "LifecycleConfiguration": { "Rules": rules },
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true,
            "BlockPublicPolicy": true,
            "IgnorePublicAcls": true,
            "RestrictPublicBuckets": true,
        },
        "VersioningConfiguration": { "Status": "Enabled" },
    })
}

/// One request for a data key serves many objects with a bucket's own, which costs a hundredth.
fn encryption(key: Option<&Key>) -> Value {
    match key {
        None => json!({ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }),
        Some(key) => json!({
            "BucketKeyEnabled": true,
            "ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": key.arn(),
            },
        }),
    }
}

fn unfinished_uploads() -> Value {
    json!({
        "Id": LIFECYCLE_RULE,
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": UNFINISHED_UPLOAD_DAYS },
    })
}

fn replaced_versions() -> Value {
    json!({
        "Id": "replaced-versions",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": { "NoncurrentDays": PASSING_DAYS },
        "ExpiredObjectDeleteMarker": true,
    })
}

/// A prefix cannot say `runs/*/work.jsonl`, so the functions tag what passes: work, units, intents
/// and outcomes. In a versioned bucket expiry only hides the object; a day later the hidden version
/// is gone as well.
fn passing_objects() -> Value {
    json!({
        "Id": "passing-objects",
        "Status": "Enabled",
        "TagFilters": [{ "Key": "thingpress", "Value": "passing" }],
        "ExpirationInDays": PASSING_DAYS,
        "NoncurrentVersionExpiration": { "NoncurrentDays": 1 },
    })
}
