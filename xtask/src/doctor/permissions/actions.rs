//! The actions that deploying and importing take.

/// What CloudFormation does with the resources of a type, in the name of whoever deploys. `{}` in the ARN is the
/// resource's name; partition, Region and account come besides.
pub(super) const TYPES: [(&str, &str, &[&str]); 13] = [
    (
        "AWS::CloudWatch::Alarm",
        "cloudwatch:R:A:alarm:{}",
        &["cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"],
    ),
    (
        "AWS::CloudWatch::Dashboard",
        "cloudwatch::A:dashboard/{}",
        &["cloudwatch:PutDashboard", "cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"],
    ),
    (
        "AWS::Events::Rule",
        "events:R:A:rule/{}",
        &[
            "events:PutRule",
            "events:DescribeRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:DeleteRule",
        ],
    ),
    (
        "AWS::IAM::ManagedPolicy",
        "iam::A:policy/{}",
        &[
            "iam:CreatePolicy",
            "iam:GetPolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion",
            "iam:DeletePolicy",
        ],
    ),
    (
        "AWS::IAM::Role",
        "iam::A:role/{}",
        &[
            "iam:CreateRole",
            "iam:GetRole",
            "iam:PutRolePolicy",
            "iam:GetRolePolicy",
            "iam:DeleteRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "iam:PassRole",
            "iam:DeleteRole",
        ],
    ),
    (
        "AWS::KMS::Key",
        "kms:R:A:key/*",
        &["kms:DescribeKey", "kms:PutKeyPolicy", "kms:EnableKeyRotation"],
    ),
    (
        "AWS::Lambda::Function",
        "lambda:R:A:function:{}",
        &[
            "lambda:CreateFunction",
            "lambda:GetFunction",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "lambda:DeleteFunction",
        ],
    ),
    (
        "AWS::Logs::LogGroup",
        "logs:R:A:log-group:{}",
        &["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DeleteLogGroup"],
    ),
    (
        "AWS::S3::Bucket",
        "s3:::{}",
        &[
            "s3:CreateBucket",
            "s3:ListBucket",
            "s3:PutBucketPolicy",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketNotification",
        ],
    ),
    (
        "AWS::SNS::Topic",
        "sns:R:A:{}",
        &["sns:CreateTopic", "sns:SetTopicAttributes", "sns:GetTopicAttributes", "sns:DeleteTopic"],
    ),
    (
        "AWS::SQS::Queue",
        "sqs:R:A:{}",
        &["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:GetQueueAttributes", "sqs:DeleteQueue"],
    ),
    (
        "AWS::StepFunctions::StateMachine",
        "states:R:A:stateMachine:{}",
        &[
            "states:CreateStateMachine",
            "states:DescribeStateMachine",
            "states:UpdateStateMachine",
            "states:DeleteStateMachine",
            // What importing takes.
            "states:ListExecutions",
        ],
    ),
    ("AWS::KMS::Alias", "kms:R:A:{}", &["kms:CreateAlias", "kms:DeleteAlias"]),
];

/// What the command itself calls, whoever makes the resources.
pub(super) const STACK: [&str; 9] = [
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:DescribeStackEvents",
    "cloudformation:ListStackResources",
    "cloudformation:GetTemplate",
    "cloudformation:DeleteStack",
];
