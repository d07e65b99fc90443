//! Keys of a run's files in the runs bucket.

/// Key that says that a file with this content was imported to its end.
pub fn finished_file(sha256: &str) -> String {
    format!("files/{sha256}.json")
}

/// Names the files of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFiles {
    run: String,
}

impl RunFiles {
    /// The files of the run `run`, which is the import's execution name.
    pub fn of(run: &str) -> Self {
        Self { run: run.to_owned() }
    }

    /// Name of the run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What the run set out to do.
    pub fn plan(&self) -> String {
        self.file("plan.json")
    }

    /// The devices to register, one a line.
    pub fn work(&self) -> String {
        self.file("work.jsonl")
    }

    /// Where the decoder stopped, where it has not read the whole file in one go.
    pub fn decoding(&self) -> String {
        self.file("decoding.json")
    }

    /// What the decoder has to know of the entries before, behind so many legs.
    pub fn decoded(&self, legs: u32) -> String {
        self.file(&format!("decoding-{legs}.bin"))
    }

    /// Stretches of the work, one a line; the Distributed Map reads it.
    pub fn units(&self) -> String {
        self.file("units.jsonl")
    }

    /// What a listing of the account showed of each device: a mark each, in the work's order.
    pub fn standing(&self) -> String {
        self.file("standing.txt")
    }

    /// Outcomes that were settled before anything was sent to AWS IoT.
    pub fn rejected(&self) -> String {
        self.file("rejected.jsonl")
    }

    /// Why the run stopped, where it did.
    pub fn stopped(&self) -> String {
        self.file("stopped.json")
    }

    /// The report for programs.
    pub fn report(&self) -> String {
        self.file("report.json")
    }

    /// The report for people.
    pub fn page(&self) -> String {
        self.file("report.html")
    }

    /// That the run's end was counted, and its devices that did not end well were passed on.
    pub fn told(&self) -> String {
        self.file("told.json")
    }

    /// The outcome of every entry.
    pub fn results(&self) -> String {
        self.file("results.csv")
    }

    /// What a unit's worker found before its first write to the devices of one part, numbered from 0.
    pub fn intent(&self, unit: u64, part: u64) -> String {
        match part {
            0 => self.file(&format!("intents/{unit:08}.json")),
            _ => self.file(&format!("intents/{unit:08}-{part}.json")),
        }
    }

    /// That the certificate of an entry turned out to be registered already, or its thing to stand.
    pub fn certificate_stood(&self, unit: u64, entry: u64) -> String {
        self.file(&format!("intents/{unit:08}-e{entry}.json"))
    }

    /// The entry that a key under [`intents`](Self::intents) tells of, where it tells of one alone.
    pub fn entry_of(key: &str) -> Option<u64> {
        let (_, file) = key.rsplit_once("-e")?;
        file.strip_suffix(".json")?.parse().ok()
    }

    /// The part of its unit that a key under [`intents`](Self::intents) tells of.
    pub fn part_of(key: &str) -> Option<u64> {
        let (_, file) = key.rsplit_once('/')?;
        match file.strip_suffix(".json")?.split_once('-') {
            None => Some(0),
            Some((_, part)) => part.parse().ok(),
        }
    }

    /// That the run `by` set out to take this one back.
    pub fn undone(&self, by: &str) -> String {
        self.file(&format!("undone/{by}"))
    }

    /// Prefix of the runs that set out to take this one back.
    pub fn all_undone(&self) -> String {
        self.file("undone/")
    }

    /// Prefix of a unit's intents, those of all its parts.
    pub fn intents_of(&self, unit: u64) -> String {
        self.file(&format!("intents/{unit:08}"))
    }

    /// Prefix of all intents.
    pub fn intents(&self) -> String {
        self.file("intents/")
    }

    /// The outcomes of a unit's devices.
    pub fn outcomes(&self, unit: u64) -> String {
        self.file(&format!("outcomes/{unit:08}.jsonl"))
    }

    /// Prefix of all outcomes.
    pub fn all_outcomes(&self) -> String {
        self.file("outcomes/")
    }

    /// What a unit's worker waited for.
    pub fn limits(&self, unit: u64) -> String {
        self.file(&format!("limits/{unit:08}.json"))
    }

    /// Prefix of what all units' workers waited for.
    pub fn all_limits(&self) -> String {
        self.file("limits/")
    }

    /// The unit that a key under [`intents`](Self::intents), [`all_outcomes`](Self::all_outcomes) or [`all_limits`](Self::all_limits) belongs to.
    pub fn unit_of(key: &str) -> Option<u64> {
        let (_, file) = key.rsplit_once('/')?;
        file.split(['.', '-']).next()?.parse().ok()
    }

    fn file(&self, name: &str) -> String {
        format!("runs/{}/{name}", self.run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_one_key_for_its_intent_and_one_for_its_outcomes() {
        let files = RunFiles::of("reel-7-json-0123456789abcdef");
        assert_eq!(files.intent(12, 0), "runs/reel-7-json-0123456789abcdef/intents/00000012.json");
        assert_eq!(files.outcomes(12), "runs/reel-7-json-0123456789abcdef/outcomes/00000012.jsonl");
        assert_eq!(RunFiles::unit_of(&files.intent(12, 0)), Some(12));
        assert_eq!(RunFiles::unit_of(&files.intent(12, 3)), Some(12));
        let stood = files.certificate_stood(12, 70);
        assert_eq!((RunFiles::unit_of(&stood), RunFiles::entry_of(&stood)), (Some(12), Some(70)));
        assert_eq!(RunFiles::part_of(&stood), None);
        for part in [0, 3] {
            assert_eq!(RunFiles::part_of(&files.intent(12, part)), Some(part));
            assert_eq!(RunFiles::entry_of(&files.intent(12, part)), None);
            assert!(files.intent(12, part).starts_with(&files.intents_of(12)));
        }
        assert_eq!(RunFiles::unit_of(&files.outcomes(12)), Some(12));
        assert_eq!(RunFiles::unit_of(&files.plan()), None);
    }
}
