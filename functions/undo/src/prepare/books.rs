//! The files of a run, read unit by unit.

use std::collections::BTreeMap;

use futures::{Stream, TryStreamExt, stream};
use ledger::{
    CertificateStood, Intent, IntentParts, Lines, Outcome, Plan, RunFiles, Store, StoreError, Unit,
    Work, WorkToUndo, parse_lines,
};

use super::{
    device::{Noted, to_undo},
    earlier::Earlier,
};

/// Units that are fetched ahead.
const AHEAD: usize = 16;

/// The files of a run.
#[derive(Debug)]
pub(super) struct Books<'a> {
    store: &'a Store,
    files: &'a RunFiles,
    plan: &'a Plan,
    /// When the run had ended, in seconds of the Unix epoch.
    ended: f64,
    earlier: Earlier,
    /// Keys of the intents, by unit.
    intents: BTreeMap<u64, Vec<String>>,
}

impl<'a> Books<'a> {
    pub(super) async fn open(
        store: &'a Store,
        files: &'a RunFiles,
        plan: &'a Plan,
        ended: f64,
        earlier: Earlier,
    ) -> Result<Self, StoreError> {
        let mut intents: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for key in store.list(&files.intents()).await? {
            if let Some(unit) = RunFiles::unit_of(&key) {
                intents.entry(unit).or_default().push(key);
            }
        }
        Ok(Self { store, files, plan, ended, earlier, intents })
    }

    /// SHA-256 of the file that the run imported.
    pub(super) fn sha256(&self) -> &str {
        self.plan.prepared.as_ref().map(|prepared| prepared.sha256.as_str()).unwrap_or_default()
    }

    /// The batch that the file names.
    pub(super) fn batch(&self) -> Option<&str> {
        self.plan.prepared.as_ref()?.batch.as_deref()
    }

    /// The devices that there is something to take back of, unit by unit and in the run's order.
    pub(super) async fn devices(
        &self,
    ) -> Result<impl Stream<Item = Result<Vec<WorkToUndo>, StoreError>>, StoreError> {
        let units: Lines<Unit> = self.store.lines(&self.files.units()).await?;
        let units = stream::try_unfold(units, async |mut units| {
            Ok(units.next_line().await?.map(|unit| (unit, units)))
        });
        Ok(units.map_ok(|unit| self.unit(unit)).try_buffered(AHEAD))
    }

    async fn unit(&self, unit: Unit) -> Result<Vec<WorkToUndo>, StoreError> {
        let stretch = unit.offset..unit.offset + unit.length;
        let (work, outcomes) = (self.files.work(), self.files.outcomes(unit.unit));
        let read = async { Ok(self.store.read_range(&work, stretch).await?.unwrap_or_default()) };
        let left = async { Ok(self.store.read(&outcomes).await?.unwrap_or_default()) };
        let (read, left, intents) = futures::try_join!(read, left, self.intents(unit.unit))?;
        let devices: Vec<Work> = parse_lines(&work, &read)?;
        let outcomes: Vec<Outcome> = parse_lines(&outcomes, &left)?;
        let outcomes: BTreeMap<_, _> =
            outcomes.iter().map(|outcome| (outcome.entry, outcome)).collect();
        let parts = IntentParts::of(self.plan);
        let devices = devices.into_iter().enumerate().filter_map(|(at, work)| {
            let part = u64::try_from(parts.part(at)).unwrap_or(u64::MAX);
            let noted = Noted {
                outcome: outcomes.get(&work.entry).copied(),
                intent: intents.parts.get(&part),
                stood: intents.stood.get(&work.entry),
                ended: self.ended,
                begun: self.earlier.has_begun(work.entry),
                taken_back_by: self.earlier.taken_back_by(work.entry),
            };
            let undo = to_undo(self.plan, &work, &noted)?;
            let work = Work { certificate: String::new(), warnings: Vec::new(), ..work };
            Some(WorkToUndo { work, undo })
        });
        Ok(devices.collect())
    }

    async fn intents(&self, unit: u64) -> Result<Intents, StoreError> {
        let mut intents = Intents::default();
        for key in self.intents.get(&unit).into_iter().flatten() {
            if let Some(part) = RunFiles::part_of(key) {
                intents.parts.extend(self.store.read_json(key).await?.map(|intent| (part, intent)));
            } else if let Some(entry) = RunFiles::entry_of(key) {
                intents.stood.extend(self.store.read_json(key).await?.map(|stood| (entry, stood)));
            }
        }
        Ok(intents)
    }
}

/// What the workers of a unit noted.
#[derive(Debug, Default)]
struct Intents {
    parts: BTreeMap<u64, Intent>,
    /// Certificates that turned out to be registered already, and devices that raced, by entry.
    stood: BTreeMap<u64, CertificateStood>,
}
