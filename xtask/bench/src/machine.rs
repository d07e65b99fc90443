//! The machine that is measured on.

use std::{fs, num::NonZeroUsize, thread, time::Duration};

/// How long others are watched before anything is measured.
const WATCHED: Duration = Duration::from_secs(1);
/// What others may use of one processor without anybody noticing.
const UNNOTICED: f64 = 0.2;

/// Its processor, how many of them, and its memory, in one line.
pub(crate) fn describe() -> String {
    let model =
        line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into());
    let memory = line_of("/proc/meminfo", "MemTotal")
        .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .map_or_else(String::new, |kib| format!(", {} GiB", kib >> 20));
    format!("{model}, {} processors{memory}", processors())
}

/// How many processors this process may use.
pub(crate) fn processors() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// How many processors are busy while this program waits, where that disturbs.
///
/// The load average would not do: after a build it stays high for minutes.
pub(crate) fn load_of_others() -> Option<f64> {
    let times = || Times::of(&fs::read_to_string("/proc/stat").ok()?);
    let before = times()?;
    thread::sleep(WATCHED);
    let busy = times()?.busy_since(before)?;
    (busy > UNNOTICED).then_some(busy)
}

/// What the processors did since the machine was started, in ticks.
#[derive(Clone, Copy, Debug)]
struct Times {
    busy: u32,
    all: u32,
    processors: u32,
}

impl Times {
    fn of(stat: &str) -> Option<Self> {
        let mut lines = stat.lines().filter(|line| line.starts_with("cpu"));
        let ticks = lines.next()?.split_whitespace().skip(1);
        // User, nice, system, idle, waiting for input or output, interrupts of two kinds, and what the host of a virtual
        // machine took away. What follows is within user and nice already. Only differences count, so they may wrap.
        let ticks: Vec<u64> = ticks.take(8).map_while(|ticks| ticks.parse().ok()).collect();
        let [user, nice, system, idle, waiting, rest @ ..] = ticks.as_slice() else { return None };
        let busy = user + nice + system + rest.iter().sum::<u64>();
        let low = |ticks: u64| u32::try_from(ticks & u64::from(u32::MAX)).unwrap_or_default();
        Some(Self {
            busy: low(busy),
            all: low(busy + idle + waiting),
            processors: u32::try_from(lines.count()).ok()?,
        })
    }

    /// How many processors were busy, on an average.
    fn busy_since(self, before: Self) -> Option<f64> {
        let [busy, all] =
            [self.busy.wrapping_sub(before.busy), self.all.wrapping_sub(before.all)].map(f64::from);
        (all > 0.0).then(|| busy / all * f64::from(self.processors))
    }
}

fn line_of(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::Times;

    #[test]
    fn others_are_counted_in_processors_also_where_their_host_takes_them() {
        let of =
            |ticks: &str| Times::of(&format!("cpu  {ticks}\ncpu0 1\ncpu1 1\nintr 5\n")).unwrap();
        let before = of("1000 0 100 5000 50 0 0 0 0 0");
        let busy = of("1050 0 120 5100 60 5 5 10 0 0").busy_since(before).unwrap();
        assert!((busy - 0.9).abs() < 1e-9, "90 of 200 ticks on 2 processors: {busy}");
        assert_eq!(before.busy_since(before), None);
        assert!(Times::of("nothing of it").is_none());
    }
}
