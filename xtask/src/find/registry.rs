//! What AWS IoT says of a device now.

use anyhow::{Context, Result};
use aws_sdk_iot::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{CertificateDescription, CertificateMode},
};
use ledger::normalized;
use manifest::{Certificate, is_thing_name};
use openssl::x509::X509;
use serde::Serialize;

use super::policy::{self, Connect, Connecting, Said};
use crate::{
    advice::Advise,
    aws::{Account, failure},
    deployed::Deployed,
};

/// A device by its thing and its certificate, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) thing: String,
    pub(super) certificate_id: String,
}

impl Named {
    /// Whatever has this name: a thing, or a certificate.
    pub(super) fn anything(id: &str) -> Self {
        let (thing, hex) = (id.trim().to_owned(), normalized(id));
        let is_id = hex.len() == 64 && hex.chars().all(|digit| digit.is_ascii_hexdigit());
        Self { thing, certificate_id: if is_id { hex } else { String::new() } }
    }
}

/// A device as AWS IoT knows it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Device {
    /// The thing that it should have; empty where none is known.
    pub(super) expected_thing: String,
    /// The certificate that it should have; empty where none is known.
    pub(super) expected_certificate: String,
    pub(super) thing: Option<Thing>,
    pub(super) certificate: Option<Registered>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Thing {
    pub(super) name: String,
    #[serde(rename = "thing_type")]
    pub(super) kind: Option<String>,
    pub(super) groups: Vec<String>,
    /// ARNs of certificates and other identities.
    pub(super) principals: Vec<String>,
}

/// A certificate that is registered.
#[derive(Debug, Default, Serialize)]
pub(super) struct Registered {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) status: String,
    /// Whether it was registered without its CA, so that the device must name the endpoint.
    pub(super) needs_sni: bool,
    /// The first second of validity, since 1970.
    pub(super) not_before: Option<f64>,
    /// The last one.
    pub(super) not_after: Option<f64>,
    pub(super) policies: Vec<Attached>,
    /// Things that it is attached to; asked only where it is not attached to its own.
    pub(super) things: Option<Vec<String>>,
}

/// A policy that counts for the certificate.
#[derive(Debug, Serialize)]
pub(super) struct Attached {
    pub(super) name: String,
    /// The thing group that it is attached to; none where it is the certificate.
    pub(super) group: Option<String>,
    #[serde(flatten)]
    pub(super) said: Said,
}

impl Device {
    pub(super) fn is_there(&self) -> bool {
        self.thing.is_some() || self.certificate.is_some()
    }
}

/// Asks AWS IoT. Every question depends on what the one before found, so that there are no more than needed.
pub(super) async fn look(deployed: &Deployed, account: &Account, named: Named) -> Result<Device> {
    let questions = Questions { iot: deployed.iot(), account };
    let looked = questions.device(named).await;
    looked.advise(|| {
        format!(
            "people who look at devices need the policy `{0}-operator` or `{0}-auditor`",
            deployed.stack
        )
    })
}

struct Questions<'a> {
    iot: Client,
    account: &'a Account,
}

impl Questions<'_> {
    async fn device(&self, named: Named) -> Result<Device> {
        let Named { thing, certificate_id } = named;
        let found = if is_thing_name(&thing) { self.thing(&thing).await? } else { None };
        let mut certificate = match certificate_id.as_str() {
            "" => None,
            id => self.certificate(id).await?,
        };
        if certificate.is_none() && certificate_id.is_empty() {
            // A thing that no run knows: its certificate is the one to look at.
            let only = found.as_ref().and_then(|thing| thing.principals.first());
            if let Some((_, id)) = only.and_then(|arn| arn.split_once(":cert/")) {
                certificate = self.certificate(id).await?;
            }
        }
        if let Some(certificate) = &mut certificate {
            self.complete(certificate, found.as_ref(), &thing).await?;
        }
        Ok(Device {
            expected_thing: thing,
            expected_certificate: certificate_id,
            thing: found,
            certificate,
        })
    }

    async fn thing(&self, name: &str) -> Result<Option<Thing>> {
        let described = self.iot.describe_thing().thing_name(name).send().await;
        let Some(described) = or_absent(described).context("failed to look at the thing")? else {
            return Ok(None);
        };
        let principals = self.iot.list_thing_principals().thing_name(name).send().await;
        let groups = self.iot.list_thing_groups_for_thing().thing_name(name).send().await;
        let principals =
            or_absent(principals).context("failed to list the thing's certificates")?;
        let groups = or_absent(groups).context("failed to list the thing's groups")?;
        let groups = groups.and_then(|groups| groups.thing_groups).unwrap_or_default();
        Ok(Some(Thing {
            name: name.to_owned(),
            kind: described.thing_type_name,
            groups: groups.into_iter().filter_map(|group| group.group_name).collect(),
            principals: principals.and_then(|listed| listed.principals).unwrap_or_default(),
        }))
    }

    async fn certificate(&self, id: &str) -> Result<Option<Registered>> {
        let described = self.iot.describe_certificate().certificate_id(id).send().await;
        let described = or_absent(described).context("failed to look at the certificate")?;
        Ok(described.and_then(|described| described.certificate_description).map(registered))
    }

    /// The policies that count, and what else the certificate is attached to where it matters.
    async fn complete(
        &self,
        certificate: &mut Registered,
        thing: Option<&Thing>,
        expected: &str,
    ) -> Result<()> {
        let principals = thing.map(|thing| thing.principals.as_slice()).unwrap_or_default();
        let is_attached = principals.contains(&certificate.arn);
        if !is_attached {
            let things = self.iot.list_principal_things().principal(&certificate.arn).send().await;
            let things = or_absent(things).context("failed to list the certificate's things")?;
            certificate.things = Some(things.and_then(|listed| listed.things).unwrap_or_default());
        }
        let connecting = Connecting {
            account: self.account,
            client: is_thing_name(expected).then_some(expected),
            is_attached,
        };
        certificate.policies = self.policies(&certificate.arn, None, &connecting).await?;
        // Policies of the thing's groups count as well. They are seldom used, and asked for only where they decide.
        if certificate.policies.iter().all(|policy| policy.said.connect != Connect::Allows) {
            for group in thing.map(|thing| thing.groups.as_slice()).unwrap_or_default() {
                let Account { id, region, partition, .. } = self.account;
                let arn = format!("arn:{partition}:iot:{region}:{id}:thinggroup/{group}");
                let more = self.policies(&arn, Some(group), &connecting).await?;
                certificate.policies.extend(more);
            }
        }
        Ok(())
    }

    async fn policies(
        &self,
        target: &str,
        group: Option<&str>,
        connecting: &Connecting<'_>,
    ) -> Result<Vec<Attached>> {
        let listed = self.iot.list_attached_policies().target(target).send().await;
        let listed = or_absent(listed).context("failed to list the policies")?;
        let names = listed.and_then(|listed| listed.policies).unwrap_or_default();
        let mut policies = Vec::new();
        for name in names.into_iter().filter_map(|policy| policy.policy_name) {
            let found = self.iot.get_policy().policy_name(&name).send().await;
            let found =
                or_absent(found).with_context(|| format!("failed to read the policy {name}"))?;
            let document = found.and_then(|policy| policy.policy_document).unwrap_or_default();
            let said = policy::says(&document, connecting);
            policies.push(Attached { name, group: group.map(str::to_owned), said });
        }
        policies.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(policies)
    }
}

/// What is not there is no error.
fn or_absent<T, E>(answer: Result<T, SdkError<E>>) -> Result<Option<T>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(failure(error)),
    }
}

fn registered(described: CertificateDescription) -> Registered {
    let validity = described.validity.as_ref();
    let seconds = |time: Option<&aws_sdk_iot::primitives::DateTime>| {
        time.map(aws_sdk_iot::primitives::DateTime::as_secs_f64)
    };
    let told = (
        seconds(validity.and_then(|validity| validity.not_before())),
        seconds(validity.and_then(|validity| validity.not_after())),
    );
    let (not_before, not_after) = match told {
        (None, None) => described.certificate_pem.as_deref().map(dates).unwrap_or_default(),
        told => told,
    };
    Registered {
        id: described.certificate_id.unwrap_or_default(),
        arn: described.certificate_arn.unwrap_or_default(),
        status: described.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        needs_sni: described.certificate_mode == Some(CertificateMode::SniOnly),
        not_before,
        not_after,
        policies: Vec::new(),
        things: None,
    }
}

/// The dates that the certificate itself has.
fn dates(pem: &str) -> (Option<f64>, Option<f64>) {
    let der = X509::from_pem(pem.as_bytes()).and_then(|certificate| certificate.to_der()).ok();
    let read = der.and_then(|der| Certificate::parse(der).ok());
    // Dates that a float cannot hold are ages away.
    let seconds = |seconds: i64| i32::try_from(seconds).map_or_else(|_| far(seconds), f64::from);
    (
        read.as_ref().map(|certificate| seconds(certificate.not_before())),
        read.as_ref().map(|certificate| seconds(certificate.not_after())),
    )
}

/// Beyond 2038 in steps of an hour, which is exact enough for a day.
fn far(seconds: i64) -> f64 {
    i32::try_from(seconds / 3_600).map_or(f64::MAX, |hours| f64::from(hours) * 3_600.0)
}
