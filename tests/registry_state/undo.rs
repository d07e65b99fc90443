//! Drives the registry as the worker does that takes a run back.

use std::sync::{Arc, atomic::AtomicBool};

use futures::future::{join_all, try_join_all};
use ledger::{Added, Intent, OutcomeKind, Profile, ToUndo, Work, seconds_of_epoch};
use registry::{Finding, Pace, Registry, Situation};

use crate::{
    account::Account,
    deaths::Wire,
    import::{Import, Notebook},
    state::End,
};

/// An import that is taken back.
pub(crate) struct Undo<'a> {
    account: &'a Account,
    profile: &'a Profile,
    devices: Vec<(Work, ToUndo)>,
    /// What the first try that came so far had found.
    intent: Option<Intent>,
}

impl<'a> Undo<'a> {
    /// Of everything that an import noted to have added, which ended so.
    pub(crate) fn of(import: &Import<'a>, ended: &[End]) -> Self {
        let intent = import.intent.clone().unwrap_or_default();
        let devices = (1..).zip(import.devices).zip(ended).filter_map(|((entry, device), end)| {
            let added = intent.added.get(&entry)?.clone();
            let added = match import.notebook.stood(entry) {
                None => added,
                Some(stood) => Added {
                    certificate: false,
                    policies: stood.lacked,
                    had_policies: stood.had,
                    ..added
                },
            };
            let undo = ToUndo {
                added: Some(added),
                began: intent.time,
                ended: seconds_of_epoch(),
                in_part: !end.outcome.is_fine(),
                taken_back_by: None,
            };
            // Nothing was missing, and the word says so.
            (end.outcome != OutcomeKind::Unchanged).then(|| (import.work(entry, device), undo))
        });
        Self {
            account: import.account,
            profile: import.profile,
            devices: devices.collect(),
            intent: None,
        }
    }

    /// How many devices there are to take back.
    pub(crate) fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Only tells how each device would end.
    pub(crate) async fn tell(&self, wire: &Wire) -> Option<Vec<(OutcomeKind, String)>> {
        let registry = self.registry(wire);
        let found = self.look(&registry, true).await?;
        self.act(&registry, found, None).await
    }

    /// Tries once. `None` where the process died on its way.
    pub(crate) async fn attempt(&mut self, wire: &Wire) -> Option<Vec<(OutcomeKind, String)>> {
        let registry = self.registry(wire);
        let found = self.look(&registry, false).await?;
        let earlier = self.intent.clone();
        if earlier.is_none() {
            let existing = self.devices.iter().zip(&found);
            let existing =
                existing.filter_map(|((work, _), found)| Some((work.entry, found.stood()?)));
            self.intent = Some(Intent { existing: existing.collect(), ..Intent::default() });
        }
        let ended = self.act(&registry, found, earlier.as_ref()).await?;
        (!wire.is_dead()).then_some(ended)
    }

    fn registry(&self, wire: &Wire) -> Registry {
        Registry::new(self.account.client(wire.clone()), Arc::new(Pace::default()))
    }

    async fn look(&self, registry: &Registry, dry: bool) -> Option<Vec<Finding>> {
        let looks = self.devices.iter().map(|(work, undo)| {
            registry::look_to_take_back(registry, self.profile, work, undo.clone(), dry)
        });
        try_join_all(looks).await.ok()
    }

    async fn act(
        &self,
        registry: &Registry,
        found: Vec<Finding>,
        earlier: Option<&Intent>,
    ) -> Option<Vec<(OutcomeKind, String)>> {
        let (others_active, memory) = (AtomicBool::new(false), Notebook::default());
        let situation = Situation {
            profile: self.profile,
            earlier,
            others_active: &others_active,
            memory: &memory,
        };
        let acted = self.devices.iter().zip(found).map(async |((work, _), found)| {
            let End { outcome, code, .. } =
                crate::import::act(registry, situation, work, found).await?;
            Some((outcome, code))
        });
        join_all(acted).await.into_iter().collect()
    }
}
