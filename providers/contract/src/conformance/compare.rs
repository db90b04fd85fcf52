//! Comparing objects: with their schema, and what was planned with what came of it.

use std::collections::BTreeSet;

use crate::path::Path;
use crate::schema::{Attribute, Presence};
use crate::value::{Kind, Value};

/// Why an object is not one that may stand in the state; empty when it is.
pub(super) fn misfits(attributes: &[Attribute], object: &Value) -> Vec<String> {
    let Some(map) = object.as_map() else {
        return vec![format!("An object is required, but this is {}.", object.kind_name())];
    };
    let mut wrong = Vec::new();
    let known: BTreeSet<&str> = attributes.iter().map(|attribute| attribute.name).collect();
    for name in map.keys().filter(|name| !known.contains(&***name)) {
        wrong.push(format!("The attribute {name:?} is not in the schema."));
    }
    for attribute in attributes {
        match map.get(attribute.name) {
            None => wrong.push(format!("The attribute {:?} is left out; give null.", attribute.name)),
            Some(value) if value.is_null() && attribute.presence == Presence::Required => {
                wrong.push(format!("The required attribute {:?} is null.", attribute.name));
            }
            Some(value) => match attribute.ty().convert(value) {
                Err(misfit) => {
                    wrong.push(format!("The attribute {:?} does not fit: {misfit}.", attribute.name));
                }
                Ok(fitted) if fitted != *value => wrong.push(format!(
                    "The attribute {:?} must be converted to {} first.",
                    attribute.name,
                    attribute.ty()
                )),
                Ok(_) => {}
            },
        }
    }
    wrong
}

/// The parts that are known only after apply, as text.
pub(super) fn unknown_parts(object: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    object.leaves(&mut |path, part| {
        if part.has_unknown() {
            unknown.push(path.to_string());
        }
    });
    unknown
}

/// Where `applied` breaks the promise of `planned`: each known part must come out as it was shown, and what was
/// marked must stay marked.
pub(super) fn broken_promises(planned: &Value, applied: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    compare(planned, applied, &Path::default(), false, &mut broken);
    broken
}

fn compare(planned: &Value, applied: &Value, at: &Path, marked: bool, broken: &mut Vec<String>) {
    let marked = marked || applied.is_sensitive();
    if planned.is_sensitive() && !marked && !applied.is_null() {
        broken.push(format!("{at} was planned as sensitive and came out without the mark."));
    }
    match (planned.kind(), applied.kind()) {
        (Kind::Unknown, _) => {}
        (Kind::Map(before), Kind::Map(after)) => {
            for (name, value) in before.iter() {
                compare(value, after.get(name).unwrap_or(&Value::NULL), &at.key(name), marked, broken);
            }
        }
        (Kind::List(before), Kind::List(after)) if before.len() == after.len() => {
            for (index, (value, after)) in before.iter().zip(after.iter()).enumerate() {
                compare(value, after, &at.index(index), marked, broken);
            }
        }
        // Its elements have no place by which they could be compared one by one.
        (Kind::Set(_), Kind::Set(_)) if planned.has_unknown() => {}
        _ if planned == applied => {}
        _ => broken.push(format!("{at} was planned as {planned:?} and came out as {applied:?}.")),
    }
}

/// The fault in the wording of a message for people; none when it is a sentence.
pub(super) fn wording_fault(message: &str) -> Option<&'static str> {
    if message.trim().is_empty() {
        return Some("says nothing");
    }
    (!message.ends_with(['.', '?', '!'])).then_some("is no full sentence: it does not end with a full stop")
}
