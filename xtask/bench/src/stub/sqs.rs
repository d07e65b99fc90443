//! SQS, as far as the functions use it: a queue that takes every message, and counts them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::Result;
use http_body_util::BodyExt as _;
use hyper::{Request, StatusCode, body::Incoming};
use serde_json::{Value, json};

use super::server::{Reply, Server, reply};

#[derive(Debug)]
pub(crate) struct Sqs {
    server: Server,
    messages: Arc<AtomicU64>,
}

impl Sqs {
    pub(crate) fn start() -> Result<Self> {
        let messages = Arc::new(AtomicU64::new(0));
        let counted = messages.clone();
        let server = Server::start(move |request| answer(counted.clone(), request))?;
        Ok(Self { server, messages })
    }

    /// What `AWS_ENDPOINT_URL_SQS` is set to.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// How many messages came since the last time that somebody asked.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.swap(0, Ordering::Relaxed)
    }
}

/// `SendMessageBatch`
async fn answer(messages: Arc<AtomicU64>, request: Request<Incoming>) -> Reply {
    let Ok(body) = request.into_body().collect().await else {
        return reply(StatusCode::BAD_REQUEST, "{}");
    };
    let sent: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    let entries =
        sent.get("Entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let taken = entries.iter().map(|entry| {
        json!({"Id": entry.get("Id"), "MessageId": "00000000-0000-4000-8000-000000000000", "MD5OfMessageBody": ""})
    });
    let taken: Vec<Value> = taken.collect();
    messages.fetch_add(u64::try_from(taken.len()).unwrap_or_default(), Ordering::Relaxed);
    reply(StatusCode::OK, json!({"Successful": taken, "Failed": []}).to_string())
}
