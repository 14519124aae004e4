//! What a metric is, as a results file says it of those that it has figures of, and the figures themselves.
//!
//! As the file carries the definitions, figures that a program or a newer isolab has brought along are shown and compared
//! like all others.

use super::Name;
use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// What a metric is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Definition {
    /// Its name in the file: `ready_ms`.
    pub id: Name,
    /// What its figures count.
    pub unit: Unit,
    /// Which way is better.
    #[serde(default)]
    pub better: Better,
    /// What one figure of it is of.
    #[serde(default)]
    pub scope: Scope,
    /// How a target's figures become one.
    #[serde(default)]
    pub aggregate: Aggregate,
    /// The metric that it is a part of. Parts of one instance add up to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Name>,
    /// The version of its measuring method. Figures of different methods are never compared.
    #[serde(default = "first")]
    pub method: u32,
}

fn first() -> u32 {
    1
}

impl Definition {
    /// The definition of what a program says of itself: `name`, counted in `unit`, once a run.
    pub fn of_program(name: &str, unit: &str, better: Better) -> Definition {
        Definition {
            id: name.into(),
            unit: Unit::from(unit.to_owned()),
            better,
            scope: Scope::Run,
            aggregate: Aggregate::Median,
            part_of: None,
            method: 1,
        }
    }
}

/// What figures count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Unit {
    /// `ms`.
    Milliseconds,
    /// `bytes`.
    Bytes,
    /// `count`.
    Count,
    /// `per_s`.
    PerSecond,
    /// Anything else, shown as it is.
    Other(Name),
}

impl From<String> for Unit {
    fn from(name: String) -> Self {
        match name.as_str() {
            "ms" => Unit::Milliseconds,
            "bytes" => Unit::Bytes,
            "count" => Unit::Count,
            "per_s" => Unit::PerSecond,
            _ => Unit::Other(name.into()),
        }
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Milliseconds => "ms".into(),
            Unit::Bytes => "bytes".into(),
            Unit::Count => "count".into(),
            Unit::PerSecond => "per_s".into(),
            Unit::Other(name) => name.into(),
        }
    }
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Times, sizes.
    Lower,
    /// Operations per second.
    Higher,
    /// Neither way: it is told, not judged.
    #[default]
    #[serde(other)]
    Neither,
}

/// What one figure of a metric is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Of instances of their own, apart from the timed runs.
    Instance,
    /// Of what is shipped.
    Image,
    /// Of a timed run.
    #[default]
    #[serde(other)]
    Run,
}

/// How a target's figures of a metric become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// The slope over so many instances that are alive at once. It is measured as one figure, with its own interval.
    Slope,
    /// The sum of the parts.
    Sum,
    /// The median.
    #[default]
    #[serde(other)]
    Median,
}

/// Figures by metric.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema)]
#[schemars(with = "BTreeMap<String, f64>")]
pub struct Figures(BTreeMap<Name, f64>);

impl Figures {
    /// The figure of a metric.
    pub fn get(&self, id: &str) -> Option<f64> {
        self.0.get(id).copied()
    }

    /// Sets the figure of a metric.
    pub fn set(&mut self, id: impl Into<Name>, figure: f64) {
        self.0.insert(id.into(), figure);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, f64)> {
        self.0.iter().map(|(id, figure)| (id, *figure))
    }
}

impl<N: Into<Name>> FromIterator<(N, f64)> for Figures {
    fn from_iter<I: IntoIterator<Item = (N, f64)>>(figures: I) -> Self {
        Figures(figures.into_iter().map(|(id, figure)| (id.into(), figure)).collect())
    }
}

impl<N: Into<Name>, const L: usize> From<[(N, f64); L]> for Figures {
    fn from(figures: [(N, f64); L]) -> Self {
        figures.into_iter().collect()
    }
}

impl Serialize for Figures {
    /// Counts are written as whole numbers.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The largest number up to which every whole number is itself as a floating-point number.
        const WHOLE: f64 = 9_007_199_254_740_992.0;
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (id, figure) in self.iter() {
            if figure.fract() == 0.0 && (1.0..WHOLE).contains(&figure) {
                map.serialize_entry(id, &(figure as u64))?;
            } else {
                map.serialize_entry(id, &figure)?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Figures {
    /// A metric without a figure (null) is left out.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Figures;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of numbers by metric")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Figures, A::Error> {
                let mut figures = Figures::default();
                while let Some((id, figure)) = map.next_entry::<Name, Option<f64>>()? {
                    figures.0.extend(figure.map(|figure| (id, figure)));
                }
                Ok(figures)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_of_a_newer_version_reads_with_what_is_known_of_it() {
        let text =
            r#"{"id": "joules", "unit": "J", "better": "warmer", "scope": "planet", "aggregate": "mode", "new": 1}"#;
        let read: Definition = serde_json::from_str(text).expect("it is one");
        assert_eq!(read, Definition::of_program("joules", "J", Better::Neither));
        let written = serde_json::to_value(&read).expect("it can be written");
        assert_eq!(written["unit"], "J");
        assert_eq!(written["better"], "neither");
    }

    #[test]
    fn counts_are_written_as_whole_numbers_and_a_null_is_no_figure() {
        let figures = Figures::from([("a", 152.0), ("b", 0.5), ("c", 0.0)]);
        let text = serde_json::to_string(&figures).expect("it can be written");
        assert_eq!(text, r#"{"a":152,"b":0.5,"c":0.0}"#);
        let read: Figures = serde_json::from_str(r#"{"a": 152, "b": 0.5, "c": 0, "d": null}"#).expect("it reads");
        assert_eq!(read, figures);
    }
}
