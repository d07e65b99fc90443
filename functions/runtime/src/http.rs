//! The SDK's HTTP client, and connections before the first request.

use std::sync::OnceLock;

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpClient,
            SharedHttpConnector, http_client_fn,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use tokio::task::yield_now;

/// A client whose connections are shared by all that use it. All of them have the same time limits.
///
/// It is made when it is first used: the SDK's own way would read the machine's root certificates
/// for each client of a service once more.
pub(crate) fn client() -> SharedHttpClient {
    let made = OnceLock::new();
    http_client_fn(move |settings, _| {
        let connect = || {
            let connector = Connector::builder()
                .connector_settings(settings.clone())
                // Megabytes smaller than AWS-LC; it has no key exchange against quantum computers.
                .tls_provider(Provider::Rustls(CryptoMode::Ring));
            SharedHttpConnector::new(Attentive(SharedHttpConnector::new(connector.build())))
        };
        made.get_or_init(connect).clone()
    })
}

/// Looks at the connections before it takes one of them.
///
/// AWS Lambda stops a function between two events. A server may close a connection meanwhile, and
/// what is sent over it is lost: the SDK tries again, but later.
#[derive(Debug)]
struct Attentive(SharedHttpConnector);

impl HttpConnector for Attentive {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.0.clone();
        HttpConnectorFuture::new(async move {
            // Whoever waits for the network sees now what came, such as a connection's end.
            yield_now().await;
            connector.call(request).await
        })
    }
}

/// A client that opens the connection of a request, and answers for the server.
///
/// The SDK knows where a request goes, and only the SDK. The request itself is not sent: to the same
/// server goes one without a signature that asks for nothing, and its connection stays open.
pub(crate) fn opening(client: SharedHttpClient) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Opening(client.http_connector(settings, components)))
    })
}

#[derive(Debug)]
struct Opening(SharedHttpConnector);

impl HttpConnector for Opening {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let opened = greeting(request.uri()).map(|greeting| self.0.call(greeting));
        HttpConnectorFuture::new(async move {
            if let Some(opened) = opened {
                // What does not open now, the first request opens or fails with.
                let _ = opened.await;
            }
            let status = StatusCode::try_from(200);
            let status = status.map_err(|error| ConnectorError::other(error.into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::empty()))
        })
    }
}

/// `HEAD /`, to the server of this address.
fn greeting(uri: &str) -> Option<HttpRequest> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_method("HEAD").ok()?;
    request.set_uri(format!("{scheme}://{authority}/")).ok()?;
    Some(request)
}

#[cfg(test)]
mod tests;
