//! The function's log: a line of JSON an event, at AWS Lambda's level and with the spans around it.
//!
//! A subscriber of its own, because the usual one reads its filters with regular expressions, which
//! are larger than everything that a function needs of a log.

mod fields;
mod spans;

use std::{
    env,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use serde_json::{Map, Value, json};
use tracing::{
    Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::set_global_default,
};

use self::{fields::Fields, spans::Spans};

/// Writes events to the log from now on.
///
/// The level is `AWS_LAMBDA_LOG_LEVEL`, which the function's logging configuration sets, else
/// `RUST_LOG`, else `info`.
pub fn init() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| env::var(name).ok());
    // It fails where there is one already, which then is this one.
    let _ = set_global_default(Log::new(level_of(level.as_deref()), io::stdout()));
}

/// AWS Lambda knows `FATAL` besides.
fn level_of(name: Option<&str>) -> LevelFilter {
    match name {
        Some(name) if name.eq_ignore_ascii_case("fatal") => LevelFilter::ERROR,
        Some(name) => name.parse().unwrap_or(LevelFilter::INFO),
        None => LevelFilter::INFO,
    }
}

/// Writes events up to a level.
#[derive(Debug)]
struct Log<W> {
    level: LevelFilter,
    spans: Spans,
    to: Mutex<W>,
}

impl<W: Write + Send + 'static> Log<W> {
    fn new(level: LevelFilter, to: W) -> Self {
        Self { level, spans: Spans::default(), to: Mutex::new(to) }
    }

    fn line(&self, event: &Event<'_>) -> Value {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut line = Map::new();
        line.insert("level".into(), event.metadata().level().as_str().into());
        line.insert("fields".into(), Value::Object(fields.0));
        let spans = self.spans.around(event.parent().filter(|_| !event.is_contextual()));
        if let Some(innermost) = spans.last() {
            line.insert("span".into(), innermost.clone());
        }
        line.insert("spans".into(), json!(spans));
        Value::Object(line)
    }
}

impl<W: Write + Send + 'static> Subscriber for Log<W> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        fields.0.insert("name".into(), attributes.metadata().name().into());
        let parent = if attributes.is_contextual() {
            Spans::current()
        } else {
            attributes.parent().cloned()
        };
        self.spans.open(parent, fields.0)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        self.spans.add(span, fields.0);
    }

    /// Which span caused another one is in no line.
    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = self.line(event).to_string();
        line.push('\n');
        // In one piece, so that no other line comes in between. A log is no reason to fail.
        let _ = self.to.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }

    fn enter(&self, span: &Id) {
        Spans::enter(span);
    }

    fn exit(&self, span: &Id) {
        Spans::exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.spans.hold(span);
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        self.spans.release(&span)
    }
}

#[cfg(test)]
mod tests;
