//! Groups what entries have in common, by code.

use std::collections::BTreeMap;

use ledger::{Example, Outcome, Problem, can_retry};

/// Problems by code, each with its first entry as the example.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    by_code: BTreeMap<String, Problem>,
}

impl Problems {
    pub(crate) fn add(&mut self, code: &str, reason: &str, entry: &Outcome) {
        if let Some(problem) = self.by_code.get_mut(code) {
            problem.count += 1;
            return;
        }
        let example =
            Example { entry: entry.entry, place: entry.place.clone(), id: entry.id.clone() };
        let problem = Problem {
            code: code.to_owned(),
            count: 1,
            reason: reason.to_owned(),
            retry: can_retry(code),
            example,
        };
        self.by_code.insert(code.to_owned(), problem);
    }

    /// The most frequent first.
    pub(crate) fn into_list(self) -> Vec<Problem> {
        let mut list: Vec<_> = self.by_code.into_values().collect();
        list.sort_by_key(|problem| std::cmp::Reverse(problem.count));
        list
    }
}
