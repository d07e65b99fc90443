//! An HTTP server on a free port of this machine, on threads of its own.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use anyhow::Context as _;
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::runtime::{Builder, Runtime};

/// So many bytes of an answer are made at a time.
const PIECE: u64 = 1 << 20;

/// A server; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    /// Serves what `answer` says.
    pub(crate) fn start<F>(
        answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let runtime = Builder::new_multi_thread().thread_name("stub").enable_all().build()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        drop(entered);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let answer = answer.clone();
                let service = service_fn(move |request| {
                    let reply = answer(request);
                    async { Ok::<_, Infallible>(reply.await) }
                });
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// Host and port.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for a future, on this server's threads.
    pub(crate) fn wait_for<T>(
        &self,
        future: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        self.runtime.as_ref().context("the server has ended")?.block_on(future)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever drops it may be asynchronous, and must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An answer.
pub(crate) type Reply = Response<Answer>;

/// An answer of these bytes.
pub(crate) fn reply(status: StatusCode, bytes: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Answer::of(Arc::new(bytes.into())));
    *reply.status_mut() = status;
    reply
}

/// Bytes that are there, or are made when they are asked for.
pub(crate) trait Content: Send + Sync {
    /// How many.
    fn size(&self) -> u64;

    /// A stretch of them, which is within their size.
    fn read(&self, range: Range<u64>) -> Bytes;
}

impl Content for Bytes {
    fn size(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }

    fn read(&self, range: Range<u64>) -> Bytes {
        let place = |place| usize::try_from(place).unwrap_or(usize::MAX).min(self.len());
        self.slice(place(range.start)..place(range.end))
    }
}

/// The body of an answer: a stretch of some content, made piece by piece.
pub(crate) struct Answer {
    content: Arc<dyn Content>,
    left: Range<u64>,
}

impl Answer {
    /// The whole content.
    pub(crate) fn of(content: Arc<dyn Content>) -> Self {
        let left = 0..content.size();
        Self { content, left }
    }

    /// A stretch of it.
    pub(crate) fn of_range(content: Arc<dyn Content>, range: Range<u64>) -> Self {
        Self { content, left: range }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Range { start, end } = self.left;
        if start >= end {
            return Poll::Ready(None);
        }
        let next = end.min(start + PIECE);
        self.left.start = next;
        Poll::Ready(Some(Ok(Frame::data(self.content.read(start..next)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.end.saturating_sub(self.left.start))
    }
}
