//! One bucket in memory, as far as the decoder uses S3, behind plain HTTP.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation},
};

/// The bucket, and what was sent to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// Parts of uploads that are not completed, by their ids.
    uploads: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
    /// Those that were.
    completed: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
    /// The methods of all requests so far, each with the first parameter of its query.
    pub(crate) requests: Vec<String>,
}

/// A server for a bucket, which answers to every name.
#[derive(Clone, Debug)]
pub(crate) struct S3 {
    bucket: Arc<Mutex<Bucket>>,
    address: SocketAddr,
}

struct Request {
    method: String,
    key: String,
    query: BTreeMap<String, String>,
    range: Option<String>,
    body: Vec<u8>,
}

impl S3 {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let s3 = Self { bucket: Arc::default(), address: listener.local_addr().unwrap() };
        let shared = s3.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                thread::spawn(move || shared.serve(&stream.unwrap()));
            }
        });
        s3
    }

    pub(crate) fn client(&self) -> Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .endpoint_url(format!("http://{}", self.address))
            .force_path_style(true)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::new("us-east-1"))
            // So that bodies come as they are, and not in chunks with a checksum behind them.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        Client::from_conf(config.build())
    }

    /// Looks into the bucket, or changes it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Bucket) -> T) -> T {
        look(&mut self.bucket.lock().unwrap())
    }

    /// Answers the requests of one connection.
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = read(&mut reader) {
            let (status, body) = self.with(|bucket| bucket.answer(&request));
            let tag = if request.method == "PUT" { "etag: \"tag\"\r\n" } else { "" };
            let range = match &request.range {
                Some(range) if status.starts_with("206") => {
                    let (first, _) = bounds(range);
                    format!("content-range: bytes {first}-{}/*\r\n", first + body.len() - 1)
                }
                _ => String::new(),
            };
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\n{tag}{range}content-length: {length}\r\n\r\n");
            let mut stream = stream;
            // The decoder hangs up where it goes on elsewhere in the file.
            if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                return;
            }
        }
    }
}

impl Bucket {
    /// Has uploads that were completed be under way, with all parts that were sent.
    pub(crate) fn take_back_completions(&mut self) {
        self.uploads.append(&mut self.completed);
    }

    fn answer(&mut self, request: &Request) -> (&'static str, Vec<u8>) {
        let Request { method, key, query, range, body } = request;
        let first = query.keys().next().map(String::as_str).unwrap_or_default();
        self.requests.push(format!("{method} {first}"));
        let upload = query.get("uploadId");
        let no_upload = || ("404 Not Found", b"<Error><Code>NoSuchUpload</Code></Error>".to_vec());
        match (method.as_str(), upload) {
            ("GET", _) if key.is_empty() => ("200 OK", self.list(&query["prefix"])),
            ("GET", _) => match self.objects.get(key) {
                None => ("404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
                Some(object) => match range {
                    None => ("200 OK", object.clone()),
                    Some(range) => ("206 Partial Content", cut(object, range)),
                },
            },
            ("PUT", Some(id)) => match self.uploads.get_mut(id) {
                None => no_upload(),
                Some(parts) => {
                    parts.insert(query["partNumber"].parse().unwrap(), body.clone());
                    ("200 OK", Vec::new())
                }
            },
            ("PUT", None) => {
                self.objects.insert(key.clone(), body.clone());
                ("200 OK", Vec::new())
            }
            ("POST", None) => {
                let id = format!("upload-{}", self.requests.len());
                self.uploads.insert(id.clone(), BTreeMap::new());
                let text = format!(
                    "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                );
                ("200 OK", text.into_bytes())
            }
            ("POST", Some(id)) => match self.uploads.remove(id) {
                None => no_upload(),
                Some(parts) => {
                    let asked = String::from_utf8(body.clone()).unwrap();
                    let asked = asked.split("<PartNumber>").skip(1);
                    let numbers =
                        asked.map(|part| part.split('<').next().unwrap().parse().unwrap());
                    let content: Vec<&[u8]> =
                        numbers.map(|number: usize| parts[&number].as_slice()).collect();
                    self.objects.insert(key.clone(), content.concat());
                    self.completed.insert(id.clone(), parts);
                    ("200 OK", b"<CompleteMultipartUploadResult/>".to_vec())
                }
            },
            _ => ("501 Not Implemented", Vec::new()),
        }
    }

    fn list(&self, prefix: &str) -> Vec<u8> {
        let keys = self.objects.keys().filter(|key| key.starts_with(prefix));
        let contents = keys.fold(String::new(), |contents, key| {
            contents
                + "<Contents><Key>"
                + key
                + "</Key><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
        });
        format!("<ListBucketResult>{contents}</ListBucketResult>").into_bytes()
    }
}

/// The bytes that `bytes=<first>-<last>` or `bytes=<first>-` names.
fn cut(object: &[u8], range: &str) -> Vec<u8> {
    let (first, last) = bounds(range);
    let end = last.map_or(object.len(), |last| object.len().min(last + 1));
    object[first..end].to_vec()
}

fn bounds(range: &str) -> (usize, Option<usize>) {
    let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    (first.parse().unwrap(), last.parse().ok())
}

/// The next request of a connection; none behind the last one.
fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ');
    let method = words.next()?.to_owned();
    let target = words.next()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
    let query = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.replace("%2F", "/")))
        .filter(|(name, _)| name != "x-id" && !name.is_empty())
        .collect();
    let (mut length, mut range) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "range" => range = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, key: key.to_owned(), query, range, body })
}
