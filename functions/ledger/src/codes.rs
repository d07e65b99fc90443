//! What every code means, what to do about it, and whether the same file can succeed later.
//!
//! A code is the contract: reports, metrics and people's scripts go by it. So what follows from it
//! is said here once, for every function. `docs/codes.md` is made of it, and a test sees to it
//! that no code is missing.

mod remedies;
mod table;

use crate::OutcomeKind;

/// A code, as the documentation has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable code.
    pub code: &'static str,
    /// Whether the same file can succeed later: after waiting, or after what the reason says was
    /// done. Otherwise the file itself has to change.
    pub retry: bool,
    /// What happened, in a sentence.
    pub means: &'static str,
}

/// What codes of a kind are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// An entry that ended so.
    Entry(OutcomeKind),
    /// A run that stopped; entries whose turn did not come are `not_attempted` with its code.
    Run,
    /// Something worth knowing that stopped nothing.
    Warning,
    /// A function that could not do its work, and is tried again by its machine.
    Function,
}

/// Every code, by what it is about. A code may be in several of them.
pub const CODES: &[(About, &[Code])] = &[
    (About::Entry(OutcomeKind::Conflict), table::CONFLICT),
    (About::Entry(OutcomeKind::Rejected), table::REJECTED),
    (About::Entry(OutcomeKind::Failed), table::FAILED),
    (About::Entry(OutcomeKind::Waiting), table::WAITING),
    (About::Entry(OutcomeKind::NotAttempted), table::NOT_ATTEMPTED),
    (About::Entry(OutcomeKind::Kept), table::KEPT),
    (About::Run, table::RUN),
    (About::Warning, table::WARNING),
    (About::Function, table::FUNCTION),
];

/// Whether an entry with this code can end well when the same file is imported again.
pub fn can_retry(code: &str) -> bool {
    let mut codes = CODES.iter().flat_map(|(_, codes)| codes.iter());
    codes.any(|known| known.code == code && known.retry)
}

/// What a code means, in a sentence; nothing for one that is not known.
pub fn means(code: &str) -> &'static str {
    let mut codes = CODES.iter().flat_map(|(_, codes)| codes.iter());
    codes.find(|known| known.code == code).map(|known| known.means).unwrap_or_default()
}

/// What to do about a code, in a sentence or two; nothing for one that is not known.
pub fn remedy(code: &str) -> &'static str {
    let found = remedies::REMEDIES.iter().find(|(known, _)| *known == code);
    found.map(|(_, remedy)| *remedy).unwrap_or_default()
}

/// Where the documentation tells of a code.
pub fn page_of(code: &str) -> String {
    format!("docs/codes.md#{}", code.to_lowercase().replace('.', ""))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn a_code_says_the_same_wherever_it_is() {
        let mut retry = BTreeMap::new();
        for (about, codes) in CODES {
            for Code { code, retry: can, means } in *codes {
                assert_eq!(*retry.entry(code).or_insert(can), can, "{code}");
                assert!(means.ends_with('.'), "{code} ({about:?}): a sentence ends with a dot");
            }
            let mut sorted: Vec<_> = codes.iter().map(|code| code.code).collect();
            sorted.sort_unstable();
            sorted.dedup();
            let listed: Vec<_> = codes.iter().map(|code| code.code).collect();
            assert_eq!(listed, sorted, "in order, and each once");
        }
    }

    #[test]
    fn every_code_has_its_remedy_and_no_other_has_one() {
        let known: BTreeSet<_> =
            CODES.iter().flat_map(|(_, codes)| codes.iter()).map(|code| code.code).collect();
        let remedied: Vec<_> = remedies::REMEDIES.iter().map(|(code, _)| *code).collect();
        let known: Vec<_> = known.into_iter().collect();
        assert_eq!(remedied, known, "in order, and each once");
        for (code, text) in remedies::REMEDIES {
            assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{code}");
            assert_eq!(remedy(code), *text);
        }
        assert_eq!(remedy("No.SuchCode"), "");
    }

    #[test]
    fn a_codes_page_is_the_anchor_of_its_heading() {
        assert_eq!(page_of("Thing.OtherType"), "docs/codes.md#thingothertype");
        let anchors: BTreeSet<_> =
            remedies::REMEDIES.iter().map(|(code, _)| page_of(code)).collect();
        assert_eq!(anchors.len(), remedies::REMEDIES.len(), "each code has an anchor of its own");
    }

    #[test]
    fn what_has_to_change_in_the_file_is_not_to_be_tried_again() {
        assert!(can_retry("Aws.Throttled") && can_retry("Certificate.NotRegistered"));
        assert!(!can_retry("Manifest.Malformed") && !can_retry("Certificate.Revoked"));
        assert!(!can_retry("No.SuchCode"));
    }
}
