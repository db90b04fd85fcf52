//! What a data source waits for: it is read while planning unless its own `depends_on`, or that of a module around it,
//! leads to something that this plan changes. Then what it would read is not there yet.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Planner;
use crate::addr::Mode;
use crate::graph::{Graph, Item, ModuleId, NodeId};
use crate::lang::config::{Reference, Resource, Subject};

/// Which blocks are changed or come after such as are, noted as the walk goes: so that nobody looks back.
#[derive(Default)]
pub(super) struct Waits {
    /// Blocks with a change, and all that depends on them.
    nodes: BTreeSet<NodeId>,
    /// Modules with such blocks in them, or in modules of theirs.
    modules: BTreeSet<ModuleId>,
}

impl Waits {
    fn add(&mut self, graph: &Graph, id: NodeId) {
        self.nodes.insert(id);
        let mut module = graph.node(id).module;
        while self.modules.insert(module) {
            let Some((caller, _)) = graph.call(module) else { break };
            module = caller;
        }
    }
}

impl Planner {
    /// A node is done: whether what waits for it must wait until the run.
    pub(super) fn note_wait(&mut self, id: NodeId) {
        let own = self.changes.get(&id).into_iter().flatten();
        let is_managed =
            matches!(&self.graph.node(id).item, Item::Resource(name) if name.mode == Mode::Managed);
        let changes = is_managed && own.clone().any(crate::plan::Change::is_expected);
        let dependencies = self.graph.dependencies(id);
        if changes || dependencies.iter().any(|dependency| self.waits.nodes.contains(dependency)) {
            self.waits.add(&self.graph, id);
        }
    }

    /// Whether a data source can only be read during the run.
    pub(super) fn waits_for_changes(&self, id: NodeId, resource: &Resource) -> bool {
        let mut module = self.graph.node(id).module;
        if self.any_waits(module, &resource.depends_on) {
            return true;
        }
        while let Some((caller, call)) = self.graph.call(module) {
            if self.any_waits(caller, &call.depends_on) {
                return true;
            }
            module = caller;
        }
        false
    }

    fn any_waits(&self, module: ModuleId, references: &[Reference]) -> bool {
        let node = |id: ModuleId, item: Item| {
            self.graph.find(id, &item).is_some_and(|id| self.waits.nodes.contains(&id))
        };
        references.iter().any(|reference| match &reference.subject {
            Subject::Variable(name) => node(module, Item::Variable(Arc::clone(name))),
            Subject::Local(name) => node(module, Item::Local(Arc::clone(name))),
            Subject::Resource(name) => node(module, Item::Resource(name.clone())),
            Subject::Module(call, output) => {
                node(module, Item::Call(Arc::clone(call)))
                    || self.graph.called(module, call).is_some_and(|called| match output {
                        Some(output) => node(called, Item::Output(Arc::clone(output))),
                        None => self.waits.modules.contains(&called),
                    })
            }
            Subject::Each | Subject::Count | Subject::Itself | Subject::Release | Subject::Path => false,
        })
    }
}
