//! The local cloud: one MiniStack process with a directory of its own, so that any number can run side by side.
//!
//! A test owns its process: it ends with the [`LocalCloud`], and also when the test is killed.
//! `cargo xtask local start` leaves its process running and notes it in a state file.

mod process;
mod state;

use std::{
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    net::{Ipv4Addr, TcpListener},
    path::{self, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

use crate::{advice::Advise, aws, http};

pub use state::State;

/// The region that every local cloud plays.
pub const REGION: &str = "us-east-1";
/// The access key of the local account's root user.
pub const ACCESS_KEY_ID: &str = "test";
/// The secret of that key. It guards nothing: the local cloud listens on this machine only.
pub const SECRET_ACCESS_KEY: &str = "test";

/// A start takes a second or two; a machine that is compiling at the same time needs more.
const START_PATIENCE: Duration = Duration::from_secs(90);
const REQUEST_PATIENCE: Duration = Duration::from_mins(1);
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// How a local cloud is to be started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where it keeps its state and its log; made where it is missing.
    pub dir: PathBuf,
    /// The endpoint that functions are told to call, for a proxy before the cloud. Unset: the cloud itself.
    pub endpoint_override: Option<String>,
    /// Further variables of its environment, which it hands on to the functions.
    pub env: Vec<(String, String)>,
    /// The port of the AWS APIs. Unset: a free one.
    pub port: Option<u16>,
    /// The port of the MQTT listener. Unset: a free one.
    pub mqtt_port: Option<u16>,
}

/// A MiniStack process that answers.
#[derive(Debug)]
pub struct LocalCloud {
    /// The port of the AWS APIs.
    pub port: u16,
    /// The port of the MQTT listener, which speaks mutual TLS.
    pub mqtt_port: u16,
    dir: PathBuf,
    pid: u32,
    /// Held for a process that shall end with this value. Its standard input is the rope: see `process`.
    owned: Option<Child>,
}

impl LocalCloud {
    /// Starts a local cloud that ends with this value or with this process, whichever is first.
    pub fn start(options: Options) -> Result<Self> {
        Self::launch(options, true)
    }

    /// Starts a local cloud that goes on when this process has ended.
    pub fn start_detached(options: Options) -> Result<Self> {
        Self::launch(options, false)
    }

    /// The local cloud that an earlier [`Self::start_detached`] noted in `state`, where it still runs.
    #[must_use]
    pub fn attach(dir: PathBuf, state: &State) -> Option<Self> {
        let State { pid, port, mqtt_port, .. } = *state;
        // The process counts, not whether it answers: a busy one must not be taken for a dead one and left behind.
        let runs = process::is_ours(pid, &dir);
        runs.then_some(Self { port, mqtt_port, dir, pid, owned: None })
    }

    fn launch(mut options: Options, owned: bool) -> Result<Self> {
        // The process works in its directory, where a relative path would name another one.
        options.dir =
            path::absolute(&options.dir).context("the local cloud's directory has no path")?;
        let mut attempts = 3;
        loop {
            attempts -= 1;
            match Self::attempt(&options, owned) {
                Ok(cloud) => return Ok(cloud),
                // Between asking for a free port and binding it, somebody else may have taken it.
                Err(_) if attempts > 0 => {}
                Err(error) => {
                    let log = process::log_file(&options.dir);
                    return Err(error).advise(|| format!("the log is {}", log.display()));
                }
            }
        }
    }

    fn attempt(options: &Options, owned: bool) -> Result<Self> {
        let port = options.port.map_or_else(free_port, Ok)?;
        let mqtt_port = options.mqtt_port.map_or_else(free_port, Ok)?;
        let child = process::spawn(options, port, mqtt_port, owned)?;
        // Until it answers it is owned in any case, so that a failed start leaves nothing running.
        let dir = options.dir.clone();
        let mut cloud = Self { port, mqtt_port, dir, pid: child.id(), owned: Some(child) };
        cloud.wait_until_ready()?;
        cloud.write_ca_file()?;
        if !owned {
            cloud.owned = None;
        }
        Ok(cloud)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START_PATIENCE {
            if self.has_ended() {
                bail!("the local cloud ended while it was starting");
            }
            match Readiness::of(self.port) {
                Readiness::Ready => return Ok(()),
                Readiness::NotYet => thread::sleep(Duration::from_millis(100)),
                Readiness::WithoutMqtt => {
                    bail!(
                        "the local cloud's MQTT listener does not run: is port {} taken?",
                        self.mqtt_port
                    )
                }
            }
        }
        bail!("the local cloud did not answer within {} seconds", START_PATIENCE.as_secs());
    }

    fn has_ended(&mut self) -> bool {
        self.owned.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// The address of the AWS APIs.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The process id, for the state file.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What an AWS client needs to call this cloud as its root user.
    #[must_use]
    pub fn aws_config(&self) -> SdkConfig {
        self.aws_config_at(&self.endpoint())
    }

    /// The same for a client that goes through a proxy.
    #[must_use]
    pub fn aws_config_at(&self, endpoint: &str) -> SdkConfig {
        let credentials =
            Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "local cloud");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .http_client(aws::direct())
            .build()
    }

    /// The certificate of the authority that vouches for the MQTT listener, as a file.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("iot-ca.pem")
    }

    /// The log of the process.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        process::log_file(&self.dir)
    }

    fn write_ca_file(&self) -> Result<()> {
        let response = http::request("GET", self.port, "/_ministack/iot/ca.pem", REQUEST_PATIENCE)?;
        if response.status != 200 {
            bail!(
                "the local cloud has no certificate authority for MQTT (status {})",
                response.status
            );
        }
        fs::write(self.ca_file(), response.body)
            .context("failed to write the authority's certificate")
    }

    /// Empties the cloud: no stack, no bucket, no device is left.
    pub fn reset(&self) -> Result<()> {
        let response = http::request("POST", self.port, "/_ministack/reset", REQUEST_PATIENCE)?;
        if response.status != 200 {
            bail!("the local cloud could not be emptied (status {})", response.status);
        }
        // The authority is made anew, too.
        self.write_ca_file()
    }

    /// Ends the process and everything that it started, and waits for it.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        process::end(self.pid, self.owned.as_mut(), STOP_PATIENCE)
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        if self.owned.is_some() {
            // Nothing can be done about a failure here; the log of the process tells more than we could.
            let _ = self.end();
        }
    }
}

#[derive(Debug)]
enum Readiness {
    Ready,
    NotYet,
    /// MiniStack counts itself ready without its MQTT listener; we do not.
    WithoutMqtt,
}

impl Readiness {
    fn of(port: u16) -> Self {
        let Ok(response) = http::request("GET", port, "/_ministack/ready", Duration::from_secs(2))
        else {
            return Self::NotYet;
        };
        let state: serde_json::Value = serde_json::from_str(&response.body).unwrap_or_default();
        match (response.status, state.get("iot_mtls").and_then(serde_json::Value::as_str)) {
            (200, Some("listening")) => Self::Ready,
            (200, Some("degraded" | "disabled")) => Self::WithoutMqtt,
            _ => Self::NotYet,
        }
    }
}

/// A port that nobody listens on.
///
/// Below 32,768, where Linux begins to take the ports of outgoing connections: a port from up there may be taken
/// by the next client before MiniStack has bound it.
fn free_port() -> Result<u16> {
    for _ in 0..100 {
        let random = RandomState::new().build_hasher().finish();
        let port = 20_000 + u16::try_from(random % 12_000)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port on 127.0.0.1 between 20000 and 31999");
}

#[cfg(test)]
mod tests {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use super::{LocalCloud, Options};

    #[test]
    fn a_cloud_ends_when_its_owner_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let mut cloud =
            LocalCloud::start(Options { dir: folder.path().to_path_buf(), ..Options::default() })
                .unwrap();
        // What the kernel does with the pipes of a process that is killed.
        drop(cloud.owned.as_mut().unwrap().stdin.take());
        let started = Instant::now();
        while !cloud.has_ended() {
            assert!(started.elapsed() < Duration::from_secs(10), "it goes on");
            thread::sleep(Duration::from_millis(50));
        }
    }
}
