//! Each kind of wrong statement is found.

use serde_json::json;

use super::*;

/// The findings on a role with this one statement, in a stack with a bucket.
#[track_caller]
fn check(action: Value, resource: Value, condition: Value, expected: &[&str]) {
    check_policy("AWS::IAM::Role", action, resource, condition, expected);
}

#[track_caller]
fn check_policy(kind: &str, action: Value, resource: Value, condition: Value, expected: &[&str]) {
    let statement = json!({
        "Sid": "Test", "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition,
    });
    let template = json!({ "Resources": {
        "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "acme-runs" } },
        "Role": {
            "Type": kind,
            "Properties": { "Policies": [{ "PolicyDocument": { "Statement": [statement] } }] },
        },
    } });
    assert_eq!(Findings::of_template(&template).wrong, expected);
}

fn objects() -> Value {
    json!({ "Fn::Sub": "${Bucket.Arn}/runs/*" })
}

fn bucket() -> Value {
    json!({ "Fn::GetAtt": ["Bucket", "Arn"] })
}

#[test]
fn what_fits_is_not_found() {
    check(json!(["s3:GetObject"]), objects(), json!({}), &[]);
    check(json!("s3:ListBucket"), bucket(), json!({ "StringLike": { "s3:prefix": "a" } }), &[]);
    check(
        json!("s3:ListBucket"),
        bucket(),
        json!({ "Bool": { "aws:SecureTransport": "true" } }),
        &[],
    );
    check(json!("iot:RegisterCertificateWithoutCA"), json!("*"), json!({}), &[]);
}

#[test]
fn a_slip_of_the_keyboard_is_no_action() {
    check(
        json!("s3:GetObjekt"),
        objects(),
        json!({}),
        &["Role, Test: s3:GetObjekt is not in AWS's table"],
    );
    check(
        json!("s3:Get*"),
        objects(),
        json!({}),
        &["Role, Test: s3:Get* allows more than one action"],
    );
}

#[test]
fn an_action_on_what_it_does_not_take_does_nothing() {
    check(
        json!(["s3:GetObject", "s3:ListBucket"]),
        json!([bucket(), objects()]),
        json!({}),
        &[
            "Role, Test: s3:GetObject takes no arn:Partition:s3:::acme-runs",
            "Role, Test: s3:ListBucket takes no arn:Partition:s3:::acme-runs/runs/*",
        ],
    );
    let things =
        json!({ "Fn::Sub": "arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}:thing/*" });
    check(
        json!("iot:AddThingToThingGroup"),
        things.clone(),
        json!({}),
        &["Role: iot:AddThingToThingGroup does nothing without a thinggroup"],
    );
    check(
        json!("iot:RegisterCertificateWithoutCA"),
        things,
        json!({}),
        &[
            "Role, Test: iot:RegisterCertificateWithoutCA takes no arn:Partition:iot:Region:AccountId:thing/*",
        ],
    );
}

#[test]
fn everything_is_too_much_where_aws_has_something_finer() {
    check(json!("s3:GetObject"), json!("*"), json!({}), &["Role, Test: s3:GetObject takes no *"]);
    check(
        json!("s3:GetObject"),
        json!("arn:aws:s3:::*"),
        json!({}),
        &["Role, Test: s3:GetObject takes no arn:aws:s3:::*"],
    );
    check(
        json!("iot:DescribeThing"),
        json!("arn:aws:iot:eu-central-1:123456789012:*"),
        json!({}),
        &["Role, Test: iot:DescribeThing takes no arn:aws:iot:eu-central-1:123456789012:*"],
    );
}

#[test]
fn a_condition_that_the_action_does_not_know_never_holds() {
    check(
        json!("s3:GetObject"),
        objects(),
        json!({ "StringLike": { "s3:prefix": "runs/" } }),
        &["Role, Test: s3:GetObject knows no condition on s3:prefix"],
    );
}

#[test]
fn a_persons_statement_may_group_what_belongs_together() {
    let managed = "AWS::IAM::ManagedPolicy";
    let both = json!(["s3:GetObject", "s3:ListBucket"]);
    check_policy(managed, both.clone(), json!([bucket(), objects()]), json!({}), &[]);
    check_policy(
        managed,
        both,
        objects(),
        json!({}),
        &["Role, Test: s3:ListBucket takes none of the resources"],
    );
    check_policy(
        managed,
        json!("s3:GetObject"),
        json!([bucket(), objects()]),
        json!({}),
        &["Role, Test: no action takes arn:Partition:s3:::acme-runs"],
    );
}

#[test]
fn the_policy_of_a_key_means_the_key_by_a_wildcard() {
    let key = "AWS::KMS::Key";
    check_policy(key, json!("kms:*"), json!("*"), json!({}), &[]);
    check_policy(
        key,
        json!("kms:Decrpt"),
        json!("*"),
        json!({}),
        &["Role, Test: kms:Decrpt is not in AWS's table"],
    );
}
