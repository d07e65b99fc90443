//! Drives the registry as a worker does: look at every device, note what was found, then act.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use futures::future::{BoxFuture, join_all, ready, try_join_all};
use ledger::{CertificateStood, Intent, Profile, Work};
use registry::{Ending, Finding, Memory, Pace, Registry, Situation};

use crate::{
    account::Account,
    deaths::Wire,
    state::{Device, End, Phase, certificate},
};

/// A file that is imported into an account.
pub(crate) struct Import<'a> {
    pub(crate) account: &'a Account,
    pub(crate) profile: &'a Profile,
    pub(crate) phase: Phase,
    pub(crate) devices: &'a [Device],
    pub(crate) others_active: bool,
    /// When the import begins, in seconds of the Unix epoch.
    pub(crate) begun: f64,
    /// What the first try that came so far had found.
    pub(crate) intent: Option<Intent>,
    pub(crate) notebook: Notebook,
}

/// What turned out on the way; it outlives the process.
#[derive(Debug, Default)]
pub(crate) struct Notebook(Mutex<BTreeMap<u64, CertificateStood>>);

impl Notebook {
    pub(crate) fn stood(&self, entry: u64) -> Option<CertificateStood> {
        self.0.lock().unwrap().get(&entry).cloned()
    }
}

impl Memory for Notebook {
    fn certificate_stood(
        &self,
        entry: u64,
        stood: CertificateStood,
    ) -> BoxFuture<'_, Result<(), String>> {
        // Nobody else is about in these tests, so that a device that may have raced did not.
        self.0.lock().unwrap().entry(entry).or_insert(stood);
        Box::pin(ready(Ok(())))
    }
}

impl Import<'_> {
    /// Tries once. `None` where the process died on its way.
    pub(crate) async fn attempt(&mut self, wire: &Wire) -> Option<Vec<End>> {
        let pace = Arc::new(Pace::default());
        let registry = &Registry::new(self.account.client(wire.clone()), pace);
        let work: Vec<_> =
            (1..).zip(self.devices).map(|(entry, device)| self.work(entry, device)).collect();
        let looked = try_join_all(work.iter().map(|work| self.look(registry, work))).await.ok()?;
        let earlier = self.intent.clone();
        if earlier.is_none() {
            let existing = work.iter().zip(&looked);
            let existing =
                existing.filter_map(|(work, finding)| Some((work.entry, finding.stood()?)));
            let added = work.iter().zip(&looked);
            let added = added.filter_map(|(work, finding)| Some((work.entry, finding.added()?)));
            self.intent = Some(Intent {
                // Two seconds are what the registry grants AWS IoT's clock to be late.
                time: self.begun + 2.0,
                existing: existing.collect(),
                added: added.collect(),
            });
        }
        let situation = Situation {
            profile: self.profile,
            earlier: earlier.as_ref(),
            others_active: &AtomicBool::new(self.others_active),
            memory: &self.notebook,
        };
        let acted = work.iter().zip(looked);
        let acted = acted.map(|(work, finding)| act(registry, situation, work, finding));
        // A process that died loses also what it had finished.
        let ended = join_all(acted).await.into_iter().collect::<Option<Vec<_>>>()?;
        (!wire.is_dead()).then_some(ended)
    }

    async fn look(&self, registry: &Registry, work: &Work) -> Result<Finding, registry::CallError> {
        match self.phase {
            Phase::Register => registry::look(registry, self.profile, work).await,
            Phase::Activate => registry::look_to_activate(registry, self.profile, work).await,
        }
    }

    pub(crate) fn work(&self, entry: u64, device: &Device) -> Work {
        let certificate = certificate(device.certificate);
        let deferred = self.phase == Phase::Register && self.profile.defer_things;
        Work {
            entry,
            place: String::new(),
            id: String::new(),
            thing: if deferred { String::new() } else { device.name.to_owned() },
            certificate_id: certificate.id.clone(),
            certificate: match self.phase {
                Phase::Register => certificate.base64.clone(),
                Phase::Activate => String::new(),
            },
            thing_type: device.thing_type.clone(),
            attributes: device.attributes.clone(),
            names: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

pub(crate) async fn act(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    finding: Finding,
) -> Option<End> {
    let ended = registry::act(registry, situation, work, finding).await;
    let Ending { outcome, reason, warnings } = ended.ok()?;
    let code = reason.map(|reason| reason.code().to_owned()).unwrap_or_default();
    let warnings = warnings.into_iter().map(|warning| warning.code).collect();
    Some(End { outcome, code, warnings })
}
