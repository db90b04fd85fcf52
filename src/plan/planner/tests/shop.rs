//! A small world for planners: a provider with one type of each kind, answers by script, and runs that succeed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Answer as Promise, Applied, ApplyRequest, Attribute, Configured, Context, Lifetime, Observed, Outcome,
    Planned, Problem, ProblemKind, Provider, ProviderSchema, ReconcileRequest, Reconciled, Repeat, Resource,
    ResourceSchema, Type, Value, propose,
};

use crate::addr::Target;
use crate::canonical::Digest;
use crate::event::{
    Act, ActOutcome, Actor, Ending, Event, Intent, Judgement, Lineage, Recorded, RunId, RunMode,
};
use crate::graph::Graph;
use crate::lang::functions::NoFiles;
use crate::lang::lower::{Entry, Files, load};
use crate::ledger::{KEY_LENGTH, Sealer};
use crate::plan::planner::{Failure, Planned as Draft};
use crate::plan::rollback::{Aim, Scope};
use crate::plan::{
    Action, Answer, Ask, Change, Options, Planner, Providers, Question, Registry, Setup, WayBack,
};
use crate::source::Sources;
use crate::state::State;
use crate::world::World;

/// Providers of planners are asked by nobody: the tests answer.
struct Never(ResourceSchema);

impl Resource for Never {
    fn schema(&self) -> &ResourceSchema {
        &self.0
    }

    fn apply<'a>(&'a self, _: &'a Context, _: ApplyRequest<'a>) -> Promise<'a, Result<Applied, Problem>> {
        unreachable!("a planner carries nothing out")
    }

    fn reconcile<'a>(
        &'a self,
        _: &'a Context,
        _: ReconcileRequest<'a>,
    ) -> Promise<'a, Result<Reconciled, Problem>> {
        unreachable!("a planner asks nobody itself")
    }
}

struct Shop;

fn types() -> Vec<ResourceSchema> {
    let ty = |type_name, lifetime| ResourceSchema {
        type_name,
        lifetime,
        summary: "",
        docs: "",
        attributes: vec![
            Attribute::optional("value", Type::String, "What the file says."),
            Attribute::optional("through", Type::String, "How it is reached.").means(),
            Attribute::optional("slot", Type::String, "Cannot be changed in place.").immutable(),
            Attribute::computed("id", Type::String, "Known when it is there.").stable(),
        ],
        repeat: Repeat::AskFirst,
        destroyable: lifetime == Lifetime::Live,
        backup: false,
        preview: type_name == "shop_gate",
        gate: type_name == "shop_gate",
        undo: "",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60),
    };
    vec![
        ty("shop_tag", Lifetime::Record),
        ty("shop_app", Lifetime::Live),
        ty("shop_test", Lifetime::Check),
        ty("shop_gate", Lifetime::Check),
    ]
}

impl Provider for Shop {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "shop",
            version: "1.0.0",
            summary: "",
            configuration: Vec::new(),
            resources: types(),
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let resources = types().into_iter().map(|schema| {
            let name = schema.type_name;
            (name, Arc::new(Never(schema)) as Arc<dyn Resource>)
        });
        Ok(Configured { resources: resources.collect(), ..Configured::default() })
    }
}

struct InMemory<'t>(&'t str);

impl Files for InMemory<'_> {
    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(vec!["shop.hcl".to_owned()])
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.as_bytes().to_vec())
    }
}

/// What answers, by the name of the question and the object.
pub(super) type Script = BTreeMap<(&'static str, &'static str), Answer>;

/// A question answered by the script, else as by a world in which nothing happens but what relplan does.
fn answer(ask: &Ask, script: &Script) -> Answer {
    let key = ask.key.to_string();
    let found = script.iter().find(|((name, of), _)| *name == ask.question.name() && *of == key);
    if let Some((_, answer)) = found {
        return answer.clone();
    }
    match &ask.question {
        Question::Read { .. } => Answer::Observed(Ok(Observed::Same)),
        Question::Discover { .. } => Answer::Observed(Ok(Observed::Absent)),
        Question::Plan { resource, config, prior } => {
            Answer::Planned(Ok(propose(&resource.schema().attributes, prior.as_ref(), config)))
        }
        Question::Reconcile { .. } => Answer::Reconciled(Ok(Reconciled::CannotTell)),
        Question::Data { .. } => Answer::Data(Ok(Value::NULL)),
    }
}

/// Plans a file over a state. `order` picks which of the open questions is answered next.
pub(super) fn draft(
    text: &str,
    state: &State,
    options: Options,
    script: &Script,
    order: &dyn Fn(usize) -> usize,
) -> Result<Draft, Failure> {
    let entry = Entry { folder: ".".into(), file: Some("shop.hcl".into()), name: "shop".into() };
    let (config, _) = load(&mut Sources::default(), &InMemory(text), &entry).expect("a release");
    let graph = Arc::new(Graph::build(&config).expect("no cycle"));
    let (world, _) =
        World::new(Arc::new(config), graph, BTreeMap::new(), Arc::new(NoFiles)).expect("a world");
    let planner = Planner::new(Setup {
        world,
        state: state.clone(),
        registry: Arc::new(Registry::new([Arc::new(Shop) as Arc<dyn Provider>])),
        environment: Arc::default(),
        sealer: Sealer::new(&[0; KEY_LENGTH]),
        options,
    });
    answered(planner, script, order)
}

/// Plans the way back over a state.
pub(super) fn back(state: &State, scope: Scope, script: &Script) -> Result<Draft, Failure> {
    let registry = Arc::new(Registry::new([Arc::new(Shop) as Arc<dyn Provider>]));
    let planner = Planner::of_way_back(WayBack {
        state: state.clone(),
        providers: Providers::new(registry, Arc::default()),
        sealer: Sealer::new(&[0; KEY_LENGTH]),
        scope,
        known: BTreeMap::new(),
        options: Options { mode: RunMode::Rollback, ..Options::default() },
    });
    answered(planner, script, &|_| 0)
}

fn answered(mut planner: Planner, script: &Script, order: &dyn Fn(usize) -> usize) -> Result<Draft, Failure> {
    let mut open = planner.poll();
    while !open.is_empty() {
        let ask = open.remove(order(open.len()));
        let answer = answer(&ask, script);
        planner.answer(ask.id, answer);
        open.extend(planner.poll());
    }
    planner.finish()
}

/// The plan as lines: what is done to which object, and why; behind them drift, cautions and errors.
pub(super) fn plan(text: &str, state: &State, options: Options, script: &Script) -> String {
    lines(draft(text, state, options, script, &|_| 0))
}

/// What was planned, as lines.
pub(super) fn lines(planned: Result<Draft, Failure>) -> String {
    let lines = match planned {
        Ok(draft) => {
            let changes = draft.plan.changes.iter().map(|change| {
                let reasons: Vec<String> = change.reasons.iter().map(ToString::to_string).collect();
                format!("{:?} {}: {}", change.action, change.key, reasons.join("; "))
            });
            let cautions = draft.plan.cautions.iter().map(|caution| format!("! {}", caution.text));
            changes.chain(cautions).collect::<Vec<_>>()
        }
        Err(failure) => {
            let found = failure.found.0.iter().map(|error| format!("{}: {}", error.summary, error.detail));
            found.collect()
        }
    };
    lines.join("\n")
}

pub(super) fn targets(texts: &[&str]) -> Vec<Target> {
    texts.iter().map(|text| text.parse().expect("a target")).collect()
}

/// A history of runs.
pub(super) struct Story {
    pub(super) state: State,
    run: RefCell<u32>,
}

impl Story {
    pub(super) fn new() -> Self {
        let mut story = Self { state: State::default(), run: RefCell::new(0) };
        story.tell(Event::LedgerBegan { lineage: Lineage("l".into()), product: "shop".into(), key: None });
        story
    }

    pub(super) fn tell(&mut self, event: Event) {
        let seq = self.state.head.map_or(1, |head| head.seq + 1);
        let (hash, run) = (Digest::of(&seq.to_be_bytes()), RunId(self.run.borrow().to_string().into()));
        let recorded = Recorded { seq, hash, run, epoch: 1, time_ms: 0, actor: Actor::default(), event };
        self.state.apply(&recorded).expect("a legal event");
    }

    pub(super) fn open(&mut self, version: &str) {
        self.open_for(version, RunMode::Apply);
    }

    fn open_for(&mut self, version: &str, mode: RunMode) {
        *self.run.borrow_mut() += 1;
        self.tell(Event::RunOpened {
            mode,
            version: version.into(),
            config: None,
            plan: None,
            versions: BTreeMap::new(),
            command: String::new(),
        });
    }

    /// Plans a file and does everything in it; each check passes.
    pub(super) fn apply(&mut self, text: &str) {
        let draft = draft(text, &self.state, Options::default(), &Script::new(), &|_| 0);
        let draft = draft.unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let version = Arc::clone(&draft.plan.version);
        self.open(&version);
        for event in draft.prelude.into_iter().chain(draft.plan.turning_back()) {
            self.tell(event);
        }
        for change in &draft.plan.changes {
            self.intend(change, &version);
            self.end(change);
        }
        self.tell(Event::RunClosed { ending: Ending::Complete, complete: true, counts: BTreeMap::new() });
    }

    /// Does the first changes of a plan and intends the next, like a run that was killed.
    pub(super) fn die_after(&mut self, text: &str, done: usize) {
        let draft = draft(text, &self.state, Options::default(), &Script::new(), &|_| 0);
        self.begin_and_die(draft, done, RunMode::Apply);
    }

    /// Does the first changes of a plan, and stops.
    pub(super) fn stop_after(&mut self, text: &str, done: usize) {
        let draft = draft(text, &self.state, Options::default(), &Script::new(), &|_| 0);
        let draft = draft.unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let version = Arc::clone(&draft.plan.version);
        self.open(&version);
        for change in draft.plan.changes.iter().take(done) {
            self.intend(change, &version);
            self.end(change);
        }
        self.tell(Event::RunClosed { ending: Ending::Failed, complete: false, counts: BTreeMap::new() });
    }

    /// The same in the middle of rolling back; gives what was under way.
    pub(super) fn die_rolling_back(&mut self, done: usize) -> String {
        let draft = back(&self.state, Scope { addresses: None, aim: Aim::Back }, &Script::new());
        self.begin_and_die(draft, done, RunMode::Rollback)
    }

    fn begin_and_die(&mut self, draft: Result<Draft, Failure>, done: usize, mode: RunMode) -> String {
        let draft = draft.unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let version = Arc::clone(&draft.plan.version);
        self.open_for(&version, mode);
        for event in draft.prelude.into_iter().chain(draft.plan.turning_back()) {
            self.tell(event);
        }
        for (index, change) in draft.plan.changes.iter().take(done + 1).enumerate() {
            self.intend(change, &version);
            if index < done {
                self.end(change);
            }
        }
        draft.plan.changes[done].key.to_string()
    }

    /// Does all of a plan but its last change, a check, which fails.
    pub(super) fn fail_last(&mut self, text: &str) {
        let draft = draft(text, &self.state, Options::default(), &Script::new(), &|_| 0);
        let draft = draft.unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let version = Arc::clone(&draft.plan.version);
        self.open(&version);
        let last = draft.plan.changes.len() - 1;
        for (index, change) in draft.plan.changes.iter().enumerate() {
            self.intend(change, &version);
            let outcome = if index == last { Outcome::Failed } else { Outcome::Passed };
            self.end_with(change, outcome);
        }
        self.tell(Event::RunClosed { ending: Ending::CheckFailed, complete: false, counts: BTreeMap::new() });
    }

    /// Rolls back to the end; each check passes.
    pub(super) fn roll_back(&mut self) {
        let draft = back(&self.state, Scope { addresses: None, aim: Aim::Back }, &Script::new());
        let draft = draft.unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let version = Arc::clone(&draft.plan.version);
        self.open_for(&version, RunMode::Rollback);
        for event in draft.prelude.into_iter().chain(draft.plan.turning_back()) {
            self.tell(event);
        }
        for change in &draft.plan.changes {
            self.intend(change, &version);
            self.end(change);
        }
        self.tell(Event::RunClosed { ending: Ending::Complete, complete: false, counts: BTreeMap::new() });
    }

    /// The lost action on an object was done.
    pub(super) fn adopt(&mut self, key: &str, value: Value) {
        let key = crate::event::EntryKey { address: key.parse().expect("an address"), version: None };
        self.tell(Event::Adopted { key, value, reason: String::new() });
    }

    /// The lost action on an object was not done.
    pub(super) fn not_done(&mut self, key: &str) {
        let of = crate::event::EntryKey { address: key.parse().expect("an address"), version: None };
        let outcome = ActOutcome::Failed { kind: ProblemKind::Cancelled, message: "no".to_owned() };
        self.tell(Event::Ended { key: of, idempotency_key: key.to_owned(), outcome });
    }

    /// Destroys the object of a replacement, and dies before the new one is made.
    pub(super) fn destroy_and_die(&mut self, text: &str, address: &str) {
        let draft = draft(text, &self.state, Options::default(), &Script::new(), &|_| 0);
        let draft = draft.unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let change = draft.plan.changes.iter().find(|change| change.key.to_string() == address);
        let change = change.expect("a change");
        assert!(matches!(change.action, Action::Replace { create_first: false }), "{:?}", change.action);
        let version = Arc::clone(&draft.plan.version);
        self.open(&version);
        let (key, idempotency_key) = (change.key.clone(), "half".to_owned());
        self.tell(Event::Intended(Box::new(Intent {
            key: key.clone(),
            act: Act::Destroy,
            lifetime: Lifetime::Live,
            provider: change.provider.clone(),
            version,
            idempotency_key: idempotency_key.clone(),
            generation: self.state.next_generation(&change.key),
            inputs: change.inputs.clone(),
            planned: Value::UNKNOWN,
            dependencies: Vec::new(),
            judged_by: Vec::new(),
            reason: String::new(),
        })));
        self.tell(Event::Ended { key, idempotency_key, outcome: ActOutcome::Done { value: Value::NULL } });
    }

    /// The lost action on an object broke off half-way.
    pub(super) fn broken(&mut self, key: &str) {
        let of = crate::event::EntryKey { address: key.parse().expect("an address"), version: None };
        let outcome = ActOutcome::Failed { kind: ProblemKind::Uncertain, message: "half".to_owned() };
        self.tell(Event::Ended { key: of, idempotency_key: key.to_owned(), outcome });
    }

    /// A person holds a live resource.
    pub(super) fn hold(&mut self, address: &str, reason: &str) {
        self.open_for("", RunMode::State);
        self.tell(Event::Held { address: address.parse().expect("an address"), reason: reason.to_owned() });
    }

    /// Intends the first change of a plan and stops there, like a run that was killed.
    pub(super) fn die_at_first(&mut self, text: &str) {
        let draft = draft(text, &self.state, Options::default(), &Script::new(), &|_| 0);
        let draft = draft.unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let version = Arc::clone(&draft.plan.version);
        self.open(&version);
        self.intend(&draft.plan.changes[0], &version);
    }

    /// Begins one change of a plan, which fails, perhaps half-way.
    pub(super) fn fail(&mut self, text: &str, of: &str) {
        let draft = draft(text, &self.state, Options::default(), &Script::new(), &|_| 0);
        let draft = draft.unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let version = Arc::clone(&draft.plan.version);
        self.open(&version);
        let change = draft.plan.changes.iter().find(|change| change.key.to_string() == of).expect("a change");
        self.intend(change, &version);
        let outcome = ActOutcome::Failed { kind: ProblemKind::Refused, message: "no".to_owned() };
        self.tell(Event::Ended { key: change.key.clone(), idempotency_key: of.to_owned(), outcome });
    }

    fn intend(&mut self, change: &Change, version: &Arc<str>) {
        let act = match change.action {
            Action::Create | Action::Replace { .. } => Act::Create,
            Action::Update => Act::Update,
            Action::Judge => Act::Judge,
            Action::Destroy => Act::Destroy,
            Action::Forget | Action::Read => return,
        };
        self.tell(Event::Intended(Box::new(Intent {
            key: change.key.clone(),
            act,
            lifetime: change.lifetime.expect("a resource"),
            provider: change.provider.clone(),
            version: Arc::clone(change.turned_back_to().unwrap_or(version)),
            idempotency_key: change.key.to_string(),
            generation: self.state.next_generation(&change.key),
            inputs: made(&change.inputs),
            planned: change.after.clone(),
            dependencies: change.dependencies.clone(),
            judged_by: change.judged_by.clone(),
            reason: String::new(),
        })));
    }

    fn end(&mut self, change: &Change) {
        self.end_with(change, Outcome::Passed);
    }

    fn end_with(&mut self, change: &Change, outcome: Outcome) {
        let (key, idempotency_key) = (change.key.clone(), change.key.to_string());
        let value = made(&change.after);
        self.tell(match change.action {
            Action::Judge => {
                let live = change.judges.iter().flat_map(|block| self.state.instances(block));
                let judged =
                    live.filter(|(_, entry)| entry.lifetime == Lifetime::Live).filter_map(|(key, _)| {
                        Some((key.address.clone(), self.state.live_digest(&key.address)?))
                    });
                let judged = judged.collect();
                let version = self.state.intended_version(&change.key);
                let basis = Some(self.state.basis(&change.dependencies, &version));
                let judgement = Judgement {
                    outcome,
                    summary: String::new(),
                    details: Vec::new(),
                    judged,
                    basis,
                    time_ms: 1_000,
                };
                Event::Judged { key, idempotency_key, value, judgement }
            }
            Action::Forget => Event::Forgotten { key, reason: String::new() },
            _ => Event::Ended { key, idempotency_key, outcome: ActOutcome::Done { value } },
        });
    }
}

/// The object as it is once it is made.
pub(super) fn made(planned: &Value) -> Value {
    planned.transform(&|part| if part.is_unknown() { Value::from("made") } else { part })
}

/// A prediction with a verdict beforehand.
pub(super) fn preview(ask_value: Value, outcome: Outcome, summary: &str) -> Answer {
    let preview = Some(relplan_contract::Verdict::new(outcome, summary));
    Answer::Planned(Ok(Planned { preview, ..Planned::new(ask_value) }))
}
