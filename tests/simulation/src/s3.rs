//! S3 in memory, as far as the workers use it.

use std::{
    collections::BTreeMap,
    ops::{Bound, Range},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use ledger::clock;

use crate::{
    random::Random,
    wire::{Answer, Service, lock, path_and_query},
};

/// Milliseconds of a call.
const LATENCY: Range<f64> = 10.0..60.0;

const PAGE: usize = 1_000;

/// A bucket.
#[derive(Debug)]
pub(crate) struct S3 {
    random: Random,
    objects: Mutex<BTreeMap<String, Object>>,
    calls: AtomicU64,
}

#[derive(Clone, Debug)]
struct Object {
    bytes: Vec<u8>,
    written: SystemTime,
}

impl S3 {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), objects: Mutex::default(), calls: AtomicU64::new(0) }
    }

    /// Puts an object.
    pub(crate) fn put(&self, key: String, bytes: Vec<u8>) {
        lock(&self.objects).insert(key, Object { bytes, written: clock::wall() });
    }

    /// Deletes an object.
    pub(crate) fn delete(&self, key: &str) {
        lock(&self.objects).remove(key);
    }

    /// The objects whose keys begin with `prefix`.
    pub(crate) fn below(&self, prefix: &str) -> Vec<Vec<u8>> {
        let objects = lock(&self.objects);
        let from = objects.range(prefix.to_owned()..);
        let below = from.take_while(|(key, _)| key.starts_with(prefix));
        below.map(|(_, object)| object.bytes.clone()).collect()
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn get(&self, key: &str, range: Option<&str>) -> Answer {
        let objects = lock(&self.objects);
        let Some(object) = objects.get(key) else { return error(404, "NoSuchKey") };
        let Some(range) = range else { return answer(200, object.bytes.clone()) };
        match stretch(range).and_then(|range| object.bytes.get(range)) {
            Some(bytes) => answer(206, bytes.to_vec()),
            None => error(416, "InvalidRange"),
        }
    }

    fn list(&self, query: &str) -> Answer {
        let named = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(found, _)| *found == name).map(|(_, value)| unescaped(value))
        };
        let prefix = named("prefix").unwrap_or_default();
        let after = named("continuation-token").or_else(|| named("start-after"));
        let most = named("max-keys").and_then(|most| most.parse().ok()).unwrap_or(PAGE);
        let from = match &after {
            Some(after) if *after >= prefix => Bound::Excluded(after.clone()),
            _ => Bound::Included(prefix.clone()),
        };
        let objects = lock(&self.objects);
        let mut found =
            objects.range((from, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(&prefix));
        let mut listed = String::new();
        let mut last = None;
        for (key, object) in found.by_ref().take(most) {
            let written = DateTime::from(object.written).fmt(DateTimeFormat::DateTime);
            let (written, bytes) = (written.unwrap_or_default(), object.bytes.len());
            let about = format!("<LastModified>{written}</LastModified><Size>{bytes}</Size>");
            listed.extend(["<Contents><Key>", key, "</Key>", &about, "</Contents>"]);
            last = Some(key);
        }
        let next = match (last, found.next()) {
            (Some(last), Some(_)) => {
                format!(
                    "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
                )
            }
            _ => "<IsTruncated>false</IsTruncated>".to_owned(),
        };
        let body = format!("<ListBucketResult>{next}{listed}</ListBucketResult>");
        answer(200, body.into_bytes())
    }
}

impl Service for S3 {
    fn latency(&self) -> Duration {
        self.random.milliseconds(LATENCY)
    }

    fn answer(&self, request: &HttpRequest) -> Answer {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let headers = request.headers();
        // By path: the bucket comes first.
        let (path, query) = path_and_query(request);
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        match request.method() {
            "GET" if key.is_empty() => self.list(query),
            "GET" => self.get(key, headers.get("range")),
            "PUT" => {
                if headers.get("if-none-match").is_some() && lock(&self.objects).contains_key(key) {
                    return error(412, "PreconditionFailed");
                }
                let bytes = request.body().bytes().unwrap_or_default();
                self.put(key.to_owned(), bytes.to_vec());
                answer(200, Vec::new())
            }
            "DELETE" => {
                self.delete(key);
                answer(204, Vec::new())
            }
            _ => error(405, "MethodNotAllowed"),
        }
    }
}

fn stretch(range: &str) -> Option<Range<usize>> {
    let (from, until) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some(from.parse().ok()?..until.parse::<usize>().ok()?.checked_add(1)?)
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        unescaped.extend(byte.map(char::from));
        unescaped += part.get(2..).unwrap_or_default();
    }
    unescaped
}

fn answer(status: u16, body: Vec<u8>) -> Answer {
    Answer { status, headers: vec![("etag", "\"0\"".to_owned())], body }
}

fn error(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    answer(status, body.into_bytes())
}
