//! The choices about the stack's resources.

use super::{LEAST, check, parsed};
use crate::config::{BucketNames, Config, Encryption};

#[test]
fn reads_every_choice() {
    let config = parsed(
        "stack = \"acme\"\nbucket_names = \"account\"\nencryption = \"kms\"\naccess_logs = \"acme-logs\"\n\
         permissions_boundary = \"team_boundary\"\n[profile.default]\n[notify]\nemails = [\"ops@example.com\"]\n\
         [reserved_concurrency]\nregister = 8\nreport = 1\n",
    );
    assert_eq!(config.bucket_names, BucketNames::Account);
    assert_eq!(config.encryption, Encryption::Kms);
    assert_eq!(config.access_logs.as_deref(), Some("acme-logs"));
    assert_eq!(config.permissions_boundary.as_deref(), Some("team_boundary"));
    assert_eq!(config.notify.emails, ["ops@example.com"]);
    let reserved = [("register".to_owned(), 8), ("report".to_owned(), 1)];
    assert_eq!(config.reserved_concurrency, reserved.into());
}

#[test]
fn a_wrong_choice_is_told_with_those_there_are() {
    check(
        "stack = \"acme\"\nbucket_names = \"global\"\nencryption = \"aes\"\naccess_log = \"x\"\n[profile.default]\n\
         [notify]\nemail = \"ops@example.com\"\n[reserved_concurrency]\nregistr = 8\ndecode-mes = 0\nreport = 1.5\n",
        &[
            "line 2: `bucket_names` must be \"stack\" or \"account\", got \"global\"",
            "line 3: `encryption` must be \"s3\" or \"kms\", got \"aes\"",
            "line 4: unknown key `access_log`, did you mean `access_logs`?",
            "line 7: unknown key `email` in [notify], did you mean `emails`?",
            "line 9: unknown key `registr` in [reserved_concurrency], did you mean `register`?",
            "line 10: `decode-mes` in [reserved_concurrency] must be at least 1, since 0 would stop the function; leave \
             the line out to reserve none",
            "line 11: `report` in [reserved_concurrency] must be a whole number of executions, got 1.5",
        ],
    );
}

#[test]
fn a_function_that_code_names_is_checked_as_well() {
    let mut config = parsed(LEAST);
    config.reserved_concurrency.insert("activat".to_owned(), 1);
    let problems = config.problems();
    let [problem] = problems.as_slice() else { panic!("one problem, got {problems:?}") };
    assert_eq!(
        problem.message,
        "[reserved_concurrency] names no function `activat`, did you mean `activate`?"
    );
}

#[test]
fn an_address_has_the_shape_of_one() {
    let emails = |list: &str| format!("{LEAST}[notify]\nemails = [{list}]\n");
    let longest = format!("ops@{}.com", "a".repeat(246));
    check(
        &emails(&format!("\"ops@example.com\", \"a.b+c@mail.example.co.uk\", \"{longest}\"")),
        &[],
    );
    check(
        &emails("\"ops@example.com\", \"ops@example.com\""),
        &["line 4: `emails` in [notify] names \"ops@example.com\" twice"],
    );
    for wrong in [
        "",
        "ops",
        "@example.com",
        "ops@",
        "ops@example",
        "ops@example..com",
        "ops@-example.com",
        "ops@exa_mple.com",
        "ops @example.com",
        "ops@example.com,it@example.com",
        "Ops <ops@example.com>",
        "ops@@example.com",
        &format!("a{longest}"),
        &format!("{}@example.com", "a".repeat(65)),
    ] {
        check(
            &emails(&format!("\"{wrong}\"")),
            &[&format!(
                "line 4: `emails` in [notify]: an address is like ops@example.com, got \"{wrong}\""
            )],
        );
    }
}

#[test]
fn a_boundary_is_a_policys_name() {
    let arn = "arn:aws:iam::123456789012:policy/boundary";
    check(
        &format!("stack = \"acme\"\npermissions_boundary = \"{arn}\"\n[profile.default]\n"),
        &[&format!(
            "line 2: `permissions_boundary` must be the policy's name without the rest of its ARN, since the policy \
             is in the stack's own account; got \"{arn}\""
        )],
    );
    check(
        "stack = \"acme\"\npermissions_boundary = \"a b\"\n[profile.default]\n",
        &[
            "line 2: `permissions_boundary` must be the name of a managed policy: 1 to 128 letters, digits and \
           `_+=,.@-`, got \"a b\"",
        ],
    );
}

#[test]
fn logs_go_into_a_bucket_that_is_not_the_stacks_own() {
    let logs = |names: &str, bucket: &str| {
        format!(
            "stack = \"acme\"\nbucket_names = \"{names}\"\naccess_logs = \"{bucket}\"\n[profile.default]\n"
        )
    };
    for bucket in ["acme-logs", "acme-mes-logs", "logs.example.com", "a1b"] {
        check(&logs("stack", bucket), &[]);
        check(&logs("account", bucket), &[]);
    }
    for bucket in ["ab", "Acme", "acme_logs", "-acme", "acme.", &"a".repeat(64)] {
        check(
            &logs("stack", bucket),
            &[&format!(
                "line 3: `access_logs` must be the name of an existing bucket: 3 to 63 lower-case letters, digits, \
                 hyphens and dots, got \"{bucket}\""
            )],
        );
    }
    for (names, bucket) in [
        ("stack", "acme-runs"),
        ("stack", "acme-mes"),
        ("account", "acme-runs-123456789012-eu-west-1-an"),
    ] {
        check(
            &logs(names, bucket),
            &[&format!(
                "line 3: `access_logs` names \"{bucket}\", a bucket of the stack itself: each log would be an access \
                 that is logged again; name a bucket for logs"
            )],
        );
    }
}

#[test]
fn the_longest_stack_leaves_room_for_every_name() {
    let text = |names: &str, length: usize| {
        format!(
            "stack = \"{}\"\nbucket_names = \"{names}\"\n[profile.default]\n",
            "a".repeat(length)
        )
    };
    check(&text("stack", 28), &[]);
    check(
        &text("stack", 29),
        &["line 1: `stack` must have at most 28 characters, because a bucket is called \
           <stack>-assets-<account>-<region> and a bucket's name ends at 63; got \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \
           29 characters"],
    );
    check(&text("account", 22), &[]);
    check(
        &text("account", 23),
        &["line 1: `stack` must have at most 22 characters, because a bucket is called \
           <stack>-<vendor>-<account>-<region>-an and a bucket's name ends at 63; got \"aaaaaaaaaaaaaaaaaaaaaaa\", 23 \
           characters"],
    );
    for (names, length) in [("stack", 28), ("account", 22)] {
        let config: Config = parsed(&text(names, length));
        for name in crate::BUCKETS.iter().chain(&["runs"]) {
            let bucket = crate::bucket_name(&config, name, "123456789012", "ap-southeast-4");
            assert!(bucket.len() <= 63, "{bucket}");
        }
        // Roles are held to 64 by the test of every name in the template.
        assert!(crate::synthesize(&config).is_ok());
    }
}
