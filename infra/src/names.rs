//! The names of what the stack is made of, as far as AWS and people know them.

use serde_json::{Value, json};

use crate::config::{BucketNames, Config};
use crate::intrinsics::sub;

/// The functions, each called `<stack>-<name>`.
pub const FUNCTIONS: [&str; 11] = [
    "preflight",
    "decode-microchip",
    "decode-infineon",
    "decode-espressif",
    "decode-generated",
    "decode-mes",
    "register",
    "activate",
    "plan",
    "undo",
    "report",
];

/// The state machines, each called `<stack>-<name>`.
pub(crate) const MACHINES: [&str; 6] = ["ingest", "import", "activate", "undo", "closing", "watch"];

/// The rules besides those of arrivals, each called `<stack>-<name>`.
pub(crate) const RULES: [&str; 2] = ["closing", "watch"];

/// The queues, each called `<stack>-<name>`.
pub(crate) const QUEUES: [&str; 2] = ["failures", "undelivered"];

/// The name of a bucket of the stack, such as its `microchip` or `runs`.
#[must_use]
pub fn bucket_name(config: &Config, name: &str, account: &str, region: &str) -> String {
    pattern(config, name).replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
}

/// The same, for CloudFormation to fill in.
pub(crate) fn bucket(config: &Config, name: &str) -> Value {
    match config.bucket_names {
        BucketNames::Stack => json!(pattern(config, name)),
        BucketNames::Account => sub(pattern(config, name)),
    }
}

fn pattern(config: &Config, name: &str) -> String {
    let stack = &config.stack;
    match config.bucket_names {
        BucketNames::Stack => format!("{stack}-{name}"),
        // S3 asks for this ending, and lets nobody but the account use it.
        BucketNames::Account => format!("{stack}-{name}-${{AWS::AccountId}}-${{AWS::Region}}-an"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bucket_names: BucketNames, expected: &str, for_cloudformation: &Value) {
        let mut config =
            Config::parse("stack = \"acme\"\n[profile.default]\n").expect("a configuration");
        config.bucket_names = bucket_names;
        assert_eq!(bucket_name(&config, "runs", "123456789012", "eu-west-1"), expected);
        assert_eq!(&bucket(&config, "runs"), for_cloudformation);
    }

    #[test]
    fn buckets_are_named_by_the_stack_or_in_the_accounts_namespace() {
        check(BucketNames::Stack, "acme-runs", &json!("acme-runs"));
        check(
            BucketNames::Account,
            "acme-runs-123456789012-eu-west-1-an",
            &json!({ "Fn::Sub": "acme-runs-${AWS::AccountId}-${AWS::Region}-an" }),
        );
    }
}
