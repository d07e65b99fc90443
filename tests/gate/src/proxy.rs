//! The proxy itself.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    io::{self, Write},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpListener;

use crate::{
    Entry, Quota, Refusal, Then,
    backdate::backdated,
    fault::Strike,
    operation::{operation, subject},
    quota::Bucket,
};

/// A proxy that listens on a port of its own.
#[derive(Debug)]
pub struct Gate {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    begun: Instant,
    upstream: OnceLock<u16>,
    client: Client<HttpConnector, Full<Bytes>>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
    /// Called once with the operation's n-th call, before it is passed on.
    strikes: Mutex<Vec<(&'static str, u64, Strike)>>,
    /// How many calls of an operation are still answered with an error of AWS's.
    refusals: Mutex<Vec<(&'static str, u32, Refusal)>>,
    quotas: Mutex<BTreeMap<&'static str, Bucket>>,
    log: Mutex<Vec<Entry>>,
    /// By key, when objects were written as listings tell from now on.
    written: Mutex<BTreeMap<String, String>>,
    /// Where the log goes as well, a line a call.
    copy: OnceLock<Mutex<Box<dyn Write + Send>>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}

impl Gate {
    /// Listens on a free port; what comes in waits for [`open`](Self::open).
    pub async fn listen() -> io::Result<Self> {
        Self::listen_on(0).await
    }

    /// Listens on `port`; what comes in waits for [`open`](Self::open).
    pub async fn listen_on(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            begun: Instant::now(),
            upstream: OnceLock::new(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            calls: Mutex::default(),
            strikes: Mutex::default(),
            refusals: Mutex::default(),
            quotas: Mutex::default(),
            log: Mutex::default(),
            written: Mutex::default(),
            copy: OnceLock::new(),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                let service = service_fn(move |request| answer(state.clone(), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { address, state })
    }

    /// Passes everything on to this port from now on; only the first one counts.
    pub fn open(&self, upstream: u16) {
        let _ = self.state.upstream.set(upstream);
    }

    /// Holds the operation to a quota from now on.
    pub fn limit(&self, operation: &'static str, quota: Quota) {
        lock(&self.state.quotas).insert(operation, Bucket::full(quota, Instant::now()));
    }

    /// How often each AWS IoT operation was called.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.state.calls).clone()
    }

    /// Calls `strike` once, when the operation is called for the n-th time from now, before the call is passed on.
    pub fn strike_at<F>(
        &self,
        operation: &'static str,
        nth: u64,
        strike: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = Then> + Send + 'static,
    {
        let so_far = self.calls().get(operation).copied().unwrap_or_default();
        let strike: Strike = Box::new(|| Box::pin(strike()));
        lock(&self.state.strikes).push((operation, so_far + nth, strike));
    }

    /// Answers the operation's next calls with an error.
    pub fn refuse(&self, operation: &'static str, calls: u32, refusal: Refusal) {
        lock(&self.state.refusals).push((operation, calls, refusal));
    }

    /// Lets listings tell that the object of this key was written at this time, such as
    /// `2026-11-22T09:30:00.000Z`.
    pub fn backdate(&self, key: &str, time: &str) {
        lock(&self.state.written).insert(key.to_owned(), time.to_owned());
    }

    /// Every call of AWS IoT that was answered, in the order in which they came.
    pub fn log(&self) -> Vec<Entry> {
        let mut log = lock(&self.state.log).clone();
        log.sort_by_key(|entry| entry.ms);
        log
    }

    /// Writes the log to `copy` as well, a line of JSON a call, when it is answered; only the first one counts.
    pub fn log_to(&self, copy: impl Write + Send + 'static) {
        let _ = self.state.copy.set(Mutex::new(Box::new(copy)));
    }
}

impl State {
    async fn answer(&self, parts: Parts, body: Bytes) -> Response<Full<Bytes>> {
        let Some(operation) = operation(&parts) else { return self.forward(parts, body).await };
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let subject = subject(&parts, &body);
        let response = match self.decide(operation).await {
            Decision::Pass => self.forward(parts, body).await,
            Decision::Refuse(refusal) => refusal.response(),
            Decision::LoseAnswer => {
                self.forward(parts, body).await;
                Refusal::InternalFailure.response()
            }
        };
        self.note(Entry { ms, operation, subject, status: response.status().as_u16() });
        response
    }

    /// Counts a call, and decides what becomes of it.
    async fn decide(&self, operation: &'static str) -> Decision {
        let count = {
            let mut calls = lock(&self.calls);
            let count = calls.entry(operation).or_default();
            *count += 1;
            *count
        };
        let due = |(at, nth, _): &mut (&str, u64, Strike)| *at == operation && *nth == count;
        let strike = lock(&self.strikes).extract_if(.., due).next();
        if let Some((_, _, strike)) = strike {
            match strike().await {
                Then::PassOn => {}
                Then::Lose => return Decision::Refuse(Refusal::InternalFailure),
                Then::LoseAnswer => return Decision::LoseAnswer,
            }
        }
        if let Some(refusal) = self.refusal(operation) {
            return Decision::Refuse(refusal);
        }
        let mut quotas = lock(&self.quotas);
        match quotas.get_mut(operation).map(|bucket| bucket.admits(Instant::now())) {
            Some(false) => Decision::Refuse(Refusal::Throttled),
            _ => Decision::Pass,
        }
    }

    fn refusal(&self, operation: &str) -> Option<Refusal> {
        let mut refusals = lock(&self.refusals);
        let (_, left, refusal) =
            refusals.iter_mut().find(|(at, left, _)| *at == operation && *left > 0)?;
        *left -= 1;
        Some(*refusal)
    }

    async fn forward(&self, mut parts: Parts, body: Bytes) -> Response<Full<Bytes>> {
        let sent = async {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let is_listing = path.contains("list-type=2");
            // The signature covers the host header, so that stays as the client wrote it.
            parts.uri = format!("http://127.0.0.1:{}{path}", self.upstream.wait()).parse()?;
            let request = Request::from_parts(parts, Full::new(body));
            let (parts, body) = self.client.request(request).await?.into_parts();
            let mut body = body.collect().await?.to_bytes();
            if is_listing {
                body = self.aged(body);
            }
            anyhow::Ok(Response::from_parts(parts, Full::new(body)))
        };
        sent.await.unwrap_or_else(|error| {
            let mut response = Response::new(Full::new(Bytes::from(error.to_string())));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        })
    }

    fn aged(&self, listing: Bytes) -> Bytes {
        let written = lock(&self.written);
        if written.is_empty() {
            return listing;
        }
        let listing = String::from_utf8_lossy(&listing).into_owned();
        let aged =
            written.iter().fold(listing, |listing, (key, time)| backdated(&listing, key, time));
        Bytes::from(aged)
    }

    fn note(&self, entry: Entry) {
        if let Some(copy) = self.copy.get()
            && let Ok(mut line) = serde_json::to_vec(&entry)
        {
            line.push(b'\n');
            // Whoever reads the copy may have gone; the calls go on.
            let _ = lock(copy).write_all(&line);
        }
        lock(&self.log).push(entry);
    }
}

enum Decision {
    Pass,
    Refuse(Refusal),
    LoseAnswer,
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        // Whoever sent half a request is not there any more for an answer.
        Err(_) => return Ok(Refusal::InternalFailure.response()),
    };
    // What was sent takes effect, also where whoever sent it dies before the answer: then the server
    // drops this future, and a task of its own goes on.
    let answered = tokio::spawn(async move { state.answer(parts, body).await }).await;
    Ok(answered.unwrap_or_else(|_| Refusal::InternalFailure.response()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
