//! Lines of text for a person at a terminal.

use crate::progress::Paint;

/// How wide the column of topics is, with what stands in front of it.
pub(super) const INDENT: usize = 16;
/// No line of a paragraph is longer, however wide the terminal is: it would be hard to read.
const WIDEST: usize = 100;

/// Lines of text, in two columns where they have a topic.
#[derive(Debug)]
pub(super) struct Page {
    lines: Vec<String>,
    pub(super) paint: Paint,
}

impl Page {
    pub(super) fn new(title: String, paint: Paint) -> Self {
        Self { lines: vec![title], paint }
    }

    /// The page, without blank lines at its end.
    pub(super) fn text(&self) -> String {
        self.lines.join("\n").trim_end().to_owned()
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    /// A topic and what is to be said of it.
    pub(super) fn row(&mut self, topic: &str, text: &str) {
        let room = self.room(INDENT);
        for (at, line) in wrapped(text, room).into_iter().enumerate() {
            let topic = if at == 0 { topic } else { "" };
            self.lines.push(format!("  {topic:<width$}{line}", width = INDENT - 2));
        }
    }

    /// A sentence of its own.
    pub(super) fn paragraph(&mut self, indent: usize, text: &str) {
        let room = self.room(indent);
        for line in wrapped(text, room) {
            self.lines.push(format!("{:indent$}{line}", ""));
        }
    }

    pub(super) fn blank(&mut self) {
        self.lines.push(String::new());
    }

    fn room(&self, indent: usize) -> usize {
        let width = self.paint.width();
        // What is piped on is not cut into lines, so that it can be searched.
        if width == usize::MAX { width } else { width.min(WIDEST).saturating_sub(indent).max(20) }
    }
}

/// Text in lines of so many characters. Words that are longer stand alone.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// How many characters are seen: colours take no room.
fn length(text: &str) -> usize {
    let mut is_colour = false;
    text.chars()
        .filter(|character| {
            let was_colour = is_colour;
            is_colour = if is_colour { *character != 'm' } else { *character == '\u{1b}' };
            !was_colour && !is_colour
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::{Page, length, wrapped};
    use crate::progress::Paint;

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text = "word ".repeat(40) + &"x".repeat(90) + " end";
        let lines = wrapped(&text, 60);
        assert!(lines.iter().all(|line| length(line) <= 60 || line.len() == 90), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrapped(&text, usize::MAX), [text]);
        assert_eq!(length("\u{1b}[32m✓\u{1b}[0m good"), 6);
    }

    #[test]
    fn a_topic_stands_before_the_first_line_only() {
        let mut page = Page::new("list.txt".to_owned(), Paint::plain());
        page.row("keys", "P-256");
        page.row("", "and others");
        page.paragraph(4, "why");
        page.blank();
        assert_eq!(
            page.text(),
            "list.txt\n  keys          P-256\n                and others\n    why"
        );
    }
}
