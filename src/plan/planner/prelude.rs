//! What the ledger is told before a run does anything: outcomes that were found out. (Moved addresses come before
//! those: see `moves`.)

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{ProblemKind, Value};

use super::Planner;
use super::instance::Instance;
use crate::canonical::Digest;
use crate::diag::Diagnostic;
use crate::event::{ActOutcome, Actor, Event, Recorded, RunId, RunMode};

impl Planner {
    /// The action was done: the state takes it over, and planning goes on from there.
    pub(super) fn reconciled_done(&mut self, mut instance: Instance, value: &Value, reason: &str) {
        let value = self.sealer.seal_value(value);
        self.precede(Event::Adopted { key: instance.key.clone(), value, reason: reason.to_owned() });
        self.look_again(&mut instance);
        self.read(instance);
    }

    /// The action was not done: it may be done now.
    pub(super) fn reconciled_not_done(&mut self, mut instance: Instance, reason: &str) {
        let Some(open) = instance.entry.as_ref().and_then(crate::state::Entry::open) else {
            return self.read(instance);
        };
        let outcome = ActOutcome::Failed { kind: ProblemKind::Cancelled, message: reason.to_owned() };
        let idempotency_key = open.intent.idempotency_key.clone();
        self.precede(Event::Ended { key: instance.key.clone(), idempotency_key, outcome });
        self.look_again(&mut instance);
        self.read(instance);
    }

    pub(super) fn look_again(&self, instance: &mut Instance) {
        instance.entry = self.state.entries.get(&instance.key).cloned();
        let exists = instance.entry.as_ref().filter(|entry| entry.exists());
        instance.prior = exists.map(|entry| self.sealer.unseal(&entry.value, &instance.config));
    }

    /// Folds an event into the state that is planned from; the run will record it first.
    pub(super) fn precede(&mut self, event: Event) {
        if self.prelude.is_empty() {
            // Events belong to a run: this one exists in memory only.
            let opened = Event::RunOpened {
                mode: RunMode::State,
                version: Arc::clone(&self.version),
                config: None,
                plan: None,
                versions: BTreeMap::new(),
                command: String::new(),
            };
            self.fold(opened);
        }
        if self.fold(event.clone()) {
            self.prelude.push(event);
        }
    }

    fn fold(&mut self, event: Event) -> bool {
        let seq = self.state.head.map_or(0, |head| head.seq) + 1;
        let recorded = Recorded {
            seq,
            hash: Digest::of(&seq.to_be_bytes()),
            run: RunId("plan".into()),
            epoch: self.state.epoch,
            time_ms: 0,
            actor: Actor::default(),
            event,
        };
        let folded = self.state.apply(&recorded);
        if let Err(illegal) = &folded {
            self.found.push(Diagnostic::error("State does not fit", format!("{illegal}.")));
        }
        folded.is_ok()
    }
}
