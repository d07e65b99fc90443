//! Carries out a unit: look at devices, note what was found, then act.

use std::{
    iter,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::{StreamExt, TryStreamExt, pin_mut, stream};
use ledger::{
    Activations, Created, Intent, IntentParts, Keep, Outcome, RunFiles, Standing, StoreError,
    ToUndo, Unit, UnitLimits, Work, WorkToUndo, clock, seconds_of_epoch,
};
use registry::{Ending, Finding, ForeseenCalls, Memory, Reason, Registry, Types};
use serde::Serialize;
use telemetry::Telemetry;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    Job, WorkerError,
    act::{Ended, foreseen},
    attempt::{Attempt, unless_late},
    limits::{self, Stopwatch},
    metrics,
    share::Share,
};

/// Devices in flight in one worker. At 50 ms a call and six calls a device this allows some 200
/// devices a second, twice what one worker's share of a rate can be.
const IN_FLIGHT: usize = 64;

/// Devices that were looked at and wait until one in flight is done. With those in flight they last
/// while the next part is looked at; and as more are not begun, a stopped run ends soon.
const AHEAD: usize = 32;

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

/// A device of the run's work.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) work: Work,
    /// What a listing of the account showed of it.
    pub(crate) standing: Standing,
    /// What another run did to it, where that is to be taken back.
    pub(crate) undo: Option<ToUndo>,
}

/// A device that was looked at, and may be acted on.
#[derive(Debug)]
struct Found {
    planned: Planned,
    finding: Finding,
    /// What an earlier try of the same part had found.
    earlier: Option<Arc<Intent>>,
}

/// What looking at a unit came to.
#[derive(Debug)]
struct Looked {
    /// The outcomes that there were before.
    before: Vec<Outcome>,
    /// Whether an intent was put, so that outcomes are to follow.
    noted: bool,
    stopped: bool,
}

/// What it takes to carry out units of a run.
#[derive(Debug)]
pub(crate) struct Carrier<'a> {
    pub(crate) job: Job,
    pub(crate) memory: &'a dyn Memory,
    pub(crate) telemetry: &'a Telemetry,
    pub(crate) activations: &'a Activations,
    pub(crate) registry: &'a Registry,
    pub(crate) share: &'a Share<'a>,
    pub(crate) files: RunFiles,
    /// Whether the unit is brought to its end although its run was stopped.
    pub(crate) finishes_stopped: bool,
    /// Whether what is left over now has failed.
    pub(crate) last_round: bool,
    /// The thing types that devices of the unit name, where they are only foreseen.
    pub(crate) types: Types,
}

impl Carrier<'_> {
    /// Carries out what no earlier round has finished, and writes the unit's outcomes. `work` is the
    /// unit's stretch of the work.
    pub(crate) async fn carry_out(
        &self,
        unit: &Unit,
        work: &[u8],
        round: u32,
        deadline: SystemTime,
    ) -> Result<Tally, WorkerError> {
        let stopwatch = Stopwatch::start(self.share.pace);
        let until = clock::now() + left_until(deadline).saturating_sub(RESERVE);
        let before = if round > 0 { self.outcomes(unit).await? } else { Vec::new() };
        let work = self.work(unit, work).await?;

        let (found, devices) = mpsc::channel(AHEAD);
        let looks = self.look_ahead(unit, round, work, before, until, found);
        let (looked, acted) = futures::join!(looks, self.act_on(devices, until));
        let (Looked { before, noted, stopped }, acted) = (looked?, acted?);
        let mut limits = stopwatch.read(number(acted.len()), self.share.most_runs());
        limits.foreseen = foreseen(&acted);
        let acted: Vec<_> = acted.into_iter().map(|ended| ended.outcome).collect();
        let figures = metrics::figures(self.job, &acted, &limits);
        self.telemetry.emit(Some(self.files.run()), &figures);
        if !noted {
            limits.outcomes = limits::by_kind(&before);
            Box::pin(self.pass_on(unit.unit, round, limits)).await?;
            return Ok(tally(&before, unit));
        }
        let mut outcomes = before;
        outcomes.extend(acted);
        outcomes.sort_unstable_by_key(|outcome| outcome.entry);
        limits.outcomes = limits::by_kind(&outcomes);
        let (key, store) = (self.files.outcomes(unit.unit), self.share.store);
        futures::try_join!(
            store.write_lines(&key, &outcomes, Keep::Passing),
            Box::pin(self.pass_on(unit.unit, round, limits)),
        )?;
        let tally = tally(&outcomes, unit);
        Ok(if stopped { Tally { left_over: 0, ..tally } } else { tally })
    }

    /// Writes down what the unit waited for, and what it found out about the quotas. A unit whose
    /// devices are done does not fail for that.
    async fn pass_on(&self, unit: u64, round: u32, limits: UnitLimits) -> Result<(), StoreError> {
        let written = limits::add(self.share.store, &self.files, unit, round, limits);
        if let Err(error) = futures::try_join!(written, self.share.pass_on()) {
            tracing::warn!(code = error.code(), "rates not noted");
        }
        Ok(())
    }

    /// Looks at the unit part by part, and passes on what may be acted on.
    ///
    /// While one part is acted on, which AWS IoT's quotas make slow, the next one is looked at. So
    /// the tokens for registering do not go unused until all of a large unit was looked at. But it
    /// goes no further ahead: what was found is to be true still when it is acted on.
    async fn look_ahead(
        &self,
        unit: &Unit,
        round: u32,
        work: Vec<Planned>,
        mut before: Vec<Outcome>,
        until: Instant,
        found: mpsc::Sender<Found>,
    ) -> Result<Looked, WorkerError> {
        let (mut noted, mut cut_off, mut stopped) = (false, false, false);
        for (number, part) in (0..).zip(IntentParts::of(self.share.plan).cut(&work)) {
            let open = |planned: &&Planned| !is_done(&planned.work, &before);
            let part: Vec<_> = part.iter().filter(open).cloned().collect();
            if part.is_empty() {
                continue;
            }
            let Some(mut devices) = self.look_at(part, until).await? else { continue };
            let earlier = self.note_intent(unit, number, &devices).await?.map(Arc::new);
            noted = true;
            if earlier.is_some() && round == 0 && !cut_off {
                // An earlier try was cut off, and may have written its outcomes before that.
                cut_off = true;
                before = self.outcomes(unit).await?;
            }
            devices.retain(|(planned, _)| !is_done(&planned.work, &before));
            if self.share.leases.is_stopped(self.files.run()).await? {
                stopped = true;
                if !self.finishes_stopped {
                    tracing::warn!("the run was stopped");
                    break;
                }
            }
            for (planned, finding) in devices {
                let earlier = earlier.clone();
                // Whoever acts listens until this ends, or has failed, and the unit with it.
                if found.send(Found { planned, finding, earlier }).await.is_err() {
                    return Ok(Looked { before, noted, stopped });
                }
            }
        }
        Ok(Looked { before, noted, stopped })
    }

    /// What stands where each device is to be; `None` where that cannot be told for all of them now.
    ///
    /// A device that was not looked at could later not be told from one that this run made. So
    /// nothing is written then, and the whole part comes again.
    async fn look_at(
        &self,
        work: Vec<Planned>,
        until: Instant,
    ) -> Result<Option<Vec<(Planned, Finding)>>, StoreError> {
        let looked =
            stream::iter(work).map(|work| self.look_at_one(work, until)).buffered(IN_FLIGHT);
        pin_mut!(looked);
        let mut devices = Vec::new();
        while let Some(device) = looked.try_next().await? {
            let Some(device) = device else { return Ok(None) };
            devices.push(device);
        }
        Ok(Some(devices))
    }

    async fn look_at_one(
        &self,
        planned: Planned,
        until: Instant,
    ) -> Result<Option<(Planned, Finding)>, StoreError> {
        let (plan, work) = (self.share.plan, &planned.work);
        let look = self.job.look(self.registry, plan, &planned);
        let finding = match unless_late(until, look).await {
            Attempt::Ended(finding) => {
                self.job.recall(self.activations, plan, work, finding).await?
            }
            Attempt::Again(_) if !self.last_round => return Ok(None),
            Attempt::Again(reason) | Attempt::Failed(reason) => {
                Finding::Conflict(self.in_words(reason))
            }
        };
        Ok(Some((planned, finding)))
    }

    /// The outcomes of the devices that could be finished.
    async fn act_on(
        &self,
        devices: mpsc::Receiver<Found>,
        until: Instant,
    ) -> Result<Vec<Ended>, StoreError> {
        stream::unfold(devices, async |mut devices| Some((devices.recv().await?, devices)))
            .map(|found| self.act_on_one(found, until))
            .buffer_unordered(IN_FLIGHT)
            .try_filter_map(async |ended| Ok(ended))
            .try_collect()
            .await
    }

    async fn act_on_one(
        &self,
        Found { planned, finding, earlier }: Found,
        until: Instant,
    ) -> Result<Option<Ended>, StoreError> {
        let Planned { work, standing, .. } = planned;
        let act = self.act_or_foresee(&work, standing, finding, earlier.as_deref());
        Ok(match unless_late(until, act).await {
            Attempt::Ended((ending, calls)) => {
                self.job.remember(self.activations, self.share.plan, &work, &ending).await?;
                Some(Ended { outcome: outcome(&work, ending), calls })
            }
            Attempt::Again(_) if !self.last_round => None,
            Attempt::Again(reason) | Attempt::Failed(reason) => {
                let reason = self.in_words(reason);
                let outcome = work.outcome(reason.outcome(), reason.code(), reason.to_string());
                Some(Ended { outcome, calls: ForeseenCalls::default() })
            }
        })
    }

    /// The reason with what to do about it.
    fn in_words(&self, reason: Reason) -> Reason {
        if self.job == Job::Undo { reason.of_undo() } else { reason }
    }

    /// The unit's devices.
    async fn work(&self, unit: &Unit, stretch: &[u8]) -> Result<Vec<Planned>, WorkerError> {
        let lines = stretch.split_inclusive(|byte| *byte == b'\n').map(|line| self.device(line));
        let work: Vec<_> = lines
            .collect::<Result<_, _>>()
            .map_err(|source| WorkerError::Unit { unit: unit.unit, source: Some(source) })?;
        if u64::try_from(work.len()).ok() != Some(unit.count) {
            return Err(WorkerError::Unit { unit: unit.unit, source: None });
        }
        let standing = self.standing(unit).await?;
        // Without a listing, nothing is known of any device.
        let standings = standing.into_iter().map(Standing::of_mark);
        let standings = standings.chain(iter::repeat(Standing::Unknown));
        let planned = work.into_iter().zip(standings);
        Ok(planned.map(|((work, undo), standing)| Planned { work, standing, undo }).collect())
    }

    fn device(&self, line: &[u8]) -> Result<(Work, Option<ToUndo>), serde_json::Error> {
        if self.job == Job::Undo {
            let WorkToUndo { work, undo } = serde_json::from_slice(line)?;
            return Ok((work, Some(undo)));
        }
        Ok((serde_json::from_slice(line)?, None))
    }

    /// A mark for each of the unit's devices, where the account was listed for this run.
    async fn standing(&self, unit: &Unit) -> Result<Vec<u8>, WorkerError> {
        if !self.share.plan.listed {
            return Ok(Vec::new());
        }
        let stretch = unit.first - 1..unit.first - 1 + unit.count;
        let marks = self.share.store.read_range(&self.files.standing(), stretch).await?;
        marks.ok_or(WorkerError::Missing("standing"))
    }

    /// The outcomes that an earlier round left.
    async fn outcomes(&self, unit: &Unit) -> Result<Vec<Outcome>, WorkerError> {
        let mut lines = self.share.store.lines(&self.files.outcomes(unit.unit)).await?;
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
        part: u64,
        devices: &[(Planned, Finding)],
    ) -> Result<Option<Intent>, WorkerError> {
        let existing = devices
            .iter()
            .filter_map(|(planned, finding)| Some((planned.work.entry, finding.stood()?)))
            .collect();
        let added = devices
            .iter()
            .filter_map(|(planned, finding)| Some((planned.work.entry, finding.added()?)))
            .collect();
        let key = self.files.intent(unit.unit, part);
        let intent = Intent { time: seconds_of_epoch(), existing, added };
        match self.share.store.create(&key, &intent, Keep::Passing).await? {
            Created::New => Ok(None),
            Created::Existed => Ok(self.share.store.read_json(&key).await?),
        }
    }
}

fn left_until(deadline: SystemTime) -> Duration {
    deadline.duration_since(clock::wall()).unwrap_or_default()
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

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn tally(outcomes: &[Outcome], unit: &Unit) -> Tally {
    let mut tally = Tally::default();
    for outcome in outcomes {
        *if outcome.outcome.is_fine() { &mut tally.fine } else { &mut tally.not_fine } += 1;
    }
    tally.left_over = unit.count.saturating_sub(tally.ended());
    tally
}
