//! What a reader must know beside the figures: targets that could not run, warnings, what the KVM here is.

use crate::model::{KvmKind, Message, Name, Results};
use crate::render::density;
use crate::render::messages::{Messages, clean};
use crate::render::table;
use std::collections::{BTreeMap, BTreeSet};

/// How much a note weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A target or some of its runs are missing, or the figures must not be compared.
    Failure,
    /// The figures are not what they seem.
    Warning,
    /// Good to know.
    Remark,
}

/// One note.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    pub weight: Weight,
    pub text: String,
}

impl Note {
    /// Its first sentence, without the full stop.
    pub(crate) fn short(&self) -> &str {
        let first = self.text.split_once(". ").map_or(&*self.text, |(first, _)| first);
        first.trim_end_matches('.')
    }
}

pub(crate) fn notes(results: &Results, messages: &Messages) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |weight: Weight, text: String| notes.push(Note { weight, text });
    let mut warn = |text: String| note(Weight::Failure, text);
    for target in &results.targets {
        if let Some(reason) = &target.unavailable {
            warn(unavailable(&target.name, reason, messages));
        }
    }
    for summary in results.summary.iter().filter(|summary| summary.failed > 0) {
        let reason = results.samples.of(&summary.target).find_map(|sample| sample.error);
        let reason = reason.map_or_else(|| "–".to_owned(), |reason| messages.say("reason", &reason));
        let arguments = [
            ("target", messages.name("target", &summary.target).into()),
            ("failed", summary.failed.into()),
            ("reason", reason.into()),
        ];
        warn(messages.with("note-failed", &arguments));
    }
    if results.samples.is_empty() && results.density.is_empty() {
        warn(messages.get("note-no-samples"));
    }
    let known = |id: &str| results.warnings.iter().any(|warning| warning.id == id);
    let programs: BTreeSet<&str> = results
        .targets
        .iter()
        .map(|t| t.workload_sha256.as_str())
        .filter(|sha| !sha.is_empty())
        .collect();
    // Versions of a program differ.
    let one = results.against.is_none();
    if one && programs.len() > 1 && !known("programs-differ") {
        warn(messages.get("warning-programs-differ"));
    }
    let checksums = table::checksums(results.samples.iter());
    if one && checksums.len() > 1 && !known("checksums-differ") {
        let list: Vec<String> = checksums.iter().map(|checksum| clean(checksum)).collect();
        warn(messages.with("warning-checksums-differ", &[("list", list.join(", ").into())]));
    }
    let booted = results.targets.iter().any(|target| target.guest_kernel.is_some());
    let emulated = results.host.kvm_kind == KvmKind::EmulatedKernelMode && booted;
    let kvm = messages.get(kvm(results.host.kvm_kind));
    if emulated {
        note(Weight::Warning, kvm.clone());
    }
    for warning in &results.warnings {
        note(Weight::Warning, messages.say("warning", warning));
    }
    let mut caveats: Vec<&Message> = results.instances.iter().flat_map(|look| &look.caveats).collect();
    caveats.sort_by(|a, b| a.id.cmp(&b.id));
    caveats.dedup();
    for caveat in caveats {
        note(Weight::Warning, messages.say("caveat", caveat));
    }
    for missing in missing_of_table(results) {
        note(Weight::Warning, missing.text(messages));
    }
    if !emulated {
        note(Weight::Remark, kvm);
    }
    for end in density::ends(results, messages) {
        note(Weight::Remark, end);
    }
    notes
}

/// Why a target did not run.
pub(crate) fn unavailable(target: &str, reason: &Message, messages: &Messages) -> String {
    let arguments = [
        ("target", messages.name("target", target).into()),
        ("reason", messages.say("reason", reason).into()),
    ];
    messages.with("note-unavailable", &arguments)
}

/// Metrics of a target that could not be had, for one reason.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Missing {
    pub target: String,
    /// Ids.
    pub metrics: BTreeSet<Name>,
    pub reason: Message,
}

impl Missing {
    pub(crate) fn text(&self, messages: &Messages) -> String {
        let names: Vec<String> = self.metrics.iter().map(|id| messages.metric_name(id)).collect();
        let arguments = [
            ("target", messages.name("target", &self.target).into()),
            ("metric", names.join(", ").into()),
            ("reason", messages.say("reason", &self.reason).into()),
        ];
        messages.with("note-missing", &arguments)
    }
}

/// Everything that is missing, in the order of the targets.
pub(crate) fn missing(results: &Results) -> Vec<Missing> {
    let mut all: Vec<Missing> = Vec::new();
    let mut add = |target: &Name, missing: BTreeMap<Name, Message>| {
        for (id, reason) in missing {
            match all
                .iter_mut()
                .find(|known| *target == known.target && known.reason == reason)
            {
                Some(known) => drop(known.metrics.insert(id)),
                None => all.push(Missing {
                    target: target.as_str().into(),
                    metrics: [id].into(),
                    reason,
                }),
            }
        }
    };
    for sample in &results.samples {
        add(&sample.target, sample.missing);
    }
    for instance in &results.instances {
        add(&instance.target, instance.missing.clone());
    }
    all.sort_by_key(|missing| results.targets.iter().position(|target| target.name == missing.target));
    all
}

/// What is missing that the table has a place for.
fn missing_of_table(results: &Results) -> Vec<Missing> {
    let memory = crate::metrics::memory(results);
    let shown = |id: &Name| {
        **id == *memory
            || results
                .definition(id)
                .is_some_and(|definition| definition.part_of.as_deref() == Some(memory))
    };
    let mut missing = missing(results);
    missing.iter_mut().for_each(|missing| missing.metrics.retain(&shown));
    missing.retain(|missing| !missing.metrics.is_empty());
    missing
}

/// The message that says what a kind of KVM means for the figures.
pub(crate) fn kvm(kind: KvmKind) -> &'static str {
    match kind {
        KvmKind::Hardware => "kvm-hardware",
        KvmKind::EmulatedKernelMode => "kvm-emulated-kernel-mode",
        KvmKind::None => "kvm-none",
    }
}
