//! How many containers a second can be started, waited for and removed: `cargo bench -p isolab-container --bench
//! throughput`.
//!
//! Several starters at once, first as threads of one process, then as processes of their own, in turns. Each line is
//! a span of a few seconds; the last are the medians.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio as ProcessStdio};
use std::time::{Duration, Instant};

use container::Stdio;

/// exit(0).
const ENDS: &str = "mov $60,%eax\nxor %edi,%edi\nsyscall\n";

/// How long each span is.
const SPAN: Duration = Duration::from_secs(3);
const SPANS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, name, layer] = &arguments[..]
        && name == "starter"
    {
        println!("{}", start_for(SPAN, Path::new(layer)));
        return;
    }
    let layer = common::layer(ENDS);
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rates: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..SPANS {
        let mut note = |name: String, starts: u64| {
            let rate = starts as f64 / SPAN.as_secs_f64();
            println!("{name:14} {rate:6.0} starts/s");
            rates.entry(name).or_default().push(rate);
        };
        note("1 thread".into(), threads(1, layer.path()));
        note(format!("{all} threads"), threads(all, layer.path()));
        note(format!("{all} processes"), processes(all, layer.path()));
    }
    println!("medians:");
    for (name, mut rates) in rates {
        rates.sort_by(f64::total_cmp);
        println!("{name:14} {:6.0} starts/s", rates[SPANS / 2]);
    }
}

fn start_for(span: Duration, layer: &Path) -> u64 {
    let mut spec = common::spec(PathBuf::from(layer));
    spec.stdio.stdin = Stdio::Null;
    let began = Instant::now();
    let mut starts = 0;
    while began.elapsed() < span {
        let mut container = container::start(&spec).expect("start");
        assert_eq!(container.wait().expect("wait").code(), 0);
        container.remove().expect("remove");
        starts += 1;
    }
    starts
}

fn threads(count: usize, layer: &Path) -> u64 {
    std::thread::scope(|scope| {
        let starters: Vec<_> = (0..count).map(|_| scope.spawn(|| start_for(SPAN, layer))).collect();
        starters
            .into_iter()
            .map(|starter| starter.join().expect("no panic"))
            .sum()
    })
}

fn processes(count: usize, layer: &Path) -> u64 {
    let own = std::env::current_exe().expect("own path");
    let starters: Vec<_> = (0..count)
        .map(|_| {
            let mut command = Command::new(&own);
            command.arg("starter").arg(layer).stdout(ProcessStdio::piped());
            command.spawn().expect("spawn")
        })
        .collect();
    let starts = starters.into_iter().map(|starter| {
        let output = starter.wait_with_output().expect("wait");
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse::<u64>()
            .expect("a number")
    });
    starts.sum()
}
