use super::*;

const STACK: Choices<'_> = Choices { environment: None, stack: Some("acme") };

/// Compares the configuration that comes of the parameters, without its comment.
#[track_caller]
fn check(source: &str, expected: &str, remarks: &[&str]) {
    let imported = import(source, STACK).expect("a configuration");
    let lines: Vec<&str> =
        imported.toml.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(lines.join("\n"), expected.trim());
    assert_eq!(imported.remarks, remarks);
}

#[track_caller]
fn refused(source: &str, choices: Choices<'_>, code: &str, message: &str) {
    let error = import(source, choices).expect_err("no configuration");
    assert_eq!(error.code(), code);
    assert!(error.to_string().contains(message), "{error}");
}

const FACTORY: &str = r#"
stack = "acme"
[profile.default]
policies = ["base", "sensor"]
thing_groups = ["dept", "line-1"]
thing_type = "device"
certificate_status = "inactive"
defer_things = true
[vendor.infineon]
bundle = "E0E1"
"#;

#[test]
fn a_samconfig_becomes_a_configuration() {
    check(
        r#"
version = 0.1
[default.deploy.parameters]
stack_name = "thingpress-mes"
parameter_overrides = "IoTPolicies=\"base,sensor\" IoTThingGroups=\"dept, line-1\" IoTThingType=device IoTCertActive=FALSE IoTThingDeferred=\"TRUE\" InfineonCertBundleType=E0E1 IoTCertFormat=PEM ConcurrentExecutions=10"
"#,
        FACTORY,
        &[
            "`ConcurrentExecutions` is not needed: calls a second are kept by [rate] instead",
            "`IoTCertFormat` is not needed: PEM, DER and base64 are told apart without being told",
        ],
    );
}

#[test]
fn every_notation_means_the_same() {
    let words = "IoTPolicies=base,sensor IoTThingGroups=dept,line-1 IoTThingType=device \
                 IoTCertActive=FALSE IoTThingDeferred=TRUE CertificateType=E0E1";
    check(words, FACTORY, &[]);
    check(&words.replace(' ', "\n# a remark\n"), FACTORY, &[]);
    let quoted = words.replace("base,sensor", "\\\"base, sensor\\\"");
    check(&quoted, FACTORY, &[]);
    let command = format!(
        "sam deploy \\\n  --stack-name old \\\n  --parameter-overrides \\\n {words} \\\n --no-confirm-changeset"
    );
    check(&command, FACTORY, &[]);
    let list: Vec<String> = words.split_whitespace().map(|word| format!("\"{word}\"")).collect();
    check(
        &format!("[prod.deploy.parameters]\nparameter_overrides = [{}]", list.join(", ")),
        FACTORY,
        &[],
    );
    let pairs: Vec<(&str, &str)> =
        words.split_whitespace().filter_map(|word| word.split_once('=')).collect();
    let json: Vec<_> = pairs
        .iter()
        .map(|(key, value)| serde_json::json!({ "ParameterKey": key, "ParameterValue": value }))
        .collect();
    check(&serde_json::to_string(&json).expect("JSON"), FACTORY, &[]);
    let aws: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("ParameterKey={key},ParameterValue=\"{value}\""))
        .collect();
    check(&aws.join(" "), FACTORY, &[]);
}

#[test]
fn old_names_and_none_are_understood() {
    let nothing = "stack = \"acme\"\n[profile.default]\npolicies = [\"p\"]\nthing_groups = []\n\
                   certificate_status = \"active\"\ndefer_things = false";
    check("PolicyName=p ThingGroupName=None ThingTypeName= IoTCertActive=", nothing, &[]);
    check(
        "IoTPolicies=p,None IoTPolicy=p IoTThingGroups=\"\" IoTThingType=none Else=None",
        nothing,
        &[],
    );
}

#[test]
fn what_has_no_counterpart_is_told() {
    check(
        "IoTPolicy=p Colour=red RoleArn=arn:aws:iam::1:role/r",
        "stack = \"acme\"\n[profile.default]\npolicies = [\"p\"]\nthing_groups = []\n\
         certificate_status = \"active\"\ndefer_things = false",
        &[
            "`Colour` is not known and was left out; see whether infra/thingpress.toml has something for it",
            "`RoleArn` is not needed: `cargo xtask deploy` takes the role from your AWS profile",
        ],
    );
}

#[test]
fn the_files_own_name_serves_where_none_is_given() {
    let file = "[default.deploy.parameters]\nstack_name = \"thingpress-mes\"\nparameter_overrides = \"IoTPolicy=p\"\n";
    let imported = import(file, Choices::default()).expect("a configuration");
    assert!(imported.toml.contains("stack = \"thingpress-mes\""), "{}", imported.toml);
    refused("IoTPolicy=p", Choices::default(), "ConfigImport.NoStack", "--stack NAME");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    refused("", STACK, "ConfigImport.Empty", "no parameters");
    refused("just words", STACK, "ConfigImport.Empty", "no parameters");
    refused("IoTPolicy=\"p", STACK, "ConfigImport.Malformed", "not closed");
    refused("IoTThingType=a,b", STACK, "ConfigImport.Value", "AWS allows one thing type");
    refused("IoTCertActive=maybe", STACK, "ConfigImport.Value", "TRUE or FALSE");
    refused(
        "CertificateType=E0E0 InfineonCertBundleType=E0E1",
        STACK,
        "ConfigImport.Contradiction",
        "different things",
    );
    refused("CertificateType=E0E9", STACK, "Config.Invalid", "\"E0E0\" or \"E0E1\" or \"E0E2\"");
    refused("IoTPolicies=\"a b\"", STACK, "Config.Invalid", "a name must be");
    let two = "[default.deploy.parameters]\nparameter_overrides = \"IoTPolicy=p\"\n\
               [prod.deploy.parameters]\nparameter_overrides = \"IoTPolicy=q\"\n";
    refused(two, STACK, "ConfigImport.Environment", "default, prod");
    let absent = Choices { environment: Some("test"), ..STACK };
    refused(two, absent, "ConfigImport.Environment", "`test`");
    let prod = Choices { environment: Some("prod"), ..STACK };
    assert!(import(two, prod).expect("a configuration").toml.contains("policies = [\"q\"]"));
}
