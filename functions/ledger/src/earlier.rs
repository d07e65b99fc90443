//! What an earlier run left to do, for a run that takes it up.
//!
//! Nothing but its report and its results is asked, because they stay when everything else of a run
//! is gone.

use serde::Deserialize;

use crate::{
    Entries, Object, Plan, Report, RunFiles, Store, StoreError, Verdict, can_retry,
    results::Results,
};

/// So many runs may have taken each other up, one after the other. People give up much sooner; a
/// chain that is longer goes in a circle.
const LONGEST_CHAIN: usize = 1_000;

/// A run that has ended, and can be taken up.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// What it set out to do; none where it ended before it knew.
    pub plan: Option<Plan>,
    /// How it ended.
    pub report: Report,
    rest: Rest,
}

/// Which entries it left undone.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rest {
    /// The same file would end in the same way.
    Nothing,
    /// It ended before it had read any, and so did all that it took up.
    All,
    /// Some of those in the results of this run.
    Of(String),
}

/// Why a run cannot be taken up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotTakeUp {
    /// It is still going, or was never there.
    #[error(
        "the run `{run}` has no report: it is still going, or there is none of this name. A run can be taken up when it has ended"
    )]
    NoReport {
        /// Its name.
        run: String,
    },
    /// It has ended, and nobody can tell any more how its entries ended.
    #[error("the results of the run `{run}` are gone. Upload the file again instead")]
    NoResults {
        /// Its name.
        run: String,
    },
    /// It neither imported nor activated.
    #[error(
        "the run `{run}` was a dry run or took an import back: there is nothing in it that could be taken up"
    )]
    OtherKind {
        /// Its name.
        run: String,
    },
    /// It worked on something else.
    #[error("the run `{run}` read another file, so its results say nothing about this one")]
    OtherFile {
        /// Its name.
        run: String,
    },
    /// It read other certificates out of the same file.
    #[error(
        "the run `{run}` read the certificates of {was}, and the profile asks for {is} now: these are other entries. Upload the file again instead"
    )]
    OtherBundle {
        /// Its name.
        run: String,
        /// The set that it read.
        was: String,
        /// The set that is asked for now.
        is: String,
    },
    /// The file is read in another way than it was then.
    #[error(
        "{absent} of the entries that the run `{run}` left are not in the file as it is read now, by another version of Thingpress. Upload the file again instead"
    )]
    OtherEntries {
        /// Its name.
        run: String,
        /// How many are missing.
        absent: u64,
    },
    /// Nothing is left that could be tried.
    #[error(
        "the run `{run}` left nothing that the same file could bring to a good end: what did not end well in it needs a corrected file"
    )]
    NothingLeft {
        /// Its name.
        run: String,
    },
}

impl CannotTakeUp {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoReport { .. } => "Redrive.NoReport",
            Self::NoResults { .. } => "Redrive.NoResults",
            Self::OtherKind { .. } => "Redrive.OtherKind",
            Self::OtherFile { .. } => "Redrive.OtherFile",
            Self::OtherBundle { .. } => "Redrive.OtherBundle",
            Self::OtherEntries { .. } => "Redrive.OtherEntries",
            Self::NothingLeft { .. } => "Redrive.NothingLeft",
        }
    }
}

/// What tells a run that made devices from one that did not.
#[derive(Debug, Default, Deserialize)]
struct Kind {
    #[serde(default)]
    dry: bool,
    #[serde(default)]
    undoes: Option<String>,
}

impl Earlier {
    /// The run of this name.
    pub async fn of(store: &Store, run: &str) -> Result<Result<Self, CannotTakeUp>, StoreError> {
        let files = RunFiles::of(run);
        for key in [files.plan(), files.report()] {
            let kind: Kind = store.read_json(&key).await?.unwrap_or_default();
            if kind.dry || kind.undoes.is_some() {
                return Ok(Err(CannotTakeUp::OtherKind { run: run.to_owned() }));
            }
        }
        let Some(report) = store.read_json::<Report>(&files.report()).await? else {
            return Ok(Err(CannotTakeUp::NoReport { run: run.to_owned() }));
        };
        let plan = store.read_json(&files.plan()).await?;
        Ok(match rest(store, report.clone()).await? {
            Ok(rest) => Ok(Self { plan, report, rest }),
            Err(refusal) => Err(refusal),
        })
    }

    /// Whether it worked on exactly this version of this file.
    pub fn check_file(&self, object: &Object) -> Result<(), CannotTakeUp> {
        let source = &self.report.source;
        // Where the run did not come to know the version, its name and time are all there is.
        let is_version = source.version.is_empty()
            || object.version.is_empty()
            || source.version == object.version;
        if source.bucket == object.bucket && source.key == object.key && is_version {
            Ok(())
        } else {
            Err(CannotTakeUp::OtherFile { run: self.report.run.clone() })
        }
    }

    /// Whether the profile that is in force now reads the same entries of the file. What it says of
    /// names, policies and signers may have changed: that is why people try again.
    pub fn check_bundle(&self, now: &Plan) -> Result<(), CannotTakeUp> {
        match &self.plan {
            Some(plan) if now.vendor == "infineon" && plan.profile.bundle != now.profile.bundle => {
                Err(CannotTakeUp::OtherBundle {
                    run: self.report.run.clone(),
                    was: plan.profile.bundle.clone(),
                    is: now.profile.bundle.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// The entries that did not end well and still can.
    pub async fn left(&self, store: &Store) -> Result<Result<Entries, CannotTakeUp>, StoreError> {
        let run = || self.report.run.clone();
        let entries = match &self.rest {
            Rest::Nothing => Entries::none(),
            Rest::All => Entries::All,
            Rest::Of(run) => {
                let files = RunFiles::of(run);
                let Some(mut results) = Results::open(store, &files).await? else {
                    return Ok(Err(CannotTakeUp::NoResults { run: run.clone() }));
                };
                let mut entries = Entries::none();
                while let Some(result) = results.next_result().await? {
                    if result.retry {
                        entries.add(result.entry);
                    }
                }
                entries
            }
        };
        Ok(match entries.count() {
            Some(0) => Err(CannotTakeUp::NothingLeft { run: run() }),
            _ => Ok(entries),
        })
    }
}

/// Goes back through the runs that ended before they had read an entry, because what they took up
/// is still to be done.
async fn rest(store: &Store, mut report: Report) -> Result<Result<Rest, CannotTakeUp>, StoreError> {
    for _ in 0..LONGEST_CHAIN {
        if report.verdict == Verdict::Done {
            return Ok(Ok(Rest::Nothing));
        }
        if report.counts.read > 0 {
            return Ok(Ok(Rest::Of(report.run)));
        }
        if report.stopped.is_none_or(|stopped| !can_retry(&stopped.code)) {
            return Ok(Ok(Rest::Nothing));
        }
        let Some(earlier) = report.resumes else { return Ok(Ok(Rest::All)) };
        match store.read_json(&RunFiles::of(&earlier).report()).await? {
            Some(found) => report = found,
            None => return Ok(Err(CannotTakeUp::NoReport { run: earlier })),
        }
    }
    Ok(Ok(Rest::Nothing))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CALLS: [&str; 13] = [
        "describe_thing",
        "register_certificate",
        "create_thing",
        "attach_thing_principal",
        "add_thing_to_thing_group",
        "attach_policy",
        "list_thing_principals",
        "describe_certificate",
        "list_attached_policies",
        "list_thing_groups",
        "list_principal_things",
        "update_thing",
        "update_certificate",
    ];

    fn plan(vendor: &str, bundle: &str) -> Plan {
        let rate: Value = CALLS.iter().map(|call| ((*call).to_owned(), json!(1.0))).collect();
        let plan = json!({
            "run": "r-1", "vendor": vendor,
            "source": {"bucket": "acme-infineon", "key": "reel.7z", "version": "v1", "etag": "e", "bytes": 9},
            "profile_name": "default",
            "profile": {
                "policies": [], "thing_groups": [], "thing_type": null,
                "certificate_status": "active", "defer_things": false, "thing_name": null,
                "attributes": {}, "on_conflict": "fail", "reactivate": false, "bundle": bundle,
            },
            "signers": {"pins": [], "trust_uploaded": false}, "rate": rate, "concurrency": 1,
        });
        serde_json::from_value(plan).unwrap()
    }

    fn earlier(plan: Option<Plan>) -> Earlier {
        let report = json!({
            "run": "r-1", "verdict": "done_with_failures", "summary": "", "balanced": true,
            "vendor": "infineon", "profile": "default",
            "source": {
                "bucket": "acme-infineon", "key": "reel.7z", "version": "v1", "sha256": "", "bytes": 9,
            },
            "signers": [], "counts": crate::Counts::default(), "problems": [], "warnings": [],
            "results": "",
        });
        let report = serde_json::from_value(report).unwrap();
        Earlier { plan, report, rest: Rest::All }
    }

    #[test]
    fn another_set_of_the_same_chips_is_other_entries() {
        let check = |vendor, now| {
            let earlier = earlier(Some(plan(vendor, "E0E0")));
            earlier.check_bundle(&plan(vendor, now)).map_err(|refusal| refusal.to_string())
        };
        assert_eq!(check("infineon", "E0E0"), Ok(()));
        let refusal = check("infineon", "E0E1").unwrap_err();
        assert!(
            refusal.contains("certificates of E0E0, and the profile asks for E0E1"),
            "{refusal}"
        );
        assert_eq!(check("microchip", "E0E1"), Ok(()), "no other vendor has sets");
        assert_eq!(earlier(None).check_bundle(&plan("infineon", "E0E1")), Ok(()));
    }

    #[track_caller]
    fn check_file(bucket: &str, key: &str, version: &str, expected: bool) {
        let object = Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: version.to_owned(),
            etag: String::new(),
            uploader: String::new(),
        };
        assert_eq!(earlier(None).check_file(&object).is_ok(), expected);
    }

    #[test]
    fn only_the_version_that_was_read_is_the_same_file() {
        check_file("acme-infineon", "reel.7z", "v1", true);
        check_file("acme-infineon", "reel.7z", "", true);
        check_file("acme-infineon", "reel.7z", "v2", false);
        check_file("acme-infineon", "reel-2.7z", "v1", false);
        check_file("acme-microchip", "reel.7z", "v1", false);
    }
}
