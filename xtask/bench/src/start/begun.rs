//! A function that has just been started.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use xtask::workspace;

use super::{
    quota::{Beginning, Quota, share, used},
    text,
};
use crate::stub::runtime::Runtime;

/// Far longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a function is told that it has for an event. A worker leaves devices half a minute before the end.
const FOR_AN_EVENT: Duration = Duration::from_mins(5);

/// Where a function finds AWS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoints<'a> {
    pub(super) s3: &'a str,
    pub(super) iot: &'a str,
    pub(super) sqs: &'a str,
    /// The root certificates.
    pub(super) bundle: &'a Path,
}

/// A function that asked for its first event. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Begun {
    /// From the program's first instruction to its first question.
    pub(super) init: Duration,
    /// What that took of processors.
    pub(super) processor: Duration,
    /// How the share of the processor was kept, in a word.
    pub(super) way: &'static str,
    runtime: Runtime,
    process: Child,
    _quota: Option<Quota>,
    _folder: TempDir,
}

impl Begun {
    pub(super) fn start(function: &str, memory_mb: u32, at: &Endpoints<'_>) -> Result<Self> {
        let (runtime, quota) = (Runtime::start()?, Quota::of_memory(memory_mb));
        let folder = tempfile::tempdir()?;
        let told = folder.path().join("told.json");
        let tasks = quota.as_ref().map_or_else(|| folder.path().join("no-quota"), Quota::tasks);
        let mut command = Command::new(env::current_exe()?);
        command.args(["child", "limited"]).args([&told, &tasks]).arg(program(function));
        command.env_clear().envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime.endpoint().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", function),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory_mb.to_string()),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "measured"),
            ("AWS_SECRET_ACCESS_KEY", "measured"),
            ("AWS_SESSION_TOKEN", "measured"),
            ("AWS_ENDPOINT_URL_S3", at.s3),
            ("AWS_ENDPOINT_URL_IOT", at.iot),
            ("AWS_ENDPOINT_URL_SQS", at.sqs),
            ("SSL_CERT_FILE", text(at.bundle)?),
            ("THINGPRESS_RUNS_BUCKET", "runs"),
            ("THINGPRESS_STACK", "measured"),
            ("THINGPRESS_FAILURES_QUEUE", "https://sqs.us-east-1.amazonaws.com/1/failures"),
        ]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut begun = Self {
            init: Duration::ZERO,
            processor: Duration::ZERO,
            way: if quota.is_some() { "quota" } else { "computed" },
            runtime,
            process,
            _quota: quota,
            _folder: folder,
        };
        let asked = begun.wait_until_it_asks()?;
        let processor = used(begun.process.id())?;
        let beginning: Beginning = serde_json::from_slice(&fs::read(&told)?)?;
        begun.processor = processor.saturating_sub(beginning.processor);
        begun.init = if begun.way == "quota" {
            asked.saturating_sub(beginning.since_epoch)
        } else {
            begun.processor.div_f64(share(memory_mb))
        };
        Ok(begun)
    }

    /// When it asked for its first event.
    fn wait_until_it_asks(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            if let Some(asked) = self.runtime.first_next() {
                let asked = SystemTime::now().checked_sub(asked.elapsed());
                let asked = asked.context("the clock stands before its beginning")?;
                return Ok(asked.duration_since(SystemTime::UNIX_EPOCH)?);
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("the function ended with {status} before it asked for an event");
            }
            ensure!(begun.elapsed() < PATIENCE, "the function asks for no event");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Has it work on an event, and tells how long that took.
    pub(super) fn work(&self, event: &Value) -> Result<(Value, Duration)> {
        let begun = Instant::now();
        let answer = self.runtime.call(event, FOR_AN_EVENT)?;
        Ok((answer, begun.elapsed()))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A function's program, as it was built last.
pub(super) fn program(function: &str) -> PathBuf {
    workspace::target().join("lambda").join(function).join("bootstrap")
}
