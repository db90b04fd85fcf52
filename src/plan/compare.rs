//! What differs between two values: the paths that reasons and refusals name.

use std::collections::BTreeSet;
use std::sync::Arc;

use relplan_contract::{Kind, Path, Value};

use crate::lang::config::IgnoreChanges;

/// The places where two values differ. A missing attribute and null are the same; what is unknown on either side
/// counts as a difference when `unknown_differs` says so.
#[must_use]
pub fn differences(before: &Value, after: &Value, unknown_differs: bool) -> Vec<Path> {
    let mut found = Vec::new();
    compare(before, after, unknown_differs, &Path::default(), &mut found);
    found
}

/// Whether a part of the value is only a fingerprint, which can be compared but not used.
#[must_use]
pub fn has_sealed(value: &Value) -> bool {
    let mut found = false;
    value.transform(&Value::unmark).leaves(&mut |_, leaf| found |= matches!(leaf.kind(), Kind::Sealed(_)));
    found
}

/// The value with the parts at the given paths taken from another value.
#[must_use]
pub fn overlay(value: &Value, other: &Value, paths: &[Path]) -> Value {
    paths.iter().fold(value.clone(), |value, path| put(&value, &path.0, path.find(other)))
}

/// The arguments with those that `ignore_changes` names left as the object has them.
#[must_use]
pub fn ignoring(ignored: &IgnoreChanges, config: Value, object: Option<&Value>) -> Value {
    let Some(object) = object else { return config };
    match ignored {
        IgnoreChanges::None => config,
        IgnoreChanges::Paths(paths) => overlay(&config, object, paths),
        IgnoreChanges::All => {
            let given = config.as_map().into_iter().flatten().filter(|(_, value)| !value.is_null());
            let paths: Vec<_> = given.map(|(name, _)| Path::attribute(name)).collect();
            overlay(&config, object, &paths)
        }
    }
}

fn put(value: &Value, steps: &[relplan_contract::Step], part: Option<&Value>) -> Value {
    use relplan_contract::Step;
    let Some((step, rest)) = steps.split_first() else {
        return part.cloned().unwrap_or(Value::NULL);
    };
    match (step, value.kind()) {
        (Step::Key(name), Kind::Map(map)) => {
            let mut map = (**map).clone();
            if rest.is_empty() && part.is_none() {
                map.remove(name);
            } else {
                let inner = map.get(name).cloned().unwrap_or(Value::NULL);
                map.insert(Arc::clone(name), put(&inner, rest, part));
            }
            Value::new(Kind::Map(Arc::new(map))).mark(value.is_sensitive())
        }
        (Step::Index(index), Kind::List(items)) => {
            let items = items.iter().enumerate();
            let items =
                items.map(|(at, item)| if at == *index { put(item, rest, part) } else { item.clone() });
            Value::list(items.collect::<Vec<_>>()).mark(value.is_sensitive())
        }
        _ => value.clone(),
    }
}

fn compare(before: &Value, after: &Value, unknown_differs: bool, at: &Path, found: &mut Vec<Path>) {
    if before.is_unknown() || after.is_unknown() {
        if unknown_differs && before != after {
            found.push(at.clone());
        }
        return;
    }
    match (before.kind(), after.kind()) {
        (Kind::Map(left), Kind::Map(right)) => {
            let names: BTreeSet<&Arc<str>> = left.keys().chain(right.keys()).collect();
            for name in names {
                let left = left.get(name).unwrap_or(Value::null());
                let right = right.get(name).unwrap_or(Value::null());
                compare(left, right, unknown_differs, &at.key(name), found);
            }
        }
        (Kind::List(left), Kind::List(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right.iter()).enumerate() {
                compare(left, right, unknown_differs, &at.index(index), found);
            }
        }
        _ if before == after => {}
        _ => found.push(at.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str, size: Value) -> Value {
        Value::map([("name", name.into()), ("inner", Value::list([Value::map([("size", size)])]))])
    }

    #[test]
    fn differences_name_the_innermost_place() {
        let (before, after) = (object("a", Value::integer(1)), object("b", Value::integer(2)));
        let paths: Vec<String> = differences(&before, &after, true).iter().map(ToString::to_string).collect();
        assert_eq!(paths, ["inner[0].size", "name"]);
        assert_eq!(differences(&before, &object("a", Value::UNKNOWN), false), []);
        assert_eq!(differences(&before, &object("a", Value::UNKNOWN), true).len(), 1);
        assert_eq!(differences(&Value::map([("x", Value::NULL)]), &Value::map::<&str>([]), true), []);
    }

    #[test]
    fn overlays_take_over_single_parts() {
        let (before, after) = (object("a", Value::integer(1)), object("b", Value::integer(2)));
        let paths = [Path::attribute("inner").index(0).key("size")];
        assert_eq!(overlay(&after, &before, &paths), object("b", Value::integer(1)));
        assert_eq!(overlay(&after, &Value::NULL, &[Path::attribute("name")]).get("name"), &Value::NULL);
    }
}
