//! What one resource costs: loading, planning and looking at the plan, for growing numbers of resources. The time for
//! each should grow as their number does.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use relplan::plan::digest;
use relplan::source::Sources;
use relplan::view;
use relplan_reliability::release::draft;

/// Chains of ten resources each.
fn release(count: usize) -> String {
    let mut text = "release \"bench\" {\n  version = \"1.0.0\"\n}\n".to_owned();
    for index in 0..count {
        let before = if index % 10 == 0 {
            "\"root\"".to_owned()
        } else {
            format!("terraform_data.r{}.output", index - 1)
        };
        let _ = writeln!(
            text,
            "resource \"terraform_data\" \"r{index}\" {{\n  input = {{ n = {index}, before = {before} }}\n}}"
        );
    }
    text
}

fn plan(text: &str) -> String {
    let draft = draft(&mut Sources::default(), text.as_bytes()).expect("a release");
    view::text::plan(&draft.plan, &digest::of(&draft.plan), &view::style::Palette::PLAIN)
}

fn scale(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    for count in [500_usize, 1_000, 2_000, 4_000] {
        let text = release(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &text, |bencher, text| {
            bencher.iter(|| black_box(plan(text)));
        });
    }
    group.finish();
}

criterion_group!(benches, scale);
criterion_main!(benches);
