//! The resource types of which the stacks are made.

/// The resource types that constructs may use, by name. To use another, add it here and run
/// `cargo xtask l1`, which writes its names and types to `infra/l1`.
pub const RESOURCE_TYPES: [&str; 17] = [
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::StepFunctions::StateMachine",
];

/// The file of `infra/l1` that a type's names and types are in: the service in lower-case letters.
pub fn file_of(resource_type: &str) -> Option<String> {
    Some(format!("{}.toml", resource_type.split("::").nth(1)?.to_ascii_lowercase()))
}
