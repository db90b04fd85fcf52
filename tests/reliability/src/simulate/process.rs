//! One process: an apply from the ledger on the disk to its last record, or to its death.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use relplan::event::{Actor, Ending, EntryKey, Event, RunId, RunMode};
use relplan::lang::functions::NoFiles;
use relplan::ledger::{KEY_LENGTH, Ledger, LedgerError, Reading, Sealer, Writer};
use relplan::plan::rollback::{Aim, Scope};
use relplan::plan::{self, Draft, Options, Planner, Providers, Registry, Setup, WayBack};
use relplan::run::machine::Gate;
use relplan::run::observe::{Replay, observe};
use relplan::run::report::{Notice, RowResult, Summary};
use relplan::run::surroundings::Surroundings;
use relplan::run::{Run, Signal, apply};
use relplan::state::State;
use relplan::world::World;
use relplan_contract::{Cancel, Clock as _, Provider, Redactor, Tree};

use super::Bug;
use super::outside::{Guarded, Outside};
use super::provider::{Simulated, is_check};
use super::scenario::Release;
use crate::disk::{Died, Disk};

/// How a process is hurt.
#[derive(Clone, Debug, Default)]
pub(super) struct Hurt {
    /// Of a hundred actions, how many go wrong.
    pub trouble: u64,
    /// Whether the disk refuses something.
    pub full: bool,
    /// When it is killed.
    pub dies: Option<Duration>,
    /// When it is asked to stop.
    pub interrupts: Vec<Duration>,
}

/// How a process ended.
pub(super) enum Ended {
    /// It was killed.
    Died,
    /// The ledger could not be read or written.
    Ledger(LedgerError),
    /// It could not plan: why, in words.
    NotPlanned(String),
    /// There was nothing to do.
    Nothing,
    /// It ran: how that ended, and what its state was then.
    Ran(Box<(Summary, State)>),
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Died => write!(out, "killed"),
            Self::Ledger(error) => write!(out, "{error}"),
            Self::NotPlanned(why) => write!(out, "not planned: {why}"),
            Self::Nothing => write!(out, "nothing to do"),
            Self::Ran(ran) => write!(out, "{:?}: {:?}", ran.0.ending, ran.0.rows),
        }
    }
}

/// What a process is started with.
pub(super) struct Start<'s> {
    pub disk: &'s Disk,
    pub outside: &'s Outside,
    pub release: &'s Release,
    pub bug: Option<Bug>,
    /// Which process it is, from 1.
    pub number: u64,
    pub parallelism: usize,
    pub options: Options,
}

/// Lets a process live, in virtual time, and gives how long it lived.
pub(super) fn live(start: Start<'_>, hurt: &Hurt) -> (Ended, Duration) {
    let built = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    };
    runtime.block_on(async {
        let outside = start.outside.clone();
        outside.process_begins(hurt.trouble);
        let forward = start.options.mode == RunMode::Apply;
        outside.guard(if forward { start.release.guarded.clone() } else { Guarded::new() });
        let life = caught(run(start, hurt.interrupts.clone()));
        let ended = match hurt.dies {
            None => life.await,
            Some(moment) => tokio::select! {
                biased;
                () = tokio::time::sleep(moment) => None,
                ended = life => ended,
            },
        };
        (ended.unwrap_or(Ended::Died), outside.lived())
    })
}

/// The future's output, or none when the process died in it.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
        Ok(poll) => poll.map(Some),
        Err(panic) if panic.is::<Died>() => Poll::Ready(None),
        Err(panic) => resume_unwind(panic),
    })
    .await
}

pub(super) fn sealer() -> Sealer {
    Sealer::new(&[0; KEY_LENGTH])
}

/// The ledger, opened for process number `number`.
pub(super) fn open(disk: &Disk, number: u64, outside: &Outside) -> Result<Ledger<Disk>, LedgerError> {
    let mut disk = disk.clone();
    let reading = Reading::of(&mut disk)?;
    let writer = Writer { run: RunId(format!("run {number}").into()), actor: Actor::default() };
    Ledger::open(disk, reading, "sim", writer, sealer(), outside.now_ms()).map(|(ledger, _)| ledger)
}

async fn run(start: Start<'_>, interrupts: Vec<Duration>) -> Ended {
    let mut ledger = match open(start.disk, start.number, start.outside) {
        Ok(ledger) => ledger,
        Err(error) => return Ended::Ledger(error),
    };
    let mut surroundings = surroundings(start.outside, start.release);
    let draft = match draft(&start, ledger.state().clone(), &mut surroundings).await {
        Ok(draft) => draft,
        Err(why) => return Ended::NotPlanned(why),
    };
    if draft.plan.is_empty() && draft.prelude.is_empty() {
        return Ended::Nothing;
    }
    let (sender, mut signals) = tokio::sync::mpsc::unbounded_channel();
    for moment in interrupts {
        let sender = sender.clone();
        tokio::spawn(async move {
            tokio::time::sleep(moment).await;
            let _ = sender.send(Signal::Stop);
        });
    }
    let Draft { plan, mut world, prelude, actors, providers, .. } = draft;
    let sealer = sealer();
    let mut told = Told::new(&start);
    let (summary, error) = apply(Run {
        digest: plan::digest::of(&plan),
        plan: &plan,
        actors: &actors,
        prelude,
        world: Some(&mut world),
        providers: &providers,
        journal: &mut ledger,
        sealer: &sealer,
        surroundings: &mut surroundings,
        signals: &mut signals,
        notify: &mut |notice| told.hear(&notice),
        parallelism: start.parallelism,
        refresh: true,
        gate: Gate { times: 1, pause: Duration::from_secs(10) },
        whole: true,
        command: String::new(),
    })
    .await;
    told.close(&summary);
    if let Some(error) = error {
        return Ended::Ledger(error);
    }
    if summary.ending == Ending::Complete && start.outside.random(|random| random.below(2)) == 0 {
        // Some keep no checkpoint, as after a crash.
        let _ = ledger.checkpoint(start.outside.now_ms());
    }
    let state = ledger.state().clone();
    Ended::Ran(Box::new((summary, state)))
}

/// What a process has told of outcomes, held against what is durable at that moment.
struct Told<'s> {
    start: &'s Start<'s>,
    before: usize,
    outcomes: usize,
}

impl<'s> Told<'s> {
    fn new(start: &'s Start<'s>) -> Self {
        Self { start, before: start.disk.durable(outcomes), outcomes: 0 }
    }

    fn hear(&mut self, notice: &Notice) {
        if let Notice::Finished { key, result, .. } = notice
            && is_outcome(key, result)
        {
            self.outcomes += 1;
            self.compare(&key.to_string(), self.outcomes);
        }
    }

    fn close(&self, summary: &Summary) {
        let told = summary.rows.iter().filter(|row| is_outcome(&row.key, &row.result)).count();
        self.compare("the closing table", told);
    }

    fn compare(&self, what: &str, told: usize) {
        let durable = self.start.disk.durable(outcomes) - self.before;
        if told > durable {
            let text = format!("{what}: {told} outcomes were told, and {durable} are durable");
            self.start.outside.finds(text);
        }
    }
}

/// Whether it is told that something was done, or judged. What a gate has stopped was not begun.
fn is_outcome(key: &EntryKey, result: &RowResult) -> bool {
    match result {
        RowResult::Done { .. } | RowResult::TurnedBack { .. } => true,
        RowResult::NotPassed { .. } => is_check(&key.to_string()),
        _ => false,
    }
}

/// How many outcomes a log holds.
fn outcomes(log: &[u8]) -> usize {
    let kinds = ["\"kind\":\"ended\"", "\"kind\":\"judged\"", "\"kind\":\"forgotten\""];
    kinds.iter().map(|kind| memchr::memmem::find_iter(log, kind).count()).sum()
}

fn surroundings(outside: &Outside, release: &Release) -> Surroundings {
    Surroundings {
        product: "sim".to_owned(),
        version: release.version.clone(),
        base: ".".into(),
        tree: Tree::anywhere(".".as_ref()),
        keep: ".".into(),
        environment: Arc::default(),
        clock: Arc::new(outside.clone()),
        redactor: Arc::new(Redactor::default()),
        masks: Arc::default(),
        usage: Arc::default(),
    }
}

async fn draft(start: &Start<'_>, state: State, surroundings: &mut Surroundings) -> Result<Draft, String> {
    let mut planner = planner(start, state)?;
    let (cancel, mut replay) = (Cancel::default(), Replay::default());
    observe(&mut planner, surroundings, start.parallelism, &mut replay, &cancel, &mut |_, _| {})
        .await
        .map_err(|error| error.to_string())?;
    let failed = |failure: plan::Failure| {
        let found = failure.found.0.iter().map(|error| format!("{}: {}", error.summary, error.detail));
        found.collect::<Vec<_>>().join("; ")
    };
    planner.finish().map_err(failed)
}

fn planner(start: &Start<'_>, state: State) -> Result<Planner, String> {
    let simulated = Simulated { outside: start.outside.clone(), bug: start.bug };
    let registry = Arc::new(Registry::new([Arc::new(simulated) as Arc<dyn Provider>]));
    let (environment, sealer, options) = (Arc::default(), sealer(), start.options.clone());
    if options.mode == RunMode::Rollback {
        let providers = Providers::new(registry, environment);
        let (scope, known) = (Scope { addresses: None, aim: Aim::Back }, BTreeMap::new());
        return Ok(Planner::of_way_back(WayBack { state, providers, sealer, scope, known, options }));
    }
    let Release { config, graph, .. } = start.release;
    let world = World::new(Arc::clone(config), Arc::clone(graph), BTreeMap::new(), Arc::new(NoFiles));
    let (world, _) = world.map_err(|found| format!("{found:?}"))?;
    Ok(Planner::new(Setup { world, state, registry, environment, sealer, options }))
}

/// A person lets go of what is on hold.
pub(super) fn release_holds(disk: &Disk, number: u64, outside: &Outside) -> Result<(), LedgerError> {
    let mut ledger = open(disk, number, outside)?;
    let held: Vec<_> = ledger.state().holds.keys().cloned().collect();
    if held.is_empty() {
        return Ok(());
    }
    let mut events = vec![Event::RunOpened {
        mode: relplan::event::RunMode::State,
        version: "".into(),
        config: None,
        plan: None,
        versions: BTreeMap::new(),
        command: String::new(),
    }];
    events.extend(held.into_iter().map(|address| Event::Released { address, reason: "looked".to_owned() }));
    events.push(Event::RunClosed { ending: Ending::Complete, complete: false, counts: BTreeMap::new() });
    ledger.append(outside.now_ms(), events)?;
    ledger.sync()
}
