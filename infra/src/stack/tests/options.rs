//! What the owner's choices change, and that they change it everywhere.

use serde_json::{Value, json};

use super::roles::lines;
use super::{ARRIVALS, resources, sample, template};
use crate::config::{BucketNames, Encryption};

#[test]
fn buckets_in_the_accounts_namespace_are_named_so_everywhere() {
    let mut config = sample();
    config.bucket_names = BucketNames::Account;
    let template = template(&config);
    for (id, bucket) in resources(&template, "AWS::S3::Bucket") {
        assert_eq!(bucket["Properties"]["BucketNamespace"], "account-regional", "{id}");
    }
    for arrival in ARRIVALS {
        let name =
            format!("acme-thingpress-{}-${{AWS::AccountId}}-${{AWS::Region}}-an", arrival.name);
        let bucket = &template["Resources"][arrival.bucket]["Properties"]["BucketName"];
        assert_eq!(bucket, &json!({ "Fn::Sub": name }));
        let rule = &template["Resources"][format!("{}Rule", arrival.rule)]["Properties"];
        let detail = &rule["EventPattern"]["detail"];
        assert_eq!(&detail["bucket"]["name"], &json!([bucket]), "the rule waits for its bucket");
    }
    // Under the usual names nothing is said of a namespace, which CloudFormation cannot change.
    for (id, bucket) in resources(&super::template(&sample()), "AWS::S3::Bucket") {
        assert_eq!(bucket["Properties"].get("BucketNamespace"), None, "{id}");
    }
}

#[test]
fn buckets_under_the_stacks_key_and_whoever_uses_them() {
    let mut config = sample();
    config.encryption = Encryption::Kms;
    let template = template(&config);
    let key = json!({ "Fn::GetAtt": ["Key", "Arn"] });
    for (id, bucket) in resources(&template, "AWS::S3::Bucket") {
        let rules = &bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"];
        let by_default = json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key });
        let expected =
            json!([{ "BucketKeyEnabled": true, "ServerSideEncryptionByDefault": by_default }]);
        assert_eq!(rules, &expected, "{id}");
    }
    assert_eq!(template["Resources"]["Key"]["DeletionPolicy"], "Retain", "files outlive the stack");
    let through_s3 = " if {\"StringEquals\":{\"kms:ViaService\":{\"Fn::Sub\":\
                      \"s3.${AWS::Region}.${AWS::URLSuffix}\"}}}";
    let decrypt = format!("kms:Decrypt ${{Key.Arn}}{through_s3}");
    let encrypt = format!("kms:GenerateDataKey ${{Key.Arn}}{through_s3}");
    let of_key = |document: &Value| {
        let mut found: Vec<String> = lines(document)
            .into_iter()
            .filter(|line| line.contains("${Key.Arn}") && line.contains("ViaService"))
            .collect();
        found.sort();
        found
    };
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        let found = of_key(&role["Properties"]["Policies"][0]["PolicyDocument"]);
        let expected: Vec<&String> = match id.as_str() {
            // The reader of the Map, then its writer.
            "ImportMachineRole" | "ActivateMachineRole" | "UndoMachineRole" => {
                vec![&decrypt, &decrypt, &encrypt]
            }
            _ if id.ends_with("RuleRole") || id.ends_with("MachineRole") => Vec::new(),
            _ => vec![&decrypt, &encrypt],
        };
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{id}");
    }
    for (id, policy) in resources(&template, "AWS::IAM::ManagedPolicy") {
        let found = of_key(&policy["Properties"]["PolicyDocument"]);
        let expected =
            if id == "AuditorPolicy" { vec![&decrypt] } else { vec![&decrypt, &encrypt] };
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{id}");
    }
}

#[test]
fn without_it_the_key_serves_notices_only_and_goes_with_the_stack() {
    let template = template(&sample());
    assert_eq!(template["Resources"]["Key"]["DeletionPolicy"], "Delete");
    assert!(!template.to_string().contains("kms:ViaService"));
}

#[test]
fn access_logs_of_every_bucket_go_where_the_owner_says() {
    let mut config = sample();
    config.access_logs = Some("acme-logs".to_owned());
    let with_logs = template(&config);
    for (id, bucket) in resources(&with_logs, "AWS::S3::Bucket") {
        let name = bucket["Properties"]["BucketName"].as_str().expect("a name");
        let expected =
            json!({ "DestinationBucketName": "acme-logs", "LogFilePrefix": format!("{name}/") });
        assert_eq!(bucket["Properties"]["LoggingConfiguration"], expected, "{id}");
        assert!(!bucket.to_string().contains("CKV_AWS_18"), "{id}: there is nothing to excuse");
    }
    for (id, bucket) in resources(&template(&sample()), "AWS::S3::Bucket") {
        assert_eq!(bucket["Properties"].get("LoggingConfiguration"), None, "{id}");
        assert!(bucket["Metadata"].to_string().contains("CKV_AWS_18"), "{id}");
    }
}

#[test]
fn the_boundary_bounds_every_role() {
    let mut config = sample();
    config.permissions_boundary = Some("acme-boundary".to_owned());
    let arn = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/acme-boundary";
    for (id, role) in resources(&template(&config), "AWS::IAM::Role") {
        assert_eq!(role["Properties"]["PermissionsBoundary"], json!({ "Fn::Sub": arn }), "{id}");
    }
    for (id, role) in resources(&template(&sample()), "AWS::IAM::Role") {
        assert_eq!(role["Properties"].get("PermissionsBoundary"), None, "{id}");
    }
}

#[test]
fn executions_are_reserved_for_the_functions_that_the_owner_names() {
    let mut config = sample();
    config.reserved_concurrency = [("register".to_owned(), 8)].into();
    for (id, function) in resources(&template(&config), "AWS::Lambda::Function") {
        let reserved = function["Properties"].get("ReservedConcurrentExecutions");
        let expected = (id == "RegisterFunction").then(|| json!(8));
        assert_eq!(reserved, expected.as_ref(), "{id}");
        let excused = function["Metadata"].to_string().contains("CKV_AWS_115");
        assert_eq!(excused, expected.is_none(), "{id}");
    }
}

#[test]
fn every_address_is_subscribed_to_the_topic() {
    let mut config = sample();
    config.notify.emails = vec!["ops@example.com".to_owned(), "qa@example.com".to_owned()];
    let with_addresses = template(&config);
    let subscriptions: Vec<&Value> = resources(&with_addresses, "AWS::SNS::Subscription")
        .into_iter()
        .map(|(_, subscription)| &subscription["Properties"])
        .collect();
    let expected = ["ops@example.com", "qa@example.com"].map(|email| {
        json!({ "Endpoint": email, "Protocol": "email", "TopicArn": { "Ref": "NoticesTopic" } })
    });
    assert_eq!(subscriptions, expected.iter().collect::<Vec<_>>());
    assert!(resources(&template(&sample()), "AWS::SNS::Subscription").is_empty());
}
