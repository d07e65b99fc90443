use serde_json::json;

use super::*;

/// The violations of one resource called `It`, in a template with a queue, a function and
/// parameters beside it.
#[track_caller]
fn check(kind: &str, properties: Value, expected: &[&str]) {
    let mut template = json!({
        "Parameters": {
            "Word": { "Type": "String" },
            "Figure": { "Type": "Number" },
            "Words": { "Type": "CommaDelimitedList" },
        },
        "Resources": {
            "Other": { "Type": "AWS::SQS::Queue", "Properties": {} },
            "Policy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": { "PolicyDocument": { "Version": "2012-10-17" } },
            },
            "It": { "Type": kind, "Properties": properties },
        },
    });
    template.sort_all_objects();
    let violations: Vec<String> =
        super::check(&template).iter().map(Violation::to_string).collect();
    let expected: Vec<String> = expected.iter().map(|text| format!("`It`: {text}")).collect();
    assert_eq!(violations, expected);
}

/// A function with what is required, and these properties.
fn function(more: Value) -> Value {
    let mut properties = json!({ "Role": "a-role", "Code": { "S3Bucket": "b", "S3Key": "k" } });
    for (name, value) in more.as_object().expect("properties") {
        properties[name] = value.clone();
    }
    properties
}

#[track_caller]
fn check_function(more: Value, expected: &[&str]) {
    check("AWS::Lambda::Function", function(more), expected);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    check(
        "AWS::Lambda::Function",
        json!({
            "MemorySze": 128,
            "Timeout": "900",
            "Code": { "S3Bukcet": "b", "S3Key": 1 },
            "LoggingConfig": { "LogFormat": "XML" },
        }),
        &[
            "`Properties.Code.S3Bukcet` is no property of `Code` of AWS::Lambda::Function; did you mean `S3Bucket`?",
            "`Properties.Code.S3Key` must be text, got the number 1",
            "`Properties.LoggingConfig.LogFormat` must be one of \"Text\", \"JSON\", got the text \"XML\"",
            "`Properties.MemorySze` is no property of AWS::Lambda::Function; did you mean `MemorySize`?",
            "`Properties.Timeout` must be a whole number, got the text \"900\"",
            "`Properties.Role` is missing; AWS::Lambda::Function requires it: text",
        ],
    );
}

#[test]
fn what_fits_is_not_mentioned() {
    check_function(
        json!({
            "MemorySize": 128,
            "Architectures": ["arm64"],
            "Environment": { "Variables": { "ANY": { "Ref": "Word" } } },
            "Tags": [{ "Key": "a", "Value": "b" }],
            "LoggingConfig": { "LogFormat": { "Fn::Sub": "${Word}" } },
            "Timeout": { "Fn::If": ["Strict", 1, { "Ref": "AWS::NoValue" }] },
        }),
        &[],
    );
}

#[test]
fn an_unknown_resource_type_says_how_it_becomes_known() {
    check(
        "AWS::EC2::Instance",
        json!({}),
        &[
            "infra/l1 does not know `AWS::EC2::Instance`: add it to RESOURCE_TYPES and run `cargo xtask l1`",
        ],
    );
}

#[test]
fn each_form_of_json_is_told_from_the_others() {
    check_function(
        json!({ "MemorySize": 1.5 }),
        &["`Properties.MemorySize` must be a whole number, got the number 1.5"],
    );
    check_function(
        json!({ "MemorySize": null }),
        &["`Properties.MemorySize` must be a whole number, got null"],
    );
    check_function(json!({ "Handler": true }), &["`Properties.Handler` must be text, got true"]);
    check_function(
        json!({ "Architectures": "arm64" }),
        &["`Properties.Architectures` must be a list, got the text \"arm64\""],
    );
    check_function(
        json!({ "Architectures": [["arm64"]] }),
        &["`Properties.Architectures.0` must be text, got a list"],
    );
    check_function(
        json!({ "Code": "zip" }),
        &["`Properties.Code` must be an object, `Code`, got the text \"zip\""],
    );
    check_function(
        json!({ "Environment": { "Variables": [] } }),
        &["`Properties.Environment.Variables` must be an object, got a list"],
    );
    check_function(
        json!({ "Environment": { "Variables": { "A": 1 } } }),
        &["`Properties.Environment.Variables.A` must be text, got the number 1"],
    );
    check_function(
        json!({ "Tags": [{ "Key": "a", "Vlaue": "b" }] }),
        &[
            "`Properties.Tags.0.Vlaue` is no property of a tag; did you mean `Value`?",
            "`Properties.Tags.0.Value` is missing; a tag requires it: text",
        ],
    );
    check(
        "AWS::SQS::Queue",
        json!({ "FifoQueue": "true" }),
        &["`Properties.FifoQueue` must be true or false, got the text \"true\""],
    );
    check(
        "AWS::Logs::LogGroup",
        json!({ "RetentionInDays": 30, "DataProtectionPolicy": "{}" }),
        &["`Properties.DataProtectionPolicy` must be an object, got the text \"{}\""],
    );
    check(
        "AWS::CloudWatch::Alarm",
        json!({ "ComparisonOperator": "Over", "EvaluationPeriods": 1, "Threshold": "0" }),
        &["`Properties.Threshold` must be a number, got the text \"0\""],
    );
}

#[test]
fn a_long_text_is_cut() {
    let long = "x".repeat(50);
    check_function(
        json!({ "MemorySize": long }),
        &[&format!(
            "`Properties.MemorySize` must be a whole number, got the text \"{}...\"",
            "x".repeat(40)
        )],
    );
}

#[test]
fn one_of_several_types_is_enough() {
    let queue = |policy: Value| json!({ "RedrivePolicy": policy });
    check("AWS::SQS::Queue", queue(json!({ "deadLetterTargetArn": "a" })), &[]);
    check("AWS::SQS::Queue", queue(json!("{}")), &[]);
    check(
        "AWS::SQS::Queue",
        queue(json!(1)),
        &["`Properties.RedrivePolicy` must be an object or text, got the number 1"],
    );
}

#[test]
fn what_a_function_gives_has_a_type() {
    check_function(
        json!({ "MemorySize": { "Ref": "Word" } }),
        &[
            "`Properties.MemorySize` must be a whole number, got the `Ref` of `Word`, which gives text",
        ],
    );
    check_function(
        json!({ "Handler": { "Ref": "Words" } }),
        &["`Properties.Handler` must be text, got the `Ref` of `Words`, which gives a list"],
    );
    check_function(json!({ "Architectures": { "Ref": "Words" } }), &[]);
    check_function(json!({ "Layers": { "Fn::Split": [",", "a,b"] } }), &[]);
    check_function(
        json!({ "Layers": { "Fn::Join": [",", ["a"]] } }),
        &["`Properties.Layers` must be a list, got a `Fn::Join`, which gives text"],
    );
    check_function(json!({ "Layers": [{ "Fn::GetAtt": ["Other", "Arn"] }] }), &[]);
    check_function(
        json!({ "MemorySize": { "Fn::GetAtt": ["Other", "Arn"] } }),
        &[
            "`Properties.MemorySize` must be a whole number, got the attribute `Other.Arn`, which gives text",
        ],
    );
    check_function(json!({ "MemorySize": { "Fn::GetAtt": ["Policy", "AttachmentCount"] } }), &[]);
    check_function(
        json!({ "Handler": { "Fn::GetAtt": ["Policy", "AttachmentCount"] } }),
        &[
            "`Properties.Handler` must be text, got the attribute `Policy.AttachmentCount`, which gives a whole number",
        ],
    );
    check(
        "AWS::CloudWatch::Alarm",
        json!({
            "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": { "Ref": "Figure" },
        }),
        &[],
    );
}

#[test]
fn both_branches_of_a_condition_count() {
    check_function(
        json!({ "Timeout": { "Fn::If": ["Strict", "a", { "Fn::If": ["Other", true, 3] }] } }),
        &[
            "`Properties.Timeout` must be a whole number, got the text \"a\"",
            "`Properties.Timeout` must be a whole number, got true",
        ],
    );
    check_function(
        json!({ "Code": { "Fn::If": ["Strict", { "Ref": "AWS::NoValue" }, { "S3Bucket": "b" }] } }),
        &[
            "`Properties.Code` can be without a value; AWS::Lambda::Function requires it: an object, `Code`",
        ],
    );
    check_function(
        json!({ "Role": { "Ref": "AWS::NoValue" } }),
        &["`Properties.Role` can be without a value; AWS::Lambda::Function requires it: text"],
    );
}
