//! A measured figure beside its target, and what it is made of.

use serde::Serialize;

/// A figure whose runs differ by more than this part of their median is not reported.
pub(crate) const NOISE: f64 = 0.30;

/// How often a thing is measured, at least.
pub(crate) const RUNS: usize = 5;

/// What several runs measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// What `of` makes of each value.
    pub(crate) fn map(&self, of: impl Fn(f64) -> f64) -> Self {
        Self(self.0.iter().copied().map(of).collect())
    }

    /// Run by run, as a part of what another series measured beside it. Where the machine is slow for both, that says nothing
    /// about either.
    pub(crate) fn over(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(value, other)| value / other).collect()
    }

    pub(crate) fn mean(&self) -> f64 {
        let count = u32::try_from(self.0.len()).map_or(f64::MAX, f64::from);
        self.0.iter().sum::<f64>() / count
    }

    pub(crate) fn median(&self) -> f64 {
        let mut values = self.0.clone();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        if values.len() % 2 == 1 {
            at(middle)
        } else {
            f64::midpoint(at(middle.saturating_sub(1)), at(middle))
        }
    }

    /// How far the runs are apart, as a part of their median.
    pub(crate) fn spread(&self) -> f64 {
        let most = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let median = self.median();
        if self.0.is_empty() || median == 0.0 { 0.0 } else { (most - least) / median }
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// What is asked of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    pub(crate) const fn value(self) -> f64 {
        match self {
            Self::AtLeast(value) | Self::AtMost(value) => value,
        }
    }

    fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(target) => value >= target,
            Self::AtMost(target) => value <= target,
        }
    }
}

/// A figure as it is reported.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// None where the machine was too noisy.
    pub(crate) value: Option<f64>,
    pub(crate) unit: &'static str,
    #[serde(serialize_with = "target_value")]
    pub(crate) target: Option<Target>,
    /// What the machine allows, measured in the same run.
    pub(crate) limit: Option<f64>,
    pub(crate) spread: f64,
    pub(crate) met: Option<bool>,
}

impl Figure {
    /// What a series of runs measured. It is not reported where they are too far apart.
    pub(crate) fn measured(name: impl Into<String>, unit: &'static str, runs: &Series) -> Self {
        let spread = runs.spread();
        let value = (spread <= NOISE).then(|| runs.median());
        Self { name: name.into(), value, unit, target: None, limit: None, spread, met: None }
    }

    /// What was counted or computed, and comes out the same every time.
    pub(crate) fn counted(name: impl Into<String>, unit: &'static str, value: f64) -> Self {
        let value = Some(value);
        Self { name: name.into(), value, unit, target: None, limit: None, spread: 0.0, met: None }
    }

    pub(crate) fn target(self, target: Target) -> Self {
        let met = self.value.map(|value| target.is_met_by(value));
        Self { target: Some(target), met, ..self }
    }

    pub(crate) fn limit(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    pub(crate) const fn is_too_noisy(&self) -> bool {
        self.value.is_none()
    }

    /// Whether it is reported, and its target is met.
    pub(crate) fn is_good(&self) -> bool {
        !self.is_too_noisy() && self.met != Some(false)
    }
}

#[expect(clippy::ref_option, reason = "serde's shape")]
fn target_value<S: serde::Serializer>(target: &Option<Target>, to: S) -> Result<S::Ok, S::Error> {
    target.map(Target::value).serialize(to)
}

#[cfg(test)]
mod tests {
    use super::{Figure, Series, Target};

    fn series(values: &[f64]) -> Series {
        values.iter().copied().collect()
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((series(&[3.0, 1.0, 2.0]).median() - 2.0).abs() < f64::EPSILON);
        assert!((series(&[4.0, 1.0]).median() - 2.5).abs() < f64::EPSILON);
    }

    #[test]
    fn runs_too_far_apart_give_no_figure() {
        let calm = Figure::measured("a", "s", &series(&[10.0, 11.0, 12.9]));
        assert_eq!(calm.value, Some(11.0));
        let noisy = Figure::measured("a", "s", &series(&[10.0, 11.0, 13.5]));
        assert_eq!((noisy.value, noisy.is_good()), (None, false));
        assert_eq!(noisy.target(Target::AtLeast(1.0)).met, None);
    }

    #[test]
    fn what_slows_both_of_a_pair_is_no_noise() {
        let (product, limit) = (series(&[80.0, 40.0, 78.0]), series(&[100.0, 50.0, 100.0]));
        assert!(product.spread() > 0.3 && limit.spread() > 0.3);
        let ratio = product.over(&limit);
        assert!((ratio.median() - 0.8).abs() < 1e-9 && ratio.spread() < 0.03, "{ratio:?}");
    }

    #[test]
    fn a_figure_that_was_not_reported_is_null_for_programs() {
        let noisy = Figure::measured("a", "s", &series(&[10.0, 11.0, 14.0]));
        let told = serde_json::to_value(noisy.target(Target::AtMost(20.0)).limit(9.0)).unwrap();
        let spread = told["spread"].as_f64().unwrap();
        assert!((spread - 4.0 / 11.0).abs() < 1e-9, "{told}");
        let expected = serde_json::json!({
            "name": "a", "value": null, "unit": "s", "target": 20.0, "limit": 9.0, "spread": spread,
            "met": null,
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn a_target_is_met_from_its_side() {
        let figure = |target| Figure::counted("a", "s", 5.0).target(target).met;
        assert_eq!(figure(Target::AtLeast(5.0)), Some(true));
        assert_eq!(figure(Target::AtLeast(5.1)), Some(false));
        assert_eq!(figure(Target::AtMost(5.0)), Some(true));
        assert_eq!(figure(Target::AtMost(4.9)), Some(false));
    }
}
