//! The end of planning: everything put together, with the outputs and cautions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{Lifetime, Value};

use super::{Failure, Planned, Planner};
use crate::addr::{Address, ModulePath};
use crate::event::RunMode;
use crate::plan::change::{Caution, CautionKind, OutputChange, Standing};
use crate::plan::{Action, Basis, Plan};

impl Planner {
    /// The plan, when every question is answered.
    pub fn finish(mut self) -> Result<Planned, Failure> {
        if self.found.has_errors() {
            return Err(Failure { found: self.found, uncertain: self.uncertain, secrets: self.secrets });
        }
        self.found.extend(self.world.check_blocks());
        let (mut changes, groups) =
            if self.way_back.is_some() { self.way_back_groups() } else { self.ordered() };
        self.name_checks(&mut changes);
        if !self.options.targets.is_empty() || !self.options.excludes.is_empty() {
            let text = "Only a part of the release is planned, because of -target or -exclude.".to_owned();
            self.cautions.push(Caution { kind: CautionKind::Partial, key: None, text });
        }
        if !self.options.ask {
            let text = "Nobody was asked, because of -no-exec: commits, drift, gates and what became of lost actions \
                        are not looked at. What is done may be more, or less."
                .to_owned();
            self.cautions.push(Caution { kind: CautionKind::Partial, key: None, text });
        }
        self.cautions.sort();
        self.drift.sort_by(|a, b| a.key.cmp(&b.key));
        let outputs = self.outputs();
        let variables = self.world.values().variables(&ModulePath::default());
        let basis = Basis {
            config: self.way_back.is_none().then(|| self.world.config().digest),
            state: self.begun_from,
            lineage: self.state.lineage.clone(),
            variables: variables
                .iter()
                .map(|(name, value)| (Arc::clone(name), self.sealer.seal_value(value)))
                .collect(),
            providers: self.providers.versions(),
        };
        let plan = Plan {
            product: Arc::clone(&self.world.config().product),
            version: self.version,
            mode: self.options.mode,
            basis,
            changes,
            groups,
            moves: self.moves,
            unchanged: self.unchanged,
            drift: self.drift,
            outputs,
            cautions: self.cautions,
            standing: self.standing.into_iter().map(|(key, summary)| Standing { key, summary }).collect(),
        };
        Ok(Planned {
            plan,
            world: self.world,
            state: self.state,
            prelude: self.prelude,
            actors: self.actors,
            providers: self.providers,
            secrets: self.secrets,
            warnings: self.found,
        })
    }

    /// Notes for each live resource which checks of the file judge it.
    fn name_checks(&self, changes: &mut [crate::plan::Change]) {
        let mut by_block: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
        for (id, check) in &self.checks {
            for block in self.judged_blocks(*id, &check.module) {
                by_block.entry(block).or_default().push(check.clone());
            }
        }
        let makes = |action| matches!(action, Action::Create | Action::Update | Action::Replace { .. });
        for change in changes {
            if change.lifetime == Some(Lifetime::Live) && makes(change.action) {
                let block = change.key.address.block();
                let checks = by_block.get(&block).into_iter().flatten().cloned();
                change.judged_by.extend(checks);
                change.judged_by.sort();
            }
        }
    }

    fn outputs(&self) -> Vec<OutputChange> {
        let whole = self.options.targets.is_empty() && self.options.excludes.is_empty();
        let now = match self.options.mode {
            RunMode::Destroy if whole => BTreeMap::new(),
            RunMode::Destroy | RunMode::Refresh | RunMode::Rollback => return Vec::new(),
            RunMode::Apply | RunMode::State => self.world.outputs_over(&self.state.outputs),
        };
        let names: BTreeSet<&Arc<str>> = now.keys().chain(self.state.outputs.keys()).collect();
        let of = |name: &Arc<str>| OutputChange {
            name: Arc::clone(name),
            before: self.state.outputs.get(name).map_or(Value::NULL, |before| self.sealer.comparable(before)),
            after: now.get(name).cloned().unwrap_or(Value::NULL),
        };
        names
            .into_iter()
            .map(of)
            .filter(|change| self.sealer.seal_value(&change.after) != change.before)
            .collect()
    }
}
