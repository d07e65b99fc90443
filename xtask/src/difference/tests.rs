use super::*;
use crate::progress::Paint;

const PLAIN: &str = "stack = \"acme\"\n[profile.default]\npolicies = [\"base\"]\n";

fn template(config: &str) -> String {
    infra::synthesize(&infra::Config::parse(config).unwrap()).unwrap()
}

fn side(template: &str) -> Side<'_> {
    let parameters =
        [("AssetsBucket", "assets"), ("ReportKey", "functions/report/0123456789abcdef.zip")];
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Side { template, parameters }
}

/// The lines of the difference between two configurations, and of what is to be looked at.
fn between(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let (old, new) = (template(old), template(new));
    let difference = Difference::between(Some(&side(&old)), &side(&new)).unwrap();
    (lines(&difference, Paint::plain()), security_lines(&concerns(&difference), Paint::plain()))
}

#[test]
fn the_same_configuration_makes_no_difference() {
    let text = template(PLAIN);
    let difference = Difference::between(Some(&side(&text)), &side(&text)).unwrap();
    assert!(difference.is_empty(), "{difference:?}");
}

#[test]
fn a_changed_rate_is_a_value_of_the_configuration() {
    let changed = format!("{PLAIN}[rate]\nattach_policy = 30\n");
    let (lines, security) = between(PLAIN, &changed);
    let expected = "      configuration: rate.attach_policy  15.0 → 30.0";
    assert_eq!(
        lines,
        [
            "  ~ machine Activate",
            expected,
            "  ~ machine Import",
            expected,
            "  ~ machine Undo",
            expected,
        ],
        "{security:?}"
    );
    assert_eq!(security, [""; 0]);
}

#[test]
fn another_policy_is_told_by_role_action_and_resource() {
    let changed = PLAIN.replace("[\"base\"]", "[\"base\", \"more\"]");
    let (lines, security) = between(PLAIN, &changed);
    assert!(
        lines.contains(
            &r#"      configuration: profiles.default.policies  ["base"] → ["base","more"]"#
                .to_owned()
        ),
        "{lines:#?}"
    );
    assert!(lines.contains(&"      role  permissions, see below".to_owned()), "{lines:#?}");
    assert!(security.contains(&"Permissions".to_owned()), "{security:#?}");
    let all = security.join("\n");
    assert!(!all.contains("policy/base"), "what was allowed before is not told again: {all}");
    assert!(
        all.contains("  role acme-preflight\n    + Allow iot:GetPolicy on iot:policy/more"),
        "{all}"
    );
}

#[test]
fn a_changed_function_changes_that_function_only() {
    let text = template(PLAIN);
    let mut new = side(&text);
    new.parameters.insert("ReportKey".into(), "functions/report/fedcba9876543210.zip".into());
    let difference = Difference::between(Some(&side(&text)), &new).unwrap();
    assert_eq!(
        lines(&difference, Paint::plain()),
        ["  ~ function Report", "      code  0123456789ab → fedcba987654"]
    );
}

#[test]
fn another_name_replaces_and_what_is_retained_stays() {
    let (_, security) = between(PLAIN, &PLAIN.replace("acme", "other"));
    let all = security.join("\n");
    assert!(all.contains("! bucket other-runs: another one is made, and this one goes"), "{all}");
    assert!(security.first().is_some_and(|first| first == "Replaced"), "{all}");
}

#[test]
fn a_resource_that_leaves_is_deleted_or_kept() {
    let text = template(PLAIN);
    let mut value: Value = serde_json::from_str(&text).unwrap();
    let resources = value["Resources"].as_object_mut().unwrap();
    resources.remove("MesBucket");
    resources.remove("UndeliveredQueue");
    let fewer = value.to_string();
    let difference = Difference::between(Some(&side(&text)), &side(&fewer)).unwrap();
    let security = security_lines(&concerns(&difference), Paint::plain());
    assert_eq!(
        security,
        [
            "Deleted",
            "  ! bucket acme-mes leaves the stack, and stays in the account",
            "  ! queue acme-undelivered, with everything in it",
        ]
    );
}

#[test]
fn an_open_door_is_told_as_one() {
    let text = template(PLAIN);
    let mut value: Value = serde_json::from_str(&text).unwrap();
    let bucket = &mut value["Resources"]["MesBucket"]["Properties"];
    bucket["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] = serde_json::json!(false);
    let policy = &mut value["Resources"]["MesBucketPolicy"]["Properties"]["PolicyDocument"];
    policy["Statement"] = serde_json::json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]);
    let open = value.to_string();
    let difference = Difference::between(Some(&side(&text)), &side(&open)).unwrap();
    assert_eq!(
        security_lines(&concerns(&difference), Paint::plain()),
        [
            "Public access",
            "  ! bucket acme-mes: PublicAccessBlockConfiguration.BlockPublicPolicy true → false",
            "  bucket policy MesBucketPolicy",
            "    + Allow *: s3:GetObject on *",
            "    - Deny *: s3:* on MesBucket, MesBucket/* if aws:SecureTransport Bool false",
        ]
    );
}

#[test]
fn a_new_stack_is_told_by_its_constructs() {
    let text = template(PLAIN);
    let difference = Difference::between(None, &side(&text)).unwrap();
    let lines = lines(&difference, Paint::plain());
    let functions = lines.iter().find(|line| line.starts_with("  + function  "));
    assert!(
        functions.is_some_and(|line| line.ends_with("Preflight, Register, Report, Undo")),
        "{lines:#?}"
    );
    assert!(lines.len() < 20, "a line a kind: {lines:#?}");
}

#[test]
fn what_a_switch_turns_off_is_not_there() {
    let text = template(PLAIN);
    let mut local = side(&text);
    local.parameters.insert(infra::REQUIRE_TLS.into(), "false".into());
    let difference = Difference::between(Some(&local), &side(&text)).unwrap();
    let is_policy = |resource: &&ResourceDifference| resource.id == "RunsBucketPolicy";
    let policy = difference.resources.iter().find(is_policy).unwrap();
    assert_eq!(policy.fate, Fate::Created);
    assert!(!difference.resources.iter().any(|resource| resource.id == "RunsBucket"));
}

#[test]
fn a_state_is_named_with_the_states_around_it() {
    let check = |path: &[&str], expected: &str| {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(names::place(&path), expected);
    };
    check(&["MemorySize"], "MemorySize");
    check(&["Targets", "[0]", "Id"], "Targets[0].Id");
    check(
        &["DefinitionString", "States", "Register", "MaxConcurrency"],
        "state Register: MaxConcurrency",
    );
    check(
        &[
            "DefinitionString",
            "States",
            "Register",
            "ItemProcessor",
            "States",
            "Work",
            "Retry",
            "[0]",
            "MaxAttempts",
        ],
        "state Register > Work: Retry[0].MaxAttempts",
    );
    check(&["DefinitionString", "States", "New"], "state New");
    check(&["DefinitionString", "StartAt"], "definition: StartAt");
}

#[test]
fn a_program_gets_everything() {
    let (old, new) = (template(PLAIN), template(&PLAIN.replace("base", "other")));
    let difference = Difference::between(Some(&side(&old)), &side(&new)).unwrap();
    let value = json(&difference, &concerns(&difference));
    let role =
        value["resources"].as_array().unwrap().iter().find(|one| one["id"] == "PreflightRole");
    let statements = &role.unwrap()["statements"];
    assert_eq!(statements["added"][0]["resources"], serde_json::json!(["iot:policy/other"]));
    assert_eq!(statements["removed"][0]["resources"], serde_json::json!(["iot:policy/base"]));
    assert!(value["security"].as_array().unwrap().iter().any(|one| one["kind"] == "permissions"));
}
