//! The speed workloads in one executable, which does what it is called, as busybox does: `cpu`, `float`, `syscall` and so on,
//! one file each.
//!
//! `NAME [AMOUNT [FOLDER]]` prepares, writes the beginning of one line of JSON, does a fixed amount of work, and writes the rest
//! of the line, so that whoever reads it can time the same work from outside. The line holds the time by this program's own
//! clock, a checksum of the result, and metrics by name. What cannot be done here (no threads, no sockets, no folder that can be
//! written to) is said on stderr, with status 1.

mod allocate;
mod clock;
mod cpu;
mod file_sequential;
mod file_small;
mod float;
mod kernel;
mod memory_bandwidth;
mod memory_latency;
mod network;
mod page_fault;
mod partner;
mod place;
mod random;
mod samples;
mod spawn;
mod switch;
mod syscall;
mod work;

use std::io::Write;
use std::process::ExitCode;
use work::{Request, Workload};

const WORKLOADS: [Workload; 13] = [
    allocate::WORKLOAD,
    clock::WORKLOAD,
    cpu::WORKLOAD,
    file_sequential::WORKLOAD,
    file_small::WORKLOAD,
    float::WORKLOAD,
    memory_bandwidth::WORKLOAD,
    memory_latency::WORKLOAD,
    network::WORKLOAD,
    page_fault::WORKLOAD,
    spawn::WORKLOAD,
    switch::WORKLOAD,
    syscall::WORKLOAD,
];

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let called = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    if let [role] = &arguments[..]
        && let Some(status) = partner::play(role)
    {
        return status;
    }
    let name = called.rsplit('/').next().unwrap_or_default();
    let Some(workload) = WORKLOADS.into_iter().find(|workload| workload.name == name) else {
        let names = WORKLOADS.map(|workload| workload.name).join(", ");
        eprintln!("{name}: this executable does what it is called: {names}");
        return ExitCode::from(2);
    };
    let request = match Request::read(&workload, &arguments) {
        Ok(request) => request,
        Err(why) => {
            eprintln!("{name}: {why}");
            return ExitCode::from(2);
        }
    };
    match run(&workload, request) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{name}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(workload: &Workload, request: Request) -> Result<(), String> {
    let unwritten = |error: std::io::Error| format!("cannot write the result: {error}");
    let work = (workload.prepare)(request)?;
    let mut out = std::io::stdout();
    write!(out, "{{\"workload\":\"{}\",", workload.name).map_err(unwritten)?;
    out.flush().map_err(unwritten)?;
    let done = work()?;
    writeln!(out, "{}", done.json()).map_err(unwritten)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small amount of each.
    fn done(workload: &Workload) -> work::Done {
        let request = Request {
            amount: 1,
            folder: None,
        };
        let work = (workload.prepare)(request).unwrap_or_else(|why| panic!("{}: {why}", workload.name));
        work().unwrap_or_else(|why| panic!("{}: {why}", workload.name))
    }

    /// Those that execute themselves need the name of the executable that they are built into.
    fn is_alone(workload: &&Workload) -> bool {
        ![spawn::WORKLOAD.name, switch::WORKLOAD.name].contains(&workload.name)
    }

    #[test]
    fn the_same_work_has_the_same_checksum_and_takes_time() {
        for workload in WORKLOADS.iter().filter(is_alone) {
            let (one, other) = (done(workload), done(workload));
            assert_eq!(one.checksum, other.checksum, "{}", workload.name);
            assert!(one.ops > 0 && !one.elapsed.is_zero(), "{}", workload.name);
        }
    }

    #[test]
    fn every_metric_has_a_name_of_its_own_and_a_figure() {
        for workload in WORKLOADS.iter().filter(is_alone) {
            let metrics = done(workload).metrics;
            let names: std::collections::HashSet<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
            assert_eq!(names.len(), metrics.len(), "{}", workload.name);
            assert!(
                metrics
                    .iter()
                    .all(|metric| metric.value.is_finite() && metric.value >= 0.0),
                "{}",
                workload.name
            );
        }
    }

    #[test]
    fn the_line_is_json_with_what_the_harness_reads() {
        let done = done(&float::WORKLOAD);
        let line = format!("{{\"workload\":\"float\",{}", done.json());
        assert!(
            line.starts_with("{\"workload\":\"float\",\"ops\":") && line.ends_with("]}"),
            "{line}"
        );
        assert_eq!(line.matches('{').count(), line.matches('}').count());
    }
}
