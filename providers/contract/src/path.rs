//! The place of a part inside a value: `steps[0].headers["accept"]`.

use std::fmt;
use std::sync::Arc;

use crate::value::{Kind, Value};

/// One step from a value to one of its parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of an object or a key of a map.
    Key(Arc<str>),
    /// An element of a list, from 0.
    Index(usize),
}

/// The steps from the outermost value to a part; empty for the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path to an attribute.
    #[must_use]
    pub fn attribute(name: &str) -> Self {
        Self(vec![Step::Key(name.into())])
    }

    /// This path, one key further.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        self.with(Step::Key(name.into()))
    }

    /// This path, one element further.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// The name of the attribute that the path begins with.
    #[must_use]
    pub fn root(&self) -> Option<&str> {
        match self.0.first() {
            Some(Step::Key(name)) => Some(name),
            Some(Step::Index(_)) | None => None,
        }
    }

    /// Whether `self` leads to the same part as `other` or to one inside it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The part of `value` that the path leads to.
    #[must_use]
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |part, step| match (step, part.kind()) {
            (Step::Key(name), Kind::Map(map)) => map.get(name),
            (Step::Index(index), Kind::List(items) | Kind::Set(items)) => items.get(*index),
            _ => None,
        })
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl From<&str> for Path {
    /// The path to an attribute.
    fn from(name: &str) -> Self {
        Self::attribute(name)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(name) if is_identifier(name) && position == 0 => f.write_str(name)?,
                Step::Key(name) if is_identifier(name) => write!(f, ".{name}")?,
                Step::Key(name) => write!(f, "[{name:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Whether `name` can be written as an attribute name without quotes.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}
