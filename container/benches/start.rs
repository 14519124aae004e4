//! Start-up of a container: back to back, with idle gaps as people start them, and how many a second.
//!
//! The clock of `ready` starts before [`container::start`] is called and stops when the first byte that the program
//! wrote has been read. Every start has all namespaces, a control group with limits on memory, processor and tasks, an
//! overlay root and the system-call filter. Another process start, without a container, is there for comparison.

use std::hint::black_box;
use std::io::{PipeReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio as ProcessStdio};
use std::time::{Duration, Instant};

use container::{Container, Limits, Spec, Stdio};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// As long as an idle gap between two starts is: long enough for the kernel to have finished its RCU grace periods.
const GAP: Duration = Duration::from_millis(300);

/// The name of the smallest program that shows when it runs.
const PAYLOAD: &str = "payload";

fn layer() -> tempfile::TempDir {
    let layer = tempfile::tempdir().expect("a folder for temporary files");
    let source = layer.path().join("payload.s");
    std::fs::write(&source, PROGRAM).expect("write the program's source");
    let compiled = Command::new("cc")
        .args(["-nostdlib", "-static", "-o"])
        .arg(layer.path().join(PAYLOAD))
        .arg(&source)
        .status()
        .expect("the C linker that Rust needs, too");
    assert!(compiled.success(), "cc failed");
    layer
}

/// write(1, "x", 1); exit(0), as assembly: nothing of a language's runtime is measured with the container.
const PROGRAM: &str = ".globl _start\n_start: mov $1,%eax\nmov $1,%edi\nlea text(%rip),%rsi\nmov $1,%edx\nsyscall\nmov $60,%eax\nxor %edi,%edi\nsyscall\n.data\ntext: .byte 120\n";

fn spec(layer: &Path) -> (Spec, PipeReader) {
    let mut spec = Spec::new(vec![layer.to_owned()], PathBuf::from("/").join(PAYLOAD));
    spec.limits = Limits {
        memory_bytes: Some(64 << 20),
        cpus: Some(1.0),
        pids: Some(16),
        ..Limits::default()
    };
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
    let mut command = Command::new(layer.join(PAYLOAD));
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
    let layer = layer();
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

fn throughput(criterion: &mut Criterion) {
    let layer = layer();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = criterion.benchmark_group("whole life");
    group.sample_size(20).throughput(Throughput::Elements(1));
    group.bench_function(format!("container, {workers} at a time"), |bencher| {
        bencher.iter_custom(|runs| {
            let began = Instant::now();
            std::thread::scope(|scope| {
                for worker in 0..workers as u64 {
                    let layer = layer.path();
                    let share = runs / workers as u64 + u64::from(worker < runs % workers as u64);
                    scope.spawn(move || (0..share).for_each(|_| finish(black_box(ready(layer).1))));
                }
            });
            began.elapsed()
        });
    });
    group.finish();
}

criterion_group!(benches, starts, throughput);
criterion_main!(benches);
