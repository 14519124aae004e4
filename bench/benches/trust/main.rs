//! Whether the harness can be trusted on this host: it is told truths that are known, and must report them.
//!
//! `cargo bench -p isolab --bench trust` on a quiet machine, or with `-- NAME…` some of the claims only; all of them take
//! two to three minutes. Every line is a claim with what was found, and one that does not hold makes the exit status 1.
//! These claims are about time, so they are no part of `cargo test`; what can be known without a clock (memory that was
//! touched, system calls that were made, sizes) is tested there.

mod clocks;
mod statistics;
mod targets;

use bench::error::Error;
use std::process::ExitCode;
use std::time::Instant;

/// One thing that must be so.
struct Claim {
    name: &'static str,
    says: &'static str,
    check: fn() -> Result<Found, Error>,
}

/// What a check has found.
struct Found {
    holds: bool,
    what: String,
}

const CLAIMS: [Claim; 7] = [
    Claim {
        name: "delays",
        says: "a program that computes for 1, 5, 20 ms more is reported that much slower, within 3 % and inside the interval",
        check: statistics::delays,
    },
    Claim {
        name: "false-alarms",
        says: "of 200 comparisons of a program with itself at most 17 find a difference",
        check: statistics::false_alarms,
    },
    Claim {
        name: "blindness",
        says: "a true difference of 5 % is found with 50 runs in at least 80 % of comparisons, on every target",
        check: statistics::blindness,
    },
    Claim {
        name: "order",
        says: "results do not depend on the order of targets, but for chance or 5 %",
        check: statistics::order,
    },
    Claim {
        name: "clocks",
        says: "guest and host clocks agree within 0.1 % over ten seconds",
        check: clocks::guest,
    },
    Claim {
        name: "hyperfine",
        says: "hyperfine agrees about the same program within 0.15 ms or 10 %",
        check: clocks::hyperfine,
    },
    Claim {
        name: "comparison",
        says: "30 runs of three targets take at most 2 s",
        check: clocks::comparison,
    },
];

fn main() -> ExitCode {
    // The micro-VM's monitor is this program, started again.
    bench::targets::runtime::run_if_asked();
    // Cargo itself adds --bench.
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let names = CLAIMS.map(|claim| claim.name);
    if let Some(unknown) = asked.iter().find(|name| !names.contains(&name.as_str())) {
        eprintln!("there is no claim {unknown:?}; the claims are {}", names.join(", "));
        return ExitCode::from(2);
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load average at the start: {}", load.trim());
    let mut status = ExitCode::SUCCESS;
    for claim in CLAIMS {
        if !asked.is_empty() && !asked.iter().any(|name| name == claim.name) {
            continue;
        }
        let start = Instant::now();
        let (verdict, found) = match (claim.check)() {
            Ok(Found { holds: true, what }) => ("holds", what),
            Ok(Found { holds: false, what }) => ("FAILS", what),
            Err(error) => ("ERROR", error.to_string()),
        };
        if verdict != "holds" {
            status = ExitCode::FAILURE;
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{verdict}  {} ({seconds:.0} s)  {}: {found}", claim.name, claim.says);
    }
    status
}
