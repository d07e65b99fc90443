use super::*;

mod options;

const SAMPLE: &str = include_str!("../../thingpress.toml");
const LEAST: &str = "stack = \"acme\"\n[profile.default]\n";

/// Compares what is wrong with a configuration, message by message.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let messages: Vec<String> = match Config::parse(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(Problem::to_string).collect(),
    };
    assert_eq!(messages, expected);
}

#[track_caller]
fn parsed(text: &str) -> Config {
    Config::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn reads_the_sample() {
    let config = parsed(SAMPLE);
    assert_eq!(config.stack, "acme-thingpress");
    assert_eq!(config.architecture, Architecture::X86_64);
    assert_eq!(config.profiles.keys().collect::<Vec<_>>(), ["default", "factory", "gateway"]);
    let default = &config.profiles["default"];
    assert_eq!(default.policies, ["sensor-policy"]);
    assert_eq!(default.thing_type.as_deref(), Some("sensor"));
    assert_eq!(default.certificate_status, CertificateStatus::Active);
    assert_eq!(config.profiles["gateway"].policies, ["gateway-base", "gateway-telemetry"]);
    assert_eq!(config.profiles["gateway"].thing_type, None);
    let factory = &config.profiles["factory"];
    assert_eq!(factory.certificate_status, CertificateStatus::Inactive);
    assert!(factory.defer_things && !factory.reactivate);
    assert_eq!(config.vendor.microchip.signers, Signers::default());
    assert_eq!(config.vendor.infineon.bundle, Bundle::E0E0);
}

#[test]
fn what_the_sample_writes_out_are_the_defaults() {
    let sample = parsed(SAMPLE);
    let least = parsed(LEAST);
    assert_eq!(sample.rate, least.rate);
    assert_eq!(sample.log, least.log);
    assert_eq!(sample.architecture, least.architecture);
    assert_eq!(sample.vendor, least.vendor);
    assert_eq!(sample.bucket_names, least.bucket_names);
    assert_eq!(sample.encryption, least.encryption);
    assert_eq!(sample.notify, least.notify);
    assert_eq!(sample.reserved_concurrency, least.reserved_concurrency);
    assert_eq!(least.profiles["default"], Profile::default());
    for key in Rate::KEYS {
        assert!(SAMPLE.contains(&format!("\n{key} = ")), "{key} is missing in the sample");
    }
}

#[test]
fn reads_every_key() {
    let pin = "AB:".repeat(31) + "AB";
    let config = parsed(&format!(
        "stack = \"acme\"\narchitecture = \"arm64\"\n\
         [profile.default]\npolicies = [\"a\", \"b\"]\nthing_groups = [\"g\"]\nthing_type = \"t\"\n\
         certificate_status = \"inactive\"\ndefer_things = true\nthing_name = \"acme-{{mac}}\"\nbundle = \"E0E1\"\n\
         on_conflict = \"adopt\"\nreactivate = true\nattributes = {{ line = \"7\", mac = \"{{mac}}\" }}\n\
         [vendor.microchip]\nsigners = [\"{pin}\", \"uploaded\"]\n[vendor.infineon]\nbundle = \"E0E2\"\n\
         [rate]\nregister_certificate = 400\nlist_thing_groups = 2.5\n[log]\nretention_days = 365\n"
    ));
    assert_eq!(config.architecture, Architecture::Arm64);
    assert_eq!(
        config.profiles["default"],
        Profile {
            policies: vec!["a".to_owned(), "b".to_owned()],
            thing_groups: vec!["g".to_owned()],
            thing_type: Some("t".to_owned()),
            certificate_status: CertificateStatus::Inactive,
            defer_things: true,
            thing_name: Some("acme-{mac}".to_owned()),
            attributes: BTreeMap::from([
                ("line".to_owned(), "7".to_owned()),
                ("mac".to_owned(), "{mac}".to_owned()),
            ]),
            on_conflict: OnConflict::Adopt,
            reactivate: true,
            bundle: Some(Bundle::E0E1),
        }
    );
    let signers = &config.vendor.microchip.signers;
    assert_eq!(signers.pins, ["ab".repeat(32)]);
    assert!(signers.trust_uploaded);
    assert_eq!(config.vendor.infineon.bundle, Bundle::E0E2);
    assert!((config.rate.register_certificate - 400.0).abs() < f64::EPSILON);
    assert!((config.rate.list_thing_groups - 2.5).abs() < f64::EPSILON);
    assert_eq!(config.log.retention_days, 365);
}

#[test]
fn uploaded_may_stand_alone() {
    let config = parsed(&format!("{LEAST}[vendor.microchip]\nsigners = \"uploaded\"\n"));
    assert!(config.vendor.microchip.signers.trust_uploaded);
    assert!(config.vendor.microchip.signers.pins.is_empty());
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    check(
        &format!("{LEAST}polices = []\n[rates]\n[log]\ncolour = 1\n"),
        &[
            "line 3: unknown key `polices` in [profile.default], did you mean `policies`?",
            "line 4: unknown key `rates`, did you mean `rate`?",
            "line 6: unknown key `colour` in [log], known: `retention_days`",
        ],
    );
}

#[test]
fn a_vendor_without_configuration_is_refused() {
    check(
        &format!("{LEAST}[vendor.microchp]\nsigners = []\n[vendor.espressif]\n"),
        &[
            "line 3: unknown key `microchp` in [vendor], did you mean `microchip`?",
            "line 5: unknown key `espressif` in [vendor], known: `microchip`, `infineon`",
        ],
    );
}

#[test]
fn an_unknown_key_of_a_vendor_is_refused() {
    check(
        &format!(
            "{LEAST}bundel = \"E0E1\"\n[vendor.microchip]\nbundle = \"E0E0\"\n[vendor.infineon]\nbundles = \"E0E0\"\n"
        ),
        &[
            "line 3: unknown key `bundel` in [profile.default], did you mean `bundle`?",
            "line 5: unknown key `bundle` in [vendor.microchip], known: `signers`",
            "line 7: unknown key `bundles` in [vendor.infineon], did you mean `bundle`?",
        ],
    );
}

#[test]
fn a_bundle_is_one_of_three_and_spelled_as_infineon_does() {
    for bundle in ["E0E0", "E0E1", "E0E2"] {
        check(
            &format!("{LEAST}bundle = \"{bundle}\"\n[vendor.infineon]\nbundle = \"{bundle}\"\n"),
            &[],
        );
    }
    check(
        &format!(
            "{LEAST}bundle = \"E0F0\"\n[vendor.infineon]\nbundle = \"e0e1\"\n[profile.x]\nbundle = 1\n"
        ),
        &[
            "line 3: `bundle` in [profile.default] must be \"E0E0\" or \"E0E1\" or \"E0E2\", got \"E0F0\"",
            "line 5: `bundle` in [vendor.infineon] must be \"E0E0\" or \"E0E1\" or \"E0E2\", got \"e0e1\"",
            "line 7: `bundle` in [profile.x] must be \"E0E0\" or \"E0E1\" or \"E0E2\", got 1",
        ],
    );
}

#[test]
fn a_profile_without_a_bundle_takes_the_vendors() {
    let bundles = |text: &str| {
        let run = crate::run_configuration(&parsed(text));
        ["default", "other"].map(|profile| run["profiles"][profile]["bundle"].clone())
    };
    let profiles = format!("{LEAST}[profile.other]\nbundle = \"E0E1\"\n");
    assert_eq!(bundles(&profiles), ["E0E0", "E0E1"]);
    assert_eq!(
        bundles(&format!("{profiles}[vendor.infineon]\nbundle = \"E0E2\"\n")),
        ["E0E2", "E0E1"]
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_shown() {
    check(
        "stack = 7\narchitecture = \"x86\"\n[profile.default]\npolicies = \"p\"\nthing_groups = [\"g\", 3]\n\
         certificate_status = \"on\"\ndefer_things = \"yes\"\n[rate]\nattach_policy = \"fast\"\n[log]\n\
         retention_days = -1\n",
        &[
            "line 1: `stack` must be a text in quotes, got 7",
            "line 2: `architecture` must be \"x86_64\" or \"arm64\", got \"x86\"",
            "line 4: `policies` in [profile.default] must be a list of texts, got \"p\"",
            "line 5: `thing_groups` in [profile.default] must be a list of texts, but holds 3",
            "line 6: `certificate_status` in [profile.default] must be \"active\" or \"inactive\", got \"on\"",
            "line 7: `defer_things` in [profile.default] must be true or false, got \"yes\"",
            "line 9: `attach_policy` in [rate] must be a number, got \"fast\"",
            "line 11: `retention_days` in [log] must be a whole number of days, got -1",
        ],
    );
}

#[test]
fn what_is_missing_is_named() {
    check(
        "",
        &[
            "`stack` is missing: name the deployment, such as stack = \"acme-thingpress\"",
            "[profile.default] is missing: it says what a device gets, and devices get nothing unasked",
        ],
    );
}

#[test]
fn a_slip_in_the_notation_has_its_line() {
    let error = Config::parse("stack = \"acme\"\n[profile.default\n").expect_err("a slip");
    assert_eq!(error.code(), "Config.Syntax");
    assert_eq!(
        error.problems().first().and_then(|problem| problem.place.clone()),
        Some(Place::Line(2))
    );
    let error = Config::parse("stack = \"acme\"\nstack = \"acme\"\n").expect_err("a double key");
    assert_eq!(error.code(), "Config.Syntax");
    assert_eq!(
        error.problems().first().and_then(|problem| problem.place.clone()),
        Some(Place::Line(2))
    );
}

#[test]
fn a_file_cut_anywhere_is_read_or_explained() {
    for (at, _) in SAMPLE.char_indices() {
        if let Err(error) = Config::parse(&SAMPLE[..at]) {
            assert!(!error.problems().is_empty(), "cut at {at}");
            assert!(
                error.problems().iter().all(|problem| !problem.message.is_empty()),
                "cut at {at}"
            );
        }
    }
}

#[test]
fn the_error_lists_everything_at_once() {
    let error = Config::parse("stack = \"Acme\"\n[profile.default]\nthing_type = \"\"\n")
        .expect_err("two problems");
    assert_eq!(error.code(), "Config.Invalid");
    assert_eq!(
        error.to_string(),
        "the configuration cannot be used:\n  \
         line 1: `stack` must be 3 to 28 lower-case letters, digits and hyphens, begin with a letter and not end \
         with a hyphen, because bucket names start with it; got \"Acme\"\n  \
         line 3: `thing_type` in [profile.default] must be 1 to 128 letters, digits and `:_-`, got \"\"; leave the \
         key out for no type"
    );
}

#[test]
fn a_stack_name_must_fit_buckets_and_roles() {
    let legal =
        |stack: &str| Config::parse(&format!("stack = \"{stack}\"\n[profile.default]\n")).is_ok();
    for stack in ["abc", "a-1", "acme-thingpress", &"a".repeat(28)] {
        assert!(legal(stack), "{stack} is refused");
    }
    for stack in ["", "ab", "1ab", "-ab", "ab-", "a_b", "a.b", "aBc", "aäb", "xn--a", "sthree-a"] {
        assert!(!legal(stack), "{stack} is taken");
    }
}

#[test]
fn names_keep_to_what_aws_iot_takes() {
    let long = "a".repeat(129);
    check(
        &format!(
            "stack = \"acme\"\n[profile.default]\npolicies = [\n  \"p_+=,.@-9\",\n  \"a b\",\n  \"{long}\",\n  \
             \"p_+=,.@-9\",\n]\nthing_groups = [\"a:b_c-d\", \"a.b\"]\n[profile.\"a/b\"]\n"
        ),
        &[
            "line 5: `policies` in [profile.default]: a name must be 1 to 128 letters, digits and `_+=,.@-`, got \
             \"a b\"",
            &format!(
                "line 6: `policies` in [profile.default]: a name must be 1 to 128 letters, digits and `_+=,.@-`, \
                 got \"{long}\""
            ),
            "line 7: `policies` in [profile.default] names \"p_+=,.@-9\" twice",
            "line 9: `thing_groups` in [profile.default]: a name must be 1 to 128 letters, digits and `:_-`, got \
             \"a.b\"",
            "line 10: a profile's name is the first folder of a manifest's key and must be 1 to 64 letters, digits, \
             dots, hyphens and underscores, got \"a/b\"",
        ],
    );
}

#[test]
fn ten_policies_and_groups_are_allowed_and_not_eleven() {
    let list = |count: usize| {
        (0..count).map(|index| format!("\"n{index}\"")).collect::<Vec<_>>().join(",")
    };
    check(&format!("{LEAST}policies = [{}]\nthing_groups = [{}]\n", list(10), list(10)), &[]);
    check(
        &format!("{LEAST}policies = [{}]\nthing_groups = [{}]\n", list(11), list(11)),
        &[
            "line 3: `policies` in [profile.default]: AWS IoT allows at most 10, got 11",
            "line 4: `thing_groups` in [profile.default]: AWS IoT allows at most 10, got 11",
        ],
    );
}

#[test]
fn a_naming_template_needs_a_known_field() {
    let name = |template: &str| format!("{LEAST}thing_name = \"{template}\"\n");
    let wrong = |template: &str, reason: &str| {
        check(
            &name(template),
            &[&format!("line 3: `thing_name` in [profile.default] \"{template}\": {reason}")],
        );
    };
    for field in ["cn", "unique_id", "mac", "chip_id", "serial", "fingerprint"] {
        check(&name(&format!("line-1:{{{field}}}_x")), &[]);
    }
    wrong("sensor", "needs a field such as `{cn}`, or all devices would get one name");
    wrong("{uniqe_id}", "unknown field `{uniqe_id}`, did you mean `unique_id`?");
    wrong("{cn", "a `{` is not closed by `}`");
    wrong("a/{cn}", "a thing's name holds letters, digits and `:_-`, not `/`");
    wrong("ü{cn}", "a thing's name holds letters, digits and `:_-`, not `ü`");
    wrong("{cn}}", "a thing's name holds letters, digits and `:_-`, not `}`");
}

#[test]
fn a_pin_is_a_sha_256() {
    check(
        &format!(
            "{LEAST}[vendor.microchip]\nsigners = [\n  \"{}\",\n  \"abc\",\n]\n",
            "0f".repeat(32)
        ),
        &[
            "line 6: a signer in [vendor.microchip] must be the SHA-256 of its certificate, 64 hexadecimal digits, or \
           \"uploaded\"; got \"abc\"",
        ],
    );
}

#[test]
fn rates_are_more_than_nothing_and_less_than_absurd() {
    check(
        &format!(
            "{LEAST}[rate]\nregister_certificate = 0\nattach_policy = -1\ncreate_thing = nan\n\
             describe_thing = inf\nlist_thing_groups = 0.1\n"
        ),
        &[
            "line 4: `register_certificate` in [rate] must be more than 0 and at most 1000000 calls a second, got 0",
            "line 5: `attach_policy` in [rate] must be more than 0 and at most 1000000 calls a second, got -1",
            "line 6: `create_thing` in [rate] must be more than 0 and at most 1000000 calls a second, got NaN",
            "line 7: `describe_thing` in [rate] must be more than 0 and at most 1000000 calls a second, got inf",
        ],
    );
}

#[test]
fn attributes_are_checked_before_anything_is_deployed() {
    let profile = |text: &str| format!("{LEAST}{text}\n");
    check(&profile("attributes = { line = \"7\", m = \"{mac}-{Batch No}\", a = \"[x]=1\" }"), &[]);
    check(
        &profile("attributes = { a = \"1\", b = \"1\", c = \"1\", d = \"1\" }"),
        &[
            "line 3: `attributes` in [profile.default]: AWS IoT allows at most 3 where the profile has no `thing_type`, got 4",
        ],
    );
    check(
        &profile("thing_type = \"t\"\nattributes = { a = \"1\", b = \"1\", c = \"1\", d = \"1\" }"),
        &[],
    );
    check(
        &profile("[profile.default.attributes]\nline = \"7\"\nmac = \"{mac\"\n\"a b\" = \"1\"\nnote = \"two words\"\nnone = \"\"\nkind = 7")
            .replace("[profile.default]\n[profile.default.attributes]\n", "[profile.default]\nthing_type = \"t\"\n[profile.default.attributes]\n"),
        &[
            "line 6: `attributes` in [profile.default]: `mac` \"{mac\": a `{` is not closed by `}`",
            "line 7: `attributes` in [profile.default]: a name must be 1 to 128 letters, digits and `_.,@/:#-`, got \"a b\"",
            "line 8: `attributes` in [profile.default]: `note` \"two words\": an attribute's value holds letters, digits and `_.,@/:#=[]-`, not ` `",
            "line 9: `attributes` in [profile.default]: `none` \"\": an attribute needs a value, since AWS IoT knows no empty one",
            "line 10: `kind` in [profile.default.attributes] must be a text in quotes, got 7",
        ],
    );
}

#[test]
fn a_profile_has_one_thing_type() {
    check(
        &format!("{LEAST}thing_type = [\"a\", \"b\"]\n"),
        &[
            "line 3: `thing_type` in [profile.default] must be one name in quotes, since AWS allows one thing type, got a list",
        ],
    );
}

#[test]
fn what_stands_already_fails_or_is_adopted() {
    check(&format!("{LEAST}on_conflict = \"adopt\"\n"), &[]);
    check(
        &format!("{LEAST}on_conflict = \"replace\"\n"),
        &[
            "line 3: `on_conflict` in [profile.default] must be \"fail\" or \"adopt\", got \"replace\"",
        ],
    );
}

#[test]
fn logs_are_kept_as_long_as_cloudwatch_offers() {
    check(&format!("{LEAST}[log]\nretention_days = 3653\n"), &[]);
    let error =
        Config::parse(&format!("{LEAST}[log]\nretention_days = 91\n")).expect_err("91 days");
    let [problem] = error.problems() else { panic!("one problem, got {error}") };
    assert_eq!(problem.place, Some(Place::Line(4)));
    assert!(problem.message.ends_with("got 91"), "{problem}");
    assert!(problem.message.contains("(1, 3, 5, 7, 14, 30, 60, 90, "), "{problem}");
}

#[test]
fn there_are_workers_for_small_units_and_one_for_each_twenty_registrations() {
    let concurrency = |rate: f64| {
        let mut config = parsed(LEAST);
        config.rate.register_certificate = rate;
        config.concurrency()
    };
    assert_eq!(concurrency(0.5), 2);
    assert_eq!(concurrency(10.0), 4);
    assert_eq!(concurrency(10.1), 5);
    assert_eq!(concurrency(28.0), 8);
    assert_eq!(concurrency(160.0), 8);
    assert_eq!(concurrency(160.5), 9);
    assert_eq!(concurrency(1_000.0), 50);
    assert_eq!(concurrency(1_000_000.0), 10_000);
}

#[test]
fn the_configuration_of_a_run_has_its_fixed_shape() {
    let mut config = parsed(LEAST);
    config.vendor.microchip.signers = Signers { pins: vec!["ab".repeat(32)], trust_uploaded: true };
    assert_eq!(
        crate::run_configuration(&config),
        serde_json::json!({
            "stack": "acme",
            "profiles": {
                "default": {
                    "policies": [],
                    "thing_groups": [],
                    "thing_type": null,
                    "certificate_status": "active",
                    "defer_things": false,
                    "thing_name": null,
                    "attributes": {},
                    "on_conflict": "fail",
                    "reactivate": false,
                    "bundle": "E0E0",
                },
            },
            "signers": { "pins": ["ab".repeat(32)], "trust_uploaded": true },
            "rate": {
                "register_certificate": 10.0,
                "attach_policy": 15.0,
                "describe_thing": 350.0,
                "create_thing": 100.0,
                "update_thing": 100.0,
                "attach_thing_principal": 100.0,
                "add_thing_to_thing_group": 100.0,
                "list_thing_principals": 20.0,
                "describe_certificate": 10.0,
                "update_certificate": 10.0,
                "list_attached_policies": 15.0,
                "list_thing_groups": 10.0,
                "list_principal_things": 10.0,
                "detach_policy": 15.0,
                "remove_thing_from_thing_group": 100.0,
                "delete_thing": 100.0,
                "delete_certificate": 10.0,
            },
            "concurrency": 4,
        })
    );
}

/// The configuration that the least one and these settings give, or what is wrong with it.
fn set(settings: &[&str]) -> Result<Config, Vec<String>> {
    let settings: Result<Vec<Setting>, Problem> =
        settings.iter().map(|setting| Setting::parse(setting)).collect();
    let settings = settings.map_err(|problem| vec![problem.to_string()])?;
    Config::parse_with(LEAST, &settings)
        .map_err(|error| error.problems().iter().map(Problem::to_string).collect())
}

#[test]
fn a_setting_takes_the_place_of_the_files_value() {
    let config = set(&[
        "stack=other",
        "rate.register_certificate=20",
        "profile.default.policies=[\"a\", \"b\"]",
        "profile.default.thing_type = sensor",
        "profile.gateway.defer_things=true",
        "rate.register_certificate=30",
    ])
    .unwrap();
    assert_eq!(config.stack, "other");
    assert!((config.rate.register_certificate - 30.0).abs() < f64::EPSILON, "the last one holds");
    assert_eq!(config.profiles["default"].policies, ["a", "b"]);
    assert_eq!(config.profiles["default"].thing_type.as_deref(), Some("sensor"));
    assert!(config.profiles["gateway"].defer_things);
}

#[test]
fn a_mistake_in_a_setting_names_the_flag() {
    let check = |settings: &[&str], expected: &[&str]| {
        assert_eq!(set(settings).unwrap_err(), expected);
    };
    check(
        &["rate.register_certificat=20"],
        &[
            "--set rate.register_certificat=20: unknown key `register_certificat` in [rate], did you mean `register_certificate`?",
        ],
    );
    check(
        &["log.retention_days=30", "rate.attach_policy=fast"],
        &[
            "--set rate.attach_policy=fast: `attach_policy` in [rate] must be a number, got \"fast\"",
        ],
    );
    check(&["rate=5"], &["--set rate=5: `rate` must be a table, got 5"]);
    for text in ["stack", "=5", "a..b=1", "a b=1"] {
        check(
            &[text],
            &[&format!(
                "--set {text}: no KEY=VALUE, such as rate.register_certificate=20 or stack=acme"
            )],
        );
    }
}

#[test]
fn a_profile_that_could_never_be_chosen_is_refused() {
    check(
        "stack = \"acme\"\n[profile.default]\n[profile.plan]\npolicies = []\n",
        &[
            "line 3: [profile.plan] can never be chosen: files in the folder `plan` are planned and not imported. Call it otherwise",
        ],
    );
}
