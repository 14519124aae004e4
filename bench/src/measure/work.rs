//! What a workload says of its work: one JSON object, the last line that it writes to stdout.
//!
//! ```json
//! {"checksum": "12ab", "metrics": [{"name": "requests_per_s", "value": 5210.5, "unit": "per_s", "better": "higher"}]}
//! ```
//!
//! Its metrics need no place in isolab's registry: they bring along what the results file has to say of them.

use reports::metrics;
use reports::model::{Better, Definition, Figures};
use serde::Deserialize;

/// The most metrics that are taken of one run, and the longest name: what is beyond is no report.
const MOST: usize = 32;
/// See [`MOST`].
const LONGEST_NAME: usize = 40;
/// The longest unit.
const LONGEST_UNIT: usize = 16;
/// No figure is larger: a clock of nanoseconds fits in.
const LARGEST: f64 = 1e18;
/// Those of isolab's own metrics that a workload reports.
const REPORTED: [&str; 3] = ["ops_per_s", "ops", "inside_ms"];

/// What a workload said.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Report {
    /// Operations in all.
    ops: Option<f64>,
    /// Time they took by the workload's own clock.
    inside_ms: Option<f64>,
    /// Operations per second.
    ops_per_s: Option<f64>,
    /// Checksum of the result.
    pub checksum: Option<String>,
    #[serde(default)]
    metrics: Vec<Reported>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Reported {
    name: String,
    value: f64,
    unit: String,
    #[serde(default)]
    better: Better,
}

impl Report {
    /// The report in what a workload wrote, where there is one.
    pub fn read(stdout: &[u8]) -> Option<Report> {
        let line = stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty())?;
        serde_json::from_slice(line).ok()
    }

    /// Its figures. What cannot be one (below zero, or not a number) is left out, and so is what would pass for a figure of
    /// isolab's own.
    pub fn figures(&self) -> Figures {
        let fixed = REPORTED.into_iter().zip([self.ops_per_s, self.ops, self.inside_ms]);
        let fixed = fixed.filter_map(|(id, figure)| Some((id, figure?)));
        let own = self.own().map(|metric| (metric.name.as_str(), metric.value));
        fixed
            .chain(own)
            .filter(|(_, figure)| (0.0..=LARGEST).contains(figure))
            .collect()
    }

    /// What its own metrics are.
    pub fn definitions(&self) -> Vec<Definition> {
        let own = self.own().filter(|metric| !REPORTED.contains(&metric.name.as_str()));
        own.map(|metric| Definition::of_program(&metric.name, &metric.unit, metric.better))
            .collect()
    }

    fn own(&self) -> impl Iterator<Item = &Reported> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let sound = move |metric: &&Reported| {
            let name = metric.name.as_str();
            let taken = metrics::ids().any(|id| id == name) && !REPORTED.contains(&name);
            let unit = &metric.unit;
            let fits = unit.chars().count() <= LONGEST_UNIT && !unit.chars().any(char::is_control);
            fits && (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain) && !taken
        };
        self.metrics.iter().filter(sound).take(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Report {
        Report::read(text.as_bytes()).expect("it is a report")
    }

    #[test]
    fn the_last_line_is_the_report_and_a_workload_need_not_write_one() {
        let report = read("ready\n{\"ops\": 10, \"inside_ms\": 2.5, \"ops_per_s\": 4000.0, \"checksum\": \"ab\"}\n\n");
        assert_eq!(
            report.figures(),
            Figures::from([("ops", 10.0), ("inside_ms", 2.5), ("ops_per_s", 4000.0)])
        );
        assert_eq!(report.checksum.as_deref(), Some("ab"));
        assert_eq!(Report::read(b"hello\n"), None);
        assert_eq!(Report::read(b""), None);
    }

    #[test]
    fn a_metric_of_its_own_brings_its_definition_along() {
        let report =
            read(r#"{"metrics": [{"name": "requests_per_s", "value": 5210.5, "unit": "per_s", "better": "higher"}]}"#);
        assert_eq!(report.figures().get("requests_per_s"), Some(5210.5));
        assert_eq!(
            report.definitions(),
            [Definition::of_program("requests_per_s", "per_s", Better::Higher)]
        );
    }

    #[test]
    fn what_a_workload_says_never_passes_for_what_isolab_measured() {
        let report = read(
            r#"{"metrics": [{"name": "ready_ms", "value": 0.1, "unit": "ms"}, {"name": "below", "value": -1, "unit": "J"},
                {"name": "<b>", "value": 1, "unit": "J"}, {"name": "ops_per_s", "value": 7, "unit": "per_s"}]}"#
                .replace('\n', " ")
                .as_str(),
        );
        assert_eq!(report.figures(), Figures::from([("ops_per_s", 7.0)]));
        for (value, unit) in [("1", "a unit of seventeen"), ("1", "\\u001b[31m"), ("1.7e308", "ms")] {
            let line = format!(r#"{{"metrics": [{{"name": "x", "value": {value}, "unit": "{unit}"}}]}}"#);
            assert_eq!(read(&line).figures(), Figures::default(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_output_is_read_without_a_panic(text in "\\PC{0,80}", name in "\\PC{0,50}", value: f64) {
            let _ = Report::read(text.as_bytes());
            let line = serde_json::json!({"metrics": [{"name": name, "value": value, "unit": text}]}).to_string();
            if let Some(report) = Report::read(line.as_bytes()) {
                prop_assert!(report.figures().iter().all(|(_, figure)| figure >= 0.0));
            }
        }
    }
}
