//! The Lambda functions: built by cargo-lambda, zipped so that the same binary gives the same bytes.

mod unwinding;

use std::{
    collections::BTreeMap,
    env, fs,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::{
    advice::{Advise, with_hint},
    progress::{Step, say},
    venv, workspace,
};

pub use crate::workspace::FUNCTIONS as NAMES;

/// Builds every function for this machine's architecture, and gives the zip of each by its name.
///
/// What is fresh is not built again; a second call takes about a second.
pub fn build() -> Result<BTreeMap<String, PathBuf>> {
    build_for(env::consts::ARCH)
}

/// Builds every function for `architecture`, in Lambda's words (`x86_64`, `arm64`) or Rust's.
pub fn build_for(architecture: &str) -> Result<BTreeMap<String, PathBuf>> {
    let architecture = if architecture == "arm64" { "aarch64" } else { architecture };
    let venv = venv::ensure()?;
    let is_native = architecture == env::consts::ARCH && env::consts::OS == "linux";
    if !is_native {
        venv::ensure_cross_linker(&venv)?;
    }
    // cargo-lambda copies binaries without care for who reads them; builds of two processes take turns.
    let lock = File::create(workspace::target().join("lambda.lock"))?;
    lock.lock().context("failed to lock the function build")?;
    let begun = SystemTime::now();
    compile(&venv, architecture, is_native)?;
    // When the sources were read, for whoever asks whether they changed since.
    File::create(stamp())?.set_modified(begun)?;
    NAMES
        .iter()
        .map(|name| Ok(((*name).to_owned(), zip_of(name)?)))
        .collect::<Result<_>>()
        .advise(|| "remove target/lambda and try again".into())
}

/// The most that a function's zip may hold, in bytes: AWS Lambda fetches it before each start in a fresh environment.
///
/// Only what reads manifests has a use for OpenSSL.
#[must_use]
pub fn largest_zip(name: &str) -> u64 {
    if name == "decode" { 5_000_000 } else { 3_500_000 }
}

/// The functions as they were built last.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) zips: BTreeMap<String, PathBuf>,
    /// Whether a source is younger than the build.
    pub(crate) is_stale: bool,
}

/// What the last build made, where it made everything; nothing is built for it.
pub(crate) fn built() -> Option<Built> {
    let zips: BTreeMap<String, PathBuf> =
        NAMES.iter().filter_map(|name| Some(((*name).to_owned(), existing_zip(name)?))).collect();
    if zips.len() < NAMES.len() {
        return None;
    }
    let built = fs::metadata(stamp()).and_then(|stamp| stamp.modified()).ok();
    let root = workspace::root();
    let sources = ["functions", "Cargo.toml", "Cargo.lock"].map(|name| root.join(name));
    let youngest = sources.iter().filter_map(|source| youngest(source)).max();
    Some(Built { zips, is_stale: youngest > built })
}

fn stamp() -> PathBuf {
    lambda_dir().join("built")
}

fn existing_zip(name: &str) -> Option<PathBuf> {
    let files = fs::read_dir(lambda_dir().join(name)).ok()?;
    let mut paths = files.filter_map(|file| Some(file.ok()?.path()));
    paths.find(|path| path.extension().is_some_and(|extension| extension == "zip"))
}

/// When the latest of the files in a folder changed.
fn youngest(path: &Path) -> Option<SystemTime> {
    match fs::read_dir(path) {
        Ok(entries) => entries.filter_map(|entry| youngest(&entry.ok()?.path())).max(),
        Err(_) => fs::metadata(path).and_then(|file| file.modified()).ok(),
    }
}

fn compile(venv: &Path, architecture: &str, is_native: bool) -> Result<()> {
    // The first build takes minutes, and shows cargo's progress. Later ones have little to do.
    let is_first = !NAMES.iter().all(|name| bootstrap(name).exists());
    let step = if is_first {
        say("Building the functions (once; several minutes on a small machine)");
        None
    } else {
        Some(Step::moving("Building the functions"))
    };
    let mut command =
        workspace::without_cargo_variables(Command::new(venv.join("bin/cargo-lambda")));
    command.args(["lambda", "build", "--release", "--output-format", "binary"]);
    // Without this flag cargo-lambda sets compiler flags of its own, and everything that a plain
    // `cargo build --release --target ..` has compiled, this program for one, would be compiled once
    // more. The profile in Cargo.toml says how the functions are optimized.
    command.arg("--disable-optimizations");
    command.args(["--compiler", if is_native { "cargo" } else { "cargo-zigbuild" }]);
    command.args(["--target", &format!("{architecture}-unknown-linux-gnu")]);
    for name in NAMES {
        command.args(["--package", name, "--bin", name]);
    }
    if is_native {
        // Cargo unites the features that the packages of one build ask for. With this program's, the
        // functions use what was compiled for it; without, most of it would be compiled once more.
        command.args(["--package", "xtask"]);
    }
    command.args((!is_first).then_some("--quiet"));
    command.arg("--lambda-dir").arg(lambda_dir());
    // cargo-lambda looks for zig, and for cargo, on the path.
    command.env("PATH", path_with(&venv.join("bin"))?);
    // Cargo's own output belongs to the person, not to whoever reads our stdout.
    let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    let status = status.context("failed to run cargo-lambda")?;
    drop(step);
    if !status.success() {
        return Err(with_hint(
            format!("the functions do not build (cargo-lambda ended with {status})"),
            "the compiler's messages are above; a missing C compiler, perl or make stops the build of OpenSSL",
        ));
    }
    Ok(())
}

fn path_with(first: &Path) -> Result<std::ffi::OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let entries = std::iter::once(first.to_path_buf()).chain(env::split_paths(&path));
    env::join_paths(entries).context("PATH has an entry that cannot be handed on")
}

fn lambda_dir() -> PathBuf {
    workspace::target().join("lambda")
}

/// Where cargo-lambda puts a function's binary.
fn bootstrap(name: &str) -> PathBuf {
    lambda_dir().join(name).join("bootstrap")
}

/// The zip of a function's binary, made only where the binary changed.
///
/// cargo-lambda could write it, but with the time of the build in it: the same binary would be deployed again.
fn zip_of(name: &str) -> Result<PathBuf> {
    let folder = lambda_dir().join(name);
    let bootstrap = bootstrap(name);
    let binary =
        fs::read(&bootstrap).with_context(|| format!("failed to read {}", bootstrap.display()))?;
    let zipped = folder.join(format!("{:x}.zip", Sha256::digest(&binary)));
    if !zipped.exists() {
        let step = Step::begin(&format!("Packing {name}"));
        remove_zips(&folder)?;
        let unfinished = folder.join("unfinished");
        write_zip(&unfinished, &unwinding::without_tables(binary))
            .with_context(|| format!("failed to write {}", unfinished.display()))?;
        fs::rename(&unfinished, &zipped)?;
        step.done(&format!("Packed {name} ({} KiB)", fs::metadata(&zipped)?.len() / 1024));
    }
    Ok(zipped)
}

fn remove_zips(folder: &Path) -> Result<()> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "zip") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn write_zip(path: &Path, binary: &[u8]) -> Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut archive = ZipWriter::new(File::create(path)?);
    archive.start_file("bootstrap", options)?;
    archive.write_all(binary)?;
    archive.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::write_zip;

    #[test]
    fn the_same_binary_gives_the_same_zip() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, other] = ["1", "2", "3"].map(|name| folder.path().join(name));
        write_zip(&first, b"binary").unwrap();
        write_zip(&second, b"binary").unwrap();
        write_zip(&other, b"another").unwrap();
        assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
        assert_ne!(fs::read(&first).unwrap(), fs::read(&other).unwrap());
    }

    #[test]
    fn the_bootstrap_can_be_executed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("function.zip");
        write_zip(&path, b"binary").unwrap();
        let mut archive = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
        let entry = archive.by_name("bootstrap").unwrap();
        assert_eq!(entry.unix_mode().map(|mode| mode & 0o777), Some(0o755));
    }
}
