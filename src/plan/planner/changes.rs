//! What is noted of an instance that is touched: its change, and what the reviewer is cautioned of.

use relplan_contract::{Lifetime, Outcome, Planned, Value};

use super::Planner;
use super::elsewhere;
use super::instance::{InBlock, Instance};
use crate::addr::Address;
use crate::lang::config::{OnFailure, When};
use crate::plan::change::{Action, Caution, CautionKind, Change};
use crate::plan::marking;
use crate::plan::reason::Reason;
use crate::state::Past;

impl Planner {
    pub(super) fn change(
        &mut self,
        instance: &Instance,
        block: &InBlock,
        action: Action,
        reasons: Vec<Reason>,
        after: Value,
        planned: Option<(Planned, Vec<relplan_contract::Path>)>,
    ) {
        let lifecycle = &block.resource.lifecycle;
        let (preview, notes, replace) = match planned {
            Some((planned, paths)) => {
                self.new_servers(instance, &planned.sends);
                (planned.preview, planned.notes, paths)
            }
            None => (None, Vec::new(), Vec::new()),
        };
        let free = instance.whom.attributes().iter().filter(|attribute| attribute.is_free());
        let change = Change {
            key: instance.key.clone(),
            lifetime: instance.lifetime(),
            provider: block.resource.provider.0.to_string(),
            action,
            reasons,
            before: marking::hidden(instance.prior.as_ref().unwrap_or(Value::null()), &instance.newly_secret),
            after: after.clone(),
            inputs: instance.config.clone(),
            replace,
            dependencies: self.dependencies(block.id, &instance.key.address.module),
            judges: self.judges(instance, block),
            judged_by: Vec::new(),
            preview,
            notes,
            free: free.map(|attribute| attribute.name.into()).collect(),
            undo: instance.whom.undo().to_owned(),
            headline: instance.whom.headline().map(str::to_owned),
            from_elsewhere: self.in_the_way(instance),
            on_failure: lifecycle.on_failure,
            when: lifecycle.when,
        };
        self.caution(&change);
        if let Some(reason) = self.state.holds.get(&change.key.address).filter(|_| change.is_expected()) {
            let diagnostic = self.held(&change.key, reason).at(block.resource.span);
            self.instance_errors(block.id, &instance.key, diagnostic.into());
        }
        self.actors.insert(instance.key.clone(), instance.whom.clone());
        let value = if lifecycle.when == When::Failure { Value::UNKNOWN } else { after };
        if let (Action::Replace { create_first: true }, Some(entry)) = (action, &instance.entry) {
            self.depose(&change, entry.generation);
        }
        self.note_trigger(&change);
        self.changes.entry(block.id).or_default().push(change);
        self.place(block, &instance.key.address, value);
    }

    /// The old object of a replacement that makes the new one first goes at the end of the run.
    fn depose(&mut self, change: &Change, generation: u64) {
        let key = change.key.deposed(generation);
        if let Some(actor) = self.actors.get(&change.key).cloned() {
            self.actors.insert(key.clone(), actor);
        }
        self.orphans.push(Change {
            key,
            action: Action::Destroy,
            reasons: vec![Reason::Deposed],
            after: Value::NULL,
            replace: Vec::new(),
            notes: Vec::new(),
            preview: None,
            ..change.clone()
        });
    }

    fn caution(&mut self, change: &Change) {
        let key = &change.key;
        let mut add = |kind, text| self.cautions.push(Caution { kind, key: Some(key.clone()), text });
        if let Action::Replace { create_first } = change.action {
            let order = if create_first {
                "A new one is made, then it is destroyed."
            } else {
                "It is destroyed and made anew."
            };
            add(CautionKind::Destructive, order.to_owned());
        }
        if let Some(live) = &change.from_elsewhere {
            add(CautionKind::WouldStop, format!("The run would stop here: {}", elsewhere::told(key, live)));
        }
        if let Some(preview) = change.preview.as_ref().filter(|preview| preview.outcome != Outcome::Passed) {
            add(CautionKind::WouldStop, format!("The run would stop here: {}", preview.summary));
        }
        if change.on_failure == OnFailure::Rollback {
            for address in &change.judges {
                for (live, entry) in self.state.instances(address) {
                    if entry.lifetime == Lifetime::Live && !self.has_way_back(&live.address) {
                        let text = format!(
                            "If it fails, {} cannot be turned back: no earlier version of it was verified.",
                            live.address
                        );
                        self.cautions.push(Caution {
                            kind: CautionKind::NoWayBack,
                            key: Some(key.clone()),
                            text,
                        });
                    }
                }
            }
        }
    }

    /// Whether a live resource could be turned back if this plan's check failed: to what it is now, where that is
    /// known good, or to what was before.
    fn has_way_back(&self, address: &Address) -> bool {
        self.state.current(address).is_some_and(Past::is_verified)
            || self.state.rollback_target(address).is_some()
    }
}
