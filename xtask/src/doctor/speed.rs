//! How many devices an hour follow from rates and quotas.

use std::collections::BTreeMap;

use infra::{CertificateStatus, Config, Profile};

use super::{
    Finding,
    quotas::{OPERATIONS, new_certificates, quota_of},
};

/// How many devices an hour each profile gets, and by which operation.
pub(super) fn look(config: &Config, quotas: &BTreeMap<String, f64>) -> Vec<Finding> {
    let each = |(name, profile): (&String, &Profile)| {
        let (operation, an_hour) = slowest(config, quotas, profile)?;
        Some(Finding::ok(
            "speed",
            format!(
                "profile {name}: {} devices an hour at most, by {operation}",
                thousands(an_hour)
            ),
        ))
    };
    config.profiles.iter().filter_map(each).collect()
}

/// The operation that takes longest for a device, and how many devices an hour it lets through.
fn slowest(
    config: &Config,
    quotas: &BTreeMap<String, f64>,
    profile: &Profile,
) -> Option<(&'static str, f64)> {
    let rates: BTreeMap<&str, f64> = config.rate.entries().into_iter().collect();
    let new = new_certificates(quotas).unwrap_or(f64::INFINITY);
    calls(profile)
        .into_iter()
        .filter_map(|(key, calls)| {
            let (_, operation) = OPERATIONS.iter().find(|(named, _)| *named == key)?;
            let quota = quota_of(quotas, operation).unwrap_or(f64::INFINITY);
            let quota = if key == "register_certificate" { quota.min(new) } else { quota };
            Some((*operation, rates.get(key)?.min(quota) * 3600.0 / calls))
        })
        .min_by(|(_, one), (_, other)| one.total_cmp(other))
}

/// The calls that a new device takes, by the keys of `[rate]`: see docs/quotas.md.
fn calls(profile: &Profile) -> Vec<(&'static str, f64)> {
    let count = |list: &[String]| list.iter().map(|_| 1.0).sum::<f64>();
    let policies = count(&profile.policies);
    let is_active = profile.certificate_status == CertificateStatus::Active;
    let mut calls = vec![("register_certificate", 1.0)];
    if profile.defer_things {
        if is_active {
            calls.extend([("describe_certificate", 1.0), ("attach_policy", policies)]);
        }
    } else {
        calls.extend([
            ("attach_policy", policies),
            ("describe_thing", 1.0),
            ("create_thing", 1.0),
            ("attach_thing_principal", 1.0),
            ("add_thing_to_thing_group", count(&profile.thing_groups)),
        ]);
    }
    calls.retain(|(_, calls)| *calls > 0.0);
    calls
}

/// `36,000`: whole, in groups of three digits.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use infra::Config;

    use super::{slowest, thousands};

    #[test]
    fn the_devices_an_hour_are_those_of_docs_quotas() {
        let check = |more: &str, expected: &str| {
            let text = format!("stack = \"acme\"\n[profile.default]\npolicies = [\"a\"]\n{more}");
            let config = Config::parse(&text).unwrap();
            let (operation, an_hour) =
                slowest(&config, &BTreeMap::new(), &config.profiles["default"]).unwrap();
            assert_eq!(format!("{} {operation}", thousands(an_hour)), expected);
        };
        check("", "36,000 RegisterCertificateWithoutCA");
        check("[rate]\nregister_certificate = 100\n", "54,000 AttachPolicy");
        check(
            "defer_things = true\ncertificate_status = \"inactive\"\n[rate]\nregister_certificate = 100\n",
            "360,000 RegisterCertificateWithoutCA",
        );
    }
}
