//! What a reader must know beside the figures: targets that could not run, warnings, what the KVM here is.

use crate::comparison;
use crate::messages::{Messages, clean};
use crate::model::{KvmKind, Results};
use std::collections::BTreeSet;

/// How much a note weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The figures are not what they seem, or a target is missing.
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

pub(crate) fn notes(results: &Results, messages: &Messages) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut warn = |text: String| {
        notes.push(Note {
            weight: Weight::Warning,
            text,
        })
    };
    for target in &results.targets {
        if let Some(reason) = &target.unavailable {
            let arguments = [("target", clean(&target.name).into()), ("reason", clean(reason).into())];
            warn(messages.with("note-unavailable", &arguments));
        }
    }
    for summary in results.summary.iter().filter(|summary| summary.failed > 0) {
        let own = results.samples.iter().filter(|sample| sample.target == summary.target);
        let reason = own.filter_map(|sample| sample.error.as_deref()).next().unwrap_or("–");
        let target = clean(&summary.target);
        warn(messages.with(
            "note-failed",
            &[
                ("target", target.into()),
                ("failed", summary.failed.into()),
                ("reason", clean(reason).into()),
            ],
        ));
    }
    if results.samples.is_empty() {
        warn(messages.get("note-no-samples"));
    }
    let programs: BTreeSet<&str> = results
        .targets
        .iter()
        .map(|t| t.workload_sha256.as_str())
        .filter(|sha| !sha.is_empty())
        .collect();
    if programs.len() > 1 {
        warn(messages.get("note-other-program"));
    }
    let checksums = comparison::checksums(results, None);
    if checksums.len() > 1 {
        let list: Vec<String> = checksums.into_iter().map(clean).collect();
        warn(messages.with("note-checksums", &[("list", list.join(", ").into())]));
    }
    for warning in &results.warnings {
        warn(clean(&warning.text));
    }
    for (target, field, reason) in missing_memory(results) {
        let text = messages.with(
            "note-missing",
            &[
                ("target", target.into()),
                ("field", field.into()),
                ("reason", reason.into()),
            ],
        );
        notes.push(Note {
            weight: Weight::Remark,
            text,
        });
    }
    notes.push(Note {
        weight: Weight::Remark,
        text: messages.get(kvm(results.host.kvm_kind)),
    });
    notes
}

/// Of the memory views only the one in the table is worth a line when it is missing.
fn missing_memory(results: &Results) -> BTreeSet<(String, String, String)> {
    let memories = results
        .samples
        .iter()
        .filter_map(|sample| Some((sample, sample.memory.as_ref()?)));
    let reasons = memories.filter_map(|(sample, memory)| {
        let reason = memory.missing.get("uss_bytes").filter(|_| memory.uss_bytes.is_none())?;
        Some((clean(&sample.target), "USS".to_owned(), clean(reason)))
    });
    reasons.collect()
}

/// The message that says what a kind of KVM means for the figures.
pub(crate) fn kvm(kind: KvmKind) -> &'static str {
    match kind {
        KvmKind::Hardware => "kvm-hardware",
        KvmKind::EmulatedKernelMode => "kvm-emulated-kernel-mode",
        KvmKind::None => "kvm-none",
    }
}
