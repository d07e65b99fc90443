//! The stacks themselves, and what outlives or bounds everything in them.

use serde_json::json;

use super::{Row, arn, boundary_name, iam};
use crate::config::{BucketNames, Config};
use crate::names::FUNCTIONS;
use crate::people::POLICIES;
use crate::stack::BUCKETS;

/// The stacks, their buckets, roles, policies and key.
pub(super) fn foundation(config: &Config) -> Vec<Row> {
    let stack = &config.stack;
    let buckets = buckets(config);
    let roles = roles(stack);
    let assets = format!("arn:aws:s3:::{stack}-assets-*");
    vec![
        Row {
            sid: "Stacks",
            serves: &[],
            actions: &[
                "cloudformation:ContinueUpdateRollback",
                "cloudformation:CreateChangeSet",
                "cloudformation:DeleteChangeSet",
                "cloudformation:DeleteStack",
                "cloudformation:DescribeChangeSet",
                "cloudformation:DescribeEvents",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:GetTemplate",
                "cloudformation:ListChangeSets",
                "cloudformation:ListStackResources",
            ],
            resources: [stack.clone(), format!("{stack}-assets")]
                .map(|name| arn("cloudformation", &format!("stack/{name}/*")))
                .to_vec(),
            condition: None,
        },
        // Nothing deletes a bucket of the stack or what is in it: both outlive the stack. What is only read is what
        // CloudFormation looks at when it takes a bucket up again.
        Row {
            sid: "Buckets",
            serves: &["AWS::S3::Bucket", "AWS::S3::BucketPolicy"],
            actions: &[
                "s3:CreateBucket",
                "s3:GetAccelerateConfiguration",
                "s3:GetAnalyticsConfiguration",
                "s3:GetBucketAbac",
                "s3:GetBucketCORS",
                "s3:GetBucketLogging",
                "s3:GetBucketMetadataTableConfiguration",
                "s3:GetBucketNotification",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetBucketWebsite",
                "s3:GetEncryptionConfiguration",
                "s3:GetIntelligentTieringConfiguration",
                "s3:GetInventoryConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetMetricsConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
                "s3:ListTagsForResource",
                "s3:PutBucketLogging",
                "s3:PutBucketNotification",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:TagResource",
                "s3:UntagResource",
            ],
            resources: buckets.into_iter().chain([assets.clone()]).collect(),
            condition: None,
        },
        // `destroy` takes the builds away, which any deployment makes again.
        Row {
            sid: "AssetsBucket",
            serves: &[],
            actions: &[
                "s3:DeleteBucket",
                "s3:DeleteBucketPolicy",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            ],
            resources: vec![assets.clone()],
            condition: None,
        },
        // AWS Lambda and CloudFormation read zips and template with the caller's credentials.
        Row {
            sid: "Assets",
            serves: &[],
            actions: &[
                "s3:AbortMultipartUpload",
                "s3:DeleteObjectVersion",
                "s3:GetObject",
                "s3:PutObject",
            ],
            resources: vec![format!("{assets}/*")],
            condition: None,
        },
        // Nobody widens a role beyond the boundary: it cannot be left out, and not be taken off.
        Row {
            sid: "RolesInBounds",
            serves: &["AWS::IAM::Role"],
            actions: &["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"],
            resources: roles.clone(),
            condition: Some(json!({
                "ArnLike": {
                    "iam:PermissionsBoundary": iam(&format!("policy/{}", boundary_name(config))),
                },
            })),
        },
        Row {
            sid: "Roles",
            serves: &["AWS::IAM::Role"],
            actions: &[
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "iam:ListRoleTags",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            resources: roles.clone(),
            condition: None,
        },
        Row {
            sid: "RolesOfServices",
            serves: &[
                "AWS::Events::Rule",
                "AWS::Lambda::Function",
                "AWS::StepFunctions::StateMachine",
            ],
            actions: &["iam:PassRole"],
            resources: roles.clone(),
            condition: Some(json!({
                "StringEquals": { "iam:PassedToService": [
                    "events.amazonaws.com", "lambda.amazonaws.com", "states.amazonaws.com",
                ] },
            })),
        },
        // By their names, so that the boundary, which may be called alike, is not among them. Nothing
        // here attaches a policy to anybody or takes it off.
        Row {
            sid: "PoliciesForPeople",
            serves: &["AWS::IAM::ManagedPolicy"],
            actions: &[
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
                "iam:ListEntitiesForPolicy",
                "iam:ListPolicyVersions",
            ],
            resources: POLICIES.map(|name| iam(&format!("policy/{stack}-{name}"))).to_vec(),
            condition: None,
        },
    ]
}

/// The roles of functions by their names, and those of decoders, machines and rules by what they have in common,
/// because AWS allows a policy 6,144 characters.
///
/// Not all that begin with the stack's name: whoever may change whom a role trusts may take it.
fn roles(stack: &str) -> Vec<String> {
    let others = ["decode-*", "*-machine", "*-rule"];
    let of_functions = FUNCTIONS.iter().filter(|name| !name.starts_with("decode-"));
    let names = of_functions.chain(&others);
    names.map(|name| iam(&format!("role/{stack}-{name}"))).collect()
}

fn buckets(config: &Config) -> Vec<String> {
    let behind = match config.bucket_names {
        BucketNames::Stack => "",
        BucketNames::Account => "-*-an",
    };
    BUCKETS
        .iter()
        .chain(&["runs"])
        .map(|name| format!("arn:aws:s3:::{}-{name}{behind}", config.stack))
        .collect()
}
