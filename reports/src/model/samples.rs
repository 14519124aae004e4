//! The samples of a results file, packed: a hundred thousand of them take some ten megabytes.
//!
//! As a plain vector they would take ten times as much, most of it names and times: a start of eleven steps has eleven
//! names and as many numbers of eight bytes. Packed, every name is held once, and a number is a count, or of a time the
//! nanoseconds that the clock gave, in as few bytes as it needs ([postcard's wire format](https://postcard.jamesmunns.com/wire-format)).
//! In JSON they are an array like any other.

use super::{Message, Name, Phase, Sample};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Samples in the order they were taken. Looking at one unpacks it.
#[derive(Clone, Default)]
pub struct Samples {
    names: Names,
    /// Packed samples, each in one piece.
    bytes: Vec<u8>,
    /// Where each begins in `bytes`. A sample that was changed begins anew behind the others.
    starts: Vec<usize>,
}

impl Samples {
    /// Adds a sample at the end.
    pub fn push(&mut self, sample: Sample) {
        let start = self.append(sample);
        self.starts.push(start);
    }

    fn append(&mut self, sample: Sample) -> usize {
        let start = self.bytes.len();
        let packed = pack(sample, &mut self.names);
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(&packed, bytes).expect("numbers and texts can always be packed");
        start
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The sample at this place.
    pub fn get(&self, index: usize) -> Option<Sample> {
        self.starts.get(index).map(|start| self.unpack(*start))
    }

    /// All of them, in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            samples: self,
            starts: self.starts.iter(),
        }
    }

    fn unpack(&self, start: usize) -> Sample {
        self.names.unpack(&self.bytes[start..])
    }

    /// The number of a sample's target, without unpacking the rest.
    fn target_of(&self, start: usize) -> Option<u32> {
        postcard::take_from_bytes(&self.bytes[start..])
            .ok()
            .map(|(target, _)| target)
    }

    /// The targets that have samples, each once, in the order of their first.
    pub fn targets(&self) -> Vec<Name> {
        let mut found: Vec<u32> = Vec::new();
        for target in self.starts.iter().filter_map(|start| self.target_of(*start)) {
            if !found.contains(&target) {
                found.push(target);
            }
        }
        found.into_iter().map(|number| self.names.name(number)).collect()
    }

    /// Those of one target, in order; the others are not even unpacked.
    pub fn of<'a>(&'a self, target: &str) -> impl Iterator<Item = Sample> + use<'a> {
        let target = self.names.number_of(target);
        let own = move |start: &&usize| target.is_some() && self.target_of(**start) == target;
        self.starts.iter().filter(own).map(|start| self.unpack(*start))
    }

    /// Those of one target that did not fail, in order.
    pub fn good<'a>(&'a self, target: &str) -> impl Iterator<Item = Sample> + use<'a> {
        self.of(target).filter(|sample| sample.error.is_none())
    }

    /// Changes the sample at this place; none is there past the end.
    pub fn change(&mut self, index: usize, change: impl FnOnce(&mut Sample)) {
        if let Some(mut sample) = self.get(index) {
            change(&mut sample);
            self.starts[index] = self.append(sample);
        }
    }

    /// Changes every sample.
    pub fn change_all(&mut self, mut change: impl FnMut(&mut Sample)) {
        (0..self.len()).for_each(|index| self.change(index, &mut change));
    }

    /// Keeps only the first `length`.
    pub fn truncate(&mut self, length: usize) {
        self.starts.truncate(length);
    }

    /// Removes all.
    pub fn clear(&mut self) {
        *self = Samples::default();
    }
}

/// All samples in order; see [`Samples::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    samples: &'a Samples,
    starts: std::slice::Iter<'a, usize>,
}

impl Iterator for Iter<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.starts.next().map(|start| self.samples.unpack(*start))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.starts.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Samples {
    type Item = Sample;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl Extend<Sample> for Samples {
    fn extend<I: IntoIterator<Item = Sample>>(&mut self, samples: I) {
        samples.into_iter().for_each(|sample| self.push(sample));
    }
}

impl FromIterator<Sample> for Samples {
    fn from_iter<I: IntoIterator<Item = Sample>>(samples: I) -> Self {
        let mut packed = Samples::default();
        packed.extend(samples);
        packed
    }
}

impl<const N: usize> From<[Sample; N]> for Samples {
    fn from(samples: [Sample; N]) -> Self {
        samples.into_iter().collect()
    }
}

impl PartialEq for Samples {
    /// The same samples, however their names are numbered.
    fn eq(&self, other: &Samples) -> bool {
        self.len() == other.len() && self.iter().eq(other)
    }
}

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl Serialize for Samples {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de> Deserialize<'de> for Samples {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Packing;
        impl<'de> Visitor<'de> for Packing {
            type Value = Samples;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of samples")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Samples, A::Error> {
                let mut samples = Samples::default();
                while let Some(sample) = array.next_element()? {
                    samples.push(sample);
                }
                Ok(samples)
            }
        }
        deserializer.deserialize_seq(Packing)
    }
}

impl JsonSchema for Samples {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<Sample>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<Sample>::json_schema(generator)
    }
}

/// Every name that the samples hold, once, with its number.
#[derive(Clone, Debug, Default)]
struct Names {
    names: Vec<Name>,
    numbers: HashMap<Name, u32>,
}

impl Names {
    fn number(&mut self, name: Name) -> u32 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    fn number_of(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    fn name(&self, number: u32) -> Name {
        self.names[number as usize].clone()
    }

    fn unpack(&self, packed: &[u8]) -> Sample {
        let (packed, _): (Packed, _) = postcard::take_from_bytes(packed).expect("what was packed here can be unpacked");
        let phase = |(name, ms): (u32, Number)| Phase {
            name: self.name(name),
            ms: ms.value(),
        };
        let metrics = packed.metrics.into_iter();
        let missing = packed.missing.into_iter();
        let vm_exits = packed.vm_exits.into_iter();
        Sample {
            target: self.name(packed.target),
            run: packed.run,
            round: packed.round,
            metrics: metrics.map(|(id, figure)| (self.name(id), figure.value())).collect(),
            missing: missing.map(|(id, why)| (self.name(id), self.message(why))).collect(),
            phases: packed.phases.into_iter().map(phase).collect(),
            checksum: packed.checksum.map(|number| self.name(number)),
            exit_code: packed.exit_code,
            vm_exits: vm_exits.map(|(name, count)| (self.name(name), count)).collect(),
            error: packed.error.map(|number| self.message(number)),
        }
    }

    /// The number of a message, which is held as its JSON text.
    fn number_of_message(&mut self, message: &Message) -> u32 {
        let text = serde_json::to_string(message).expect("texts and numbers can always be written");
        self.number(text.into())
    }

    fn message(&self, number: u32) -> Message {
        serde_json::from_str(&self.name(number)).expect("what was written here can be read")
    }
}

/// A sample with numbers in place of names. `target` comes first, so that it can be looked at alone.
#[derive(Serialize, Deserialize)]
struct Packed {
    target: u32,
    run: u32,
    round: u32,
    metrics: Vec<(u32, Number)>,
    missing: Vec<(u32, u32)>,
    phases: Vec<(u32, Number)>,
    checksum: Option<u32>,
    exit_code: i32,
    vm_exits: Vec<(u32, u64)>,
    error: Option<u32>,
}

fn pack(sample: Sample, names: &mut Names) -> Packed {
    let metrics = sample.metrics.iter();
    let missing = sample.missing.into_iter();
    let phases = sample.phases.into_iter();
    let vm_exits = sample.vm_exits.into_iter();
    Packed {
        target: names.number(sample.target),
        run: sample.run,
        round: sample.round,
        metrics: metrics
            .map(|(id, figure)| (names.number(id.clone()), Number::from(figure)))
            .collect(),
        missing: missing
            .map(|(id, why)| (names.number(id), names.number_of_message(&why)))
            .collect(),
        phases: phases
            .map(|phase| (names.number(phase.name), Number::from(phase.ms)))
            .collect(),
        checksum: sample.checksum.map(|checksum| names.number(checksum)),
        exit_code: sample.exit_code,
        vm_exits: vm_exits.map(|(name, count)| (names.number(name), count)).collect(),
        error: sample.error.map(|error| names.number_of_message(&error)),
    }
}

/// A number that unpacks to the very one it was packed from.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Number {
    /// A count.
    Whole(u64),
    /// What a clock gave, in nanoseconds, of which the number is milliseconds.
    Millionths(u64),
    /// Anything else that a file can hold.
    Float(f64),
}

impl From<f64> for Number {
    fn from(value: f64) -> Number {
        // As a cast saturates, what is no whole number does not come back as itself.
        let same = |number: Number| (number.value().to_bits() == value.to_bits()).then_some(number);
        same(Number::Whole(value as u64))
            .or_else(|| same(Number::Millionths((value * 1e6).round() as u64)))
            .unwrap_or(Number::Float(value))
    }
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Number::Whole(whole) => whole as f64,
            Number::Millionths(millionths) => millionths as f64 / 1e6,
            Number::Float(float) => float,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The names of a real micro-VM's start.
    const PHASES: [&str; 7] = [
        "start the monitor",
        "make the machine",
        "load kernel and files",
        "make the processor",
        "guest kernel: entry",
        "guest kernel: load the program",
        "program",
    ];

    fn sample(run: u32) -> Sample {
        let phase = |(index, name): (usize, &&str)| Phase {
            name: (*name).into(),
            ms: f64::from(run % 900 + 100) * (index + 1) as f64 / 1e3,
        };
        Sample {
            target: "microvm".into(),
            run,
            round: run,
            metrics: [("ready_ms", 4.5), ("exit_ms", 5.125_001)].into(),
            phases: PHASES.iter().enumerate().map(phase).collect(),
            vm_exits: [("exit port".into(), 1), ("string port (console)".into(), 2)].into(),
            ..Sample::default()
        }
    }

    #[test]
    fn a_sample_of_a_micro_vm_takes_a_tenth_of_what_it_takes_unpacked() {
        let samples: Samples = (0..1000).map(sample).collect();
        let packed = samples.bytes.len();
        let names: usize = PHASES.iter().map(|name| name.len() + size_of::<Phase>()).sum();
        let maps = 2 * size_of::<(Name, f64)>() + 2 * size_of::<(Name, u64)>();
        let unpacked = size_of::<Sample>() + names + maps;
        assert!(packed / 1000 < unpacked / 8, "{} of {unpacked} bytes", packed / 1000);
        assert!(samples.iter().eq((0..1000).map(sample)));
    }

    #[test]
    fn those_of_one_target_are_found_and_an_unknown_target_has_none() {
        let other = |run| Sample {
            target: "process".into(),
            ..sample(run)
        };
        let samples: Samples = (0..10).flat_map(|run| [sample(run), other(run)]).collect();
        assert!(samples.of("process").eq((0..10).map(other)));
        assert_eq!(samples.of("container").count(), 0);
    }

    #[test]
    fn a_change_changes_one_sample_only() {
        let mut samples: Samples = (0..3).map(sample).collect();
        samples.change(1, |sample| sample.error = Some("killed".into()));
        let errors: Vec<_> = samples.iter().map(|sample| sample.error).collect();
        assert_eq!(errors, [None, Some(Message::plain("killed")), None]);
        assert_eq!(samples.good("microvm").count(), 2);
    }

    proptest! {
        #[test]
        fn every_number_unpacks_to_itself(bits: u64, ns in 0..u64::MAX / 2) {
            for ms in [f64::from_bits(bits), ns as f64, ns as f64 / 1e6, -0.0] {
                prop_assert_eq!(Number::from(ms).value().to_bits(), ms.to_bits());
            }
        }

        #[test]
        fn every_sample_unpacks_to_itself(
            target in "\\PC{0,9}", run: u32, metrics in prop::collection::btree_map("\\PC{0,9}", 0.0..1e9, 0..5),
            phases in prop::collection::vec(("\\PC{0,9}", 0.0..1e6), 0..5),
            vm_exits in prop::collection::btree_map("\\PC{0,9}", any::<u64>(), 0..5),
            error in prop::option::of("\\PC{0,9}"), checksum in prop::option::of("\\PC{0,9}"),
        ) {
            let phase = |(name, ms): (String, f64)| Phase { name: name.into(), ms };
            let why = |text: &String| Message::new("status").with("status", 3.0).with("said", Message::plain(text));
            let sample = Sample {
                target: target.into(),
                run,
                round: run / 2,
                metrics: metrics.into_iter().collect(),
                missing: error.iter().map(|text| ("uss_bytes".into(), why(text))).collect(),
                phases: phases.into_iter().map(phase).collect(),
                checksum: checksum.map(Name::from),
                vm_exits: vm_exits.into_iter().map(|(name, count)| (name.into(), count)).collect(),
                error: error.map(Message::from),
                exit_code: -1,
            };
            prop_assert_eq!(Samples::from([sample.clone()]).get(0), Some(sample));
        }
    }
}
