//! How far a device got that could not be finished.

use ledger::Work;

use crate::{Reason, Situation, word::may_be_own};

/// Something that was written to AWS IoT for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An earlier try of the run may have done some of what follows.
    EarlierTry,
    CertificateRegistered,
    ThingMade,
    ThingChanged,
    /// Some of it may have been done.
    Joining,
    /// Some of it may have been done.
    AttachingPolicies,
}

impl Step {
    const fn words(self) -> &'static str {
        match self {
            Self::EarlierTry => "an earlier try of this run had begun with the device",
            Self::CertificateRegistered => "its certificate was registered",
            Self::ThingMade => "its thing was made",
            Self::ThingChanged => "its thing got what it lacked",
            Self::Joining => {
                "attaching its certificate to its thing, and its thing to groups, was begun"
            }
            Self::AttachingPolicies => "attaching its policies was begun",
        }
    }
}

/// What was written to AWS IoT for a device, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    /// What an earlier try of the same unit may have done.
    pub(crate) fn begun_by(situation: Situation<'_>, work: &Work) -> Self {
        Self(may_be_own(situation, work).then_some(Step::EarlierTry).into_iter().collect())
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    /// The reason, and how far the device got before.
    pub(crate) fn told_with(self, reason: Reason) -> Reason {
        if self.0.is_empty() {
            return reason;
        }
        let words: Vec<_> = self.0.iter().map(|step| step.words()).collect();
        let policies =
            if self.0.contains(&Step::AttachingPolicies) { "" } else { "; no policy was attached" };
        Reason::HalfDone {
            cause: Box::new(reason),
            done: format!("{}{policies}", words.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use ledger::{Intent, Profile, Stood};

    use super::*;
    use crate::tests::{Forgetful, work};

    #[track_caller]
    fn check(steps: &[Step], expected: &str) {
        let told = Steps(steps.to_vec()).told_with(Reason::CertificateRevoked).to_string();
        assert_eq!(told.strip_prefix(&Reason::CertificateRevoked.to_string()), Some(expected));
    }

    #[test]
    fn a_reason_says_how_far_the_device_got() {
        use Step::{AttachingPolicies, CertificateRegistered, Joining, ThingMade};
        check(&[], "");
        check(
            &[CertificateRegistered, ThingMade],
            ". Before that, its certificate was registered, its thing was made; no policy was attached",
        );
        check(
            &[Joining, AttachingPolicies],
            ". Before that, attaching its certificate to its thing, and its thing to groups, was begun, attaching its policies was begun",
        );
    }

    #[test]
    fn what_an_earlier_try_may_have_done_is_told_where_nothing_stood_before_it() {
        let begun = |stood: Option<Stood>| {
            let existing = stood.into_iter().map(|stood| (work().entry, stood)).collect();
            let earlier = Intent { existing, ..Intent::default() };
            let profile = Profile::default();
            let situation = Situation {
                profile: &profile,
                earlier: Some(&earlier),
                others_active: &AtomicBool::new(false),
                memory: &Forgetful,
            };
            let told = Steps::begun_by(situation, &work());
            let first = Steps::begun_by(Situation { earlier: None, ..situation }, &work());
            assert!(first.0.is_empty(), "nothing came before a first try");
            !told.0.is_empty()
        };
        assert!(begun(None) && begun(Some(Stood::Thing)) && begun(Some(Stood::Certificate)));
        assert!(!begun(Some(Stood::Part)) && !begun(Some(Stood::Other)));
    }
}
