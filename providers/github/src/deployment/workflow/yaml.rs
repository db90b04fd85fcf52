//! The YAML of a workflow, as far as it must be known: texts, lists and maps. What YAML would make a number or a flag stays the
//! text that it is (`on` among them).

use std::sync::Arc;

use saphyr_parser::{Event, Parser};

/// How deep a workflow may be nested, and how many parts it may have: GitHub's own are far below.
const DEEPEST: usize = 64;
const MOST: usize = 20_000;

/// A part of a workflow. What an alias repeats is shared, so that no file becomes larger than it is.
#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    List(Vec<Arc<Node>>),
    Map(Vec<(String, Arc<Node>)>),
}

impl Node {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Arc<Self>] {
        match self {
            Self::List(items) => items,
            Self::Text(_) | Self::Map(_) => &[],
        }
    }

    /// The members of a map; none of anything else.
    pub(super) fn members(&self) -> &[(String, Arc<Self>)] {
        match self {
            Self::Map(members) => members,
            Self::Text(_) | Self::List(_) => &[],
        }
    }

    /// A member of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(own, _)| own == name).map(|(_, node)| &**node)
    }
}

/// A list or map that is not whole yet.
struct Open {
    anchor: usize,
    parts: Parts,
}

enum Parts {
    List(Vec<Arc<Node>>),
    Map(Vec<(String, Arc<Node>)>, Option<String>),
}

/// Reads the first document of a text; why it cannot be read else.
pub(super) fn read(text: &str) -> Result<Arc<Node>, String> {
    let (mut open, mut anchors): (Vec<Open>, Vec<(usize, Arc<Node>)>) = (Vec::new(), Vec::new());
    for (count, event) in Parser::new_from_str(text.trim_start_matches('\u{feff}')).enumerate() {
        let (event, _) = event.map_err(|error| error.to_string())?;
        if count > MOST {
            return Err(format!("it has more than {MOST} parts"));
        }
        let whole = match event {
            Event::Scalar(text, _, anchor, _) => (anchor, Arc::new(Node::Text(text.into_owned()))),
            Event::Alias(anchor) => {
                let known = anchors.iter().rev().find(|(own, _)| *own == anchor);
                let node = known.map(|(_, node)| Arc::clone(node)).ok_or("an alias is part of itself")?;
                (0, node)
            }
            Event::SequenceStart(anchor, _) => {
                begin(&mut open, anchor, Parts::List(Vec::new()))?;
                continue;
            }
            Event::MappingStart(anchor, _) => {
                begin(&mut open, anchor, Parts::Map(Vec::new(), None))?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { anchor, parts }) = open.pop() else { continue };
                let node = match parts {
                    Parts::List(items) => Node::List(items),
                    Parts::Map(members, _) => Node::Map(members),
                };
                (anchor, Arc::new(node))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamEnd => continue,
        };
        let (anchor, node) = whole;
        if anchor > 0 {
            anchors.push((anchor, Arc::clone(&node)));
        }
        match open.last_mut() {
            None => return Ok(node),
            Some(outer) => add(&mut outer.parts, node)?,
        }
    }
    Err("it is empty".to_owned())
}

fn begin(open: &mut Vec<Open>, anchor: usize, parts: Parts) -> Result<(), String> {
    if open.len() >= DEEPEST {
        return Err(format!("it is nested more than {DEEPEST} deep"));
    }
    open.push(Open { anchor, parts });
    Ok(())
}

fn add(parts: &mut Parts, node: Arc<Node>) -> Result<(), String> {
    match parts {
        Parts::List(items) => items.push(node),
        Parts::Map(members, name) => match name.take() {
            None => *name = Some(node.text().ok_or("the name of a member is no text")?.to_owned()),
            Some(name) if members.iter().any(|(own, _)| *own == name) => {
                return Err(format!("{name:?} is there twice"));
            }
            Some(name) => members.push((name, node)),
        },
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_are_read_in_every_way_in_which_they_are_written() {
        for text in [
            "run-name: Deploy ${{ inputs.k }}\non:\n  workflow_dispatch:\n    inputs:\n      k: {required: true}\n",
            "\u{feff}\"run-name\": >-\n  Deploy\n  ${{ inputs.k }}\n\"on\": {workflow_dispatch: {inputs: {k: {required: true}}}}\n",
            "x-k: &k\n  required: true\non:\n  workflow_dispatch:\n    inputs:\n      k: *k\nrun-name: 'Deploy ${{ inputs.k }}'\n",
            "# a comment\n---\nrun-name: \"Deploy \\\n  ${{ inputs.k }}\" # and another\non:\n  workflow_dispatch: {\"inputs\": {\"k\": {\"required\": true}}}\n...\n",
        ] {
            let read = read(text).unwrap_or_else(|why| panic!("{why}: {text}"));
            assert_eq!(read.get("run-name").and_then(Node::text), Some("Deploy ${{ inputs.k }}"), "{text}");
            let trigger =
                read.get("on").and_then(|on| on.get("workflow_dispatch")).and_then(|one| one.get("inputs"));
            let required = trigger.and_then(|inputs| inputs.get("k")).and_then(|k| k.get("required"));
            assert_eq!(required.and_then(Node::text), Some("true"), "{text}");
        }
    }

    #[test]
    fn what_is_no_workflow_is_refused_with_the_reason() {
        let deep = "[".repeat(100);
        // Each line is ten times the one before: shared, it is small.
        let mut bomb = "a0: &a0 [x]\n".to_owned();
        for level in 1..30 {
            let before = level - 1;
            let items = vec![format!("*a{before}"); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        for (text, expected) in [
            ("", "empty"),
            ("a: [", ""),
            (&*deep, "nested"),
            ("a: &a [*a]", "part of itself"),
            ("a: 1\na: 2", "twice"),
            ("? [a]\n: b", "no text"),
            ("a: b: c", ""),
        ] {
            let why = read(text).expect_err(text);
            assert!(why.contains(expected), "{why}");
        }
        assert_eq!(read(&bomb).expect("small").members().len(), 30);
    }
}
