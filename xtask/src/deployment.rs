//! Puts a stack into an AWS account, or into a local cloud: assets, change set, events, outputs.

mod assets;
mod change_set;
mod events;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use aws_config::SdkConfig;
use infra::{Architecture, Config, Rate};
use sha2::{Digest, Sha256};

use crate::{
    advice::Advise,
    aws::{Account, is_local},
    progress::say,
    workspace,
};

pub use assets::assets_template;

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
pub(crate) struct Stack<'a> {
    pub(crate) name: &'a str,
    pub(crate) template: Template<'a>,
    pub(crate) parameters: BTreeMap<String, String>,
}

/// Where CloudFormation finds a template.
#[derive(Clone, Debug)]
pub(crate) enum Template<'a> {
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
    // AWS's quotas in their proportions, forty times as high: 400 registrations a second.
    for (key, calls_a_second) in Rate::default().entries() {
        if let Some(rate) = config.rate.entry_mut(key) {
            *rate = calls_a_second * 40.0;
        }
    }
    config
}

/// Reads a configuration file.
pub fn read_config(path: &Path) -> Result<Config> {
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display())).advise(|| {
        "name the configuration with --config FILE; infra/thingpress.toml is the one to start from".into()
    })?;
    Config::parse(&text)
        .with_context(|| path.display().to_string())
        .advise(|| format!("correct {} and try again", path.display()))
}

/// The CloudFormation template of a configuration: the same bytes for the same input.
pub fn template(config: &Config) -> Result<String> {
    infra::synthesize(config).map_err(|violations| {
        let list: Vec<String> =
            violations.iter().map(|violation| format!("  {violation}")).collect();
        anyhow!("the configuration gives no valid stack:\n{}", list.join("\n"))
    })
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

/// Deploys the stack that `config` describes, with these functions in it, and follows it to its end.
pub async fn deploy(
    aws: &SdkConfig,
    config: &Config,
    functions: &BTreeMap<String, PathBuf>,
) -> Result<Outputs> {
    let account = Account::of(aws).await?;
    let template = template(config)?;
    let bucket = assets::ensure_bucket(aws, &account, &config.stack).await?;
    let mut parameters = BTreeMap::from([("AssetsBucket".to_owned(), bucket.clone())]);
    for (name, zip) in functions {
        let content = fs::read(zip).with_context(|| format!("failed to read {}", zip.display()))?;
        let key =
            assets::upload(aws, &bucket, &format!("functions/{name}"), "zip", content).await?;
        parameters.insert(parameter_of(name), key);
    }
    if is_local(aws) {
        // The local cloud speaks plain HTTP, which the bucket policies refuse everywhere else.
        parameters.insert(infra::REQUIRE_TLS.to_owned(), "false".to_owned());
    }
    let key = assets::upload(aws, &bucket, "templates", "json", template.into_bytes()).await?;
    // The form with the bucket in the path; CloudFormation takes both.
    let suffix = if account.partition == "aws-cn" { ".cn" } else { "" };
    let url = format!("https://s3.{}.amazonaws.com{suffix}/{bucket}/{key}", account.region);
    let stack = Stack { name: &config.stack, template: Template::Url(url), parameters };
    change_set::apply(aws, &stack).await
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
    say(&format!("Account {}, region {}{place}", account.id, account.region));
    Ok(())
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
