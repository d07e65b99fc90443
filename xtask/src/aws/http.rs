//! The SDK's HTTP client, as the functions have it, but through a proxy where there is one.

use std::sync::OnceLock;

use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};

/// A client that reads the machine's root certificates once, and when it is first used.
pub(crate) fn client(proxy: ProxyConfig) -> SharedHttpClient {
    let made = OnceLock::new();
    http_client_fn(move |settings, _| {
        let connect = || {
            let connector = Connector::builder()
                .connector_settings(settings.clone())
                .proxy_config(proxy.clone())
                .tls_provider(Provider::Rustls(CryptoMode::Ring));
            SharedHttpConnector::new(connector.build())
        };
        made.get_or_init(connect).clone()
    })
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::TcpListener,
        thread,
    };

    use aws_sdk_s3::config::{Credentials, Region, SharedCredentialsProvider};
    use aws_smithy_http_client::proxy::ProxyConfig;

    use super::{super::block_on, client};

    #[test]
    fn https_goes_through_the_proxy() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://user:pass@{}", listener.local_addr().unwrap());
        let asked = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            head
        });
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version_latest()
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
            .http_client(client(ProxyConfig::https(proxy).unwrap()));
        let s3 = aws_sdk_s3::Client::from_conf(config.build());
        let answer = block_on(async { Ok(s3.list_buckets().send().await) }).unwrap();
        assert!(answer.is_err());
        let head = asked.join().unwrap();
        let address = "s3.eu-central-1.amazonaws.com:443";
        assert!(head.starts_with(&format!("CONNECT {address} HTTP/1.1\r\n")), "{head}");
        assert!(head.to_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnz"), "{head}");
    }
}
