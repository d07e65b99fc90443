//! The prepared devices and what their workers left, unit by unit.
//!
//! Units are fetched some at a time: their stretch of the work by one call, and the outcomes of each beside it.
//! Meanwhile others are counted.

use futures::{Stream, StreamExt, TryStreamExt, future::try_join, stream};
use ledger::{
    Lines, OutcomeKind, OutcomeLine, RunFiles, Stop, Store, StoreError, Unit, WorkLine, parse_lines,
};

/// So many units, and so many bytes of their work, are fetched at a time.
const UNITS: usize = 16;
const BYTES: u64 = 4 << 20;

/// So many such stretches are fetched ahead. Most of the time goes by before S3 answers.
const AHEAD: usize = 4;

/// Consecutive units, with their files.
#[derive(Debug)]
pub(crate) struct Stretch {
    units: Vec<Unit>,
    /// Their stretch of `work.jsonl`.
    work: Vec<u8>,
    /// The outcomes of each.
    outcomes: Vec<Vec<u8>>,
}

/// A unit with exactly one outcome for each of its devices.
#[derive(Debug)]
pub(crate) struct Settled<'a> {
    pub(crate) unit: u64,
    pub(crate) devices: Vec<(WorkLine<'a>, OutcomeLine<'a>)>,
    /// Outcomes that belong to none of its devices, or are there twice.
    pub(crate) strays: u64,
}

/// Why a device has no outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Absence<'a> {
    /// Why the run ended, where it did so on its way.
    pub(crate) stop: Option<&'a Stop>,
    /// What to do about devices whose worker failed.
    pub(crate) again: &'a str,
}

/// All units of a run, in order.
pub(crate) async fn stretches(
    store: &Store,
    files: &RunFiles,
) -> Result<impl Stream<Item = Result<Stretch, StoreError>>, StoreError> {
    let units: Lines<Unit> = store.lines(&files.units()).await?;
    let parts = stream::try_unfold((units, None), async |(mut units, first)| {
        let (part, next) = next_part(&mut units, first).await?;
        Ok((!part.is_empty()).then_some((part, (units, next))))
    });
    Ok(parts.map_ok(move |units| fetch(store, files, units)).try_buffered(AHEAD))
}

/// The units that are fetched next, beginning with `first`; and the one after them, where it is read already.
async fn next_part(
    units: &mut Lines<Unit>,
    first: Option<Unit>,
) -> Result<(Vec<Unit>, Option<Unit>), StoreError> {
    let mut part: Vec<Unit> = first.into_iter().collect();
    while part.len() < UNITS {
        let Some(unit) = units.next_line().await? else { break };
        if !part.is_empty() && !belongs(&part, &unit) {
            return Ok((part, Some(unit)));
        }
        part.push(unit);
    }
    Ok((part, None))
}

/// Whether a unit's work comes right behind that of the others, and they are not too long together.
fn belongs(part: &[Unit], unit: &Unit) -> bool {
    let work = stretch_of(part);
    work.end == unit.offset && end_of(unit) - work.start <= BYTES
}

fn stretch_of(part: &[Unit]) -> std::ops::Range<u64> {
    part.first().map_or(0, |unit| unit.offset)..part.last().map_or(0, end_of)
}

const fn end_of(unit: &Unit) -> u64 {
    unit.offset.saturating_add(unit.length)
}

async fn fetch(store: &Store, files: &RunFiles, units: Vec<Unit>) -> Result<Stretch, StoreError> {
    let key = files.work();
    let work = store.read_range(&key, stretch_of(&units));
    let outcomes: Vec<_> = units.iter().map(|unit| files.outcomes(unit.unit)).collect();
    let outcomes = stream::iter(outcomes)
        .map(async |key| store.read(&key).await.map(Option::unwrap_or_default))
        .buffered(UNITS)
        .try_collect();
    let (work, outcomes) = try_join(work, outcomes).await?;
    Ok(Stretch { units, work: work.unwrap_or_default(), outcomes })
}

impl Stretch {
    /// Matches each unit's devices with its outcomes.
    pub(crate) fn settle<'a>(
        &'a self,
        files: &'a RunFiles,
        absence: Absence<'a>,
    ) -> impl Iterator<Item = Result<Settled<'a>, StoreError>> {
        let start = stretch_of(&self.units).start;
        self.units.iter().zip(&self.outcomes).map(move |(unit, outcomes)| {
            let place = |place: u64| usize::try_from(place - start).unwrap_or(usize::MAX);
            // What is not there is missed by the balance.
            let work = place(unit.offset)..place(end_of(unit)).min(self.work.len());
            let work = self.work.get(work).unwrap_or_default();
            let work: Vec<WorkLine<'a>> = parse_lines(&files.work(), work)?;
            let left = parse_lines(&files.outcomes(unit.unit), outcomes)?;
            let (devices, strays) =
                match_up(work, left, |device| absence.outcome(unit.unit, device));
            Ok(Settled { unit: unit.unit, devices, strays })
        })
    }
}

impl<'a> Absence<'a> {
    fn outcome(self, unit: u64, device: &WorkLine<'a>) -> OutcomeLine<'a> {
        let (code, reason) = match self.stop {
            Some(stop) => (
                stop.code.as_str(),
                format!("the run ended before this device's turn: {}", stop.reason),
            ),
            None => (
                "Run.UnitFailed",
                format!(
                    "the worker of unit {unit} failed for good before this device's turn. Its execution in Step Functions shows why; {}",
                    self.again
                ),
            ),
        };
        device.outcome(OutcomeKind::NotAttempted, code, reason)
    }
}

/// One outcome for each device, in order; and how many of `left` belong to none.
fn match_up<'a>(
    work: Vec<WorkLine<'a>>,
    left: Vec<OutcomeLine<'a>>,
    absent: impl Fn(&WorkLine<'a>) -> OutcomeLine<'a>,
) -> (Vec<(WorkLine<'a>, OutcomeLine<'a>)>, u64) {
    let mut left: Vec<_> = left.into_iter().map(Some).collect();
    // Nearly always they are in the same order, and the first one that is left is the one.
    let mut first = 0;
    let mut devices = Vec::with_capacity(work.len());
    for device in work {
        while left.get(first).is_some_and(Option::is_none) {
            first += 1;
        }
        let belongs = |outcome: &&mut Option<OutcomeLine<'_>>| {
            outcome.as_ref().is_some_and(|outcome| {
                outcome.entry == device.entry && outcome.certificate_id == device.certificate_id
            })
        };
        let rest = left.get_mut(first..).unwrap_or_default();
        let outcome = rest.iter_mut().find(belongs).and_then(Option::take);
        let outcome = outcome.unwrap_or_else(|| absent(&device));
        devices.push((device, outcome));
    }
    let strays = left.iter().flatten().count();
    (devices, u64::try_from(strays).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use ledger::{Outcome, Work, to_line};

    use super::*;

    fn work(entry: u64) -> Work {
        Work {
            entry,
            place: format!("entry {entry}"),
            id: String::new(),
            thing: format!("thing-{entry}"),
            certificate_id: format!("{entry:064}"),
            certificate: String::new(),
            thing_type: None,
            attributes: std::collections::BTreeMap::new(),
            names: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn created(entry: u64) -> Outcome {
        work(entry).outcome(OutcomeKind::Created, "", String::new())
    }

    fn lines(values: &[impl serde::Serialize]) -> Vec<u8> {
        values.iter().flat_map(|value| to_line(value).unwrap()).collect()
    }

    fn unit(unit: u64, offset: u64, length: u64) -> Unit {
        Unit { unit, first: 1, count: 1, offset, length, sample: String::new() }
    }

    /// What becomes of a unit of the devices 1 and 2 whose worker left this.
    #[track_caller]
    fn check(left: &[Outcome], expected: &[(u64, OutcomeKind)], expected_strays: u64) {
        let work = lines(&[work(1), work(2)]);
        let length = u64::try_from(work.len()).unwrap();
        let stretch =
            Stretch { units: vec![unit(7, 100, length)], work, outcomes: vec![lines(left)] };
        let absence = Absence { stop: None, again: "" };
        let files = RunFiles::of("r-1");
        let [settled] = stretch.settle(&files, absence).collect::<Vec<_>>().try_into().unwrap();
        let Settled { unit: 7, devices, strays } = settled.unwrap() else { panic!("another unit") };
        let ends: Vec<_> = devices.iter().map(|(_, end)| (end.entry, end.outcome)).collect();
        assert_eq!((ends.as_slice(), strays), (expected, expected_strays));
        assert!(devices.iter().all(|(device, end)| device.entry == end.entry));
    }

    #[test]
    fn every_device_has_exactly_one_outcome() {
        use OutcomeKind::{Created, NotAttempted};
        check(&[created(1), created(2)], &[(1, Created), (2, Created)], 0);
        check(&[created(2), created(1)], &[(1, Created), (2, Created)], 0);
        check(&[created(2)], &[(1, NotAttempted), (2, Created)], 0);
        check(&[created(1)], &[(1, Created), (2, NotAttempted)], 0);
        check(&[], &[(1, NotAttempted), (2, NotAttempted)], 0);
    }

    #[test]
    fn an_outcome_that_belongs_to_no_device_is_noticed() {
        use OutcomeKind::{Created, NotAttempted};
        check(&[created(1), created(2), created(2)], &[(1, Created), (2, Created)], 1);
        check(&[created(1), created(1), created(2)], &[(1, Created), (2, Created)], 1);
        check(&[created(3), created(1), created(2)], &[(1, Created), (2, Created)], 1);
        let alien = Outcome { certificate_id: "ff".into(), ..created(1) };
        check(&[alien, created(2)], &[(1, NotAttempted), (2, Created)], 1);
    }

    #[test]
    fn of_two_outcomes_of_a_device_the_first_one_counts() {
        let failed = Outcome { outcome: OutcomeKind::Failed, ..created(2) };
        let left = [failed, created(1), created(2)];
        check(&left, &[(1, OutcomeKind::Created), (2, OutcomeKind::Failed)], 1);
    }

    #[test]
    fn work_that_is_not_there_has_no_devices() {
        let stretch = |work| Stretch {
            units: vec![unit(1, 0, 9), unit(2, 9, 9)],
            work,
            outcomes: vec![Vec::new(), lines(&[created(2)])],
        };
        let files = RunFiles::of("r-1");
        let absence = Absence { stop: None, again: "" };
        let stretch = stretch(Vec::new());
        let settled: Result<Vec<_>, _> = stretch.settle(&files, absence).collect();
        let settled = settled.unwrap();
        assert!(settled.iter().all(|unit| unit.devices.is_empty()));
        assert_eq!(settled.iter().map(|unit| unit.strays).sum::<u64>(), 1);
    }

    #[test]
    fn work_that_ends_within_a_device_is_an_error() {
        let whole = lines(&[work(1)]);
        let length = u64::try_from(whole.len()).unwrap();
        let work = whole.split_last_chunk::<5>().unwrap().0.to_vec();
        let stretch = Stretch { units: vec![unit(1, 0, length)], work, outcomes: vec![Vec::new()] };
        let files = RunFiles::of("r-1");
        let absence = Absence { stop: None, again: "" };
        let settled: Result<Vec<_>, _> = stretch.settle(&files, absence).collect();
        assert!(matches!(settled, Err(StoreError::Malformed { .. })));
    }

    #[test]
    fn units_are_fetched_together_where_their_work_is_one_stretch() {
        let units = [unit(1, 0, 10), unit(2, 10, 10)];
        assert!(belongs(&units, &unit(3, 20, 10)));
        assert!(!belongs(&units, &unit(3, 21, 10)), "a gap");
        assert!(!belongs(&units, &unit(3, 20, BYTES - 19)), "too long");
        assert_eq!(stretch_of(&units), 0..20);
    }
}
