//! Carries out a unit: look at every device, note what was found, then act.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{StreamExt, stream};
use ledger::{Created, Intent, Keep, Leases, Outcome, Plan, RunFiles, Store, Unit, Work};
use registry::{CallError, Ending, Finding, Reason, Registry, Situation};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::RegisterError;

/// Devices in flight in one worker. At 50 ms a call and six calls a device this allows some 200
/// devices a second, twice what one worker's share of a rate can be.
const IN_FLIGHT: usize = 64;

/// Devices are left this long before the function's deadline, so that there is time to write down
/// what became of them. Leaving one between two calls is as safe as dying there.
const RESERVE: Duration = Duration::from_secs(30);

/// How the devices of a unit ended, for people who watch the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Devices that are as their owner wants.
    pub fine: u64,
    /// Devices that are not.
    pub not_fine: u64,
    /// Devices to be taken up again.
    pub left_over: u64,
}

impl Tally {
    /// Devices with an outcome.
    pub const fn ended(&self) -> u64 {
        self.fine + self.not_fine
    }
}

/// What it takes to carry out units of a run.
#[derive(Debug)]
pub(crate) struct Carrier<'a> {
    pub(crate) store: &'a Store,
    pub(crate) leases: &'a Leases,
    pub(crate) registry: &'a Registry,
    pub(crate) plan: &'a Plan,
    pub(crate) files: RunFiles,
    pub(crate) others_active: bool,
    /// Whether what is left over now has failed.
    pub(crate) last_round: bool,
}

impl Carrier<'_> {
    /// Carries out what no earlier round has finished, and writes the unit's outcomes.
    pub(crate) async fn carry_out(
        &self,
        unit: &Unit,
        round: u32,
        deadline: SystemTime,
    ) -> Result<Tally, RegisterError> {
        let until = Instant::now() + left_until(deadline).saturating_sub(RESERVE);
        let mut outcomes = if round > 0 { self.outcomes(unit).await? } else { Vec::new() };
        let mut work = self.work(unit).await?;
        work.retain(|work| !is_done(work, &outcomes));

        let Some(mut devices) = self.look_at(work, until).await else {
            return Ok(tally(&outcomes, unit));
        };
        let earlier = self.note_intent(unit, &devices).await?;
        if earlier.is_some() && round == 0 {
            // An earlier try was cut off, and may have written its outcomes before that.
            outcomes = self.outcomes(unit).await?;
            devices.retain(|(work, _)| !is_done(work, &outcomes));
        }
        let stopped = self.leases.is_stopped(&self.plan.run).await?;
        if stopped {
            tracing::warn!(run = self.plan.run, unit = unit.unit, "the run was stopped");
        } else {
            outcomes.extend(self.act_on(devices, earlier.as_ref(), until).await);
        }
        outcomes.sort_unstable_by_key(|outcome| outcome.entry);
        self.store.write_lines(&self.files.outcomes(unit.unit), &outcomes, Keep::Passing).await?;
        let tally = tally(&outcomes, unit);
        Ok(if stopped { Tally { left_over: 0, ..tally } } else { tally })
    }

    /// What stands where each device is to be; `None` where that cannot be told for all of them now.
    ///
    /// A device that was not looked at could later not be told from one that this run made. So
    /// nothing is written then, and the whole unit comes again.
    async fn look_at(&self, work: Vec<Work>, until: Instant) -> Option<Vec<(Work, Finding)>> {
        let profile = &self.plan.profile;
        let mut looked = stream::iter(work)
            .map(async |work| {
                let finding =
                    unless_late(until, registry::look(self.registry, profile, &work)).await;
                (work, finding)
            })
            .buffered(IN_FLIGHT);
        let mut devices = Vec::new();
        while let Some((work, finding)) = looked.next().await {
            let finding = match finding {
                Attempt::Ended(finding) => finding,
                Attempt::Again(_) if !self.last_round => return None,
                Attempt::Again(reason) | Attempt::Failed(reason) => Finding::Conflict(reason),
            };
            devices.push((work, finding));
        }
        Some(devices)
    }

    /// The outcomes of the devices that could be finished.
    async fn act_on(
        &self,
        devices: Vec<(Work, Finding)>,
        earlier: Option<&Intent>,
        until: Instant,
    ) -> Vec<Outcome> {
        let others_active = self.others_active;
        let situation = Situation { profile: &self.plan.profile, earlier, others_active };
        stream::iter(devices)
            .map(async |(work, finding)| {
                let act = registry::act(self.registry, situation, &work, finding);
                match unless_late(until, act).await {
                    Attempt::Ended(ending) => Some(outcome(&work, ending)),
                    Attempt::Again(_) if !self.last_round => None,
                    Attempt::Again(reason) | Attempt::Failed(reason) => {
                        Some(work.outcome(reason.outcome(), reason.code(), reason.to_string()))
                    }
                }
            })
            .buffer_unordered(IN_FLIGHT)
            .filter_map(async |outcome| outcome)
            .collect()
            .await
    }

    /// The unit's devices, read by range.
    async fn work(&self, unit: &Unit) -> Result<Vec<Work>, RegisterError> {
        let stretch = unit.offset..unit.offset + unit.length;
        let bytes = self
            .store
            .read_range(&self.files.work(), stretch)
            .await?
            .ok_or(RegisterError::Missing("work"))?;
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(serde_json::from_slice);
        let work: Vec<Work> = lines
            .collect::<Result<_, _>>()
            .map_err(|source| RegisterError::Unit { unit: unit.unit, source: Some(source) })?;
        match u64::try_from(work.len()) {
            Ok(count) if count == unit.count => Ok(work),
            _ => Err(RegisterError::Unit { unit: unit.unit, source: None }),
        }
    }

    /// The outcomes that an earlier round left.
    async fn outcomes(&self, unit: &Unit) -> Result<Vec<Outcome>, RegisterError> {
        let mut lines = self.store.lines(&self.files.outcomes(unit.unit)).await?;
        let mut outcomes = Vec::new();
        while let Some(outcome) = lines.next_line().await? {
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Notes what was found before the first write; returns what an earlier try had noted.
    async fn note_intent(
        &self,
        unit: &Unit,
        devices: &[(Work, Finding)],
    ) -> Result<Option<Intent>, RegisterError> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let existing = devices
            .iter()
            .filter_map(|(work, finding)| Some((work.entry, finding.word()?)))
            .collect();
        let key = self.files.intent(unit.unit);
        match self.store.create(&key, &Intent { time, existing }, Keep::Passing).await? {
            Created::New => Ok(None),
            Created::Existed => Ok(self.store.read_json(&key).await?),
        }
    }
}

/// What a step on one device came to.
#[derive(Debug, PartialEq)]
enum Attempt<T> {
    Ended(T),
    /// The device is to be taken up again.
    Again(Reason),
    /// It would fail again.
    Failed(Reason),
}

/// Runs `task`, as far as the function's time allows. With a small share of the rates, most of a
/// device's time is spent waiting for tokens.
async fn unless_late<T>(
    until: Instant,
    task: impl Future<Output = Result<T, CallError>>,
) -> Attempt<T> {
    if Instant::now() >= until {
        return Attempt::Again(Reason::OutOfTime);
    }
    match timeout_at(until, task).await {
        Err(_) => Attempt::Again(Reason::OutOfTime),
        Ok(Ok(ended)) => Attempt::Ended(ended),
        Ok(Err(error)) if error.kind.is_passing() => Attempt::Again(error.into()),
        Ok(Err(error)) => Attempt::Failed(error.into()),
    }
}

fn left_until(deadline: SystemTime) -> Duration {
    deadline.duration_since(SystemTime::now()).unwrap_or_default()
}

fn is_done(work: &Work, outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| outcome.entry == work.entry)
}

fn outcome(work: &Work, ending: Ending) -> Outcome {
    let Ending { outcome, reason, warnings } = ending;
    let mut line = match reason {
        None => work.outcome(outcome, "", String::new()),
        Some(reason) => work.outcome(outcome, reason.code(), reason.to_string()),
    };
    line.warnings.extend(warnings);
    line
}

fn tally(outcomes: &[Outcome], unit: &Unit) -> Tally {
    let mut tally = Tally::default();
    for outcome in outcomes {
        *if outcome.outcome.is_fine() { &mut tally.fine } else { &mut tally.not_fine } += 1;
    }
    tally.left_over = unit.count.saturating_sub(tally.ended());
    tally
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use registry::{Call, CallErrorKind};

    use super::*;

    #[tokio::test]
    async fn a_device_that_waits_too_long_for_its_tokens_is_taken_up_again() {
        let until = Instant::now() + Duration::from_millis(5);
        assert_eq!(unless_late::<()>(until, pending()).await, Attempt::Again(Reason::OutOfTime));
        assert_eq!(
            unless_late(until, ready(Ok(()))).await,
            Attempt::Again(Reason::OutOfTime),
            "nothing is begun late"
        );
    }

    #[tokio::test]
    async fn only_what_can_succeed_later_is_taken_up_again() {
        let until = Instant::now() + Duration::from_mins(10);
        let fail = async |kind| {
            let error = CallError { call: Call::CreateThing, kind };
            unless_late::<()>(until, ready(Err(error))).await
        };
        let call = Call::CreateThing;
        assert_eq!(
            fail(CallErrorKind::Throttled).await,
            Attempt::Again(Reason::Throttled { call })
        );
        assert_eq!(fail(CallErrorKind::NotFound).await, Attempt::Failed(Reason::NotFound { call }));
    }
}
