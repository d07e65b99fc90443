//! How many instructions an entry takes, counted by valgrind's callgrind: the same on a busy machine and
//! on a quiet one, so that a change shows that no clock would show.
//!
//! One thread reads two samples, of which the shorter is the beginning of the longer. What lies between
//! them is entries alone: the start of the process and the verifiers' keys cancel out. Callgrind plays a
//! processor without the newest instructions, so these counts say what changed, and not how long it takes.

use std::{
    collections::BTreeMap,
    env, fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use manifest::{Bucket, Bundle};
use xtask::{
    progress::{Step, say, yellow},
    workspace,
};

use super::{reading::Reading, sample_of};
use crate::figure::{Figure, Target};

/// Entries of the two samples.
const SIZES: [u32; 2] = [200, 1_000];
/// How many times as many as kept ones are still the same. Hash tables are laid out at random.
const TOLERANCE: f64 = 1.05;

const HEAD: &str = "\
# Instructions that an entry takes to be read and verified, by vendor; `mes` is a factory's device-infos.
# Counted by `cargo xtask bench decode`, which fails where one has grown by over 5 %.
# After a change that is meant to cost more, or costs less: cargo xtask bench decode --keep
";

/// The counts beside those that are kept. None without valgrind.
pub(super) fn figures(buckets: &[Bucket]) -> Result<Vec<Figure>> {
    if !has_valgrind() {
        say(&format!(
            "{} instructions are not counted: valgrind is not installed (Debian's package `valgrind` has it)",
            yellow("note:")
        ));
        return Ok(Vec::new());
    }
    let kept = Kept::read(&path())?;
    buckets
        .iter()
        .map(|bucket| {
            let name = format!("decode.{bucket}.instructions");
            let figure = Figure::counted(name, "", count(*bucket)?);
            Ok(match kept.of(*bucket) {
                Some(before) => figure.target(Target::AtMost(before * TOLERANCE)),
                None => figure,
            })
        })
        .collect()
}

/// Counts, and keeps the counts in the repository.
pub(super) fn keep(buckets: &[Bucket]) -> Result<Vec<Figure>> {
    ensure!(has_valgrind(), "valgrind is not installed: Debian's package `valgrind` has it");
    let mut kept = Kept::read(&path())?;
    let mut figures = Vec::new();
    for bucket in buckets {
        let counted = count(*bucket)?;
        kept.keep(*bucket, counted);
        figures.push(Figure::counted(format!("decode.{bucket}.instructions"), "", counted));
    }
    kept.write(&path())?;
    say(&format!("Kept in {}", path().display()));
    Ok(figures)
}

/// Counts of earlier days, by kind of processor: another kind has other instructions.
#[derive(Clone, Debug, Default, PartialEq)]
struct Kept(BTreeMap<String, BTreeMap<String, f64>>);

impl Kept {
    fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(error).with_context(|| format!("failed to read {shown}")),
        };
        Self::parse(&text).with_context(|| format!("{shown} is not as `--keep` writes it"))
    }

    fn parse(text: &str) -> Result<Self> {
        Ok(Self(toml::from_str(text)?))
    }

    fn of(&self, bucket: Bucket) -> Option<f64> {
        self.0.get(env::consts::ARCH)?.get(bucket.name()).copied()
    }

    fn keep(&mut self, bucket: Bucket, count: f64) {
        let kept = self.0.entry(env::consts::ARCH.to_owned()).or_default();
        kept.insert(bucket.name().to_owned(), count.round());
    }

    fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (processor, counts) in &self.0 {
            text.extend(["\n[", processor, "]\n"]);
            for (name, count) in counts {
                text.extend([name, " = ", &format!("{count:.0}"), "\n"]);
            }
        }
        text
    }

    fn write(&self, path: &Path) -> Result<()> {
        fs::write(path, self.text()).with_context(|| format!("failed to write {}", path.display()))
    }
}

fn path() -> PathBuf {
    workspace::root().join("xtask/bench/instructions.toml")
}

fn has_valgrind() -> bool {
    let valgrind = Command::new("valgrind").arg("--version").stdin(Stdio::null()).output();
    valgrind.is_ok_and(|output| output.status.success())
}

/// Instructions an entry.
fn count(bucket: Bucket) -> Result<f64> {
    let step = Step::begin(&format!("decode.{bucket}.instructions: counting"));
    let mut totals = [0.0; 2];
    for (total, entries) in totals.iter_mut().zip(SIZES) {
        let sample = sample_of(bucket, entries)?;
        let reading = super::reading(bucket, &sample, Bundle::default());
        *total = total_of(&Reading { threads: NonZeroUsize::MIN, ..reading })?;
    }
    drop(step);
    let ([few, many], [fewer, more]) = (totals, SIZES.map(f64::from));
    Ok((many - few) / (more - fewer))
}

/// Instructions of a whole process.
fn total_of(reading: &Reading) -> Result<f64> {
    let out = workspace::target().join("bench/callgrind.out");
    let mut option = std::ffi::OsString::from("--callgrind-out-file=");
    option.push(&out);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(option)
        .arg(env::current_exe()?)
        .arg("child")
        .args(reading.arguments("decode"))
        .stdin(Stdio::null())
        .output()
        .context("failed to run valgrind")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("valgrind ended with {}: {}", output.status, said.trim());
    }
    let text = fs::read_to_string(&out).context("callgrind wrote nothing")?;
    fs::remove_file(&out)?;
    total_in(&text).context("callgrind counted nothing")
}

fn total_in(text: &str) -> Option<f64> {
    let line = text.lines().rev().find_map(|line| line.strip_prefix("totals: "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use manifest::{Bucket, Vendor};

    use super::{Kept, TOLERANCE, path, total_in};
    use crate::figure::{Figure, Target};

    #[test]
    fn what_is_kept_is_read_back() {
        let mut kept = Kept::default();
        assert_eq!(kept.of(Bucket::Mes), None);
        kept.keep(Bucket::Mes, 1_234.4);
        kept.keep(Vendor::Microchip.into(), 5_000_000.0);
        assert_eq!(Kept::parse(&kept.text()).unwrap(), kept);
        assert_eq!(kept.of(Bucket::Mes), Some(1_234.0));
    }

    #[test]
    fn the_file_of_the_repository_is_as_it_is_written() {
        let text = std::fs::read_to_string(path()).unwrap();
        assert_eq!(Kept::parse(&text).unwrap().text(), text);
    }

    #[test]
    fn a_count_that_grew_by_more_than_a_twentieth_is_missed() {
        let met = |count| {
            let target = Target::AtMost(1_000.0 * TOLERANCE);
            Figure::counted("a", "", count).target(target).met
        };
        assert_eq!([met(900.0), met(1_049.0), met(1_051.0)], [Some(true), Some(true), Some(false)]);
    }

    #[test]
    fn callgrind_tells_the_sum() {
        assert_eq!(total_in("events: Ir\nfn=x\n1 2\n\nsummary: 77\ntotals: 78\n"), Some(78.0));
        assert_eq!(total_in("nothing"), None);
    }
}
