//! What turns out about a device only while it is made, kept before it is written to.

use std::{fmt, sync::atomic::Ordering};

use futures::future::BoxFuture;
use ledger::{CertificateStood, Work};

use crate::{Call, CallError, CallErrorKind, Registry, Situation, look::missing};

/// Where it is kept what turns out about a device on the way.
pub trait Memory: fmt::Debug + Send + Sync {
    /// Keeps that the certificate of an entry was registered before; what an earlier try kept stays,
    /// unless the device `raced`. The error says in words why it could not be kept.
    fn certificate_stood(
        &self,
        entry: u64,
        stood: CertificateStood,
    ) -> BoxFuture<'_, Result<(), String>>;
}

/// The memory of whoever writes nothing.
#[derive(Debug)]
pub(crate) struct NothingToKeep;

impl Memory for NothingToKeep {
    fn certificate_stood(
        &self,
        _entry: u64,
        _stood: CertificateStood,
    ) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Keeps which policies a certificate has that turned out to be registered already: once further ones
/// are attached, nothing tells them apart.
///
/// Where another run is active, it may be that run that registered the certificate and makes the whole
/// device. A thing that is made twice alike is made without a word, so that it is told here.
pub(crate) async fn remember_policies(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    arn: &str,
) -> Result<(), CallError> {
    let had = registry.list_attached_policies(arn).await?;
    let lacked = missing(&situation.profile.policies, &had);
    let raced = situation.others_active.load(Ordering::Relaxed);
    keep(situation, work, Call::ListAttachedPolicies, CertificateStood { lacked, had, raced }).await
}

/// Keeps that somebody else made the thing since it was looked at: it is not this run's to take back.
pub(crate) async fn remember_race(situation: Situation<'_>, work: &Work) -> Result<(), CallError> {
    let raced = CertificateStood { raced: true, ..CertificateStood::default() };
    keep(situation, work, Call::CreateThing, raced).await
}

/// Where it cannot be kept, the device is taken up again, as if AWS IoT had not answered: nothing was
/// written since to what was found.
async fn keep(
    situation: Situation<'_>,
    work: &Work,
    call: Call,
    stood: CertificateStood,
) -> Result<(), CallError> {
    situation.memory.certificate_stood(work.entry, stood).await.map_err(|cause| CallError {
        call,
        kind: CallErrorKind::Unavailable(format!("what it found could not be kept: {cause}")),
    })
}
