use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tracing::{
    Instrument as _, error, field::Empty, info, info_span, level_filters::LevelFilter,
    subscriber::with_default, warn,
};

use super::{Log, level_of};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that some work leaves in the log.
fn logged(level: LevelFilter, work: impl FnOnce()) -> Vec<Value> {
    let lines = Lines::default();
    with_default(Log::new(level, lines.clone()), work);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_event_is_a_line_of_json_with_its_fields() {
    let lines = logged(LevelFilter::INFO, || {
        info!(devices = 3, ratio = 0.5, dry = true, name = "a\"b", at = ?Some(1), "done {}", 1);
    });
    let fields = json!({
        "message": "done 1", "devices": 3, "ratio": 0.5, "dry": true, "name": "a\"b", "at": "Some(1)",
    });
    assert_eq!(lines, [json!({ "level": "INFO", "fields": fields, "spans": [] })]);
}

#[test]
fn an_event_names_the_spans_around_it_from_outside_in() {
    let lines = logged(LevelFilter::INFO, || {
        let outer = info_span!("invoke", requestId = "r-1").entered();
        info_span!("decode", run = "reel").in_scope(|| info!("inside"));
        info!("outside");
        drop(outer);
        info!("after");
    });
    let invoke = json!({ "requestId": "r-1", "name": "invoke" });
    let decode = json!({ "run": "reel", "name": "decode" });
    assert_eq!(lines[0]["spans"], json!([invoke, decode]));
    assert_eq!(lines[0]["span"], decode);
    assert_eq!(lines[1]["spans"], json!([invoke]));
    assert_eq!(lines[2]["spans"], json!([]));
    assert_eq!(lines[2].get("span"), None);
}

#[test]
fn a_field_can_be_recorded_later() {
    let lines = logged(LevelFilter::INFO, || {
        let span = info_span!("unit", run = Empty);
        span.record("run", "reel");
        span.in_scope(|| info!("known"));
    });
    assert_eq!(lines[0]["span"], json!({ "run": "reel", "name": "unit" }));
}

#[test]
fn a_span_lasts_as_long_as_a_span_in_it() {
    let lines = logged(LevelFilter::INFO, || {
        let outer = info_span!("outer");
        let inner = info_span!(parent: &outer, "inner");
        drop(outer);
        inner.in_scope(|| info!("still"));
    });
    assert_eq!(lines[0]["spans"], json!([{ "name": "outer" }, { "name": "inner" }]));
}

#[tokio::test]
async fn tasks_side_by_side_keep_their_spans() {
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(Log::new(LevelFilter::INFO, lines.clone()));
    let task = |run: &'static str| {
        async move {
            tokio::task::yield_now().await;
            info!("working");
            tokio::task::yield_now().await;
        }
        .instrument(info_span!("unit", run))
    };
    tokio::join!(task("a"), task("b"));
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let spans = |line| serde_json::from_str::<Value>(line).unwrap()["spans"].to_string();
    let mut spans: Vec<String> = text.lines().map(spans).collect();
    spans.sort();
    let span = |run| json!([{ "run": run, "name": "unit" }]).to_string();
    assert_eq!(spans, [span("a"), span("b")]);
}

#[test]
fn less_important_events_are_left_out() {
    let lines = logged(LevelFilter::WARN, || {
        info!("not this");
        warn!("this");
        error!("and this");
    });
    let levels: Vec<&str> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["WARN", "ERROR"]);
}

#[test]
fn the_level_is_the_one_that_aws_lambda_names() {
    let cases = [
        (None, LevelFilter::INFO),
        (Some("DEBUG"), LevelFilter::DEBUG),
        (Some("warn"), LevelFilter::WARN),
        (Some("FATAL"), LevelFilter::ERROR),
        (Some("nonsense"), LevelFilter::INFO),
    ];
    for (name, level) in cases {
        assert_eq!(level_of(name), level, "{name:?}");
    }
}
