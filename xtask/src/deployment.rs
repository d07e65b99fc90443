//! Puts a stack into an AWS account, or into a local cloud: assets, change set, events, outputs.

mod assets;
pub(crate) mod buckets;
mod change_set;
mod events;
mod run;
pub(crate) mod stacks;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use aws_config::SdkConfig;
use infra::{Architecture, Config, Place, Problem, Rate, Setting, Violation};
use sha2::{Digest, Sha256};

use crate::{
    advice::{Advise, with_hint, wrong_usage},
    aws::{Account, is_local},
    progress::say,
    workspace,
};

pub(crate) use assets::{SUFFIX as ASSETS_SUFFIX, bucket_name as assets_bucket};
pub(crate) use run::{Request, bucket_names, run};

/// What a deployment ended with.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// Whether anything had to be changed.
    pub changed: bool,
    /// The stack's outputs by their names.
    pub values: BTreeMap<String, String>,
}

/// A stack that can be created or updated.
#[derive(Clone, Debug)]
struct Stack<'a> {
    name: &'a str,
    template: Template<'a>,
    parameters: BTreeMap<String, String>,
    /// The role that CloudFormation takes for it; the caller's own permissions where there is none.
    role_arn: Option<&'a str>,
    /// Whether resources that stand there already become part of the stack.
    takes_up: bool,
    /// Whether each resource that is done gets a line.
    tells_events: bool,
}

/// Where CloudFormation finds a template.
#[derive(Clone, Debug)]
enum Template<'a> {
    /// In the call itself, up to 51,200 bytes.
    Text(&'a str),
    /// In a bucket, up to 1 MB.
    Url(String),
}

/// The configuration to read: the one that was named, or the workspace's own.
#[must_use]
pub fn config_path(named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| workspace::root().join("infra/thingpress.toml"), Path::to_path_buf)
}

/// The same configuration for a local cloud: under this stack's name, for this machine's processor, with every
/// uploaded signer trusted and with rates that keep nobody waiting.
#[must_use]
pub fn for_local_cloud(mut config: Config, stack: &str) -> Config {
    stack.clone_into(&mut config.stack);
    config.architecture =
        if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };
    config.vendor.microchip.signers.trust_uploaded = true;
    // AWS's quotas in their proportions, and so many times as high that eight workers share them.
    for (key, calls_a_second) in Rate::default().entries() {
        if let Some(rate) = config.rate.entry_mut(key) {
            *rate = calls_a_second * 16.0;
        }
    }
    config
}

/// Reads a configuration file.
pub fn read_config(path: &Path) -> Result<Config> {
    read_config_with(path, &[])
}

/// The same with values of the command line, `KEY=VALUE`, in place of the file's.
pub(crate) fn read_config_with(path: &Path, settings: &[String]) -> Result<Config> {
    let settings: std::result::Result<Vec<Setting>, _> =
        settings.iter().map(|setting| Setting::parse(setting)).collect();
    let settings = settings.map_err(|problem| {
        wrong_usage(problem.to_string(), "the keys are those of infra/thingpress.toml")
    })?;
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display())).advise(|| {
        "name the configuration with --config FILE; infra/thingpress.toml is the one to start from".into()
    })?;
    Config::parse_with(&text, &settings).map_err(|error| {
        let is_setting = |problem: &Problem| matches!(problem.place, Some(Place::Setting(_)));
        if error.problems().iter().all(is_setting) {
            return wrong_usage(error.to_string(), "the keys are those of infra/thingpress.toml");
        }
        let path = path.display();
        with_hint(format!("{path}: {error}"), format!("correct {path} and try again"))
    })
}

/// The CloudFormation template of a configuration: the same bytes for the same input.
pub fn template(config: &Config) -> Result<String> {
    infra::synthesize(config).map_err(|violations| {
        with_hint(
            format!("the configuration gives no valid stack:\n{}", lines(&violations)),
            "correct it, and try again; `cargo xtask config check` needs no account",
        )
    })
}

/// The CloudFormation template of the assets stack, whose bucket has this name.
pub fn assets_template(bucket: &str) -> Result<String> {
    infra::assets_template(bucket).map_err(|violations| {
        anyhow!("the bucket's name gives no valid stack:\n{}", lines(&violations))
    })
}

fn lines(violations: &[Violation]) -> String {
    let lines: Vec<String> = violations.iter().map(|violation| format!("  {violation}")).collect();
    lines.join("\n")
}

/// Changes with everything that a deployment depends on: the template and the functions.
///
/// The functions' zips are named by the hash of what is in them.
pub fn fingerprint(template: &str, functions: &BTreeMap<String, PathBuf>) -> String {
    let mut digest = Sha256::new();
    digest.update(template);
    for (name, zip) in functions {
        digest.update(name);
        digest.update(
            zip.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default(),
        );
    }
    format!("{:x}", digest.finalize())
}

/// Deploys the stack that `config` describes, with these functions in it, and follows it to its end. Nobody is asked,
/// and little is said.
pub async fn deploy(
    aws: &SdkConfig,
    config: &Config,
    functions: &BTreeMap<String, PathBuf>,
) -> Result<Outputs> {
    let request = Request {
        aws,
        account: &Account::of(aws).await?,
        config,
        template: &template(config)?,
        role_arn: None,
        yes: true,
        in_full: false,
    };
    run(&request, async || Ok(functions.clone())).await
}

/// The parameters with which the template is deployed: where the functions' zips are.
pub(crate) fn parameters(
    aws: &SdkConfig,
    assets_bucket: &str,
    functions: &BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::from([("AssetsBucket".to_owned(), assets_bucket.to_owned())]);
    for (name, zip) in functions {
        parameters.insert(parameter_of(name), asset_key(name, zip));
    }
    if is_local(aws) {
        // The local cloud speaks plain HTTP, which the bucket policies refuse everywhere else.
        parameters.insert(infra::REQUIRE_TLS.to_owned(), "false".to_owned());
    }
    parameters
}

fn asset_key(function: &str, zip: &[u8]) -> String {
    assets::key(&format!("functions/{function}"), "zip", zip)
}

/// The bytes of the functions' zips.
pub(crate) fn read_zips(
    functions: &BTreeMap<String, PathBuf>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let read = |(name, zip): (&String, &PathBuf)| {
        let content = fs::read(zip).with_context(|| format!("failed to read {}", zip.display()))?;
        Ok((name.clone(), content))
    };
    functions.iter().map(read).collect()
}

/// `decode` is the parameter `DecodeKey`.
fn parameter_of(function: &str) -> String {
    let mut letters = function.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain("Key".chars()).collect()
}

/// Tells where a command is about to act, before it acts.
pub(crate) async fn announce(aws: &SdkConfig) -> Result<()> {
    let account = Account::of(aws).await?;
    let place = aws.endpoint_url().map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
    say(&format!("Account {}, Region {}{place}", account.id, account.region));
    Ok(())
}

/// The same for a command that changes the stack, with who is asking.
pub(crate) fn introduce(aws: &SdkConfig, account: &Account, stack: &str) {
    let place = aws.endpoint_url().map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
    say(&format!("Stack     {stack}"));
    say(&format!("Account   {}, Region {}{place}", account.id, account.region));
    say(&format!("Identity  {}", account.identity));
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use infra::Config;

    use super::{fingerprint, for_local_cloud, parameter_of};
    use crate::functions;

    #[test]
    fn every_function_has_its_parameter_in_the_template() {
        for name in functions::NAMES {
            assert!(infra::PARAMETERS.contains(&parameter_of(name).as_str()), "{name}");
        }
    }

    #[test]
    fn a_local_cloud_keeps_nobody_waiting() {
        let config =
            Config::parse("stack = \"acme-things\"\n[profile.default]\npolicies = [\"p\"]\n")
                .unwrap();
        let local = for_local_cloud(config, "thingpress");
        assert_eq!(local.stack, "thingpress");
        assert!(local.vendor.microchip.signers.trust_uploaded);
        assert_eq!(local.concurrency(), 8);
        assert_eq!(local.problems(), []);
    }

    #[test]
    fn a_changed_function_changes_the_fingerprint() {
        let functions = |zip: &str| BTreeMap::from([("decode".to_owned(), PathBuf::from(zip))]);
        let before = fingerprint("{}", &functions("lambda/decode/1.zip"));
        assert_eq!(before, fingerprint("{}", &functions("elsewhere/decode/1.zip")));
        assert_ne!(before, fingerprint("{}", &functions("lambda/decode/2.zip")));
        assert_ne!(before, fingerprint("{ }", &functions("lambda/decode/1.zip")));
    }
}
