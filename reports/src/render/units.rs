//! Figures as a person reads them: three digits that say something, with their unit after a no-break space.

use crate::model::{Interval, Unit};

/// Keeps a figure and its unit on one line (U+00A0).
pub(crate) const NO_BREAK: char = '\u{a0}';

/// Digits after the point that leave about three significant ones.
fn digits(value: f64) -> usize {
    match value.abs() {
        // Only counted figures are whole to the last bit, and they have no digits to show.
        v if v.fract() == 0.0 => 0,
        v if v < 0.0995 => 3,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    }
}

/// A plain figure: `0.058`, `1.43`, `38.2`, `412`.
pub(crate) fn number(value: f64) -> String {
    format!("{value:.*}", digits(value))
}

/// `value` divided by the largest of `steps` that leaves at least 1, with that step's name.
fn scaled(value: f64, steps: &[(f64, &str)]) -> String {
    // The step is chosen by the rounded figure, so that 1023.9 KiB reads 1.00 MiB and not 1024 KiB.
    let fits = |step: f64| (value / step).abs() >= 0.9995;
    let (step, unit) = steps
        .iter()
        .rev()
        .find(|(step, _)| fits(*step))
        .or(steps.first())
        .copied()
        .unwrap_or((1.0, ""));
    let value = value / step;
    // Bytes and single operations are counted: no fractions of them.
    if step == 1.0 {
        format!("{value:.0}{NO_BREAK}{unit}")
    } else {
        format!("{}{NO_BREAK}{unit}", number(value))
    }
}

/// Milliseconds, from ten seconds on seconds: `0.62 ms`, `38.2 ms`, `12.5 s`.
pub(crate) fn milliseconds(ms: f64) -> String {
    if ms < 9_999.5 {
        format!("{}{NO_BREAK}ms", number(ms))
    } else {
        format!("{}{NO_BREAK}s", number(ms / 1e3))
    }
}

/// Bytes by powers of 1024: `512 B`, `148 KiB`, `1.91 MiB`.
pub(crate) fn bytes(bytes: f64) -> String {
    scaled(
        bytes,
        &[
            (1.0, "B"),
            (1024.0, "KiB"),
            (1_048_576.0, "MiB"),
            (1_073_741_824.0, "GiB"),
            (1_099_511_627_776.0, "TiB"),
        ],
    )
}

/// Operations per second by powers of 1000: `950 /s`, `1.20 M/s`.
pub(crate) fn per_second(rate: f64) -> String {
    scaled(
        rate,
        &[(1.0, "/s"), (1e3, "k/s"), (1e6, "M/s"), (1e9, "G/s"), (1e12, "T/s")],
    )
}

/// A figure of a metric with its unit.
pub(crate) fn format(value: f64, unit: &Unit) -> String {
    match unit {
        Unit::Milliseconds => milliseconds(value),
        Unit::Bytes => bytes(value),
        Unit::Count => format!("{value:.0}"),
        Unit::PerSecond => per_second(value),
        Unit::Other(name) => format!("{}{NO_BREAK}{}", number(value), super::messages::clean(name)),
    }
}

/// An interval of plain figures: `0.58–0.71`.
pub(crate) fn interval(interval: Interval) -> String {
    format!("{}–{}", number(interval.low), number(interval.high))
}

/// A factor with two digits at least, however small: `1.00`, `0.98`, `0.00034`.
pub(crate) fn factor(ratio: f64) -> String {
    let digits = match ratio {
        ratio if ratio >= 9.995 => 1,
        ratio if ratio >= 0.1 => 2,
        ratio if ratio > 0.0 => (1.0 - ratio.log10().floor()).min(9.0) as usize,
        _ => 0,
    };
    format!("{ratio:.digits$}")
}

/// A ratio, always with one decimal below 100: `2.6×`, `12.4×`, `697×`.
pub(crate) fn ratio(ratio: f64) -> String {
    format!("{}×", times(ratio))
}

/// The number of a ratio alone.
pub(crate) fn times(ratio: f64) -> String {
    let digits = if ratio < 99.95 { 1 } else { 0 };
    format!("{ratio:.digits$}")
}

/// A change in percent with its sign: `+4.9 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:+.1}{NO_BREAK}%", share * 100.0)
}

/// In how many of a hundred pairs. All and none are said only where it really was all or none.
pub(crate) fn pairs(share: f64) -> String {
    match (share * 100.0).round() {
        0.0 if share > 0.0 => "<1".to_owned(),
        100.0 if share < 1.0 => ">99".to_owned(),
        pairs => pairs.to_string(),
    }
}

/// A p-value: `0.030`, and `< 0.001` below that, where the test's approximation says no more.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain<const N: usize>(texts: [String; N]) -> [String; N] {
        texts.map(|text| text.replace(NO_BREAK, " "))
    }

    #[test]
    fn figures_keep_about_three_digits() {
        let read = |values: &[f64]| values.iter().map(|value| number(*value)).collect::<Vec<_>>();
        assert_eq!(
            read(&[0.0, 0.0583, 0.625, 1.434, 38.21, 412.3]),
            ["0", "0.058", "0.62", "1.43", "38.2", "412"]
        );
    }

    #[test]
    fn times_turn_to_seconds_when_milliseconds_get_long() {
        assert_eq!(
            plain([0.62, 9_999.0, 9_999.9, 125_000.0].map(milliseconds)),
            ["0.62 ms", "9999 ms", "10.0 s", "125 s"]
        );
    }

    #[test]
    fn bytes_never_read_1024_of_a_unit() {
        let read = [0.0, 1023.0, 1024.0, 151_552.0, 1_048_575.0, 1_998_848.0, 3e12].map(bytes);
        let read = plain(read);
        assert_eq!(
            read,
            ["0 B", "1023 B", "1 KiB", "148 KiB", "1.00 MiB", "1.91 MiB", "2.73 TiB"]
        );
    }

    #[test]
    fn rates_use_decimal_prefixes() {
        assert_eq!(plain([950.0, 1.2e8].map(per_second)), ["950 /s", "120 M/s"]);
    }

    #[test]
    fn tiny_p_values_are_not_given_false_digits() {
        assert_eq!([1.2e-9, 0.0312].map(p_value), ["< 0.001", "0.031"]);
    }
}
