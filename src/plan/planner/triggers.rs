//! `replace_triggered_by`: which changes of this plan ask for a new object elsewhere.

use relplan_contract::{Lifetime, Path, Value};

use super::Planner;
use super::instance::{InBlock, Instance};
use crate::addr::{Address, Key};
use crate::lang::config::{Subject, Trigger};
use crate::plan::change::{Action, Change};

impl Planner {
    /// Keeps a change at hand for whoever names it in `replace_triggered_by`. That a live resource is made is none: what
    /// there was not cannot have been used.
    pub(super) fn note_trigger(&mut self, change: &Change) {
        let counts = match change.action {
            Action::Update | Action::Replace { .. } | Action::Judge | Action::Read => true,
            Action::Create => change.lifetime != Some(Lifetime::Live),
            Action::Destroy | Action::Forget => false,
        };
        if counts {
            let parts = (change.before.clone(), change.after.clone());
            self.triggers.insert(change.key.address.clone(), parts);
        }
    }

    /// What an instance's `replace_triggered_by` names and this plan changes.
    pub(super) fn triggered(&self, instance: &Instance, block: &InBlock) -> Vec<String> {
        let triggers = block.resource.lifecycle.replace_triggered_by.iter();
        triggers.filter_map(|trigger| self.triggered_by(trigger, &instance.key.address, block)).collect()
    }

    /// The name of what a trigger names, where this plan changes it.
    fn triggered_by(&self, trigger: &Trigger, address: &Address, block: &InBlock) -> Option<String> {
        let Subject::Resource(resource) = &trigger.reference.subject else { return None };
        let module = address.module.clone();
        let mut named = Address { module, resource: resource.clone(), key: None };
        let Some(key) = &trigger.key else {
            // A part of the block itself: there is one instance.
            let found = if trigger.part.0.is_empty() {
                let of_block =
                    |other: &Address| other.module == named.module && other.resource == named.resource;
                self.triggers.range(named.clone()..).next().is_some_and(|(other, _)| of_block(other))
            } else {
                self.part_changes(&named, &trigger.part)
            };
            return found.then(|| shown(resource, None, &trigger.part));
        };
        let key = self.world.evaluate(key, &address.module, &block.bindings).ok()?;
        named.key = Some(match key.as_i64().and_then(|index| u64::try_from(index).ok()) {
            Some(index) => Key::Index(index),
            None => Key::Name(key.as_str()?.into()),
        });
        self.part_changes(&named, &trigger.part).then(|| shown(resource, named.key.as_ref(), &trigger.part))
    }

    fn part_changes(&self, address: &Address, part: &Path) -> bool {
        let Some((before, after)) = self.triggers.get(address) else { return false };
        let of = |value: &Value| part.find(value).cloned().unwrap_or(Value::NULL);
        part.0.is_empty() || of(after).has_unknown() || of(before) != of(after)
    }
}

fn shown(resource: &crate::addr::ResourceName, key: Option<&Key>, part: &Path) -> String {
    let key = key.map(ToString::to_string).unwrap_or_default();
    let part = if part.0.is_empty() { String::new() } else { format!(".{part}") };
    format!("{resource}{key}{part}")
}
