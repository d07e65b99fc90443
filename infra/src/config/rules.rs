//! What the values of a configuration must keep to.

mod options;

use super::{Config, Problem, Profile, suggest};
use crate::people::PLAN_FOLDER;

/// Registrations a second that one worker is to make. It could make more, but then units would end so soon that most
/// of the time went from one to the next.
pub(super) const REGISTRATIONS_A_WORKER: f64 = 20.0;
/// Seconds that a unit of one device takes, about: so many workers as this times the rate keep to it.
pub(super) const SECONDS_OF_A_SMALL_UNIT: f64 = 0.4;
/// More workers than this are not worth it for the first hundred devices.
pub(super) const WORKERS_FOR_SMALL_UNITS: f64 = 8.0;
/// Where one dies, another one goes on.
pub(super) const MIN_WORKERS: u32 = 2;
/// A Distributed Map runs at most this many children at a time.
pub(super) const MAX_WORKERS: u32 = 10_000;
/// AWS IoT attaches at most this many policies to a certificate, and lets a thing be in at most
/// this many groups.
const MAX_ATTACHED: usize = 10;
/// Length of the names of policies, groups, types and things.
const MAX_NAME: usize = 128;
/// The shortest name of a stack.
const MIN_STACK: usize = 3;
/// No quota of AWS IoT comes near; over it a figure is a slip.
const MAX_RATE: f64 = 1_000_000.0;
/// S3 keeps these beginnings of a bucket name to itself.
const RESERVED: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
/// AWS IoT gives a thing at most this many attributes without a type, and with one.
const MAX_ATTRIBUTES: usize = 3;
const MAX_ATTRIBUTES_WITH_TYPE: usize = 50;
/// Length of an attribute's value.
const MAX_VALUE: usize = 800;
/// What may stand in braces in a naming template.
const NAME_FIELDS: [&str; 6] = ["cn", "unique_id", "mac", "chip_id", "serial", "fingerprint"];
/// The retention times that CloudWatch Logs takes.
const RETENTION_DAYS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(super) fn check(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    stack(config, &mut problems);
    options::check(config, &mut problems);
    if !config.profiles.contains_key("default") {
        problems.push(Problem::new(
            "profile.default",
            "[profile.default] is missing: it says what a device gets, and devices get nothing unasked",
        ));
    }
    if config.profiles.contains_key(PLAN_FOLDER) {
        problems.push(Problem::new(
            "profile.plan",
            "[profile.plan] can never be chosen: files in the folder `plan` are planned and not imported. Call it otherwise",
        ));
    }
    for (name, profile) in &config.profiles {
        check_profile(name, profile, &mut problems);
    }
    for (index, pin) in config.vendor.microchip.signers.pins.iter().enumerate() {
        if !is_pin(pin) {
            problems.push(Problem::new(
                format!("vendor.microchip.signers[{index}]"),
                format!(
                    "a signer in [vendor.microchip] must be the SHA-256 of its certificate, 64 hexadecimal digits, \
                     or \"uploaded\"; got \"{pin}\""
                ),
            ));
        }
    }
    for (key, rate) in config.rate.entries() {
        if !(rate > 0.0 && rate <= MAX_RATE) {
            problems.push(Problem::new(
                format!("rate.{key}"),
                format!("`{key}` in [rate] must be more than 0 and at most {MAX_RATE} calls a second, got {rate}"),
            ));
        }
    }
    if !RETENTION_DAYS.contains(&config.log.retention_days) {
        let allowed: Vec<String> = RETENTION_DAYS.iter().map(u32::to_string).collect();
        problems.push(Problem::new(
            "log.retention_days",
            format!(
                "`retention_days` in [log] must be one of the times that CloudWatch Logs takes ({}), got {}",
                allowed.join(", "),
                config.log.retention_days
            ),
        ));
    }
    problems
}

fn is_pin(pin: &str) -> bool {
    pin.len() == 64 && pin.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn stack(config: &Config, problems: &mut Vec<Problem>) {
    let name = &config.stack;
    let (longest, bucket) = options::longest_stack(config.bucket_names);
    let legal = name.len() >= MIN_STACK
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-');
    if !legal {
        problems.push(Problem::new(
            "stack",
            format!(
                "`stack` must be {MIN_STACK} to {longest} lower-case letters, digits and hyphens, begin with a letter \
                 and not end with a hyphen, because bucket names start with it; got \"{name}\""
            ),
        ));
    } else if name.len() > longest {
        problems.push(Problem::new(
            "stack",
            format!(
                "`stack` must have at most {longest} characters, because a bucket is called {bucket} and a bucket's \
                 name ends at 63; got \"{name}\", {} characters",
                name.len()
            ),
        ));
    } else if let Some(reserved) = RESERVED.iter().find(|reserved| name.starts_with(*reserved)) {
        problems.push(Problem::new(
            "stack",
            format!(
                "`stack` must not begin with `{reserved}`, which S3 keeps to itself; got \"{name}\""
            ),
        ));
    }
}

fn check_profile(name: &str, profile: &Profile, problems: &mut Vec<Problem>) {
    let key = format!("profile.{name}");
    if !legal_name(name, 64, |byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        problems.push(Problem::new(
            &key,
            format!(
                "a profile's name is the first folder of a manifest's key and must be 1 to 64 letters, digits, dots, \
                 hyphens and underscores, got \"{name}\""
            ),
        ));
    }
    let policy = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    names(&key, "policies", &profile.policies, "letters, digits and `_+=,.@-`", policy, problems);
    names(
        &key,
        "thing_groups",
        &profile.thing_groups,
        "letters, digits and `:_-`",
        thing_byte,
        problems,
    );
    if let Some(kind) = &profile.thing_type
        && !legal_name(kind, MAX_NAME, thing_byte)
    {
        problems.push(Problem::new(
            format!("{key}.thing_type"),
            format!(
                "`thing_type` in [{key}] must be 1 to {MAX_NAME} letters, digits and `:_-`, got \"{kind}\"; \
                 leave the key out for no type"
            ),
        ));
    }
    if let Some(template) = &profile.thing_name
        && let Err(reason) = naming_template(template)
    {
        problems.push(Problem::new(
            format!("{key}.thing_name"),
            format!("`thing_name` in [{key}] \"{template}\": {reason}"),
        ));
    }
    attributes(&key, profile, problems);
}

fn attributes(profile_key: &str, profile: &Profile, problems: &mut Vec<Problem>) {
    let key = format!("{profile_key}.attributes");
    let (most, condition) = match profile.thing_type {
        Some(_) => (MAX_ATTRIBUTES_WITH_TYPE, ""),
        None => (MAX_ATTRIBUTES, " where the profile has no `thing_type`"),
    };
    let count = profile.attributes.len();
    if count > most {
        problems.push(Problem::new(
            &key,
            format!("`attributes` in [{profile_key}]: AWS IoT allows at most {most}{condition}, got {count}"),
        ));
    }
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.,@/:#-".contains(&byte);
    for (name, text) in &profile.attributes {
        let message = if !legal_name(name, MAX_NAME, in_name) {
            format!("a name must be 1 to {MAX_NAME} letters, digits and `_.,@/:#-`, got \"{name}\"")
        } else if let Err(reason) = attribute_template(text) {
            format!("`{name}` \"{text}\": {reason}")
        } else {
            continue;
        };
        problems.push(Problem::new(
            format!("{key}.{name}"),
            format!("`attributes` in [{profile_key}]: {message}"),
        ));
    }
}

/// Which fields there are depends on the file: a list may have columns of its own.
fn attribute_template(template: &str) -> Result<(), String> {
    if template.is_empty() {
        return Err("an attribute needs a value, since AWS IoT knows no empty one".to_owned());
    }
    let mut rest = template;
    let mut literals = 0_usize;
    while let Some(first) = rest.chars().next() {
        if first == '{' {
            rest = match rest.get(1..).and_then(|rest| rest.split_once('}')) {
                Some((field, after)) if !field.contains('{') => after,
                _ => return Err("a `{` is not closed by `}`".to_owned()),
            };
            continue;
        }
        if !(first.is_ascii_alphanumeric() || "_.,@/:#=[]-".contains(first)) {
            return Err(format!(
                "an attribute's value holds letters, digits and `_.,@/:#=[]-`, not `{first}`"
            ));
        }
        literals += 1;
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    if literals > MAX_VALUE {
        return Err(format!("an attribute's value has at most {MAX_VALUE} characters"));
    }
    Ok(())
}

fn names(
    profile: &str,
    list: &str,
    names: &[String],
    allowed: &str,
    legal: impl Fn(u8) -> bool,
    problems: &mut Vec<Problem>,
) {
    let key = format!("{profile}.{list}");
    if names.len() > MAX_ATTACHED {
        problems.push(Problem::new(
            &key,
            format!(
                "`{list}` in [{profile}]: AWS IoT allows at most {MAX_ATTACHED}, got {}",
                names.len()
            ),
        ));
    }
    for (index, name) in names.iter().enumerate() {
        let message = if !legal_name(name, MAX_NAME, &legal) {
            format!(
                "`{list}` in [{profile}]: a name must be 1 to {MAX_NAME} {allowed}, got \"{name}\""
            )
        } else if names.iter().take(index).any(|earlier| earlier == name) {
            format!("`{list}` in [{profile}] names \"{name}\" twice")
        } else {
            continue;
        };
        problems.push(Problem::new(format!("{key}[{index}]"), message));
    }
}

fn thing_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b":_-".contains(&byte)
}

fn legal_name(name: &str, longest: usize, legal: impl Fn(u8) -> bool) -> bool {
    (1..=longest).contains(&name.len()) && name.bytes().all(legal)
}

/// A template without a field would give every device the same name.
fn naming_template(template: &str) -> Result<(), String> {
    let mut fields = 0_usize;
    let mut literals = 0_usize;
    let mut rest = template;
    while let Some(first) = rest.chars().next() {
        if first == '{' {
            let Some((field, after)) = rest.get(1..).and_then(|rest| rest.split_once('}')) else {
                return Err("a `{` is not closed by `}`".to_owned());
            };
            if !NAME_FIELDS.contains(&field) {
                return Err(format!(
                    "unknown field `{{{field}}}`, {}",
                    suggest::hint(field, &NAME_FIELDS)
                ));
            }
            fields += 1;
            rest = after;
        } else {
            if !u8::try_from(first).is_ok_and(thing_byte) {
                return Err(format!(
                    "a thing's name holds letters, digits and `:_-`, not `{first}`"
                ));
            }
            literals += 1;
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    if fields == 0 {
        return Err("needs a field such as `{cn}`, or all devices would get one name".to_owned());
    }
    if literals >= MAX_NAME {
        return Err(format!("a thing's name has at most {MAX_NAME} characters"));
    }
    Ok(())
}
