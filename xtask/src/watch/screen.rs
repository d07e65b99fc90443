//! Shows runs as they go: drawn again in their place on a terminal, as lines elsewhere.

use std::{
    collections::HashMap,
    io,
    time::{Duration, Instant},
};

use super::view::View;
use crate::progress::{Board, data, say};

/// A run has at most one line in so much time, unless it comes to another state.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
/// So many runs are drawn; the others are counted.
const DRAWN: usize = 8;

/// Where runs are shown.
#[derive(Debug)]
pub(super) struct Screen {
    board: Board,
    json: bool,
    shown: HashMap<String, (Instant, View)>,
}

impl Screen {
    pub(super) fn new(json: bool) -> Self {
        Self { board: Board::new(), json, shown: HashMap::new() }
    }

    /// Shows the runs as they stand.
    pub(super) fn show(&mut self, views: &[View]) -> io::Result<()> {
        if self.board.is_drawn() && !self.json {
            let blocks: Vec<_> = views.iter().take(DRAWN).map(View::block).collect();
            let more = views.len().saturating_sub(DRAWN);
            let more = if more > 0 { format!("\n\nand {more} more") } else { String::new() };
            self.board.draw(&(blocks.join("\n\n") + &more));
            return Ok(());
        }
        for view in views {
            if !self.is_due(view) {
                continue;
            }
            self.shown.insert(view.run.clone(), (Instant::now(), view.clone()));
            if self.json {
                data(&(serde_json::to_string(view)? + "\n"))?;
            } else {
                self.say(&view.line());
            }
        }
        Ok(())
    }

    fn is_due(&self, view: &View) -> bool {
        self.shown.get(&view.run).is_none_or(|(when, before)| {
            view.is_news_after(before)
                || (when.elapsed() >= BETWEEN_LINES && view.is_change_after(before))
        })
    }

    /// Says something that stays.
    pub(super) fn say(&self, line: &str) {
        self.board.above(|| say(line));
    }

    /// Prints a run's end on stdout, and a hint beside it; the run is not drawn any more.
    pub(super) fn tell(&self, answer: &str, hint: Option<&str>) -> io::Result<()> {
        self.board.draw("");
        self.board.above(|| {
            data(answer)?;
            if let Some(hint) = hint {
                say(hint);
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_at_once_with_a_new_state_and_seldom_otherwise() {
        let mut screen = Screen::new(false);
        let view = |state: &str, throttled| View {
            run: "r".to_owned(),
            state: state.to_owned(),
            throttled,
            ..View::default()
        };
        assert!(screen.is_due(&view("Decode", 0)));
        let shown = |ago: u64, view: View| {
            (Instant::now().checked_sub(Duration::from_secs(ago)).unwrap(), view)
        };
        screen.shown.insert("r".to_owned(), shown(1, view("Register", 0)));
        assert!(!screen.is_due(&view("Register", 1)), "it was shown a second ago");
        assert!(screen.is_due(&view("Report", 0)));
        screen.shown.insert("r".to_owned(), shown(6, view("Register", 0)));
        assert!(screen.is_due(&view("Register", 1)));
        assert!(!screen.is_due(&view("Register", 0)), "nothing has changed");
    }
}
