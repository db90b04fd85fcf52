//! From answers to decisions, and from decisions to changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use relplan_contract::{Lifetime, Observed, Planned, Reconciled, Value, secrets_of};

use super::Planner;
use super::instance::{InBlock, Instance, Purpose};
use super::mistakes::protected;
use super::whom::Whom;
use crate::addr::{Address, ModulePath, ResourceName};
use crate::diag::Diagnostic;
use crate::event::{Act, EntryKey, RunMode};
use crate::graph::{Item, NodeId};
use crate::plan::ask::{Answer, Question};
use crate::plan::change::{Action, Caution, CautionKind, Drift};
use crate::plan::decide::{self, Decision, Facts};
use crate::plan::lookup::of_address;
use crate::plan::marking;
use crate::plan::reason::Reason;
use crate::shell;
use crate::world::with_self;

/// A replacement that is being predicted: why, and which parts made it one.
#[derive(Clone)]
pub(super) struct Replacing {
    pub(super) action: Action,
    pub(super) reasons: Vec<Reason>,
    pub(super) paths: Vec<relplan_contract::Path>,
}

impl Planner {
    pub(super) fn take_answer(&mut self, mut instance: Instance, answer: Answer) {
        match answer {
            Answer::Reconciled(Ok(Reconciled::Done(applied))) => {
                let value = if Self::is_going(&instance) { Value::NULL } else { applied.value };
                self.reconciled_done(instance, &value, "It was found done after its outcome was lost.");
            }
            Answer::Reconciled(Ok(Reconciled::NotDone)) => {
                self.reconciled_not_done(instance, "It was found not done after its outcome was lost.");
            }
            Answer::Reconciled(Ok(Reconciled::CannotTell)) => self.stays_uncertain(&instance, ""),
            Answer::Reconciled(Err(problem)) => self.stays_uncertain(&instance, &problem.to_string()),
            // Of what is in the ledger it is asked how that is now, and of nothing else.
            Answer::Observed(found) if instance.prior.is_none() => self.discovered(instance, found),
            Answer::Observed(Ok(Observed::Same)) => self.plan(instance),
            Answer::Observed(Ok(Observed::Present(value))) => {
                secrets_of(&value, &mut self.secrets);
                self.drifted(&instance, &value);
                instance.prior = Some(value.clone());
                instance.observed = Some(value);
                self.plan(instance);
            }
            Answer::Observed(Ok(Observed::Absent)) => {
                self.drifted(&instance, &Value::NULL);
                instance.gone = true;
                instance.prior = None;
                instance.config = instance.given.clone();
                self.plan(instance);
            }
            Answer::Planned(Ok(planned)) => {
                secrets_of(&planned.value, &mut self.secrets);
                self.predicted(instance, planned);
            }
            Answer::Data(Ok(value)) => {
                secrets_of(&value, &mut self.secrets);
                self.data_was_read(&instance, value);
            }
            // What is not well may not answer: that must not keep it from being turned back.
            Answer::Observed(Err(problem)) if matches!(instance.purpose, Purpose::GoBack(_)) => {
                let text = format!("It could not be looked at, and is taken to be as it was last: {problem}");
                self.cautions.push(Caution {
                    kind: CautionKind::Drift,
                    key: Some(instance.key.clone()),
                    text,
                });
                self.plan(instance);
            }
            Answer::Observed(Err(problem)) | Answer::Planned(Err(problem)) | Answer::Data(Err(problem)) => {
                if let Some(block) = instance.block.clone() {
                    self.problem(&block, &instance.key, "Cannot be planned", problem);
                    self.place(&block, &instance.key.address, Value::UNKNOWN);
                }
            }
        }
    }

    fn is_going(instance: &Instance) -> bool {
        let open = instance.entry.as_ref().and_then(crate::state::Entry::open);
        open.is_some_and(|open| open.intent.act == Act::Destroy)
    }

    pub(super) fn stays_uncertain(&mut self, instance: &Instance, because: &str) {
        let key = &instance.key;
        let why = if because.is_empty() { String::new() } else { format!(" {because}") };
        let open = instance.entry.as_ref().and_then(crate::state::Entry::open);
        let reference = open.and_then(|open| open.reference.as_ref());
        let there = reference.map(|name| format!(" Outside, it goes by {name:?}.")).unwrap_or_default();
        let detail = format!(
            "An earlier run was cut off while it worked on {key}, and it cannot be found out whether that was done.{why}{there}"
        );
        let address = shell::quoted(&key.address.to_string());
        let help = format!(
            "Look yourself; then say `{} -accept {address}` if it was done, or `-retry {address}` if it was not.",
            self.commands.again
        );
        if !self.stands_in_the_way(instance) {
            let text = format!("{detail} It stays uncertain: {help}");
            return self.cautions.push(Caution {
                kind: CautionKind::Uncertain,
                key: Some(key.clone()),
                text,
            });
        }
        self.uncertain.push(key.clone());
        let mut diagnostic = Diagnostic::error("Uncertain", detail).help(help);
        if let Some(block) = &instance.block {
            diagnostic = diagnostic.at(block.resource.span);
            self.error(block.id, diagnostic);
            self.place(block, &key.address, Value::UNKNOWN);
        } else {
            self.found.push(diagnostic);
        }
    }

    fn drifted(&mut self, instance: &Instance, now: &Value) {
        let Some(entry) = &instance.entry else { return };
        let after = self.sealer.seal_value(now);
        if after == entry.value {
            return;
        }
        let text = if now.is_null() {
            "It was deleted from outside.".to_owned()
        } else {
            "It was changed from outside.".to_owned()
        };
        self.cautions.push(Caution { kind: CautionKind::Drift, key: Some(instance.key.clone()), text });
        self.drift.push(Drift { key: instance.key.clone(), before: entry.value.clone(), after });
    }

    /// How it will be: decided at once where that can be, else the provider is asked.
    pub(super) fn plan(&mut self, instance: Instance) {
        match &instance.purpose {
            Purpose::AsWritten => {}
            Purpose::Settle => return,
            Purpose::Leave => return self.decide_orphan(&instance),
            Purpose::GoBack(past) => return self.turn_back(&instance, past),
        }
        if self.options.mode == RunMode::Refresh {
            return self.keep(&instance);
        }
        match &instance.whom {
            Whom::Data(_) => self.plan_data(instance),
            Whom::Resource(_, schema) => match schema.lifetime {
                Lifetime::Record => self.plan_record(instance),
                Lifetime::Live => self.plan_live(instance),
                Lifetime::Check => self.plan_check(instance),
            },
        }
    }

    fn plan_data(&mut self, instance: Instance) {
        let (Some(block), Whom::Data(source)) = (instance.block.clone(), instance.whom.clone()) else {
            return;
        };
        let waits = self.waits_for_changes(block.id, &block.resource);
        if !instance.config.has_unknown() && !waits {
            let question = Question::Data { source, config: instance.config.clone() };
            return self.ask(instance, question);
        }
        let after = relplan_contract::propose(&source.schema().attributes, None, &instance.config).value;
        self.change(&instance, &block, Action::Read, vec![Reason::ArgumentsUnknown], after, None);
    }

    fn data_was_read(&mut self, instance: &Instance, value: Value) {
        let Some(block) = instance.block.clone() else { return };
        self.postconditions(&block, &instance.key, &value);
        self.place(&block, &instance.key.address, value);
    }

    fn plan_record(&mut self, instance: Instance) {
        let Some(block) = instance.block.clone() else { return };
        let config = self.pinned(&block, &instance);
        let instance = Instance { config, ..instance };
        let made_before = of_address(&self.state, &instance.key.address).next().is_some();
        let decision = {
            let facts = self.facts(&instance, &block);
            decide::record(&facts, &self.version, made_before)
        };
        match decision {
            Decision::Nothing => self.keep(&instance),
            Decision::Refuse(paths) => self.refuse_record(&block, &instance, &paths),
            Decision::Do(action, reasons) if reasons == [Reason::Gone] => {
                // A fact that was deleted is made again as it was: its pins are not chosen anew.
                let entry = instance.entry.as_ref();
                let after =
                    entry.map_or(Value::UNKNOWN, |entry| self.sealer.unseal(&entry.value, &instance.config));
                self.change(&instance, &block, action, reasons, after, None);
            }
            Decision::Do(action, reasons) => {
                let replacing = Replacing { action, reasons, paths: Vec::new() };
                self.ask_plan(Instance { prior: None, replacing: Some(replacing), ..instance });
            }
        }
    }

    fn refuse_record(&mut self, block: &InBlock, instance: &Instance, paths: &[relplan_contract::Path]) {
        let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
        let place = paths
            .first()
            .map_or(block.resource.span, |path| crate::lang::body::place(&block.resource.body, path));
        let diagnostic = Diagnostic::error(
            "Record exists already",
            format!(
                "{} was made already for version {:?} with other arguments: {}. What a version of the release has made stays as it is.",
                instance.key.address,
                self.version,
                names.join(", ")
            ),
        )
        .at(place)
        .help(format!(
            "Set the arguments back, raise the version of the release, or make it anew with -replace={}.",
            shell::quoted(&instance.key.address.to_string())
        ));
        self.instance_errors(block.id, &instance.key, diagnostic.into());
        self.place(block, &instance.key.address, Value::UNKNOWN);
    }

    fn plan_live(&mut self, instance: Instance) {
        let Some(block) = instance.block.clone() else { return };
        let settled = match &instance.entry {
            Some(entry)
                if entry.exists() && !instance.gone && instance.observed.is_none() && !entry.tainted =>
            {
                let triggered = self.triggered(&instance, &block);
                let asked = self.options.replaces(&instance.key.address) || !triggered.is_empty();
                let config = self.sealer.seal_value(&instance.config);
                !asked
                    && !config.has_unknown()
                    && config == entry.inputs
                    && is_as_asked(&config, &entry.value)
            }
            _ => false,
        };
        if settled { self.keep(&instance) } else { self.ask_plan(instance) }
    }

    pub(super) fn ask_plan(&mut self, instance: Instance) {
        let Whom::Resource(resource, _) = &instance.whom else { return };
        let question = Question::Plan {
            resource: Arc::clone(resource),
            config: instance.config.clone(),
            prior: instance.prior.clone(),
        };
        self.ask(instance, question);
    }

    fn predicted(&mut self, mut instance: Instance, mut planned: Planned) {
        let Some(block) = instance.block.clone() else { return };
        if let Some(replacing) = instance.replacing.take() {
            instance.replacing = None;
            let Replacing { action, reasons, paths } = replacing;
            if planned.preview.is_some() && self.is_too_early(&instance) {
                planned.preview = None;
            }
            let after = planned.value.clone();
            return self.change(&instance, &block, action, reasons, after, Some((planned, paths)));
        }
        let create_first = self.create_first.contains(&block.id);
        let decision = decide::live(&self.facts(&instance, &block), &planned, create_first);
        match decision {
            Decision::Nothing | Decision::Refuse(_) => self.keep(&instance),
            Decision::Do(action @ Action::Replace { .. }, reasons) => {
                if block.resource.lifecycle.prevent_destroy {
                    let diagnostic = protected(&instance.key, block.resource.span);
                    self.instance_errors(block.id, &instance.key, diagnostic.into());
                    return self.place(&block, &instance.key.address, Value::UNKNOWN);
                }
                // Predicted once more as a new object: its computed attributes are not those of the old one.
                let paths = planned.replace.clone();
                let replacing = Some(Replacing { action, reasons, paths });
                let Whom::Resource(resource, _) = &instance.whom else { return };
                let config = instance.given.clone();
                let question =
                    Question::Plan { resource: Arc::clone(resource), config: config.clone(), prior: None };
                self.ask(Instance { config, replacing, ..instance }, question);
            }
            Decision::Do(action, reasons) => {
                let after = planned.value.clone();
                self.change(&instance, &block, action, reasons, after, Some((planned, Vec::new())));
            }
        }
    }

    /// Nothing is done: the object keeps the value that it has.
    pub(super) fn keep(&mut self, instance: &Instance) {
        let Some(block) = instance.block.clone() else { return };
        self.unchanged += 1;
        if !instance.marked.is_empty() {
            self.cautions.push(Caution {
                kind: CautionKind::Marking,
                key: Some(instance.key.clone()),
                text: marking::told(&instance.marked),
            });
        }
        let stored = instance.entry.as_ref().filter(|entry| entry.exists());
        let value = match (&instance.observed, stored) {
            // A record is a fact: what was made counts, and what was changed from outside is told as drift.
            (Some(observed), _) if instance.lifetime() != Some(Lifetime::Record) => observed.clone(),
            (_, Some(entry)) => self.sealer.unseal(&entry.value, &instance.config),
            _ => Value::UNKNOWN,
        };
        self.postconditions(&block, &instance.key, &value);
        self.place(&block, &instance.key.address, value);
    }

    pub(super) fn facts<'f>(&'f self, instance: &'f Instance, block: &InBlock) -> Facts<'f> {
        Facts {
            config: &instance.config,
            entry: instance.entry.as_ref(),
            observed: instance.observed.as_ref(),
            gone: instance.gone,
            means: instance.means(),
            requested: self.options.replaces(&instance.key.address),
            triggered: self.triggered(instance, block),
            sealer: &self.sealer,
        }
    }

    /// What a block directly depends on, as addresses: a block with several instances without a key.
    pub(super) fn dependencies(&self, id: NodeId, module: &ModulePath) -> Vec<Address> {
        let mut found = Vec::new();
        for (name, instance) in self.related(self.graph.direct_resources(id), module) {
            found.push(Address { module: instance, resource: name, key: None });
        }
        found
    }

    /// Those of blocks that a module instance can see, in each module instance.
    pub(super) fn related(
        &self,
        blocks: BTreeSet<NodeId>,
        module: &ModulePath,
    ) -> Vec<(ResourceName, ModulePath)> {
        let mut found = Vec::new();
        for dependency in blocks {
            let node = self.graph.node(dependency);
            let Item::Resource(name) = &node.item else { continue };
            for instance in self.world.instances(node.module) {
                let common = instance.0.iter().zip(module.0.iter()).take_while(|(a, b)| a.name == b.name);
                if common.clone().all(|(a, b)| a.key == b.key) {
                    found.push((name.clone(), instance.clone()));
                }
            }
        }
        found
    }

    fn postconditions(&mut self, block: &InBlock, key: &EntryKey, value: &Value) {
        let conditions = &block.resource.lifecycle.postconditions;
        if conditions.is_empty() || value.is_unknown() {
            return;
        }
        let bindings = with_self(&block.bindings, value.clone());
        if let Err(errors) = self.world.check_conditions(conditions, &key.address.module, &bindings) {
            self.instance_errors(block.id, key, errors);
        }
    }
}

/// Whether an object is what its arguments ask for: not where the state took over what was found outside. What its
/// provider writes in another way is for its provider to compare.
fn is_as_asked(config: &Value, object: &Value) -> bool {
    let asked = config.as_map().into_iter().flatten().filter(|(_, part)| !part.is_null());
    asked.into_iter().all(|(name, part)| object.get(name) == part)
}
