//! Folding: how each event changes the state, and which events cannot follow those before them.
//!
//! Each event is checked wholly before it changes anything, so that a refused one leaves the state as it was.

use std::sync::Arc;

use relplan_contract::{Lifetime, Outcome, ProblemKind, Value};

use super::{Entry, Head, IllegalTransition, Open, State, Status, Way};
use crate::event::{Act, ActOutcome, EntryKey, Event, Intent, Judgement, Recorded};

type Folded = Result<(), IllegalTransition>;

impl State {
    /// Folds one more record in. A record that cannot follow those before it is refused and changes nothing.
    pub fn apply(&mut self, recorded: &Recorded) -> Folded {
        self.check_place(recorded)?;
        match &recorded.event {
            Event::LedgerBegan { lineage, product, key } => {
                self.key.clone_from(key);
                self.lineage = Some(lineage.clone());
                self.product.clone_from(product);
                self.epoch = recorded.epoch;
            }
            Event::KeyNamed { key } => self.key = Some(key.clone()),
            Event::EpochBegan { epoch, .. } => self.begin_epoch(*epoch, &recorded.run),
            Event::RunOpened { .. } => self.open_run(recorded)?,
            Event::RunClosed { .. } => self.close_run(recorded),
            Event::TurningBack { to } => {
                let way = |version: &Arc<str>| Way { version: Arc::clone(version), seq: recorded.seq };
                self.turning_back.extend(to.iter().map(|(live, version)| (live.clone(), way(version))));
            }
            Event::VersionWithdrawn { version, reason } => {
                self.withdrawn.insert(Arc::clone(version), reason.clone());
            }
            Event::Intended(intent) => self.intend(intent, recorded)?,
            Event::Referenced { key, reference } => {
                self.open_mut(key, None)?.reference = Some(reference.clone());
            }
            Event::Ended { key, idempotency_key, outcome } => {
                self.end(key, idempotency_key, outcome, recorded.seq)?;
            }
            Event::Judged { key, idempotency_key, value, judgement } => {
                self.judge(key, idempotency_key, value, judgement, recorded.seq)?;
            }
            Event::Adopted { key, value, .. } => self.adopt(key, value, recorded),
            Event::Forgotten { key, .. } => self.forget(key, recorded)?,
            Event::Moved { from, to } => self.move_entry(from, to, recorded.seq)?,
            Event::OutputsSet { outputs } => self.outputs.clone_from(outputs),
            Event::ProvidersSet { providers } => self.providers.clone_from(providers),
            Event::Held { address, reason } => {
                self.holds.insert(address.clone(), reason.clone());
            }
            Event::Released { address, .. } => {
                let held = self.holds.remove(address);
                held.ok_or_else(|| IllegalTransition::NotHeld { address: address.clone() })?;
            }
            Event::Verified { key, value, .. } => {
                let entry = self.entries.get_mut(key);
                let entry = entry.ok_or_else(|| IllegalTransition::Unknown { key: key.clone() })?;
                entry.proof = Some(value.clone());
            }
            Event::Restored { .. }
            | Event::Checkpointed { .. }
            | Event::SecretsReviewed { .. }
            | Event::Sourced { .. }
            | Event::Identified { .. } => {}
        }
        self.head = Some(Head { seq: recorded.seq, hash: recorded.hash });
        Ok(())
    }

    /// Checks what every record must fulfil: its number, its epoch, its run.
    fn check_place(&self, recorded: &Recorded) -> Folded {
        let expected = self.head.map_or(1, |head| head.seq.saturating_add(1));
        if recorded.seq != expected {
            return Err(IllegalTransition::OutOfOrder { seq: recorded.seq, expected });
        }
        let current = self.epoch;
        if matches!(recorded.event, Event::LedgerBegan { .. }) {
            return if expected == 1 { Ok(()) } else { Err(IllegalTransition::BegunTwice) };
        }
        if expected == 1 {
            return Err(IllegalTransition::NotBegun);
        }
        if let Event::EpochBegan { epoch, .. } = &recorded.event {
            let follows = *epoch == current.saturating_add(1) && recorded.epoch == *epoch;
            return if follows {
                Ok(())
            } else {
                Err(IllegalTransition::EpochSkipped { epoch: *epoch, current })
            };
        }
        if recorded.epoch != current {
            return Err(IllegalTransition::WrongEpoch { epoch: recorded.epoch, current });
        }
        // None needs an open run: one opens it, the others may come before it or after its end.
        if matches!(
            recorded.event,
            Event::RunOpened { .. } | Event::Checkpointed { .. } | Event::KeyNamed { .. }
        ) {
            return Ok(());
        }
        let run = recorded.run.clone();
        match self.run(&run) {
            None => Err(IllegalTransition::UnknownRun { run }),
            Some(found) if found.closed.is_some() => Err(IllegalTransition::RunIsClosed { run }),
            Some(found) if found.epoch != current => {
                Err(IllegalTransition::RunOutlived { run, epoch: found.epoch })
            }
            Some(_) => Ok(()),
        }
    }

    fn intend(&mut self, intent: &Intent, recorded: &Recorded) -> Folded {
        let key = &intent.key;
        self.check_intent(intent)?;
        let open = Open { intent: intent.clone(), run: recorded.run.clone(), reference: None, message: None };
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry {
            lifetime: intent.lifetime,
            provider: intent.provider.clone(),
            inputs: Value::NULL,
            value: Value::NULL,
            version: Arc::clone(&intent.version),
            dependencies: intent.dependencies.clone(),
            judged_by: intent.judged_by.clone(),
            generation: intent.generation,
            seq: recorded.seq,
            status: Status::Done,
            tainted: false,
            judgement: None,
            proof: None,
        });
        entry.generation = intent.generation;
        entry.seq = recorded.seq;
        entry.status = Status::Uncertain(Box::new(open));
        self.generations.insert(key.clone(), intent.generation);
        Ok(())
    }

    fn check_intent(&self, intent: &Intent) -> Folded {
        let key = || intent.key.clone();
        let is_record = intent.lifetime == Lifetime::Record;
        let fits = if intent.key.is_deposed() {
            intent.act == Act::Destroy
        } else {
            is_record == intent.key.version.is_some()
        };
        if !fits {
            return Err(IllegalTransition::WrongKey { key: key() });
        }
        if intent.act == Act::Judge && intent.lifetime != Lifetime::Check {
            return Err(IllegalTransition::NoCheck { key: key() });
        }
        let entry = self.entries.get(&intent.key);
        let last = self.generations.get(&intent.key).copied().unwrap_or(0);
        match entry.and_then(Entry::open) {
            // The same action once more, after a crash.
            Some(_) if intent.generation == last => {}
            Some(_) => return Err(IllegalTransition::StillOpen { key: key() }),
            None if intent.generation > last => {}
            None => return Err(IllegalTransition::Generation { key: key(), given: intent.generation, last }),
        }
        let needs_object = matches!(intent.act, Act::Update | Act::Destroy);
        if needs_object && !entry.is_some_and(Entry::exists) {
            return Err(IllegalTransition::Absent { key: key(), act: intent.act });
        }
        Ok(())
    }

    /// The open action on a key; with `idempotency_key`, only the action that has it.
    fn open_mut(
        &mut self,
        key: &EntryKey,
        idempotency_key: Option<&str>,
    ) -> Result<&mut Open, IllegalTransition> {
        match self.entries.get_mut(key).map(|entry| &mut entry.status) {
            Some(Status::Uncertain(open))
                if idempotency_key.is_none_or(|wanted| wanted == open.intent.idempotency_key) =>
            {
                Ok(open)
            }
            Some(Status::Uncertain(_) | Status::Done) | None => {
                Err(IllegalTransition::NoIntent { key: key.clone() })
            }
        }
    }

    fn end(&mut self, key: &EntryKey, idempotency_key: &str, outcome: &ActOutcome, seq: u64) -> Folded {
        let open = self.open_mut(key, Some(idempotency_key))?;
        match outcome {
            ActOutcome::Unknown { message } => open.message = Some(message.clone()),
            ActOutcome::Failed { kind, .. } => {
                let act = open.intent.act;
                self.fail(key, act, *kind, seq);
            }
            ActOutcome::Done { .. } if open.intent.act == Act::Judge => {
                return Err(IllegalTransition::WrongEnding { key: key.clone() });
            }
            ActOutcome::Done { value } => {
                let intent = open.intent.clone();
                self.finish(&intent, value, seq);
            }
        }
        Ok(())
    }

    /// An action failed. What was not there stays away; what was there stays as it was, but is tainted unless the
    /// problem says that nothing was done.
    fn fail(&mut self, key: &EntryKey, act: Act, kind: ProblemKind, seq: u64) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        if !entry.exists() {
            self.entries.remove(key);
            return;
        }
        let half_done = match kind {
            ProblemKind::Refused | ProblemKind::Uncertain => true,
            ProblemKind::Invalid
            | ProblemKind::Retry
            | ProblemKind::Missing
            | ProblemKind::Conflict
            | ProblemKind::Cancelled => false,
        };
        // A check that could not be made again must not rest on its verdict of before.
        entry.tainted |= half_done || act == Act::Judge;
        entry.status = Status::Done;
        entry.seq = seq;
    }

    /// An action was done, and left `value`; null where nothing is there any more.
    fn finish(&mut self, intent: &Intent, value: &Value, seq: u64) {
        let address = &intent.key.address;
        if intent.act == Act::Destroy || value.is_null() {
            self.entries.remove(&intent.key);
            let anew = intent.act == Act::Destroy && !intent.planned.is_null();
            let inputs = if anew { intent.inputs.clone() } else { Value::NULL };
            self.remember_gone(address, &intent.version, inputs, seq);
            return;
        }
        let Some(entry) = self.entries.get_mut(&intent.key) else { return };
        entry.lifetime = intent.lifetime;
        entry.provider.clone_from(&intent.provider);
        entry.inputs.clone_from(&intent.inputs);
        entry.value.clone_from(value);
        entry.version = Arc::clone(&intent.version);
        entry.dependencies.clone_from(&intent.dependencies);
        entry.judged_by.clone_from(&intent.judged_by);
        entry.seq = seq;
        entry.status = Status::Done;
        entry.tainted = false;
        entry.judgement = None;
        entry.proof = None;
        if intent.lifetime == Lifetime::Live {
            self.remember(address);
        }
    }

    fn judge(
        &mut self,
        key: &EntryKey,
        idempotency_key: &str,
        value: &Value,
        judgement: &Judgement,
        seq: u64,
    ) -> Folded {
        let open = self.open_mut(key, Some(idempotency_key))?;
        if open.intent.act != Act::Judge {
            return Err(IllegalTransition::WrongEnding { key: key.clone() });
        }
        let intent = open.intent.clone();
        self.finish(&intent, value, seq);
        if let Some(entry) = self.entries.get_mut(key) {
            entry.judgement = Some(judgement.clone());
        }
        let passed = match judgement.outcome {
            Outcome::Passed => true,
            Outcome::Failed => false,
            Outcome::Pending | Outcome::Inconclusive | Outcome::Error => return Ok(()),
        };
        if passed {
            // What it had asked is what it asks again when what it judged is turned back to.
            self.remember(&key.address);
        }
        for (address, digest) in &judgement.judged {
            // A verdict on something that has changed since says nothing about what is there now.
            if self.live_digest(address) == Some(*digest) {
                self.mark(address, &key.address, passed, &intent.version);
            }
        }
        Ok(())
    }

    /// Takes over what was found. An action that was open on it is over: it was done, or it was undone.
    fn adopt(&mut self, key: &EntryKey, value: &Value, recorded: &Recorded) {
        let version = self.version_of(&recorded.run);
        let open = self.entries.get(key).and_then(Entry::open).map(|open| open.intent.clone());
        match open {
            Some(intent) if intent.act != Act::Destroy => {
                self.finish(&intent, value, recorded.seq);
                if let Some(entry) = self.entries.get_mut(key) {
                    // A check that is adopted has no verdict: it must be judged.
                    entry.tainted = intent.act == Act::Judge;
                }
            }
            _ if value.is_null() => {
                self.entries.remove(key);
                self.remember_gone(&key.address, &version, Value::NULL, recorded.seq);
            }
            Some(_) | None => {
                let generation = self.generations.get(key).copied().unwrap_or(0);
                let entry = self.entries.entry(key.clone());
                let entry = entry.or_insert_with(|| imported(key, value, version, generation));
                entry.value.clone_from(value);
                entry.proof = None;
                entry.status = Status::Done;
                entry.seq = recorded.seq;
            }
        }
    }

    fn forget(&mut self, key: &EntryKey, recorded: &Recorded) -> Folded {
        self.entries.remove(key).ok_or_else(|| IllegalTransition::Unknown { key: key.clone() })?;
        let version = self.version_of(&recorded.run);
        self.remember_gone(&key.address, &version, Value::NULL, recorded.seq);
        Ok(())
    }
}

/// An object that was taken over without an action: its arguments are not known. What is live is of the version that it
/// names, whichever release took it over.
fn imported(key: &EntryKey, value: &Value, of_run: Arc<str>, generation: u64) -> Entry {
    let ty = &key.address.resource.ty;
    let named = value.get("version").as_str().filter(|_| key.version.is_none());
    let version = named.map_or(of_run, Arc::from);
    Entry {
        lifetime: if key.version.is_some() { Lifetime::Record } else { Lifetime::Live },
        provider: ty.split('_').next().unwrap_or_default().to_owned(),
        inputs: Value::NULL,
        value: Value::NULL,
        version,
        dependencies: Vec::new(),
        judged_by: Vec::new(),
        generation,
        seq: 0,
        status: Status::Done,
        tainted: false,
        judgement: None,
        proof: None,
    }
}
