//! Whether what a person names on the command line is there: in the files, or in the state alone. What names nothing
//! would be passed over without a word, and they would believe it done.

use super::Planner;
use crate::addr::{Address, Key, ModulePath, Target};
use crate::diag::Diagnostic;
use crate::graph::{Item, NodeId};
use crate::lang::scope::Expansion;
use crate::plan::asked::near;
use crate::plan::select::{leads, names};

impl Planner {
    /// Before anything is planned: blocks and modules.
    pub(super) fn check_asked_blocks(&mut self) {
        let missing = self.asked(|target| !self.has_block(target));
        if !missing.is_empty() {
            self.walk.ready.clear();
            self.refuse_asked(missing);
        }
    }

    /// When it is known which instances there are: those. What is left out has none that are known.
    pub(super) fn check_asked_instances(&mut self) {
        let has_key =
            |target: &Target| target.key.is_some() || target.module.0.iter().any(|step| step.key.is_some());
        let missing =
            self.asked(|target| has_key(target) && self.has_block(target) && !self.has_instance(target));
        self.refuse_asked(missing);
    }

    /// What the command line names, and neither the files nor the state have.
    fn asked(&self, is_missing: impl Fn(&Target) -> bool) -> Vec<(&'static str, Target)> {
        let options = &self.options;
        let flags = [
            ("-target", &options.targets),
            ("-exclude", &options.excludes),
            ("-replace", &options.replace),
            ("-retry", &options.retry),
            ("-accept", &options.accept),
        ];
        let all =
            flags.into_iter().flat_map(|(flag, targets)| targets.iter().map(move |target| (flag, target)));
        let missing = all.filter(|(_, target)| is_missing(target) && !self.is_in_state(target));
        missing.map(|(flag, target)| (flag, target.clone())).collect()
    }

    fn is_in_state(&self, target: &Target) -> bool {
        // What a `moved` block moves may go by the name that it had.
        let moved = self.moves.iter().any(|moved| target.covers(&moved.from));
        moved || self.state.entries.keys().any(|key| target.covers(&key.address))
    }

    fn has_block(&self, target: &Target) -> bool {
        let is_module = target.resource.is_none()
            && self.graph.modules().iter().any(|module| leads(target, &module.path));
        is_module || self.graph.order().iter().any(|id| names(&self.graph, *id, target))
    }

    fn has_instance(&self, target: &Target) -> bool {
        let mut nodes = self.graph.order().iter().copied();
        match &target.resource {
            Some(_) => nodes.any(|id| names(&self.graph, id, target) && self.block_has(id, target)),
            // A module is one even when there is nothing in it.
            None => nodes.any(|id| {
                let node = self.graph.node(id);
                let Item::Call(name) = &node.item else { return false };
                let path: Vec<_> =
                    self.graph.module(node.module).path.iter().chain([name]).cloned().collect();
                path.len() == target.module.0.len() && leads(target, &path) && self.call_has(id, target)
            }),
        }
    }

    fn block_has(&self, id: NodeId, target: &Target) -> bool {
        let Item::Resource(name) = &self.graph.node(id).item else { return false };
        let instances = self.world.instances(self.graph.node(id).module);
        // In a module that is left out, and of which it is not known how many there are.
        if instances.is_empty() && self.is_left_out(id) {
            return true;
        }
        instances.iter().any(|module| {
            let expansion = self.world.expansion(id, module);
            let keys = expansion.map_or_else(Vec::new, keys_of);
            let address = |key| Address { module: module.clone(), resource: name.clone(), key };
            expansion.is_none_or(|expansion| *expansion == Expansion::Open)
                || keys.into_iter().any(|key| target.covers(&address(key)))
        })
    }

    fn call_has(&self, id: NodeId, target: &Target) -> bool {
        let node = self.graph.node(id);
        let Item::Call(name) = &node.item else { return false };
        if self.world.instances(node.module).is_empty() && self.is_left_out(id) {
            return true;
        }
        let Some(called) = self.graph.called(node.module, name) else { return false };
        let is_meant = |instance: &ModulePath| {
            instance
                .0
                .iter()
                .zip(target.module.0.iter())
                .all(|(step, wanted)| wanted.key.is_none() || wanted.key == step.key)
        };
        let open = self.world.instances(node.module).iter().any(|instance| {
            self.world.values().call(instance, name).is_none_or(|expansion| *expansion == Expansion::Open)
        });
        open || self.world.instances(called).iter().any(is_meant)
    }

    fn refuse_asked(&mut self, missing: Vec<(&'static str, Target)>) {
        if missing.is_empty() {
            return;
        }
        let known = self.known_addresses();
        for (flag, target) in missing {
            let detail = format!(
                "{flag} names {target}, and there is nothing of that name in the files or in the state."
            );
            let help = near(&target.to_string(), &known).map_or_else(
                || {
                    format!(
                        "Write it as the plan does, such as {}; in a shell it needs quotes.",
                        "`git_tag.app`, `git_tag.app[\"eu\"]` or `module.shop`"
                    )
                },
                |near| format!("Did you mean {near}?"),
            );
            self.found.push(Diagnostic::error("Nothing of that name", detail).help(help));
        }
    }

    /// Every instance of the files as far as they are known, else its block; and every object of the state.
    fn known_addresses(&self) -> Vec<Address> {
        let mut known: Vec<Address> = self.state.entries.keys().map(|key| key.address.clone()).collect();
        for id in self.graph.order() {
            let node = self.graph.node(*id);
            let Item::Resource(name) = &node.item else { continue };
            let of =
                |module: &ModulePath, key| Address { module: module.clone(), resource: name.clone(), key };
            let instances = self.world.instances(node.module);
            if instances.is_empty() {
                let names = self.graph.module(node.module).path.iter();
                let path = names.fold(ModulePath::default(), |path, name| path.child(name, None));
                known.push(of(&path, None));
            }
            for module in instances {
                let keys = self.world.expansion(*id, module).map_or_else(|| vec![None], keys_of);
                known.extend(keys.into_iter().map(|key| of(module, key)));
            }
        }
        known
    }
}

/// The key of each instance.
fn keys_of(expansion: &Expansion) -> Vec<Option<Key>> {
    expansion.instances().into_iter().map(|(key, _)| key).collect()
}
