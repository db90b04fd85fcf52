//! Which servers get credentials of the environment for the first time.

use std::collections::BTreeSet;

use relplan_contract::{Sends, Value};

use super::Planner;
use super::instance::Instance;
use crate::canonical::Digest;
use crate::plan::change::{Caution, CautionKind};
use crate::state::State;

impl Planner {
    /// Whoever changes a release file may have the environment's credentials sent to a server that was not meant: a reviewer
    /// sees each that no earlier run used. A server that the file does not name is the operator's own word.
    pub(super) fn new_servers(&mut self, instance: &Instance, sends: &[Sends]) {
        let sealed = self.sealer.seal_value(&instance.config);
        for Sends { server, what, named_by } in sends {
            let by_file = named_by.iter().any(|name| !sealed.get(name).is_null());
            if by_file && !self.used_servers(named_by).contains(&named(&sealed, named_by)) {
                let text =
                    format!("It sends {what} of the environment to {server}, which no earlier run used.");
                let key = Some(instance.key.clone());
                self.cautions.push(Caution { kind: CautionKind::NewServer, key, text });
            }
        }
    }

    /// What these arguments were in all that the ledger has. Looked for once.
    fn used_servers(&mut self, named_by: &[String]) -> &BTreeSet<Digest> {
        let entries = &self.state.entries;
        self.used_servers.entry(named_by.to_vec()).or_insert_with(|| {
            let there = entries.values().filter(|entry| entry.exists());
            there.map(|entry| named(&entry.inputs, named_by)).collect()
        })
    }
}

/// The digest of the arguments of these names, of which what is sensitive is sealed.
fn named(inputs: &Value, names: &[String]) -> Digest {
    State::value_digest(&Value::list(names.iter().map(|name| inputs.get(name).clone()).collect::<Vec<_>>()))
}
