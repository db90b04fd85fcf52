//! One type for several values, as Terraform finds it for the elements of a list and the results of a conditional:
//! a number beside a string becomes a string, at any depth; what has no common type is found out.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Kind, Type, Value};

/// How many times as much as a look at a part it costs to find its type and make it fit.
pub(in crate::lang) const UNIFYING: u64 = 4;

/// What is known of the type of one or more values.
#[derive(Clone, Debug, PartialEq)]
enum Shape {
    /// Nothing yet: null, unknown.
    Any,
    Bool,
    Number,
    String,
    /// A list whose elements may each have another type.
    Tuple(Vec<Shape>),
    /// A list of one type.
    List(Box<Shape>),
    Set(Box<Shape>),
    /// A map whose entries may each have another type.
    Object(BTreeMap<Arc<str>, Shape>),
    /// A map of one type.
    Map(Box<Shape>),
}

/// The values converted to their common type; none where there is none.
pub(in crate::lang) fn unify(values: &[Value]) -> Option<Vec<Value>> {
    let shape = all(values.iter().map(Shape::of))?;
    Some(
        values
            .iter()
            .map(|value| if shape.alters(value) { shape.fit(value) } else { value.clone() })
            .collect(),
    )
}

/// The first of two values, converted to their common type, and whether that made another value of it.
pub(super) fn fit_beside(value: &Value, other: &Value) -> Option<(Value, bool)> {
    let shape = Shape::of(value).join(Shape::of(other))?;
    if shape.alters(value) { Some((shape.fit(value), true)) } else { Some((value.clone(), false)) }
}

fn all(shapes: impl Iterator<Item = Shape>) -> Option<Shape> {
    let mut joined = Shape::Any;
    for shape in shapes {
        joined = joined.join(shape)?;
    }
    Some(joined)
}

impl Shape {
    fn of(value: &Value) -> Self {
        match value.kind() {
            Kind::Null | Kind::Unknown | Kind::Sealed(_) => Self::Any,
            Kind::Bool(_) => Self::Bool,
            Kind::Number(_) => Self::Number,
            Kind::String(_) => Self::String,
            Kind::List(items) => Self::Tuple(items.iter().map(Self::of).collect()),
            Kind::Set(items) => all(items.iter().map(Self::of))
                .map_or_else(|| Self::Set(Box::new(Self::Any)), |item| Self::Set(Box::new(item))),
            Kind::Map(map) => {
                Self::Object(map.iter().map(|(name, item)| (Arc::clone(name), Self::of(item))).collect())
            }
        }
    }

    /// The type that values of both have in common.
    fn join(self, other: Self) -> Option<Self> {
        use Shape::{Any, Bool, List, Map, Number, Object, Set, String, Tuple};
        match (self, other) {
            (Any, shape) | (shape, Any) => Some(shape),
            (String, String | Number | Bool) | (Number | Bool, String) => Some(String),
            (Number, Number) => Some(Number),
            (Bool, Bool) => Some(Bool),
            (Tuple(a), Tuple(b)) if a.len() == b.len() => join_tuples(a, b),
            (a @ (Tuple(_) | List(_)), b @ (Tuple(_) | List(_))) => {
                Some(List(Box::new(a.element()?.join(b.element()?)?)))
            }
            (a @ (Tuple(_) | List(_) | Set(_)), b @ (Tuple(_) | List(_) | Set(_))) => {
                Some(Set(Box::new(a.element()?.join(b.element()?)?)))
            }
            (Object(a), Object(b)) if a.keys().eq(b.keys()) => join_objects(a, b),
            (a @ (Object(_) | Map(_)), b @ (Object(_) | Map(_))) => {
                Some(Map(Box::new(a.element()?.join(b.element()?)?)))
            }
            _ => None,
        }
    }

    /// The one type of all elements.
    fn element(self) -> Option<Self> {
        match self {
            Self::Tuple(items) => all(items.into_iter()),
            Self::Object(entries) => all(entries.into_values()),
            Self::List(item) | Self::Set(item) | Self::Map(item) => Some(*item),
            Self::Any | Self::Bool | Self::Number | Self::String => None,
        }
    }

    /// Whether a part of the value must be made a string.
    fn alters(&self, value: &Value) -> bool {
        match (self, value.kind()) {
            (Self::String, Kind::Number(_) | Kind::Bool(_)) => true,
            (Self::Tuple(shapes), Kind::List(items)) => {
                shapes.iter().zip(items.iter()).any(|(shape, item)| shape.alters(item))
            }
            (Self::List(shape) | Self::Set(shape), Kind::List(items) | Kind::Set(items)) => {
                items.iter().any(|item| shape.alters(item))
            }
            (Self::Object(shapes), Kind::Map(map)) => {
                shapes.values().zip(map.values()).any(|(shape, item)| shape.alters(item))
            }
            (Self::Map(shape), Kind::Map(map)) => map.values().any(|item| shape.alters(item)),
            _ => false,
        }
    }

    /// The value with what must be a string made one. A shape found by [`Shape::join`] fits all its values.
    fn fit(&self, value: &Value) -> Value {
        let fitted = match (self, value.kind()) {
            (Self::String, Kind::Number(_) | Kind::Bool(_)) => {
                Type::String.convert(value).unwrap_or_else(|_| value.clone())
            }
            (Self::Tuple(shapes), Kind::List(items)) => {
                Value::list(shapes.iter().zip(items.iter()).map(|(shape, item)| shape.fit(item)))
            }
            (Self::List(shape) | Self::Set(shape), Kind::List(items)) => {
                Value::list(items.iter().map(|item| shape.fit(item)))
            }
            (Self::Set(shape), Kind::Set(items)) => Value::set(items.iter().map(|item| shape.fit(item))),
            (Self::Object(shapes), Kind::Map(map)) => Value::map(
                shapes
                    .iter()
                    .zip(map.iter())
                    .map(|((_, shape), (name, item))| (Arc::clone(name), shape.fit(item))),
            ),
            (Self::Map(shape), Kind::Map(map)) => {
                Value::map(map.iter().map(|(name, item)| (Arc::clone(name), shape.fit(item))))
            }
            _ => return value.clone(),
        };
        fitted.mark(value.is_sensitive())
    }
}

/// Element by element: tuples of one length may hold several types.
fn join_tuples(a: Vec<Shape>, b: Vec<Shape>) -> Option<Shape> {
    let paired: Option<Vec<Shape>> = a.into_iter().zip(b).map(|(a, b)| a.join(b)).collect();
    paired.map(Shape::Tuple)
}

fn join_objects(a: BTreeMap<Arc<str>, Shape>, b: BTreeMap<Arc<str>, Shape>) -> Option<Shape> {
    let paired: Option<BTreeMap<Arc<str>, Shape>> =
        a.into_iter().zip(b.into_values()).map(|((name, a), b)| Some((name, a.join(b)?))).collect();
    paired.map(Shape::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list<const N: usize>(items: [Value; N]) -> Value {
        Value::list(items)
    }

    #[test]
    fn a_string_makes_numbers_and_bools_strings() {
        let unified = unify(&[Value::integer(1), Value::from("a"), Value::from(true), Value::NULL]);
        assert_eq!(unified, Some(vec!["1".into(), "a".into(), "true".into(), Value::NULL]));
        assert_eq!(unify(&[Value::integer(1), Value::from(true)]), None);
    }

    #[test]
    fn lists_of_other_lengths_need_one_type() {
        let mixed = list([Value::integer(1), Value::from("a")]);
        assert_eq!(fit_beside(&mixed, &list([])), Some((list(["1".into(), "a".into()]), true)));
        assert_eq!(
            fit_beside(&mixed, &mixed),
            Some((mixed.clone(), false)),
            "equal lengths keep their own types"
        );
        assert_eq!(fit_beside(&list([Value::integer(1), list([])]), &list([])), None);
    }

    #[test]
    fn maps_of_other_keys_need_one_type() {
        let one = Value::map([("a", Value::integer(1)), ("b", Value::from("x"))]);
        let other = Value::map([("a", Value::from("1"))]);
        let fitted = Value::map([("a", Value::from("1")), ("b", Value::from("x"))]);
        assert_eq!(fit_beside(&one, &other), Some((fitted, true)));
        assert_eq!(fit_beside(&one, &Value::from("x")), None);
    }

    #[test]
    fn marks_survive() {
        let secret = Value::integer(7).mark(true);
        let unified = unify(&[secret, Value::from("a")]).expect("strings");
        assert!(unified[0].is_sensitive() && !unified[1].is_sensitive());
    }
}
