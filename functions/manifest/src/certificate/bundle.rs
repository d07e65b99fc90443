//! PKCS#7 bundles, which are not read.

use super::der;

/// The content of the object identifier 1.2.840.113549.1.7.2, `signedData`.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// Whether DER is a PKCS#7 bundle (`.p7b`).
pub(crate) fn is_bundle(bytes: &[u8]) -> bool {
    // The outermost element may be longer than what is at hand, so only its beginning is looked at.
    bytes.first() == Some(&der::SEQUENCE)
        && bytes
            .get(..24)
            .unwrap_or(bytes)
            .windows(SIGNED_DATA.len())
            .any(|part| part == SIGNED_DATA)
}
