//! A function's own program, run as Lambda runs it, and seen from outside.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use xtask::workspace;

use super::runtime::Runtime;
use crate::process::Usage;

/// The kernel tells a process's time in ticks; so many are a second on every Linux.
const TICKS: f64 = 100.0;

/// How often it is looked whether a program is ready.
const LOOK: Duration = Duration::from_millis(5);

/// A function that waits for events. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Function {
    runtime: Runtime,
    process: Child,
    begun: Instant,
}

impl Function {
    /// Starts the program of the function `name` as it was built last, with nothing in its environment but what Lambda
    /// sets, and `variables`.
    pub(crate) fn start(name: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let runtime = Runtime::start()?;
        let begun = Instant::now();
        let bootstrap = workspace::target().join("lambda").join(name).join("bootstrap");
        let process = Command::new(&bootstrap)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime.endpoint())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "measured")
            .env("AWS_SECRET_ACCESS_KEY", "measured")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("failed to run {}", bootstrap.display()))?;
        Ok(Self { runtime, process, begun })
    }

    /// Has it work on an event, once it is ready, and tells what that took: its time of the processor, and its peak
    /// memory since it began.
    pub(crate) fn measure(&self, event: &Value, time: Duration) -> Result<(Value, Usage)> {
        while self.runtime.first_next().is_none() && self.begun.elapsed() < time {
            thread::sleep(LOOK);
        }
        let before = self.cpu_seconds()?;
        let begun = Instant::now();
        let answer = self.runtime.call(event, time)?;
        let seconds = begun.elapsed().as_secs_f64();
        let cpu_seconds = self.cpu_seconds()? - before;
        Ok((answer, Usage { seconds, cpu_seconds, peak_bytes: self.peak_bytes()? }))
    }

    /// User and system together, of all its threads.
    fn cpu_seconds(&self) -> Result<f64> {
        let stat = self.told("stat")?;
        // The program's name is in parentheses, and may hold anything.
        let (_, fields) = stat.rsplit_once(')').context("no name in a process's state")?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut ticks = || fields.next().and_then(|field| field.parse::<f64>().ok());
        let (user, system) = ticks().zip(ticks()).context("no times in a process's state")?;
        Ok((user + system) / TICKS)
    }

    fn peak_bytes(&self) -> Result<f64> {
        let status = self.told("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.context("no peak in a process's state")? * 1024.0)
    }

    fn told(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.process.id());
        fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
