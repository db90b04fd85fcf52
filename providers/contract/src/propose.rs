//! The prediction that most types want: what is given is taken, what is computed stays or becomes unknown.

use crate::path::Path;
use crate::provider::Planned;
use crate::schema::{Attribute, OnChange};
use crate::value::Value;

/// Predicts the object from its arguments and the object before.
///
/// An argument that was given is taken as it is. A computed attribute keeps its value while nothing changes;
/// after a change it is unknown unless it is [`Attribute::stable`]. A changed [`Attribute::immutable`] argument
/// asks for a replacement, after which every computed attribute is unknown.
#[must_use]
pub fn propose(attributes: &[Attribute], prior: Option<&Value>, config: &Value) -> Planned {
    let differs = |attribute: &&Attribute| match prior {
        Some(prior) => {
            let given = config.get(attribute.name);
            let left_to_provider = given.is_null() && attribute.is_computed();
            !left_to_provider && prior.get(attribute.name) != given
        }
        None => true,
    };
    let changes: Vec<&Attribute> = attributes.iter().filter(differs).collect();
    let replace: Vec<Path> = changes
        .iter()
        .filter(|attribute| prior.is_some() && attribute.on_change == OnChange::Replace)
        .map(|attribute| Path::attribute(attribute.name))
        .collect();
    let value = Value::map(attributes.iter().map(|attribute| {
        let given = config.get(attribute.name);
        let keeps = changes.is_empty() || (attribute.stable && replace.is_empty());
        let predicted = match prior {
            _ if !(given.is_null() && attribute.is_computed()) => given.clone(),
            Some(prior) if keeps => prior.get(attribute.name).clone(),
            _ => Value::UNKNOWN.mark(attribute.sensitive),
        };
        (attribute.name, predicted)
    }));
    Planned { replace, ..Planned::new(value) }
}

/// The object of some arguments of which nothing else is known, as one that was found outside: what its provider computes
/// is null.
#[must_use]
pub fn as_found(attributes: &[Attribute], config: &Value) -> Value {
    propose(attributes, None, config).value.without_unknown()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ty::Type;

    fn attributes() -> Vec<Attribute> {
        vec![
            Attribute::required("name", Type::String, "").immutable(),
            Attribute::optional("size", Type::Number, ""),
            Attribute::computed("id", Type::String, "").stable(),
            Attribute::computed("etag", Type::String, ""),
        ]
    }

    fn object(name: &str, size: i64, computed: Value) -> Value {
        let etag = computed.clone();
        Value::map([("name", name.into()), ("size", size.into()), ("id", computed), ("etag", etag)])
    }

    #[test]
    fn a_new_object_has_unknown_computed_attributes() {
        let planned = propose(&attributes(), None, &object("a", 1, Value::NULL));
        assert_eq!(planned, Planned::new(object("a", 1, Value::UNKNOWN)));
    }

    #[test]
    fn what_was_found_has_its_arguments_alone() {
        let found = as_found(&attributes(), &object("a", 1, Value::NULL));
        assert_eq!(found, object("a", 1, Value::NULL));
    }

    #[test]
    fn nothing_changes_when_nothing_is_asked() {
        let prior = object("a", 1, "x".into());
        assert_eq!(propose(&attributes(), Some(&prior), &object("a", 1, Value::NULL)).value, prior);
    }

    #[test]
    fn an_update_keeps_stable_attributes_and_a_replacement_none() {
        let prior = object("a", 1, "x".into());
        let update = propose(&attributes(), Some(&prior), &object("a", 2, Value::NULL));
        assert_eq!((update.value.get("id"), update.value.get("etag")), (&"x".into(), &Value::UNKNOWN));
        let replacement = propose(&attributes(), Some(&prior), &object("b", 1, Value::NULL));
        assert_eq!(replacement.replace, [Path::attribute("name")]);
        assert_eq!(replacement.value.get("id"), &Value::UNKNOWN);
    }
}
