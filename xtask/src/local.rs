//! `cargo xtask local`

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};

use crate::{
    advice::{Advise, with_hint},
    aws, deployment, functions,
    local_cloud::{ACCESS_KEY_ID, LocalCloud, Options, REGION, SECRET_ACCESS_KEY, State},
    progress::{self, Step, cyan, say},
    registry_objects, workspace,
};

/// The name under which `local start` deploys, whatever the configuration says.
const STACK: &str = "thingpress";

/// Run a cloud on this machine, with Thingpress deployed in it
///
/// It plays S3, EventBridge, Step Functions, Lambda, IAM and AWS IoT on 127.0.0.1, with the same template and the
/// same functions as in an AWS account. No account is needed, nothing leaves this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Start it, deploy Thingpress, and print the variables that an AWS client needs
    ///
    /// Use it as: eval "$(cargo xtask local start)"
    ///
    /// Where it runs already, only what changed is deployed again. Policies, thing groups and thing types that the
    /// configuration names are made, uploaded signers are trusted, and rates are set high.
    Start(Start),
    /// Stop it; everything in it is gone
    Stop,
    /// Empty it and deploy Thingpress again
    Reset,
    /// Tell whether it runs, and where; exit status 1 where it does not run
    Status,
}

#[derive(Debug, clap::Args)]
struct Start {
    /// Configuration to deploy [default: the workspace's infra/thingpress.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let dir = dir();
    // Who only looks on does not wait for others.
    let _lock = (!matches!(args.command, Command::Status)).then(|| lock(&dir)).transpose()?;
    match &args.command {
        Command::Start(start_args) => {
            let (cloud, _) = start(&dir, &deployment::config_path(start_args.config.as_deref()))?;
            progress::data(&exports(&cloud, |name| env::var_os(name).is_some()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Stop => stop(&dir),
        Command::Reset => reset(&dir),
        Command::Status => status(&dir),
    }
}

/// The local cloud with what is to be deployed in it, started where it does not run. One that runs keeps its
/// configuration.
pub(crate) fn ensure() -> Result<(LocalCloud, State)> {
    let dir = dir();
    let _lock = lock(&dir)?;
    let config = attach(&dir)?.map(|(_, state)| state.config);
    start(&dir, &config.unwrap_or_else(|| deployment::config_path(None)))
}

/// Two starts at once would start two clouds and note one.
fn lock(dir: &Path) -> Result<File> {
    fs::create_dir_all(dir).with_context(|| format!("failed to make {}", dir.display()))?;
    let lock = File::create(dir.join("lock"))?;
    lock.lock().context("failed to lock the local cloud's state")?;
    Ok(lock)
}

fn dir() -> PathBuf {
    workspace::target().join("local")
}

/// The local cloud that runs, and the name of the stack in it.
pub(crate) fn running() -> Result<(LocalCloud, State)> {
    attach(&dir())?.ok_or_else(not_running)
}

/// Notes that something else may be deployed now than `local start` knows.
pub(crate) fn forget_deployment() -> Result<()> {
    let dir = dir();
    match State::read(&dir)? {
        Some(state) => State { fingerprint: String::new(), ..state }.write(&dir),
        None => Ok(()),
    }
}

fn attach(dir: &Path) -> Result<Option<(LocalCloud, State)>> {
    let Some(state) = State::read(dir)? else { return Ok(None) };
    Ok(LocalCloud::attach(dir.to_path_buf(), &state).map(|cloud| (cloud, state)))
}

fn not_running() -> anyhow::Error {
    with_hint("the local cloud does not run", r#"start it: eval "$(cargo xtask local start)""#)
}

fn start(dir: &Path, config: &Path) -> Result<(LocalCloud, State)> {
    let config = fs::canonicalize(config).unwrap_or_else(|_| config.to_path_buf());
    // A mistake in the configuration is told before anything is built or started.
    deployment::read_config(&config)?;
    let (cloud, state) = if let Some((cloud, state)) = attach(dir)? {
        (cloud, State { config, ..state })
    } else {
        let step = Step::begin("Starting the local cloud");
        let options = Options { dir: dir.to_path_buf(), ..Options::default() };
        let cloud = LocalCloud::start_detached(options)?;
        let state = State {
            pid: cloud.pid(),
            port: cloud.port,
            mqtt_port: cloud.mqtt_port,
            stack: STACK.to_owned(),
            config,
            fingerprint: String::new(),
        };
        state.write(dir)?;
        step.done(&format!("The local cloud runs at {}", cloud.endpoint()));
        (cloud, state)
    };
    let state = deploy(dir, &cloud, state)?;
    Ok((cloud, state))
}

/// Deploys what differs from what is there, and notes it.
fn deploy(dir: &Path, cloud: &LocalCloud, mut state: State) -> Result<State> {
    let config = deployment::for_local_cloud(deployment::read_config(&state.config)?, STACK);
    let functions = functions::build()?;
    let fingerprint = deployment::fingerprint(&deployment::template(&config)?, &functions);
    if state.fingerprint == fingerprint {
        say(&format!("{STACK} is up to date at {}", cloud.endpoint()));
        return Ok(state);
    }
    // Until the deployment has ended well, nothing is known about what is there.
    state.fingerprint.clear();
    state.write(dir)?;
    let deployed = aws::block_on(async {
        let aws = cloud.aws_config();
        deployment::deploy(&aws, &config, &functions).await?;
        registry_objects::ensure(&aws, &config).await
    });
    deployed.advise(|| {
        format!(
            "the cloud's log is {}; start afresh with: cargo xtask local reset",
            cloud.log_file().display()
        )
    })?;
    state.fingerprint = fingerprint;
    state.write(dir)?;
    Ok(state)
}

fn stop(dir: &Path) -> Result<ExitCode> {
    match attach(dir)? {
        Some((cloud, _)) => {
            let step = Step::begin("Stopping the local cloud");
            cloud.stop()?;
            step.done("The local cloud is stopped");
        }
        None => say("The local cloud does not run"),
    }
    State::remove(dir)?;
    Ok(ExitCode::SUCCESS)
}

fn reset(dir: &Path) -> Result<ExitCode> {
    let (cloud, state) = attach(dir)?.ok_or_else(not_running)?;
    let step = Step::begin("Emptying the local cloud");
    let emptied = State { fingerprint: String::new(), ..state };
    emptied.write(dir)?;
    cloud.reset()?;
    step.done("The local cloud is empty");
    deploy(dir, &cloud, emptied)?;
    Ok(ExitCode::SUCCESS)
}

fn status(dir: &Path) -> Result<ExitCode> {
    let Some((cloud, state)) = attach(dir)? else {
        say("The local cloud does not run");
        say(&format!("{} start it: eval \"$(cargo xtask local start)\"", cyan("hint:")));
        return Ok(ExitCode::FAILURE);
    };
    let deployed = if state.fingerprint.is_empty() {
        "not deployed: run `cargo xtask local start`"
    } else {
        STACK
    };
    let lines = [
        ("endpoint", cloud.endpoint()),
        ("mqtt", format!("127.0.0.1:{}", cloud.mqtt_port)),
        ("stack", deployed.to_owned()),
        ("config", state.config.display().to_string()),
        ("process", state.pid.to_string()),
        ("log", cloud.log_file().display().to_string()),
    ];
    for (name, value) in lines {
        progress::data(&format!("{name:<9} {value}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shell lines after which any AWS client talks to the local cloud.
fn exports(cloud: &LocalCloud, is_set: impl Fn(&str) -> bool) -> String {
    let variables = [
        ("AWS_ENDPOINT_URL", cloud.endpoint()),
        ("AWS_REGION", REGION.to_owned()),
        // Some clients, boto3 for one, know the region only by this name.
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ("THINGPRESS_STACK", STACK.to_owned()),
        ("IOT_MQTT_PORT", cloud.mqtt_port.to_string()),
        ("IOT_CA_FILE", cloud.ca_file().display().to_string()),
    ];
    let assignments = variables.map(|(name, value)| format!("{name}={}", quoted(&value)));
    let export = format!("export {}\n", assignments.join(" "));
    // What is left of a real account's session would go along with the key above, and be refused.
    let stale: Vec<&str> =
        ["AWS_SESSION_TOKEN", "AWS_PROFILE"].into_iter().filter(|name| is_set(name)).collect();
    if stale.is_empty() { export } else { format!("unset {}\n{export}", stale.join(" ")) }
}

/// A word that a POSIX shell reads back as it is.
fn quoted(value: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/:._-".contains(letter);
    if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_with_spaces_survives_the_shell() {
        assert_eq!(quoted("/a/b_c-1.pem"), "/a/b_c-1.pem");
        assert_eq!(quoted("/my files/it's"), r"'/my files/it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
