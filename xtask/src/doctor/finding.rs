//! One thing that was looked at, and how it is.

use serde_json::{Value, json};

use crate::progress::Paint;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Ok,
    /// It could not be found out.
    NotAsked,
    /// Work goes on, but slower or with something missing.
    Warning,
    /// A deployment or an import would fail.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotAsked => "not_asked",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A finding, with the remedy where one is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) topic: &'static str,
    pub(super) text: String,
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(topic: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Ok, topic, text: text.into(), remedy: None }
    }

    pub(super) fn not_asked(topic: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::NotAsked, topic, text: text.into(), remedy: None }
    }

    pub(super) fn warning(
        topic: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Level::Warning, topic, text: text.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn error(
        topic: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Level::Error, topic, text: text.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "level": self.level.name(),
            "topic": self.topic,
            "text": self.text,
            "remedy": self.remedy,
        })
    }
}

/// The findings for a person: a line each, the remedy beneath, and the sum at the end.
pub(super) fn lines(findings: &[Finding], paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    let mut topic = "";
    for (index, finding) in findings.iter().enumerate() {
        let sign = match finding.level {
            Level::Ok => paint.green("✓"),
            Level::NotAsked => "-".to_owned(),
            Level::Warning => paint.yellow("!"),
            Level::Error => paint.red("✗"),
        };
        let named = if finding.topic == topic { "" } else { finding.topic };
        topic = finding.topic;
        lines.push(format!("{named:<12} {sign} {}", finding.text));
        // What the next one asks for as well is said once, beneath the last.
        let is_repeated = findings.get(index + 1).is_some_and(|next| next.remedy == finding.remedy);
        if let Some(remedy) = finding.remedy.as_ref().filter(|_| !is_repeated) {
            lines.push(format!("{:<14} {} {remedy}", "", paint.cyan("→")));
        }
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let plural = |count, word: &str| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    lines.push(String::new());
    lines.push(match (count(Level::Error), count(Level::Warning)) {
        (0, 0) => "Nothing is wrong".to_owned(),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => {
            format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::{Finding, lines};
    use crate::progress::Paint;

    #[test]
    fn each_finding_has_a_line_and_its_remedy_beneath() {
        let findings = [
            Finding::ok("clock", "0 s from AWS's"),
            Finding::warning("quotas", "low", "raise it"),
            Finding::not_asked("quotas", "another"),
            Finding::error("stack", "gone", "deploy it"),
            Finding::error("stack", "broken", "deploy it"),
        ];
        let expected = [
            "clock        ✓ 0 s from AWS's",
            "quotas       ! low",
            "               → raise it",
            "             - another",
            "stack        ✗ gone",
            "             ✗ broken",
            "               → deploy it",
            "",
            "2 errors, 1 warning",
        ];
        assert_eq!(lines(&findings, Paint::plain()), expected);
    }
}
