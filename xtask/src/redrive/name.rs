//! What a run is called that takes up another one.

use sha2::{Digest, Sha256};

/// Step Functions gives an execution's name 80 characters.
const LONGEST: usize = 80;
const AGAIN: &str = "-again-";
/// Of the hash, in hexadecimal digits.
const DIGITS: usize = 12;

/// The name of the run that takes up `earlier` for the n-th time. It begins as the earlier one's does, so that runs of
/// one file stand together, and two people who start it at once start one run.
pub(super) fn name(earlier: &str, time: u32) -> String {
    let hash = format!("{:x}", Sha256::digest(format!("{earlier}@{time}")));
    let hash: String = hash.chars().take(DIGITS).collect();
    let readable: String = readable(earlier).chars().take(LONGEST - AGAIN.len() - DIGITS).collect();
    format!("{readable}{AGAIN}{hash}")
}

/// The part of a run's name that comes from its file's key.
fn readable(run: &str) -> &str {
    let is_hash = |text: &str, digits| {
        text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if let Some((readable, hash)) = run.rsplit_once(AGAIN)
        && is_hash(hash, DIGITS)
    {
        return readable;
    }
    match run.rsplit_once('-') {
        Some((readable, hash)) if is_hash(hash, 16) => readable,
        _ => run,
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn runs_of_one_file_begin_with_its_name() {
        let first = "reel-7-json-0123456789abcdef";
        let second = name(first, 1);
        assert!(second.starts_with("reel-7-json-again-"), "{second}");
        let third = name(&second, 1);
        assert!(third.starts_with("reel-7-json-again-"), "{third}");
        assert_ne!(second, third);
    }

    #[test]
    fn each_time_has_a_name_of_its_own_and_always_the_same() {
        let run = "reel-7-json-0123456789abcdef";
        assert_eq!(name(run, 1), name(run, 1));
        assert_ne!(name(run, 1), name(run, 2));
        assert_ne!(name(run, 1), name("reel-8-json-0123456789abcdef", 1));
    }

    #[test]
    fn a_long_name_stays_within_what_step_functions_takes() {
        for run in ["x".repeat(60) + "-0123456789abcdef", "x".repeat(80), "-".repeat(80)] {
            let name = name(&run, 7);
            assert!(name.len() <= 80 && name.contains("-again-"), "{name}");
        }
    }
}
