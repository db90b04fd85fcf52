//! What a record of this version was made from is pinned with it: reading the outside again later makes no difference.
//!
//! Which parts of a record's arguments come from outside is found out by evaluating the files once more with all of that
//! unknown: what data sources read, what providers compute, the time. Whatever is unknown then in a record's arguments
//! comes from there; what is known is what the author wrote, or a variable gave.

use std::sync::Arc;

use relplan_contract::{Path, Step, Value};

use super::instance::{InBlock, Instance};
use super::{Planner, Setup};
use crate::lang::body;
use crate::ledger::Sealer;
use crate::plan::change::{Caution, CautionKind};
use crate::plan::compare::{differences, overlay};
use crate::plan::setup::Options;
use crate::state::State;
use crate::world::World;

impl Planner {
    /// The arguments of a record with those parts as they were when it was made that only the outside makes other now.
    pub(super) fn pinned(&mut self, block: &InBlock, instance: &Instance) -> Value {
        let config = instance.config.clone();
        let Some(entry) = instance.entry.as_ref().filter(|entry| entry.exists()) else { return config };
        // A record that is made anew is made from what is there now.
        if self.options.replaces(&instance.key.address) {
            return config;
        }
        let before = self.sealer.unseal(&entry.inputs, &config);
        let mut changed = differences(&before, &config, false);
        let means = instance.means();
        changed.retain(|path| path.root().is_none_or(|name| !means.contains(&name)));
        if changed.is_empty() {
            return config;
        }
        let written = self.written(block, instance);
        changed.retain(|path| is_open(&written, path));
        if changed.is_empty() {
            return config;
        }
        let names: Vec<String> = changed.iter().map(|path| format!("`{path}`")).collect();
        let text = format!(
            "What is read from outside is other now than when it was made ({}): it stays as it is.",
            names.join(", ")
        );
        self.cautions.push(Caution { kind: CautionKind::Kept, key: Some(instance.key.clone()), text });
        overlay(&config, &before, &changed)
    }

    /// The arguments of an instance as its author alone says them; what comes from outside is unknown.
    fn written(&mut self, block: &InBlock, instance: &Instance) -> Value {
        if self.blind.is_none() {
            self.blind = self.blinded().map(Box::new);
        }
        let Some(blind) = self.blind.as_deref() else { return Value::UNKNOWN };
        let address = &instance.key.address;
        if blind.expansion(block.id, &address.module).is_none() {
            return Value::UNKNOWN;
        }
        let bindings = blind.bindings(block.id, address);
        let super::Whom::Resource(_, schema) = &instance.whom else { return Value::UNKNOWN };
        let evaluated = blind.with_evaluator(&address.module, &bindings, |evaluator| {
            body::evaluate(&block.resource.body, &schema.attributes, evaluator)
        });
        // What cannot be evaluated without the outside hangs on it.
        evaluated.unwrap_or(Value::UNKNOWN)
    }

    /// The files, evaluated as far as they go without the outside.
    fn blinded(&self) -> Option<World> {
        let mut planner = Self::new(Setup {
            world: self.world.afresh()?,
            state: State::default(),
            registry: Arc::clone(&self.registry),
            environment: Arc::clone(self.providers.environment()),
            sealer: Sealer::keyless(),
            options: Options { refresh: false, ..Options::default() },
        });
        planner.validate_only();
        while !planner.poll().is_empty() {}
        Some(planner.world)
    }
}

/// Whether the part at a path is unknown, or lies in something that is.
fn is_open(value: &Value, path: &Path) -> bool {
    let mut at = value;
    for step in &path.0 {
        if at.is_unknown() {
            return true;
        }
        at = match step {
            Step::Key(name) => at.get(name),
            Step::Index(index) => match at.as_list().and_then(|items| items.get(*index)) {
                Some(item) => item,
                None => return false,
            },
        };
    }
    at.has_unknown()
}
