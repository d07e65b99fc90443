//! Further names by which people may ask for a device, beside those that every device has.

use std::collections::BTreeMap;

use ledger::{Names, Work, normalized};
use manifest::Entry;

/// The fields of a manifest's entry that name a device.
const FIELDS: [&str; 5] = ["serial", "cn", "unique_id", "mac", "chip_id"];

/// What a manifest's entry is known by, as far as `work` does not say it.
pub(crate) fn of_entry(entry: &Entry, work: &Work) -> Vec<String> {
    let fields = entry
        .fields
        .iter()
        .filter(|(field, _)| FIELDS.contains(&field.as_ref()) || is_identifier(field));
    beyond(work, fields.map(|(_, value)| value.as_str()))
}

/// What a factory's device is known by, as far as `work` does not say it.
pub(crate) fn of_attributes(attributes: &BTreeMap<String, String>, work: &Work) -> Vec<String> {
    let named = attributes.iter().filter(|(name, _)| is_identifier(name));
    beyond(work, named.map(|(_, value)| value.as_str()))
}

fn beyond<'a>(work: &Work, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let Work { id, thing, certificate_id, .. } = work;
    Names::default().with(names).beyond(&[id, thing, certificate_id])
}

/// Whether a factory gives a device's own number under this name, such as `DSN`, `wifi_mac` or `Serial Number`.
fn is_identifier(name: &str) -> bool {
    let name = normalized(name);
    name == "sn"
        || ["mac", "dsn"].iter().any(|end| name.ends_with(end))
        || ["macaddr", "serial", "imei"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_factory_calls_a_devices_own_number_is_told_from_what_many_share() {
        for name in ["DSN", "MAC", "Wifi-Mac", "macAddress", "serial_number", "SN", "IMEI"] {
            assert!(is_identifier(name), "{name}");
        }
        for name in ["line", "batch", "machine", "Rev", "snowfall", "country"] {
            assert!(!is_identifier(name), "{name}");
        }
    }
}
