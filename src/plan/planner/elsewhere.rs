//! What is there although this ledger knows nothing of it: told where the ledger is new, and what is live is never
//! replaced unasked.

use relplan_contract::{Lifetime, Observed, Problem, Value, secrets_of};

use super::Planner;
use super::instance::{Instance, Purpose};
use crate::event::{EntryKey, Event, RunMode};
use crate::plan::change::{Caution, CautionKind, version_in};
use crate::plan::setup::covers;
use crate::shell;
use crate::state::versions::is_newer;

/// What is said of such a version, with what to do.
pub(crate) fn told(key: &EntryKey, live: &str) -> String {
    let address = shell::quoted(&key.address.to_string());
    format!(
        "live is {live}, which this ledger knows nothing of. Look where it comes from; to take it over and go on from \
         there, apply with -accept={address}."
    )
}

impl Planner {
    /// Whether it is looked for what is live in the place of an object that the ledger does not have.
    pub(super) fn may_discover(&self, instance: &Instance) -> bool {
        matches!(instance.purpose, Purpose::AsWritten)
            && self.options.mode == RunMode::Apply
            && self.options.refresh
            && !instance.gone
            && match instance.lifetime() {
                Some(Lifetime::Live) => true,
                // Of one version each: that others are there is news to a new ledger alone.
                Some(Lifetime::Record) => self.is_new,
                Some(Lifetime::Check) | None => false,
            }
            && !instance.config.has_unknown()
    }

    pub(super) fn discovered(&mut self, mut instance: Instance, found: Result<Observed, Problem>) {
        let key = instance.key.clone();
        match found {
            Ok(Observed::Same | Observed::Absent) => {}
            Ok(Observed::Present(value)) if instance.lifetime() == Some(Lifetime::Record) => {
                self.met.extend(value.get("name").as_str().map(|name| (key, name.to_owned())));
                return self.plan(instance);
            }
            Ok(Observed::Present(value)) => {
                secrets_of(&value, &mut self.secrets);
                if covers(&self.options.accept, &key.address) {
                    let value = self.sealer.seal_value(&value);
                    let reason = "A person took over what was live.".to_owned();
                    self.precede(Event::Adopted { key, value, reason });
                    self.look_again(&mut instance);
                    return self.plan(instance);
                }
                let (live, wanted) = (version_of(&instance, &value), version_of(&instance, &instance.config));
                match live.zip(wanted) {
                    Some((live, wanted)) if self.state.is_from_elsewhere(&key, &live, &wanted) => {
                        instance.from_elsewhere = Some(live);
                    }
                    Some((live, wanted)) if live == wanted && self.is_new => {
                        self.met.insert(key, live);
                    }
                    _ => {}
                }
            }
            // Of a record, making it will tell.
            Err(problem) if instance.lifetime() == Some(Lifetime::Live) => {
                let text = format!("What is live now cannot be seen: {}", problem.message);
                self.cautions.push(Caution { kind: CautionKind::Drift, key: Some(key), text });
            }
            Err(_) => {}
        }
        self.plan(instance);
    }

    /// Says that the ledger is new although something of this product is there.
    pub(super) fn note_new_ledger(&mut self) {
        const SHOWN: usize = 3;
        if self.met.is_empty() {
            return;
        }
        let named = self.met.iter().take(SHOWN).map(|(key, name)| format!("{name} ({})", key.address));
        let mut there: Vec<String> = named.collect();
        if self.met.len() > SHOWN {
            there.push(format!("{} more", self.met.len() - SHOWN));
        }
        let text = format!(
            "This ledger is new, but there is already {}. If this was released from elsewhere, go on with the ledger there.",
            there.join(", ")
        );
        self.cautions.push(Caution { kind: CautionKind::Drift, key: None, text });
    }

    /// The version in the way of a change: one that was discovered, or a newer one in the place of what the ledger has.
    pub(super) fn in_the_way(&self, instance: &Instance) -> Option<String> {
        if instance.from_elsewhere.is_some() {
            return instance.from_elsewhere.clone();
        }
        let entry = instance.entry.as_ref().filter(|entry| entry.exists() && !entry.tainted)?;
        let applies = self.options.mode == RunMode::Apply && instance.lifetime() == Some(Lifetime::Live);
        if !applies || covers(&self.options.accept, &instance.key.address) {
            return None;
        }
        let live = version_of(instance, instance.observed.as_ref()?)?;
        let wanted = version_of(instance, &instance.config)?;
        // What went back to what the ledger made is no news, nor what it took over.
        let known = [&entry.inputs, &entry.value].map(|of| version_of(instance, of));
        let news = !known.contains(&Some(live.clone())) && is_newer(&live, &wanted);
        (news && self.state.is_from_elsewhere(&instance.key, &live, &wanted)).then_some(live)
    }
}

/// The version that an object or its arguments name.
fn version_of(instance: &Instance, value: &Value) -> Option<String> {
    version_in(value, instance.whom.headline()).map(str::to_owned)
}
