//! Members that nobody reads, so that a slip of the pen does not pass unseen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::entry::Warning;
use crate::text;

/// How many names are told.
const TOLD: usize = 8;

/// The names of members that mean nothing here, with how often each was there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unread {
    names: BTreeMap<String, u64>,
    /// Whether there are more names than are told.
    more: bool,
}

impl Unread {
    pub(super) fn note(&mut self, name: &str) {
        let name = text::excerpt(name);
        if let Some(count) = self.names.get_mut(&name) {
            *count += 1;
        } else if self.names.len() < TOLD {
            self.names.insert(name, 1);
        } else {
            self.more = true;
        }
    }

    pub(super) fn warning(self) -> Option<Warning> {
        if self.names.is_empty() {
            return None;
        }
        let mut names: Vec<_> = self
            .names
            .into_iter()
            .map(|(name, count)| match count {
                1 => format!("`{name}`"),
                _ => format!("`{name}` ({count} times)"),
            })
            .collect();
        if self.more {
            names.push("others".to_owned());
        }
        Some(Warning {
            code: "DeviceInfos.NotRead",
            text: format!(
                "members that are not read: {}. Read are `batch_id`, `devices`, and of a device \
                 `certFingerprint`, `deviceId`, `deviceType` and `attributes`; what a thing shall \
                 have belongs into `attributes`",
                names.join(", ")
            ),
        })
    }
}
