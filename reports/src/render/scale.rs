//! One unit and one number of decimals for all figures of a column, so that they can be compared at a glance.

use super::messages::clean;
use super::units::NO_BREAK;
use crate::model::Unit;

/// How the figures of a column are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    /// `ms`, `KiB`; empty for counts.
    pub unit: String,
    step: f64,
    decimals: usize,
    /// Whether a figure above zero has a plus.
    signed: bool,
}

impl Scale {
    /// The largest unit in which the smallest figure is at least 1, with so many decimals that it keeps about three digits.
    pub(crate) fn new(unit: &Unit, figures: impl Iterator<Item = f64>) -> Scale {
        let sound = figures.filter(|figure| figure.is_finite() && *figure > 0.0);
        let least = sound.fold(f64::INFINITY, f64::min);
        let other;
        let steps: &[(f64, &str)] = match unit {
            Unit::Milliseconds => &[(1.0, "ms"), (10_000.0, "s")],
            Unit::Bytes => &[
                (1.0, "B"),
                (1024.0, "KiB"),
                (1_048_576.0, "MiB"),
                (1_073_741_824.0, "GiB"),
            ],
            Unit::PerSecond => &[(1.0, "/s"), (1e3, "k/s"), (1e6, "M/s"), (1e9, "G/s")],
            Unit::Count => &[(1.0, "")],
            Unit::Other(name) => {
                other = [(1.0, name.as_str())];
                &other
            }
        };
        let fits = |(step, _): &&(f64, &str)| least.is_finite() && least >= *step;
        let (from, name) = steps.iter().rev().find(fits).copied().unwrap_or(steps[0]);
        // Seconds begin at ten thousand milliseconds, but a second is a thousand.
        let step = if name == "s" { 1000.0 } else { from };
        let counted = matches!(unit, Unit::Count) || (matches!(unit, Unit::Bytes) && step == 1.0);
        let decimals = match least / step {
            _ if counted => 0,
            least if least < 0.1 => 3,
            least if least < 10.0 => 2,
            least if least < 50.0 && !matches!(unit, Unit::Bytes) => 1,
            _ => 0,
        };
        Scale {
            unit: clean(name),
            step,
            decimals,
            signed: false,
        }
    }

    /// Shares as changes in percent, to a tenth.
    pub(crate) fn percent() -> Scale {
        Scale {
            unit: "%".into(),
            step: 0.01,
            decimals: 1,
            signed: true,
        }
    }

    /// What a figure is divided by to be counted in the unit.
    pub(crate) fn step(&self) -> f64 {
        self.step
    }

    /// A figure without its unit: `0.72`, `1,294`.
    pub(crate) fn format(&self, figure: f64) -> String {
        self.number(figure / self.step, self.decimals)
    }

    /// A figure with its unit: `0.72 ms`.
    pub(crate) fn format_with_unit(&self, figure: f64) -> String {
        self.with_unit(&self.format(figure))
    }

    /// A text and the unit after it.
    pub(crate) fn with_unit(&self, text: &str) -> String {
        if self.unit.is_empty() {
            return text.to_owned();
        }
        format!("{text}{NO_BREAK}{}", self.unit)
    }

    /// A number of units with so many decimals, its thousands apart.
    pub(crate) fn number(&self, number: f64, decimals: usize) -> String {
        let text = format!("{:.decimals$}", number.abs());
        let (whole, rest) = text.split_once('.').map_or((&*text, ""), |(whole, rest)| (whole, rest));
        let zero = !text.contains(|c| ('1'..='9').contains(&c));
        let mut grouped = String::from(match number {
            _ if zero => "",
            number if number < 0.0 => "−",
            _ if self.signed => "+",
            _ => "",
        });
        for (index, c) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) && c.is_ascii_digit() {
                grouped.push(',');
            }
            grouped.push(c);
        }
        if !rest.is_empty() {
            grouped.push('.');
            grouped.push_str(rest);
        }
        grouped
    }

    /// From one figure to another: `0.64–0.86`.
    pub(crate) fn range(&self, low: f64, high: f64) -> String {
        format!("{}–{}", self.format(low), self.format(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(unit: &Unit, figures: &[f64]) -> (String, Vec<String>) {
        let scale = Scale::new(unit, figures.iter().copied());
        let texts = figures.iter().map(|figure| scale.format(*figure)).collect();
        (scale.unit, texts)
    }

    #[test]
    fn a_column_has_one_unit_and_one_number_of_decimals() {
        let kib = |figure: f64| figure * 1024.0;
        let found = [
            column(&Unit::Milliseconds, &[0.7234, 1.85, 8.951]),
            column(&Unit::Milliseconds, &[12.34, 697.0]),
            column(&Unit::Milliseconds, &[12_345.0, 125_000.0]),
            column(&Unit::Bytes, &[kib(56.2), kib(475.0), kib(1294.0)]),
            column(&Unit::Bytes, &[kib(1096.0), kib(1208.0)]),
            column(&Unit::PerSecond, &[1.18e8, 1.2e8]),
            column(&Unit::Count, &[31.0, 1234567.0]),
            column(&Unit::Other("J".into()), &[0.05, 3.0]),
        ];
        let expected: [(&str, &[&str]); 8] = [
            ("ms", &["0.72", "1.85", "8.95"]),
            ("ms", &["12.3", "697.0"]),
            ("s", &["12.3", "125.0"]),
            ("KiB", &["56", "475", "1,294"]),
            ("MiB", &["1.07", "1.18"]),
            ("M/s", &["118", "120"]),
            ("", &["31", "1,234,567"]),
            ("J", &["0.050", "3.000"]),
        ];
        for ((unit, texts), (wanted, figures)) in found.iter().zip(expected) {
            assert_eq!(
                (
                    unit.as_str(),
                    texts.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
                ),
                (wanted, figures)
            );
        }
    }

    #[test]
    fn no_figure_at_all_and_none_that_is_sound_still_have_a_scale() {
        assert_eq!(Scale::new(&Unit::Bytes, [].into_iter()).format(0.0), "0");
        assert_eq!(
            Scale::new(&Unit::Bytes, [f64::NAN, f64::INFINITY].into_iter()).format(1234.0),
            "1,234"
        );
    }
}
