//! The ARNs that a statement means, and the forms that AWS gives for them.

use serde_json::Value;

use crate::l1;
use crate::template::intrinsic::Intrinsic;

/// The ARNs of a statement's resource. What only the deployment knows is called by its name, so that
/// only the statement's own wildcards are wildcards.
pub(super) fn arns(template: &Value, resource: &Value) -> Vec<String> {
    match Intrinsic::of(resource) {
        Some(Intrinsic::Ref("AWS::NoValue")) => Vec::new(),
        Some(Intrinsic::If { branches, .. }) => {
            branches.into_iter().flat_map(|branch| arns(template, branch)).collect()
        }
        _ => vec![text(template, resource)],
    }
}

/// The text that a value stands for.
fn text(template: &Value, value: &Value) -> String {
    match Intrinsic::of(value) {
        None => value.as_str().expect("text").to_owned(),
        Some(Intrinsic::Ref(id)) => referred(template, id),
        Some(Intrinsic::GetAtt { resource, attribute }) => {
            attributed(template, resource, attribute)
        }
        Some(Intrinsic::Sub { text, own: None }) => {
            filled(text, |name| match name.split_once('.') {
                Some((resource, attribute)) => attributed(template, resource, attribute),
                None => referred(template, name),
            })
        }
        Some(other) => panic!("what {other:?} gives is not known here"),
    }
}

/// A text with what stands for each `${Name}` in it.
fn filled(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut pieces = text.split("${");
    let mut filled = pieces.next().expect("a beginning").to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('}').expect("an end");
        filled += &value(name);
        filled += rest;
    }
    filled
}

/// What `Ref` gives: a resource's ARN or name, or the name of what CloudFormation fills in.
fn referred(template: &Value, id: &str) -> String {
    let resource = &template["Resources"][id];
    let Some(kind) = resource["Type"].as_str() else {
        return id.trim_start_matches("AWS::").to_owned();
    };
    let reference = &l1::resource_type(kind).expect(kind).reference;
    if reference.ends_with("Arn") {
        attributed(template, id, reference)
    } else {
        named(template, resource, reference)
    }
}

fn attributed(template: &Value, id: &str, attribute: &str) -> String {
    let resource = &template["Resources"][id];
    let kind = resource["Type"].as_str().expect("a resource");
    assert!(attribute.ends_with("Arn"), "{id}.{attribute} is no ARN");
    let format = l1::resource_type(kind).expect(kind).arn.as_ref().expect("an ARN");
    let arn = filled(format, |name| named(template, resource, name));
    // CloudFormation gives a log group's ARN together with what is in the group.
    if kind == "AWS::Logs::LogGroup" { arn + ":*" } else { arn }
}

/// The name that the template gives; a rule's is called `Name`.
fn named(template: &Value, resource: &Value, property: &str) -> String {
    let properties = &resource["Properties"];
    let name = properties.get(property).or_else(|| properties.get("Name"));
    name.map_or_else(|| property.to_owned(), |name| text(template, name))
}

/// The part of an ARN that names the resource.
pub(super) fn resource_part(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// Whether an ARN with `*` in it can mean something of the form, and nothing of another form.
pub(super) fn is_of(arn: &str, format: &str) -> bool {
    // A wildcard at the beginning of the resource's part would mean every type of the service.
    if arn == "*" || resource_part(arn).starts_with('*') {
        return false;
    }
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let forms: Vec<&str> = format.splitn(6, ':').collect();
    let ([heads @ .., part], [form_heads @ .., form]) = (parts.as_slice(), forms.as_slice()) else {
        return false;
    };
    let is_any = |text: &str| text == "*" || text.starts_with("${");
    heads.len() == form_heads.len()
        && heads
            .iter()
            .zip(form_heads)
            .all(|(one, other)| one == other || is_any(one) || is_any(other))
        && meet(&pieces_of_arn(part), &pieces_of_format(form))
}

#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Letter(char),
    /// Any text.
    Any,
    /// Any text without a slash: a bucket's name.
    NoSlash,
}

fn pieces_of_arn(part: &str) -> Vec<Piece> {
    part.chars()
        .map(|letter| if letter == '*' { Piece::Any } else { Piece::Letter(letter) })
        .collect()
}

fn pieces_of_format(format: &str) -> Vec<Piece> {
    let mut parts = format.split("${");
    let mut pieces: Vec<Piece> =
        parts.next().expect("a beginning").chars().map(Piece::Letter).collect();
    for part in parts {
        let (name, rest) = part.split_once('}').expect("an end");
        pieces.push(if name == "BucketName" { Piece::NoSlash } else { Piece::Any });
        pieces.extend(rest.chars().map(Piece::Letter));
    }
    pieces
}

/// Whether some text is described by both.
fn meet(left: &[Piece], right: &[Piece]) -> bool {
    match (left.split_first(), right.split_first()) {
        (None, None) => true,
        (Some((Piece::Letter(one), rest)), Some((Piece::Letter(other), others))) => {
            one == other && meet(rest, others)
        }
        (Some((wild, rest)), _) if !matches!(wild, Piece::Letter(_)) => {
            meet(rest, right)
                || right
                    .split_first()
                    .is_some_and(|(piece, others)| passes(*wild, *piece) && meet(left, others))
        }
        (_, Some((wild, others))) if !matches!(wild, Piece::Letter(_)) => {
            meet(left, others)
                || left
                    .split_first()
                    .is_some_and(|(piece, rest)| passes(*wild, *piece) && meet(rest, right))
        }
        _ => false,
    }
}

fn passes(wild: Piece, piece: Piece) -> bool {
    !(wild == Piece::NoSlash && piece == Piece::Letter('/'))
}

#[test]
fn an_arn_is_of_its_form_and_of_no_other() {
    let (bucket, object) = (
        "arn:${Partition}:s3:::${BucketName}",
        "arn:${Partition}:s3:::${BucketName}/${ObjectName}",
    );
    let thing = "arn:${Partition}:iot:${Region}:${Account}:thing/${ThingName}";
    let stream = "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}";
    assert!(is_of("arn:*:s3:::acme", bucket) && !is_of("arn:*:s3:::acme", object));
    assert!(is_of("arn:*:s3:::acme/runs/*", object) && !is_of("arn:*:s3:::acme/runs/*", bucket));
    assert!(is_of("arn:*:iot:*:*:thing/*", thing) && !is_of("arn:*:iot:*:*:thinggroup/a", thing));
    assert!(is_of("arn:*:logs:*:*:log-group:/aws/lambda/a:*", stream));
    assert!(!is_of("arn:*:logs:*:*:log-group:/aws/lambda/a", stream));
    assert!(!is_of("*", thing) && !is_of("arn:*:iot:*:*:*", thing));
}
