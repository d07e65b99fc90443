//! Log groups.

use serde_json::json;

use crate::template::{Resource, Template};

/// Why the group has no key of the account's.
const NO_SECRETS: &str = "Entries hold no certificate, key or attribute value; CloudWatch Logs \
                          encrypts them with a key of its own.";

/// Adds a log group whose entries expire; one that a service makes by itself would keep them for
/// ever.
///
/// It goes with the stack: what an auditor needs is in the reports, and a group that stayed behind
/// would keep the same stack from being deployed again.
pub(crate) fn add(template: &mut Template, id: &str, name: &str, retention_days: u32) {
    let properties = json!({ "LogGroupName": name, "RetentionInDays": retention_days });
    let resource = Resource::new("AWS::Logs::LogGroup", properties).disposable();
    template.add(id, resource.skip_check("CKV_AWS_158", NO_SECRETS));
}
