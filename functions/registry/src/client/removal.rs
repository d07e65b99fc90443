//! What takes back.
//!
//! What is not there any more is taken back already, so that "not found" is no error here.

use std::collections::BTreeMap;

use aws_sdk_iot::types::CertificateStatus;
use ledger::clock;

use super::{Registry, Thing, payload};
use crate::{Call, CallError, CallErrorKind};

/// How often a deletion is tried that AWS IoT refuses because of something that was detached a moment
/// before: detaching takes effect seconds later.
const FREE_TRIES: u32 = 5;

/// A thing with what else its record holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenThing {
    pub(crate) thing: Thing,
    pub(crate) version: i64,
    pub(crate) billing_group: Option<String>,
}

/// What a thing gets back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Restored {
    /// Earlier values; an empty one removes the attribute.
    pub(crate) attributes: BTreeMap<String, String>,
    /// Its type goes.
    pub(crate) no_type: bool,
}

impl Registry {
    /// A thing that may be there, with its version.
    pub(crate) async fn see_thing(&self, name: &str) -> Result<Option<SeenThing>, CallError> {
        let sent = self
            .call(Call::DescribeThing, || self.iot.describe_thing().thing_name(name).send())
            .await;
        match sent {
            Ok(found) => Ok(Some(SeenThing {
                version: found.version,
                billing_group: found.billing_group_name,
                thing: Thing {
                    thing_type: found.thing_type_name,
                    attributes: found.attributes.unwrap_or_default().into_iter().collect(),
                },
            })),
            Err(CallError { kind: CallErrorKind::NotFound, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn deactivate_certificate(&self, id: &str) -> Result<(), CallError> {
        let request = self.iot.update_certificate().certificate_id(id);
        let request = request.new_status(CertificateStatus::Inactive);
        gone(self.call(Call::UpdateCertificate, || request.clone().send()).await)
    }

    pub(crate) async fn detach_policy(&self, arn: &str, policy: &str) -> Result<(), CallError> {
        let request = self.iot.detach_policy().policy_name(policy).target(arn);
        gone(self.call(Call::DetachPolicy, || request.clone().send()).await)
    }

    pub(crate) async fn remove_from_group(
        &self,
        thing: &str,
        group: &str,
    ) -> Result<(), CallError> {
        let request =
            self.iot.remove_thing_from_thing_group().thing_name(thing).thing_group_name(group);
        gone(self.call(Call::RemoveThingFromThingGroup, || request.clone().send()).await)
    }

    /// Detaches a certificate that may be detached already.
    pub(crate) async fn take_principal_off(&self, thing: &str, arn: &str) -> Result<(), CallError> {
        gone(self.detach_principal(thing, arn).await)
    }

    /// Gives a thing back what it had, where it is still of this version.
    pub(crate) async fn restore_thing(
        &self,
        name: &str,
        version: i64,
        restored: &Restored,
    ) -> Result<(), CallError> {
        let request = self
            .iot
            .update_thing()
            .thing_name(name)
            .expected_version(version)
            .set_remove_thing_type(restored.no_type.then_some(true))
            .set_attribute_payload(payload(&restored.attributes));
        let sent = self.call(Call::UpdateThing, || request.clone().send()).await;
        sent.map(drop).map_err(unless_changed)
    }

    /// Deletes a thing, where it is still of this version.
    pub(crate) async fn delete_thing(&self, name: &str, version: i64) -> Result<(), CallError> {
        let request = self.iot.delete_thing().thing_name(name).expected_version(version);
        let send = || request.clone().send();
        gone(self.until_free(async || self.call(Call::DeleteThing, send).await.map(drop)).await)
            .map_err(unless_changed)
    }

    pub(crate) async fn delete_certificate(&self, id: &str) -> Result<(), CallError> {
        let request = self.iot.delete_certificate().certificate_id(id);
        let send = || request.clone().send();
        let delete = async || self.call(Call::DeleteCertificate, send).await.map(drop);
        gone(self.until_free(delete).await)
    }

    /// "Still attached" right after detaching passes. Where it lasts longer, the device is taken up again.
    async fn until_free(
        &self,
        delete: impl AsyncFn() -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        let mut tried = 1;
        loop {
            let answer = delete().await;
            let Err(CallError { call, kind: CallErrorKind::Refused { code, message } }) = &answer
            else {
                return answer;
            };
            if !is_attached(code, message) {
                return answer;
            }
            if tried >= FREE_TRIES {
                let kind = CallErrorKind::Unavailable(format!("{code}: {message}"));
                return Err(CallError { call: *call, kind });
            }
            clock::sleep(std::time::Duration::from_millis(50) * 2_u32.pow(tried)).await;
            tried += 1;
        }
    }
}

/// Whether AWS IoT refuses to delete something because of what is attached to it.
fn is_attached(code: &str, message: &str) -> bool {
    match code {
        "DeleteConflictException" => true,
        // AWS IoT's word for a thing that has a principal, and for many other things.
        "InvalidRequestException" => message.contains("attached"),
        _ => false,
    }
}

fn gone<T>(answer: Result<T, CallError>) -> Result<(), CallError> {
    match answer {
        Err(CallError { kind: CallErrorKind::NotFound, .. }) => Ok(()),
        answer => answer.map(drop),
    }
}

/// Somebody changed the thing since it was looked at: it is to be looked at again.
fn unless_changed(error: CallError) -> CallError {
    match error {
        CallError { call, kind: CallErrorKind::Refused { code, message } }
            if code == "VersionConflictException" =>
        {
            CallError { call, kind: CallErrorKind::Unavailable(format!("{code}: {message}")) }
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, message: &str, expected: bool) {
        assert_eq!(is_attached(code, message), expected);
    }

    #[test]
    fn only_what_is_still_attached_passes_by_itself() {
        check("DeleteConflictException", "Things must be detached before deletion", true);
        check(
            "InvalidRequestException",
            "Cannot delete. Thing a is still attached to one or more principals",
            true,
        );
        check("InvalidRequestException", "1 validation error detected", false);
        check("CertificateStateException", "still attached", false);
    }

    #[test]
    fn a_thing_that_changed_meanwhile_is_looked_at_again() {
        let refused = |code: &str| CallError {
            call: Call::DeleteThing,
            kind: CallErrorKind::Refused { code: code.into(), message: String::new() },
        };
        assert!(unless_changed(refused("VersionConflictException")).kind.is_passing());
        assert!(!unless_changed(refused("InvalidRequestException")).kind.is_passing());
    }
}
