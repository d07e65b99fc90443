//! Listings of the whole account, page by page.

use std::collections::HashMap;

use aws_sdk_iot::types::CertificateStatus;

use crate::{Call, CallError, Registry, call::classify};

/// The most that AWS IoT puts into a page.
const PAGE: i32 = 250;

/// Why a listing was not read to its end.
#[derive(Debug)]
pub(crate) enum Interruption {
    /// The account is larger than it is worth to list.
    TooManyPages,
    /// AWS IoT did not answer.
    Call(CallError),
}

impl From<CallError> for Interruption {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// A thing of the account, as far as a listing shows it.
#[derive(Clone, Debug)]
pub(crate) struct ListedThing {
    pub(crate) name: String,
    pub(crate) thing_type: Option<String>,
    pub(crate) attributes: HashMap<String, String>,
}

/// A certificate of the account, as far as a listing shows it.
#[derive(Clone, Debug)]
pub(crate) struct ListedCertificate {
    pub(crate) id: String,
    pub(crate) status: CertificateStatus,
    /// Seconds of the Unix epoch.
    pub(crate) created: f64,
}

/// Listings that may take a number of pages together.
#[derive(Debug)]
pub(crate) struct Listings<'a> {
    registry: &'a Registry,
    pages_left: u64,
}

impl<'a> Listings<'a> {
    pub(crate) const fn new(registry: &'a Registry, most: u64) -> Self {
        Self { registry, pages_left: most }
    }

    /// Every certificate's id, and its status where that is one that an import gives.
    pub(crate) async fn certificates(
        &mut self,
        mut each: impl FnMut(&str, Option<ledger::CertificateStatus>),
    ) -> Result<(), Interruption> {
        self.all_certificates(|certificate| {
            let status = match certificate.status {
                CertificateStatus::Active => Some(ledger::CertificateStatus::Active),
                CertificateStatus::Inactive => Some(ledger::CertificateStatus::Inactive),
                _ => None,
            };
            each(&certificate.id, status);
        })
        .await
    }

    /// Every certificate, whatever its status.
    pub(crate) async fn all_certificates(
        &mut self,
        mut each: impl FnMut(ListedCertificate),
    ) -> Result<(), Interruption> {
        let mut next = None;
        loop {
            self.page()?;
            let request = self.registry.iot().list_certificates().page_size(PAGE).set_marker(next);
            let sent = request.send().await;
            let page = sent.map_err(|error| classify(Call::ListCertificates, error))?;
            for certificate in page.certificates.unwrap_or_default() {
                let (Some(id), Some(status)) = (certificate.certificate_id, certificate.status)
                else {
                    continue;
                };
                let created = certificate.creation_date.map(|date| date.as_secs_f64());
                each(ListedCertificate { id, status, created: created.unwrap_or_default() });
            }
            next = page.next_marker;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Every thing.
    pub(crate) async fn things(
        &mut self,
        mut each: impl FnMut(ListedThing),
    ) -> Result<(), Interruption> {
        let mut next = None;
        loop {
            self.page()?;
            let request = self.registry.iot().list_things().max_results(PAGE).set_next_token(next);
            let sent = request.send().await;
            let page = sent.map_err(|error| classify(Call::ListThings, error))?;
            for thing in page.things.unwrap_or_default() {
                each(ListedThing {
                    name: thing.thing_name.unwrap_or_default(),
                    thing_type: thing.thing_type_name,
                    attributes: thing.attributes.unwrap_or_default(),
                });
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Names of all groups.
    pub(crate) async fn groups(&mut self) -> Result<Vec<String>, Interruption> {
        let (mut names, mut next) = (Vec::new(), None);
        loop {
            self.page()?;
            let request = self.registry.iot().list_thing_groups();
            let sent = request.max_results(PAGE).set_next_token(next).send().await;
            let page = sent.map_err(|error| classify(Call::ListGroups, error))?;
            let groups = page.thing_groups.unwrap_or_default().into_iter();
            names.extend(groups.filter_map(|group| group.group_name));
            next = page.next_token;
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    /// Names of all policies.
    pub(crate) async fn policies(&mut self) -> Result<Vec<String>, Interruption> {
        let (mut names, mut next) = (Vec::new(), None);
        loop {
            self.page()?;
            let request = self.registry.iot().list_policies().page_size(PAGE).set_marker(next);
            let sent = request.send().await;
            let page = sent.map_err(|error| classify(Call::ListPolicies, error))?;
            let policies = page.policies.unwrap_or_default().into_iter();
            names.extend(policies.filter_map(|policy| policy.policy_name));
            next = page.next_marker;
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    /// Names of the things in a group.
    pub(crate) async fn things_in_group(
        &mut self,
        group: &str,
        mut each: impl FnMut(&str),
    ) -> Result<(), Interruption> {
        let mut next = None;
        loop {
            self.page()?;
            let request = self.registry.iot().list_things_in_thing_group();
            let request = request.thing_group_name(group).max_results(PAGE).set_next_token(next);
            let sent = request.send().await;
            let page = sent.map_err(|error| classify(Call::ListThingsInThingGroup, error))?;
            page.things().iter().for_each(|name| each(name));
            next = page.next_token;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Ids of the certificates that a policy is attached to.
    pub(crate) async fn targets(
        &mut self,
        policy: &str,
        mut each: impl FnMut(&str),
    ) -> Result<(), Interruption> {
        let mut next = None;
        loop {
            self.page()?;
            let request = self.registry.iot().list_targets_for_policy();
            let request = request.policy_name(policy).page_size(PAGE).set_marker(next);
            let sent = request.send().await;
            let page = sent.map_err(|error| classify(Call::ListTargetsForPolicy, error))?;
            let certificates =
                page.targets().iter().filter_map(|target| target.rsplit_once(":cert/"));
            certificates.for_each(|(_, id)| each(id));
            next = page.next_marker;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    fn page(&mut self) -> Result<(), Interruption> {
        self.pages_left = self.pages_left.checked_sub(1).ok_or(Interruption::TooManyPages)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_sdk_iot::config::{BehaviorVersion, Config};

    use super::*;
    use crate::{IotClient, Pace};

    #[test]
    fn a_listing_ends_where_it_is_not_worth_it() {
        let config = Config::builder().behavior_version(BehaviorVersion::latest()).build();
        let registry = Registry::new(IotClient::from_conf(config), Arc::new(Pace::default()));
        let mut listings = Listings::new(&registry, 2);
        assert!(listings.page().is_ok());
        assert!(listings.page().is_ok());
        assert!(matches!(listings.page(), Err(Interruption::TooManyPages)));
    }
}
