//! AWS's table of actions, `infra/l1/actions.toml`.

use std::collections::BTreeMap;

use toml::Value;

use super::arns;

const TEXT: &str = include_str!("../../../../l1/actions.toml");

/// The actions that statements use, with what each takes.
pub(super) struct Table {
    actions: BTreeMap<String, Action>,
    /// The form of a resource type's ARN, by service and name.
    formats: BTreeMap<(String, String), String>,
}

/// One action.
pub(super) struct Action {
    service: String,
    level: String,
    /// Each with whether the action always takes it.
    resources: Vec<(String, bool)>,
    conditions: Vec<String>,
}

impl Table {
    pub(super) fn read() -> Self {
        let table: toml::Table = TEXT.parse().expect("infra/l1/actions.toml");
        let actions = table["actions"].as_table().expect("actions").iter().map(|(name, action)| {
            let service = name.split(':').next().expect("a service").to_owned();
            let resources = texts(&action["resources"])
                .map(|name| match name.strip_suffix('*') {
                    Some(name) => (name.to_owned(), true),
                    None => (name, false),
                })
                .collect();
            let level = action["level"].as_str().expect("a level").to_owned();
            let conditions = texts(&action["conditions"]).collect();
            (name.clone(), Action { service, level, resources, conditions })
        });
        let formats = table["resources"].as_table().expect("resources").iter();
        let formats = formats.flat_map(|(service, formats)| {
            formats.as_table().expect("formats").iter().map(|(name, arn)| {
                ((service.clone(), name.clone()), arn.as_str().expect("an ARN").to_owned())
            })
        });
        Self { actions: actions.collect(), formats: formats.collect() }
    }

    pub(super) fn action(&self, name: &str) -> Option<&Action> {
        self.actions.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// Which of the action's resource types the ARN is of; the empty one where it takes none.
    pub(super) fn fits(&self, action: &Action, arn: &str) -> Option<String> {
        if action.resources.is_empty() {
            return (arn == "*").then(String::new);
        }
        let mut kinds = action.resources.iter().map(|(kind, _)| kind);
        let fits = |kind: &&String| {
            let format = &self.formats[&(action.service.clone(), (*kind).clone())];
            arns::is_of(arn, format)
        };
        kinds.find(fits).cloned()
    }
}

impl Action {
    pub(super) fn level(&self) -> &str {
        &self.level
    }

    /// The resource types that the action always takes.
    pub(super) fn required(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().filter(|(_, required)| *required).map(|(kind, _)| kind.as_str())
    }

    /// Global keys hold for every action. Some keys end with a name of the caller's own.
    pub(super) fn takes_condition(&self, key: &str) -> bool {
        key.starts_with("aws:")
            || self.conditions.iter().any(|known| match known.find(['<', '$']) {
                Some(open) => key.starts_with(&known[..open]),
                None => known == key,
            })
    }
}

fn texts(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().expect("a list").iter().map(|text| text.as_str().expect("text").to_owned())
}
