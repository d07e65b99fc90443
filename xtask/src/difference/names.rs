//! Words for people: what a resource is, where a value stands, what the value is.

use serde_json::Value;

/// Ends of logical ids, the longest first where one is the end of another, and what they belong to.
const PARTS: [(&str, &str); 17] = [
    ("MachineRole", "machine"),
    ("MachineLogs", "machine"),
    ("Machine", "machine"),
    ("RuleRole", "rule"),
    ("Rule", "rule"),
    ("BucketPolicy", "bucket"),
    ("Bucket", "bucket"),
    ("QueuePolicy", "queue"),
    ("Queue", "queue"),
    ("TopicPolicy", "topic"),
    ("Topic", "topic"),
    ("Function", "function"),
    ("Role", "function"),
    ("Logs", "function"),
    ("Alias", "key"),
    ("Alarm", "alarm"),
    ("Policy", "policy"),
];

/// Properties that give a resource its name.
const NAMES: [&str; 12] = [
    "AlarmName",
    "AliasName",
    "BucketName",
    "DashboardName",
    "FunctionName",
    "LogGroupName",
    "ManagedPolicyName",
    "Name",
    "QueueName",
    "RoleName",
    "StateMachineName",
    "TopicName",
];

/// Longer values are cut on a terminal; `--json` has them whole.
const LONGEST: usize = 60;

/// The construct that a resource is part of: what it is, and its name.
pub(super) fn construct(id: &str, kind: &str) -> (String, String) {
    for (end, what) in PARTS {
        if let Some(name) = id.strip_suffix(end).filter(|name| !name.is_empty()) {
            return (what.to_owned(), name.to_owned());
        }
    }
    (of_type(kind), id.to_owned())
}

/// `AWS::Lambda::Function` is a function.
pub(crate) fn of_type(kind: &str) -> String {
    let last = kind.rsplit("::").next().unwrap_or(kind);
    let mut words = String::new();
    for letter in last.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// The name that a resource has in AWS.
pub(super) fn physical(properties: &Value) -> Option<String> {
    NAMES.iter().find_map(|name| properties.get(name)).map(shown)
}

/// The same as the template writes it, with what CloudFormation fills in.
pub(super) fn template_name(properties: &Value) -> Option<String> {
    let name = NAMES.iter().find_map(|name| properties.get(name))?;
    name.as_str().or_else(|| name.get("Fn::Sub")?.as_str()).map(str::to_owned)
}

/// Where a value stands: `MemorySize`, `state Register > Work: Retry[0].MaxAttempts`, `configuration: rate.x`.
pub(super) fn place(path: &[String]) -> String {
    match path.first().map(String::as_str) {
        Some("DefinitionString" | "Definition") => in_machine(path.get(1..).unwrap_or_default()),
        Some("Code") => "code".to_owned(),
        _ => dotted(path),
    }
}

fn in_machine(path: &[String]) -> String {
    let mut states = Vec::new();
    let mut rest = path;
    while let [first, name, more @ ..] = rest {
        match first.as_str() {
            "States" => {
                states.push(name.as_str());
                rest = more;
            }
            "ItemProcessor" | "Iterator" if name == "States" => {
                rest = rest.get(1..).unwrap_or_default();
            }
            _ => break,
        }
    }
    if let (["Configuration"], [result, rest @ ..]) = (states.as_slice(), rest)
        && result == "Result"
    {
        return format!("configuration: {}", dotted(rest));
    }
    let machine = if states.is_empty() {
        "definition".to_owned()
    } else {
        format!("state {}", states.join(" > "))
    };
    if rest.is_empty() { machine } else { format!("{machine}: {}", dotted(rest)) }
}

fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for part in path {
        if !text.is_empty() && !part.starts_with('[') {
            text.push('.');
        }
        text.push_str(part);
    }
    text
}

/// A value on one line: references by their names, and the places of an ARN that are always the same left out.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => short_arn(text),
        Value::Object(fields) if fields.len() == 1 => {
            let field = |name: &str| fields.get(name);
            if let Some(id) = field("Ref").and_then(Value::as_str) {
                return id.to_owned();
            }
            if let Some(text) = field("Fn::Sub").and_then(Value::as_str) {
                return short_arn(text);
            }
            if let Some([id, attribute]) =
                field("Fn::GetAtt").and_then(Value::as_array).map(Vec::as_slice)
            {
                let attribute = attribute.as_str().unwrap_or_default();
                let id = id.as_str().unwrap_or_default();
                return if attribute == "Arn" {
                    id.to_owned()
                } else {
                    format!("{id}.{attribute}")
                };
            }
            value.to_string()
        }
        _ => value.to_string(),
    }
}

/// The same, cut where it would fill lines.
pub(super) fn brief(value: Option<&Value>) -> String {
    let Some(value) = value else { return "none".to_owned() };
    if let Some(hash) = value.as_str().and_then(asset_hash) {
        return hash.to_owned();
    }
    let text = shown(value);
    if text.chars().count() <= LONGEST {
        return text;
    }
    match value {
        Value::Object(_) | Value::Array(_) => "…".to_owned(),
        _ => text.chars().take(LONGEST - 1).chain(['…']).collect(),
    }
}

/// Of `functions/decode/<hash>.zip`, the beginning of the hash.
fn asset_hash(key: &str) -> Option<&str> {
    key.strip_prefix("functions/")?.rsplit('/').next()?.strip_suffix(".zip")?.get(..12)
}

/// `arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}:policy/x` is `iot:policy/x`; `${Bucket.Arn}/x` is
/// `Bucket/x`.
fn short_arn(text: &str) -> String {
    // The pseudo parameters have colons of their own.
    let text = text.replace(".Arn}", "}").replace("${AWS::", "${");
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, service, _, _, rest] => unbraced(&format!("{service}:{rest}")),
        _ => unbraced(&text),
    }
}

/// `${Bucket}/x` without the signs of CloudFormation.
fn unbraced(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("${") {
        plain.push_str(before);
        let (name, after) = inside.split_once('}').unwrap_or((inside, ""));
        plain.push_str(name);
        rest = after;
    }
    plain + rest
}
