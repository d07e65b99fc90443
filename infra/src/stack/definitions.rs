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
/// Reports on a run that died.
pub(super) const CLOSING: &str = include_str!("../../../statemachines/closing.asl.json");
/// Looks for runs that nobody works on any more.
pub(super) const WATCH: &str = include_str!("../../../statemachines/watch.asl.json");

/// Where the configuration stands in the files of both.
const CONFIGURATION: Slot =
    Slot { text: "\"Result\": {}", key: "Result", pointer: "/States/Configuration/Result" };

/// The import's definition with the configuration in force and the number of workers.
pub(super) fn import(config: &Config) -> Result<String, String> {
    filled(IMPORT, "/States/Register/MaxConcurrency", config)
}

/// The activation's definition with the same. It has as many workers, because what limits it, asking
/// for and updating certificates, has the same quota as registering them.
pub(super) fn activate(config: &Config) -> Result<String, String> {
    filled(ACTIVATE, "/States/Activate/MaxConcurrency", config)
}

fn filled(definition: &str, workers: &'static str, config: &Config) -> Result<String, String> {
    let workers = Slot { text: "\"MaxConcurrency\": 1", key: "MaxConcurrency", pointer: workers };
    let definition = CONFIGURATION.fill(definition, &run_configuration(config))?;
    workers.fill(&definition, &json!(config.concurrency()))
}

/// A value of a machine's file that synth replaces.
struct Slot {
    text: &'static str,
    key: &'static str,
    pointer: &'static str,
}

impl Slot {
    /// Replaces text and not a parsed value, because the console shows the definition to people in
    /// the file's own order; that the right value was replaced is checked on the parsed definition.
    fn fill(&self, definition: &str, value: &Value) -> Result<String, String> {
        let Self { text, key, pointer } = self;
        let mut value = value.clone();
        value.sort_all_objects();
        let (before, after) = match definition.split_once(text) {
            Some((before, after)) if !after.contains(text) => (before, after),
            _ => {
                return Err(format!(
                    "the definition must hold `{text}` exactly once, at `{pointer}`"
                ));
            }
        };
        let line = before.rsplit('\n').next().unwrap_or_default();
        let indent = line.strip_suffix(line.trim_start()).unwrap_or_default();
        let shown = format!("{value:#}").replace('\n', &format!("\n{indent}"));
        let filled = format!("{before}\"{key}\": {shown}{after}");
        let parsed: Value = serde_json::from_str(&filled)
            .map_err(|error| format!("the definition is no JSON: {error}"))?;
        if parsed.pointer(pointer) == Some(&value) {
            Ok(filled)
        } else {
            Err(format!("`{text}` in the definition is not the one at `{pointer}`"))
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
        for (filled, map, file) in
            [(import(&config), "Register", IMPORT), (activate(&config), "Activate", ACTIVATE)]
        {
            let mut filled: Value =
                serde_json::from_str(&filled.expect("a definition")).expect("JSON");
            let states = &mut filled["States"];
            assert_eq!(states["Configuration"]["Result"].take(), run_configuration(&config));
            assert_eq!(states[map]["MaxConcurrency"].take(), json!(config.concurrency()));
            states["Configuration"]["Result"] = json!({});
            states[map]["MaxConcurrency"] = json!(1);
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
        let slot = Slot { text: "\"A\": {}", key: "A", pointer: "/A" };
        let message =
            |definition: &str| slot.fill(definition, &json!({ "x": 1 })).expect_err("a message");
        assert_eq!(message("{}"), "the definition must hold `\"A\": {}` exactly once, at `/A`");
        assert_eq!(
            message("{ \"A\": {}, \"B\": { \"A\": {} } }"),
            "the definition must hold `\"A\": {}` exactly once, at `/A`"
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
