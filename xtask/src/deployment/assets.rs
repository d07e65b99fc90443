//! The bucket from which CloudFormation takes the functions' zips and the template: a small stack of its own.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use aws_config::SdkConfig;
use aws_sdk_s3::{operation::head_object::HeadObjectError, primitives::ByteStream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Stack, Template, change_set};
use crate::aws::{Account, message};

/// Makes the bucket where it is missing, and gives its name.
pub(super) async fn ensure_bucket(
    aws: &SdkConfig,
    account: &Account,
    stack: &str,
) -> Result<String> {
    let bucket = format!("{stack}-assets-{}-{}", account.id, account.region);
    let name = format!("{stack}-assets");
    let template = assets_template(&bucket);
    let stack =
        Stack { name: &name, template: Template::Text(&template), parameters: BTreeMap::new() };
    change_set::apply(aws, &stack).await?;
    Ok(bucket)
}

/// The template of the assets stack.
#[must_use]
pub fn assets_template(bucket: &str) -> String {
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Thingpress: the functions' code and the templates of the stack beside this one",
        "Resources": {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": bucket_properties(bucket),
            },
            "BucketPolicy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "Bucket"},
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{
                            "Sid": "EncryptedTransportOnly",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [
                                {"Fn::GetAtt": ["Bucket", "Arn"]},
                                {"Fn::Sub": "${Bucket.Arn}/*"},
                            ],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }],
                    },
                },
            },
        },
        "Outputs": {"Bucket": {"Value": {"Ref": "Bucket"}}},
    });
    format!("{template:#}\n")
}

fn bucket_properties(bucket: &str) -> Value {
    json!({
        "BucketName": bucket,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}],
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true,
            "BlockPublicPolicy": true,
            "IgnorePublicAcls": true,
            "RestrictPublicBuckets": true,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
        // Names are hashes of contents, so an older version is never another content: a month is ample.
        "LifecycleConfiguration": {
            "Rules": [{
                "Id": "old-versions",
                "Status": "Enabled",
                "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            }],
        },
    })
}

/// Puts `content` under a key that is made of its hash, unless it is there; gives the key.
pub(super) async fn upload(
    aws: &SdkConfig,
    bucket: &str,
    folder: &str,
    extension: &str,
    content: Vec<u8>,
) -> Result<String> {
    let client = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(aws)
            .force_path_style(aws.endpoint_url().is_some())
            .build(),
    );
    let key = format!("{folder}/{:x}.{extension}", Sha256::digest(&content));
    match client.head_object().bucket(bucket).key(&key).send().await {
        Ok(_) => return Ok(key),
        Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => {}
        Err(error) => {
            return Err(anyhow!(message(error)))
                .with_context(|| format!("failed to look at {key}"));
        }
    }
    client
        .put_object()
        .bucket(bucket)
        .key(&key)
        .body(ByteStream::from(content))
        .send()
        .await
        .map_err(|error| anyhow!(message(error)))
        .with_context(|| format!("failed to upload {key} to {bucket}"))?;
    Ok(key)
}
