//! The speed workloads: each runs wherever its kernel offers what it needs, and says what is missing elsewhere.

use crate::support::{Need, expect, expect_holds, expect_status, isolab, test};
use libtest_mimic::{Failed, Trial};

/// Those that the built-in guest kernel runs.
const ANYWHERE: [&str; 8] = [
    "allocate",
    "clock",
    "cpu",
    "float",
    "memory-bandwidth",
    "memory-latency",
    "page-fault",
    "syscall",
];
/// Those that need files, processes or sockets, and what they say without.
const NEEDING: [(&str, &str); 5] = [
    ("file-sequential", "cannot make the folder"),
    ("file-small", "cannot make the folder"),
    ("network", "cannot listen on 127.0.0.1"),
    ("spawn", "cannot start a process"),
    ("switch", "cannot start a process"),
];

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "every_speed_workload_does_the_same_as_a_process_and_in_a_container",
            &[Need::Containers],
            shared_kernel,
        ),
        test(
            "the_built_in_guest_does_the_same_or_says_what_it_lacks",
            &[Need::Kvm],
            guest,
        ),
        test("a_wrong_amount_of_work_is_refused", &[], wrong_amounts),
    ]
}

/// The checksum of the smallest amount of work.
fn checksum(target: &str, workload: &str) -> Result<String, Failed> {
    let said = isolab(&["run", "--on", target, workload, "--", "1"])?;
    expect_status(&said, 0)?;
    let line: serde_json::Value = serde_json::from_str(&said.stdout).map_err(|error| format!("{workload}: {error}"))?;
    expect(line["workload"] == workload, || said.stdout.clone())?;
    expect(line["ops"].as_u64() > Some(0), || said.stdout.clone())?;
    Ok(line["checksum"].to_string())
}

fn shared_kernel() -> Result<(), Failed> {
    for workload in ANYWHERE.into_iter().chain(NEEDING.map(|(name, _)| name)) {
        let (process, container) = (checksum("process", workload)?, checksum("container", workload)?);
        expect(process == container, || format!("{workload}: {process}, {container}"))?;
    }
    Ok(())
}

fn guest() -> Result<(), Failed> {
    for workload in ANYWHERE {
        let (process, guest) = (checksum("process", workload)?, checksum("microvm", workload)?);
        expect(process == guest, || format!("{workload}: {process}, {guest}"))?;
    }
    for (workload, reason) in NEEDING {
        let said = isolab(&["run", "--on", "microvm", workload, "--", "1"])?;
        expect_status(&said, 1)?;
        // A guest has one console for both.
        expect_holds(&(said.stdout + &said.stderr), reason)?;
    }
    Ok(())
}

fn wrong_amounts() -> Result<(), Failed> {
    for amount in ["0", "x", "-1", "1000001"] {
        let said = isolab(&["run", "--on", "process", "float", "--", amount])?;
        expect_status(&said, 2)?;
        expect_holds(
            &said.stderr,
            "the amount (million steps) is a whole number from 1 to 1000000",
        )?;
    }
    Ok(())
}
