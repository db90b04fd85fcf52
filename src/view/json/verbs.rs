//! What the smaller verbs did, as JSON: `docs/json/done.schema.json`, `formatted.schema.json`, `graph.schema.json`.

use serde_json::{Value as Json, json};

use super::document;
use crate::event::EntryKey;
use crate::view::graph::{Graph, NodeKind};

/// What a verb did to one object, or to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The object; none where the verb is about the whole ledger.
    pub key: Option<EntryKey>,
    /// What was done, as people read it.
    pub text: String,
}

/// What a verb did: `verb` is its name as typed, `state rm`.
#[must_use]
pub fn done(verb: &str, deeds: &[Deed]) -> Json {
    let deeds = deeds.iter().map(|deed| {
        json!({
            "address": deed.key.as_ref().map(|key| key.address.to_string()),
            "version": deed.key.as_ref().and_then(|key| key.version.as_deref()),
            "text": deed.text,
        })
    });
    document("relplan_done", json!({ "verb": verb, "done": deeds.collect::<Vec<_>>() }))
}

/// A file that is not in canonical form, or was not until now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reformatted {
    /// The file as named on the command line.
    pub path: String,
    /// The change as a unified diff, where it was asked for.
    pub diff: Option<String>,
    /// The canonical text, where there is no file to write it to.
    pub text: Option<String>,
}

/// What `fmt` found; `written` tells whether it put the canonical form in place.
#[must_use]
pub fn formatted(files: &[Reformatted], written: bool) -> Json {
    let files = files.iter().map(|file| json!({ "path": file.path, "diff": file.diff, "text": file.text }));
    document("relplan_formatted", json!({ "files": files.collect::<Vec<_>>(), "written": written }))
}

/// A dependency graph: an edge leads from what needs to what is needed, each as an index into the nodes.
#[must_use]
pub fn graph(graph: &Graph) -> Json {
    let nodes = graph.nodes.iter().map(|node| {
        let kind = match node.kind {
            NodeKind::Record => "record",
            NodeKind::Live => "live",
            NodeKind::Check => "check",
            NodeKind::Data => "data",
            NodeKind::Module => "module",
            NodeKind::Provider => "provider",
            NodeKind::Value => "value",
        };
        json!({ "label": node.label, "kind": kind })
    });
    let edges = graph.edges.iter().map(|(from, to)| json!([from, to]));
    document(
        "relplan_graph",
        json!({ "nodes": nodes.collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>() }),
    )
}
