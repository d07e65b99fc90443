//! `cargo xtask init`

mod account;
mod text;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use infra::Config;

use self::{account::Known, text::Answers};
use crate::{
    advice::{Advise, with_hint, wrong_usage},
    aws, deployment, local,
    progress::{cyan, green, say, yellow},
    question,
};

/// Write a configuration: the stack's name, and what every device gets
///
/// Asks for what is not given, and lists what the account has in AWS IoT to choose from. The proposed name of the
/// stack is free in the account, and so are its buckets' names in the world.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the stack [default: a free one made of account and Region]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Policy of AWS IoT that every device gets; as often as needed
    #[arg(long = "policy", value_name = "NAME")]
    policies: Vec<String>,
    /// Static thing group that every device joins; as often as needed
    #[arg(long = "thing-group", value_name = "NAME")]
    thing_groups: Vec<String>,
    /// Thing type that every device has
    #[arg(long, value_name = "NAME")]
    thing_type: Option<String>,
    /// File to write [default: the workspace's infra/thingpress.toml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// AWS Region, instead of the environment's
    #[arg(long, value_name = "REGION", conflicts_with = "local")]
    region: Option<String>,
    /// Look into the local cloud that `cargo xtask local start` started
    #[arg(long)]
    local: bool,
    /// Ask nothing: take the flags, and the proposed name
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if !args.yes && !question::is_possible() {
        return Err(wrong_usage(
            "nobody is there to answer questions",
            "give the answers with the command: --yes --policy NAME; see cargo xtask help init",
        ));
    }
    if args.yes && args.policies.is_empty() {
        return Err(wrong_usage(
            "no policy is named, and a device without one can do nothing",
            "name one of AWS IoT's: --policy NAME",
        ));
    }
    let known = aws::block_on(async {
        let aws = if args.local {
            local::running()?.0.aws_config()
        } else {
            aws::from_environment(args.region.as_deref()).await
        };
        Ok(Known::of(&aws).await)
    })?;
    if let Some(why) = &known.unknown {
        say(&format!("{} {why}, so that nothing is proposed from the account", cyan("note:")));
    }
    let answers = answers(args, &known)?;
    let text = text::configuration(&answers);
    // What the file says is checked before there is one.
    let config = Config::parse(&text)
        .map_err(|error| wrong_usage(error.to_string(), "give other names, and try again"))?;
    deployment::template(&config)?;
    write(args, &text)?;
    for step in [
        "look whether the account has what is needed: cargo xtask doctor",
        "deploy: cargo xtask deploy",
    ] {
        say(&format!("{} {step}", cyan("hint:")));
    }
    Ok(ExitCode::SUCCESS)
}

fn answers(args: &Args, known: &Known) -> Result<Answers> {
    let proposed = args.stack.clone().or_else(|| known.free_stack.clone());
    if args.yes {
        let stack = proposed.ok_or_else(|| {
            wrong_usage(
                "without an account there is no name to propose",
                "name the stack: --stack NAME",
            )
        })?;
        return Ok(Answers {
            stack,
            policies: args.policies.clone(),
            thing_groups: args.thing_groups.clone(),
            thing_type: args.thing_type.clone(),
        });
    }
    let stack = match &args.stack {
        Some(stack) => stack.clone(),
        None => question::line("Name of the stack", &proposed.unwrap_or_default())?,
    };
    let policies = chosen(
        &args.policies,
        "Policies of AWS IoT that every device gets, with commas between them",
        &known.policies,
    )?;
    if policies.is_empty() {
        say(&format!("{} a device without a policy can do nothing", yellow("note:")));
    }
    let thing_groups = chosen(
        &args.thing_groups,
        "Thing groups that every device joins (none: just Enter)",
        &known.thing_groups,
    )?;
    let thing_type = match &args.thing_type {
        Some(name) => Some(name.clone()),
        None => {
            chosen(&[], "Thing type that every device has (none: just Enter)", &known.thing_types)?
                .into_iter()
                .next()
        }
    };
    Ok(Answers { stack, policies, thing_groups, thing_type })
}

/// The names that were given, or that somebody chooses by number or by name.
fn chosen(given: &[String], question: &str, known: &[String]) -> Result<Vec<String>> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    for (index, name) in known.iter().enumerate() {
        say(&format!("  {:>3}  {name}", index + 1));
    }
    Ok(picked(&question::line(question, "")?, known))
}

/// `1, other` is the first of the list, and `other`.
fn picked(answer: &str, known: &[String]) -> Vec<String> {
    let by_number = |word: &str| {
        let index = word.parse::<usize>().ok()?.checked_sub(1)?;
        known.get(index).cloned()
    };
    answer
        .split([',', ' '])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| by_number(word).unwrap_or_else(|| word.to_owned()))
        .collect()
}

/// Writes the file. One that is there is kept beside it, and nobody is surprised.
fn write(args: &Args, text: &str) -> Result<()> {
    let path = deployment::config_path(args.out.as_deref());
    let shown = path.display();
    if path.exists() {
        let before = path.with_extension("toml.before");
        let question =
            format!("{shown} is there already. Replace it, and keep it as {}?", before.display());
        if !question::confirm(&question, args.yes)? {
            return Err(with_hint(
                format!("{shown} is left as it is"),
                "name another file: --out FILE",
            ));
        }
        fs::rename(&path, &before).with_context(|| format!("failed to keep {shown}"))?;
        say(&format!("{} what {shown} was is {} now", cyan("note:"), before.display()));
    }
    fs::write(&path, text)
        .with_context(|| format!("failed to write {shown}"))
        .advise(|| "name another file: --out FILE".into())?;
    say(&format!("{} {shown} is written", green("✓")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::picked;

    #[test]
    fn names_are_chosen_by_number_or_by_name() {
        let known = ["base", "more"].map(str::to_owned);
        assert_eq!(picked("2, other 1", &known), ["more", "other", "base"]);
        assert_eq!(picked("3", &known), ["3"], "a name may be a number");
        assert!(picked(" ", &known).is_empty());
    }
}
