//! Axes: what a position means, and round figures to mark.

use crate::model;
use crate::render::units::{self, NO_BREAK};

/// What the figures along an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Bytes,
    /// A figure divided by the baseline's.
    Ratio,
    /// Operations per second.
    PerSecond,
    /// A share of runs, 0 to 1.
    Share,
    /// A number of instances.
    Count,
    /// Anything else that a program counts in.
    Plain,
}

impl From<&model::Unit> for Unit {
    fn from(unit: &model::Unit) -> Self {
        match unit {
            model::Unit::Milliseconds => Unit::Milliseconds,
            model::Unit::Bytes => Unit::Bytes,
            model::Unit::Count => Unit::Count,
            model::Unit::PerSecond => Unit::PerSecond,
            model::Unit::Other(_) => Unit::Plain,
        }
    }
}

impl Unit {
    /// A figure with its unit, for labels and tooltips.
    pub(crate) fn format(self, value: f64) -> String {
        match self {
            Unit::Milliseconds => units::milliseconds(value),
            Unit::Bytes => units::bytes(value),
            Unit::Ratio => format!("{}×", units::number(value)),
            Unit::Share => format!("{:.0} %", value * 100.0),
            Unit::PerSecond => units::per_second(value),
            Unit::Count => format!("{value:.0}"),
            Unit::Plain => units::number(value),
        }
    }

    /// A figure as it is in the results file, to a tenth of a microsecond, a byte, a hundredth of a percent.
    pub(crate) fn exact(self, value: f64) -> String {
        match self {
            Unit::Milliseconds => format!("{value:.4}{NO_BREAK}ms"),
            Unit::Bytes => format!("{}{NO_BREAK}({value:.0}{NO_BREAK}B)", units::bytes(value)),
            Unit::Ratio => format!("{value:.4}×"),
            Unit::PerSecond => format!("{value:.0}{NO_BREAK}/s"),
            Unit::Share | Unit::Count | Unit::Plain => self.format(value),
        }
    }

    /// The step of the unit in which an axis up to `max` is marked, and its name.
    fn step(self, max: f64) -> (f64, &'static str) {
        let steps: &[(f64, &str)] = match self {
            Unit::Milliseconds => &[(1.0, "ms"), (10_000.0, "s")],
            Unit::Bytes => &[
                (1.0, "B"),
                (1024.0, "KiB"),
                (1_048_576.0, "MiB"),
                (1_073_741_824.0, "GiB"),
            ],
            Unit::Ratio => &[(1.0, "×")],
            Unit::Share => &[(0.01, "%")],
            Unit::Count | Unit::Plain => &[(1.0, "")],
            Unit::PerSecond => &[(1.0, "/s"), (1e3, "k/s"), (1e6, "M/s"), (1e9, "G/s")],
        };
        let (threshold, name) = steps
            .iter()
            .rev()
            .find(|(step, _)| max >= *step)
            .copied()
            .unwrap_or(steps[0]);
        // Seconds start at ten thousand milliseconds, but a second is a thousand.
        (if name == "s" { 1000.0 } else { threshold }, name)
    }
}

/// An axis from `start` to `end`, over `pixels` pixels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    start: f64,
    end: f64,
    pixels: i32,
    unit: Unit,
    log: bool,
}

impl Axis {
    /// From zero to a little above `max`.
    pub(crate) fn from_zero(unit: Unit, max: f64, pixels: i32) -> Axis {
        let end = if max.is_finite() && max > 0.0 { max } else { 1.0 };
        Axis {
            start: 0.0,
            end,
            pixels,
            unit,
            log: false,
        }
    }

    /// Logarithmic. `min` must be above zero.
    pub(crate) fn logarithmic(unit: Unit, min: f64, max: f64, pixels: i32) -> Axis {
        let sound = min.is_finite() && max.is_finite() && min > 0.0 && max > min;
        let (start, end) = if sound { (min, max) } else { (1.0, 10.0) };
        Axis {
            start,
            end,
            pixels,
            unit,
            log: true,
        }
    }

    pub(crate) fn pixels(&self) -> i32 {
        self.pixels
    }

    /// The pixel of a figure, counted from the axis' start; figures outside are put on its ends.
    pub(crate) fn pixel(&self, value: f64) -> i32 {
        let share = if self.log {
            (value.max(self.start) / self.start).ln() / (self.end / self.start).ln()
        } else {
            (value - self.start) / (self.end - self.start)
        };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        (share * f64::from(self.pixels)).round() as i32
    }

    /// The name of the unit that the marks count in: `ms`, `MiB`.
    pub(crate) fn unit_name(&self) -> &'static str {
        self.unit.step(self.end).1
    }

    /// Pixels and texts of about `count` round figures.
    pub(crate) fn ticks(&self, count: i32) -> Vec<(i32, String)> {
        let (step, _) = self.unit.step(self.end);
        let values = if self.log {
            self.log_ticks(step, count)
        } else {
            self.linear_ticks(step, count)
        };
        values
            .into_iter()
            .map(|(value, text)| (self.pixel(value), text))
            .collect()
    }

    fn linear_ticks(&self, unit: f64, count: i32) -> Vec<(f64, String)> {
        let rough = (self.end - self.start) / unit / f64::from(count.max(1));
        let power = 10f64.powf(rough.log10().floor());
        let multiple = [1.0, 2.0, 5.0]
            .into_iter()
            .find(|multiple| multiple * power >= rough * 0.999)
            .unwrap_or(10.0);
        let step = multiple * power;
        let digits = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let last = ((self.end - self.start) / unit / step * (1.0 + 1e-9)).floor();
        let last = if last.is_finite() {
            last.clamp(0.0, 50.0) as u32
        } else {
            0
        };
        (0..=last)
            .map(|index| f64::from(index) * step)
            .map(|value| (value * unit, format!("{value:.digits$}")))
            .collect()
    }

    /// 1, 2 and 5 of every decade where there is room, else 1 of every decade, else 1 of every second one, and so on.
    fn log_ticks(&self, unit: f64, count: i32) -> Vec<(f64, String)> {
        let (start, end) = (self.start / unit * (1.0 - 1e-9), self.end / unit * (1.0 + 1e-9));
        let decades = start.log10().floor() as i32..=end.log10().ceil() as i32;
        let within = |decade: i32, multiples: &[f64]| -> Vec<f64> {
            let values = multiples.iter().map(|multiple| multiple * 10f64.powi(decade));
            values.filter(|value| (start..=end).contains(value)).collect()
        };
        let fine: Vec<f64> = decades
            .clone()
            .flat_map(|decade| within(decade, &[1.0, 2.0, 5.0]))
            .collect();
        let every = |stride: i32| {
            decades
                .clone()
                .filter(move |decade| decade % stride == 0)
                .flat_map(|decade| within(decade, &[1.0]))
        };
        let room = |values: &[f64]| values.len() <= count.max(2) as usize;
        let coarse = || {
            (1..=40)
                .map(|stride| every(stride).collect::<Vec<f64>>())
                .find(|values| room(values))
        };
        let values = if room(&fine) || fine.len() < 3 {
            fine
        } else {
            coarse().unwrap_or_default()
        };
        let text = |value: f64| {
            if value >= 1.0 {
                format!("{value:.0}")
            } else {
                format!("{value}")
            }
        };
        values.into_iter().map(|value| (value * unit, text(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(axis: &Axis, count: i32) -> Vec<String> {
        axis.ticks(count).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_bar_axis_begins_at_zero_and_has_round_marks() {
        assert_eq!(
            texts(&Axis::from_zero(Unit::Milliseconds, 5.9, 500), 6),
            ["0", "1", "2", "3", "4", "5"]
        );
        assert_eq!(
            texts(&Axis::from_zero(Unit::Milliseconds, 0.6, 500), 4),
            ["0.0", "0.2", "0.4", "0.6"]
        );
    }

    #[test]
    fn bytes_are_marked_in_a_unit_that_suits_their_size() {
        let axis = Axis::from_zero(Unit::Bytes, 2_000_000.0, 500);
        assert_eq!(
            (axis.unit_name(), texts(&axis, 4)),
            ("MiB", ["0.0", "0.5", "1.0", "1.5"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn long_times_are_marked_in_seconds() {
        let axis = Axis::from_zero(Unit::Milliseconds, 20_000.0, 500);
        assert_eq!(
            (axis.unit_name(), texts(&axis, 4)),
            ("s", ["0", "5", "10", "15", "20"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn a_logarithmic_axis_marks_decades() {
        assert_eq!(
            texts(&Axis::logarithmic(Unit::Milliseconds, 0.4, 60.0, 500), 8),
            ["0.5", "1", "2", "5", "10", "20", "50"]
        );
        assert_eq!(
            texts(&Axis::logarithmic(Unit::Milliseconds, 0.4, 60.0, 500), 3),
            ["1", "10"]
        );
    }

    proptest! {
        #[test]
        fn no_range_makes_an_axis_fail(min in any::<f64>(), max in any::<f64>(), value in any::<f64>(), count in -1..20i32) {
            for axis in [Axis::from_zero(Unit::Bytes, max, 500), Axis::logarithmic(Unit::Milliseconds, min, max, 500)] {
                prop_assert!((0..=500).contains(&axis.pixel(value)));
                prop_assert!(axis.ticks(count).iter().all(|(pixel, _)| (0..=500).contains(pixel)));
            }
        }
    }
}
