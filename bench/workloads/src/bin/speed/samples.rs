//! Many timings of the same small thing, of which the median and the 99th percentile are told: a mean hides a slow tail.

use crate::work::Metric;
use std::time::{Duration, Instant};

/// Timings, each of several repetitions where one is too short for the clock.
pub struct Samples {
    nanoseconds: Vec<f64>,
}

impl Samples {
    pub fn new(count: u64) -> Samples {
        Samples {
            nanoseconds: Vec::with_capacity(count as usize),
        }
    }

    /// Times `repetitions` in one go.
    pub fn time<T>(&mut self, repetitions: u64, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = work();
        self.nanoseconds
            .push(began.elapsed().as_nanos() as f64 / repetitions as f64);
        result
    }

    /// `NAME_p50` and `NAME_p99` in nanoseconds.
    pub fn in_ns(self, name: &str) -> [Metric; 2] {
        self.metrics(name, "ns", Duration::from_nanos(1))
    }

    /// The same in microseconds.
    pub fn in_us(self, name: &str) -> [Metric; 2] {
        self.metrics(name, "us", Duration::from_micros(1))
    }

    fn metrics(mut self, name: &str, unit: &'static str, scale: Duration) -> [Metric; 2] {
        self.nanoseconds.sort_by(f64::total_cmp);
        [("p50", 0.5), ("p99", 0.99)].map(|(which, share)| {
            let last = self.nanoseconds.len().saturating_sub(1);
            let index = (last as f64 * share).round() as usize;
            let value = self.nanoseconds.get(index).copied().unwrap_or_default();
            Metric::lower(format!("{name}_{which}"), value / scale.as_nanos() as f64, unit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn the_percentiles_are_samples() {
        let samples = Samples {
            nanoseconds: (1..=101).map(f64::from).collect(),
        };
        let values = samples.in_ns("x").map(|metric| (metric.name, metric.value));
        assert_eq!(values, [("x_p50".into(), 51.0), ("x_p99".into(), 100.0)]);
    }
}
