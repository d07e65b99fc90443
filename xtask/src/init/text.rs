//! The configuration that `init` writes, with a word on each line that somebody will want to change.

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    pub(super) stack: String,
    pub(super) policies: Vec<String>,
    pub(super) thing_groups: Vec<String>,
    pub(super) thing_type: Option<String>,
}

pub(super) fn configuration(answers: &Answers) -> String {
    let Answers { stack, policies, thing_groups, thing_type } = answers;
    let thing_type = match thing_type {
        Some(name) => format!("thing_type = {}", quoted(name)),
        None => "# thing_type = \"sensor\"       # a thing without a type has at most 3 attributes"
            .to_owned(),
    };
    format!(
        r#"# What Thingpress deploys and what it does to every device.
# After a change: `cargo xtask diff` shows what it would do, `cargo xtask deploy` does it.
# Unknown keys are refused, so a slip of the keyboard does not pass unseen.

# The deployment's name. Bucket names start with it, so another name is another deployment with empty buckets.
stack = {stack}

# Processor of the functions: "x86_64" or "arm64".
architecture = "x86_64"

# What a device gets. Policies, groups and type must exist in AWS IoT before a manifest is uploaded;
# `cargo xtask doctor` looks.
[profile.default]
policies = {policies}
thing_groups = {thing_groups}
{thing_type}
certificate_status = "active"   # "inactive": the device cannot connect before its activation
defer_things = false            # true: certificates only; the factory's activation creates the things

# Further product lines: docs/profiles.md. Two phases, with a factory: docs/mes.md.

# A manifest is trusted when Microchip's published signers signed it, or one whose certificate has one of these
# SHA-256 fingerprints. "uploaded" trusts every signer that somebody uploads to the bucket.
[vendor.microchip]
signers = []

# Calls a second that all active runs share. These are AWS's default quotas; after a quota was raised, write the new
# figure here. docs/quotas.md tells which figure makes how many devices an hour.
[rate]
register_certificate = 10
attach_policy = 15

# Days after which log entries are deleted, one of the times that CloudWatch Logs takes.
[log]
retention_days = 90
"#,
        stack = quoted(stack),
        policies = list(policies),
        thing_groups = list(thing_groups),
    )
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use infra::Config;

    use super::{Answers, configuration};

    #[test]
    fn what_is_written_is_a_configuration() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let answers = Answers {
            stack: "acme".into(),
            policies: names(&["base", "more"]),
            thing_groups: names(&["line-7"]),
            thing_type: Some("sensor".into()),
        };
        let config = Config::parse(&configuration(&answers)).unwrap();
        assert_eq!(config.stack, "acme");
        let profile = &config.profiles["default"];
        assert_eq!(profile.policies, ["base", "more"]);
        assert_eq!(profile.thing_groups, ["line-7"]);
        assert_eq!(profile.thing_type.as_deref(), Some("sensor"));
        assert_eq!(config.rate, infra::Rate::default());
        let least = Answers { stack: "acme".into(), ..Answers::default() };
        assert_eq!(
            Config::parse(&configuration(&least)).unwrap().profiles["default"].thing_type,
            None
        );
    }

    #[test]
    fn a_name_that_cannot_be_one_is_told_and_not_smuggled_in() {
        let answers = Answers {
            stack: "acme".into(),
            policies: vec!["a\"]\nstack = \"other".into()],
            ..Answers::default()
        };
        assert!(Config::parse(&configuration(&answers)).is_err());
    }
}
