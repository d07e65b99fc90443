//! Which JSON document it is, by the names in its beginning.

use super::{Content, foreign};
use crate::pem::find;
use crate::vendor::Vendor;

pub(super) fn recognize(text: &[u8]) -> Content {
    let has = |name: &str| find(text, format!("\"{name}\"").as_bytes()).is_some();
    let signed = ["payload", "protected", "signature"].into_iter().filter(|name| has(name)).count();
    let mes = ["devices", "batch_id", "batchId", "certFingerprint"].into_iter().any(has);
    // An attribute of a device may have one of the names by chance.
    if signed > 1 || (signed == 1 && !mes) {
        Content::Manifest(Vendor::Microchip)
    } else if mes {
        Content::Foreign(foreign::MES_JSON)
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
