//! The key that was probably meant.

/// The known word that is nearest to `word`, if one is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .min()
        // Half the letters wrong is no slip of the keyboard any more.
        .filter(|(distance, candidate)| distance * 2 <= candidate.chars().count().max(2))
        .map(|(_, candidate)| candidate)
}

/// How to go on after an unknown word: the nearest known one, or all of them.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    if let Some(nearest) = nearest(word, known) {
        return format!("did you mean `{nearest}`?");
    }
    let known: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    format!("known: {}", known.join(", "))
}

/// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous_letter = None;
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        let mut previous_other = None;
        for (column, other) in right.iter().copied().enumerate() {
            let at = |costs: &[usize], column: usize| {
                costs.get(column).copied().unwrap_or(usize::MAX - 1)
            };
            let mut cost = (at(&last, column) + usize::from(letter != other))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            if previous_letter == Some(other) && previous_other == Some(letter) {
                cost = cost.min(at(&before_last, column.wrapping_sub(1)) + 1);
            }
            current.push(cost);
            previous_other = Some(other);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_letter = Some(letter);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, expected: usize) {
        assert_eq!(distance(left, right), expected);
        assert_eq!(distance(right, left), expected);
    }

    #[test]
    fn counts_edits() {
        check("", "", 0);
        check("", "abc", 3);
        check("polices", "policies", 1);
        check("polciies", "policies", 1);
        check("thing_group", "thing_groups", 1);
        check("stack", "log", 5);
    }

    #[test]
    fn suggests_only_what_is_near() {
        assert_eq!(nearest("polices", &["thing_type", "policies"]), Some("policies"));
        assert_eq!(nearest("colour", &["thing_type", "policies"]), None);
        assert_eq!(hint("colour", &["log", "rate"]), "known: `log`, `rate`");
    }
}
