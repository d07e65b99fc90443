//! Takes back, in the order in which nothing usable is ever half done.

use futures::future::try_join_all;
use ledger::Work;

use crate::{CallError, Reason, Registry, act::Again, client::Restored};

/// What is taken back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Removals {
    /// ARN of the certificate.
    pub(super) arn: String,
    /// The certificate becomes INACTIVE.
    pub(super) deactivate: bool,
    pub(super) policies: Vec<String>,
    pub(super) groups: Vec<String>,
    /// What the thing gets back, where it is still of this version.
    pub(super) restored: Option<(i64, Restored)>,
    /// The certificate is taken off the thing.
    pub(super) detach: bool,
    /// The thing is deleted, where it is still of this version.
    pub(super) thing: Option<i64>,
    /// The certificate is deleted.
    pub(super) certificate: bool,
}

impl Removals {
    pub(super) fn is_nothing(&self) -> bool {
        let Self { deactivate, policies, groups, restored, detach, thing, certificate, .. } = self;
        let whole = *deactivate || *detach || thing.is_some() || *certificate;
        !whole && policies.is_empty() && groups.is_empty() && restored.is_none()
    }
}

/// Takes all of it back; a reason where AWS IoT refuses a part.
pub(super) async fn carry_out(
    registry: &Registry,
    work: &Work,
    removals: &Removals,
) -> Result<Option<Reason>, Again> {
    let mut done = Vec::new();
    match steps(registry, work, removals, &mut done).await {
        Ok(()) => Ok(None),
        Err(error) if error.kind.is_passing() => Err(error),
        Err(error) => Ok(Some(told_with(error.into(), &done))),
    }
}

async fn steps(
    registry: &Registry,
    work: &Work,
    removals: &Removals,
    done: &mut Vec<&'static str>,
) -> Result<(), CallError> {
    let arn = &removals.arn;
    if removals.deactivate {
        registry.deactivate_certificate(&work.certificate_id).await?;
        done.push("its certificate was deactivated");
    }
    let policies = removals.policies.iter().map(|policy| registry.detach_policy(arn, policy));
    try_join_all(policies).await?;
    let groups = removals.groups.iter().map(|group| registry.remove_from_group(&work.thing, group));
    try_join_all(groups).await?;
    if !removals.policies.is_empty() || !removals.groups.is_empty() {
        done.push("its policies and groups were taken off");
    }
    if let Some((version, restored)) = &removals.restored {
        registry.restore_thing(&work.thing, *version, restored).await?;
        done.push("its thing got back what it had");
    }
    if removals.detach {
        registry.take_principal_off(&work.thing, arn).await?;
        done.push("its certificate was detached from its thing");
    }
    if let Some(version) = removals.thing {
        registry.delete_thing(&work.thing, version).await?;
        done.push("its thing was deleted");
    }
    if removals.certificate {
        registry.delete_certificate(&work.certificate_id).await?;
    }
    Ok(())
}

fn told_with(cause: Reason, done: &[&str]) -> Reason {
    let cause = cause.of_undo();
    if done.is_empty() {
        return cause;
    }
    Reason::HalfDone { cause: Box::new(cause), done: done.join(", ") }
}
