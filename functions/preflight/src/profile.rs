//! Which profile an upload belongs to.

use std::collections::BTreeMap;

use ledger::{Profile, Stop};

const DEFAULT: &str = "default";

/// The profile that the first folder of `key` names.
///
/// With only the default profile folders mean nothing, so that people may sort their uploads as
/// they like. With several, a folder that names none is a mistake that would give devices the
/// wrong policies.
pub(crate) fn choose<'a>(
    profiles: &'a BTreeMap<String, Profile>,
    key: &str,
) -> Result<(&'a str, &'a Profile), Stop> {
    let folder = key.split_once('/').map(|(folder, _)| folder);
    let wanted = if profiles.len() > 1 { folder.unwrap_or(DEFAULT) } else { DEFAULT };
    if let Some((name, profile)) = profiles.get_key_value(wanted) {
        return Ok((name, profile));
    }
    let known: Vec<_> = profiles.keys().map(|name| format!("`{name}`")).collect();
    Err(Stop {
        code: "Preflight.UnknownProfile".to_owned(),
        reason: format!(
            "the file was uploaded to the folder `{wanted}`, and there is no profile of that name. Nothing was written. Upload it to the folder of a profile: {}; outside of folders the default applies",
            known.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(profiles: &[&str], key: &str, expected: Result<&str, &str>) {
        let profiles =
            profiles.iter().map(|name| ((*name).to_owned(), Profile::default())).collect();
        let chosen = choose(&profiles, key);
        assert_eq!(
            chosen.as_ref().map(|(name, _)| *name).map_err(|stop| stop.code.as_str()),
            expected
        );
    }

    #[test]
    fn the_first_folder_chooses() {
        check(&["default", "gateway"], "gateway/2026/reel.json", Ok("gateway"));
        check(&["default", "gateway"], "reel.json", Ok("default"));
        check(&["default", "gateway"], "default/reel.json", Ok("default"));
    }

    #[test]
    fn an_unknown_folder_stops_the_run_and_lists_the_profiles() {
        check(&["default", "gateway"], "gatewy/reel.json", Err("Preflight.UnknownProfile"));
        let profiles =
            ["default", "gateway"].map(|name| (name.to_owned(), Profile::default())).into();
        let stop = choose(&profiles, "gatewy/reel.json").unwrap_err();
        assert!(
            stop.reason.contains("`gatewy`") && stop.reason.contains("`default`, `gateway`"),
            "{}",
            stop.reason
        );
    }

    #[test]
    fn with_only_the_default_profile_folders_mean_nothing() {
        check(&["default"], "gateway/reel.json", Ok("default"));
    }
}
