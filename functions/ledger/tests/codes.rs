//! Every code of the functions is in the table, and the table is what the documentation says.

#![expect(
    clippy::unwrap_used,
    reason = "a test says by panicking that something is not as it should be"
)]

use std::{
    collections::BTreeSet,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use ledger::{About, CODES, Code};

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_code_of_the_functions_is_in_the_table() {
    let known: BTreeSet<_> =
        CODES.iter().flat_map(|(_, codes)| codes.iter()).map(|code| code.code.to_owned()).collect();
    let mut used = BTreeSet::new();
    for function in fs::read_dir(folder("..")).unwrap() {
        collect(&function.unwrap().path().join("src"), &mut used);
    }
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(missing.is_empty(), "add {missing:?} to functions/ledger/src/codes/table.rs");
    let stale: Vec<_> = known.difference(&used).collect();
    assert!(stale.is_empty(), "no function has {stale:?}, so remove them from the table");
}

/// Collects what looks like a code in the sources below `path`, tests and the table aside.
fn collect(path: &Path, codes: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), codes);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs")
        && !path.ends_with("codes/table.rs")
    {
        let source = fs::read_to_string(path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        codes.extend(source.split('"').filter(|text| is_code(text)).map(str::to_owned));
    }
}

/// Two words with a dot between them, such as `Thing.Raced`.
fn is_code(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.chars().all(|character| character.is_ascii_alphabetic())
    };
    text.split_once('.').is_some_and(|(first, second)| is_word(first) && is_word(second))
}

#[test]
fn the_documentation_has_the_table() {
    let path = folder("../../docs/outcomes.md");
    let page = page();
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/outcomes.md is not what the table says: write it with INSTA_UPDATE=always"
    );
}

fn page() -> String {
    let mut page = OPENING.to_owned();
    for (about, codes) in CODES {
        let (heading, opening) = match about {
            About::Entry(kind) => (format!("Entries that ended as `{kind}`"), ""),
            About::Run => ("Runs that stopped".to_owned(), RUNS),
            About::Warning => ("Warnings".to_owned(), WARNINGS),
            About::Function => ("Errors of functions".to_owned(), FUNCTIONS),
        };
        write!(page, "\n## {heading}\n\n{opening}").unwrap();
        let has_retry = *about != About::Warning;
        let head = if has_retry {
            "| code | retry | means |\n|---|---|---|\n"
        } else {
            "| code | means |\n|---|---|\n"
        };
        page.push_str(head);
        for Code { code, retry, means } in *codes {
            let retry = if *retry { "yes" } else { "no" };
            let retry = if has_retry { format!(" {retry} |") } else { String::new() };
            writeln!(page, "| `{code}` |{retry} {means} |").unwrap();
        }
    }
    page
}

const OPENING: &str = "\
# How entries end

<!-- Made from functions/ledger/src/codes/table.rs by the tests of `ledger`, with INSTA_UPDATE=always. -->

Every entry of a file ends in exactly one way, and `report.json` counts them: entries read = created + unchanged + updated + conflict + rejected + failed + waiting + not attempted.

| outcome | means |
|---|---|
| `created` | this run made the device: it registered the certificate and made the thing; in phase 2 it made the thing |
| `unchanged` | the device was there before, whole |
| `updated` | the device was there in part, or its thing was, without a certificate; what was missing was added |
| `conflict` | something else stands there; nothing was touched |
| `rejected` | the entry itself is unusable; nothing was sent to AWS IoT |
| `failed` | AWS IoT refused the device |
| `waiting` | the device cannot be served yet; nothing was written |
| `not_attempted` | the run ended before the device's turn |

A run that was interrupted ends with the same words as without the interruption.

Where an entry did not end well, `results.csv` has a `code`, which never changes, a `reason` in words, which says what to do, and `retry`: `yes` where the same file can succeed later, after waiting or after what the reason says was done, and `no` where the file itself has to change.
Where something had been written for the device before it could not be finished, the reason says what.

By default something else that stands there is a `conflict`.
With `on_conflict = \"adopt\"` in a profile the device is added to what stands there, and a warning says so; nothing is ever removed:

| what stands there | by default | with `adopt` |
|---|---|---|
| a thing without a certificate | taken: `updated` | the same |
| another certificate on the thing | `Thing.HasAnotherCertificate` | the device's is attached as well |
| another thing with the certificate | `Certificate.OnAnotherThing` | the certificate is attached to the device's thing as well |
| a thing of another type | `Thing.OtherType` | the thing keeps its type |
| a thing without a type | `Thing.OtherType` | the thing gets the type |
| another value of an attribute | the thing keeps its value, with a warning | the profile's value wins |
| further attributes, policies, groups | they stay | they stay |
| a certificate with another status | it keeps its status, with a warning | the same |
| a revoked certificate, or one in transfer | `Certificate.Revoked`, `Certificate.InTransfer` | the same |
| the same name or certificate twice in a file | the first entry is taken | the same |
";

const RUNS: &str = "\
Entries whose turn did not come are `not_attempted` with the run's code.

";

const WARNINGS: &str = "\
The device ended well, or the file was read. These are worth knowing.

";

const FUNCTIONS: &str = "\
They are in the executions of Step Functions, which tries the function again; after the last try the run stops with `Run.Failed`.

";
