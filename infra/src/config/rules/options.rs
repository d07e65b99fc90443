//! What the choices about the stack's resources must keep to.

use super::{MAX_NAME, legal_name};
use crate::config::{BucketNames, Config, Problem, suggest};
use crate::names::FUNCTIONS;
use crate::stack::BUCKETS;

/// The longest name of a bucket.
const MAX_BUCKET: usize = 63;
/// What S3 puts behind a bucket's name in the account's own namespace, in the Region with the longest name.
const ACCOUNT_SUFFIX: &str = "-123456789012-ap-southeast-4-an";
/// The longest of the buckets that every deployment has besides: its functions' zips.
const ASSETS: &str = "-assets-123456789012-ap-southeast-4";
/// Length of an address, by RFC 5321.
const MAX_ADDRESS: usize = 254;

/// The longest name of a stack whose buckets can be made in every Region, and what its buckets are called.
///
/// A role's name may be one character longer than a bucket's, and what stands behind the stack in it is shorter.
pub(super) fn longest_stack(bucket_names: BucketNames) -> (usize, String) {
    let names =
        BUCKETS.iter().chain(&["runs"]).map(|name| name.len() + 1).max().unwrap_or_default();
    let (behind, called) = match bucket_names {
        BucketNames::Stack => (ASSETS.len(), "<stack>-assets-<account>-<region>"),
        BucketNames::Account => {
            (names + ACCOUNT_SUFFIX.len(), "<stack>-<vendor>-<account>-<region>-an")
        }
    };
    (MAX_BUCKET - behind, called.to_owned())
}

pub(super) fn check(config: &Config, problems: &mut Vec<Problem>) {
    if let Some(bucket) = &config.access_logs {
        access_logs(config, bucket, problems);
    }
    if let Some(policy) = &config.permissions_boundary {
        permissions_boundary(policy, problems);
    }
    for (index, email) in config.notify.emails.iter().enumerate() {
        let message = if !is_email(email) {
            format!("`emails` in [notify]: an address is like ops@example.com, got \"{email}\"")
        } else if config.notify.emails.iter().take(index).any(|earlier| earlier == email) {
            format!("`emails` in [notify] names \"{email}\" twice")
        } else {
            continue;
        };
        problems.push(Problem::new(format!("notify.emails[{index}]"), message));
    }
    for (function, executions) in &config.reserved_concurrency {
        let message = if !FUNCTIONS.contains(&function.as_str()) {
            format!(
                "[reserved_concurrency] names no function `{function}`, {}",
                suggest::hint(function, &FUNCTIONS)
            )
        } else if *executions == 0 {
            format!(
                "`{function}` in [reserved_concurrency] must be at least 1, since 0 would stop the function; leave \
                 the line out to reserve none"
            )
        } else {
            continue;
        };
        problems.push(Problem::new(format!("reserved_concurrency.{function}"), message));
    }
}

fn access_logs(config: &Config, bucket: &str, problems: &mut Vec<Problem>) {
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let legal = (3..=MAX_BUCKET).contains(&bucket.len())
        && bucket.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && edge(bucket.chars().next())
        && edge(bucket.chars().next_back());
    let own = |name: &&str| {
        bucket.strip_prefix(&format!("{}-{name}", config.stack)).is_some_and(|rest| {
            rest.is_empty()
                || (config.bucket_names == BucketNames::Account && rest.ends_with("-an"))
        })
    };
    let message = if !legal {
        format!(
            "`access_logs` must be the name of an existing bucket: 3 to {MAX_BUCKET} lower-case letters, digits, \
             hyphens and dots, got \"{bucket}\""
        )
    } else if BUCKETS.iter().chain(&["runs"]).any(own) {
        format!(
            "`access_logs` names \"{bucket}\", a bucket of the stack itself: each log would be an access that is \
             logged again; name a bucket for logs"
        )
    } else {
        return;
    };
    problems.push(Problem::new("access_logs", message));
}

fn permissions_boundary(policy: &str, problems: &mut Vec<Problem>) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    let message = if policy.starts_with("arn:") {
        format!(
            "`permissions_boundary` must be the policy's name without the rest of its ARN, since the policy is in \
             the stack's own account; got \"{policy}\""
        )
    } else if !legal_name(policy, MAX_NAME, allowed) {
        format!(
            "`permissions_boundary` must be the name of a managed policy: 1 to {MAX_NAME} letters, digits and \
             `_+=,.@-`, got \"{policy}\""
        )
    } else {
        return;
    };
    problems.push(Problem::new("permissions_boundary", message));
}

/// Whether it has the shape of an address. Whether it exists, only a letter tells: AWS sends one, to be confirmed.
fn is_email(text: &str) -> bool {
    let printable =
        text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"(),;:\\[]".contains(&byte));
    let Some((person, domain)) = text.split_once('@') else { return false };
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    printable
        && text.len() <= MAX_ADDRESS
        && (1..=64).contains(&person.len())
        && labels.len() > 1
        && labels.iter().all(is_label)
}
