//! What the stack is made of: secure by default, with grants that name exact actions and resources.

pub(crate) mod alarm;
pub(crate) mod bucket;
pub(crate) mod console;
pub(crate) mod dashboard;
pub(crate) mod function;
pub(crate) mod key;
pub(crate) mod log_group;
pub(crate) mod machine;
pub(crate) mod managed_policy;
pub(crate) mod queue;
pub(crate) mod role;
pub(crate) mod rule;
pub(crate) mod topic;

use serde_json::{Value, json};

use crate::template::Template;

/// The switch by which buckets and queues refuse requests without TLS. Off for the local cloud,
/// which speaks plain HTTP on the machine's own loopback.
pub const REQUIRE_TLS: &str = "RequireTls";

/// Adds that switch to a template.
pub(crate) fn require_tls(template: &mut Template) {
    template.switch(
        REQUIRE_TLS,
        "Whether requests without TLS are refused; false for the local cloud only",
    );
}

/// The statement of a resource's own policy that refuses requests without TLS.
pub(crate) fn tls_only(sid: &str, action: &str, resource: Value) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}
