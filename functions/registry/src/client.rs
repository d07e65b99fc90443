//! AWS IoT, one paced method an operation.

mod removal;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_sdk_iot::{
    Client,
    config::retry::RetryConfig,
    error::{ProvideErrorMetadata, SdkError},
    operation::describe_certificate::DescribeCertificateOutput,
    types::{AttributePayload, CertificateStatus},
};
use ledger::clock;

use crate::{Call, CallError, CallErrorKind, Pace, call::classify};

pub(crate) use removal::{Restored, SeenThing};

/// How often a call is tried that AWS IoT throttles, each time with a token at a lower rate.
const THROTTLED_TRIES: u32 = 8;

/// How often a call is tried that is lost, or that AWS IoT answers with a fault of its own.
const UNAVAILABLE_TRIES: u32 = 3;

/// How often a call is repeated that names something made a moment ago and not visible yet.
const VISIBILITY_TRIES: u32 = 5;

/// AWS IoT's registry, kept at this worker's share of the quotas.
#[derive(Clone, Debug)]
pub struct Registry {
    iot: Client,
    unpaced: Client,
    pace: Arc<Pace>,
}

/// A thing, as far as an import looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) thing_type: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
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
    New {
        arn: String,
    },
    Existed {
        /// Whether an earlier attempt of this very call may have made it.
        tried_before: bool,
    },
}

impl Registry {
    /// AWS IoT by `iot`, paced by `pace`. Paced calls are tried again here and not by the SDK.
    pub fn new(iot: Client, pace: Arc<Pace>) -> Self {
        let once = iot.config().to_builder().retry_config(RetryConfig::disabled()).build();
        Self { iot: Client::from_conf(once), unpaced: iot, pace }
    }

    /// The client itself, for what is asked once a run and needs no pacing.
    #[expect(
        clippy::misnamed_getters,
        reason = "everything else goes through `iot`, and tries once"
    )]
    pub(crate) const fn iot(&self) -> &Client {
        &self.unpaced
    }

    pub(crate) async fn describe_thing(&self, thing: &str) -> Result<Option<Thing>, CallError> {
        let sent = self
            .call(Call::DescribeThing, || self.iot.describe_thing().thing_name(thing).send())
            .await;
        match sent {
            Ok(found) => Ok(Some(Thing {
                thing_type: found.thing_type_name,
                attributes: found.attributes.unwrap_or_default().into_iter().collect(),
            })),
            Err(CallError { kind: CallErrorKind::NotFound, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// ARNs of what is attached to the thing.
    pub(crate) async fn list_thing_principals(
        &self,
        thing: &str,
    ) -> Result<Vec<String>, CallError> {
        let (mut principals, mut next) = (Vec::new(), None);
        loop {
            let request = self.iot.list_thing_principals().thing_name(thing).set_next_token(next);
            let page =
                self.until_visible(Call::ListThingPrincipals, || request.clone().send()).await?;
            principals.extend(page.principals.unwrap_or_default());
            next = page.next_token;
            if next.is_none() {
                return Ok(principals);
            }
        }
    }

    /// Names of the things that a certificate is attached to.
    pub(crate) async fn list_principal_things(&self, arn: &str) -> Result<Vec<String>, CallError> {
        let (mut things, mut next) = (Vec::new(), None);
        loop {
            let request = self.iot.list_principal_things().principal(arn).set_next_token(next);
            let page =
                self.until_visible(Call::ListPrincipalThings, || request.clone().send()).await?;
            things.extend(page.things.unwrap_or_default());
            next = page.next_token;
            if next.is_none() {
                return Ok(things);
            }
        }
    }

    pub(crate) async fn list_thing_groups(&self, thing: &str) -> Result<Vec<String>, CallError> {
        let (mut groups, mut next) = (Vec::new(), None);
        loop {
            let request =
                self.iot.list_thing_groups_for_thing().thing_name(thing).set_next_token(next);
            let page = self.until_visible(Call::ListThingGroups, || request.clone().send()).await?;
            let names = page.thing_groups.unwrap_or_default().into_iter();
            groups.extend(names.filter_map(|group| group.group_name));
            next = page.next_token;
            if next.is_none() {
                return Ok(groups);
            }
        }
    }

    pub(crate) async fn list_attached_policies(&self, arn: &str) -> Result<Vec<String>, CallError> {
        let (mut policies, mut next) = (Vec::new(), None);
        loop {
            let request = self.iot.list_attached_policies().target(arn).set_marker(next);
            let page =
                self.until_visible(Call::ListAttachedPolicies, || request.clone().send()).await?;
            let names = page.policies.unwrap_or_default().into_iter();
            policies.extend(names.filter_map(|policy| policy.policy_name));
            next = page.next_marker;
            if next.is_none() {
                return Ok(policies);
            }
        }
    }

    /// A certificate that was registered a moment ago.
    pub(crate) async fn describe_certificate(&self, id: &str) -> Result<Registered, CallError> {
        let described = self
            .until_visible(Call::DescribeCertificate, || {
                self.iot.describe_certificate().certificate_id(id).send()
            })
            .await?;
        registered(described)
    }

    /// A certificate that may be registered.
    pub(crate) async fn find_certificate(&self, id: &str) -> Result<Option<Registered>, CallError> {
        let sent = self
            .call(Call::DescribeCertificate, || {
                self.iot.describe_certificate().certificate_id(id).send()
            })
            .await;
        match sent {
            Ok(described) => registered(described).map(Some),
            Err(CallError { kind: CallErrorKind::NotFound, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn register_certificate(
        &self,
        pem: &str,
        status: &CertificateStatus,
    ) -> Result<Registration, CallError> {
        let request =
            self.iot.register_certificate_without_ca().certificate_pem(pem).status(status.clone());
        let attempts = AtomicU32::new(0);
        let sent = self.call(Call::RegisterCertificate, || {
            attempts.fetch_add(1, Ordering::Relaxed);
            request.clone().send()
        });
        match sent.await {
            Ok(registered) => {
                let arn = registered.certificate_arn.ok_or_else(|| {
                    incomplete(Call::RegisterCertificate, "the certificate's ARN")
                })?;
                Ok(Registration::New { arn })
            }
            Err(CallError { kind: CallErrorKind::Exists, .. }) => {
                Ok(Registration::Existed { tried_before: attempts.load(Ordering::Relaxed) > 1 })
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn activate_certificate(&self, id: &str) -> Result<(), CallError> {
        let request =
            self.iot.update_certificate().certificate_id(id).new_status(CertificateStatus::Active);
        self.call(Call::UpdateCertificate, || request.clone().send()).await.map(drop)
    }

    pub(crate) async fn create_thing(&self, name: &str, thing: &Thing) -> Result<(), CallError> {
        let request = self
            .iot
            .create_thing()
            .thing_name(name)
            .set_thing_type_name(thing.thing_type.clone())
            .set_attribute_payload(payload(&thing.attributes));
        self.call(Call::CreateThing, || request.clone().send()).await.map(drop)
    }

    /// Gives a thing further attributes, and a type where it has none. Attributes that are not
    /// named stay.
    pub(crate) async fn change_thing(&self, name: &str, thing: &Thing) -> Result<(), CallError> {
        let request = self
            .iot
            .update_thing()
            .thing_name(name)
            .set_thing_type_name(thing.thing_type.clone())
            .set_attribute_payload(payload(&thing.attributes));
        // A type is given to a thing that was there before, so it is the type that is not found.
        let sent = match thing.thing_type {
            Some(_) => self.call(Call::UpdateThing, || request.clone().send()).await,
            None => self.until_visible(Call::UpdateThing, || request.clone().send()).await,
        };
        sent.map(drop)
    }

    pub(crate) async fn attach_principal(&self, thing: &str, arn: &str) -> Result<(), CallError> {
        let request = self.iot.attach_thing_principal().thing_name(thing).principal(arn);
        self.until_visible(Call::AttachThingPrincipal, || request.clone().send()).await.map(drop)
    }

    pub(crate) async fn detach_principal(&self, thing: &str, arn: &str) -> Result<(), CallError> {
        let request = self.iot.detach_thing_principal().thing_name(thing).principal(arn);
        self.call(Call::DetachThingPrincipal, || request.clone().send()).await.map(drop)
    }

    pub(crate) async fn add_to_group(&self, thing: &str, group: &str) -> Result<(), CallError> {
        let request = self.iot.add_thing_to_thing_group().thing_name(thing).thing_group_name(group);
        self.until_visible(Call::AddThingToThingGroup, || request.clone().send()).await.map(drop)
    }

    pub(crate) async fn attach_policy(&self, arn: &str, policy: &str) -> Result<(), CallError> {
        let request = self.iot.attach_policy().policy_name(policy).target(arn);
        self.until_visible(Call::AttachPolicy, || request.clone().send()).await.map(drop)
    }

    /// Makes one call, when its token is due, and tries again what passes soon.
    ///
    /// The SDK tries once, so that every attempt takes a token, and tells what AWS IoT admits.
    async fn call<T, E, F>(&self, call: Call, send: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let (mut throttled, mut unavailable) = (0, 0);
        loop {
            let token = self.pace.take(call).await;
            let answer = send().await.map_err(|error| classify(call, error));
            let (tried, most) = match &answer {
                Err(CallError { kind: CallErrorKind::Throttled, .. }) => {
                    self.pace.throttled(token);
                    (&mut throttled, THROTTLED_TRIES)
                }
                // It says nothing about the rate.
                Err(CallError { kind: CallErrorKind::Unavailable(_), .. }) => {
                    (&mut unavailable, UNAVAILABLE_TRIES)
                }
                _ => {
                    self.pace.succeeded(token);
                    return answer;
                }
            };
            *tried += 1;
            if *tried >= most {
                return answer;
            }
        }
    }

    /// Reads after writes are eventually consistent: "not found" right after a create passes.
    ///
    /// A token alone could be there too soon. So this one device pauses, for 1.5 s in all, while the
    /// others go on.
    async fn until_visible<T, E, F>(&self, call: Call, send: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut tried = 1;
        loop {
            match self.call(call, &send).await {
                Err(CallError { kind: CallErrorKind::NotFound, .. })
                    if tried < VISIBILITY_TRIES =>
                {
                    clock::sleep(Duration::from_millis(50) * 2_u32.pow(tried)).await;
                    tried += 1;
                }
                answer => return answer,
            }
        }
    }
}

/// The status as AWS IoT calls it.
pub(crate) fn aws_status(status: ledger::CertificateStatus) -> CertificateStatus {
    match status {
        ledger::CertificateStatus::Active => CertificateStatus::Active,
        ledger::CertificateStatus::Inactive => CertificateStatus::Inactive,
    }
}

fn incomplete(call: Call, what: &str) -> CallError {
    CallError { call, kind: CallErrorKind::Unavailable(format!("the answer lacks {what}")) }
}

fn registered(described: DescribeCertificateOutput) -> Result<Registered, CallError> {
    let lacks = |what| incomplete(Call::DescribeCertificate, what);
    let description = described.certificate_description.ok_or_else(|| lacks("the certificate"))?;
    Ok(Registered {
        arn: description.certificate_arn.ok_or_else(|| lacks("the certificate's ARN"))?,
        status: description.status.ok_or_else(|| lacks("the certificate's status"))?,
        created: description
            .creation_date
            .ok_or_else(|| lacks("the certificate's date"))?
            .as_secs_f64(),
    })
}

/// Attributes to merge into those that a thing has; nothing to send where there are none.
fn payload(attributes: &BTreeMap<String, String>) -> Option<AttributePayload> {
    let attributes: HashMap<_, _> =
        attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    (!attributes.is_empty())
        .then(|| AttributePayload::builder().set_attributes(Some(attributes)).merge(true).build())
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
            update_thing: each,
            attach_thing_principal: each,
            add_thing_to_thing_group: each,
            attach_policy: each,
            list_thing_principals: each,
            describe_certificate: each,
            update_certificate: each,
            list_attached_policies: each,
            list_thing_groups: each,
            list_principal_things: each,
            detach_policy: each,
            remove_thing_from_thing_group: each,
            delete_thing: each,
            delete_certificate: each,
        }
    }
}
