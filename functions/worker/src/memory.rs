//! Keeps what turns out about a device only while it is made.

use futures::future::BoxFuture;
use ledger::{CertificateStood, Keep, RunFiles, Store};
use registry::Memory;

/// The memory of a unit, among its intents.
#[derive(Debug)]
pub(crate) struct UnitMemory<'a> {
    pub(crate) store: &'a Store,
    pub(crate) files: &'a RunFiles,
    pub(crate) unit: u64,
}

impl Memory for UnitMemory<'_> {
    fn certificate_stood(
        &self,
        entry: u64,
        stood: CertificateStood,
    ) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let key = self.files.certificate_stood(self.unit, entry);
            let kept = if stood.raced {
                // It counts whichever try sees it, and nothing else is asked then.
                self.store.write_json(&key, &stood, Keep::Passing).await
            } else {
                // What an earlier try found came before its first write, and stays.
                self.store.create(&key, &stood, Keep::Passing).await.map(drop)
            };
            kept.map_err(|error| error.to_string())
        })
    }
}
