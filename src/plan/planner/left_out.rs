//! Blocks that -target or -exclude leave out: nothing that takes part needs them, so that whatever cannot be found out
//! about them is no matter.

use relplan_contract::Value;

use super::Planner;
use super::whom::Whom;
use crate::addr::{Mode, ModulePath, ResourceName};
use crate::diag::Diagnostics;
use crate::graph::NodeId;
use crate::lang::config::Resource;
use crate::lang::scope::Expansion;

impl Planner {
    pub(super) fn is_left_out(&self, id: NodeId) -> bool {
        self.selection.left_out().contains(&id)
    }

    /// What is wrong with a node; nothing where nobody needs it.
    pub(super) fn unless_left_out(&self, id: NodeId, found: Diagnostics) -> Diagnostics {
        if self.is_left_out(id) { Diagnostics::default() } else { found }
    }

    /// Whether a block is passed over, since its provider cannot be configured and nobody needs it. A type that does
    /// not exist is told all the same.
    pub(super) fn pass_over(&mut self, id: NodeId, name: &ResourceName, resource: &Resource) -> bool {
        let module = self.graph.node(id).module;
        let exists = match name.mode {
            Mode::Data => self.registry.data_source(&name.ty).is_some(),
            Mode::Managed => self.registry.resource(&name.ty).is_some(),
        };
        if !exists || !self.is_left_out(id) || self.can_be_asked(module, resource) {
            return false;
        }
        for instance in self.world.instances(module).to_vec() {
            self.world.values_mut().set_resource(&instance, name, Value::UNKNOWN);
        }
        self.complete(id);
        true
    }

    fn can_be_asked(&self, module: crate::graph::ModuleId, resource: &Resource) -> bool {
        self.providers.is_configured(&self.world, module, &resource.provider.0)
    }

    /// The instances of an expansion; none of one that is not known.
    pub(super) fn instances_of(
        &self,
        id: NodeId,
        expansion: &Expansion,
        module: &ModulePath,
    ) -> Vec<super::instance::Place> {
        if self.is_left_out(id) && *expansion == Expansion::Open {
            return Vec::new();
        }
        let with_module = |(key, bindings)| (module.clone(), key, bindings);
        expansion.instances().into_iter().map(with_module).collect()
    }

    /// Whom to ask, where the block is not passed over.
    pub(super) fn whom_unless_left_out(
        &mut self,
        id: NodeId,
        name: &ResourceName,
        resource: &Resource,
    ) -> Option<Whom> {
        if self.pass_over(id, name, resource) {
            return None;
        }
        let whom = self.whom(id, name, resource);
        if whom.is_none() {
            self.complete(id);
        }
        whom
    }
}
