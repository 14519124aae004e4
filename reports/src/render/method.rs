//! "How this was measured": everything a reader needs to take the same figures again, from the results file itself.

use crate::model::{Results, Target, Version, Workload};
use crate::render::environment;
use crate::render::messages::{Messages, clean};
use crate::render::notes::{self, Missing};
use crate::render::units;

/// One thing to know, and what there is to know about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub term: String,
    pub texts: Vec<String>,
}

pub(crate) fn entries(results: &Results, messages: &Messages) -> Vec<Entry> {
    let entry = |id: &str, texts: Vec<String>| Entry {
        term: messages.get(&format!("method-{id}")),
        texts,
    };
    let missing = notes::missing(results);
    let mut entries = vec![
        entry("program", program(results, messages)),
        entry("host", host(results, messages)),
        entry("environment", environment::texts(&results.host.environment, messages)),
        entry("kvm", vec![messages.get(notes::kvm(results.host.kvm_kind))]),
        entry("runs", runs(results, messages)),
        entry("command", vec![shell_words(&results.config.command)]),
        entry("definitions", definitions(results, messages)),
        entry("statistics", vec![messages.get("method-statistics-text")]),
    ];
    entries.extend(results.targets.iter().map(|target| {
        Entry {
            term: messages.with(
                "method-target",
                &[("target", messages.name("target", &target.name).into())],
            ),
            texts: target_texts(target, messages)
                .into_iter()
                .chain(missing_of(&missing, target, messages))
                .collect(),
        }
    }));
    entries.push(entry("warnings", warnings(results, messages)));
    entries.retain(|entry| !entry.texts.is_empty());
    entries
}

fn program(results: &Results, messages: &Messages) -> Vec<String> {
    let text = |workload: &Workload| {
        let words: Vec<String> = [&workload.name].into_iter().chain(&workload.args).cloned().collect();
        let arguments = [
            ("command", shell_words(&words).into()),
            ("size", units::bytes(workload.bytes as f64).into()),
            ("sha256", clean(&workload.sha256).into()),
        ];
        messages.with("method-program-text", &arguments)
    };
    let texts = match &results.against {
        None => vec![text(&results.workload)],
        Some(against) => {
            let versions = [(Version::A, against), (Version::B, &results.workload)];
            let said = versions.map(|(version, workload)| format!("{version}: {}", text(workload)));
            said.into_iter().chain([messages.get("method-versions")]).collect()
        }
    };
    // Both versions were given the same.
    texts.into_iter().chain(given(&results.workload, messages)).collect()
}

/// What the program was given, and what ends its start-up where that is not the first byte.
pub(crate) fn given(workload: &Workload, messages: &Messages) -> Vec<String> {
    let list = workload.given().map(|list| clean(&list));
    let inputs = list.map(|list| messages.with("method-program-inputs", &[("list", list.into())]));
    let mark = workload.ready.as_deref().map(clean);
    let ready = mark.map(|mark| messages.with("method-program-ready", &[("mark", mark.into())]));
    inputs.into_iter().chain(ready).collect()
}

/// What ends the start-up.
pub(crate) fn mark(results: &Results, messages: &Messages) -> String {
    let mark = results.workload.ready.as_deref().unwrap_or("first-byte");
    messages.with("ready-mark", &[("mark", clean(mark).into())])
}

fn host(results: &Results, messages: &Messages) -> Vec<String> {
    let host = &results.host;
    let arguments = [
        ("cpu", clean(&host.cpu_model).into()),
        ("cores", host.cores.into()),
        ("memory", units::bytes(host.memory_bytes as f64).into()),
        ("kernel", clean(&host.kernel).into()),
        ("cgroups", clean(&host.cgroup_mode).into()),
        ("version", clean(&host.isolab_version).into()),
        (
            "mhz",
            told(host.cpu_mhz.map(|mhz| format!("{mhz:.0}{}MHz", units::NO_BREAK))).into(),
        ),
        ("governor", told(host.governor.as_deref().map(clean)).into()),
        ("load", told(host.load_1min.map(units::number)).into()),
    ];
    vec![messages.with("method-host-text", &arguments)]
}

fn runs(results: &Results, messages: &Messages) -> Vec<String> {
    let config = &results.config;
    let arguments = [
        ("runs", config.runs.into()),
        ("warmup", config.warmup.into()),
        ("gap", units::milliseconds(config.idle_gap_ms).into()),
        // As text: a seed is a name, not a quantity to be grouped or rounded.
        ("seed", config.seed.to_string().into()),
        ("memory", units::bytes(config.memory_bytes as f64).into()),
        ("cpus", config.cpus.into()),
        (
            "pinned",
            match config.pinned_to.as_slice() {
                [] => "no".to_owned(),
                cpus => cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
            }
            .into(),
        ),
        ("timeout", format!("{}{}s", config.timeout_s, units::NO_BREAK).into()),
    ];
    let cold = config.cold.then(|| messages.get("method-runs-cold"));
    [messages.with("method-runs-text", &arguments)]
        .into_iter()
        .chain(cold)
        .collect()
}

/// What the host told, or a dash.
fn told(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

/// A command line as one could type it: arguments with other than plain characters are quoted for a POSIX shell.
fn shell_words(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    let quoted = words.iter().map(|argument| {
        let needs_quotes = argument.is_empty() || !argument.chars().all(plain);
        if needs_quotes {
            format!("'{}'", argument.replace('\'', "'\\''"))
        } else {
            argument.clone()
        }
    });
    clean(&quoted.collect::<Vec<_>>().join(" "))
}

fn definitions(results: &Results, messages: &Messages) -> Vec<String> {
    let arguments = [("baseline", "".into()), ("ready", mark(results, messages).into())];
    let metrics = results.metrics.iter().filter_map(|definition| {
        let (name, meaning) = messages.metric(&definition.id, &arguments)?;
        Some(messages.with(
            "method-definition",
            &[
                ("name", name.into()),
                ("id", clean(&definition.id).into()),
                ("meaning", meaning.into()),
                ("method", definition.method.into()),
            ],
        ))
    });
    let others = ["phases", "counters"].map(|id| messages.get(&format!("method-definition-{id}")));
    metrics.chain(others).collect()
}

fn target_texts(target: &Target, messages: &Messages) -> Vec<String> {
    let mut texts = Vec::new();
    if let Some(reason) = &target.unavailable {
        texts.push(notes::unavailable(&target.name, reason, messages));
    }
    if !target.version.is_empty() {
        texts.push(messages.with("method-target-version", &[("version", clean(&target.version).into())]));
    }
    if !target.workload_sha256.is_empty() {
        texts.push(messages.with(
            "method-target-program",
            &[("sha256", clean(&target.workload_sha256).into())],
        ));
    }
    if let Some(kernel) = &target.guest_kernel {
        let arguments = [
            ("name", clean(&kernel.name).into()),
            ("version", clean(&kernel.version).into()),
            ("sha256", clean(&kernel.sha256).into()),
        ];
        texts.push(messages.with("method-target-kernel", &arguments));
    }
    texts.extend(target.image.iter().map(|part| {
        let arguments = [
            ("part", messages.name("part", &part.part).into()),
            ("bytes", part.bytes.to_string().into()),
            ("compressed", part.compressed_bytes.to_string().into()),
            ("codec", clean(&part.codec).into()),
        ];
        messages.with("method-target-part", &arguments)
    }));
    texts
}

fn missing_of(missing: &[Missing], target: &Target, messages: &Messages) -> Vec<String> {
    let own = missing.iter().filter(|missing| missing.target == target.name);
    own.map(|missing| missing.text(messages)).collect()
}

fn warnings(results: &Results, messages: &Messages) -> Vec<String> {
    if results.warnings.is_empty() {
        return vec![messages.get("method-no-warnings")];
    }
    let warnings = results.warnings.iter();
    warnings.map(|warning| messages.say("warning", warning)).collect()
}
