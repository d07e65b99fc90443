//! Log groups.

use serde_json::json;

use crate::template::{Resource, Template};

/// Adds a log group whose entries expire; one that a service makes by itself would keep them for
/// ever.
///
/// It goes with the stack: what an auditor needs is in the reports, and a group that stayed behind
/// would keep the same stack from being deployed again.
pub(crate) fn add(template: &mut Template, id: &str, name: &str, retention_days: u32) {
    let properties = json!({ "LogGroupName": name, "RetentionInDays": retention_days });
    template.add(id, Resource::new("AWS::Logs::LogGroup", properties).disposable());
}
