//! The workloads for demonstrations in one executable, which does what it is called: `inspect` and `crash`, a file each.

mod crash;
mod inspect;
mod kernel;

use std::process::ExitCode;

/// A workload.
struct Workload {
    /// What the executable is called to do it.
    name: &'static str,
    /// Does it, with the arguments.
    run: fn(&[String]) -> Result<(), String>,
}

const WORKLOADS: [Workload; 2] = [crash::WORKLOAD, inspect::WORKLOAD];

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let called = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let name = called.rsplit('/').next().unwrap_or_default();
    let Some(workload) = WORKLOADS.into_iter().find(|workload| workload.name == name) else {
        let names = WORKLOADS.map(|workload| workload.name).join(", ");
        eprintln!("{name}: this executable does what it is called: {names}");
        return ExitCode::from(2);
    };
    match (workload.run)(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{name}: {why}");
            ExitCode::from(2)
        }
    }
}
