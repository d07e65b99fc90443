use serde_json::json;

use super::*;

/// What is wrong with the properties of `It`, which stands beside a queue, a parameter and a
/// condition.
#[track_caller]
fn check(properties: Value, expected: &[&str]) {
    check_resource(json!({ "Type": "AWS::SQS::Queue", "Properties": properties }), expected);
}

#[track_caller]
fn check_resource(resource: Value, expected: &[&str]) {
    let mut template = json!({
        "Parameters": { "Word": { "Type": "String" } },
        "Mappings": { "Hosts": { "aws": { "Host": "a" } } },
        "Conditions": { "Strict": { "Fn::Equals": [{ "Ref": "Word" }, "true"] } },
        "Resources": {
            "It": resource,
            "Other": { "Type": "AWS::SQS::Queue", "Properties": {} },
        },
    });
    template.sort_all_objects();
    let violations: Vec<String> =
        super::check(&template).iter().map(Violation::to_string).collect();
    let expected: Vec<String> = expected.iter().map(|text| format!("`It`: {text}")).collect();
    assert_eq!(violations, expected);
}

#[test]
fn what_the_template_has_may_be_referred_to() {
    check(
        json!({
            "A": { "Ref": "Word" },
            "B": { "Ref": "Other" },
            "C": { "Ref": "AWS::Region" },
            "D": { "Fn::GetAtt": ["Other", "Arn"] },
            "E": { "Fn::Sub": "${AWS::Region} ${Word} ${Other} ${Other.Arn} ${!Kept}" },
            "F": { "Fn::Sub": ["${Own}/${Word}", { "Own": { "Ref": "Other" } }] },
            "G": { "Fn::If": ["Strict", { "Ref": "Word" }, { "Ref": "AWS::NoValue" }] },
            "H": { "Fn::Join": [",", [{ "Ref": "Word" }]] },
            "I": { "Fn::FindInMap": ["Hosts", { "Ref": "AWS::Partition" }, "Host"] },
        }),
        &[],
    );
}

#[test]
fn what_it_has_not_is_refused_wherever_it_stands() {
    let gone = "refers to `Gone`, which the template does not contain";
    check(json!({ "A": { "Ref": "Gone" } }), &[&format!("`Properties.A` {gone}")]);
    check(json!({ "A": [{ "B": { "Ref": "Gone" } }] }), &[&format!("`Properties.A.0.B` {gone}")]);
    check(json!({ "A": { "Fn::GetAtt": ["Gone", "Arn"] } }), &[&format!("`Properties.A` {gone}")]);
    check(json!({ "A": { "Fn::Sub": "x${Gone}" } }), &[&format!("`Properties.A` {gone}")]);
    check(json!({ "A": { "Fn::Sub": "${Gone.Arn}" } }), &[&format!("`Properties.A` {gone}")]);
    for function in ["Fn::Join", "Fn::Split"] {
        check(
            json!({ "A": { function: [",", { "Ref": "Gone" }] } }),
            &[&format!("`Properties.A` {gone}")],
        );
    }
    check(
        json!({ "A": { "Fn::Select": [0, { "Ref": "Gone" }] } }),
        &[&format!("`Properties.A` {gone}")],
    );
    check(
        json!({ "A": { "Fn::Sub": ["${B}", { "B": { "Ref": "Gone" } }] } }),
        &[&format!("`Properties.A` {gone}")],
    );
    check(
        json!({ "A": { "Fn::If": ["Strict", { "Ref": "Gone" }, { "Fn::Sub": "${Gone}" }] } }),
        &[&format!("`Properties.A` {gone}"), &format!("`Properties.A` {gone}")],
    );
    check_resource(
        json!({ "Type": "AWS::SQS::Queue", "DependsOn": ["Other", "Gone"] }),
        &[&format!("`DependsOn` {gone}")],
    );
}

#[test]
fn names_of_one_kind_do_not_stand_for_those_of_another() {
    check(
        json!({ "A": { "Ref": "Strict" } }),
        &["`Properties.A` refers to `Strict`, which the template does not contain"],
    );
    check(
        json!({ "A": { "Fn::GetAtt": ["Word", "Arn"] } }),
        &["`Properties.A` refers to `Word`, which the template does not contain as a resource"],
    );
    check(
        json!({ "A": { "Fn::If": ["Word", 1, 2] } }),
        &["`Properties.A` refers to the condition `Word`, which the template does not contain"],
    );
    check(
        json!({ "A": { "Fn::FindInMap": ["Word", { "Ref": "Gone" }, "Host"] } }),
        &[
            "`Properties.A` refers to the table `Word`, which the template does not contain",
            "`Properties.A` refers to `Gone`, which the template does not contain",
        ],
    );
    check(
        json!({ "A": { "Ref": "AWS::Acount" } }),
        &["`Properties.A` refers to `AWS::Acount`, which the template does not contain"],
    );
}

#[test]
fn only_attributes_of_the_resources_type_exist() {
    let arm =
        "refers to `Other.Arm`, but AWS::SQS::Queue has no such attribute; did you mean `Arn`?";
    check(json!({ "A": { "Fn::GetAtt": ["Other", "Arm"] } }), &[&format!("`Properties.A` {arm}")]);
    check(json!({ "A": { "Fn::Sub": "${Other.Arm}" } }), &[&format!("`Properties.A` {arm}")]);
    check(
        json!({ "A": { "Fn::Sub": "${Other.VisibilityTimeout}" } }),
        &[
            "`Properties.A` refers to `Other.VisibilityTimeout`, but AWS::SQS::Queue has no such attribute; \
           known: `Arn`, `QueueName`, `QueueUrl`",
        ],
    );
}

#[test]
fn a_function_that_cloudformation_would_not_read_is_refused() {
    let message = |name: &str| {
        format!(
            "`Properties.A` has a `{name}` that is not written as CloudFormation reads it, or is not known here"
        )
    };
    check(json!({ "A": { "Fn::GetAtt": "Other.Arn" } }), &[&message("Fn::GetAtt")]);
    check(json!({ "A": { "Fn::Subs": "${Word}" } }), &[&message("Fn::Subs")]);
}
