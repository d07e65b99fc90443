//! Every code of the functions is in the table, and the documentation is what the tables say.

#![expect(
    clippy::unwrap_used,
    reason = "a test says by panicking that something is not as it should be"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use ledger::{About, CODES, Code, Counts, page_of, remedy};

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
        && !path.ends_with("codes/remedies.rs")
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
fn the_page_of_outcomes_is_what_the_code_says() {
    check("outcomes.md", &outcomes_page());
}

#[test]
fn the_page_of_codes_is_what_the_tables_say() {
    check("codes.md", &codes_page());
}

/// Compares a page of the documentation with what it should be, or writes it.
#[track_caller]
fn check(name: &str, page: &str) {
    let path = folder("../../docs").join(name);
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/{name} is not what the code says: write it with INSTA_UPDATE=always"
    );
}

fn outcomes_page() -> String {
    let mut page = OUTCOMES.to_owned();
    for (kind, _) in Counts::default().by_kind() {
        writeln!(page, "| `{kind}` | {} |", kind.means()).unwrap();
    }
    page.push_str(RULES);
    for (about, codes) in CODES {
        let (heading, opening) = heading(*about);
        write!(page, "\n## {heading}\n\n{opening}").unwrap();
        let links: Vec<_> = codes.iter().map(|code| link(code.code)).collect();
        writeln!(page, "{}", links.join(", ")).unwrap();
    }
    page
}

fn heading(about: About) -> (String, &'static str) {
    match about {
        About::Entry(kind) => (format!("Entries that ended as `{kind}`"), ""),
        About::Run => ("Runs that stopped".to_owned(), RUNS),
        About::Warning => ("Warnings".to_owned(), WARNINGS),
        About::Function => ("Errors of functions".to_owned(), FUNCTIONS),
    }
}

/// A link from a page beside the one of codes.
fn link(code: &str) -> String {
    format!("[`{code}`]({})", page_of(code).trim_start_matches("docs/"))
}

fn codes_page() -> String {
    let mut page = CODES_OPENING.to_owned();
    let mut met: BTreeMap<&str, (&Code, Vec<String>)> = BTreeMap::new();
    for (about, codes) in CODES {
        for code in *codes {
            let (_, places) = met.entry(code.code).or_insert((code, Vec::new()));
            places.push(place(*about));
        }
    }
    for (name, (Code { means, retry, .. }, places)) in met {
        let told = places.iter().all(|place| *place == place_of_warnings());
        let again = match (told, *retry) {
            (true, _) => "not needed",
            (false, true) => "can help: the same file can succeed later",
            (false, false) => "does not help: the file itself has to change",
        };
        writeln!(
            page,
            "\n## {name}\n\n{means}\n\n- Met as: {}\n- What to do: {}\n- Trying again: {again}",
            places.join("; "),
            remedy(name),
        )
        .unwrap();
    }
    page
}

fn place(about: About) -> String {
    match about {
        About::Entry(kind) => format!("an entry that ended as `{kind}`"),
        About::Run => "a run that stopped".to_owned(),
        About::Warning => place_of_warnings().to_owned(),
        About::Function => "an error of a function".to_owned(),
    }
}

const fn place_of_warnings() -> &'static str {
    "a warning"
}

const OUTCOMES: &str = "\
# How entries end

<!-- Made from the code by the tests of `ledger`, with INSTA_UPDATE=always. -->

Every entry of a file ends in exactly one way, and `report.json` counts them: entries read = created + unchanged + updated + conflict + rejected + failed + waiting + not attempted.

| outcome | means |
|---|---|
";

const RULES: &str = "
A run that was interrupted ends with the same words as without the interruption.

Where an entry did not end well, `results.csv` has a `code`, which never changes, a `reason` in words, which says what to do, and `retry`: `yes` where the same file can succeed later, after waiting or after what the reason says was done, and `no` where the file itself has to change.
Where something had been written for the device before it could not be finished, the reason says what.
[codes.md](codes.md) has every code, what it means and what to do about it.

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

const CODES_OPENING: &str = "\
# Codes

<!-- Made from the code by the tests of `ledger`, with INSTA_UPDATE=always. -->

Every code that a report, a notice or an execution can show, in alphabetical order.
A code never changes its meaning; the words around it may.
[outcomes.md](outcomes.md) has them by how an entry ends.

What is done stays done: a file that is uploaded again costs calls, and makes nothing twice.
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
