//! The share of the processor's time that AWS Lambda gives a function of so much memory.
//!
//! It is a quota of the kernel's: a control group may use so much time in each period. Where this
//! process may make no such group, the program runs freely, and the time that it would have taken
//! is computed from the processor's.

use std::{
    fs, io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{self, Command},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};

/// At so much memory a function has one whole processor.
const WHOLE_MB: u32 = 1769;

/// Short periods, as AWS Lambda's, so that a start of a few milliseconds meets the limit, too.
const PERIOD: Duration = Duration::from_millis(20);

/// Where control groups of the processor are, in their first and their second version.
const FIRST: &str = "/sys/fs/cgroup/cpu";
const SECOND: &str = "/sys/fs/cgroup";

/// A control group; it is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Quota {
    folder: PathBuf,
}

impl Quota {
    /// None where this process may make none.
    pub(crate) fn of_memory(memory_mb: u32) -> Option<Self> {
        let name = format!("thingpress-bench-{}", process::id());
        let quota = PERIOD.mul_f64(share(memory_mb)).as_micros();
        let period = PERIOD.as_micros();
        let first: [(&str, String); 2] =
            [("cpu.cfs_period_us", period.to_string()), ("cpu.cfs_quota_us", quota.to_string())];
        let second = [("cpu.max", format!("{quota} {period}"))];
        make(Path::new(FIRST).join(&name), &first)
            .or_else(|_| make(Path::new(SECOND).join(&name), &second))
            .ok()
    }

    /// The file that takes processes in.
    pub(crate) fn tasks(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

fn make(folder: PathBuf, settings: &[(&str, String)]) -> io::Result<Quota> {
    fs::create_dir(&folder)?;
    let quota = Quota { folder };
    for (name, value) in settings {
        fs::write(quota.folder.join(name), value)?;
    }
    Ok(quota)
}

/// Of one processor.
pub(crate) fn share(memory_mb: u32) -> f64 {
    (f64::from(memory_mb) / f64::from(WHOLE_MB)).min(1.0)
}

/// When a program began, and what its process had used by then.
#[derive(Clone, Copy, Debug, serde::Deserialize, serde::Serialize)]
pub(crate) struct Beginning {
    pub(crate) since_epoch: Duration,
    pub(crate) processor: Duration,
}

/// What the child process does: goes under the quota, tells when it did, and becomes the program.
pub(crate) fn begin(told: &Path, tasks: &Path, program: &Path) -> Result<()> {
    if tasks.exists() {
        fs::write(tasks, process::id().to_string())
            .with_context(|| format!("failed to write {}", tasks.display()))?;
    }
    let processor = used(process::id())?;
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH)?;
    fs::write(told, serde_json::to_vec(&Beginning { since_epoch, processor })?)?;
    let failed = Command::new(program).exec();
    Err(failed).with_context(|| format!("failed to run {}", program.display()))
}

/// What the threads of a process have used of processors, by the kernel's scheduler.
pub(crate) fn used(process: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let path = task?.path().join("schedstat");
        let Ok(stat) = fs::read_to_string(&path) else { continue };
        let field = stat.split(' ').next().and_then(|field| field.parse::<u64>().ok());
        nanoseconds += field.context("no times in a thread's state")?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn processor_time_grows_with_memory_up_to_one_processor() {
        assert!((share(1769) - 1.0).abs() < f64::EPSILON);
        assert!((share(256) - 0.1447).abs() < 1e-4);
        assert!((share(3008) - 1.0).abs() < f64::EPSILON);
    }
}
