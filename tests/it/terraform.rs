//! Side by side with Terraform: `tests/terraform/*.md` are small configurations with steps; what Terraform 1.11.4 makes
//! of each step is recorded there, and relplan must come to the same outcome.
//!
//! Every scenario is run with relplan whenever the tests are. Where `terraform` is on PATH, a sample is run with it as
//! well, so that a record that is not true does not stay unseen; `TERRAFORM=all` runs every scenario with it, and
//! `TERRAFORM=record` writes the records anew. Where it is not on PATH, that is said, and the records are what counts.

mod outcome;
mod scenario;
mod tools;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;

use outcome::Outcome;
use scenario::{Document, Part, Scenario};
use tools::{Ground, Relplan, Terraform, Tool};

/// One in so many scenarios is run with Terraform in every run of the tests.
const SAMPLE: usize = 12;

/// How many scenarios there must be, and how many of them must agree.
const SCENARIOS: usize = 70;
const AGREE: usize = 66;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Sample,
    All,
    Record,
}

#[test]
fn outcomes_are_those_of_terraform() {
    let wanted = match std::env::var("TERRAFORM").as_deref() {
        Ok("all") => Wanted::All,
        Ok("record") => Wanted::Record,
        _ => Wanted::Sample,
    };
    let installed = Terraform::is_installed();
    assert!(installed || wanted == Wanted::Sample, "terraform is not on PATH");
    if !installed {
        eprintln!("terraform is not on PATH: its outcomes are taken from what was recorded of it.");
    }
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let mut documents = scenario::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform"));
    let mut wrong = Vec::new();
    if installed {
        compare_records(&mut documents, wanted, &only, &mut wrong);
    }
    if wanted == Wanted::Record {
        documents.iter().for_each(Document::write);
    }
    let (mut agree, mut differ) = (0, Vec::new());
    for (scenario, steps) in run_all(&documents, &Relplan, &|_, scenario| scenario.name.contains(&only)) {
        let text = disagreement(&scenario, &steps);
        match (scenario.differs, text.is_empty()) {
            (false, true) => agree += 1,
            (true, false) => differ.push(scenario.name.clone()),
            (true, true) => wrong.push(format!("{}: it is said to differ, but agrees", scenario.name)),
            (false, false) => wrong.push(format!("{}:\n{text}", scenario.name)),
        }
    }
    eprintln!("{agree} scenarios agree with Terraform; these differ on purpose: {differ:?}");
    assert!(wrong.is_empty(), "{} wrong, {agree} agree\n{}", wrong.len(), wrong.join("\n"));
    if only.is_empty() {
        assert!(agree + differ.len() >= SCENARIOS, "only {} scenarios are left", agree + differ.len());
        assert!(agree >= AGREE, "only {agree} scenarios agree");
    }
}

/// Looks whether Terraform still does what is recorded of it; or records it.
fn compare_records(documents: &mut [Document], wanted: Wanted, only: &str, wrong: &mut Vec<String>) {
    let picked = |index: usize, scenario: &Scenario| {
        (wanted != Wanted::Sample || index.is_multiple_of(SAMPLE)) && scenario.name.contains(only)
    };
    for (scenario, steps) in run_all(documents, &Terraform, &picked) {
        if wanted == Wanted::Record {
            let document = documents.iter_mut().find(|document| document.path == scenario.document);
            document.expect("its document").record(&scenario.name, &steps);
            continue;
        }
        let text = disagreement(&scenario, &steps);
        if !text.is_empty() {
            wrong.push(format!("{}: what is recorded of Terraform is not true:\n{text}", scenario.name));
        }
    }
}

/// Runs scenarios with one of the two, a few side by side.
fn run_all(
    documents: &[Document],
    tool: &(dyn Tool + Sync),
    picked: &dyn Fn(usize, &Scenario) -> bool,
) -> Vec<(Scenario, Vec<Outcome>)> {
    let scenarios = documents.iter().flat_map(Document::scenarios).enumerate();
    let queue: VecDeque<Scenario> = scenarios
        .filter(|(index, scenario)| picked(*index, scenario))
        .map(|(_, scenario)| scenario)
        .collect();
    let (queue, done) = (Mutex::new(queue), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(scenario) = queue.lock().expect("the queue").pop_front() else { return };
                    let steps = run(&scenario, tool);
                    done.lock().expect("the results").push((scenario, steps));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("the results");
    done.sort_by(|(a, _), (b, _)| (&a.document, &a.name).cmp(&(&b.document, &b.name)));
    done
}

fn run(scenario: &Scenario, tool: &dyn Tool) -> Vec<Outcome> {
    let ground = Ground::new(tool.extension());
    let mut outcomes = Vec::new();
    for part in &scenario.parts {
        match part {
            Part::File(name, text) => ground.write(name, text),
            Part::Step(command, _) => outcomes.push(tool.step(&ground, command)),
        }
    }
    outcomes
}

/// What is not as recorded, step by step; empty where all is.
fn disagreement(scenario: &Scenario, steps: &[Outcome]) -> String {
    let recorded = scenario.parts.iter().filter_map(|part| match part {
        Part::Step(command, recorded) => Some((command, recorded)),
        Part::File(..) => None,
    });
    let mut text = String::new();
    for ((command, recorded), seen) in recorded.zip(steps) {
        if *recorded != seen.lines {
            text += &format!(
                "  $ {command}\n  --- Terraform\n  {}\n  --- seen\n  {}\n{}",
                recorded.join("\n  "),
                seen.lines.join("\n  "),
                seen.said.lines().flat_map(|line| ["  | ", line, "\n"]).collect::<String>()
            );
        }
    }
    text
}
