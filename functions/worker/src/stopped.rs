//! A unit of a run that was stopped.

use std::time::SystemTime;

use ledger::{Keep, LONGEST_UNIT, Leases, RunFiles, Store, StoreError};

/// Until when a unit of a stopped run may be carried out; `None` where it may not be.
///
/// Whoever closes the run waits for the outcomes of a unit whose intent was put before the run was
/// stopped. Where its worker died, the machine tries the unit again; so this try brings it to its
/// end, and the report says what became of each device. Otherwise nobody waits for it.
pub(crate) async fn finish_until(
    store: &Store,
    leases: &Leases,
    files: &RunFiles,
    unit: u64,
) -> Result<Option<SystemTime>, StoreError> {
    let (intents, outcomes) = (files.intents_of(unit), files.outcomes(unit));
    let (intents, ended, stopped) = futures::try_join!(
        store.list_written(&intents),
        store.written(&outcomes),
        leases.stopped(files.run()),
    )?;
    let begun = intents.into_iter().filter_map(|intent| intent.written).min();
    // Without an intent nobody waits for outcomes; with outcomes, nobody any more.
    let (Some(begun), None) = (begun, ended) else { return Ok(None) };
    if stopped.is_some_and(|stopped| begun < stopped) {
        return Ok(Some(begun + LONGEST_UNIT));
    }
    // Put while the run was being stopped: nothing was done, or nobody can tell. No outcomes are
    // outcomes, too, so that nobody waits for this unit.
    store.create_raw(&outcomes, Vec::new(), Keep::Passing).await?;
    Ok(None)
}
