//! What holds for any device-infos.

use std::collections::BTreeMap;

use manifest::Limits;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{device, file, read, read_within};
use crate::laws::{Pieces, mutated};

/// Fingerprint, id, type and attributes.
type Info = (String, String, Option<String>, BTreeMap<String, String>);

/// What a factory may say about its devices: legal throughout.
fn infos() -> impl Strategy<Value = Vec<Info>> {
    let device = (
        "[0-9a-f]{64}",
        "[a-zA-Z0-9:_-]{1,128}",
        prop::option::of("[a-zA-Z0-9:_-]{1,128}"),
        prop::collection::btree_map(
            "[a-zA-Z0-9_.,@/:#-]{1,20}",
            "[a-zA-Z0-9_.,@/:#=\\[\\]-]{1,40}",
            0..6,
        ),
    );
    prop::collection::vec(device, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn legal_device_infos_are_read_back(
        infos in infos(),
        batch in "[ -~]{1,80}",
        batch_first in any::<bool>(),
        pretty in any::<bool>(),
        sizes in prop::collection::vec(0..300_usize, 1..20),
    ) {
        let devices: Vec<_> = infos
            .iter()
            .map(|(fingerprint, id, device_type, attributes)| json!({
                "attributes": attributes, "deviceId": id,
                "certFingerprint": fingerprint.to_uppercase(), "deviceType": device_type,
            }))
            .collect();
        let show = |value: &Value| if pretty { format!("{value:#}") } else { value.to_string() };
        let (batch_text, devices) = (show(&json!(batch)), show(&json!(devices)));
        let text = if batch_first {
            format!("{{\"batch_id\":{batch_text},\"devices\":{devices}}}\n")
        } else {
            format!("{{ \"devices\" : {devices}, \"batchId\" : {batch_text} }}")
        };
        let sizes = [sizes, vec![0, 1]].concat().into_iter().cycle();
        let reading = read_within(Limits::default(), Pieces { text: text.as_bytes(), sizes });
        prop_assert_eq!(reading.batch(), Some(batch.as_str()));
        prop_assert!(reading.notes().is_empty());
        let found: Vec<_> = reading
            .devices
            .into_iter()
            .map(|device| device.unwrap())
            .map(|device| {
                let id = device.certificate_id.to_string();
                (id, device.device_id, device.device_type, device.attributes)
            })
            .collect();
        prop_assert_eq!(found, infos);
    }

    #[test]
    fn any_bytes_are_read_without_panic(
        text in prop::collection::vec(any::<u8>(), 0..400),
        syntax in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "null", "1", "\"devices\"", "\"batch_id\"",
                "\"certFingerprint\"", "\"deviceId\"", "\"attributes\"", "{\"devices\":[", "\u{feff}",
            ]),
            0..60,
        ),
    ) {
        // What is checked is in `read`.
        read(&text);
        read([b"{\"devices\": [", text.as_slice()].concat());
        read(syntax.concat());
    }

    #[test]
    fn changed_bytes_never_panic_and_never_reach_into_other_devices(
        text in mutated(file(&(1..8).map(device).collect::<Vec<_>>()).leak())
    ) {
        // What is checked is in `read`: numbers without gaps, and an end that is one.
        read(&text);
    }

    #[test]
    fn the_pieces_of_the_source_do_not_matter(
        sizes in prop::collection::vec(0..400_usize, 1..20),
        text in mutated(file(&(1..8).map(device).collect::<Vec<_>>()).leak()),
    ) {
        let sizes = [sizes, vec![0, 1]].concat().into_iter().cycle();
        let limits = Limits { entry_bytes: 150, ..Limits::default() };
        let pieces = read_within(limits, Pieces { text: &text, sizes });
        prop_assert_eq!(pieces, read_within(limits, text.as_slice()));
    }
}
