//! The SHA-256 of a file that is read in legs.

use std::io;

use serde::{Deserialize, Serialize, de::Error as _};
use sha2_in_legs::{
    Digest, Sha256,
    digest::common::hazmat::{SerializableState, SerializedState},
};

/// The digest of a file's first bytes. Every byte counts once, also where it is read again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fingerprint {
    digest: Sha256,
    /// How many bytes were taken.
    bytes: u64,
}

impl Fingerprint {
    /// How many of the file's bytes it covers.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes what is new in a stretch of the file that has so many bytes in front of it.
    pub(crate) fn take(&mut self, offset: u64, stretch: &[u8]) -> io::Result<()> {
        let known = self.bytes.checked_sub(offset).ok_or_else(|| {
            io::Error::other("bytes were passed over that belong to the file's fingerprint")
        })?;
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let new = stretch.get(known..).unwrap_or_default();
        self.digest.update(new);
        self.bytes += u64::try_from(new.len()).unwrap_or_default();
        Ok(())
    }

    /// The SHA-256, in lower-case hex.
    pub(crate) fn finish(self) -> String {
        hex(&self.digest.finalize())
    }
}

/// What is put aside of it.
#[derive(Serialize, Deserialize)]
struct Aside {
    bytes: u64,
    /// In hex.
    state: String,
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let state = hex(&SerializableState::serialize(&self.digest));
        Aside { bytes: self.bytes, state }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Aside { bytes, state } = Aside::deserialize(deserializer)?;
        let broken = || D::Error::custom("the state of a SHA-256 is broken");
        let state = unhex(&state).ok_or_else(broken)?;
        let state = SerializedState::<Sha256>::try_from(state.as_slice()).map_err(|_| broken())?;
        let digest = <Sha256 as SerializableState>::deserialize(&state).map_err(|_| broken())?;
        Ok(Self { digest, bytes })
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = &[7; 1_000];
    /// By `sha256sum`.
    const SHA256: &str = "df1329c8b6c7cf3740bbe2f8bab34d253a8d9534a79dceea18177081fdf9f0e9";

    fn whole() -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.take(0, FILE).unwrap();
        fingerprint.finish()
    }

    #[test]
    fn it_is_the_same_wherever_it_was_put_aside_and_whatever_was_read_again() {
        assert_eq!(whole(), SHA256);
        for (aside, again) in [(0, 0), (1, 1), (64, 0), (65, 60), (999, 500), (1_000, 1_000)] {
            let mut first = Fingerprint::default();
            first.take(0, &FILE[..aside]).unwrap();
            let text = serde_json::to_string(&first).unwrap();
            let mut second: Fingerprint = serde_json::from_str(&text).unwrap();
            assert_eq!(second.bytes(), u64::try_from(aside).unwrap());
            // Such as the head, which is read once more to tell what the file is.
            second.take(0, &FILE[..again.min(aside)]).unwrap();
            second.take(u64::try_from(again).unwrap(), &FILE[again..]).unwrap();
            assert_eq!(second.finish(), SHA256, "{aside}, {again}");
        }
    }

    #[test]
    fn a_gap_is_an_error() {
        let mut fingerprint = Fingerprint::default();
        fingerprint.take(0, b"ab").unwrap();
        fingerprint.take(3, b"d").unwrap_err();
    }

    #[test]
    fn a_state_that_is_broken_is_not_gone_on_with() {
        for state in ["", "zz", "00"] {
            let aside = serde_json::json!({"bytes": 2, "state": state});
            serde_json::from_value::<Fingerprint>(aside).unwrap_err();
        }
    }
}
