//! The three plain requests that the local cloud answers beside the AWS APIs.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result};

/// Status and body of an answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Sends a request without a body to this machine.
///
/// HTTP/1.0, so that the answer is neither chunked nor followed by another one.
pub(crate) fn request(method: &str, port: u16, path: &str, patience: Duration) -> Result<Response> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience)
        .with_context(|| format!("nothing answers at 127.0.0.1:{port}"))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("no answer to {method} {path}"))?;
    parse(&String::from_utf8_lossy(&answer))
        .with_context(|| format!("unexpected answer to {method} {path}"))
}

fn parse(answer: &str) -> Option<Response> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Response { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_is_split_into_status_and_body() {
        let response =
            parse("HTTP/1.1 503 \r\ncontent-type: text/plain\r\n\r\nnot\r\n\r\nyet").unwrap();
        assert_eq!((response.status, response.body.as_str()), (503, "not\r\n\r\nyet"));
    }

    #[test]
    fn half_an_answer_is_none() {
        assert!(parse("HTTP/1.1 200 OK\r\ncontent-").is_none());
    }
}
