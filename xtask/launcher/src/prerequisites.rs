//! The tools that have to be on the machine, and what to do where one is not.

use std::env;
use std::fmt::Write as _;
use std::process::{Command, Stdio};

/// The oldest Python that the packages of the local cloud support.
const OLDEST_PYTHON: (u32, u32) = (3, 10);
/// Where the workspace says which Rust it needs.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// What a command is going to do, and so what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To be compiled.
    Build,
    /// To be compiled, and the local cloud or the build of the functions besides.
    BuildAndPython,
}

/// The machine is lacking something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is missing, one sentence each.
    pub tools: Vec<String>,
    /// What to do about all of it.
    pub remedy: String,
}

/// Looks for everything that is needed: what was found in one line, or all that is missing.
pub fn check(need: Need) -> Result<String, Missing> {
    let mut looked = vec![rust(), c_compiler(), make(), perl()];
    if need == Need::BuildAndPython {
        looked.push(python_with_venv());
    }
    let mut found = Vec::new();
    let mut lacks = Vec::new();
    for each in looked {
        match each {
            Ok(tool) => found.push(tool),
            Err(lack) => lacks.push(lack),
        }
    }
    if lacks.is_empty() { Ok(found.join(", ")) } else { Err(missing(lacks)) }
}

/// The first Python that is new enough. `PYTHON` names another one.
pub fn python() -> Result<String, Missing> {
    find_python().map(|(command, _)| command).map_err(|lack| missing(vec![lack]))
}

/// Something that is not there, and the packages that bring it.
struct Lack {
    sentence: String,
    remedy: Remedy,
}

enum Remedy {
    /// Package names of Debian and Ubuntu, and of Fedora.
    Packages(&'static [&'static str], &'static [&'static str]),
    Other(&'static str),
}

fn missing(lacks: Vec<Lack>) -> Missing {
    let mut debian: Vec<&str> = Vec::new();
    let mut fedora: Vec<&str> = Vec::new();
    let mut remedy = String::new();
    for lack in &lacks {
        match lack.remedy {
            Remedy::Packages(for_debian, for_fedora) => {
                debian.extend(for_debian);
                fedora.extend(for_fedora);
            }
            Remedy::Other(text) => {
                remedy.push_str(text);
                remedy.push('\n');
            }
        }
    }
    if !debian.is_empty() {
        let _ = writeln!(remedy, "Debian, Ubuntu: sudo apt-get install {}", debian.join(" "));
        let _ = writeln!(remedy, "Fedora:         sudo dnf install {}", fedora.join(" "));
    }
    Missing {
        tools: lacks.into_iter().map(|lack| lack.sentence).collect(),
        remedy: remedy.trim_end().to_owned(),
    }
}

fn rust() -> Result<String, Lack> {
    let wanted = WORKSPACE
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .and_then(|version| parse_version(version.trim_matches('"')))
        .unwrap_or_default();
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let said = say(&rustc, &["--version"]).unwrap_or_default();
    let version = said.split(' ').nth(1).unwrap_or_default();
    if parse_version(version).is_some_and(|version| version >= wanted) {
        return Ok(format!("Rust {version}"));
    }
    let (major, minor) = wanted;
    let have =
        if version.is_empty() { "none was found".to_owned() } else { format!("this is {version}") };
    Err(Lack {
        sentence: format!("Rust {major}.{minor} or newer is needed, and {have}"),
        remedy: Remedy::Other("Rust:           rustup update stable (https://rustup.rs)"),
    })
}

fn c_compiler() -> Result<String, Lack> {
    let compiler = env::var("CC").ok().filter(|name| !name.is_empty());
    let compiler = compiler.unwrap_or_else(|| "cc".to_owned());
    found(&compiler, &["--version"], "a C compiler").ok_or_else(|| Lack {
        sentence: format!("a C compiler is needed to build OpenSSL, and `{compiler}` does not run"),
        remedy: Remedy::Packages(&["build-essential"], &["gcc"]),
    })
}

fn make() -> Result<String, Lack> {
    found("make", &["--version"], "make").ok_or_else(|| Lack {
        sentence: "make is needed to build OpenSSL, and it does not run".to_owned(),
        remedy: Remedy::Packages(&["make"], &["make"]),
    })
}

fn perl() -> Result<String, Lack> {
    // Some systems split Perl's own modules off; OpenSSL's build uses these.
    let modules = ["-MFindBin", "-MIPC::Cmd", "-MFile::Compare", "-MTime::Piece", "-e", "1"];
    found("perl", &modules, "perl").ok_or_else(|| Lack {
        sentence: "perl with its usual modules is needed to build OpenSSL, and it does not run"
            .to_owned(),
        remedy: Remedy::Packages(&["perl"], &["perl-core"]),
    })
}

fn python_with_venv() -> Result<String, Lack> {
    let (python, (major, minor)) = find_python()?;
    found(&python, &["-c", "import venv, ensurepip"], "")
        .map(|_| format!("Python {major}.{minor} with venv"))
        .ok_or_else(|| Lack {
            sentence: format!(
                "Python's venv module is needed for the local cloud, and `{python}` has none"
            ),
            remedy: Remedy::Packages(&["python3-venv"], &["python3"]),
        })
}

fn find_python() -> Result<(String, (u32, u32)), Lack> {
    let named = env::var("PYTHON").ok().filter(|name| !name.is_empty());
    let usual = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
    let candidates = match &named {
        Some(name) => vec![name.as_str()],
        None => usual.to_vec(),
    };
    let mut seen = Vec::new();
    for candidate in candidates {
        let code = "import sys; print('%d.%d' % sys.version_info[:2])";
        let said = say(candidate, &["-c", code]);
        let Some(version) = said.as_deref().and_then(parse_version) else { continue };
        if version >= OLDEST_PYTHON {
            return Ok((candidate.to_owned(), version));
        }
        seen.push(format!("{candidate} is {}.{}", version.0, version.1));
    }
    let (major, minor) = OLDEST_PYTHON;
    let found = if seen.is_empty() { "none was found".to_owned() } else { seen.join(", ") };
    Err(Lack {
        sentence: format!(
            "Python {major}.{minor} or newer is needed for the local cloud, and {found} \
             (another one can be named: PYTHON=/path/to/python3)"
        ),
        remedy: Remedy::Packages(&["python3", "python3-venv"], &["python3"]),
    })
}

fn found(command: &str, arguments: &[&str], name: &str) -> Option<String> {
    say(command, arguments).map(|_| name.to_owned())
}

/// What a command says, where it runs and ends well.
fn say(command: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(command).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first two numbers of a version.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Lack, Remedy, missing, parse_version, rust};

    #[test]
    fn versions_are_compared_by_number() {
        assert!(parse_version("3.9\n").unwrap() < (3, 10));
        assert!(parse_version("1.95.0").unwrap() >= (1, 95));
        assert_eq!(parse_version("Python"), None);
    }

    #[test]
    fn this_rust_will_do() {
        assert!(rust().is_ok_and(|found| found.starts_with("Rust 1.")));
    }

    #[test]
    fn one_command_installs_all_that_is_missing() {
        let lack = |remedy| Lack { sentence: "something is missing".to_owned(), remedy };
        let missing = missing(vec![
            lack(Remedy::Packages(&["perl"], &["perl-core"])),
            lack(Remedy::Other("Rust: rustup update")),
            lack(Remedy::Packages(&["make"], &["make"])),
        ]);
        assert_eq!(
            missing.remedy,
            "Rust: rustup update\n\
             Debian, Ubuntu: sudo apt-get install perl make\n\
             Fedora:         sudo dnf install perl-core make"
        );
    }
}
