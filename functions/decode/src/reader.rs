//! What a run's file is read with.

use std::{
    env,
    num::NonZeroUsize,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use ledger::{Plan, Store};
use manifest::{Bucket, Bundle};
use prepare::{ProfileError, Reader, Trust};

use crate::{DecodeError, certificates};

/// What the file of this run is to be read with, unless the profile makes no sense. `now` is when the run
/// began to read it.
pub(crate) async fn of(
    store: &Store,
    plan: &Plan,
    now: i64,
) -> Result<Result<Reader, ProfileError>, DecodeError> {
    let profile = &plan.profile;
    let Ok(bucket) = plan.vendor.parse::<Bucket>() else {
        return Err(DecodeError::Missing("known vendor"));
    };
    let Bucket::Vendor(vendor) = bucket else {
        return Ok(Ok(Reader::of_device_infos(profile)));
    };
    let Ok(bundle) = profile.bundle.parse::<Bundle>() else {
        return Err(DecodeError::Missing("known bundle"));
    };
    let trust = Trust {
        signers: certificates::signers(store, vendor, &plan.signers).await?,
        issuers: certificates::issuers(store, vendor).await?,
    };
    let memory = env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").ok();
    let threads = threads(memory.as_deref());
    Ok(Reader::of_manifest(vendor, bundle, profile, trust, now, threads))
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// As many as there is processor time for. AWS Lambda shows two processors to every function, and
/// gives it the time of one for each 1,769 MB of its memory.
fn threads(memory_mb: Option<&str>) -> NonZeroUsize {
    const MB_A_PROCESSOR: usize = 1_769;
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let Some(memory) = memory_mb.and_then(|memory| memory.parse::<usize>().ok()) else {
        return processors;
    };
    NonZeroUsize::new(memory / MB_A_PROCESSOR)
        .map_or(NonZeroUsize::MIN, |paid| paid.min(processors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_starts_no_more_threads_than_its_memory_pays_for() {
        assert_eq!(threads(Some("1769")), NonZeroUsize::MIN);
        assert_eq!(threads(Some("512")), NonZeroUsize::MIN);
        let all = thread::available_parallelism().unwrap();
        assert_eq!(threads(Some("1000000000")), all);
        assert_eq!((threads(None), threads(Some("much"))), (all, all));
    }
}
