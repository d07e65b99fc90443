//! What else is attached to a device's thing or certificate.

use ledger::{Note, OnConflict, Profile, Work};

use crate::{
    Reason,
    look::{Finding, Obstacle},
};

/// Something else that is attached to a device's thing or certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The thing has another certificate.
    Certificate,
    /// The certificate belongs to this other thing.
    Thing(String),
}

impl Claim {
    /// Why the device is left alone.
    pub(crate) fn reason(self, work: &Work) -> Reason {
        match self {
            Self::Certificate => Reason::ThingHasAnotherCertificate { thing: work.thing.clone() },
            Self::Thing(other) => Reason::CertificateOnAnotherThing { other },
        }
    }

    /// Why this run took back what it had attached.
    pub(crate) fn raced(self, work: &Work) -> Reason {
        match self {
            Self::Certificate => Reason::ThingRaced { thing: work.thing.clone() },
            Self::Thing(other) => Reason::CertificateRaced { thing: work.thing.clone(), other },
        }
    }

    /// What is told where the device is made all the same.
    pub(crate) fn note(self) -> Note {
        let (code, reason) = match self {
            Self::Certificate => (
                "Thing.OtherCertificates",
                "the thing has another certificate as well, which was left as it is: two devices can be this thing".to_owned(),
            ),
            Self::Thing(other) => (
                "Certificate.OtherThings",
                format!("the certificate is attached to the thing `{other}` as well, which was left as it is"),
            ),
        };
        Note { code: code.to_owned(), reason }
    }
}

/// The device's own certificate among a thing's principals.
pub(crate) fn own_principal<'a>(principals: &'a [String], work: &Work) -> Option<&'a str> {
    principals.iter().map(String::as_str).find(|arn| is_certificate(arn, &work.certificate_id))
}

/// The claim of another principal of the device's thing.
pub(crate) fn of_others(principals: &[String], work: &Work) -> Option<Claim> {
    let other = principals.iter().any(|arn| !is_certificate(arn, &work.certificate_id));
    other.then_some(Claim::Certificate)
}

/// The claim of another thing of the device's certificate.
pub(crate) fn of_other_things(things: &[String], work: &Work) -> Option<Claim> {
    things.iter().find(|thing| **thing != work.thing).map(|other| Claim::Thing(other.clone()))
}

/// What to tell about the principals of the device's thing; an obstacle where it is not adopted.
pub(crate) fn claim_on_thing(
    profile: &Profile,
    work: &Work,
    principals: &[String],
) -> Result<Option<Note>, Obstacle> {
    let own = own_principal(principals, work);
    of_others(principals, work).map(|claim| told_or_refused(profile, work, own, claim)).transpose()
}

/// What to tell about the things of the device's certificate; an obstacle where it is not adopted.
pub(crate) fn claim_on_certificate(
    profile: &Profile,
    work: &Work,
    arn: &str,
    things: &[String],
) -> Result<Option<Note>, Obstacle> {
    let own = things.contains(&work.thing).then_some(arn);
    of_other_things(things, work)
        .map(|claim| told_or_refused(profile, work, own, claim))
        .transpose()
}

/// `own` is the device's own certificate, where it is attached to the device's thing.
fn told_or_refused(
    profile: &Profile,
    work: &Work,
    own: Option<&str>,
    claim: Claim,
) -> Result<Note, Obstacle> {
    if profile.on_conflict == OnConflict::Adopt {
        return Ok(claim.note());
    }
    let finding = match own {
        Some(arn) => Finding::Claimed { arn: arn.to_owned(), claim },
        None => Finding::Conflict(claim.reason(work)),
    };
    Err(Obstacle::Finding(Box::new(finding)))
}

/// Whether `arn` is that of the certificate `id`.
fn is_certificate(arn: &str, id: &str) -> bool {
    arn.rsplit_once("cert/").is_some_and(|(_, found)| found == id)
}
