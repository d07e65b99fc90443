//! What every code means, and whether the same file can succeed later.
//!
//! A code is the contract: reports, metrics and people's scripts go by it. So what follows from it
//! is said here once, for every function. `docs/outcomes.md` is made of it, and a test sees to it
//! that no code is missing.

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
    fn what_has_to_change_in_the_file_is_not_to_be_tried_again() {
        assert!(can_retry("Aws.Throttled") && can_retry("Certificate.NotRegistered"));
        assert!(!can_retry("Manifest.Malformed") && !can_retry("Certificate.Revoked"));
        assert!(!can_retry("No.SuchCode"));
    }
}
