//! Start-up of a container: back to back, and with idle gaps as people start them.
//!
//! The clock of `ready` starts before [`container::start`] is called and stops when the first byte that the program
//! wrote has been read. Every start has all namespaces, a control group with limits on memory, processor and tasks, an
//! overlay root and the system-call filter. Another process start, without a container, is there for comparison.

mod common;

use std::io::{PipeReader, Read};
use std::path::Path;
use std::process::{Command, Stdio as ProcessStdio};
use std::time::{Duration, Instant};

use container::{Container, Spec, Stdio};
use criterion::{Criterion, criterion_group, criterion_main};

/// As long as an idle gap between two starts is: long enough for the kernel to have finished its RCU grace periods.
const GAP: Duration = Duration::from_millis(300);

/// write(1, "x", 1); exit(0).
const SHOWS_THAT_IT_RUNS: &str = "mov $1,%eax\nmov $1,%edi\nlea text(%rip),%rsi\nmov $1,%edx\nsyscall\nmov $60,%eax\nxor %edi,%edi\nsyscall\n.data\ntext: .byte 120\n";

fn spec(layer: &Path) -> (Spec, PipeReader) {
    let mut spec = common::spec(layer.to_owned());
    let (reader, writer) = std::io::pipe().expect("a pipe");
    spec.stdio.stdout = Stdio::Fd(writer.into());
    (spec, reader)
}

fn ready(layer: &Path) -> (Duration, Container) {
    let (spec, mut reader) = spec(layer);
    let began = Instant::now();
    let instance = container::start(&spec).expect("start");
    reader.read_exact(&mut [0]).expect("the program's first byte");
    (began.elapsed(), instance)
}

fn finish(mut instance: Container) {
    assert_eq!(instance.wait().expect("wait").code(), 0);
    instance.remove().expect("remove");
}

fn process(layer: &Path) -> Duration {
    let mut command = Command::new(layer.join("program"));
    command.stdout(ProcessStdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().expect("spawn");
    child
        .stdout
        .take()
        .expect("piped")
        .read_exact(&mut [0])
        .expect("the program's first byte");
    let took = began.elapsed();
    child.wait().expect("wait");
    took
}

fn total(runs: u64, mut one: impl FnMut() -> Duration) -> Duration {
    (0..runs).map(|_| one()).sum()
}

fn starts(criterion: &mut Criterion) {
    let layer = common::layer(SHOWS_THAT_IT_RUNS);
    let layer = layer.path();
    let mut group = criterion.benchmark_group("ready");
    group.sample_size(50);
    group.bench_function("process", |bencher| {
        bencher.iter_custom(|runs| total(runs, || process(layer)))
    });
    let container = || {
        let (took, instance) = ready(layer);
        finish(instance);
        took
    };
    group.bench_function("container", |bencher| {
        bencher.iter_custom(|runs| total(runs, container))
    });
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_millis(1));
    group.bench_function("container after 300 ms idle", |bencher| {
        bencher.iter_custom(|runs| {
            total(runs, || {
                std::thread::sleep(GAP);
                container()
            })
        });
    });
    group.finish();
}

criterion_group!(benches, starts);
criterion_main!(benches);
