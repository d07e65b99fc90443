//! What a call asks for.

use std::{collections::BTreeMap, ops::Range};

use http_body_util::BodyExt as _;
use hyper::{
    Method, Request,
    body::{Bytes, Incoming},
    header::HeaderMap,
};

use super::objects::{Object, Refusal};

/// A call, read to its end.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    /// Empty where the call is about the bucket.
    pub(super) key: String,
    pub(super) query: BTreeMap<String, String>,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    /// None where the caller broke off, or what it sent cannot be read.
    pub(super) async fn read(request: Request<Incoming>) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let path = parts.uri.path().trim_start_matches('/');
        let key = path.split_once('/').map_or("", |(_, key)| key);
        let query = parts.uri.query().unwrap_or_default().split('&');
        let query = query.filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        let (query, key) = (query.collect(), decoded(key));
        let asked = Self { method: parts.method, key, query, headers: parts.headers, body };
        let body = asked.payload()?;
        Some(Self { body, ..asked })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The upload that it is about.
    pub(super) fn upload(&self) -> Result<u64, Refusal> {
        let id = self.query.get("uploadId").and_then(|id| id.parse().ok());
        id.ok_or(Refusal::NoSuchUpload)
    }

    /// The stretch that it asks for, of an object of so many bytes; none where it asks for all of it.
    pub(super) fn range(&self, size: u64) -> Result<Option<Range<u64>>, Refusal> {
        let Some(range) = self.header("range") else { return Ok(None) };
        stretch(range, size).map(Some).ok_or(Refusal::InvalidRange)
    }

    pub(super) fn check_read_conditions(&self, object: &Object) -> Result<(), Refusal> {
        if self.header("if-match").is_some_and(|etag| !names(etag, object)) {
            return Err(Refusal::PreconditionFailed);
        }
        if self.header("if-none-match").is_some_and(|etag| names(etag, object)) {
            return Err(Refusal::NotModified);
        }
        Ok(())
    }

    pub(super) fn check_write_conditions(&self, there: Option<&Object>) -> Result<(), Refusal> {
        if self.header("if-none-match").is_some() && there.is_some() {
            return Err(Refusal::PreconditionFailed);
        }
        match (self.header("if-match"), there) {
            (Some(_), None) => Err(Refusal::NoSuchKey),
            (Some(etag), Some(object)) if !names(etag, object) => Err(Refusal::PreconditionFailed),
            _ => Ok(()),
        }
    }

    /// The body without the frames that the SDK puts around its pieces, where it does.
    fn payload(&self) -> Option<Bytes> {
        let encoding = self.header("content-encoding").unwrap_or_default();
        if encoding.contains("aws-chunked") {
            unchunked(&self.body)
        } else {
            Some(self.body.clone())
        }
    }
}

fn names(etag: &str, object: &Object) -> bool {
    etag == "*" || etag.trim_matches('"') == object.etag.trim_matches('"')
}

/// `bytes=0-9`, `bytes=10-` or `bytes=-10` of so many bytes.
fn stretch(range: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first, last) {
        ("", last) => size.saturating_sub(last.parse().ok()?)..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) => first.parse().ok()?..last.parse::<u64>().ok()?.saturating_add(1).min(size),
    };
    (range.start < range.end).then_some(range)
}

/// `<length in hex>[;..]CR LF <bytes> CR LF`, again and again, up to a length of 0; headers come after it.
fn unchunked(body: &Bytes) -> Option<Bytes> {
    let mut rest = body.as_ref();
    let mut payload = Vec::with_capacity(rest.len());
    loop {
        let line = rest.windows(2).position(|end| end == b"\r\n")?;
        let (head, behind) = rest.split_at_checked(line)?;
        let length = head.split(|byte| *byte == b';').next()?;
        let length = usize::from_str_radix(std::str::from_utf8(length).ok()?, 16).ok()?;
        if length == 0 {
            return Some(payload.into());
        }
        let (piece, behind) = behind.get(2..)?.split_at_checked(length)?;
        payload.extend_from_slice(piece);
        rest = behind.strip_prefix(b"\r\n")?;
    }
}

/// The parts that an upload is made of, by number and entity tag.
pub(super) fn parts(body: &Bytes) -> Vec<(u32, String)> {
    let text = String::from_utf8_lossy(body);
    let inside = |part: &str, tag: &str| {
        let (_, behind) = part.split_once(&format!("<{tag}>"))?;
        Some(behind.split_once('<')?.0.replace("&quot;", "\""))
    };
    let parts = text.split("<Part>").skip(1);
    parts
        .filter_map(|part| Some((inside(part, "PartNumber")?.parse().ok()?, inside(part, "ETag")?)))
        .collect()
}

/// Without the escapes of an address. `+` stands for itself in a path, and the SDK never means a space by it.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escape = behind.get(..2).filter(|_| *first == b'%');
        let byte =
            escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_inclusive_and_end_with_the_object() {
        let check = |range: &str, expected| assert_eq!(stretch(range, 10), expected, "{range}");
        check("bytes=0-0", Some(0..1));
        check("bytes=2-99", Some(2..10));
        check("bytes=7-", Some(7..10));
        check("bytes=-3", Some(7..10));
        check("bytes=10-12", None);
        check("items=0-1", None);
    }

    #[test]
    fn frames_around_pieces_are_taken_off() {
        let framed =
            "4;chunk-signature=ab\r\nwi\r\n\r\n3\r\nki!\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
        assert_eq!(unchunked(&Bytes::from(framed)), Some(Bytes::from("wi\r\nki!")));
        assert_eq!(unchunked(&Bytes::from("4\r\nwi")), None);
    }

    #[test]
    fn parts_are_read_with_their_tags() {
        let body = "<CompleteMultipartUpload><Part><ETag>&quot;a&quot;</ETag><PartNumber>1</PartNumber></Part>\
             <Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag></Part></CompleteMultipartUpload>";
        let expected = [(1, "\"a\"".to_owned()), (2, "\"b\"".to_owned())];
        assert_eq!(parts(&Bytes::from(body)), expected);
    }

    #[test]
    fn keys_and_queries_are_what_they_were_before_they_became_an_address() {
        assert_eq!(decoded("runs/a%20b%2Fc+d%zz%"), "runs/a b/c+d%zz%");
    }
}
