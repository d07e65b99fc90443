//! What the metrics say of a run.

use ledger::{Report, Verdict};
use telemetry::{
    DEVICES, ENTRIES_READ, ESTIMATED_COST, Figures, LIMITED_SECONDS, RUN_DURATION, RUNS_FINISHED,
    RUNS_STOPPED, RUNS_WITH_FAILURES,
};

/// The figures of a run that took `seconds`, where that is known, and cost so many US dollars.
pub(crate) fn figures(report: &Report, seconds: Option<f64>, dollars: f64) -> Figures {
    let mut figures = Figures::default();
    let run = match report.verdict {
        Verdict::Done => RUNS_FINISHED,
        Verdict::DoneWithFailures => RUNS_WITH_FAILURES,
        Verdict::Stopped => RUNS_STOPPED,
    };
    figures.count(run, 1);
    // An undo reads no file: its entries are devices of a run that counted them.
    if report.undoes.is_none() {
        figures.count(ENTRIES_READ, report.counts.read);
    }
    if let Some(seconds) = seconds {
        figures.add(RUN_DURATION, seconds);
    }
    figures.add(ESTIMATED_COST, dollars);
    for (kind, count) in report.counts.by_kind() {
        if count > 0 {
            figures.count_by(DEVICES, kind.word(), count);
        }
    }
    for limited in &report.limited {
        figures.add_by(LIMITED_SECONDS, &limited.call, limited.seconds);
    }
    figures
}

#[cfg(test)]
mod tests {
    use ledger::{Counts, Limited, SourceSummary};

    use super::*;

    #[test]
    fn a_run_counts_once_and_its_entries_by_how_they_ended() {
        let limited = Limited {
            call: "RegisterCertificateWithoutCA".into(),
            seconds: 12.5,
            of_seconds: 20.0,
            throttles: 0,
            rate: 10.0,
            advice: String::new(),
        };
        let mut report = Report {
            run: "r-1".into(),
            dry: false,
            forecast: None,
            verdict: Verdict::DoneWithFailures,
            summary: String::new(),
            balanced: true,
            undoes: None,
            vendor: "microchip".into(),
            resumes: None,
            profile: "default".into(),
            source: SourceSummary::default(),
            batch: None,
            signers: Vec::new(),
            counts: Counts { read: 10, created: 7, not_attempted: 3, ..Counts::default() },
            stopped: None,
            problems: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
            limited: vec![limited],
            results: String::new(),
            execution: String::new(),
            started: None,
            ended: 0.0,
            version: String::new(),
        };
        let expected = |run| {
            let mut expected = Figures::default();
            expected.count(run, 1);
            expected.count(ENTRIES_READ, 10);
            expected.add(RUN_DURATION, 21.0);
            expected.add(ESTIMATED_COST, 0.5);
            expected.count_by(DEVICES, "created", 7);
            expected.count_by(DEVICES, "not_attempted", 3);
            expected.add_by(LIMITED_SECONDS, "RegisterCertificateWithoutCA", 12.5);
            expected
        };
        for (verdict, run) in [
            (Verdict::Done, RUNS_FINISHED),
            (Verdict::DoneWithFailures, RUNS_WITH_FAILURES),
            (Verdict::Stopped, RUNS_STOPPED),
        ] {
            report.verdict = verdict;
            assert_eq!(figures(&report, Some(21.0), 0.5), expected(run));
        }
        let undo = Report { undoes: Some("r-0".into()), limited: Vec::new(), ..report };
        let mut expected = Figures::default();
        expected.count(RUNS_STOPPED, 1);
        expected.add(ESTIMATED_COST, 0.5);
        expected.count_by(DEVICES, "created", 7);
        expected.count_by(DEVICES, "not_attempted", 3);
        assert_eq!(figures(&undo, None, 0.5), expected, "it read no file");
    }
}
