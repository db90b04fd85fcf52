//! From a configuration to nodes and edges.

use std::sync::Arc;

use petgraph::graph::NodeIndex;

use super::{Edge, Graph, Item, ModuleId, ModuleNode};
use crate::lang::ast::Expr;
use crate::lang::config::{
    Body, Condition, Config, Module, ModuleCall, ProviderName, Reference, Repetition, Resource, Subject,
};
use crate::lang::refs::references;
use crate::source::Span;

/// The tree of modules, flattened: callers before the called.
pub(super) fn modules(config: &Config) -> Vec<ModuleNode> {
    let mut all = vec![ModuleNode { path: Vec::new(), module: Arc::clone(&config.root), caller: None }];
    let mut next = 0;
    while let Some(caller) = all.get(next).cloned() {
        for (name, call) in &caller.module.calls {
            let path = caller.path.iter().chain([name]).cloned().collect();
            let caller = Some((ModuleId(next), Arc::clone(name)));
            all.push(ModuleNode { path, module: Arc::clone(&call.module), caller });
        }
        next += 1;
    }
    all
}

pub(super) fn nodes(graph: &mut Graph) {
    for (index, node) in graph.modules.clone().iter().enumerate() {
        let (id, module) = (ModuleId(index), &node.module);
        for (name, variable) in &module.variables {
            graph.add(id, Item::Variable(Arc::clone(name)), variable.span);
        }
        for (name, local) in &module.locals {
            graph.add(id, Item::Local(Arc::clone(name)), local.name_span);
        }
        for (name, provider) in &module.providers {
            graph.add(id, Item::Provider(name.clone()), provider.span);
        }
        for (name, call) in &module.calls {
            graph.add(id, Item::Call(Arc::clone(name)), call.span);
        }
        for (name, resource) in &module.resources {
            graph.add(id, Item::Resource(name.clone()), resource.span);
        }
        for (name, output) in &module.outputs {
            graph.add(id, Item::Output(Arc::clone(name)), output.span);
        }
        for (name, check) in &module.checks {
            graph.add(id, Item::Check(Arc::clone(name)), check.span);
        }
    }
}

pub(super) fn edges(graph: &mut Graph) {
    // (caller, call) to the called module: found once, since every reference to a module asks for it.
    let called = graph.modules.iter().enumerate().filter_map(|(id, module)| {
        module.caller.as_ref().map(|(caller, name)| ((*caller, Arc::clone(name)), ModuleId(id)))
    });
    let called = called.collect();
    let nodes: Vec<(NodeIndex, ModuleId, Item)> = graph
        .edges
        .node_indices()
        .filter_map(|index| {
            graph.edges.node_weight(index).map(|node| (index, node.module, node.item.clone()))
        })
        .collect();
    let mut edges = Edges { graph, called };
    for (from, module, item) in nodes {
        edges.of_node(from, module, &item);
    }
}

struct Edges<'g> {
    graph: &'g mut Graph,
    called: std::collections::BTreeMap<(ModuleId, Arc<str>), ModuleId>,
}

impl Edges<'_> {
    fn of_node(&mut self, from: NodeIndex, id: ModuleId, item: &Item) {
        let content = Arc::clone(&self.graph.module(id).module);
        // Which instances a module has must be known before anything in it.
        let caller = self.graph.module(id).caller.clone();
        if let Some((caller, name)) = &caller {
            let place = self.graph.call(id).map_or_else(|| span_of(self.graph, from), |(_, call)| call.span);
            self.graph.depend(from, &(*caller, Item::Call(Arc::clone(name))), Edge { place, orders: true });
        }
        match item {
            Item::Variable(name) => self.variable(from, id, name, caller.as_ref(), &content),
            Item::Local(name) => {
                if let Some(local) = content.locals.get(name) {
                    self.expr(from, id, &local.expr);
                }
            }
            Item::Provider(name) => {
                if let Some(provider) = content.providers.get(name) {
                    self.body(from, id, &provider.body);
                }
            }
            Item::Call(name) => {
                if let Some(call) = content.calls.get(name) {
                    self.call(from, id, call);
                }
            }
            Item::Resource(name) => {
                if let Some(resource) = content.resources.get(name) {
                    self.resource(from, id, resource);
                }
            }
            Item::Output(name) => {
                if let Some(output) = content.outputs.get(name) {
                    self.expr(from, id, &output.value);
                    self.comes_after(from, id, &output.depends_on);
                    self.conditions(from, id, &output.preconditions);
                }
            }
            Item::Check(name) => {
                if let Some(check) = content.checks.get(name) {
                    self.conditions(from, id, &check.assertions);
                }
            }
        }
    }

    fn variable(
        &mut self,
        from: NodeIndex,
        id: ModuleId,
        name: &Arc<str>,
        caller: Option<&(ModuleId, Arc<str>)>,
        content: &Module,
    ) {
        if let Some((caller, call)) = caller {
            let calls = Arc::clone(&self.graph.module(*caller).module);
            if let Some(input) = calls.calls.get(call).and_then(|call| call.inputs.get(name)) {
                self.expr(from, *caller, &input.expr);
            }
        }
        let validations = content.variables.get(name).map(|variable| variable.validations.as_slice());
        for reference in validations.unwrap_or_default().iter().flat_map(condition_references) {
            // A variable's own validation refers to it without depending on it.
            if reference.subject != Subject::Variable(Arc::clone(name)) {
                self.reference(from, id, &reference, false);
            }
        }
    }

    fn call(&mut self, from: NodeIndex, id: ModuleId, call: &ModuleCall) {
        self.repetition(from, id, call.repetition.as_ref());
        self.comes_after(from, id, &call.depends_on);
        for (provider, place) in call.providers.values() {
            let edge = Edge { place: *place, orders: true };
            self.graph.depend(from, &(id, Item::Provider(provider.clone())), edge);
        }
    }

    fn resource(&mut self, from: NodeIndex, id: ModuleId, resource: &Resource) {
        self.body(from, id, &resource.body);
        self.repetition(from, id, resource.repetition.as_ref());
        let (named, modules): (Vec<_>, Vec<_>) =
            resource.depends_on.iter().cloned().partition(|one| matches!(one.subject, Subject::Resource(_)));
        self.references(from, id, &named);
        self.comes_after(from, id, &modules);
        for trigger in &resource.lifecycle.replace_triggered_by {
            self.comes_after(from, id, std::slice::from_ref(&trigger.reference));
            trigger.key.iter().for_each(|key| self.expr(from, id, key));
        }
        self.conditions(from, id, &resource.lifecycle.preconditions);
        self.conditions(from, id, &resource.lifecycle.postconditions);
        for (timeout, _) in resource.timeouts.values() {
            self.expr(from, id, timeout);
        }
        if let Some((module, provider)) = provider_of(self.graph, id, &resource.provider.0) {
            let place = resource.provider.1.unwrap_or(resource.type_span);
            self.graph.depend(from, &(module, Item::Provider(provider)), Edge { place, orders: true });
        }
    }

    fn body(&mut self, from: NodeIndex, id: ModuleId, body: &Body) {
        for attribute in body.attributes.values() {
            self.expr(from, id, &attribute.expr);
        }
        for block in &body.blocks {
            self.body(from, id, &block.body);
        }
    }

    fn repetition(&mut self, from: NodeIndex, id: ModuleId, repetition: Option<&Repetition>) {
        if let Some(Repetition::Count(expr) | Repetition::ForEach(expr)) = repetition {
            self.expr(from, id, expr);
        }
    }

    fn conditions(&mut self, from: NodeIndex, id: ModuleId, conditions: &[Condition]) {
        let all: Vec<Reference> = conditions.iter().flat_map(condition_references).collect();
        self.references(from, id, &all);
    }

    fn expr(&mut self, from: NodeIndex, id: ModuleId, expr: &Expr) {
        let all = references(expr);
        self.references(from, id, &all);
    }

    fn references(&mut self, from: NodeIndex, id: ModuleId, all: &[Reference]) {
        for reference in all {
            self.reference(from, id, reference, false);
        }
    }

    /// References that only say what comes first.
    fn comes_after(&mut self, from: NodeIndex, id: ModuleId, all: &[Reference]) {
        for reference in all {
            self.reference(from, id, reference, true);
        }
    }

    fn reference(&mut self, from: NodeIndex, id: ModuleId, reference: &Reference, orders: bool) {
        let edge = Edge { place: reference.span, orders };
        let item = match &reference.subject {
            Subject::Variable(name) => Item::Variable(Arc::clone(name)),
            Subject::Local(name) => Item::Local(Arc::clone(name)),
            Subject::Resource(name) => Item::Resource(name.clone()),
            Subject::Module(call, output) => {
                return self.output(from, id, call, output.as_ref(), edge);
            }
            Subject::Each | Subject::Count | Subject::Itself | Subject::Release | Subject::Path => return,
        };
        self.graph.depend(from, &(id, item), edge);
    }

    /// A reference to a module's output, or to all of them. All of it counts where nothing is named, so that
    /// `depends_on = [module.app]` waits for every resource inside.
    fn output(
        &mut self,
        from: NodeIndex,
        id: ModuleId,
        call: &Arc<str>,
        output: Option<&Arc<str>>,
        edge: Edge,
    ) {
        let after = Edge { orders: true, ..edge };
        self.graph.depend(from, &(id, Item::Call(Arc::clone(call))), after);
        let Some(called) = self.called.get(&(id, Arc::clone(call))).copied() else { return };
        if let Some(name) = output {
            self.graph.depend(from, &(called, Item::Output(Arc::clone(name))), edge);
            return;
        }
        let content = Arc::clone(&self.graph.module(called).module);
        for name in content.outputs.keys() {
            self.graph.depend(from, &(called, Item::Output(Arc::clone(name))), edge);
        }
        for name in content.resources.keys() {
            self.graph.depend(from, &(called, Item::Resource(name.clone())), after);
        }
        for inner in content.calls.keys() {
            self.output(from, called, inner, None, after);
        }
    }
}

/// The `provider` block that a resource of a module uses: handed down by `providers`, or else its caller's.
pub(super) fn provider_of(
    graph: &Graph,
    id: ModuleId,
    name: &ProviderName,
) -> Option<(ModuleId, ProviderName)> {
    let (mut id, mut name) = (id, name.clone());
    loop {
        if graph.module(id).module.providers.contains_key(&name) {
            return Some((id, name));
        }
        let (caller, call) = graph.call(id)?;
        if let Some((given, _)) = call.providers.get(&name) {
            name = given.clone();
        } else if name.alias.is_some() {
            return None;
        }
        id = caller;
    }
}

fn condition_references(condition: &Condition) -> impl Iterator<Item = Reference> {
    references(&condition.condition).into_iter().chain(references(&condition.message))
}

fn span_of(graph: &Graph, index: NodeIndex) -> Span {
    graph.edges.node_weight(index).map_or(Span::start_of(crate::source::FileId(0)), |node| node.span)
}
