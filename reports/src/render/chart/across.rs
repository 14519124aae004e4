//! Charts over several results files: before and after, machines side by side.

use super::axis::Unit;
use super::startup::{distribution, file_name, spread};
use super::{Bar, Bars, Body, Chart};
use crate::metrics::{self, Place};
use crate::model::{Definition, KvmKind, Results, Scope};
use crate::render::messages::{Messages, clean};
use crate::render::units;

/// Every metric of the table that was measured, of every target in every file.
pub(crate) fn charts(files: &[Results], messages: &Messages) -> Vec<Chart> {
    let mut shown: Vec<&Definition> = Vec::new();
    for definition in files.iter().flat_map(|file| &file.metrics) {
        let is_memory = files.iter().any(|file| *definition.id == *metrics::memory(file));
        let in_table = metrics::place(definition) == Place::Table && definition.scope != Scope::Image;
        if (in_table || is_memory) && !shown.iter().any(|known| known.id == definition.id) {
            shown.push(definition);
        }
    }
    shown.retain(|definition| *definition.id != *"exit_ms");
    shown
        .into_iter()
        .map(|definition| chart(files, definition, messages))
        .collect()
}

fn chart(files: &[Results], definition: &Definition, messages: &Messages) -> Chart {
    let unit = Unit::from(&definition.unit);
    let mut names: Vec<&str> = Vec::new();
    for target in files.iter().flat_map(|file| &file.targets) {
        if !names.contains(&target.name.as_str()) {
            names.push(&target.name);
        }
    }
    let mut rows = Vec::new();
    for name in names {
        let mut first: Option<f64> = None;
        for (index, file) in files.iter().enumerate() {
            if !file.targets.iter().any(|target| target.name == name) {
                continue;
            }
            let mut bar = Bar {
                label: format!("{} · {}", messages.name("target", name), index + 1),
                ..Bar::default()
            };
            match file.metric_of(name, &definition.id) {
                Some(figures) => {
                    bar.parts = vec![(index, figures.value.max(0.0))];
                    bar.spread = Some(spread(figures));
                    bar.value = unit.format(figures.value);
                    bar.tip = distribution(figures, unit, messages);
                    match first {
                        // Another program is no "after" of the first.
                        Some(before) if before > 0.0 && program(file) == program(&files[0]) => {
                            bar.value
                                .push_str(&format!(" ({}×)", units::number(figures.value / before)));
                        }
                        _ => first = Some(figures.value),
                    }
                }
                None => bar.value = messages.get("chart-no-figure"),
            }
            rows.push(bar);
        }
    }
    let name = messages.metric_name(&definition.id);
    Chart {
        id: format!("across-{}", file_name(&definition.id)),
        title: messages.with(
            "chart-across-title",
            &[("metric", name.clone().into()), ("files", files.len().into())],
        ),
        note: messages.get("chart-across-note"),
        axis_title: name,
        body: Body::Bars(Bars {
            unit,
            series: labels(files, messages),
            rows,
            reference: None,
        }),
    }
}

/// What a file says of itself, that may tell it from others.
struct Traits {
    id: &'static str,
    of: fn(&Results) -> String,
}

/// In the order of importance for a reader.
const TRAITS: [Traits; 9] = [
    Traits {
        id: "trait-workload",
        of: |file| program(file),
    },
    Traits {
        id: "trait-cpu",
        of: |file| clean(&file.host.cpu_model),
    },
    Traits {
        id: "trait-kernel",
        of: |file| clean(&file.host.kernel),
    },
    Traits {
        id: "trait-kvm",
        of: |file| kvm_name(file.host.kvm_kind).to_owned(),
    },
    Traits {
        id: "trait-memory",
        of: |file| units::bytes(file.config.memory_bytes as f64),
    },
    Traits {
        id: "trait-cpus",
        of: |file| file.config.cpus.to_string(),
    },
    Traits {
        id: "trait-idle-gap",
        of: |file| units::milliseconds(file.config.idle_gap_ms),
    },
    Traits {
        id: "trait-program",
        of: |file| clean(&file.workload.sha256.chars().take(12).collect::<String>()),
    },
    Traits {
        id: "trait-version",
        of: |file| clean(&file.host.isolab_version),
    },
];

/// Name and arguments of the program.
fn program(file: &Results) -> String {
    let words: Vec<&str> = [&file.workload.name]
        .into_iter()
        .chain(&file.workload.args)
        .map(String::as_str)
        .collect();
    clean(&words.join(" "))
}

fn kvm_name(kind: KvmKind) -> &'static str {
    match kind {
        KvmKind::Hardware => "hardware",
        KvmKind::EmulatedKernelMode => "emulated-kernel-mode",
        KvmKind::None => "none",
    }
}

fn differing(files: &[Results]) -> impl Iterator<Item = &'static Traits> {
    TRAITS
        .iter()
        .filter(|a_trait| files.iter().any(|file| (a_trait.of)(file) != (a_trait.of)(&files[0])))
}

/// A short name for each file: what it differs in from the others, or its place in the order given.
pub(crate) fn labels(files: &[Results], messages: &Messages) -> Vec<String> {
    // Another program is another file as well: its hash would say the same once more.
    let other_program = differing(files).any(|a_trait| a_trait.id == "trait-workload");
    let traits = differing(files).filter(|a_trait| !(other_program && a_trait.id == "trait-program"));
    let traits: Vec<_> = traits.take(2).collect();
    let label = |(index, file): (usize, &Results)| {
        let words: Vec<String> = traits
            .iter()
            .map(|a_trait| messages.with(a_trait.id, &[("value", (a_trait.of)(file).into())]))
            .collect();
        match (words.is_empty(), files.len(), index) {
            (false, ..) => words.join(", "),
            (true, 2, 0) => messages.get("file-before"),
            (true, 2, _) => messages.get("file-after"),
            _ => messages.with("file-number", &[("number", (index + 1).into())]),
        }
    };
    files.iter().enumerate().map(label).collect()
}

/// What the files differ in, in words; a reader must not take one difference for the effect of another.
pub(crate) fn differences(files: &[Results], messages: &Messages) -> Vec<String> {
    differing(files)
        .map(|a_trait| {
            let values = files
                .iter()
                .map(a_trait.of)
                .enumerate()
                .map(|(index, value)| format!("[{}] {value}", index + 1));
            let list = values.collect::<Vec<_>>().join("; ");
            messages.with(a_trait.id, &[("value", list.into())])
        })
        .collect()
}
