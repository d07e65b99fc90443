//! Whether a policy of AWS IoT lets a device connect, as far as its document tells.

use serde::Serialize;
use serde_json::Value;

use crate::aws::Account;

const CONNECT: &str = "iot:Connect";

/// Who is to connect.
#[derive(Debug)]
pub(super) struct Connecting<'a> {
    pub(super) account: &'a Account,
    /// The client id, where it is known: the thing's name.
    pub(super) client: Option<&'a str>,
    /// Whether the certificate is attached to that thing.
    pub(super) is_attached: bool,
}

/// What a policy says about connecting; of several statements the greatest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Connect {
    /// Nothing.
    #[default]
    Unsaid,
    /// It allows `iot:Connect` to clients of other names only, or to attached things while this one is not.
    AllowsOthers,
    /// It lets the device connect under its thing's name.
    Allows,
    /// It forbids it.
    Denies,
}

/// What a policy says about connecting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Said {
    pub(super) connect: Connect,
    /// Some of it holds under conditions, which were not looked at.
    pub(super) conditions: bool,
}

/// Reads a document. Statements about other actions count for nothing.
pub(super) fn says(document: &str, connecting: &Connecting<'_>) -> Said {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let mut said = Said::default();
    for statement in several(document.get("Statement")) {
        if !is_about_connecting(statement) {
            continue;
        }
        let is_own = is_for(statement, connecting);
        let is_conditional = statement.get("Condition").is_some();
        let connect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") if is_own => Connect::Allows,
            Some("Allow") => Connect::AllowsOthers,
            Some("Deny") if is_own && !is_conditional => Connect::Denies,
            _ => Connect::Unsaid,
        };
        said.connect = said.connect.max(connect);
        said.conditions |= is_own && is_conditional;
    }
    said
}

/// A member that may be one value or several.
fn several(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    several(value).into_iter().filter_map(Value::as_str).collect()
}

fn is_about_connecting(statement: &Value) -> bool {
    let matches = |pattern: &&str| fits(&pattern.to_lowercase(), &CONNECT.to_lowercase());
    match statement.get("NotAction") {
        Some(_) => !texts(statement.get("NotAction")).iter().any(matches),
        None => texts(statement.get("Action")).iter().any(matches),
    }
}

fn is_for(statement: &Value, connecting: &Connecting<'_>) -> bool {
    let Some(client) = connecting.client else { return true };
    let Account { id, region, partition, .. } = connecting.account;
    let own = format!("arn:{partition}:iot:{region}:{id}:client/{client}");
    let matches = |resource: &&str| {
        if resource.contains("${iot:Connection.Thing.") && !connecting.is_attached {
            return false;
        }
        let resource = resource.replace("${iot:Connection.Thing.ThingName}", client);
        let resource = resource.replace("${iot:ClientId}", client);
        fits(&without_variables(&resource), &own)
    };
    match statement.get("NotResource") {
        Some(_) => !texts(statement.get("NotResource")).iter().any(matches),
        None => texts(statement.get("Resource")).iter().any(matches),
    }
}

/// What a variable stands for is not known here, so it may be anything.
fn without_variables(resource: &str) -> String {
    let mut text = String::new();
    let mut rest = resource;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((_, behind)) = after.split_once('}') else { break };
        text.push_str(before);
        text.push('*');
        rest = behind;
    }
    text + rest
}

/// Whether a text fits a pattern with `*` for anything and `?` for one character.
fn fits(pattern: &str, text: &str) -> bool {
    let mut rests = vec![text];
    // What may be left of the text after each character of the pattern: few, and each once.
    for wanted in pattern.chars() {
        let mut next = Vec::new();
        for rest in rests {
            let mut characters = rest.chars();
            if wanted == '*' {
                let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
                next.extend(ends.filter_map(|at| rest.get(at..)));
            } else if characters.next().is_some_and(|found| wanted == '?' || wanted == found) {
                next.push(characters.as_str());
            }
        }
        next.sort_unstable_by_key(|rest| rest.len());
        next.dedup();
        rests = next;
    }
    rests.contains(&"")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account() -> Account {
        Account {
            id: "123456789012".into(),
            region: "eu-central-1".into(),
            partition: "aws".into(),
            identity: String::new(),
        }
    }

    /// What a policy of one statement says to the attached thing `pump-1`.
    fn said(statement: Value) -> Said {
        said_to(true, statement)
    }

    fn said_to(is_attached: bool, statement: Value) -> Said {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        says(&document, &Connecting { account: &account(), client: Some("pump-1"), is_attached })
    }

    fn allow(action: Value, resource: &str) -> Value {
        json!({"Effect": "Allow", "Action": action, "Resource": resource})
    }

    const YES: Said = Said { connect: Connect::Allows, conditions: false };
    const NO: Said = Said { connect: Connect::Unsaid, ..YES };
    const OTHERS: Said = Said { connect: Connect::AllowsOthers, ..YES };

    #[test]
    fn what_allows_connecting_is_known_in_all_its_spellings() {
        for action in [
            json!("iot:Connect"),
            json!("iot:*"),
            json!("*"),
            json!(["iot:Publish", "iot:connect"]),
            json!("iot:Conn?ct"),
        ] {
            assert_eq!(said(allow(action.clone(), "*")), YES, "{action}");
        }
        assert_eq!(said(allow(json!(["iot:Publish", "iot:Receive"]), "*")), NO);
        let everything_else =
            json!({"Effect": "Allow", "NotAction": "iot:Connect", "Resource": "*"});
        assert_eq!(said(everything_else), NO);
        let publishing_aside =
            json!({"Effect": "Allow", "NotAction": ["iot:Publish"], "Resource": "*"});
        assert_eq!(said(publishing_aside), YES);
    }

    #[test]
    fn the_client_has_to_be_the_device() {
        let clients = |client: &str| {
            allow(
                json!("iot:Connect"),
                &format!("arn:aws:iot:eu-central-1:123456789012:client/{client}"),
            )
        };
        for client in [
            "pump-1",
            "pump-*",
            "*",
            "${iot:ClientId}",
            "${iot:Connection.Thing.ThingName}",
            "${iot:Certificate.Subject.CommonName}",
        ] {
            assert_eq!(said(clients(client)), YES, "{client}");
        }
        assert_eq!(said(clients("valve-*")), OTHERS);
        let elsewhere = "arn:aws:iot:us-east-1:123456789012:client/*";
        assert_eq!(said(allow(json!("iot:Connect"), elsewhere)), OTHERS);
        assert_eq!(said(allow(json!("iot:Connect"), "arn:aws:iot:*:*:*")), YES);
    }

    #[test]
    fn what_goes_by_the_thing_needs_the_certificate_attached_to_it() {
        let by_thing =
            "arn:aws:iot:eu-central-1:123456789012:client/${iot:Connection.Thing.ThingName}";
        assert_eq!(said_to(false, allow(json!("iot:Connect"), by_thing)), OTHERS);
        assert_eq!(said_to(false, allow(json!("iot:Connect"), "*")), YES);
    }

    #[test]
    fn denials_and_conditions_are_told() {
        let denied = json!({"Effect": "Deny", "Action": "iot:Connect", "Resource": "*"});
        assert_eq!(said(denied), Said { connect: Connect::Denies, ..NO });
        let condition = json!({"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}});
        let conditional =
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        assert_eq!(said(conditional), Said { conditions: true, ..YES });
    }

    #[test]
    fn a_document_that_is_none_says_nothing() {
        let connecting = Connecting { account: &account(), client: None, is_attached: false };
        for document in ["", "[]", "{\"Statement\": 7}", "no JSON"] {
            assert_eq!(says(document, &connecting), Said::default());
        }
        let one = r#"{"Statement": {"Effect": "Allow", "Action": "iot:Connect", "Resource": "x"}}"#;
        assert_eq!(says(one, &connecting), YES, "without a known client any will do");
    }
}
