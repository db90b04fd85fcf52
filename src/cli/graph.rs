//! `relplan graph`.

use std::collections::BTreeMap;

use relplan_contract::Lifetime;

use super::args::{GraphArgs, GraphFormat};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::load;
use crate::addr::Mode;
use crate::graph::Item;
use crate::view::graph::{Graph, Node, NodeKind, dot, mermaid};
use crate::view::json;

pub(super) fn run(context: &mut Context, args: &GraphArgs) -> Result<Exit, Failure> {
    let loaded = load::load(context, &args.release)?;
    let mut drawn = Graph::default();
    let mut index = BTreeMap::new();
    for id in loaded.graph.order() {
        let kind = match &loaded.graph.node(*id).item {
            Item::Variable(_) | Item::Local(_) | Item::Output(_) | Item::Check(_) => NodeKind::Value,
            Item::Provider(_) => NodeKind::Provider,
            Item::Call(_) => NodeKind::Module,
            Item::Resource(name) if name.mode == Mode::Data => NodeKind::Data,
            Item::Resource(name) => match context.registry.resource(&name.ty).map(|schema| schema.lifetime) {
                Some(Lifetime::Record) | None => NodeKind::Record,
                Some(Lifetime::Live) => NodeKind::Live,
                Some(Lifetime::Check) => NodeKind::Check,
            },
        };
        index.insert(*id, drawn.nodes.len());
        drawn.nodes.push(Node { label: loaded.graph.label(*id), kind });
    }
    for id in loaded.graph.order() {
        for dependency in loaded.graph.dependencies(*id) {
            drawn.edges.extend(index.get(id).copied().zip(index.get(&dependency).copied()));
        }
    }
    context.print(&match args.format {
        _ if context.json => json::to_line(&json::graph(&drawn)),
        GraphFormat::Dot => dot(&drawn),
        GraphFormat::Mermaid => mermaid(&drawn),
    });
    Ok(Exit::Done)
}
