//! Buckets.

use serde_json::{Value, json};

use super::REQUIRE_TLS;
use crate::intrinsics::{attribute, reference, sub};
use crate::template::{Resource, Template};
use crate::values::with;

/// Days after which what a run needed only while it ran is deleted.
const PASSING_DAYS: u32 = 30;
/// Days after which the parts of an upload that nobody finished are deleted.
const UNFINISHED_UPLOAD_DAYS: u32 = 7;

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

/// A bucket that is versioned, encrypted and private, takes TLS only, and outlives its stack.
#[derive(Debug)]
pub(crate) struct Bucket {
    id: String,
}

impl Bucket {
    /// Adds a bucket and its policy.
    pub(crate) fn new(template: &mut Template, id: &str, name: &str, purpose: Purpose) -> Self {
        let rules = match purpose {
            Purpose::Arrivals => json!([unfinished_uploads()]),
            Purpose::Runs => json!([unfinished_uploads(), replaced_versions(), passing_objects()]),
        };
        let mut properties = json!({
            "BucketName": name,
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } },
                ],
            },
            "LifecycleConfiguration": { "Rules": rules },
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true,
                "BlockPublicPolicy": true,
                "IgnorePublicAcls": true,
                "RestrictPublicBuckets": true,
            },
            "VersioningConfiguration": { "Status": "Enabled" },
        });
        if purpose == Purpose::Arrivals {
            properties = with(
                properties,
                "NotificationConfiguration",
                json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": true } }),
            );
        }
        template.add(id, Resource::new("AWS::S3::Bucket", properties).retained());
        let bucket = Self { id: id.to_owned() };
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

    /// Kept together with the bucket, so that the bucket is never without it.
    fn tls_only(&self) -> Value {
        json!({
            "Bucket": self.name(),
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [self.arn(), self.objects("*")],
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                }],
            },
        })
    }
}

fn unfinished_uploads() -> Value {
    json!({
        "Id": "unfinished-uploads",
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
