//! Where files arrive, and where runs keep theirs.

use super::arrivals::{ARRIVALS, Arrival};
use crate::config::{Config, Encryption};
use crate::constructs::bucket::{Bucket, BucketProps, Purpose};
use crate::constructs::key::Key;
use crate::template::Template;

pub(super) struct Buckets {
    /// Where files arrive; the factory's bucket comes last.
    pub(super) arrivals: [(Arrival, Bucket); ARRIVALS.len()],
    pub(super) runs: Bucket,
}

pub(super) fn buckets(template: &mut Template, config: &Config, key: &Key) -> Buckets {
    let key = (config.encryption == Encryption::Kms).then_some(key);
    Buckets {
        arrivals: ARRIVALS.map(|arrival| {
            let props = BucketProps { name: arrival.name, purpose: Purpose::Arrivals, key };
            (arrival, Bucket::new(template, arrival.bucket, config, props))
        }),
        runs: Bucket::new(
            template,
            "RunsBucket",
            config,
            BucketProps { name: "runs", purpose: Purpose::Runs, key },
        ),
    }
}
