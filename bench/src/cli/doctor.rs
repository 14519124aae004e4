//! `isolab doctor`: what this host can run, what is missing, and what to do about each.

use super::{Swept, output};
use crate::error::Error;
use crate::host;
use crate::kernels::{self, HOST, HOST_LESSON};
use container::Verdict;
use reports::model::{Host, KvmKind};
use std::fmt::Write;

/// Tries everything, and prints what was found, and what was cleaned up before.
pub fn run(swept: &Swept) -> Result<u8, Error> {
    let host = host::describe();
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write_host(&mut page, &host)
        .and_then(|()| write_container(&mut page))
        .and_then(|()| write_microvm(&mut page, &host))
        .and_then(|()| write_kernels(&mut page))
        .and_then(|()| write_swept(&mut page, swept));
    output::print(page.as_bytes())?;
    Ok(0)
}

fn write_host(page: &mut String, host: &Host) -> std::fmt::Result {
    let gib = host.memory_bytes as f64 / (1_u64 << 30) as f64;
    writeln!(page, "host")?;
    writeln!(
        page,
        "  {}, {}, {} processors, {gib:.1} GiB",
        host.kernel, host.cpu_model, host.cores
    )?;
    writeln!(
        page,
        "  {}",
        if is_virtual() {
            "is itself a virtual machine"
        } else {
            "is not a virtual machine, as far as it shows"
        }
    )?;
    writeln!(page, "  cgroups: {}", host.cgroup_mode)?;
    writeln!(page, "process\n  ok       needs nothing but this kernel")
}

fn write_container(page: &mut String) -> std::fmt::Result {
    writeln!(page, "container")?;
    for finding in container::probe() {
        let verdict = match finding.verdict {
            Verdict::Works => "ok      ",
            Verdict::Degraded => "degraded",
            Verdict::Missing => "missing ",
        };
        writeln!(page, "  {verdict} {}: {}", finding.subject, finding.answer)?;
        if !finding.remedy.is_empty() {
            writeln!(page, "           tried: {}", finding.tried)?;
            writeln!(page, "           to do: {}", finding.remedy)?;
        }
    }
    Ok(())
}

fn write_microvm(page: &mut String, host: &Host) -> std::fmt::Result {
    writeln!(page, "microvm")?;
    for finding in microvm::examine().findings {
        writeln!(
            page,
            "  {} {}: {}",
            if finding.ok { "ok      " } else { "missing " },
            finding.what,
            finding.text
        )?;
    }
    let hypervisor = match (host.kvm_kind, is_virtual()) {
        (KvmKind::None, _) => return Ok(()),
        (_, true) => "hosted, and nested: KVM is part of this Linux, which itself runs on another hypervisor",
        (_, false) => {
            "hosted: KVM is part of this Linux kernel, which still runs ordinary programs beside the machines"
        }
    };
    writeln!(page, "           the hypervisor is {hypervisor}")
}

fn write_kernels(page: &mut String) -> std::fmt::Result {
    writeln!(page, "kernels of microvm-linux")?;
    for found in kernels::list() {
        writeln!(page, "  ok       {}: taken in", found.name)?;
    }
    match kernels::host() {
        Ok(found) => writeln!(page, "  ok       {HOST}: {}; {HOST_LESSON}", found.kernel.display()),
        Err(error) => {
            writeln!(page, "  missing  {HOST}: {}", error.message)?;
            let mut remedy = error.remedy.iter().flat_map(|remedy| remedy.lines());
            remedy.try_for_each(|line| writeln!(page, "           to do: {line}"))
        }
    }
}

fn write_swept(page: &mut String, swept: &Swept) -> std::fmt::Result {
    writeln!(page, "left behind by labs that were killed")?;
    match (swept.directories, swept.control_groups) {
        (0, 0) => writeln!(page, "  ok       nothing"),
        (directories, groups) => writeln!(
            page,
            "  ok       removed now: {directories} temporary folders, {groups} control groups"
        ),
    }
}

/// Whether the processor says that a hypervisor runs this host (the `hypervisor` flag, CPUID.1:ECX[31]).
fn is_virtual() -> bool {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = cpuinfo
        .lines()
        .find(|line| line.starts_with("flags"))
        .unwrap_or_default();
    flags.split_ascii_whitespace().any(|flag| flag == "hypervisor")
}
