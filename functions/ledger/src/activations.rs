//! Which certificates were activated, kept for good.
//!
//! AWS IoT cannot tell a device that was made ready and deactivated by somebody from one whose run
//! was cut off before its activation: both are whole and inactive. So each activation leaves an
//! object `activated/<fingerprint>`.

use serde::{Deserialize, Serialize};

use crate::{Keep, Store, StoreError};

/// The activations noted in the runs bucket.
#[derive(Clone, Debug)]
pub struct Activations {
    store: Store,
}

/// A device's first activation, as far as it is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activation {
    /// The run that made the device ready, or found it so.
    pub run: String,
    /// Name of the device's thing.
    pub thing: String,
    /// When, in seconds of the Unix epoch.
    pub time: f64,
}

impl Activations {
    /// The activations noted in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Whether the certificate with this fingerprint was activated once.
    pub async fn was_activated(&self, fingerprint: &str) -> Result<bool, StoreError> {
        Ok(self.store.read(&key(fingerprint)).await?.is_some())
    }

    /// Notes an activation. The first one stays: it tells where the device came from.
    pub async fn note(&self, fingerprint: &str, activation: &Activation) -> Result<(), StoreError> {
        self.store.create(&key(fingerprint), activation, Keep::Always).await.map(drop)
    }

    /// Forgets an activation that the run `run` noted, because it was taken back.
    pub async fn forget(&self, fingerprint: &str, run: &str) -> Result<(), StoreError> {
        let key = key(fingerprint);
        match self.store.read_json::<Activation>(&key).await? {
            Some(noted) if noted.run == run => self.store.delete(&key).await,
            _ => Ok(()),
        }
    }
}

fn key(fingerprint: &str) -> String {
    format!("activated/{fingerprint}")
}
