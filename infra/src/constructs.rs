//! What the stack is made of: secure by default, with grants that name exact actions and resources.

pub(crate) mod bucket;
pub(crate) mod function;
pub(crate) mod log_group;
pub(crate) mod machine;
pub(crate) mod queue;
pub(crate) mod role;
pub(crate) mod rule;

/// The switch by which buckets and queues refuse requests without TLS. Off for the local cloud,
/// which speaks plain HTTP on the machine's own loopback.
pub const REQUIRE_TLS: &str = "RequireTls";
