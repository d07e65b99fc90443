//! A proxy between the functions and the local cloud, which counts AWS IoT calls and can strike at one of them.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode, body::Bytes, body::Incoming, server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpListener;

/// What to do at a call.
type Strike = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Then> + Send>> + Send>;

/// What becomes of a call after a strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It takes effect.
    PassOn,
    /// It is lost.
    Lose,
}

/// A proxy that listens on a port of its own.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    upstream: OnceLock<u16>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
    /// Called once with the operation's n-th call, before it is passed on.
    strikes: Mutex<Vec<(&'static str, u64, Strike)>>,
    /// How many calls of an operation are still answered with an error of AWS's, instead of being passed on.
    refusals: Mutex<Vec<(&'static str, u32, Refusal)>>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Gate {
    /// Listens; what comes in waits for [`open`](Self::open).
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let state = Arc::new(State {
            upstream: OnceLock::new(),
            calls: Mutex::default(),
            strikes: Mutex::default(),
            refusals: Mutex::default(),
            client,
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                let service = service_fn(move |request| pass(state.clone(), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, state }
    }

    /// Passes everything on to this port from now on.
    pub(crate) fn open(&self, port: u16) {
        self.state.upstream.set(port).unwrap();
    }

    /// How often each AWS IoT operation was called.
    pub(crate) fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.state.calls.lock().unwrap().clone()
    }

    /// Calls `strike` once, when the operation is called for the n-th time from now, before the call is passed on.
    pub(crate) fn strike_at<F>(
        &self,
        operation: &'static str,
        nth: u64,
        strike: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = Then> + Send + 'static,
    {
        let so_far = self.calls().get(operation).copied().unwrap_or_default();
        let strike: Strike = Box::new(|| Box::pin(strike()));
        self.state.strikes.lock().unwrap().push((operation, so_far + nth, strike));
    }

    /// Answers the operation's next calls with an error.
    pub(crate) fn refuse(&self, operation: &'static str, calls: u32, refusal: Refusal) {
        self.state.refusals.lock().unwrap().push((operation, calls, refusal));
    }
}

/// An error as AWS IoT answers it.
#[derive(Clone, Copy)]
pub(crate) enum Refusal {
    Throttled,
    InternalFailure,
}

impl Refusal {
    fn response(self) -> Response<Full<Bytes>> {
        let (status, code) = match self {
            Self::Throttled => (400, "ThrottlingException"),
            Self::InternalFailure => (500, "InternalFailureException"),
        };
        let response = Response::builder().status(status).header("x-amzn-errortype", code);
        response
            .body(Full::new(Bytes::from_static(b"{\"message\":\"as the test wants it\"}")))
            .unwrap()
    }
}

impl State {
    fn refusal(&self, operation: &str) -> Option<Refusal> {
        let mut refusals = self.refusals.lock().unwrap();
        let (_, left, refusal) =
            refusals.iter_mut().find(|(at, left, _)| *at == operation && *left > 0)?;
        *left -= 1;
        Some(*refusal)
    }
}

async fn pass(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Some(operation) = operation(&request) {
        let count = *state
            .calls
            .lock()
            .unwrap()
            .entry(operation)
            .and_modify(|count| *count += 1)
            .or_insert(1);
        let due = |(at, nth, _): &mut (&str, u64, Strike)| *at == operation && *nth == count;
        let strike = state.strikes.lock().unwrap().extract_if(.., due).next();
        if let Some((_, _, strike)) = strike
            && strike().await == Then::Lose
        {
            return Ok(Refusal::InternalFailure.response());
        }
        if let Some(refusal) = state.refusal(operation) {
            return Ok(refusal.response());
        }
    }
    let answered = forward(&state, request).await;
    Ok(answered.unwrap_or_else(|error| {
        let mut response = Response::new(Full::new(Bytes::from(error.to_string())));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }))
}

async fn forward(
    state: &State,
    request: Request<Incoming>,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    // The signature covers the host header, so that stays as the client wrote it.
    parts.uri = format!("http://127.0.0.1:{}{path}", state.upstream.wait()).parse()?;
    let body = Full::new(body.collect().await?.to_bytes());
    let (parts, body) = state.client.request(Request::from_parts(parts, body)).await?.into_parts();
    Ok(Response::from_parts(parts, Full::new(body.collect().await?.to_bytes())))
}

/// The AWS IoT operation that a request is; none for other services.
fn operation(request: &Request<Incoming>) -> Option<&'static str> {
    let authorization = request.headers().get("authorization")?.to_str().ok()?;
    if !authorization.contains("/iot/aws4_request") {
        return None;
    }
    let segments: Vec<_> =
        request.uri().path().split('/').filter(|segment| !segment.is_empty()).collect();
    Some(match (request.method(), segments.as_slice()) {
        (&Method::GET, ["things", _]) => "DescribeThing",
        (&Method::POST, ["things", _]) => "CreateThing",
        (&Method::GET, ["things", _, "principals"]) => "ListThingPrincipals",
        (&Method::PUT, ["things", _, "principals"]) => "AttachThingPrincipal",
        (&Method::DELETE, ["things", _, "principals"]) => "DetachThingPrincipal",
        (&Method::GET, ["things", _, "thing-groups"]) => "ListThingGroupsForThing",
        (&Method::POST, ["certificate", "register-no-ca"]) => "RegisterCertificateWithoutCA",
        (&Method::GET, ["certificates", _]) => "DescribeCertificate",
        (&Method::GET, ["principals", "things"]) => "ListPrincipalThings",
        (&Method::PUT, ["thing-groups", "addThingToThingGroup"]) => "AddThingToThingGroup",
        (&Method::PUT, ["target-policies", _]) => "AttachPolicy",
        (&Method::POST, ["attached-policies", ..]) => "ListAttachedPolicies",
        (&Method::GET, ["policies", _]) => "GetPolicy",
        (&Method::GET, ["thing-groups", _]) => "DescribeThingGroup",
        (&Method::GET, ["thing-types", _]) => "DescribeThingType",
        _ => "another operation",
    })
}

/// Kills every process of the function, as a crash would.
pub(crate) fn kill_function(name: &str) {
    let variable = format!("AWS_LAMBDA_FUNCTION_NAME={name}");
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes()) {
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
    }
}
