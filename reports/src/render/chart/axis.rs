//! Axes: what a position means, and round figures to mark.

use crate::render::scale::Scale;

/// An axis from `start` to `end`, over `pixels` pixels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    start: f64,
    end: f64,
    pixels: i32,
    log: bool,
}

impl Axis {
    /// From zero to `max`: bars begin at zero.
    pub(crate) fn from_zero(max: f64, pixels: i32) -> Axis {
        let end = if max.is_finite() && max > 0.0 { max } else { 1.0 };
        Axis::between(0.0, end, pixels)
    }

    /// From one figure to another.
    pub(crate) fn between(min: f64, max: f64, pixels: i32) -> Axis {
        let sound = min.is_finite() && max.is_finite() && max > min;
        let (start, end) = if sound { (min, max) } else { (0.0, 1.0) };
        Axis {
            start,
            end,
            pixels,
            log: false,
        }
    }

    /// Logarithmic. `min` must be above zero.
    pub(crate) fn logarithmic(min: f64, max: f64, pixels: i32) -> Axis {
        let sound = min.is_finite() && max.is_finite() && min > 0.0 && max > min;
        let (start, end) = if sound { (min, max) } else { (1.0, 10.0) };
        Axis {
            start,
            end,
            pixels,
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

    /// Pixels and texts of about `count` round figures, counted in the unit of the scale; the last one names it.
    pub(crate) fn ticks(&self, scale: &Scale, count: i32) -> Vec<(i32, String)> {
        let step = scale.step();
        let mut values = if self.log {
            self.log_ticks(step, count, scale)
        } else {
            self.linear_ticks(step, count, scale)
        };
        if let Some((_, text)) = values.last_mut() {
            *text = scale.with_unit(text);
        }
        let pixel = |(value, text)| (self.pixel(value), text);
        values.into_iter().map(pixel).collect()
    }

    fn linear_ticks(&self, unit: f64, count: i32, scale: &Scale) -> Vec<(f64, String)> {
        let rough = (self.end - self.start) / unit / f64::from(count.max(1));
        let power = 10f64.powf(rough.log10().floor());
        let multiple = [1.0, 2.0, 5.0]
            .into_iter()
            .find(|multiple| multiple * power >= rough * 0.999)
            .unwrap_or(10.0);
        let step = multiple * power;
        let digits = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let (first, last) = (
            (self.start / unit / step * (1.0 - 1e-9)).ceil(),
            (self.end / unit / step * (1.0 + 1e-9)).floor(),
        );
        let count = if (last - first).is_finite() {
            (last - first).clamp(0.0, 50.0) as u32
        } else {
            0
        };
        (0..=count)
            .map(|index| (first + f64::from(index)) * step)
            .map(|value| (value * unit, scale.number(value, digits)))
            .collect()
    }

    /// 1, 2 and 5 of every decade where there is room, else 1 of every decade, else 1 of every second one, and so on.
    fn log_ticks(&self, unit: f64, count: i32, scale: &Scale) -> Vec<(f64, String)> {
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
                scale.number(value, 0)
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
    use crate::model::Unit;
    use proptest::prelude::*;

    fn texts(axis: &Axis, unit: &Unit, least: f64, count: i32) -> Vec<String> {
        let texts = axis.ticks(&Scale::new(unit, [least].into_iter()), count).into_iter();
        texts.map(|(_, text)| text.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn a_bar_axis_begins_at_zero_and_has_round_marks_of_which_the_last_names_the_unit() {
        let ms = |max, count| texts(&Axis::from_zero(max, 500), &Unit::Milliseconds, 0.5, count);
        assert_eq!(ms(5.9, 6), ["0", "1", "2", "3", "4", "5 ms"]);
        assert_eq!(ms(0.6, 4), ["0.0", "0.2", "0.4", "0.6 ms"]);
    }

    #[test]
    fn an_axis_is_marked_in_the_unit_of_its_figures() {
        let axis = Axis::from_zero(2_000_000.0, 500);
        assert_eq!(
            texts(&axis, &Unit::Bytes, 150_000.0, 4),
            ["0", "500", "1,000", "1,500 KiB"]
        );
        let axis = Axis::from_zero(20_000.0, 500);
        assert_eq!(
            texts(&axis, &Unit::Milliseconds, 12_000.0, 4),
            ["0", "5", "10", "15", "20 s"]
        );
    }

    #[test]
    fn an_axis_around_one_has_marks_on_both_sides() {
        let axis = Axis::between(-0.034, 0.021, 500);
        let ticks = axis.ticks(&Scale::percent(), 5).into_iter();
        let ticks: Vec<String> = ticks.map(|(_, text)| text.replace('\u{a0}', " ")).collect();
        assert_eq!(ticks, ["−2", "0", "+2 %"]);
    }

    #[test]
    fn a_logarithmic_axis_marks_decades() {
        let axis = Axis::logarithmic(0.4, 60.0, 500);
        let ms = |count| texts(&axis, &Unit::Milliseconds, 0.4, count);
        assert_eq!(ms(8), ["0.5", "1", "2", "5", "10", "20", "50 ms"]);
        assert_eq!(ms(3), ["1", "10 ms"]);
    }

    proptest! {
        #[test]
        fn no_range_makes_an_axis_fail(min in any::<f64>(), max in any::<f64>(), value in any::<f64>(), count in -1..20i32) {
            let scale = Scale::new(&Unit::Bytes, [value].into_iter());
            let axes = [Axis::from_zero(max, 500), Axis::between(min, max, 500), Axis::logarithmic(min, max, 500)];
            for axis in axes {
                prop_assert!((0..=500).contains(&axis.pixel(value)));
                prop_assert!(axis.ticks(&scale, count).iter().all(|(pixel, _)| (0..=500).contains(pixel)));
            }
        }
    }
}
