//! Lists the account before a file is imported again, or planned, so that its devices need not be
//! asked for one by one.

use ledger::{CertificateStatus, Keep, Plan, Profile, RunFiles, Standing, Store, Work};
use registry::{Inventory, Registry};

use crate::{Answer, PreflightError};

/// How many pages a file of so many devices is worth.
///
/// Asking takes some six calls a device, and two of them are left after a listing. So a quarter of a
/// page a device is little even where the account turns out too large; and a few pages are nothing.
const fn most_pages(devices: u64) -> u64 {
    10 + devices / 4
}

/// Notes which of the run's devices stand whole and which not at all, as far as listings show.
pub(crate) async fn run(
    store: &Store,
    registry: &Registry,
    run: &str,
) -> Result<Answer, PreflightError> {
    let files = RunFiles::of(run);
    let mut plan: Plan =
        store.read_json(&files.plan()).await?.ok_or(PreflightError::Missing("plan"))?;
    let profile = in_force(&plan);
    let mut inventory = Inventory::default();
    let mut work = store.lines::<Work>(&files.work()).await?;
    while let Some(work) = work.next_line().await? {
        inventory.add(&profile, &work);
    }
    let devices = plan.prepared.as_ref().map_or(0, |prepared| prepared.devices);
    let standings = match inventory.take(registry, &profile, most_pages(devices)).await {
        Ok(Some(standings)) => standings,
        Ok(None) => {
            return Ok(not_listed("the account is too large to be listed for this file"));
        }
        Err(error) if error.kind.is_passing() => return Err(error.into()),
        Err(error) => return Ok(not_listed(&error.to_string())),
    };
    let count = |wanted| standings.iter().filter(|standing| **standing == wanted).count();
    let (standing, absent) = (count(Standing::Whole), count(Standing::Absent));
    let marks: Vec<u8> = standings.iter().map(|standing| standing.mark()).collect();
    store.write(&files.standing(), marks, Keep::Passing).await?;
    plan.listed = true;
    store.write_json(&files.plan(), &plan, Keep::Always).await?;
    tracing::info!(devices, standing, absent, "listed");
    Ok(Answer::Listed { standing, absent })
}

/// Nothing is lost by it: the devices are asked for.
fn not_listed(reason: &str) -> Answer {
    tracing::warn!(reason, "not listed");
    Answer::NotListed { reason: reason.to_owned() }
}

/// The profile as it applies to the run's devices: the second phase ends with a thing and an active
/// certificate whatever the first one did.
fn in_force(plan: &Plan) -> Profile {
    let profile = plan.profile.clone();
    match plan.vendor.as_str() {
        "mes" => Profile {
            certificate_status: CertificateStatus::Active,
            defer_things: false,
            ..profile
        },
        _ => profile,
    }
}
