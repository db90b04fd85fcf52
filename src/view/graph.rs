//! A dependency graph as text for drawing programs: DOT for Graphviz, and Mermaid for Markdown.

use super::escape;

/// What a node stands for, which decides its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A record.
    Record,
    /// A live resource.
    Live,
    /// A check.
    Check,
    /// A data source.
    Data,
    /// A module call.
    Module,
    /// A provider configuration.
    Provider,
    /// A variable, local value or output.
    Value,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What stands in it: an address.
    pub label: String,
    /// What it stands for.
    pub kind: NodeKind,
}

/// A graph to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Pairs of indexes into `nodes`: the first needs the second. An edge to nowhere is left out.
    pub edges: Vec<(usize, usize)>,
}

impl Graph {
    fn known_edges(&self) -> impl Iterator<Item = (usize, usize)> {
        let known = |node: usize| node < self.nodes.len();
        self.edges.iter().copied().filter(move |(from, to)| known(*from) && known(*to))
    }
}

/// The graph in Graphviz's language. As in Terraform, an arrow leads from what needs to what is needed.
#[must_use]
pub fn dot(graph: &Graph) -> String {
    let mut out = "digraph {\n  rankdir = \"RL\"\n  node [fontname = \"sans-serif\"]\n".to_owned();
    for (index, node) in graph.nodes.iter().enumerate() {
        let shape = match node.kind {
            NodeKind::Record => "note",
            NodeKind::Live => "box",
            NodeKind::Check => "diamond",
            NodeKind::Data => "cylinder",
            NodeKind::Module => "folder",
            NodeKind::Provider => "component",
            NodeKind::Value => "plaintext",
        };
        out.push_str(&format!("  n{index} [label = \"{}\", shape = {shape}]\n", dot_label(&node.label)));
    }
    for (from, to) in graph.known_edges() {
        out.push_str(&format!("  n{from} -> n{to}\n"));
    }
    out + "}\n"
}

/// Inside the quotes of DOT. A backslash would begin an escape (`\N` is the node's name), so it is doubled.
fn dot_label(label: &str) -> String {
    escape::line(label).replace('\\', "\\\\").replace('"', "\\\"")
}

/// The graph in Mermaid's language. An arrow leads from what is needed to what needs it: the way of the run.
#[must_use]
pub fn mermaid(graph: &Graph) -> String {
    let mut out = "flowchart LR\n".to_owned();
    for (index, node) in graph.nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            NodeKind::Record => ("[", "]"),
            NodeKind::Live => ("[[", "]]"),
            NodeKind::Check => ("{", "}"),
            NodeKind::Data => ("[(", ")]"),
            NodeKind::Module => ("[/", "/]"),
            NodeKind::Provider => ("([", "])"),
            NodeKind::Value => ("(", ")"),
        };
        out.push_str(&format!("  n{index}{open}\"{}\"{close}\n", mermaid_label(&node.label)));
    }
    for (from, to) in graph.known_edges() {
        out.push_str(&format!("  n{to} --> n{from}\n"));
    }
    out
}

/// Inside the quotes of Mermaid, which reads Markdown and HTML there: what has a meaning in either becomes a number.
fn mermaid_label(label: &str) -> String {
    let mut out = String::with_capacity(label.len());
    for c in escape::line(label).chars() {
        if c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ' | ',' | ':') {
            out.push(c);
        } else {
            out.push_str(&format!("#{};", c as u32));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::needless_raw_string_hashes, reason = "snapshots are written by snapbox")]

    use snapbox::{IntoData, assert_data_eq, str};

    use super::*;

    fn graph() -> Graph {
        let node = |label: &str, kind| Node { label: label.into(), kind };
        Graph {
            nodes: vec![
                node("git_tag.app", NodeKind::Record),
                node("exec_deployment.app[\"<b>\\N\u{202e}\n\"]", NodeKind::Live),
                node("http_smoke_test.app", NodeKind::Check),
            ],
            edges: vec![(1, 0), (2, 1), (7, 0)],
        }
    }

    #[test]
    fn dot_is_quoted() {
        assert_data_eq!(
            dot(&graph()),
            str![[r#"
digraph {
  rankdir = "RL"
  node [fontname = "sans-serif"]
  n0 [label = "git_tag.app", shape = note]
  n1 [label = "exec_deployment.app[\"<b>\\N\\u202e\\n\"]", shape = box]
  n2 [label = "http_smoke_test.app", shape = diamond]
  n1 -> n0
  n2 -> n1
}

"#]]
            .raw()
        );
    }

    #[test]
    fn mermaid_is_quoted() {
        assert_data_eq!(
            mermaid(&graph()),
            str![[r#"
flowchart LR
  n0["git_tag.app"]
  n1[["exec_deployment.app#91;#34;#60;b#62;#92;N#92;u202e#92;n#34;#93;"]]
  n2{"http_smoke_test.app"}
  n0 --> n1
  n1 --> n2

"#]]
            .raw()
        );
    }
}
