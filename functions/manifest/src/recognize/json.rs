//! Which JSON document it is, by the names in its beginning.

use super::{Content, foreign};
use crate::pem::find;
use crate::vendor::Vendor;

pub(super) fn recognize(text: &[u8]) -> Content {
    let has = |name: &str| find(text, format!("\"{name}\"").as_bytes()).is_some();
    let signed = ["payload", "protected", "signature"].into_iter().filter(|name| has(name)).count();
    let mes = ["devices", "batch_id", "batchId"].into_iter().any(has);
    // Attributes of devices may have the names of the other format by chance.
    if has("certFingerprint") || (mes && signed < 2) {
        Content::DeviceInfos
    } else if signed > 0 {
        Content::Manifest(Vendor::Microchip)
    } else if names_anything(text) {
        Content::Foreign(foreign::JSON)
    } else {
        // Nothing speaks for another kind, and reading on tells what is wrong with it.
        Content::Unknown
    }
}

/// Whether there is an object with a whole member in it.
fn names_anything(text: &[u8]) -> bool {
    text.contains(&b'{') && text.contains(&b':')
}
