//! What a workload is, what it is asked for, and what it says of its work.

use std::time::Duration;

/// A workload.
pub struct Workload {
    /// What the executable has to be called to do it.
    pub name: &'static str,
    /// What its amount counts.
    pub counts: &'static str,
    /// The amount when none is given.
    pub usual: u64,
    /// Makes ready for it; what comes back does the work that is timed.
    pub prepare: fn(Request) -> Result<Work, String>,
}

/// The work that is timed.
pub type Work = Box<dyn FnOnce() -> Result<Done, String>>;

/// What it is asked for.
pub struct Request {
    /// How much.
    pub amount: u64,
    /// Where files go, for those that make some.
    pub folder: Option<String>,
}

impl Request {
    /// The command line's `[AMOUNT [FOLDER]]`.
    pub fn read(workload: &Workload, arguments: &[String]) -> Result<Request, String> {
        let (amount, folder) = match arguments {
            [] => (None, None),
            [amount] => (Some(amount), None),
            [amount, folder] => (Some(amount), Some(folder.clone())),
            _ => return Err("it takes an amount and a folder, no more".into()),
        };
        let amount = match amount {
            None => workload.usual,
            Some(text) => text
                .parse()
                .ok()
                .filter(|amount| (1..=1_000_000).contains(amount))
                .ok_or_else(|| format!("the amount ({}) is a whole number from 1 to 1000000", workload.counts))?,
        };
        Ok(Request { amount, folder })
    }
}

/// Work that was done.
pub struct Done {
    /// Operations.
    pub ops: u64,
    /// How long they took in all.
    pub elapsed: Duration,
    /// What came out, in a word: the same for the same amount.
    pub checksum: u64,
    /// What else was measured.
    pub metrics: Vec<Metric>,
}

/// A figure by name.
pub struct Metric {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    pub better: &'static str,
}

impl Metric {
    /// Of which less is better.
    pub fn lower(name: impl Into<String>, value: f64, unit: &'static str) -> Metric {
        Metric {
            name: name.into(),
            value,
            unit,
            better: "lower",
        }
    }

    /// Of which more is better.
    pub fn higher(name: impl Into<String>, value: f64, unit: &'static str) -> Metric {
        Metric {
            better: "higher",
            ..Metric::lower(name, value, unit)
        }
    }
}

impl Done {
    /// The rest of the line of JSON, behind the workload's name.
    pub fn json(&self) -> String {
        let seconds = self.elapsed.as_secs_f64();
        let metrics: Vec<String> = self
            .metrics
            .iter()
            .map(
                |Metric {
                     name,
                     value,
                     unit,
                     better,
                 }| {
                    format!("{{\"name\":\"{name}\",\"value\":{value:.3},\"unit\":\"{unit}\",\"better\":\"{better}\"}}")
                },
            )
            .collect();
        format!(
            "\"ops\":{},\"inside_ms\":{:.6},\"ops_per_s\":{:.1},\"checksum\":\"{:016x}\",\"metrics\":[{}]}}",
            self.ops,
            seconds * 1e3,
            self.ops as f64 / seconds,
            self.checksum,
            metrics.join(",")
        )
    }
}
