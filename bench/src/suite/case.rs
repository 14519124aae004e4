//! A case of a suite: a workload, targets, and lists of parameters that unfold into every combination.

use crate::targets::microvm::Rootfs;
use crate::targets::registry::TargetKind;
use crate::workloads::inputs::InputRequest;
use serde::Serialize;
use std::path::PathBuf;

/// A workload on some targets, with lists of parameters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// Its name, part of a file name.
    pub name: String,
    pub(super) workload: String,
    pub(super) program: Option<PathBuf>,
    pub(super) args: Vec<String>,
    pub(super) targets: Vec<TargetKind>,
    pub(super) kernel: Option<String>,
    pub(super) rootfs: Rootfs,
    pub(super) runs: u32,
    pub(super) warmup: u32,
    pub(super) timeout_s: f64,
    // Left out where it is not asked for, so that suites of before are still known again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) cold: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pids: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) jail: bool,
    #[serde(skip_serializing_if = "InputRequest::is_empty")]
    pub(super) inputs: InputRequest,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ready: Option<String>,
    pub(super) memory_bytes: Vec<Option<u64>>,
    pub(super) cpus: Vec<Option<f64>>,
    pub(super) idle_gap_ms: Vec<f64>,
    pub(super) image_files_bytes: Vec<u64>,
}

/// One combination of a case's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// One of the built-in workloads, where no program is given.
    pub workload: String,
    /// A static program.
    pub program: Option<PathBuf>,
    /// The workload's arguments.
    pub args: Vec<String>,
    /// Where it runs; the first is what the others are compared with.
    pub targets: Vec<TargetKind>,
    /// Counted runs.
    pub runs: u32,
    /// Uncounted runs before them.
    pub warmup: u32,
    /// A run that takes longer fails.
    pub timeout_s: f64,
    /// Whether each start is cold.
    pub cold: bool,
    /// Processes and threads that a container may have.
    pub pids: Option<u32>,
    /// Whether the monitors of virtual machines run in containers.
    pub jail: bool,
    /// What the program is given besides its arguments.
    pub inputs: InputRequest,
    /// What ends the start-up; none where the suite says nothing of it.
    pub ready: Option<String>,
    /// Pause before each start.
    pub idle_gap_ms: f64,
    /// The Linux of `microvm-linux`: a file, or a name that isolab knows.
    pub kernel: Option<String>,
    /// Where that has the image's files.
    pub rootfs: Rootfs,
    /// Memory: guest RAM, and the limit of a container; none where the suite says nothing of it.
    pub memory_bytes: Option<u64>,
    /// Processors of a Linux guest, and how much of them a container may use; none where the suite says nothing of it.
    pub cpus: Option<f64>,
    /// Files in the image besides the workload.
    pub image_files_bytes: u64,
}

/// Which parameters have several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Varies {
    /// Memory.
    pub memory: bool,
    /// Processors.
    pub cpus: bool,
    /// The idle gap.
    pub idle_gap: bool,
    /// Other files in the image.
    pub image_files: bool,
}

impl Case {
    /// How many combinations of its parameters there are.
    pub fn steps(&self) -> usize {
        let counts = [
            self.memory_bytes.len(),
            self.cpus.len(),
            self.idle_gap_ms.len(),
            self.image_files_bytes.len(),
        ];
        counts.into_iter().fold(1, usize::saturating_mul)
    }

    /// Every combination of its parameters, the last parameter changing fastest.
    pub fn unfold(&self) -> Vec<Parameters> {
        let mut all = Vec::new();
        for &memory_bytes in &self.memory_bytes {
            for &cpus in &self.cpus {
                for &idle_gap_ms in &self.idle_gap_ms {
                    for &image_files_bytes in &self.image_files_bytes {
                        all.push(Parameters {
                            workload: self.workload.clone(),
                            program: self.program.clone(),
                            args: self.args.clone(),
                            targets: self.targets.clone(),
                            kernel: self.kernel.clone(),
                            rootfs: self.rootfs,
                            runs: self.runs,
                            warmup: self.warmup,
                            timeout_s: self.timeout_s,
                            cold: self.cold,
                            pids: self.pids,
                            jail: self.jail,
                            inputs: self.inputs.clone(),
                            ready: self.ready.clone(),
                            memory_bytes,
                            cpus,
                            idle_gap_ms,
                            image_files_bytes,
                        });
                    }
                }
            }
        }
        all
    }

    /// Which of its parameters have several values.
    pub fn varies(&self) -> Varies {
        Varies {
            memory: self.memory_bytes.len() > 1,
            cpus: self.cpus.len() > 1,
            idle_gap: self.idle_gap_ms.len() > 1,
            image_files: self.image_files_bytes.len() > 1,
        }
    }
}
