//! The state machines' files, and what synth writes into them.

use serde_json::{Value, json};

use crate::config::Config;
use crate::run_configuration::run_configuration;

/// Starts the run of an object that arrived.
pub(super) const INGEST: &str = include_str!("../../../statemachines/ingest.asl.json");
/// Imports one file.
pub(super) const IMPORT: &str = include_str!("../../../statemachines/import.asl.json");
/// Activates the devices of one file.
pub(super) const ACTIVATE: &str = include_str!("../../../statemachines/activate.asl.json");
/// Takes back what a run added.
pub(super) const UNDO: &str = include_str!("../../../statemachines/undo.asl.json");
/// Reports on a run that died.
pub(super) const CLOSING: &str = include_str!("../../../statemachines/closing.asl.json");
/// Looks for runs that nobody works on any more.
pub(super) const WATCH: &str = include_str!("../../../statemachines/watch.asl.json");

/// Where the configuration stands in the files of those three.
const CONFIGURATION: Slot<'_> =
    Slot { text: "\"Result\": {}", key: "Result", pointers: &["/States/Configuration/Result"] };

/// How many workers foresee what the others would do: as many.
const DRY_RUN: &str = "/States/Foresee/MaxConcurrency";

/// The import's definition with the configuration in force and the number of workers.
pub(super) fn import(config: &Config) -> Result<String, String> {
    filled(IMPORT, &["/States/Register/MaxConcurrency", DRY_RUN], config)
}

/// The activation's definition with the same. It has as many workers, because what limits it, asking
/// for and updating certificates, has the same quota as registering them.
pub(super) fn activate(config: &Config) -> Result<String, String> {
    filled(ACTIVATE, &["/States/Activate/MaxConcurrency", DRY_RUN], config)
}

/// The undo's definition with the same. What limits it, asking for and deleting certificates, has the same
/// quota as well.
pub(super) fn undo(config: &Config) -> Result<String, String> {
    filled(UNDO, &["/States/TakeBack/MaxConcurrency"], config)
}

fn filled(definition: &str, workers: &[&str], config: &Config) -> Result<String, String> {
    let workers = Slot { text: "\"MaxConcurrency\": 1", key: "MaxConcurrency", pointers: workers };
    let definition = CONFIGURATION.fill(definition, &run_configuration(config))?;
    workers.fill(&definition, &json!(config.concurrency()))
}

/// A value of a machine's file that synth replaces, wherever it stands.
struct Slot<'a> {
    text: &'a str,
    key: &'a str,
    pointers: &'a [&'a str],
}

impl Slot<'_> {
    /// Replaces text and not a parsed value, because the console shows the definition to people in
    /// the file's own order; that the right value was replaced is checked on the parsed definition.
    fn fill(&self, definition: &str, value: &Value) -> Result<String, String> {
        let Self { text, key, pointers } = self;
        let mut value = value.clone();
        value.sort_all_objects();
        let mut parts = definition.split(text);
        let mut filled = parts.next().unwrap_or_default().to_owned();
        let mut found = 0;
        for after in parts {
            let line = filled.rsplit('\n').next().unwrap_or_default();
            let indent = line.strip_suffix(line.trim_start()).unwrap_or_default();
            let shown = format!("{value:#}").replace('\n', &format!("\n{indent}"));
            filled = format!("{filled}\"{key}\": {shown}{after}");
            found += 1;
        }
        let places = pointers.join("`, `");
        if found != pointers.len() {
            return Err(format!(
                "the definition must hold `{text}` {} times, at `{places}`, and holds it {found} times",
                pointers.len()
            ));
        }
        let parsed: Value = serde_json::from_str(&filled)
            .map_err(|error| format!("the definition is no JSON: {error}"))?;
        if pointers.iter().all(|pointer| parsed.pointer(pointer) == Some(&value)) {
            Ok(filled)
        } else {
            Err(format!("`{text}` in the definition is not the one at `{places}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_configuration_and_workers_where_they_belong_and_nothing_else() {
        let mut config = Config::parse(
            "stack = \"acme\"\n[profile.default]\n[rate]\nregister_certificate = 5\n",
        )
        .expect("a configuration");
        config.log.retention_days = 30;
        for (filled, maps, file) in [
            (import(&config), ["Register", "Foresee"].as_slice(), IMPORT),
            (activate(&config), &["Activate", "Foresee"], ACTIVATE),
            (undo(&config), &["TakeBack"], UNDO),
        ] {
            let mut filled: Value =
                serde_json::from_str(&filled.expect("a definition")).expect("JSON");
            let states = &mut filled["States"];
            assert_eq!(states["Configuration"]["Result"].take(), run_configuration(&config));
            states["Configuration"]["Result"] = json!({});
            for map in maps {
                assert_eq!(states[*map]["MaxConcurrency"].take(), json!(config.concurrency()));
                states[*map]["MaxConcurrency"] = json!(1);
            }
            assert_eq!(filled, serde_json::from_str::<Value>(file).expect("JSON"));
        }
    }

    #[test]
    fn keeps_the_order_of_the_file() {
        let config =
            Config::parse("stack = \"acme\"\n[profile.default]\n").expect("a configuration");
        let filled = import(&config).expect("a definition");
        let at = |text: &str| filled.find(text).expect(text);
        assert!(at("\"Comment\"") < at("\"StartAt\""));
        assert!(at("\"Recognize\": {") < at("\"Preflight\": {"));
    }

    #[test]
    fn fails_where_the_place_is_missing_or_doubtful() {
        let slot = Slot { text: "\"A\": {}", key: "A", pointers: &["/A"] };
        let message =
            |definition: &str| slot.fill(definition, &json!({ "x": 1 })).expect_err("a message");
        assert_eq!(
            message("{}"),
            "the definition must hold `\"A\": {}` 1 times, at `/A`, and holds it 0 times"
        );
        assert_eq!(
            message("{ \"A\": {}, \"B\": { \"A\": {} } }"),
            "the definition must hold `\"A\": {}` 1 times, at `/A`, and holds it 2 times"
        );
        assert_eq!(
            message("{ \"B\": { \"A\": {} } }"),
            "`\"A\": {}` in the definition is not the one at `/A`"
        );
        assert_eq!(
            slot.fill("{\n  \"A\": {}\n}", &json!({ "x": 1 })).expect("filled"),
            "{\n  \"A\": {\n    \"x\": 1\n  }\n}"
        );
    }
}
