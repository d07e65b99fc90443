//! What can go wrong on purpose.

use std::{fs, net::SocketAddr, pin::Pin};

use http_body_util::Full;
use hyper::{Response, body::Bytes, header::HeaderValue};

/// What to do at a call.
pub(crate) type Strike = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Then> + Send>> + Send>;

/// What becomes of a call after a strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It takes effect.
    PassOn,
    /// It is lost.
    Lose,
    /// It takes effect, and its answer is lost.
    LoseAnswer,
}

/// An error as AWS IoT answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// More calls a second than the quota allows.
    Throttled,
    /// A fault of its own.
    InternalFailure,
}

impl Refusal {
    pub(crate) fn response(self) -> Response<Full<Bytes>> {
        let (status, code, message) = match self {
            Self::Throttled => (400, "ThrottlingException", "Rate exceeded"),
            Self::InternalFailure => (500, "InternalFailureException", "An error has occurred"),
        };
        let body = serde_json::json!({ "message": message }).to_string();
        let mut response = Response::new(Full::new(Bytes::from(body)));
        if let Ok(status) = status.try_into() {
            *response.status_mut() = status;
        }
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
        response
    }
}

/// Kills every process of the Lambda function `name` that calls AWS through the gate at `gate`, as a crash would.
///
/// Other clouds on the machine, those of tests that run at the same time, have functions of the same names.
pub fn kill_function(gate: SocketAddr, name: &str) {
    let own =
        [format!("AWS_LAMBDA_FUNCTION_NAME={name}"), format!("AWS_ENDPOINT_URL=http://{gate}")];
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = process.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else { continue };
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let has = |entry: &String| {
            environment.split(|byte| *byte == 0).any(|found| found == entry.as_bytes())
        };
        if own.iter().all(has) {
            // One that ended by itself in the meantime needs no killing.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}
