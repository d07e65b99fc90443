//! The documentation, held to what there is: every question has its answer under its heading, every link leads
//! somewhere, and every command, option, code, name, configuration and figure is one.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that panics fails the test that called it, as it should"
)]

mod pages;
mod questions;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

use assert_cmd::Command;
use infra::Config;
use pages::{Page, pages, root};
use questions::{OF_EVERY_VENDOR, QUESTIONS, Question, VENDORS};

/// Fails with everything that is wrong, at once.
#[track_caller]
fn expect_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The answer of the command line; the account and the colours of whoever runs the tests do not count.
fn xtask(arguments: &[&str]) -> Option<String> {
    let output = Command::cargo_bin("xtask")
        .unwrap()
        .args(arguments)
        .env_remove("THINGPRESS_STACK")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_question_has_its_answer_under_its_heading() {
    let pages = pages();
    let wrong = |page: &str, (asked, heading, answer): Question| {
        let found = pages.iter().find(|each| each.path == format!("docs/{page}.md"));
        let Some(section) = found.and_then(|page| page.section(heading)) else {
            return Some(format!("{asked}: docs/{page}.md has no heading `{heading}`"));
        };
        (!section.contains(answer))
            .then(|| format!("{asked}: `{answer}` is not under `{heading}` of docs/{page}.md"))
    };
    let of_vendors = VENDORS
        .iter()
        .flat_map(|vendor| OF_EVERY_VENDOR.iter().filter_map(|question| wrong(vendor, *question)));
    let others = QUESTIONS.iter().flat_map(|(page, questions)| {
        questions.iter().filter_map(move |question| wrong(page, *question))
    });
    expect_none(&of_vendors.chain(others).collect::<Vec<_>>());
}

/// Where a link leads: the path from the root and the anchor, or nothing where it leads out of the project.
fn target(page: &Page, link: &str) -> Option<(String, Option<String>)> {
    if link.starts_with("https://") {
        return None;
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (link, None),
    };
    if path.is_empty() {
        return Some((page.path.clone(), anchor));
    }
    let folder = Path::new(&page.path).parent().unwrap();
    let mut whole = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir => assert!(whole.pop(), "{}: {link} leads out", page.path),
            part => whole.push(part),
        }
    }
    Some((whole.to_str().unwrap().to_owned(), anchor))
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut wrong = Vec::new();
    for page in &pages {
        for link in page.links() {
            let Some((path, anchor)) = target(page, &link) else { continue };
            let there = pages.iter().find(|each| each.path == path);
            let has_anchor =
                |anchor: &String| there.is_some_and(|page| page.anchors().contains(anchor));
            if !root().join(&path).exists() {
                wrong.push(format!("{}: nothing is at {link}", page.path));
            } else if !anchor.as_ref().is_none_or(has_anchor) {
                wrong.push(format!("{}: no heading has the anchor of {link}", page.path));
            }
        }
    }
    expect_none(&wrong);
}

#[test]
fn every_page_is_found_from_the_readme() {
    let pages = pages();
    let mut found = BTreeSet::new();
    let mut ahead = vec!["README.md".to_owned()];
    while let Some(path) = ahead.pop() {
        let Some(page) = pages.iter().find(|page| page.path == path) else { continue };
        if found.insert(path) {
            ahead.extend(
                page.links().iter().filter_map(|link| target(page, link)).map(|(path, _)| path),
            );
        }
    }
    let lost = pages.iter().filter(|page| !found.contains(&page.path));
    expect_none(&lost.map(|page| format!("no link leads to {}", page.path)).collect::<Vec<_>>());
}

#[test]
fn every_command_and_option_is_one() {
    let mut helps: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for page in pages() {
        for words in page.commands() {
            let (names, options): (Vec<_>, Vec<_>) = words
                .iter()
                .take_while(|word| *word != "--")
                .partition(|word| !word.starts_with("--"));
            let has_subcommands =
                ["bench", "config", "local"].contains(&words.first().unwrap().as_str());
            let name: Vec<_> =
                names.into_iter().take(if has_subcommands { 2 } else { 1 }).cloned().collect();
            let line = words.join(" ");
            let help = helps.entry(name).or_insert_with_key(|name| {
                let name = name.iter().map(String::as_str);
                xtask(&std::iter::once("help").chain(name).collect::<Vec<_>>())
            });
            let Some(help) = help else {
                wrong.push(format!("{}: `cargo xtask {line}` is no command", page.path));
                continue;
            };
            let known = |option: &str| {
                help.split_whitespace().any(|word| word.trim_end_matches([',', ']']) == option)
            };
            let unknown = options.iter().filter(|option| !known(option));
            wrong.extend(
                unknown
                    .map(|option| format!("{}: `cargo xtask {line}` has no {option}", page.path)),
            );
        }
    }
    expect_none(&wrong);
}

/// The folders that hold what is told of by its path.
const FOLDERS: [&str; 6] = ["docs/", "functions/", "infra/", "statemachines/", "tests/", "xtask/"];

#[test]
fn every_path_is_one() {
    let is_path = |span: &str| {
        FOLDERS.iter().any(|folder| span.starts_with(folder))
            && !span.contains(['<', '{', '*', ' '])
    };
    let mut wrong = Vec::new();
    for page in pages().iter().filter(|page| page.path != "CHANGELOG.md") {
        let lost =
            page.spans().into_iter().filter(|span| is_path(span) && !root().join(span).exists());
        wrong.extend(lost.map(|path| format!("{}: nothing is at `{path}`", page.path)));
    }
    expect_none(&wrong);
}

/// Metrics of AWS IoT, which look like codes.
const METRICS_OF_AWS: [&str; 3] = ["Connect.AuthError", "Connect.ClientError", "Connect.Success"];

#[test]
fn every_code_is_one() {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.chars().all(|letter| letter.is_ascii_alphabetic())
    };
    let is_code = |text: &str| {
        text.split_once('.').is_some_and(|(first, second)| is_word(first) && is_word(second))
    };
    let known: BTreeSet<_> =
        ledger::CODES.iter().flat_map(|(_, codes)| codes.iter()).map(|code| code.code).collect();
    let mut wrong = Vec::new();
    for page in
        pages().iter().filter(|page| page.path != "CHANGELOG.md" && page.path != "ARCHITECTURE.md")
    {
        let unknown = page.spans().into_iter().filter(|span| {
            is_code(span)
                && !known.contains(span.as_str())
                && !METRICS_OF_AWS.contains(&span.as_str())
        });
        wrong.extend(unknown.map(|code| format!("{}: `{code}` is no code", page.path)));
    }
    expect_none(&wrong);
}

/// A configuration of the stack `acme`, which has what the pages tell of.
fn template() -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("acme.toml");
    std::fs::write(&config, "stack = \"acme\"\n[profile.default]\n").unwrap();
    xtask(&["synth", "--config", config.to_str().unwrap()]).unwrap()
}

#[test]
fn every_name_of_the_stack_is_one() {
    let template = template();
    let mut wrong = Vec::new();
    for page in
        pages().iter().filter(|page| page.path != "CHANGELOG.md" && page.path != "ARCHITECTURE.md")
    {
        for rest in page.text.split("<stack>-").skip(1) {
            let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            let name = name.trim_end_matches('-');
            // `<stack>-<vendor>` and the like name several; the bucket of the code has a stack of its own.
            if name.is_empty() || after.starts_with('<') || name == "assets" {
                continue;
            }
            let is_there = ["\"", "/", ":", "-${"]
                .iter()
                .any(|after| template.contains(&format!("acme-{name}{after}")));
            if !is_there {
                wrong.push(format!("{}: the stack has nothing called `<stack>-{name}`", page.path));
            }
        }
    }
    expect_none(&wrong);
}

#[test]
fn every_configuration_is_one() {
    let mut wrong = Vec::new();
    for page in pages() {
        for block in page.blocks("toml") {
            let mut text = block.clone();
            if !block.contains("stack = ") {
                text.insert_str(0, "stack = \"acme\"\n");
            }
            if !block.contains("[profile.default]") {
                text.push_str("\n[profile.default]\n");
            }
            if let Err(error) = Config::parse(&text) {
                wrong.push(format!("{}: {error}\n{block}", page.path));
            }
        }
        for block in page.blocks("json") {
            if let Err(error) = serde_json::from_str::<serde_json::Value>(&block) {
                wrong.push(format!("{}: {error}\n{block}", page.path));
            }
        }
    }
    expect_none(&wrong);
}

#[test]
fn the_quotas_have_every_rate_with_its_default() {
    let rates = Config::parse("stack = \"acme\"\n[profile.default]\n").unwrap().rate.entries();
    let page = pages().into_iter().find(|page| page.path == "docs/quotas.md").unwrap();
    let mut wrong = Vec::new();
    for (key, default) in rates {
        let mut rows =
            page.text.lines().filter(|line| line.contains(&format!("| `{key}` |"))).peekable();
        if rows.peek().is_none() {
            wrong.push(format!("docs/quotas.md does not say what `{key}` is about"));
        }
        let differing = rows.filter(|row| !row.contains(&format!("| `{key}` | {default:.0} |")));
        wrong.extend(
            differing.map(|row| format!("docs/quotas.md: the default is {default}: {row}")),
        );
    }
    expect_none(&wrong);
}
