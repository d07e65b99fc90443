//! The names by which a device may be asked for.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

/// What of a name counts: its letters and digits, in lower case. So a MAC is found with colons,
/// with dashes and with neither.
pub fn normalized(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    normalize(name, &mut text);
    text
}

/// Puts what of a name counts in place of `text`.
fn normalize(name: &str, text: &mut String) {
    text.clear();
    if name.is_ascii() {
        let counts = name.bytes().filter(u8::is_ascii_alphanumeric);
        text.extend(counts.map(|byte| char::from(byte.to_ascii_lowercase())));
    } else {
        text.extend(name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
    }
}

/// The number by which the index knows a name.
pub(super) fn hash(name: &str) -> u64 {
    hash_of_normalized(&normalized(name))
}

/// The same; none where nothing of the name counts. `text` is room for what counts of it.
pub(super) fn hash_in(name: &str, text: &mut String) -> Option<u64> {
    normalize(name, text);
    (!text.is_empty()).then(|| hash_of_normalized(text))
}

fn hash_of_normalized(name: &str) -> u64 {
    let digest = Sha256::digest(name);
    digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

/// A device's names: its thing's, its certificate's id, the vendor's identifier, and the further ones that
/// decoding found, such as the certificate's serial number. Each counts once, however it is written.
#[derive(Clone, Debug, Default)]
pub struct Names {
    normalized: BTreeSet<String>,
    names: Vec<String>,
}

impl Names {
    /// Adds a name, unless nothing of it counts, or it is there already.
    pub fn add(&mut self, name: &str) {
        let counts = normalized(name);
        if !counts.is_empty() && self.normalized.insert(counts) {
            self.names.push(name.to_owned());
        }
    }

    /// Adds names.
    #[must_use]
    pub fn with<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        for name in names {
            self.add(name);
        }
        self
    }

    /// The names that are not among `known`, as they were first written.
    #[must_use]
    pub fn beyond(&self, known: &[&str]) -> Vec<String> {
        let known: BTreeSet<String> = known.iter().map(|name| normalized(name)).collect();
        let names = self.names.iter().filter(|name| !known.contains(&normalized(name)));
        names.cloned().collect()
    }

    /// The names, as they were first written.
    pub fn iter(&self) -> Iter<'_> {
        self.names.iter().map(String::as_str)
    }
}

/// Names one after the other.
type Iter<'n> = std::iter::Map<std::slice::Iter<'n, String>, fn(&'n String) -> &'n str>;

impl<'n> IntoIterator for &'n Names {
    type Item = &'n str;
    type IntoIter = Iter<'n>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_separators_do_not_count() {
        let expected = normalized("30aea4c0ffee");
        for spelling in ["30:AE:A4:C0:FF:EE", "30-ae-a4-c0-ff-ee", " 30AEA4 C0FFEE\n"] {
            assert_eq!(normalized(spelling), expected);
            assert_eq!(hash(spelling), hash(&expected));
        }
        assert_ne!(hash("30aea4c0ffef"), hash(&expected));
        assert_eq!(normalized("Gerät-ΑΣ ÆØ7\u{1F512}"), "gerätασæø7");
    }

    #[test]
    fn a_name_of_which_nothing_counts_has_no_number() {
        let mut text = "what was there before".to_owned();
        assert_eq!(hash_in("-:-", &mut text), None);
        assert_eq!(hash_in("", &mut text), None);
        assert_eq!(hash_in("A-1", &mut text), Some(hash("a1")));
    }

    #[test]
    fn the_number_is_what_other_tools_compute() {
        // printf device1 | sha256sum
        assert_eq!(hash("Device-1"), 0x18fa_a0dd_7a92_7906);
    }

    #[test]
    fn names_that_say_nothing_and_repetitions_are_left_out() {
        let names = Names::default().with(["A-1", "", "--", "a1", "B2"]);
        assert_eq!(names.beyond(&[]), ["A-1", "B2"]);
        assert_eq!(names.beyond(&["b:2"]), ["A-1"]);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["A-1", "B2"]);
    }
}
