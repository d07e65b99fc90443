//! The Lambda Runtime API: hands events to a function's program, and takes its answers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, anyhow, bail};
use http_body_util::BodyExt as _;
use hyper::{
    Method, Request, StatusCode,
    body::{Bytes, Incoming},
    header::HeaderValue,
};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::server::{Reply, Server, reply};

/// So much longer than its deadline a function is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// What a function answered with, or its error in words.
type Answer = Result<Value, String>;

/// The API, for one function.
#[derive(Debug)]
pub(crate) struct Runtime {
    server: Server,
    state: Arc<State>,
    events: mpsc::UnboundedSender<Event>,
}

#[derive(Debug)]
struct State {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    /// Whoever waits for an answer, by the request's id.
    waiting: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    first_next: OnceLock<Instant>,
    /// Why the program could not begin.
    init_error: OnceLock<String>,
    requests: AtomicU64,
}

#[derive(Debug)]
struct Event {
    id: String,
    body: Bytes,
    deadline: SystemTime,
}

impl Runtime {
    pub(crate) fn start() -> Result<Self> {
        let (events, received) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            events: tokio::sync::Mutex::new(received),
            waiting: Mutex::default(),
            first_next: OnceLock::new(),
            init_error: OnceLock::new(),
            requests: AtomicU64::new(1),
        });
        let shared = state.clone();
        let server = Server::start(move |request| answer(shared.clone(), request))?;
        Ok(Self { server, state, events })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` is set to.
    pub(crate) fn endpoint(&self) -> String {
        self.server.address().to_string()
    }

    /// When the program asked for its first event; none before that.
    pub(crate) fn first_next(&self) -> Option<Instant> {
        self.state.first_next.get().copied()
    }

    /// The same as [`invoke`](Self::invoke), for whoever is not asynchronous.
    pub(crate) fn call(&self, event: &Value, time: Duration) -> Result<Value> {
        self.server.wait_for(self.invoke(event, time))
    }

    /// Has the function work on an event; it is told that it has so much time.
    pub(crate) async fn invoke(&self, event: &Value, time: Duration) -> Result<Value> {
        let number = self.state.requests.fetch_add(1, Ordering::Relaxed);
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let (sender, answer) = oneshot::channel();
        lock(&self.state.waiting).insert(id.clone(), sender);
        if let Some(error) = self.state.init_error.get() {
            bail!("the function did not begin: {error}");
        }
        let (body, deadline) = (serde_json::to_vec(event)?.into(), SystemTime::now() + time);
        self.events.send(Event { id, body, deadline }).context("nobody takes events")?;
        let answer = tokio::time::timeout(time + GRACE, answer)
            .await
            .map_err(|_| anyhow!("the function did not answer within {} s", time.as_secs()))?;
        answer?.map_err(|error| anyhow!("the function failed: {error}"))
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let body = request.into_body().collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        (Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => state.next().await,
        (Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            state.tell(id, serde_json::from_slice(&body).map_err(|error| error.to_string()))
        }
        (Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            state.tell(id, Err(words(&body)))
        }
        (Method::POST, ["2018-06-01", "runtime", "init", "error"]) => {
            let _ = state.init_error.set(words(&body));
            // Whoever waits for an answer waits in vain.
            for (_, waiting) in lock(&state.waiting).drain() {
                let _ = waiting.send(Err(words(&body)));
            }
            reply(StatusCode::ACCEPTED, "")
        }
        _ => reply(StatusCode::NOT_FOUND, "{}"),
    }
}

impl State {
    async fn next(&self) -> Reply {
        let _ = self.first_next.set(Instant::now());
        let event = self.events.lock().await.recv().await;
        let Some(Event { id, body, deadline }) = event else {
            return reply(StatusCode::GONE, "{}");
        };
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut answer = reply(StatusCode::OK, body);
        let headers = [
            ("lambda-runtime-aws-request-id", id),
            ("lambda-runtime-deadline-ms", deadline.to_string()),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:measured".to_owned(),
            ),
            ("content-type", "application/json".to_owned()),
        ];
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }

    fn tell(&self, id: &str, answer: Answer) -> Reply {
        if let Some(waiting) = lock(&self.waiting).remove(id) {
            let _ = waiting.send(answer);
        }
        reply(StatusCode::ACCEPTED, "")
    }
}

fn words(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
