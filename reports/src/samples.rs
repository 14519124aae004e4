//! The raw samples as CSV (RFC 4180), for spreadsheets and statistics programs: one line per run, and one per phase.

use crate::model::{Counters, Memory, Results, Sample};

/// One line per run. Empty fields are figures that were not taken.
pub(crate) fn runs(files: &[Results]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "file",
        "workload",
        "target",
        "run",
        "round",
        "ready_ms",
        "exit_ms",
        "exit_code",
        "rss_bytes",
        "pss_bytes",
        "uss_bytes",
        "guest_ram_bytes",
        "monitor_bytes",
        "runtime_bytes",
        "cgroup_anon_bytes",
        "cgroup_peak_bytes",
        "host_delta_bytes",
        "instances",
        "ops_per_s",
        "ops",
        "inside_ms",
        "outside_ms",
        "checksum",
        "vm_exits",
        "minor_faults",
        "major_faults",
        "voluntary_switches",
        "involuntary_switches",
        "system_calls",
        "error",
    ])?;
    for (index, file) in files.iter().enumerate() {
        for sample in &file.samples {
            writer.write_record(run(index + 1, &file.workload.name, &sample))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn run(file: usize, workload: &str, sample: &Sample) -> Vec<String> {
    let memory = |field: fn(&Memory) -> Option<u64>| optional(sample.memory.as_ref().and_then(field));
    let work = sample.work.as_ref();
    let counter = |field: fn(&Counters) -> Option<u64>| optional(sample.counters.as_ref().and_then(field));
    let exits = sample
        .vm_exits
        .iter()
        .map(|(reason, count)| format!("{reason}={count}"));
    vec![
        file.to_string(),
        text(workload),
        text(&sample.target),
        sample.run.to_string(),
        sample.round.to_string(),
        optional(sample.ready_ms),
        sample.exit_ms.to_string(),
        sample.exit_code.to_string(),
        memory(|memory| memory.rss_bytes),
        memory(|memory| memory.pss_bytes),
        memory(|memory| memory.uss_bytes),
        memory(|memory| memory.guest_ram_bytes),
        memory(|memory| memory.monitor_bytes),
        memory(|memory| memory.runtime_bytes),
        memory(|memory| memory.cgroup_anon_bytes),
        memory(|memory| memory.cgroup_peak_bytes),
        memory(|memory| memory.host_delta_bytes),
        memory(|memory| memory.instances.map(u64::from)),
        optional(work.map(|work| work.ops_per_s)),
        optional(work.map(|work| work.ops)),
        optional(work.map(|work| work.inside_ms)),
        optional(work.and_then(|work| work.outside_ms)),
        text(work.map_or("", |work| &work.checksum)),
        text(&exits.collect::<Vec<_>>().join(";")),
        counter(|counters| counters.minor_faults),
        counter(|counters| counters.major_faults),
        counter(|counters| counters.voluntary_switches),
        counter(|counters| counters.involuntary_switches),
        counter(|counters| counters.system_calls),
        text(sample.error.as_deref().unwrap_or("")),
    ]
}

/// One line per phase of every run, in order.
pub(crate) fn phases(files: &[Results]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["file", "target", "run", "step", "phase", "ms"])?;
    for (index, file) in files.iter().enumerate() {
        for sample in &file.samples {
            for (step, phase) in sample.phases.iter().enumerate() {
                let (target, name) = (text(&sample.target), text(&phase.name));
                let numbers = [
                    (index + 1).to_string(),
                    sample.run.to_string(),
                    step.to_string(),
                    phase.ms.to_string(),
                ];
                let [file, run, step, ms] = &numbers;
                writer.write_record([file, &target, run, step, &name, ms])?;
            }
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn optional<T: ToString>(figure: Option<T>) -> String {
    figure.map_or_else(String::new, |figure| figure.to_string())
}

/// Text that a spreadsheet takes for text: it would compute what begins like a formula (OWASP, "CSV Injection").
fn text(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{value}") } else { value.to_owned() }
}
