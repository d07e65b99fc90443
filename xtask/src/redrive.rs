//! `cargo xtask redrive`

mod name;

use std::process::ExitCode;

use anyhow::{Context, Result};
use aws_sdk_sfn::{operation::start_execution::StartExecutionError, types::ExecutionStatus};
use ledger::{CannotTakeUp, Earlier, Entries, Input, Object, RunFiles};
use manifest::Bucket;

use self::name::name;
use crate::{
    advice::{Advise, with_hint},
    aws::{self, failure},
    deployed::{Deployed, execution, run_name},
    destination::Destination,
    import::{show, status_of},
    pinned::{bound, is_gone},
    progress::{Step, say},
    run_follow::{Importer, Outcome, Run},
};

/// So many times a run may be taken up: each one has a name of its own.
const MOST_TIMES: u32 = 1_000;

/// Take up a run that has ended: try what did not end well in it and still can, and nothing else
///
/// First do what the run's results say: make the missing policy, upload the missing signer, wait for a quota. Then a
/// new run reads the same version of the same file again, under the configuration that is in force now, and works on
/// those entries only. Entries that need a corrected file are left alone: `cargo xtask report RUN --retry-file`
///
/// Exit status: 0 all that was taken up is fine, or nothing was left, 1 some is not, 2 wrong usage, 3 the run could not
/// be carried out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The run: its name, the ARN of its execution, or the address of one of its files
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    at: Destination,
    /// Print nothing on stdout but the new run's report.json
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    aws::block_on(async {
        let deployed = Deployed::find(&args.at).await?;
        redrive(&deployed, run_name(&args.run), args.json).await.map(ExitCode::from)
    })
}

/// Takes up a run, and gives the exit status that its end asks for.
async fn redrive(deployed: &Deployed, run: &str, json: bool) -> Result<u8> {
    let mut step = Step::moving(&format!("Looking at what {run} left"));
    // Says more exactly than what follows why there is none, or why it cannot be read.
    deployed.report(run).await?;
    deployed.json::<serde::de::IgnoredAny>(&RunFiles::of(run).plan()).await?;
    let (earlier, left) = match look(deployed, run).await? {
        Ok(found) => found,
        Err(refusal @ CannotTakeUp::NothingLeft { .. }) => {
            drop(step);
            say(&format!("{refusal}. Nothing was started"));
            return Ok(0);
        }
        Err(refusal) => return Err(refused(&refusal, &deployed.option)),
    };
    let vendor = earlier.report.vendor.clone();
    let object = object_of(deployed, &earlier).await?;
    check_there(deployed, &object).await?;
    let input = Input { vendor, object, resume: Some(run.to_owned()) };
    let started = start(deployed, run, &input, &mut step).await?;
    step.line(&format!("{}: {}", started.name, what(&left)));
    let outcome = Importer::of(deployed).follow(&started, &mut step).await?;
    drop(step);
    match outcome {
        Outcome::Report(report) => {
            show(&report, json, &deployed.option)?;
            Ok(status_of(&report))
        }
        // A run that filed a certificate has no report, and was refused.
        Outcome::Filed(_) => Ok(0),
    }
}

/// The run, and the entries that it left.
async fn look(deployed: &Deployed, run: &str) -> Result<Result<(Earlier, Entries), CannotTakeUp>> {
    let store = deployed.runs()?;
    let failed = || format!("failed to look at what the run `{run}` left");
    let earlier = match Earlier::of(&store, run).await.with_context(failed)? {
        Ok(earlier) => earlier,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let left = earlier.left(&store).await.with_context(failed)?;
    Ok(left.map(|left| (earlier, left)))
}

fn refused(refusal: &CannotTakeUp, option: &str) -> anyhow::Error {
    let hint = match refusal {
        CannotTakeUp::OtherKind { .. } => format!(
            "a file is imported with `cargo xtask import FILE {option}`; `cargo xtask runs {option}` tells which run did \
             what"
        ),
        CannotTakeUp::NoReport { .. } => format!(
            "`cargo xtask runs {option}` lists the runs; `cargo xtask watch RUN {option}` follows one"
        ),
        _ => "upload the file again: what is done stays done, and only the rest is worked on"
            .to_owned(),
    };
    with_hint(refusal.to_string(), hint)
}

fn what(left: &Entries) -> String {
    match left.count() {
        None => "takes up all entries of the file: the earlier run did not come to any".to_owned(),
        Some(1) => "takes up 1 entry".to_owned(),
        Some(count) => format!("takes up {count} entries"),
    }
}

/// The file of the earlier run, as exactly as anything still tells.
async fn object_of(deployed: &Deployed, earlier: &Earlier) -> Result<Object> {
    if let Some(plan) = &earlier.plan {
        return Ok(plan.source.clone().into());
    }
    // It ended before its plan was written. Step Functions remembers its input for 90 days.
    let run = &earlier.report.run;
    let bucket: Bucket = earlier.report.vendor.parse()?;
    let arn = execution(deployed.places.machine(bucket)?, run);
    let described = deployed.sfn().describe_execution().execution_arn(arn).send().await;
    let found = described
        .map_err(failure)
        .with_context(|| format!("failed to look at the run `{run}`"))
        .advise(|| "upload the file again instead".to_owned())?;
    let input: Input = serde_json::from_str(found.input().unwrap_or_default())
        .with_context(|| format!("the input of the run `{run}` is not what it should be"))?;
    Ok(input.object)
}

/// Says so before a run is started that could do nothing.
async fn check_there(deployed: &Deployed, object: &Object) -> Result<()> {
    let Object { bucket, key, version, etag, .. } = object;
    let head = deployed.s3().head_object().bucket(bucket).key(key);
    let head = head.set_version_id(bound(version)).set_if_match(bound(etag)).send().await;
    match head {
        Ok(_) => Ok(()),
        Err(error) if is_gone(&error) => Err(with_hint(
            format!(
                "the file s3://{bucket}/{key} is not there any more in the version that the run read: it was deleted, \
                 or replaced by another one"
            ),
            "upload it again, from wherever it came from: what is done stays done, and only the rest is worked on",
        )),
        Err(error) => Err(failure(error))
            .with_context(|| format!("failed to look at s3://{bucket}/{key}"))
            .advise(|| {
                format!("whoever redrives runs needs the policy `{}-operator`", deployed.stack)
            }),
    }
}

/// Starts the new run, or finds the one that takes up the same at this moment.
async fn start(deployed: &Deployed, earlier: &str, input: &Input, step: &mut Step) -> Result<Run> {
    let bucket: Bucket = input.vendor.parse()?;
    let machine = deployed.places.machine(bucket)?;
    let text = serde_json::to_string(input)?;
    for time in 1..=MOST_TIMES {
        let name = name(earlier, time);
        if has_ended(deployed, &name).await? {
            step.line(&format!("{earlier} was taken up before, by {name}, which has ended"));
            continue;
        }
        let arn = execution(machine, &name);
        let request = deployed.sfn().start_execution().state_machine_arn(machine);
        match request.name(&name).input(&text).send().await {
            Ok(started) => return Ok(Run { name, arn: started.execution_arn }),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                if deployed.status(machine, &name).await? == Some(ExecutionStatus::Running) {
                    step.line(&format!(
                        "{earlier} is being taken up by {name}; following that one"
                    ));
                    return Ok(Run { name, arn });
                }
                step.line(&format!("{earlier} was taken up before, by {name}, which has ended"));
            }
            Err(error) => {
                return Err(failure(error))
                    .with_context(|| format!("failed to start a run of {machine}"))
                    .advise(|| {
                        format!(
                            "whoever redrives runs needs the policy `{}-operator`",
                            deployed.stack
                        )
                    });
            }
        }
    }
    Err(with_hint(
        format!("the run `{earlier}` was taken up {MOST_TIMES} times already"),
        "upload the file again instead",
    ))
}

/// Whether a run of this name left a word about its end. Step Functions forgets names after 90 days, and the files stay:
/// a new run of the name would take them for its own.
async fn has_ended(deployed: &Deployed, name: &str) -> Result<bool> {
    let files = RunFiles::of(name);
    for key in [files.report(), files.stopped()] {
        if deployed.bytes(&key).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
