//! What the instances are given: `isolab run` and `isolab compare` take the same, and each target what it has a use for.

use super::arguments::ram;
use super::output;
use crate::error::Error;
use crate::kernels::HOST;
use crate::plan::{LinuxRequest, Machine, MachineRequest};
use crate::suite;
use crate::targets::microvm::{Disk, Rootfs};
use clap::Args;
use reports::model::Message;
use std::path::PathBuf;

// Options of every target but the plain process.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct MachineArguments {
    /// Memory limit of a container (default: none), guest RAM of a micro-VM (default: 128M). `compare` takes several, such as
    /// 32M,64M: one comparison for each
    #[arg(long, value_name = "SIZE", value_delimiter = ',', value_parser = ram)]
    memory: Vec<u64>,
    /// CPUs that a container may use, 0.5 is half of one (default: no limit); vCPUs of a Linux guest (default: 1). `compare`
    /// takes several, such as 0.5,1
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = processors)]
    cpus: Vec<f64>,
    /// Maximum number of processes and threads in a container
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pids: Option<u32>,
    /// Run the VMM process of a micro-VM inside an isolab container
    #[arg(long)]
    jail: bool,
    #[command(flatten)]
    linux: LinuxArguments,
}

// Options of Linux guests.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of microvm-linux")]
struct LinuxArguments {
    /// Guest kernel: a vmlinux or bzImage file, or a name from `isolab kernel ls`; `host` is a copy of the running host
    /// kernel, which containers share
    #[arg(long, value_name = "FILE|NAME")]
    kernel: Option<String>,
    /// Load this kernel module before the program runs; repeatable, loaded in order
    #[arg(long, value_name = "FILE", requires = "kernel")]
    module: Vec<PathBuf>,
    /// Where the guest finds the image's files (default: initramfs)
    #[arg(long, value_name = "WHERE", requires = "kernel")]
    rootfs: Option<Rootfs>,
    /// Raw disk image, opened read-only; guest writes go to the file OVERLAY
    #[arg(long, value_name = "FILE[:OVERLAY]", requires = "kernel", value_parser = disk)]
    disk: Option<Disk>,
}

impl MachineArguments {
    /// What was asked for.
    ///
    /// # Errors
    /// Several values, of which one command can use one only.
    pub fn request(&self) -> Result<MachineRequest, Error> {
        match &mut self.requests()[..] {
            [(_, request)] => Ok(std::mem::take(request)),
            _ => Err(Error::new("--memory and --cpus take one value here")
                .remedy("Give one, or measure with each: isolab compare --memory 32M,64M")),
        }
    }

    /// Every combination of the values that were asked for, named by those of which there are several.
    pub fn requests(&self) -> Vec<(String, MachineRequest)> {
        let mut all = Vec::new();
        for memory_bytes in listed(&self.memory) {
            for cpus in listed(&self.cpus) {
                let memory = memory_bytes.filter(|_| self.memory.len() > 1).map(suite::memory_suffix);
                let share = cpus.filter(|_| self.cpus.len() > 1).map(suite::cpus_suffix);
                let name = [memory, share].into_iter().flatten().collect();
                all.push((name, self.request_of(memory_bytes, cpus)));
            }
        }
        all
    }

    fn request_of(&self, memory_bytes: Option<u64>, cpus: Option<f64>) -> MachineRequest {
        let LinuxArguments {
            kernel,
            module,
            rootfs,
            disk,
        } = self.linux.clone();
        MachineRequest {
            memory_bytes,
            cpus,
            pids: self.pids,
            jail: self.jail,
            linux: LinuxRequest {
                kernel,
                modules: module,
                rootfs: rootfs.unwrap_or_default(),
                disk,
            },
        }
    }

    /// Says which kernel is meant by the host's own.
    pub fn tell_kernel(&self, machine: &Machine) {
        if let Some(linux) = machine
            .linux
            .as_ref()
            .filter(|_| self.linux.kernel.as_deref() == Some(HOST))
        {
            let path = linux.kernel.display().to_string();
            output::say(&Message::new("boots-host-kernel").with("path", path));
        }
    }
}

/// Each value, or once that there is none.
fn listed<T: Copy>(values: &[T]) -> Vec<Option<T>> {
    match values {
        [] => vec![None],
        values => values.iter().copied().map(Some).collect(),
    }
}

/// Processors, a fraction is fine; more than zero.
fn processors(text: &str) -> Result<f64, Error> {
    let count: f64 = super::arguments::number(text)?;
    if count > 0.0 && count.is_finite() {
        Ok(count)
    } else {
        Err(Error::of_text("not-positive", text))
    }
}

/// `FILE`, or `FILE:OVERLAY`.
fn disk(text: &str) -> Result<Disk, Error> {
    let (base, overlay) = match text.split_once(':') {
        Some((base, overlay)) => (base, Some(overlay)),
        None => (text, None),
    };
    if base.is_empty() || overlay.is_some_and(str::is_empty) {
        return Err(Error::of_text("form-disk", text));
    }
    Ok(Disk {
        base: base.into(),
        overlay: overlay.map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_disk_names_a_file_and_perhaps_where_changes_go() {
        assert_eq!(disk("a").unwrap().overlay, None);
        assert_eq!(disk("a:b").unwrap().overlay, Some("b".into()));
        for wrong in ["", ":b", "a:"] {
            assert!(disk(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,12}") {
            let _ = (processors(&text), disk(&text));
        }
    }
}
