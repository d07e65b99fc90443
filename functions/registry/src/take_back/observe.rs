//! What is there of a device now.

use ledger::{Added, AddedThing, Work};

use crate::{
    CallError, Registry,
    client::{Registered, SeenThing},
};

/// What is there of a device now, as far as it was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Observed {
    pub(super) thing: Option<ThingNow>,
    pub(super) certificate: Option<CertificateNow>,
}

/// A thing, with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ThingNow {
    pub(super) seen: SeenThing,
    /// ARNs of what is attached to it.
    pub(super) principals: Vec<String>,
    pub(super) groups: Vec<String>,
}

/// A certificate, with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CertificateNow {
    pub(super) registered: Registered,
    /// Names of the things that it is attached to.
    pub(super) things: Vec<String>,
    pub(super) policies: Vec<String>,
}

/// Asks for what the other run added, and for what would show that somebody changed it.
pub(super) async fn observe(
    registry: &Registry,
    work: &Work,
    added: &Added,
) -> Result<Observed, CallError> {
    let (thing, certificate) =
        futures::try_join!(thing(registry, work, added), certificate(registry, work, added))?;
    Ok(Observed { thing, certificate })
}

async fn thing(
    registry: &Registry,
    work: &Work,
    added: &Added,
) -> Result<Option<ThingNow>, CallError> {
    let is_made = added.thing == Some(AddedThing::Made);
    let concerns = added.thing.is_some() || added.attachment || !added.groups.is_empty();
    if work.thing.is_empty() || !concerns {
        return Ok(None);
    }
    let Some(seen) = registry.see_thing(&work.thing).await? else { return Ok(None) };
    let principals = async {
        if is_made || added.attachment {
            registry.list_thing_principals(&work.thing).await
        } else {
            Ok(Vec::new())
        }
    };
    let groups = async {
        if is_made || !added.groups.is_empty() {
            registry.list_thing_groups(&work.thing).await
        } else {
            Ok(Vec::new())
        }
    };
    let (principals, groups) = futures::try_join!(principals, groups)?;
    Ok(Some(ThingNow { seen, principals, groups }))
}

async fn certificate(
    registry: &Registry,
    work: &Work,
    added: &Added,
) -> Result<Option<CertificateNow>, CallError> {
    let concerns =
        added.certificate || added.attachment || added.activation || !added.policies.is_empty();
    if !concerns {
        return Ok(None);
    }
    let Some(registered) = registry.find_certificate(&work.certificate_id).await? else {
        return Ok(None);
    };
    let arn = &registered.arn;
    let things = async {
        if added.certificate || added.attachment {
            registry.list_principal_things(arn).await
        } else {
            Ok(Vec::new())
        }
    };
    let (things, policies) = futures::try_join!(things, registry.list_attached_policies(arn))?;
    Ok(Some(CertificateNow { registered, things, policies }))
}
