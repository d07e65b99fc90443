//! How fast a run went: calls a second over its time, against the rate that is configured.

use ledger::{CallLimits, Rate, UnitLimits};
use telemetry::float;

use crate::{limited::passed, words};

/// At most so many bars.
const BINS: f64 = 120.0;

/// How many seconds a bar may stand for.
const WIDTHS: [f64; 17] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0,
    7_200.0, 14_400.0, 43_200.0,
];

/// When the workers made their calls of one operation, unit by unit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    call: &'static str,
    stretches: Vec<Stretch>,
    throttles: u64,
}

/// A unit: its worker's calls between two times.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    began: f64,
    ended: f64,
    calls: f64,
}

impl Pace {
    /// The pace of a run on a vendor's files: it registers certificates, or a factory's run activates them.
    /// One that `undoes` deletes certificates, or makes them again what they were.
    pub(crate) fn of(vendor: &str, undoes: bool) -> Self {
        let call = match vendor {
            "mes" => "UpdateCertificate",
            _ if undoes => "DeleteCertificate",
            _ => "RegisterCertificateWithoutCA",
        };
        Self { call, ..Self::default() }
    }

    /// The operation.
    pub(crate) const fn call(&self) -> &'static str {
        self.call
    }

    /// Adds what a unit's worker did. Throttled calls did nothing.
    pub(crate) fn add(&mut self, unit: &UnitLimits) {
        let Some(calls) = unit.calls.get(self.call) else { return };
        self.add_calls(unit.began, unit.ended, calls);
    }

    fn add_calls(&mut self, began: f64, ended: f64, calls: &CallLimits) {
        self.throttles += calls.throttles;
        let calls = float(passed(calls));
        if calls > 0.0 {
            self.stretches.push(Stretch { began, ended: ended.max(began), calls });
        }
    }

    /// The picture, where a call was made. `rates` are the configured ones.
    pub(crate) fn timeline(&self, rates: &[Rate]) -> Option<Timeline> {
        let began = self.stretches.iter().map(|unit| unit.began).reduce(f64::min)?;
        let ended = self.stretches.iter().map(|unit| unit.ended).reduce(f64::max)?;
        let (width, bins) = bins(&self.stretches, began, ended);
        let rate = rates.iter().find(|rate| rate.call == self.call)?.calls_a_second;
        let most = bins.iter().copied().fold(0.0, f64::max) / width;
        let calls: f64 = bins.iter().sum();
        let span = (ended - began).max(width);
        let one = if calls > 1.5 { "calls" } else { "call" };
        let top = top(most.max(rate));
        let throttled = match self.throttles {
            0 => "none was throttled".to_owned(),
            throttles => format!("{} more were throttled", words::count(throttles)),
        };
        Some(Timeline {
            call: self.call,
            sentence: format!(
                "{} {one} in {}: {} a second on average, {} at most; {throttled}. The configured rate is {} a second for all runs together.",
                words::grouped(&format!("{calls:.0}")),
                words::duration(span),
                short(calls / span),
                short(most),
                short(rate),
            ),
            columns: bins.len(),
            bars: bars(&bins, width, top),
            rate: format!("{:.2}", 100.0 - rate / top * 100.0),
            levels: [top, top / 2.0, 0.0].map(short),
            times: {
                let whole = bins.iter().map(|_| width).sum::<f64>();
                [0.0, whole / 2.0, whole].map(words::duration)
            },
        })
    }
}

/// A picture of calls a second.
#[derive(Debug, PartialEq)]
pub(crate) struct Timeline {
    pub(crate) call: &'static str,
    /// What the picture shows, in words.
    pub(crate) sentence: String,
    pub(crate) columns: usize,
    pub(crate) bars: Vec<Bar>,
    /// Height of the line at the configured rate, from above, of a hundred.
    pub(crate) rate: String,
    /// Calls a second at the top, in the middle and at the bottom.
    pub(crate) levels: [String; 3],
    /// The time at the left, in the middle and at the right.
    pub(crate) times: [String; 3],
}

/// The calls a second of a part of the time, as a rectangle.
#[derive(Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) column: usize,
    /// From above, of a hundred.
    pub(crate) from: String,
    pub(crate) height: String,
}

fn bars(bins: &[f64], width: f64, top: f64) -> Vec<Bar> {
    let heights = bins.iter().map(|calls| calls / width / top * 100.0).enumerate();
    heights
        .filter(|(_, height)| *height > 0.0)
        .map(|(column, height)| Bar {
            column,
            from: format!("{:.2}", 100.0 - height),
            height: format!("{height:.2}"),
        })
        .collect()
}

/// How many seconds a bin has, and the calls of each. A unit's calls are spread evenly over its time.
fn bins(units: &[Stretch], began: f64, ended: f64) -> (f64, Vec<f64>) {
    let span = ended - began;
    let width = WIDTHS.into_iter().find(|width| span / width <= BINS).unwrap_or(span / BINS);
    let mut bins = Vec::new();
    let mut start = began;
    while bins.is_empty() || (start < ended && float_len(&bins) < BINS) {
        bins.push((start, start + width));
        start += width;
    }
    // Whatever rounding does to the last edge, nothing is beyond it.
    if let Some((_, last)) = bins.last_mut() {
        *last = f64::INFINITY;
    }
    let calls = bins.iter().map(|bin| units.iter().map(|unit| unit.within(*bin)).sum()).collect();
    (width, calls)
}

fn float_len<T>(list: &[T]) -> f64 {
    float(u64::try_from(list.len()).unwrap_or(u64::MAX))
}

impl Stretch {
    /// The calls between two times, the later one excluded.
    fn within(&self, (from, to): (f64, f64)) -> f64 {
        let duration = self.ended - self.began;
        if duration <= 0.0 {
            return if (from..to).contains(&self.began) { self.calls } else { 0.0 };
        }
        let overlap = (self.ended.min(to) - self.began.max(from)).max(0.0);
        self.calls * overlap / duration
    }
}

/// The next number above that people read easily.
fn top(most: f64) -> f64 {
    let power = 10.0_f64.powf(most.max(f64::MIN_POSITIVE).log10().floor());
    let steps = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= most * 1.02).unwrap_or(most * 1.25)
}

/// A number of calls a second, without digits that say nothing.
fn short(number: f64) -> String {
    if number >= 9.95 {
        return words::grouped(&format!("{number:.0}"));
    }
    let text = if number < 0.995 { format!("{number:.2}") } else { format!("{number:.1}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(calls: u64, throttles: u64) -> CallLimits {
        CallLimits { calls, throttles, ..CallLimits::default() }
    }

    fn pace(units: &[(f64, f64, u64)]) -> Pace {
        let mut pace = Pace::of("microchip", false);
        for (began, ended, made) in units {
            pace.add_calls(1e9 + began, 1e9 + ended, &calls(*made, 0));
        }
        pace
    }

    const RATE: [Rate; 1] = [Rate {
        call: "RegisterCertificateWithoutCA",
        key: "register_certificate",
        calls_a_second: 10.0,
    }];

    #[track_caller]
    fn check(units: &[(f64, f64, u64)], columns: usize, width: f64) {
        let pace = pace(units);
        let (began, ended) = units.iter().fold((f64::MAX, 0.0_f64), |(began, ended), unit| {
            (began.min(1e9 + unit.0), ended.max(1e9 + unit.1))
        });
        let (found, bins) = bins(&pace.stretches, began, ended);
        assert!((found - width).abs() < 1e-9, "{found}");
        assert_eq!(bins.len(), columns);
        let sum: f64 = bins.iter().sum();
        let made: u64 = units.iter().map(|(_, _, made)| made).sum();
        assert!((sum - float(made)).abs() < 1e-6, "{bins:?} come to {sum}");
        assert!(bins.iter().all(|calls| *calls >= 0.0), "{bins:?}");
    }

    #[test]
    fn bars_add_up_to_the_calls() {
        check(&[(0.0, 0.0, 1)], 1, 0.5);
        check(&[(0.0, 0.3, 1), (0.3, 0.6, 1), (0.6, 0.9, 1)], 2, 0.5);
        check(&[(0.0, 100.0, 1_000)], 100, 1.0);
        check(&[(7.25, 133.3, 700), (10.0, 132.0, 800), (132.0, 132.0, 3)], 64, 2.0);
        check(&[(0.0, 100_000.0, 1_000_000)], 112, 900.0);
        check(&[(0.0, 1e9, 5)], 120, 1e9 / 120.0);
        check(&[(0.0, 60.0, 10)], 120, 0.5);
    }

    #[test]
    fn a_units_calls_are_spread_over_its_time() {
        let pace = pace(&[(0.0, 4.0, 40), (1.0, 2.0, 5)]);
        let (_, bins) = bins(&pace.stretches, 1e9, 1e9 + 4.0);
        assert_eq!(bins, [5.0, 5.0, 7.5, 7.5, 5.0, 5.0, 5.0, 5.0]);
    }

    #[test]
    fn the_picture_has_the_rate_and_says_what_it_shows() {
        let timeline = pace(&[(0.0, 100.0, 900)]).timeline(&RATE).unwrap();
        assert_eq!(
            timeline.sentence,
            "900 calls in 1 min 40 s: 9 a second on average, 9 at most; none was throttled. \
             The configured rate is 10 a second for all runs together."
        );
        assert_eq!(timeline.levels, ["12", "6", "0"]);
        assert_eq!(timeline.times, ["0 s", "50 s", "1 min 40 s"]);
        assert_eq!((timeline.columns, timeline.rate.as_str()), (100, "16.67"));
        let bar = Bar { column: 99, from: "25.00".into(), height: "75.00".into() };
        assert_eq!(timeline.bars.last(), Some(&bar));
    }

    #[test]
    fn throttled_calls_are_told_and_not_drawn() {
        let mut pace = Pace::of("mes", false);
        pace.add_calls(0.0, 10.0, &calls(1_200, 1_100));
        let rate = [Rate { call: "UpdateCertificate", ..RATE[0] }];
        let timeline = pace.timeline(&rate).unwrap();
        let expected =
            "100 calls in 10 s: 10 a second on average, 10 at most; 1,100 more were throttled.";
        assert!(timeline.sentence.starts_with(expected), "{}", timeline.sentence);
    }

    #[test]
    fn a_run_without_such_a_call_has_no_picture() {
        assert_eq!(Pace::of("microchip", false).timeline(&RATE), None);
        assert_eq!(pace(&[(0.0, 1.0, 0)]).timeline(&RATE), None);
    }

    #[test]
    fn an_undo_is_as_fast_as_it_takes_certificates_back() {
        let calls = [("microchip", true), ("mes", true)]
            .map(|(vendor, undoes)| Pace::of(vendor, undoes).call());
        assert_eq!(calls, ["DeleteCertificate", "UpdateCertificate"]);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, expected) in
            [(10.0, 12.0), (9.0, 10.0), (0.4, 0.5), (100.0, 120.0), (240.0, 250.0)]
        {
            assert!((top(most) - expected).abs() < 1e-9, "{most}: {}", top(most));
        }
    }
}
