//! Addresses of the AWS console.

use serde_json::{Value, json};

use crate::intrinsics::{reference, sub};
use crate::template::Template;

/// The mapping of each partition to its console.
const CONSOLES: &str = "Consoles";

/// Each partition of AWS and the host of its console.
const HOSTS: [(&str, &str); 4] = [
    ("aws", "console.aws.amazon.com"),
    ("aws-cn", "console.amazonaws.cn"),
    ("aws-eusc", "console.amazonaws-eusc.eu"),
    ("aws-us-gov", "console.amazonaws-us-gov.com"),
];

/// Adds the table of consoles, which every address reads.
pub(crate) fn mapping(template: &mut Template) {
    template.mapping(
        CONSOLES,
        HOSTS.into_iter().map(|(partition, host)| (partition, "Host", json!(host))),
    );
}

/// The beginning of every address of the Region's console.
pub(crate) fn host() -> Value {
    json!({ "Fn::Join": ["", [
        "https://",
        reference("AWS::Region"),
        ".",
        { "Fn::FindInMap": [CONSOLES, reference("AWS::Partition"), "Host"] },
    ]] })
}

/// A text with an address of the console behind it.
pub(crate) fn text_with_page(text: &str, page: &str) -> Value {
    json!({ "Fn::Join": ["", [format!("{text} "), host(), sub(page)]] })
}
