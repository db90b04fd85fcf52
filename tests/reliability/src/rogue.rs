//! A provider that misbehaves in every way that an action can, and what must hold all the same: the run ends, within
//! its deadlines and in little memory, and the outcome of everything else is recorded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Configured, Context, DataSource, Lifetime, Problem, Provider,
    ProviderSchema, Repeat, Resource, ResourceSchema, Type, Value,
};

use crate::scene::{Relplan, Scene, Shape};
use crate::tally::Tally;

mod stage;
mod verbs;

pub use verbs::verbs;

/// What a rogue can do, and a part of what its row must say.
const DEEDS: [(&str, &str); 11] = [
    ("hangs", "did not end within 2 seconds"),
    ("blocks", "did not end within 2 seconds"),
    ("spins", "did not end within 2 seconds"),
    ("panics", "this is a fault in it"),
    ("answers nonsense", "not with an object of its type"),
    ("leaves it open", "left something unknown"),
    ("answers too much", "more than can be kept"),
    ("chatters", ""),
    ("says one long line", ""),
    ("writes an essay", "bytes more]"),
    ("is deaf and late", "did not end within 2 seconds"),
];

/// How long the whole may take: the deadline of 2 seconds, 5 of grace, and as much again for a slow machine.
const DEADLINE: Duration = Duration::from_secs(25);

/// How much memory it may take, in kilobytes: rogues hold some hundred megabytes themselves.
const MEMORY: u64 = 1_200_000;

/// The provider `rogue`.
pub struct Rogue;

fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: "rogue_thing",
        lifetime: Lifetime::Live,
        summary: "",
        docs: "",
        attributes: vec![
            Attribute::required("does", Type::String, "What it does."),
            Attribute::computed("id", Type::String, "Its name outside."),
        ],
        repeat: Repeat::AtMostOnce,
        destroyable: true,
        backup: false,
        preview: false,
        gate: false,
        undo: "",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(2),
    }
}

impl Provider for Rogue {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "rogue",
            version: "1.0.0",
            summary: "",
            configuration: Vec::new(),
            resources: vec![schema(), stage::schema()],
            data_sources: vec![stage::word_schema()],
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        stage::at_once("configure");
        let thing: Arc<dyn Resource> = Arc::new(Thing(schema()));
        let stage: Arc<dyn Resource> = Arc::new(stage::Stage(stage::schema()));
        let word: Arc<dyn DataSource> = Arc::new(stage::Word(stage::word_schema()));
        Ok(Configured {
            resources: BTreeMap::from([("rogue_thing", thing), ("rogue_stage", stage)]),
            data_sources: BTreeMap::from([("rogue_word", word)]),
            ..Configured::default()
        })
    }
}

struct Thing(ResourceSchema);

impl Resource for Thing {
    fn schema(&self) -> &ResourceSchema {
        &self.0
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move { misbehave(context, request.planned).await })
    }
}

async fn misbehave(context: &Context, planned: &Value) -> Result<Applied, Problem> {
    const HUNDRED_MEGABYTES: usize = 100_000_000;
    let id = match planned.get("does").as_str().unwrap_or_default() {
        "hangs" => std::future::pending().await,
        "blocks" => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        "spins" => loop {
            std::hint::spin_loop();
        },
        "panics" => std::panic::resume_unwind(Box::new("a rogue")),
        "answers nonsense" => return Ok(Applied::new(Value::from("nonsense"))),
        "leaves it open" => return Ok(Applied::new(planned.clone())),
        "answers too much" => "x".repeat(HUNDRED_MEGABYTES),
        "chatters" => {
            // A gigabyte, in lines.
            let line = "x".repeat(1000);
            (0..1_000_000).for_each(|_| context.progress.line(&line));
            "said it all".to_owned()
        }
        "says one long line" => {
            context.progress.line(&"x".repeat(HUNDRED_MEGABYTES));
            "said it all".to_owned()
        }
        "writes an essay" => return Err(Problem::refused("x".repeat(HUNDRED_MEGABYTES))),
        _ => {
            tokio::time::sleep(Duration::from_secs(9)).await;
            "late".to_owned()
        }
    };
    Ok(Applied::new(planned.clone().with("id", id.into())))
}

/// Applies a release with every rogue and some well-behaved siblings.
pub fn rogues(relplan: &Relplan) -> io::Result<Tally> {
    const SIBLINGS: Shape = Shape { records: 8, deployments: 2, checks: 1, action_ms: 20 };
    let mut tally = Tally::new("providers that misbehave");
    let scene = Scene::new(SIBLINGS)?;
    let mut text = std::fs::read_to_string(scene.folder().join("scene.hcl"))?;
    for (number, (deed, _)) in DEEDS.iter().enumerate() {
        let _ = write!(text, "\nresource \"rogue_thing\" \"r{number:02}\" {{\n  does = \"{deed}\"\n}}\n");
    }
    std::fs::write(scene.folder().join("scene.hcl"), text)?;
    let begun = Instant::now();
    let arguments = ["apply", "-auto-approve", "-parallelism=30", "scene.hcl"];
    let log = scene.folder().join("said.txt");
    let mut command = scene.command(relplan, &arguments);
    let mut child = command.stdout(std::fs::File::create(&log)?).stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() && begun.elapsed() < DEADLINE {
        peak = peak.max(memory(child.id()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = begun.elapsed();
    child.kill()?;
    let status = child.wait()?;
    let said = std::fs::read_to_string(&log)?;
    tally.findings = judged(&scene, &said);
    if status.code() != Some(10) {
        tally.findings.push(format!("it ends with {status} after {} s", took.as_secs()));
    }
    if peak > MEMORY {
        tally.findings.push(format!("it takes {peak} kB"));
    }
    if said.len() > 64 << 20 {
        tally.findings.push(format!("it prints {} bytes", said.len()));
    }
    // Without rogues there is nothing to be found: the siblings alone must not look like all of them.
    tally.caught_planted_bug = !judged(&Scene::new(SIBLINGS)?, "").is_empty();
    tally.runs = 1;
    tally.figures = vec![
        ("rogues", DEEDS.len() as u64),
        ("seconds", took.as_secs()),
        ("megabytes at most", peak / 1000),
        ("megabytes printed", said.len() as u64 / 1_000_000),
    ];
    Ok(tally)
}

/// What each rogue's row must say, and that everything has an outcome in the ledger.
fn judged(scene: &Scene, said: &str) -> Vec<String> {
    let mut findings = scene.miscounted();
    let ledger = scene.ledger();
    for (number, (deed, expected)) in DEEDS.iter().enumerate() {
        let address = format!("rogue_thing.r{number:02}");
        let mut rows = said.lines().filter(|line| line.contains(&address));
        if !rows.any(|row| row.contains(expected)) {
            findings.push(format!("of the rogue that {deed}, nothing says {expected:?}"));
        }
        let outcome = |line: &&str| line.contains("\"kind\":\"ended\"") && line.contains(&address);
        if ledger.lines().filter(outcome).count() != 1 {
            findings.push(format!("the rogue that {deed} has no outcome in the ledger"));
        }
    }
    findings
}

/// The most memory that a process had, in kilobytes.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
