//! How the demonstration looks: lines of at most 80 columns, with colours where they are wanted.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::progress;

/// What fits on every terminal.
const WIDTH: usize = 80;

/// Says something to the person who watches.
pub(super) fn tell(text: &str) -> Result<()> {
    Ok(progress::data(&format!("{text}\n"))?)
}

/// A file's name without its folders.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A path as it is short to read: below the folder that the person is in.
pub(super) fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_path_buf()
}

/// A heading.
pub(super) fn bold(text: &str) -> String {
    // Only the first line that says something; what follows explains it.
    let start = text.len() - text.trim_start_matches('\n').len();
    let (blank, text) = text.split_at(start);
    match text.split_once('\n') {
        Some((first, rest)) => format!("{blank}{}\n{rest}", progress::bold(first)),
        None => format!("{blank}{}", progress::bold(text)),
    }
}

/// Something that is as it should be.
pub(super) fn good(text: &str) -> String {
    format!("  {} {text}", progress::good())
}

/// Text in lines that fit, each after `indent`.
pub(super) fn paragraph(text: &str, indent: &str) -> String {
    let room = WIDTH - indent.chars().count();
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let length = lines.last().map_or(0, |line| line.chars().count());
        let fits = length == 0 || length + 1 + word.chars().count() <= room;
        match lines.last_mut() {
            Some(line) if fits => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{WIDTH, paragraph};

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text = "word ".repeat(100) + &"x".repeat(100);
        let lines = paragraph(&text, "    ");
        assert!(lines.lines().all(|line| line.len() <= WIDTH || line.trim().len() == 100));
        assert!(lines.lines().all(|line| line.starts_with("    ")));
        assert_eq!(lines.split_whitespace().collect::<Vec<_>>().join(" "), text);
    }
}
