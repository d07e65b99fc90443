//! What stands in the place of the network.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_s3::{
    config::{AsyncSleep, Sleep},
    primitives::SdkBody,
};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use ledger::clock;

/// An AWS service in memory.
pub(crate) trait Service: Debug + Send + Sync + 'static {
    /// How long a call is under way, there and back.
    fn latency(&self) -> Duration;

    /// Answers a request at the moment when it arrives.
    fn answer(&self, request: &HttpRequest) -> Answer;
}

/// A service's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// The SDK's way to a service.
#[derive(Debug)]
pub(crate) struct Wire<S>(pub(crate) Arc<S>);

impl<S> Clone for Wire<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Service> HttpClient for Wire<S> {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl<S: Service> HttpConnector for Wire<S> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = self.0.clone();
        HttpConnectorFuture::new(async move {
            let half = service.latency() / 2;
            clock::sleep(half).await;
            let answer = service.answer(&request);
            clock::sleep(half).await;
            Ok(answer.into())
        })
    }
}

/// The SDK's own waiting, by the same clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sleeper;

impl AsyncSleep for Sleeper {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(clock::sleep(duration))
    }
}

impl From<Answer> for HttpResponse {
    fn from(Answer { status, headers, body }: Answer) -> Self {
        let status = StatusCode::try_from(status).unwrap_or_else(|_| internal_error());
        let mut response = Self::new(status, SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

#[expect(clippy::expect_used, reason = "a constant")]
fn internal_error() -> StatusCode {
    StatusCode::try_from(500).expect("a status")
}

/// The path of a request and its query.
pub(crate) fn path_and_query(request: &HttpRequest) -> (&str, &str) {
    let uri = request.uri();
    let uri = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = uri.find('/').and_then(|slash| uri.get(slash..)).unwrap_or_default();
    path.split_once('?').unwrap_or((path, ""))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
