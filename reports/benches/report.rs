//! How long a report takes: the usual three targets, and 10,000 runs of 8 targets.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use criterion::{Criterion, criterion_group, criterion_main};
use reports::model::Results;
use reports::{Lang, report};
use std::hint::black_box;

#[path = "../tests/fixtures/mod.rs"]
mod fixtures;

fn html(criterion: &mut Criterion) {
    let three = [fixtures::results("three")];
    criterion.bench_function("html of 3 targets", |bencher| {
        bencher.iter(|| report::html(black_box(&three), Lang::En))
    });
    let large = [fixtures::large(10_000, 8)];
    let mut group = criterion.benchmark_group("10,000 runs of 8 targets");
    group.sample_size(10);
    group.bench_function("html", |bencher| {
        bencher.iter(|| report::html(black_box(&large), Lang::En))
    });
    let text = large[0].to_json().unwrap_or_default();
    group.bench_function("read", |bencher| bencher.iter(|| Results::from_json(black_box(&text))));
}

criterion_group!(benches, html);
criterion_main!(benches);
