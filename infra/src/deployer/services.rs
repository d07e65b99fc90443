//! What works in the stack and tells about it.

use serde_json::json;

use super::{KEY_TAG, Row, arn};
use crate::config::Config;
use crate::names::{FUNCTIONS, MACHINES, QUEUES, RULES};
use crate::stack::BUCKETS;

/// What works in the stack, what tells about it, and what the command line asks besides.
pub(super) fn services(config: &Config) -> Vec<Row> {
    let stack = &config.stack;
    works(stack).into_iter().chain(key(stack)).chain(tells(stack)).chain(asks(stack)).collect()
}

fn works(stack: &str) -> Vec<Row> {
    vec![
        row(
            "Functions",
            &["AWS::Lambda::Function"],
            &[
                "lambda:CreateFunction",
                "lambda:DeleteFunction",
                "lambda:DeleteFunctionConcurrency",
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionRecursionConfig",
                "lambda:GetFunctionScalingConfig",
                "lambda:GetRuntimeManagementConfig",
                "lambda:ListTags",
                "lambda:PutFunctionConcurrency",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ],
            named("lambda", "function:", stack, &FUNCTIONS),
        ),
        row(
            "Machines",
            &["AWS::StepFunctions::StateMachine"],
            &[
                "states:CreateStateMachine",
                "states:DeleteStateMachine",
                "states:DescribeStateMachine",
                "states:ListTagsForResource",
                "states:TagResource",
                "states:UntagResource",
                "states:UpdateStateMachine",
            ],
            named("states", "stateMachine:", stack, &MACHINES),
        ),
        row(
            "Rules",
            &["AWS::Events::Rule"],
            &[
                "events:DeleteRule",
                "events:DescribeRule",
                "events:ListTagsForResource",
                "events:ListTargetsByRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
                "events:TagResource",
                "events:UntagResource",
            ],
            named("events", "rule/", stack, &[BUCKETS.as_slice(), &RULES].concat()),
        ),
    ]
}

fn key(stack: &str) -> Vec<Row> {
    vec![
        // A key has no name before it exists, so AWS has no finer resource; its tag stands for it.
        Row {
            sid: "NewKey",
            serves: &["AWS::KMS::Key"],
            actions: &["kms:CreateKey"],
            resources: vec!["*".to_owned()],
            condition: Some(json!({
                "StringEquals": { format!("aws:RequestTag/{KEY_TAG}"): stack },
            })),
        },
        Row {
            sid: "NewKeysTag",
            serves: &["AWS::KMS::Key"],
            actions: &["kms:TagResource"],
            resources: vec![arn("kms", "key/*")],
            // By CloudFormation only, which tags the keys that it makes: who could tag any key could
            // make it the stack's own, and then change and delete it.
            condition: Some(json!({
                "StringEquals": { format!("aws:RequestTag/{KEY_TAG}"): stack },
                "ForAnyValue:StringEquals": { "aws:CalledVia": "cloudformation.amazonaws.com" },
            })),
        },
        Row {
            sid: "Key",
            serves: &["AWS::KMS::Alias", "AWS::KMS::Key"],
            actions: &[
                "kms:CreateAlias",
                "kms:DeleteAlias",
                "kms:DescribeKey",
                "kms:DisableKey",
                "kms:EnableKey",
                "kms:EnableKeyRotation",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListResourceTags",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:UpdateAlias",
                "kms:UpdateKeyDescription",
            ],
            resources: vec![arn("kms", "key/*")],
            condition: Some(json!({
                "StringEquals": { format!("aws:ResourceTag/{KEY_TAG}"): stack },
            })),
        },
        Row {
            sid: "KeysName",
            serves: &["AWS::KMS::Alias"],
            actions: &["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
            resources: vec![arn("kms", &format!("alias/{stack}"))],
            condition: None,
        },
    ]
}

fn tells(stack: &str) -> Vec<Row> {
    vec![
        row(
            "Queues",
            &["AWS::SQS::Queue", "AWS::SQS::QueuePolicy"],
            &[
                "sqs:CreateQueue",
                "sqs:DeleteQueue",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ListQueueTags",
                "sqs:SetQueueAttributes",
                "sqs:TagQueue",
                "sqs:UntagQueue",
            ],
            named("sqs", "", stack, &QUEUES),
        ),
        row(
            "Topic",
            &["AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy"],
            &[
                "sns:CreateTopic",
                "sns:DeleteTopic",
                "sns:GetDataProtectionPolicy",
                "sns:GetTopicAttributes",
                "sns:ListSubscriptionsByTopic",
                "sns:ListTagsForResource",
                "sns:SetTopicAttributes",
                "sns:Subscribe",
                "sns:TagResource",
                "sns:UntagResource",
            ],
            vec![arn("sns", &format!("{stack}-notices"))],
        ),
        row(
            "LogGroups",
            &["AWS::Logs::LogGroup"],
            &[
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:GetDataProtectionPolicy",
                "logs:ListTagsForResource",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ],
            ["/aws/lambda", "/aws/vendedlogs/states"]
                .map(|service| arn("logs", &format!("log-group:{service}/{stack}-*")))
                .to_vec(),
        ),
        row(
            "Alarms",
            &["AWS::CloudWatch::Alarm"],
            &[
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ],
            vec![arn("cloudwatch", &format!("alarm:{stack}-*"))],
        ),
        row(
            "Dashboard",
            &["AWS::CloudWatch::Dashboard"],
            &["cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"],
            vec![format!("arn:aws:cloudwatch::*:dashboard/{stack}")],
        ),
    ]
}

fn asks(stack: &str) -> Vec<Row> {
    let any = || vec!["*".to_owned()];
    vec![
        // AWS has no finer resource for these. They read, but for taking an address off the topic's list.
        row(
            "WithoutNames",
            &["AWS::KMS::Alias", "AWS::Logs::LogGroup", "AWS::SNS::Subscription"],
            &[
                "kms:ListAliases",
                "logs:DescribeIndexPolicies",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "sns:GetSubscriptionAttributes",
                "sns:SetSubscriptionAttributes",
                "sns:Unsubscribe",
            ],
            any(),
        ),
        // By the beginning of the names, because AWS allows a policy 6,144 characters. It only reads.
        row(
            "ActiveRuns",
            &[],
            &["states:ListExecutions"],
            vec![arn("states", &format!("stateMachine:{stack}-*"))],
        ),
        row(
            "WhatDevicesGet",
            &[],
            &["iot:DescribeThingGroup", "iot:DescribeThingType", "iot:GetPolicy"],
            ["policy/*", "thinggroup/*", "thingtype/*"].map(|name| arn("iot", name)).to_vec(),
        ),
        // AWS has no finer resource for these. They only read.
        row(
            "Quotas",
            &[],
            &["lambda:GetAccountSettings", "servicequotas:ListServiceQuotas"],
            any(),
        ),
    ]
}

/// What is called `<stack>-<name>`, each by its name.
fn named(service: &str, kind: &str, stack: &str, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| arn(service, &format!("{kind}{stack}-{name}"))).collect()
}

fn row(
    sid: &'static str,
    serves: &'static [&'static str],
    actions: &'static [&'static str],
    resources: Vec<String>,
) -> Row {
    Row { sid, serves, actions, resources, condition: None }
}
