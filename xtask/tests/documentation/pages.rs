//! The pages, read as far as the tests ask: headings, sections, links, code.

use std::{collections::BTreeMap, fs, path::PathBuf};

/// The folder that holds the README.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A page of the documentation.
#[derive(Debug)]
pub(crate) struct Page {
    /// Where it is, from the root.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The README and every page of `docs`, in the order of their paths.
pub(crate) fn pages() -> Vec<Page> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let names = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let titles = names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned));
    let mut paths: Vec<_> = titles.map(|title| format!("docs/{title}.md")).collect();
    paths.extend(["README.md".to_owned(), "CHANGELOG.md".to_owned(), "ARCHITECTURE.md".to_owned()]);
    paths.sort();
    let read = |path: String| Page { text: fs::read_to_string(root().join(&path)).unwrap(), path };
    paths.into_iter().map(read).collect()
}

/// A line, and whether it is within a block of code.
struct Line<'a> {
    text: &'a str,
    is_code: bool,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut is_code = false;
    text.lines().map(move |text| {
        let is_fence = text.trim_start().starts_with("```");
        let line = Line { text, is_code: is_code || is_fence };
        is_code ^= is_fence;
        line
    })
}

/// How deep a heading is, and what it says.
fn heading<'a>(line: &Line<'a>) -> Option<(usize, &'a str)> {
    let text = line.text.trim_start_matches('#');
    let depth = line.text.len() - text.len();
    (!line.is_code && depth > 0).then(|| text.strip_prefix(' ')).flatten().map(|text| (depth, text))
}

impl Page {
    /// The anchors of the headings, as the pages' readers make them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut seen = BTreeMap::new();
        let headings =
            lines(&self.text).filter_map(|line| heading(&line).map(|(_, text)| text.to_owned()));
        headings
            .map(|text| {
                let anchor = anchor(&text);
                let count = seen.entry(anchor.clone()).and_modify(|count| *count += 1).or_insert(0);
                if *count == 0 { anchor } else { format!("{anchor}-{count}") }
            })
            .collect()
    }

    /// What stands under a heading, what is under the headings below it included.
    pub(crate) fn section(&self, wanted: &str) -> Option<String> {
        let mut section: Option<(usize, String)> = None;
        for line in lines(&self.text) {
            match (heading(&line), &mut section) {
                (Some((depth, _)), Some((from, _))) if depth <= *from => break,
                (Some((depth, text)), None) if text == wanted => {
                    section = Some((depth, String::new()));
                }
                (_, Some((_, text))) => {
                    text.push_str(line.text);
                    text.push('\n');
                }
                _ => {}
            }
        }
        section.map(|(_, text)| text)
    }

    /// The targets of the links.
    pub(crate) fn links(&self) -> Vec<String> {
        let prose = lines(&self.text).filter(|line| !line.is_code);
        prose
            .flat_map(|line| line.text.split("](").skip(1))
            .filter_map(|rest| rest.split_once(')'))
            .map(|(target, _)| target.to_owned())
            .collect()
    }

    /// What stands between backticks within the prose.
    pub(crate) fn spans(&self) -> Vec<String> {
        let prose = lines(&self.text).filter(|line| !line.is_code);
        prose.flat_map(|line| line.text.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
    }

    /// The blocks of code in a language.
    pub(crate) fn blocks(&self, language: &str) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut block: Option<Vec<&str>> = None;
        for line in self.text.lines() {
            match (&mut block, line.trim_start().strip_prefix("```")) {
                (None, Some(opened)) if opened == language => block = Some(Vec::new()),
                (Some(_), Some(_)) => blocks.extend(block.take().map(|lines| lines.join("\n"))),
                (Some(lines), None) => lines.push(line),
                (None, _) => {}
            }
        }
        blocks
    }

    /// Each command line of `cargo xtask` that the page names, from the subcommand on: up to the end of the span of
    /// code, of the line, or to what only a shell reads.
    pub(crate) fn commands(&self) -> Vec<Vec<String>> {
        let found = self.text.split("cargo xtask ").skip(1);
        let ends = ['`', '\n', '#', '|', ';', ')', '"', ':'];
        let lines = found.filter_map(|rest| rest.split(ends).next());
        lines
            .map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .filter(|words| !words.is_empty())
            .collect()
    }
}

/// Letters and digits in lower case, with hyphens for blanks, and nothing else.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

#[test]
fn a_page_is_read_as_its_readers_see_it() {
    let text = "# One: `a`\n\n[x](b.md#c) and `y`\n```toml\n# not a heading\nk = 1\n```\n\n## Two\nt\n### Three\nu\n## Two\nv\n";
    let page = Page { path: String::new(), text: text.to_owned() };
    assert_eq!(page.anchors(), ["one-a", "two", "three", "two-1"]);
    assert_eq!(page.section("Two").unwrap(), "t\n### Three\nu\n");
    assert_eq!(page.section("not a heading"), None);
    assert_eq!(page.links(), ["b.md#c"]);
    assert_eq!(page.spans(), ["a", "y"]);
    assert_eq!(page.blocks("toml"), ["# not a heading\nk = 1"]);
}

#[test]
fn command_lines_are_found_in_prose_and_in_blocks() {
    let text = "`cargo xtask a b --c`\n```\ncargo xtask d --e f   # g\n```\n`cargo xtask` is\n";
    let page = Page { path: String::new(), text: text.to_owned() };
    assert_eq!(page.commands(), [vec!["a", "b", "--c"], vec!["d", "--e", "f"]]);
}
