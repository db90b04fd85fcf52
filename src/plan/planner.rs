//! [`Planner`]: makes a plan without waiting for anyone. It hands out questions for providers, takes the answers
//! in whatever order they come, and has the same plan in the end.
//!
//! Blocks are walked in the graph's order; a block's instances, and blocks that do not depend on each other, are
//! asked about at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::Value;

use super::ask::{Answer, Ask, AskId, Question};
use super::change::{Change, Drift, Move};
use super::rollback::{Scope, Targets};
use super::select::Selection;
use super::setup::{Commands, Options, Registry};
use super::{Caution, Plan};
use crate::addr::{Address, Key, ModulePath};
use crate::canonical::Digest;
use crate::diag::{Diagnostic, Diagnostics};
use crate::event::{EntryKey, Event, RunMode};
use crate::graph::{Graph, Item, NodeId};
use crate::ledger::Sealer;
use crate::state::State;
use crate::state::versions::is_newer;
use crate::world::World;

mod asked;
mod assemble;
mod changes;
mod checks;
pub(super) mod elsewhere;
mod form;
mod instance;
mod judge;
mod left_out;
mod leftovers;
mod mistakes;
mod moves;
mod order;
mod orphans;
mod pins;
mod prelude;
mod providers;
mod servers;
mod triggers;
mod waits;
mod walk;
mod way_back;
mod whom;

use instance::Instance;
use moves::Statements;
pub use providers::Providers;
use walk::{Stage, Walk};
pub use whom::Whom;

/// What a planner works from.
pub struct Setup {
    /// The configuration, nothing visited yet.
    pub world: World,
    /// The state of the ledger.
    pub state: State,
    /// Every provider.
    pub registry: Arc<Registry>,
    /// The environment of the process.
    pub environment: Arc<BTreeMap<String, String>>,
    /// Makes fingerprints.
    pub sealer: Sealer,
    /// What is asked for.
    pub options: Options,
}

/// What a plan for rolling back is made from: the ledger alone, so that it works when the file is not at hand, and in
/// the middle of a run whose check has failed.
pub struct WayBack {
    /// The state of the ledger.
    pub state: State,
    /// Every provider, configured as the run has it or as the ledger remembers it.
    pub providers: Providers,
    /// Makes fingerprints.
    pub sealer: Sealer,
    /// What is turned back.
    pub scope: Scope,
    /// The present arguments of live resources, where they are at hand: an argument whose fingerprint is the same is
    /// taken from there.
    pub known: BTreeMap<EntryKey, Value>,
    /// What is asked for.
    pub options: Options,
}

/// A finished plan, with what carrying it out needs.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The configuration as far as it is known.
    pub world: World,
    /// The state that the plan starts from, with `prelude` folded in.
    pub state: State,
    /// What the ledger must be told before the run: lost outcomes that were found out, moved addresses.
    pub prelude: Vec<Event>,
    /// Whom each change is done by.
    pub actors: BTreeMap<EntryKey, Whom>,
    /// Every provider, configured.
    pub providers: Providers,
    /// Sensitive texts that came up: to be masked in whatever is printed or kept.
    pub secrets: BTreeSet<String>,
    /// Warnings.
    pub warnings: Diagnostics,
}

/// Why there is no plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub found: Diagnostics,
    /// Objects whose last action may or may not have been done, and about which nobody could tell.
    pub uncertain: Vec<EntryKey>,
    /// Sensitive texts that came up.
    pub secrets: BTreeSet<String>,
}

/// Makes a plan, one answer at a time.
pub struct Planner {
    world: World,
    graph: Arc<Graph>,
    state: State,
    /// Digest of the state as it was given: a saved plan is bound to it.
    begun_from: Digest,
    registry: Arc<Registry>,
    sealer: Sealer,
    options: Options,
    version: Arc<str>,
    selection: Selection,
    providers: Providers,
    walk: Walk,
    asks: Vec<Ask>,
    pending: BTreeMap<AskId, Instance>,
    next_ask: u64,
    blocks: BTreeMap<NodeId, Block>,
    /// What is made of each object, by block: found again in the graph's order at the end.
    changes: BTreeMap<NodeId, Vec<Change>>,
    orphans: Vec<Change>,
    /// The files, evaluated without the outside: made when something differs that perhaps only comes from there.
    blind: Option<Box<World>>,
    /// The newest version that is live, where that is newer than this one.
    newer: Option<Arc<str>>,
    /// Whether nothing was recorded before this plan.
    is_new: bool,
    /// What is there already although the ledger is new, by object.
    met: BTreeMap<EntryKey, String>,
    /// The verdicts that hold, each in one line.
    standing: BTreeMap<EntryKey, String>,
    /// Those of gates: they are looked at again where they have anything left to guard.
    gates: Vec<Instance>,
    /// What the verdicts of each check block rest on.
    rests: BTreeMap<(NodeId, ModulePath), Arc<checks::Rest>>,
    waits: waits::Waits,
    actors: BTreeMap<EntryKey, Whom>,
    stage: Stage,
    /// The checks of the file, each with its block: what they judge is known good once all have passed.
    checks: Vec<(NodeId, Address)>,
    /// What is turned back; none for a plan that is made from a file.
    way_back: Option<Route>,
    /// Every object that the file still names.
    named: BTreeSet<EntryKey>,
    moves: Vec<Move>,
    statements: Statements,
    /// Blocks whose new object is made before the old one goes: those that say so, and all that they depend on, since
    /// otherwise it would be destroyed while the old object of the other still uses it.
    create_first: BTreeSet<NodeId>,
    /// What changes may trigger replacements: the object before and after, by address.
    triggers: BTreeMap<Address, (Value, Value)>,
    unchanged: usize,
    drift: Vec<Drift>,
    cautions: Vec<Caution>,
    /// What the arguments that name servers were in all that the ledger has, by their names.
    used_servers: BTreeMap<Vec<String>, BTreeSet<Digest>>,
    prelude: Vec<Event>,
    uncertain: Vec<EntryKey>,
    secrets: BTreeSet<String>,
    found: Diagnostics,
    validates_only: bool,
    /// What is named to a person who must act.
    commands: Commands,
}

/// What is turned back, and to what once that is chosen.
struct Route {
    scope: Scope,
    known: BTreeMap<EntryKey, Value>,
    targets: Targets,
}

/// A resource block under way.
#[derive(Default)]
struct Block {
    outstanding: usize,
    values: BTreeMap<(ModulePath, Option<Key>), Value>,
}

impl Planner {
    /// A planner that has asked nothing yet.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let providers = Providers::new(Arc::clone(&setup.registry), Arc::clone(&setup.environment));
        Self::with(setup, providers, None)
    }

    /// A planner of the way back, that has asked nothing yet.
    #[must_use]
    pub fn of_way_back(way: WayBack) -> Self {
        let WayBack { state, providers, sealer, scope, known, options } = way;
        let world = World::empty(state.product.as_str());
        let registry = Arc::clone(providers.registry());
        let setup = Setup { world, state, registry, environment: Arc::default(), sealer, options };
        Self::with(setup, providers, Some(Route { scope, known, targets: Targets::default() }))
    }

    fn with(setup: Setup, providers: Providers, way_back: Option<Route>) -> Self {
        let graph = Arc::clone(setup.world.graph());
        let version = setup.world.version();
        let mut planner = Self {
            selection: Selection::new(&graph, &setup.options),
            providers,
            walk: Walk::new(&graph),
            world: setup.world,
            graph,
            begun_from: setup.state.digest(),
            state: setup.state,
            registry: setup.registry,
            sealer: setup.sealer,
            options: setup.options,
            version,
            asks: Vec::new(),
            pending: BTreeMap::new(),
            next_ask: 0,
            blocks: BTreeMap::new(),
            changes: BTreeMap::new(),
            orphans: Vec::new(),
            blind: None,
            newer: None,
            is_new: false,
            met: BTreeMap::new(),
            standing: BTreeMap::new(),
            gates: Vec::new(),
            rests: BTreeMap::new(),
            waits: waits::Waits::default(),
            actors: BTreeMap::new(),
            stage: Stage::Blocks,
            checks: Vec::new(),
            way_back,
            named: BTreeSet::new(),
            moves: Vec::new(),
            statements: Statements::default(),
            create_first: BTreeSet::new(),
            triggers: BTreeMap::new(),
            unchanged: 0,
            drift: Vec::new(),
            cautions: Vec::new(),
            used_servers: BTreeMap::new(),
            prelude: Vec::new(),
            uncertain: Vec::new(),
            secrets: BTreeSet::new(),
            found: Diagnostics::default(),
            validates_only: false,
            commands: Commands::default(),
        };
        if !planner.options.ask {
            planner.world.leave_open();
        }
        if let Some(reason) =
            planner.state.withdrawn.get(&planner.version).filter(|_| planner.options.mode == RunMode::Apply)
        {
            planner.found.push(way_back::withdrawn(&planner.version, reason, "released"));
        }
        planner.is_new = planner.state.runs.is_empty();
        planner.newer = planner.state.newest_live().filter(|live| is_newer(live, &planner.version)).cloned();
        planner.world.leave_out(planner.selection.left_out().clone());
        planner.create_first = planner.made_first();
        planner.move_addresses();
        planner.check_asked_blocks();
        planner
    }

    /// Names these commands where a person must act.
    #[must_use]
    pub fn naming(self, commands: Commands) -> Self {
        Self { commands, ..self }
    }

    /// Asks nobody anything: what only the outside could tell stays unknown.
    pub const fn validate_only(&mut self) {
        self.validates_only = true;
        self.world.leave_open();
    }

    /// Goes as far as is possible without answers, and gives the questions that came up. When there are none and
    /// none is open, the plan can be finished.
    pub fn poll(&mut self) -> Vec<Ask> {
        loop {
            while let Some((_, id)) = self.walk.ready.pop_first() {
                self.visit(id);
            }
            let waits = !self.pending.is_empty() || !self.asks.is_empty();
            if waits || self.stage == Stage::Done || self.found.has_errors() {
                return std::mem::take(&mut self.asks);
            }
            self.stage = self.go_on();
        }
    }

    /// Begins what comes after a stage.
    fn go_on(&mut self) -> Stage {
        match self.stage {
            Stage::Blocks => {
                self.note_downgrade();
                self.note_new_ledger();
                self.look_at_gates();
                Stage::Gates
            }
            Stage::Gates => {
                self.begin_leftovers();
                Stage::Leftovers
            }
            Stage::Leftovers if self.way_back.is_some() => {
                self.begin_way_back();
                Stage::Objects
            }
            Stage::Leftovers => {
                self.begin_orphans();
                Stage::Objects
            }
            Stage::Objects => {
                self.check_asked_instances();
                self.judge_again();
                Stage::Done
            }
            Stage::Done => Stage::Done,
        }
    }

    /// The sensitive texts that came up so far: to be masked in what the next answers say.
    #[must_use]
    pub const fn secrets(&self) -> &BTreeSet<String> {
        &self.secrets
    }

    /// Takes an answer in. An answer to no open question is ignored.
    pub fn answer(&mut self, id: AskId, answer: Answer) {
        if let Some(instance) = self.pending.remove(&id) {
            self.take_answer(instance, answer);
        }
    }

    fn ask(&mut self, instance: Instance, question: Question) {
        let id = AskId(self.next_ask);
        self.next_ask += 1;
        self.asks.push(Ask { id, key: instance.key.clone(), question });
        self.pending.insert(id, instance);
    }

    fn visit(&mut self, id: NodeId) {
        if self.graph.dependencies(id).iter().any(|dependency| self.walk.broken.contains(dependency)) {
            self.walk.broken.insert(id);
            self.complete(id);
            return;
        }
        let node = self.graph.node(id).clone();
        let found = match &node.item {
            Item::Resource(name) => {
                self.begin_block(id, name);
                return;
            }
            Item::Provider(name) => {
                self.providers.configure(&self.world, node.module, name, &mut self.secrets)
            }
            Item::Variable(_) | Item::Local(_) | Item::Output(_) | Item::Call(_) | Item::Check(_) => {
                self.world.visit(id)
            }
        };
        let found = self.unless_left_out(id, found);
        self.note(id, found);
        self.complete(id);
    }

    fn note(&mut self, id: NodeId, found: Diagnostics) {
        if found.has_errors() {
            self.walk.broken.insert(id);
        }
        self.found.extend(found);
    }

    fn error(&mut self, id: NodeId, diagnostic: Diagnostic) {
        self.note(id, diagnostic.into());
    }

    /// A node is done: what waited for it last can be visited.
    fn complete(&mut self, id: NodeId) {
        self.note_wait(id);
        for dependent in self.graph.dependents(id) {
            self.walk.release(dependent);
        }
    }
}

#[cfg(test)]
mod tests;
