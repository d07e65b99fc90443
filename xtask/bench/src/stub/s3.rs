//! S3, as far as the functions use it: one bucket, which answers to every name, in memory.
//!
//! It speaks S3's protocol over HTTP with the path style, which the SDK chooses for an endpoint that is an address:
//! put, get with ranges and conditions, head, delete, list, and uploads in parts. Versions, tags and signatures are
//! ignored. As S3 does, it hands a checksum back with each whole object that was not uploaded in parts, and the SDK
//! verifies it.

mod listing;
mod objects;
mod request;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use hyper::{
    Method, Request, StatusCode,
    body::{Bytes, Incoming},
    header::{HeaderMap, HeaderValue},
};

pub(crate) use super::server::Content;
use super::server::{Answer, Reply, Server, reply};
use objects::{Object, Objects, Refusal};
use request::Asked;

/// The bucket, and the server before it.
#[derive(Debug)]
pub(crate) struct S3 {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    objects: Mutex<Objects>,
    /// By S3's name of the operation.
    calls: Mutex<BTreeMap<&'static str, u64>>,
    /// How long each answer takes, in microseconds.
    delay: AtomicU64,
}

impl S3 {
    pub(crate) fn start() -> Result<Self> {
        let state = Arc::new(State::default());
        let shared = state.clone();
        let server = Server::start(move |request| State::answer(shared.clone(), request))?;
        Ok(Self { server, state })
    }

    /// What `AWS_ENDPOINT_URL_S3` is set to.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Puts an object, as if it had been put by one call.
    pub(crate) fn put(&self, key: &str, content: impl Into<Bytes>) {
        self.serve(key, Arc::new(content.into()));
    }

    /// Puts an object whose content is made when it is asked for.
    pub(crate) fn serve(&self, key: &str, content: Arc<dyn Content>) {
        lock(&self.state.objects).put(key, Object::of(content));
    }

    /// The whole content of an object.
    pub(crate) fn get(&self, key: &str) -> Option<Bytes> {
        let object = lock(&self.state.objects).get(key)?;
        Some(object.content.read(0..object.content.size()))
    }

    /// Removes what begins with this prefix.
    pub(crate) fn remove(&self, prefix: &str) {
        lock(&self.state.objects).remove_all(prefix);
    }

    /// How often each operation was called since the last time that somebody asked.
    pub(crate) fn calls(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut lock(&self.state.calls))
    }

    /// Has each answer wait so long from now on, as a network and a service do.
    pub(crate) fn delay(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.state.delay.store(delay, Ordering::Relaxed);
    }
}

impl State {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let delay = self.delay.load(Ordering::Relaxed);
        let Some(asked) = Asked::read(request).await else {
            return refuse(Refusal::Malformed);
        };
        if delay > 0 {
            tokio::time::sleep(Duration::from_micros(delay)).await;
        }
        let (operation, answer) = self.carry_out(&asked);
        *lock(&self.calls).entry(operation).or_default() += 1;
        answer.unwrap_or_else(refuse)
    }

    fn carry_out(&self, asked: &Asked) -> (&'static str, Result<Reply, Refusal>) {
        let has = |name| asked.query.contains_key(name);
        match asked.method {
            Method::GET if asked.key.is_empty() => ("ListObjectsV2", Ok(self.list(asked))),
            Method::GET => ("GetObject", self.read(asked, true)),
            Method::HEAD => ("HeadObject", self.read(asked, false)),
            Method::PUT if has("uploadId") => ("UploadPart", self.upload_part(asked)),
            Method::PUT => ("PutObject", self.write(asked)),
            Method::DELETE if has("uploadId") => ("AbortMultipartUpload", Ok(self.abort(asked))),
            Method::DELETE => ("DeleteObject", Ok(self.delete(asked))),
            Method::POST if has("uploads") => ("CreateMultipartUpload", Ok(self.begin(asked))),
            Method::POST if has("uploadId") => ("CompleteMultipartUpload", self.complete(asked)),
            _ => ("unknown", Err(Refusal::NotImplemented)),
        }
    }

    fn read(&self, asked: &Asked, with_body: bool) -> Result<Reply, Refusal> {
        let object = lock(&self.objects).get(&asked.key).ok_or(Refusal::NoSuchKey)?;
        asked.check_read_conditions(&object)?;
        let size = object.content.size();
        let range = asked.range(size)?;
        let (status, range) = match &range {
            Some(range) => (StatusCode::PARTIAL_CONTENT, range.clone()),
            None => (StatusCode::OK, 0..size),
        };
        let mut headers = object.headers();
        if status == StatusCode::PARTIAL_CONTENT {
            let (first, last) = (range.start, range.end.saturating_sub(1));
            headers.push(("content-range", format!("bytes {first}-{last}/{size}")));
        } else if asked.header("x-amz-checksum-mode").is_some() {
            headers.extend(object.checksum());
        }
        headers.push(("content-type", "application/octet-stream".to_owned()));
        if with_body {
            let mut answer = reply(status, "");
            *answer.body_mut() = Answer::of_range(object.content, range);
            return Ok(with(answer, &headers));
        }
        headers.push(("content-length", size.to_string()));
        Ok(with(reply(status, ""), &headers))
    }

    fn write(&self, asked: &Asked) -> Result<Reply, Refusal> {
        let object = Object::of(Arc::new(asked.body.clone()));
        let mut objects = lock(&self.objects);
        asked.check_write_conditions(objects.get(&asked.key).as_ref())?;
        let etag = objects.put(&asked.key, object);
        Ok(with(reply(StatusCode::OK, ""), &[("etag", etag)]))
    }

    fn delete(&self, asked: &Asked) -> Reply {
        lock(&self.objects).remove(&asked.key);
        reply(StatusCode::NO_CONTENT, "")
    }

    fn list(&self, asked: &Asked) -> Reply {
        let page = listing::page(&lock(&self.objects), &listing::Query::of(asked));
        xml(&page)
    }

    fn begin(&self, asked: &Asked) -> Reply {
        let id = lock(&self.objects).begin();
        let key = listing::escaped(&asked.key);
        xml(&format!(
            "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        ))
    }

    fn upload_part(&self, asked: &Asked) -> Result<Reply, Refusal> {
        let number = asked.query.get("partNumber").and_then(|number| number.parse().ok());
        let number = number.ok_or(Refusal::Malformed)?;
        let part = asked.body.clone();
        let etag = lock(&self.objects).add_part(asked.upload()?, number, part)?;
        Ok(with(reply(StatusCode::OK, ""), &[("etag", etag)]))
    }

    fn complete(&self, asked: &Asked) -> Result<Reply, Refusal> {
        let parts = request::parts(&asked.body);
        let mut objects = lock(&self.objects);
        asked.check_write_conditions(objects.get(&asked.key).as_ref())?;
        let etag = objects.complete(asked.upload()?, &asked.key, &parts)?;
        let (key, etag) = (listing::escaped(&asked.key), listing::escaped(&etag));
        Ok(xml(&format!(
            "<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>{key}</Key><ETag>{etag}</ETag></CompleteMultipartUploadResult>"
        )))
    }

    fn abort(&self, asked: &Asked) -> Reply {
        if let Ok(id) = asked.upload() {
            lock(&self.objects).abort(id);
        }
        reply(StatusCode::NO_CONTENT, "")
    }
}

fn refuse(refusal: Refusal) -> Reply {
    let (status, code) = refusal.told();
    let mut answer = xml(&format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>"));
    *answer.status_mut() = status;
    answer
}

fn xml(text: &str) -> Reply {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}");
    with(reply(StatusCode::OK, text), &[("content-type", "application/xml".to_owned())])
}

fn with(mut answer: Reply, headers: &[(&'static str, String)]) -> Reply {
    let to: &mut HeaderMap = answer.headers_mut();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            to.insert(*name, value);
        }
    }
    answer
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
