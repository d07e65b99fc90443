//! AWS IoT, one paced method an operation.

use std::{sync::Arc, time::Duration};

use aws_sdk_iot::{Client, types::CertificateStatus};
use ledger::Profile;

use crate::{Call, CallError, CallErrorKind, Pace, call::classify};

/// How often a call is repeated that names something made a moment ago and not visible yet.
const VISIBILITY_TRIES: u32 = 5;

/// AWS IoT's registry, kept at this worker's share of the quotas.
#[derive(Clone, Debug)]
pub struct Registry {
    iot: Client,
    pace: Arc<Pace>,
}

/// A thing, as far as an import looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) thing_type: Option<String>,
}

/// A certificate, as far as an import looks at it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Registered {
    pub(crate) arn: String,
    pub(crate) status: CertificateStatus,
    /// Seconds of the Unix epoch.
    pub(crate) created: f64,
}

/// What registering a certificate came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    New { arn: String },
    Existed,
}

impl Registry {
    /// AWS IoT by `iot`, paced by `pace`.
    pub fn new(iot: Client, pace: Arc<Pace>) -> Self {
        Self { iot, pace }
    }

    /// The client itself, for what is asked once a run and needs no pacing.
    pub(crate) const fn iot(&self) -> &Client {
        &self.iot
    }

    pub(crate) async fn describe_thing(&self, thing: &str) -> Result<Option<Thing>, CallError> {
        self.pace.take(Call::DescribeThing).await;
        match self.iot.describe_thing().thing_name(thing).send().await {
            Ok(found) => Ok(Some(Thing { thing_type: found.thing_type_name })),
            Err(error) => match classify(Call::DescribeThing, error) {
                CallError { kind: CallErrorKind::NotFound, .. } => Ok(None),
                error => Err(error),
            },
        }
    }

    /// ARNs of what is attached to the thing.
    pub(crate) async fn list_thing_principals(
        &self,
        thing: &str,
    ) -> Result<Vec<String>, CallError> {
        let mut pages =
            self.iot.list_thing_principals().thing_name(thing).into_paginator().items().send();
        let mut principals = Vec::new();
        self.pace.take(Call::ListThingPrincipals).await;
        while let Some(principal) = pages.next().await {
            principals.push(principal.map_err(|error| classify(Call::ListThingPrincipals, error))?);
        }
        Ok(principals)
    }

    /// Names of the things that a certificate is attached to.
    pub(crate) async fn list_principal_things(&self, arn: &str) -> Result<Vec<String>, CallError> {
        let mut pages =
            self.iot.list_principal_things().principal(arn).into_paginator().items().send();
        let mut things = Vec::new();
        self.pace.take(Call::ListPrincipalThings).await;
        while let Some(thing) = pages.next().await {
            things.push(thing.map_err(|error| classify(Call::ListPrincipalThings, error))?);
        }
        Ok(things)
    }

    pub(crate) async fn list_thing_groups(&self, thing: &str) -> Result<Vec<String>, CallError> {
        let mut pages = self
            .iot
            .list_thing_groups_for_thing()
            .thing_name(thing)
            .into_paginator()
            .items()
            .send();
        let mut groups = Vec::new();
        self.pace.take(Call::ListThingGroups).await;
        while let Some(group) = pages.next().await {
            let group = group.map_err(|error| classify(Call::ListThingGroups, error))?;
            groups.extend(group.group_name);
        }
        Ok(groups)
    }

    pub(crate) async fn list_attached_policies(&self, arn: &str) -> Result<Vec<String>, CallError> {
        let mut pages =
            self.iot.list_attached_policies().target(arn).into_paginator().items().send();
        let mut policies = Vec::new();
        self.pace.take(Call::ListAttachedPolicies).await;
        while let Some(policy) = pages.next().await {
            let policy = policy.map_err(|error| classify(Call::ListAttachedPolicies, error))?;
            policies.extend(policy.policy_name);
        }
        Ok(policies)
    }

    pub(crate) async fn describe_certificate(&self, id: &str) -> Result<Registered, CallError> {
        let described = self
            .until_visible(Call::DescribeCertificate, || async {
                let sent = self.iot.describe_certificate().certificate_id(id).send().await;
                sent.map_err(|error| classify(Call::DescribeCertificate, error))
            })
            .await?;
        let description = described.certificate_description;
        let incomplete = || CallError {
            call: Call::DescribeCertificate,
            kind: CallErrorKind::Unavailable(
                "the answer lacks the certificate's ARN, status or date".to_owned(),
            ),
        };
        let description = description.ok_or_else(incomplete)?;
        Ok(Registered {
            arn: description.certificate_arn.ok_or_else(incomplete)?,
            status: description.status.ok_or_else(incomplete)?,
            created: description.creation_date.ok_or_else(incomplete)?.as_secs_f64(),
        })
    }

    pub(crate) async fn register_certificate(
        &self,
        pem: String,
        profile: &Profile,
    ) -> Result<Registration, CallError> {
        let status = match profile.certificate_status {
            ledger::CertificateStatus::Active => CertificateStatus::Active,
            ledger::CertificateStatus::Inactive => CertificateStatus::Inactive,
        };
        self.pace.take(Call::RegisterCertificate).await;
        let sent = self
            .iot
            .register_certificate_without_ca()
            .certificate_pem(pem)
            .status(status)
            .send()
            .await;
        match sent.map_err(|error| classify(Call::RegisterCertificate, error)) {
            Ok(registered) => {
                Ok(Registration::New { arn: registered.certificate_arn.unwrap_or_default() })
            }
            Err(CallError { kind: CallErrorKind::Exists, .. }) => Ok(Registration::Existed),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn create_thing(
        &self,
        thing: &str,
        profile: &Profile,
    ) -> Result<(), CallError> {
        self.pace.take(Call::CreateThing).await;
        let request = self
            .iot
            .create_thing()
            .thing_name(thing)
            .set_thing_type_name(profile.thing_type.clone());
        request.send().await.map(drop).map_err(|error| classify(Call::CreateThing, error))
    }

    pub(crate) async fn attach_principal(&self, thing: &str, arn: &str) -> Result<(), CallError> {
        self.until_visible(Call::AttachThingPrincipal, || async {
            let sent =
                self.iot.attach_thing_principal().thing_name(thing).principal(arn).send().await;
            sent.map(drop).map_err(|error| classify(Call::AttachThingPrincipal, error))
        })
        .await
    }

    pub(crate) async fn detach_principal(&self, thing: &str, arn: &str) -> Result<(), CallError> {
        self.pace.take(Call::DetachThingPrincipal).await;
        let sent = self.iot.detach_thing_principal().thing_name(thing).principal(arn).send().await;
        sent.map(drop).map_err(|error| classify(Call::DetachThingPrincipal, error))
    }

    pub(crate) async fn add_to_group(&self, thing: &str, group: &str) -> Result<(), CallError> {
        self.until_visible(Call::AddThingToThingGroup, || async {
            let sent = self
                .iot
                .add_thing_to_thing_group()
                .thing_name(thing)
                .thing_group_name(group)
                .send()
                .await;
            sent.map(drop).map_err(|error| classify(Call::AddThingToThingGroup, error))
        })
        .await
    }

    pub(crate) async fn attach_policy(&self, arn: &str, policy: &str) -> Result<(), CallError> {
        self.until_visible(Call::AttachPolicy, || async {
            let sent = self.iot.attach_policy().policy_name(policy).target(arn).send().await;
            sent.map(drop).map_err(|error| classify(Call::AttachPolicy, error))
        })
        .await
    }

    /// Reads after writes are eventually consistent: "not found" right after a create passes.
    async fn until_visible<T, F>(
        &self,
        call: Call,
        mut send: impl FnMut() -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let mut tried = 1;
        loop {
            self.pace.take(call).await;
            match send().await {
                Err(CallError { kind: CallErrorKind::NotFound, .. })
                    if tried < VISIBILITY_TRIES =>
                {
                    tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(tried)).await;
                    tried += 1;
                }
                answer => return answer,
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ledger::Rates;

    /// The same rate for every operation.
    pub(crate) fn rates(each: f64) -> Rates {
        Rates {
            describe_thing: each,
            register_certificate: each,
            create_thing: each,
            attach_thing_principal: each,
            add_thing_to_thing_group: each,
            attach_policy: each,
            list_thing_principals: each,
            describe_certificate: each,
            list_attached_policies: each,
            list_thing_groups: each,
            list_principal_things: each,
        }
    }
}
