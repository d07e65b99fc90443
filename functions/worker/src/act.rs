//! Acts on one device, or foresees what acting on it would come to.

use std::collections::BTreeMap;

use ledger::{Intent, Outcome, Standing, Work};
use registry::{Again, Ending, Finding, Foreseeing, ForeseenCalls, Foresight, Situation};

use crate::{Job, share::Share, unit::Carrier};

/// A device that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    /// What an import would take for it, where that was asked.
    pub(crate) calls: ForeseenCalls,
}

impl Carrier<'_> {
    /// How the device ended, or would end. A dry run minds no earlier try: it wrote nothing.
    pub(crate) async fn act_or_foresee(
        &self,
        work: &Work,
        standing: Standing,
        finding: Finding,
        earlier: Option<&Intent>,
    ) -> Result<(Ending, ForeseenCalls), Again> {
        let Share { plan, .. } = self.share;
        let profile = &plan.profile;
        match self.job.phase(plan).filter(|_| self.job == Job::Foresee) {
            None => {
                let others_active = self.share.others_active();
                let situation = Situation { profile, earlier, others_active, memory: self.memory };
                let ending = registry::act(self.registry, situation, work, finding).await?;
                Ok((ending, ForeseenCalls::default()))
            }
            Some(phase) => {
                let lists = plan.prepared.as_ref().is_some_and(|prepared| prepared.again);
                let import = Foreseeing { phase, profile, lists, types: &self.types };
                let foreseen = registry::foresee(self.registry, import, work, standing, finding);
                let Foresight { ending, calls } = foreseen.await?;
                Ok((ending, calls))
            }
        }
    }
}

/// The calls that an import of these devices would take.
pub(crate) fn foreseen(ended: &[Ended]) -> BTreeMap<String, u64> {
    let mut sum = BTreeMap::new();
    for (call, count) in ended.iter().flat_map(|ended| ended.calls.iter()) {
        *sum.entry(call.to_owned()).or_default() += count;
    }
    sum
}
