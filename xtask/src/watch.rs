//! `cargo xtask watch`

mod observe;
mod rates;
mod screen;
mod units;
mod view;

use std::{cell::RefCell, collections::BTreeMap, process::ExitCode, time::Duration};

use anyhow::Result;
use ledger::{Report, Verdict};
use serde_json::json;

use self::{
    observe::{End, Observed, Observer},
    screen::Screen,
};
use crate::{
    aws,
    deployed::{Deployed, run_name},
    destination::Destination,
    import::{NOT_CARRIED_OUT, SOME_NOT_FINE},
    interrupt::{self, GoesOn},
    progress,
};

/// How long to wait before a run is looked at again. Several runs are looked at less often each, so that the calls a
/// second stay the same.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Looking again is worth it where AWS does not answer, but not for ever.
const TRIES: u32 = 5;

/// Watch runs: stages, devices by outcome, rate against quota, time left
///
/// Without RUN, all runs that are going, until the last of them ends, and the one that ended last where none is going.
/// On a terminal the view is drawn again in its place; elsewhere a line is printed for each new state, and one each few
/// seconds where something changed. Watching changes nothing, and Ctrl-C ends only the watching.
///
/// Exit status with RUN: 0 all devices are fine, 1 some are not, 2 wrong usage, 3 the run stopped by itself or is not
/// there. Without RUN: 0, or 3 where it cannot be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the run, its ARN, or the address of one of its files
    #[arg(value_name = "RUN")]
    run: Option<String>,
    #[command(flatten)]
    at: Destination,
    /// Print JSON on stdout, an object a line: each view that differs, then each end
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    aws::block_on(async {
        let deployed = Deployed::find(&args.at).await?;
        let option = deployed.option.clone();
        let going = Going::default();
        let watching = async {
            let watch = Watch::of(&deployed, &going, args.json)?;
            match &args.run {
                Some(run) => watch.one(run_name(run)).await,
                None => watch.all().await,
            }
        };
        interrupt::or(watching, || going.sentence(&option)).await.map(ExitCode::from)
    })
}

/// The runs that were going when they were last looked at, by name with their ARNs.
#[derive(Debug, Default)]
struct Going(RefCell<BTreeMap<String, String>>);

impl Going {
    fn sentence(&self, option: &str) -> GoesOn {
        let going = self.0.borrow();
        match going.iter().collect::<Vec<_>>().as_slice() {
            [] => "no run is known to be going".into(),
            [(name, arn)] => GoesOn::run(name, arn, option),
            several => GoesOn::with_hint(
                format!("{} runs go on in the cloud, and report at their ends", several.len()),
                format!("look again: cargo xtask watch {option}"),
            ),
        }
    }
}

/// Somebody who watches.
#[derive(Debug)]
struct Watch<'a> {
    deployed: &'a Deployed,
    observer: Observer,
    going: &'a Going,
    screen: Screen,
    json: bool,
}

impl<'a> Watch<'a> {
    fn of(deployed: &'a Deployed, going: &'a Going, json: bool) -> Result<Self> {
        let (observer, screen) = (Observer::of(deployed)?, Screen::new(json));
        Ok(Self { deployed, observer, going, screen, json })
    }

    /// One run to its end; the exit status that its verdict asks for.
    async fn one(mut self, name: &str) -> Result<u8> {
        let Some(arn) = self.deployed.execution(name).await? else {
            // Step Functions forgets a run after 90 days, and its report stays.
            let report = self.deployed.report(name).await?;
            return self.tell(name, &End::Report(Box::new(report)));
        };
        let mut runs = vec![Observed::new(name, &arn)];
        let mut status = 0;
        while !runs.is_empty() {
            status = self.round(&mut runs).await?;
        }
        Ok(status)
    }

    /// All runs that are going, also those that begin while one of them does.
    async fn all(mut self) -> Result<u8> {
        let mut runs: Vec<Observed> = Vec::new();
        let mut is_any = false;
        loop {
            let found = observe::find(self.deployed).await?;
            for (name, arn) in found.running {
                if runs.iter().all(|known| known.name != name) {
                    runs.push(Observed::new(&name, &arn));
                }
            }
            if runs.is_empty() {
                match found.latest {
                    _ if is_any => {}
                    Some((name, arn)) => {
                        self.screen.say("no run is going; this one ended last");
                        runs.push(Observed::new(&name, &arn));
                        self.round(&mut runs).await?;
                    }
                    None => self.screen.say("no run is going, and none has ended yet"),
                }
                return Ok(0);
            }
            is_any = true;
            // New runs are looked for less often than known ones are looked at.
            for _ in 0..5 {
                self.round(&mut runs).await?;
                if runs.is_empty() {
                    break;
                }
            }
        }
    }

    /// Looks at each run once, shows them, tells of those that ended and leaves them out from then on. Returns the
    /// worst exit status that an end asks for.
    async fn round(&mut self, runs: &mut Vec<Observed>) -> Result<u8> {
        let (mut views, mut ended) = (Vec::new(), Vec::new());
        let holders = self.observer.holders().await;
        for run in &mut *runs {
            let (view, end) = self.patiently(run, &holders).await?;
            views.push(view);
            ended.extend(end.map(|execution| (run.name.clone(), execution)));
        }
        let is_ended = |name: &str| ended.iter().any(|(ended, _)| ended == name);
        let going = runs.iter().filter(|run| !is_ended(&run.name));
        *self.going.0.borrow_mut() = going.map(|run| (run.name.clone(), run.arn.clone())).collect();
        self.screen.show(&views)?;
        let mut status = 0;
        for (name, execution) in &ended {
            let Some(run) = runs.iter().find(|run| run.name == *name) else { continue };
            let end = self.observer.end(self.deployed, run, execution).await?;
            status = status.max(self.tell(name, &end)?);
        }
        runs.retain(|run| !is_ended(&run.name));
        if !runs.is_empty() {
            let times = u32::try_from(runs.len()).unwrap_or(u32::MAX);
            tokio::time::sleep(PAUSE.saturating_mul(times).min(LONGEST_PAUSE)).await;
        }
        Ok(status)
    }

    /// A network that is away for a moment ends no watch of many hours.
    async fn patiently(
        &self,
        run: &mut Observed,
        holders: &ledger::Holders,
    ) -> Result<(view::View, Option<crate::run_follow::execution::Execution>)> {
        let mut tried = 1;
        loop {
            match self.observer.look(run, holders).await {
                Err(error) if run.is_seen && tried < TRIES => {
                    self.screen.say(&format!("{error:#}; trying again"));
                    tried += 1;
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
                seen => return seen,
            }
        }
    }

    /// Tells what a run ended with; returns the exit status that it asks for.
    fn tell(&self, name: &str, end: &End) -> Result<u8> {
        let (line, value, status) = match end {
            End::Filed(summary) => {
                (format!("{name}: {summary}"), json!({"run": name, "filed": summary}), 0)
            }
            End::Report(report) => (
                format!("{name}: {}", report.summary),
                json!({
                    "run": name,
                    "verdict": report.verdict,
                    "summary": report.summary,
                    "counts": report.counts,
                    "balanced": report.balanced,
                }),
                status(report),
            ),
        };
        let hint = matches!(end, End::Report(_)).then(|| {
            format!(
                "{} all about it: cargo xtask report {name} {}",
                progress::cyan("hint:"),
                self.deployed.option
            )
        });
        let answer = if self.json { format!("{value}\n") } else { line + "\n" };
        self.screen.tell(&answer, hint.as_deref())?;
        Ok(status)
    }
}

fn status(report: &Report) -> u8 {
    match report.verdict {
        Verdict::Done if report.balanced => 0,
        Verdict::Done | Verdict::DoneWithFailures => SOME_NOT_FINE,
        Verdict::Stopped => NOT_CARRIED_OUT,
    }
}

#[cfg(test)]
mod tests {
    use super::Going;

    #[track_caller]
    fn check(runs: &[&str], expected: &str) {
        let going = Going::default();
        for run in runs {
            going.0.borrow_mut().insert((*run).to_owned(), format!("arn:{run}"));
        }
        let said = format!("{:?}", going.sentence("--local"));
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn whoever_leaves_is_told_what_goes_on() {
        check(&[], "no run is known to be going");
        check(&["r"], "the run `r` goes on in the cloud");
        check(&["r"], "stop-execution --execution-arn arn:r");
        check(&["r", "s"], "2 runs go on in the cloud");
    }
}
