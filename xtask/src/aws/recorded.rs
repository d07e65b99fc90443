//! A server that gives answers recorded in AWS's shape: for what the local cloud does not play.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

/// An answer to the requests that contain a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// A part of the request: a target, an action, a path.
    pub(crate) to: &'static str,
    pub(crate) status: u16,
    /// Further header lines.
    pub(crate) headers: &'static str,
    pub(crate) body: &'static str,
}

/// The first answer that fits, for as long as the test runs.
pub(crate) fn serve(answers: Vec<Answer>) -> SdkConfig {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &answers);
        }
    });
    at(&endpoint)
}

/// Somebody's credentials for an address.
pub(crate) fn at(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "recorded");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(super::direct())
        .build()
}

fn answer(mut stream: TcpStream, answers: &[Answer]) {
    let request = read(&stream);
    let found = answers.iter().find(|answer| request.contains(answer.to));
    let Answer { status, headers, body, .. } = found.unwrap_or_else(|| panic!("{request}"));
    let length = body.len();
    let body = if request.starts_with("HEAD ") { "" } else { body };
    write!(
        stream,
        "HTTP/1.1 {status} Recorded\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
}

fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap() == 0 {
            return head;
        }
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}
