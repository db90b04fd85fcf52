//! What one resource costs: loading, planning and looking at the plan, for growing numbers of resources. The time for
//! each should grow as their number does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use relplan::graph::Graph;
use relplan::lang::functions::NoFiles;
use relplan::lang::lower::{Entry, Files, load};
use relplan::ledger::{KEY_LENGTH, Sealer};
use relplan::plan::{Answer, Options, Planner, Question, Registry, Setup, digest};
use relplan::source::Sources;
use relplan::state::State;
use relplan::view;
use relplan::world::World;
use relplan_contract::{Planned, propose};

struct InMemory(String);

impl Files for InMemory {
    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(vec!["a.hcl".to_owned()])
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

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
    let entry = Entry { folder: ".".to_owned(), file: Some("a.hcl".to_owned()), name: "bench".to_owned() };
    let (config, _) = load(&mut Sources::default(), &InMemory(text.to_owned()), &entry).expect("a release");
    let graph = Arc::new(Graph::build(&config).expect("no cycle"));
    let (world, _) =
        World::new(Arc::new(config), graph, BTreeMap::new(), Arc::new(NoFiles)).expect("a world");
    let mut planner = Planner::new(Setup {
        world,
        state: State::default(),
        registry: Arc::new(Registry::new(relplan_bundled::registry())),
        environment: Arc::new(BTreeMap::new()),
        sealer: Sealer::new(&[0; KEY_LENGTH]),
        options: Options::default(),
    });
    loop {
        let asks = planner.poll();
        if asks.is_empty() {
            break;
        }
        for ask in asks {
            let Question::Plan { resource, config, prior } = &ask.question else { continue };
            let value = propose(&resource.schema().attributes, prior.as_ref(), config).value;
            planner.answer(ask.id, Answer::Planned(Ok(Planned::new(value))));
        }
    }
    let Ok(draft) = planner.finish() else { return String::new() };
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
