//! The notations in which the parameters come.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Table;

use super::PredecessorError;

/// Parameters by name, and what the file calls the deployment.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    values: BTreeMap<String, String>,
    stack: Option<String>,
}

impl Parameters {
    pub(super) fn read(text: &str, environment: Option<&str>) -> Result<Self, PredecessorError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parameters = if let Ok(json) = serde_json::from_str::<Value>(text) {
            Self::from_json(&json)
        } else if let Ok(table) = text.parse::<Table>() {
            Self::from_samconfig(&table, environment)?
        } else {
            Self::from_words(text)?
        };
        if parameters.values.is_empty() { Err(PredecessorError::Empty) } else { Ok(parameters) }
    }

    /// The parameter's value, which is used up by this.
    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        self.values.remove(key)
    }

    /// What nobody took.
    pub(super) fn rest(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.values)
    }

    pub(super) fn stack(&self) -> Option<&str> {
        self.stack.as_deref()
    }

    /// A list of `ParameterKey` and `ParameterValue`, or an object of values.
    fn from_json(json: &Value) -> Self {
        let mut parameters = Self::default();
        match json {
            Value::Array(list) => {
                for item in list {
                    if let (Some(key), Some(value)) =
                        (item["ParameterKey"].as_str(), item["ParameterValue"].as_str())
                    {
                        parameters.values.insert(key.to_owned(), value.to_owned());
                    }
                }
            }
            Value::Object(object) => {
                let object = object.get("Parameters").and_then(Value::as_object).unwrap_or(object);
                for (key, value) in object {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    parameters.values.insert(key.clone(), value);
                }
            }
            _ => {}
        }
        parameters
    }

    /// `[default.deploy.parameters]` with `parameter_overrides`, as SAM writes it; or a flat table.
    fn from_samconfig(table: &Table, environment: Option<&str>) -> Result<Self, PredecessorError> {
        let environments: BTreeMap<&str, &Table> = table
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), overridden(value.as_table()?)?)))
            .collect();
        let known = || environments.keys().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let chosen = match environment {
            Some(name) => Some(*environments.get(name).ok_or_else(|| {
                PredecessorError::NoEnvironment { name: name.to_owned(), known: known() }
            })?),
            None if environments.len() > 1 => {
                return Err(PredecessorError::Environments(known()));
            }
            None => environments
                .values()
                .next()
                .copied()
                .or_else(|| table.contains_key("parameter_overrides").then_some(table)),
        };
        let Some(settings) = chosen else { return Ok(Self::from_flat(table)) };
        let mut parameters = match settings.get("parameter_overrides") {
            Some(toml::Value::String(words)) => Self::from_words(words)?,
            Some(toml::Value::Array(list)) => {
                let mut parameters = Self::default();
                for item in list.iter().filter_map(toml::Value::as_str) {
                    parameters.values.extend(Self::from_words(item)?.values);
                }
                parameters
            }
            Some(toml::Value::Table(flat)) => Self::from_flat(flat),
            _ => Self::default(),
        };
        if let Some(stack) = settings.get("stack_name").and_then(toml::Value::as_str) {
            parameters.stack = Some(stack.to_owned());
        }
        Ok(parameters)
    }

    fn from_flat(table: &Table) -> Self {
        let values = table.iter().filter_map(|(key, value)| match value {
            toml::Value::String(text) => Some((key.clone(), text.clone())),
            toml::Value::Array(_) | toml::Value::Table(_) => None,
            other => Some((key.clone(), other.to_string())),
        });
        Self { values: values.collect(), stack: None }
    }

    /// Words as a shell splits them: `Key=Value`, or AWS's `ParameterKey=K,ParameterValue=V`.
    fn from_words(text: &str) -> Result<Self, PredecessorError> {
        let mut parameters = Self::default();
        let mut words = split(text)?.into_iter();
        while let Some(word) = words.next() {
            if word == "--stack-name" {
                parameters.stack = words.next();
                continue;
            }
            let Some((key, value)) = word.split_once('=') else { continue };
            let pair = match (key, value.split_once(",ParameterValue=")) {
                ("ParameterKey", Some((key, value))) => (key, value),
                ("--stack-name", _) => {
                    parameters.stack = Some(value.to_owned());
                    continue;
                }
                _ => (key, value),
            };
            if pair.0.starts_with('-') {
                continue;
            }
            parameters.values.insert(pair.0.to_owned(), pair.1.to_owned());
        }
        Ok(parameters)
    }
}

/// The table of an environment that holds the parameters, such as `deploy.parameters`.
fn overridden(environment: &Table) -> Option<&Table> {
    ["deploy", "global"]
        .into_iter()
        .filter_map(|command| environment.get(command)?.get("parameters")?.as_table())
        .find(|settings| settings.contains_key("parameter_overrides"))
}

/// Splits at white space outside of quotes. Quotes may be escaped, as SAM writes them; `#` at the
/// beginning of a line begins a comment, and a backslash at its end joins it with the next.
fn split(text: &str) -> Result<Vec<String>, PredecessorError> {
    let kept = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let joined = kept.map(|line| line.strip_suffix('\\').unwrap_or(line)).collect::<Vec<_>>();
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in joined.join("\n").replace("\\\"", "\"").chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, space) if space.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    if let Some(open) = quote {
        return Err(PredecessorError::Malformed(format!("a quote ({open}) is not closed")));
    }
    words.extend(word);
    Ok(words)
}
