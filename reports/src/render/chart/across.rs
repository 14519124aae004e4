//! Charts over several results files: the same program before and after, on other machines, under other settings.

use super::colors::TargetColors;
use super::dots::{Dot, Dots, Reach, Row};
use super::startup::{distribution, file_name, percentiles, yes};
use super::{Body, Chart};
use crate::metrics::{self, Place};
use crate::model::{Definition, KvmKind, Results, Scope};
use crate::render::messages::{Messages, clean};
use crate::render::scale::Scale;
use crate::render::units;

/// For every program of several files, every metric of the table that was measured. Different programs are on different axes.
pub(crate) fn charts(files: &[Results], messages: &Messages, colors: &TargetColors) -> Vec<Chart> {
    let mut programs: Vec<(String, Vec<usize>)> = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let name = program(file);
        match programs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, own)) => own.push(index),
            None => programs.push((name, vec![index])),
        }
    }
    programs.retain(|(_, own)| own.len() > 1);
    let mut charts = Vec::new();
    for (place, (name, own)) in programs.iter().enumerate() {
        let numbered: Vec<(usize, &Results)> = own.iter().map(|index| (*index, &files[*index])).collect();
        for definition in shown(&numbered) {
            let mut chart = chart(&numbered, definition, messages, colors);
            if programs.len() > 1 {
                chart.title = messages.with(
                    "chart-across-program",
                    &[("title", chart.title.into()), ("workload", name.clone().into())],
                );
                // The first program's charts have the plain names.
                if place > 0 {
                    chart.id = format!("{}-{}", chart.id, place + 1);
                }
            }
            charts.push(chart);
        }
    }
    charts
}

/// The metrics that are compared between files.
fn shown<'a>(files: &[(usize, &'a Results)]) -> Vec<&'a Definition> {
    let mut shown: Vec<&Definition> = Vec::new();
    for definition in files.iter().flat_map(|(_, file)| &file.metrics) {
        let is_memory = files.iter().any(|(_, file)| *definition.id == *metrics::memory(file));
        let in_table = metrics::place(definition) == Place::Table && definition.scope != Scope::Image;
        if (in_table || is_memory) && !shown.iter().any(|known| known.id == definition.id) {
            shown.push(definition);
        }
    }
    shown.retain(|definition| *definition.id != *"exit_ms");
    shown
}

/// One row a file, and in it a dot for every target.
fn chart(numbered: &[(usize, &Results)], definition: &Definition, messages: &Messages, colors: &TargetColors) -> Chart {
    let files: Vec<&Results> = numbered.iter().map(|(_, file)| *file).collect();
    let figures = |file: &Results, target: &str| {
        let figures = file.metric_of(target, &definition.id)?;
        (figures.value.is_finite() && figures.value > 0.0).then_some(figures)
    };
    let values = || {
        let targets = files
            .iter()
            .flat_map(|file| file.targets.iter().map(move |target| (file, target)));
        targets.filter_map(|(file, target)| Some(figures(file, &target.name)?.value))
    };
    let scale = Scale::new(&definition.unit, values());
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let log = most / least > 8.0;
    let row = |((index, file), label): (&(usize, &Results), String)| {
        let dots = file.targets.iter().filter_map(|target| {
            let figures = figures(file, &target.name)?;
            Some(Dot {
                name: messages.name("target", &target.name),
                color: colors.of(&target.name),
                value: figures.value,
                interval: percentiles(figures).filter(|(low, _)| *low > 0.0),
                tip: distribution(figures, &scale, messages),
            })
        });
        Row {
            label: format!("{}. {label}", index + 1),
            dots: dots.collect(),
            value: String::new(),
        }
    };
    let rows: Vec<Row> = numbered.iter().zip(labels_of(&files, messages)).map(row).collect();
    let ranges = rows.iter().flat_map(|row| &row.dots).any(|dot| dot.interval.is_some());
    let name = messages.metric_name(&definition.id);
    let counts = files.iter().flat_map(|file| &file.summary);
    let counts = counts.filter_map(|summary| Some(summary.metric(&definition.id)?.n));
    let arguments = [
        ("n", super::startup::count(counts).into()),
        ("ranges", yes(ranges).into()),
        ("log", yes(log).into()),
    ];
    Chart {
        id: format!("across-{}", file_name(&definition.id)),
        title: name,
        finding: String::new(),
        subtitle: messages.with("chart-across-subtitle", &arguments),
        footer: messages.with("chart-across-footer", &arguments),
        source: String::new(),
        body: Body::Dots(Dots {
            scale,
            reach: if log { Reach::Logarithmic } else { Reach::FromZero },
            reference: None,
            rows,
        }),
    }
}

/// What a file says of itself, that may tell it from others.
struct Traits {
    id: &'static str,
    of: fn(&Results, &Messages) -> String,
}

/// In the order of importance for a reader.
const TRAITS: [Traits; 19] = [
    Traits {
        id: "trait-workload",
        of: |file, _| program(file),
    },
    Traits {
        id: "trait-host",
        of: |file, _| file.host.name.as_deref().map_or_else(String::new, clean),
    },
    Traits {
        id: "trait-cpu",
        of: |file, _| clean(&file.host.cpu_model),
    },
    Traits {
        id: "trait-kernel",
        of: |file, _| clean(&file.host.kernel),
    },
    Traits {
        id: "trait-kvm",
        of: |file, messages| messages.get(kvm_name(file.host.kvm_kind)),
    },
    Traits {
        id: "trait-idle-gap",
        of: |file, _| units::milliseconds(file.config.idle_gap_ms),
    },
    Traits {
        id: "trait-memory",
        of: |file, _| units::bytes(file.config.memory_bytes as f64),
    },
    Traits {
        id: "trait-cpus",
        of: |file, _| file.config.cpus.to_string(),
    },
    Traits {
        id: "trait-cpu-limit",
        of: |file, _| {
            file.config
                .container_limits
                .cpus
                .map_or_else(|| "∞".to_owned(), units::number)
        },
    },
    Traits {
        id: "trait-memory-limit",
        of: |file, _| {
            let limit = file.config.container_limits.memory_bytes;
            limit.map_or_else(|| "∞".to_owned(), |bytes| units::bytes(bytes as f64))
        },
    },
    Traits {
        id: "trait-image-files",
        of: |file, _| units::bytes(file.config.image_files_bytes as f64),
    },
    Traits {
        id: "trait-rootfs",
        of: |file, _| clean(file.config.rootfs.as_deref().unwrap_or("–")),
    },
    Traits {
        id: "trait-pinned",
        of: |file, _| {
            let cpus: Vec<String> = file.config.pinned_to.iter().map(u32::to_string).collect();
            if cpus.is_empty() {
                "–".to_owned()
            } else {
                cpus.join(",")
            }
        },
    },
    Traits {
        id: "trait-cold",
        of: |file, _| if file.config.cold { "✓" } else { "–" }.to_owned(),
    },
    Traits {
        id: "trait-runs",
        of: |file, _| file.config.runs.to_string(),
    },
    Traits {
        id: "trait-inputs",
        of: |file, _| clean(&file.workload.given().unwrap_or_else(|| "–".to_owned())),
    },
    Traits {
        id: "trait-ready",
        of: |file, _| clean(file.workload.ready.as_deref().unwrap_or("first-byte")),
    },
    Traits {
        id: "trait-program",
        of: |file, _| clean(&file.workload.sha256.chars().take(12).collect::<String>()),
    },
    Traits {
        id: "trait-version",
        of: |file, _| clean(&file.host.isolab_version),
    },
];

/// Name and arguments of the program.
pub(super) fn program(file: &Results) -> String {
    let words: Vec<&str> = [&file.workload.name]
        .into_iter()
        .chain(&file.workload.args)
        .map(String::as_str)
        .collect();
    clean(&words.join(" "))
}

fn kvm_name(kind: KvmKind) -> &'static str {
    match kind {
        KvmKind::Hardware => "kvm-kind-hardware",
        KvmKind::EmulatedKernelMode => "kvm-kind-emulated-kernel-mode",
        KvmKind::None => "kvm-kind-none",
    }
}

fn differing<'a>(files: &'a [&'a Results], messages: &'a Messages) -> impl Iterator<Item = &'static Traits> + 'a {
    TRAITS.iter().filter(|a_trait| {
        files
            .iter()
            .any(|file| (a_trait.of)(file, messages) != (a_trait.of)(files[0], messages))
    })
}

/// A short name for each file, no two the same: the program, where there are several, and as much of what the files of that program
/// differ in as tells them apart.
pub(crate) fn labels(files: &[&Results], messages: &Messages) -> Vec<String> {
    let programs: Vec<String> = files.iter().map(|file| program(file)).collect();
    if programs.iter().all(|program| *program == programs[0]) {
        return labels_of(files, messages);
    }
    let label = |(index, name): (usize, &String)| {
        let own = || (0..files.len()).filter(|other| programs[*other] == *name);
        if own().count() == 1 {
            return name.clone();
        }
        let twins: Vec<&Results> = own().map(|other| files[other]).collect();
        let place = own().position(|other| other == index).unwrap_or(0);
        format!("{name}, {}", labels_of(&twins, messages)[place])
    };
    programs.iter().enumerate().map(label).collect()
}

fn labels_of(files: &[&Results], messages: &Messages) -> Vec<String> {
    // A trait that divides no two files that others do not divide already says nothing new.
    let mut words: Vec<Vec<String>> = vec![Vec::new(); files.len()];
    let different = |words: &[Vec<String>]| words.iter().collect::<std::collections::BTreeSet<_>>().len();
    for a_trait in differing(files, messages) {
        let mut more = words.clone();
        for (own, file) in more.iter_mut().zip(files) {
            own.push(messages.with(a_trait.id, &[("value", (a_trait.of)(file, messages).into())]));
        }
        if different(&more) > different(&words) {
            words = more;
        }
    }
    let label = |(index, own): (usize, &Vec<String>)| {
        let number = || match (files.len(), index) {
            (2, 0) => messages.get("file-before"),
            (2, _) => messages.get("file-after"),
            _ => messages.with("file-number", &[("number", (index + 1).into())]),
        };
        let twin = words.iter().filter(|other| *other == own).count() > 1;
        let own = own.iter().cloned().chain(twin.then(number));
        own.collect::<Vec<_>>().join(", ")
    };
    words.iter().enumerate().map(label).collect()
}

/// Up to so many files are told apart value by value; the labels of more say them.
const FEW: usize = 3;

/// What the files differ in, in words; a reader must not take one difference for the effect of another.
pub(crate) fn differences(files: &[Results], messages: &Messages) -> Vec<String> {
    let all: Vec<&Results> = files.iter().collect();
    let words = |a_trait: &Traits| {
        let values = all.iter().map(|file| (a_trait.of)(file, messages)).enumerate();
        let values = values.map(|(index, value)| format!("[{}] {value}", index + 1));
        let list = if all.len() > FEW {
            String::new()
        } else {
            values.collect::<Vec<_>>().join("; ")
        };
        messages.with(a_trait.id, &[("value", list.into())]).trim().to_owned()
    };
    differing(&all, messages).map(words).collect()
}
