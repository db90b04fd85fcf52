//! One instance on its way through planning: evaluated, then asked about, then decided.

use std::collections::BTreeSet;
use std::sync::Arc;

use relplan_contract::{Attribute, Lifetime, OnChange, Repeat, Value, secrets_of};

use super::whom::Whom;
use super::{Block, Planner};
use crate::addr::{Address, ModulePath, ResourceName};
use crate::event::{EntryKey, Intent, RunMode};
use crate::graph::NodeId;
use crate::lang::body;
use crate::lang::config::{Resource, When};
use crate::lang::scope::Bindings;
use crate::plan::ask::Question;
use crate::plan::at_once::at_once;
use crate::plan::change::{Caution, CautionKind};
use crate::plan::compare::{has_sealed, ignoring};
use crate::plan::marking;
use crate::plan::setup::covers;
use crate::state::{Entry, Past};
use crate::world::Verdicts;

/// One instance under way.
pub(super) struct Instance {
    pub key: EntryKey,
    /// Its block; none for an object that no file names.
    pub block: Option<InBlock>,
    /// What it is planned for.
    pub purpose: Purpose,
    pub whom: Whom,
    /// The arguments, with those that `ignore_changes` names as the object has them.
    pub config: Value,
    /// The arguments as written: a new object is made with them.
    pub given: Value,
    /// The object as the ledger has it.
    pub entry: Option<Entry>,
    /// The object as it is, as far as that is known; none when there is none.
    pub prior: Option<Value>,
    /// The arguments that are what the ledger has, but for being sensitive now, or no more.
    pub marked: Vec<relplan_contract::Path>,
    /// The texts that the ledger has in clear of arguments that are sensitive now.
    pub newly_secret: BTreeSet<String>,
    /// What reading found, when it was not the same.
    pub observed: Option<Value>,
    pub gone: bool,
    /// The live version of which the ledger knows nothing.
    pub from_elsewhere: Option<String>,
    /// Whether the prediction is for a new object in the old one's place.
    pub replacing: Option<super::judge::Replacing>,
}

/// What an instance is planned for.
#[derive(Clone)]
pub(super) enum Purpose {
    /// It becomes what its block says.
    AsWritten,
    /// Only what became of a lost action is found out.
    Settle,
    /// It is in no file any more.
    Leave,
    /// It goes back to what it was.
    GoBack(Box<Past>),
}

/// Where an instance stands in the configuration.
#[derive(Clone)]
pub(super) struct InBlock {
    pub id: NodeId,
    pub resource: Arc<Resource>,
    pub bindings: Bindings,
}

/// An instance of a block: its module's, its key, and what names stand for in it.
pub(super) type Place = (ModulePath, Option<crate::addr::Key>, Bindings);

impl Instance {
    /// An object of the state, planned without a block.
    pub(super) fn of_entry(key: EntryKey, entry: Entry, whom: Whom, purpose: Purpose) -> Self {
        Self {
            key,
            block: None,
            purpose,
            whom,
            config: entry.inputs.clone(),
            given: entry.inputs.clone(),
            prior: entry.exists().then(|| entry.value.clone()),
            entry: Some(entry),
            marked: Vec::new(),
            newly_secret: BTreeSet::new(),
            observed: None,
            gone: false,
            from_elsewhere: None,
            replacing: None,
        }
    }

    /// The arguments that say how, not what.
    pub(super) fn means(&self) -> Vec<&'static str> {
        let Whom::Resource(_, schema) = &self.whom else { return Vec::new() };
        let means = schema.attributes.iter().filter(|attribute| attribute.on_change == OnChange::Means);
        means.map(|attribute| attribute.name).collect()
    }

    pub(super) fn lifetime(&self) -> Option<Lifetime> {
        match &self.whom {
            Whom::Resource(_, schema) => Some(schema.lifetime),
            Whom::Data(_) => None,
        }
    }
}

impl Planner {
    pub(super) fn begin_block(&mut self, id: NodeId, name: &ResourceName) {
        if self.world.is_used_up() {
            self.walk.broken.insert(id);
            return self.complete(id);
        }
        let node = self.graph.node(id).clone();
        let content = Arc::clone(&self.graph.module(node.module).module);
        let Some(resource) = content.resources.get(name).map(|resource| Arc::new(resource.clone())) else {
            return self.complete(id);
        };
        let Some(whom) = self.whom_unless_left_out(id, name, &resource) else { return };
        let mut instances = Vec::new();
        for module in self.world.instances(node.module).to_vec() {
            if self.world.is_used_up() {
                break;
            }
            match self.world.expand_resource(id, name, &module) {
                Ok(expansion) => instances.extend(self.instances_of(id, &expansion, &module)),
                Err(errors) => self.note(id, errors),
            }
        }
        self.blocks.insert(id, Block { outstanding: instances.len() + 1, ..Block::default() });
        let addresses = instances.iter().map(|(module, key, _)| Address {
            module: module.clone(),
            resource: name.clone(),
            key: key.clone(),
        });
        let evaluated = addresses.into_iter().any(|address| self.selection.takes(id, &address));
        self.check_form(id, &resource, &whom, evaluated);
        for (module, key, bindings) in instances {
            if self.world.is_used_up() {
                self.finish_one(id);
                continue;
            }
            let address = Address { module, resource: name.clone(), key };
            let block = InBlock { id, resource: Arc::clone(&resource), bindings };
            self.begin_instance(address, block, whom.clone());
        }
        self.finish_one(id);
    }

    fn begin_instance(&mut self, address: Address, block: InBlock, whom: Whom) {
        let lifetime = match &whom {
            Whom::Resource(_, schema) => schema.lifetime,
            Whom::Data(_) => Lifetime::Check,
        };
        let key = EntryKey::new(address, lifetime, &self.version);
        self.named.insert(key.clone());
        if let Some(diagnostic) = self.still_defined(&key.address, block.resource.span) {
            self.instance_errors(block.id, &key, diagnostic.into());
            return self.place(&block, &key.address, Value::UNKNOWN);
        }
        let entry = self.state.entries.get(&key).map(|entry| self.comparable(entry));
        if matches!(whom, Whom::Resource(..))
            && lifetime == Lifetime::Check
            && block.resource.lifecycle.when != When::Failure
        {
            self.checks.push((block.id, key.address.clone()));
        }
        let taken = self.selection.takes(block.id, &key.address);
        if !taken || (self.options.mode == RunMode::Destroy && matches!(whom, Whom::Resource(..))) {
            let value = entry.as_ref().filter(|entry| entry.exists());
            let value = value.map_or(Value::UNKNOWN, |entry| entry.value.clone());
            if self.options.mode == RunMode::Destroy && taken {
                self.refuse_protected(&block, &key, entry.as_ref());
            }
            return self.place(&block, &key.address, value);
        }
        let Some(config) = self.arguments(&block, &key, &whom, whom.attributes()) else {
            return self.place(&block, &key.address, Value::UNKNOWN);
        };
        if self.validates_only {
            let after = relplan_contract::propose(whom.attributes(), None, &config).value;
            return self.place(&block, &key.address, after);
        }
        let (mut marked, mut newly_secret) = (Vec::new(), BTreeSet::new());
        if let Some(entry) = &entry {
            marking::newly_secret(&entry.inputs, &config, &mut newly_secret);
            self.secrets.extend(newly_secret.iter().cloned());
        }
        let entry = entry.map(|entry| self.as_marked(entry, &config, &mut marked));
        let prior = entry.as_ref().filter(|entry| entry.exists());
        let prior = prior.map(|entry| self.sealer.unseal(&entry.value, &config));
        let given = config;
        let config = ignoring(&block.resource.lifecycle.ignore_changes, given.clone(), prior.as_ref());
        let instance = Instance {
            key,
            block: Some(block),
            purpose: Purpose::AsWritten,
            whom,
            config,
            given,
            entry,
            marked,
            newly_secret,
            prior,
            observed: None,
            gone: false,
            from_elsewhere: None,
            replacing: None,
        };
        self.reconcile_or_read(instance);
    }

    /// An object of the ledger as it would be there with the marking that its arguments have now.
    fn as_marked(&self, mut entry: Entry, config: &Value, marked: &mut Vec<relplan_contract::Path>) -> Entry {
        let root = relplan_contract::Path::default();
        entry.inputs = marking::settled(&entry.inputs, config, &self.sealer, &root, marked);
        if !marked.is_empty() {
            entry.value = marking::settled(&entry.value, config, &self.sealer, &root, &mut Vec::new());
        }
        entry
    }

    /// An object of the ledger as its secrets can be compared here.
    fn comparable(&self, entry: &Entry) -> Entry {
        let mut entry = entry.clone();
        if !self.sealer.has_key() {
            entry.inputs = self.sealer.comparable(&entry.inputs);
            entry.value = self.sealer.comparable(&entry.value);
        }
        entry
    }

    /// The arguments of an instance, checked; none when something is wrong with them.
    fn arguments(
        &mut self,
        block: &InBlock,
        key: &EntryKey,
        whom: &Whom,
        attributes: &[Attribute],
    ) -> Option<Value> {
        let module = &key.address.module;
        let resource = &block.resource;
        let evaluated = self.world.with_evaluator(module, &block.bindings, |evaluator| {
            body::evaluate(&resource.body, attributes, evaluator)
        });
        let config = match evaluated {
            Ok(config) => config,
            Err(errors) => {
                self.instance_errors(block.id, key, errors);
                return None;
            }
        };
        secrets_of(&config, &mut self.secrets);
        let problems = at_once(|| match whom {
            Whom::Resource(managed, _) => managed.validate(&config),
            Whom::Data(source) => source.validate(&config),
        });
        let problems = problems.unwrap_or_else(|problem| vec![problem]);
        if !problems.is_empty() {
            for problem in problems {
                self.problem(block, key, "Invalid argument", problem);
            }
            return None;
        }
        let conditions = &resource.lifecycle.preconditions;
        match self.world.check_conditions(conditions, module, &block.bindings) {
            Ok(Verdicts::Hold | Verdicts::Unknown) => Some(config),
            Err(errors) => {
                self.instance_errors(block.id, key, errors);
                None
            }
        }
    }

    /// First what became of a lost action, then how the object is now, then how it will be.
    pub(super) fn reconcile_or_read(&mut self, instance: Instance) {
        let open = instance.entry.as_ref().and_then(Entry::open).cloned();
        let (Some(open), Whom::Resource(resource, schema)) = (open, &instance.whom) else {
            return self.read(instance);
        };
        let address = &instance.key.address;
        if covers(&self.options.accept, address) {
            let planned = &open.intent.planned;
            let value = planned.without_unknown();
            self.cautions.extend(accepted_unknown(&instance.key, planned));
            return self.reconciled_done(instance, &value, "A person accepted it as done.");
        }
        if covers(&self.options.retry, address) {
            return self.reconciled_not_done(instance, "A person asked for a new try.");
        }
        if schema.repeat == Repeat::Harmless {
            return self.reconciled_not_done(instance, "It was cut off; doing it again does no harm.");
        }
        let planned = self.arguments_then(&instance.key, &open.intent.planned);
        let planned = self.sealer.unseal(&planned, &instance.config);
        if has_sealed(&planned) {
            let why = "A part of it is sensitive, and only its fingerprint is kept: plan its release file.";
            return self.stays_uncertain(&instance, why);
        }
        let question = Question::Reconcile {
            resource: Arc::clone(resource),
            prior: instance.prior.clone(),
            reference: open.reference.clone(),
            intent: Box::new(Intent { planned, ..open.intent }),
        };
        self.ask(instance, question);
    }

    /// Looks at the object as it is now, where there is one and looking is wanted.
    pub(super) fn read(&mut self, instance: Instance) {
        let Whom::Resource(resource, schema) = &instance.whom else { return self.plan(instance) };
        let looks = match instance.purpose {
            Purpose::AsWritten | Purpose::GoBack(_) => schema.lifetime != Lifetime::Check,
            Purpose::Settle | Purpose::Leave => false,
        };
        match &instance.prior {
            // A secret that is not known cannot be asked with.
            Some(prior) if looks && self.options.refresh && !has_sealed(prior) => {
                let question = Question::Read { resource: Arc::clone(resource), prior: prior.clone() };
                self.ask(instance, question);
            }
            None if self.may_discover(&instance) => {
                let question =
                    Question::Discover { resource: Arc::clone(resource), config: instance.config.clone() };
                self.ask(instance, question);
            }
            _ => self.plan(instance),
        }
    }

    /// An instance without a change (or with one already noted) has its value: the block may be done.
    pub(super) fn place(&mut self, block: &InBlock, address: &Address, value: Value) {
        if let Some(under_way) = self.blocks.get_mut(&block.id) {
            under_way.values.insert((address.module.clone(), address.key.clone()), value);
        }
        self.finish_one(block.id);
    }

    fn finish_one(&mut self, id: NodeId) {
        let Some(block) = self.blocks.get_mut(&id) else { return };
        block.outstanding = block.outstanding.saturating_sub(1);
        if block.outstanding > 0 {
            return;
        }
        let Some(block) = self.blocks.remove(&id) else { return };
        let node = self.graph.node(id).clone();
        if let crate::graph::Item::Resource(name) = &node.item {
            for module in self.world.instances(node.module).to_vec() {
                self.world.set_instances(id, name, &module, |key| value_of(&block, &module, key));
            }
        }
        self.complete(id);
    }
}

fn value_of(block: &Block, module: &ModulePath, key: Option<&crate::addr::Key>) -> Value {
    block.values.get(&(module.clone(), key.cloned())).cloned().unwrap_or(Value::UNKNOWN)
}

/// What a person accepts as done has no attributes that only its provider could have told.
fn accepted_unknown(key: &EntryKey, planned: &Value) -> Option<Caution> {
    let parts = planned.as_map().into_iter().flatten().filter(|(_, part)| part.has_unknown());
    let names: Vec<String> = parts.map(|(name, _)| format!("`{name}`")).collect();
    let text =
        format!("It is accepted as done, but nobody knows its {}: null from here on.", names.join(", "));
    (!names.is_empty()).then(|| Caution { kind: CautionKind::Uncertain, key: Some(key.clone()), text })
}
