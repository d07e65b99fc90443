//! What `local start` notes for the commands after it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A local cloud that runs on its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Its process, which is also its process group.
    pub pid: u32,
    /// The port of the AWS APIs.
    pub port: u16,
    /// The port of the MQTT listener.
    pub mqtt_port: u16,
    /// The stack that was deployed.
    pub stack: String,
    /// The configuration file that it was deployed from.
    pub config: PathBuf,
    /// Hash of the template and of the functions' zips, empty where the deployment did not end well.
    pub fingerprint: String,
}

impl State {
    /// What was noted in `dir`, if anything.
    pub fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join("state.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read {}", path.display()));
            }
        };
        // A file of another version of this command is as good as none.
        Ok(serde_json::from_str(&text).ok())
    }

    /// Notes it in `dir`.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join("state.json");
        fs::write(&path, serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| format!("failed to write {}", path.display()))
    }

    /// Forgets it.
    pub fn remove(dir: &Path) -> Result<()> {
        match fs::remove_file(dir.join("state.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn what_is_written_is_read_and_then_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        assert!(State::read(dir.path()).unwrap().is_none());
        let state = State {
            pid: 7,
            port: 1,
            mqtt_port: 2,
            stack: "thingpress".into(),
            config: "a.toml".into(),
            fingerprint: "f".into(),
        };
        state.write(dir.path()).unwrap();
        assert_eq!(State::read(dir.path()).unwrap().unwrap().pid, 7);
        State::remove(dir.path()).unwrap();
        State::remove(dir.path()).unwrap();
        assert!(State::read(dir.path()).unwrap().is_none());
    }
}
