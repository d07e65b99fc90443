//! Connections to a server that counts them.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient as _, HttpConnector as _, HttpConnectorSettings, SharedHttpClient},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponentsBuilder,
};
use http_body_util::BodyExt as _;

use super::{client, opening};

/// Whether a connection stays open after an answer.
type Serve = fn(&mut TcpStream) -> bool;

/// A server that counts its connections and tells each request's head.
struct Server {
    address: String,
    connections: Arc<AtomicUsize>,
    requests: mpsc::Receiver<String>,
}

impl Server {
    fn start(serve: Serve) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let (tell, requests) = mpsc::channel();
        let counted = connections.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                let tell = tell.clone();
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(head) = head(&mut reader) {
                        if tell.send(head).is_err() || !serve(&mut stream) {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, connections, requests }
    }

    fn uri(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn head(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

fn answer(stream: &mut TcpStream, status: &str) -> bool {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").is_ok()
}

async fn send(client: &SharedHttpClient, uri: &str) -> Result<HttpResponse, ConnectorError> {
    let components = RuntimeComponentsBuilder::for_tests().build().unwrap();
    let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(3)).build();
    let mut request = HttpRequest::get(uri).unwrap();
    request.headers_mut().insert("authorization", "guarded");
    client.http_connector(&settings, &components).call(request).await
}

/// Sends a request and reads its answer to the end.
async fn ask(client: &SharedHttpClient, uri: &str) -> u16 {
    let response = send(client, uri).await.unwrap();
    let status = response.status().as_u16();
    response.into_body().collect().await.unwrap();
    status
}

#[tokio::test]
async fn the_first_request_uses_the_connection_that_was_opened_for_it() {
    let server = Server::start(|stream| answer(stream, "403 Forbidden"));
    let client = client();
    assert_eq!(ask(&opening(client.clone()), &server.uri("/things/-?a=b")).await, 200);
    let opened = server.requests.recv().unwrap();
    assert!(opened.starts_with("HEAD / HTTP/1.1\r\n"), "{opened}");
    assert!(opened.contains(&format!("host: {}\r\n", server.address)), "{opened}");
    assert!(!opened.contains("guarded"), "{opened}");

    assert_eq!(ask(&client, &server.uri("/things/d-1")).await, 403);
    let asked = server.requests.recv().unwrap();
    assert!(asked.starts_with("GET /things/d-1 HTTP/1.1\r\n"), "{asked}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn services_share_the_connections() {
    let server = Server::start(|stream| answer(stream, "200 OK"));
    let client = client();
    for path in ["/a", "/b", "/c"] {
        assert_eq!(ask(&client.clone(), &server.uri(path)).await, 200);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn nothing_is_wrong_where_nobody_listens() {
    let opening = opening(client());
    assert_eq!(ask(&opening, "http://127.0.0.1:9/").await, 200);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_everything_stood_still_costs_no_request() {
    let server = Server::start(|stream| {
        answer(stream, "200 OK");
        thread::sleep(Duration::from_millis(100));
        false
    });
    let client = client();
    assert_eq!(ask(&opening(client.clone()), &server.uri("/")).await, 200);
    for _ in 0..2 {
        // As AWS Lambda does it between two events.
        thread::sleep(Duration::from_millis(400));
        assert_eq!(ask(&client, &server.uri("/")).await, 200);
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_request_without_an_answer_is_told_as_such() {
    let server = Server::start(|_| false);
    let error = send(&client(), &server.uri("/")).await.unwrap_err();
    assert!(error.as_other().is_some() || error.is_io(), "{error:?}");
    assert_eq!(server.connections(), 1);
}
