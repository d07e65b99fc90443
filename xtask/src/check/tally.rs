//! Counts what comes out of a file.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use ledger::{Note, Outcome, OutcomeKind, Stop, Work, can_retry};
use manifest::{CertificateId, IssuedBy, KeyType, date, shortened};
use prepare::{Item, Known, Sorting};

use super::{
    certificates::Certificates,
    finding::{At, Chains, Counts, Group, Issuer, Line, Names, Signatures, Signer, Validity},
};

/// How many names are shown, from the beginning and from the end.
const FIRST_NAMES: usize = 3;
const LAST_NAMES: usize = 2;
/// How many places of a problem a person is shown.
const PLACES: usize = 5;
/// How many part numbers are told apart. What is beyond is counted together.
const PART_NUMBERS: usize = 50;

/// What came out of a file so far.
#[derive(Debug)]
pub(super) struct Tally {
    sorting: Sorting,
    now: i64,
    counts: Counts,
    signers: BTreeMap<CertificateId, u64>,
    issuers: BTreeMap<Arc<IssuedBy>, u64>,
    unchecked: u64,
    keys: HashMap<KeyType, u64>,
    part_numbers: BTreeMap<String, u64>,
    dates: Option<Dates>,
    first: Vec<String>,
    last: VecDeque<String>,
    problems: Groups,
    warnings: Groups,
    entries: Option<Vec<Line>>,
}

/// Seconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Dates {
    first_begins: i64,
    last_begins: i64,
    first_ends: i64,
    last_ends: i64,
    expired: u64,
    not_yet: u64,
}

impl Tally {
    /// With `keeps_all`, every entry is kept, and every place.
    pub(super) fn new(now: i64, keeps_all: bool) -> Self {
        let places = if keeps_all { usize::MAX } else { PLACES };
        Self {
            sorting: Sorting::default(),
            now,
            counts: Counts::default(),
            signers: BTreeMap::new(),
            issuers: BTreeMap::new(),
            unchecked: 0,
            keys: HashMap::new(),
            part_numbers: BTreeMap::new(),
            dates: None,
            first: Vec::new(),
            last: VecDeque::new(),
            problems: Groups::new(places),
            warnings: Groups::new(places),
            entries: keeps_all.then(Vec::new),
        }
    }

    /// How many entries were taken.
    pub(super) const fn read(&self) -> u64 {
        self.sorting.entries()
    }

    /// Takes the next entry.
    pub(super) fn take(&mut self, mut item: Item) {
        let (signer, known) = match &mut item {
            Ok(device) => (device.signer, device.known.take()),
            Err(_) => (None, None),
        };
        match self.sorting.take(item) {
            Ok(work) => self.device(work, signer, known),
            Err(outcome) => self.refused(*outcome),
        }
    }

    fn device(&mut self, work: Work, signer: Option<CertificateId>, known: Option<Known>) {
        self.counts.devices += 1;
        if let Some(signer) = signer {
            *self.signers.entry(signer).or_default() += 1;
        }
        if let Some(known) = known {
            self.known(known);
        }
        if !work.thing.is_empty() {
            self.name(&work.thing);
        }
        for Note { code, reason } in &work.warnings {
            self.warnings.add(code, reason, work.entry, &work.place, &work.id);
        }
        if let Some(entries) = &mut self.entries {
            entries.push(Line {
                entry: work.entry,
                place: work.place,
                id: work.id,
                thing: work.thing,
                certificate_id: work.certificate_id,
                outcome: DEVICE,
                code: String::new(),
                reason: String::new(),
                warnings: codes(&work.warnings),
            });
        }
    }

    fn known(&mut self, known: Known) {
        let Known { key, not_before, not_after, issuer, part_number } = known;
        *self.keys.entry(key).or_default() += 1;
        match issuer {
            Some(issuer) => *self.issuers.entry(issuer).or_default() += 1,
            None => self.unchecked += 1,
        }
        if let Some(part_number) = part_number {
            let part_number = shortened(&part_number);
            let is_known = self.part_numbers.contains_key(&part_number);
            let shown = if is_known || self.part_numbers.len() < PART_NUMBERS {
                part_number
            } else {
                "others".to_owned()
            };
            *self.part_numbers.entry(shown).or_default() += 1;
        }
        let dates = self.dates.get_or_insert(Dates {
            first_begins: not_before,
            last_begins: not_before,
            first_ends: not_after,
            last_ends: not_after,
            expired: 0,
            not_yet: 0,
        });
        dates.first_begins = dates.first_begins.min(not_before);
        dates.last_begins = dates.last_begins.max(not_before);
        dates.first_ends = dates.first_ends.min(not_after);
        dates.last_ends = dates.last_ends.max(not_after);
        dates.expired += u64::from(self.now > not_after);
        dates.not_yet += u64::from(self.now < not_before);
    }

    fn name(&mut self, thing: &str) {
        if self.first.len() < FIRST_NAMES {
            self.first.push(thing.to_owned());
            return;
        }
        if self.last.len() >= LAST_NAMES {
            self.last.pop_front();
        }
        self.last.push_back(thing.to_owned());
    }

    fn refused(&mut self, outcome: Outcome) {
        *match outcome.outcome {
            OutcomeKind::Conflict => &mut self.counts.conflict,
            _ => &mut self.counts.rejected,
        } += 1;
        self.problems.add(
            &outcome.code,
            &outcome.reason,
            outcome.entry,
            &outcome.place,
            &outcome.id,
        );
        if let Some(entries) = &mut self.entries {
            entries.push(Line {
                entry: outcome.entry,
                place: outcome.place,
                id: outcome.id,
                thing: outcome.thing,
                certificate_id: outcome.certificate_id,
                outcome: outcome.outcome.word(),
                code: outcome.code,
                reason: outcome.reason,
                warnings: codes(&outcome.warnings),
            });
        }
    }

    /// The sum. Where the file is not used as a whole, no device's turn comes.
    pub(super) fn finish(mut self, stopped: Option<&Stop>, certificates: &Certificates<'_>) -> Sum {
        let signatures = self.sorting.signatures();
        self.counts.read = self.sorting.entries();
        if let Some(stop) = stopped {
            self.counts.not_attempted = std::mem::take(&mut self.counts.devices);
            let devices = self.entries.iter_mut().flatten().filter(|entry| entry.outcome == DEVICE);
            for entry in devices {
                entry.outcome = OutcomeKind::NotAttempted.word();
                entry.code.clone_from(&stop.code);
                entry.reason.clone_from(&stop.reason);
            }
        }
        let signers = self.signers.into_iter().map(|(signer, devices)| Signer {
            name: certificates.name(&signer),
            fingerprint: signer.to_string(),
            trusted: certificates.why(&signer),
            devices,
        });
        let issuers = self.issuers.into_iter().map(|(issuer, devices)| Issuer {
            name: shortened(&issuer.name),
            fingerprint: issuer.fingerprint.to_string(),
            given: issuer.is_uploaded,
            devices,
        });
        let issuers: Vec<Issuer> = issuers.collect();
        Sum {
            counts: self.counts,
            signatures: Signatures {
                verified: signatures.passed,
                failed: signatures.failed,
                signers: signers.collect(),
            },
            chains: Chains {
                verified: issuers.iter().map(|issuer| issuer.devices).sum(),
                unchecked: self.unchecked,
                issuers,
            },
            keys: self.keys.into_iter().map(|(key, count)| (key.to_string(), count)).collect(),
            part_numbers: self.part_numbers,
            validity: self.dates.map(|dates| Validity {
                first_begins: date(dates.first_begins),
                last_begins: date(dates.last_begins),
                first_ends: date(dates.first_ends),
                last_ends: date(dates.last_ends),
                expired: dates.expired,
                not_yet: dates.not_yet,
            }),
            names: Names { first: self.first, last: self.last.into() },
            problems: self.problems.into_list(),
            warnings: self.warnings.into_list(),
            entries: self.entries,
        }
    }
}

/// What [`Line::outcome`] is of an entry that would go on to AWS IoT.
const DEVICE: &str = "device";

/// The parts of a finding that come from a file's entries.
#[derive(Debug)]
pub(super) struct Sum {
    pub(super) counts: Counts,
    pub(super) signatures: Signatures,
    pub(super) chains: Chains,
    pub(super) keys: BTreeMap<String, u64>,
    pub(super) part_numbers: BTreeMap<String, u64>,
    pub(super) validity: Option<Validity>,
    pub(super) names: Names,
    pub(super) problems: Vec<Group>,
    pub(super) warnings: Vec<Group>,
    pub(super) entries: Option<Vec<Line>>,
}

fn codes(notes: &[Note]) -> Vec<String> {
    notes.iter().map(|note| note.code.clone()).collect()
}

/// Entries by what they have in common.
#[derive(Debug)]
struct Groups {
    by_code: BTreeMap<String, Group>,
    most_places: usize,
}

impl Groups {
    const fn new(most_places: usize) -> Self {
        Self { by_code: BTreeMap::new(), most_places }
    }

    fn add(&mut self, code: &str, reason: &str, entry: u64, place: &str, id: &str) {
        if !self.by_code.contains_key(code) {
            let (places, retry) = (Vec::new(), can_retry(code));
            let (key, code, reason) = (code.to_owned(), code.to_owned(), reason.to_owned());
            self.by_code.insert(key, Group { code, count: 0, reason, retry, places });
        }
        let Some(group) = self.by_code.get_mut(code) else { return };
        group.count += 1;
        if group.places.len() < self.most_places {
            group.places.push(At { entry, place: place.to_owned(), id: id.to_owned() });
        }
    }

    /// The most frequent first.
    fn into_list(self) -> Vec<Group> {
        let mut list: Vec<_> = self.by_code.into_values().collect();
        list.sort_by_key(|group| std::cmp::Reverse(group.count));
        list
    }
}
