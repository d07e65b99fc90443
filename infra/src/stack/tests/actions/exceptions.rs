//! Where our statements differ from AWS's table, each time with the reason.

use super::arns;

/// A pair of action and resource that the table does not have, and why it stands in a statement.
pub(super) struct Exception {
    pub(super) action: &'static str,
    /// The resource's part of the ARN; its beginning, where it ends with `/` or `-`.
    pub(super) resource: &'static str,
    pub(super) reason: &'static str,
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception {
        action: "iot:AttachPolicy",
        resource: "*",
        reason: "the local cloud checks it on `*`; on AWS, where it is checked on the certificate or the \
                 group, NeverToGroups forbids the groups",
    },
    Exception {
        action: "iot:DetachPolicy",
        resource: "*",
        reason: "the local cloud checks it on `*`; on AWS, where it is checked on the certificate or the \
                 group, NeverFromGroups forbids the groups",
    },
    Exception {
        action: "iot:ListTargetsForPolicy",
        resource: "*",
        reason: "the local cloud checks it on `*`; it only reads",
    },
    Exception {
        action: "iot:CreateThing",
        resource: "thingtype/",
        reason: "the table names the thing only, but a type is part of what is created",
    },
    Exception {
        action: "iot:AttachThingPrincipal",
        resource: "thing/",
        reason: "the local cloud checks it on the thing",
    },
    Exception {
        action: "iot:AttachThingPrincipal",
        resource: "cert/",
        reason: "AWS IoT's developer guide names the certificate, where the table names nothing",
    },
    Exception {
        action: "iot:DetachThingPrincipal",
        resource: "thing/",
        reason: "the local cloud checks it on the thing",
    },
    Exception {
        action: "iot:DetachThingPrincipal",
        resource: "cert/",
        reason: "AWS IoT's developer guide names the certificate, where the table names nothing",
    },
    Exception {
        action: "iot:ListThingPrincipals",
        resource: "thing/",
        reason: "AWS IoT's developer guide names the thing, where the table names nothing",
    },
    Exception {
        action: "s3:ListTagsForResource",
        resource: "acme-thingpress-",
        reason: "the registry's handlers of AWS::S3::Bucket call it on the bucket; the table is older",
    },
    Exception {
        action: "s3:TagResource",
        resource: "acme-thingpress-",
        reason: "the registry's handlers of AWS::S3::Bucket call it on the bucket; the table is older",
    },
    Exception {
        action: "s3:UntagResource",
        resource: "acme-thingpress-",
        reason: "the registry's handlers of AWS::S3::Bucket call it on the bucket; the table is older",
    },
];

/// Resource types that the table has as always needed, and that we do not need: action, type, why.
pub(super) const NOT_NEEDED: &[(&str, &str, &str)] = &[
    (
        "states:DescribeExecution",
        "express",
        "the table names both kinds of executions, and the children of our Maps are Standard ones",
    ),
    (
        "states:ListExecutions",
        "maprun",
        "the table names both whose executions are listed, a machine's and a Map's",
    ),
    (
        "states:ListExecutions",
        "statemachine",
        "the table names both whose executions are listed, a machine's and a Map's",
    ),
];

/// Actions that are newer than the table, and who has them.
pub(super) const NEWER: &[(&str, &str)] = &[
    ("cloudformation:DescribeEvents", "AWS CloudFormation's API reference"),
    ("lambda:GetFunctionScalingConfig", "the registry's handlers of AWS::Lambda::Function"),
    ("s3:GetBucketAbac", "the registry's handlers of AWS::S3::Bucket"),
    ("s3:GetBucketMetadataTableConfiguration", "the registry's handlers of AWS::S3::Bucket"),
];

/// Patterns that mean a single action of AWS's: the pattern, the action, and why it is not written out.
pub(super) const PATTERNS: &[(&str, &str, &str)] = &[(
    "sqs:SendMessage*",
    "sqs:SendMessage",
    "the local cloud asks for an action of another name where ten messages are sent at once",
)];

/// The exception that a pair of action and resource is, if it is one.
pub(super) fn exception(action: &str, arn: &str) -> Option<&'static Exception> {
    let part = arns::resource_part(arn);
    EXCEPTIONS.iter().find(|exception| {
        let is_beginning = exception.resource.ends_with(['/', '-']);
        exception.action == action
            && (exception.resource == part || is_beginning && part.starts_with(exception.resource))
    })
}
