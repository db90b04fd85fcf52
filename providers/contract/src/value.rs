//! [`Value`]: what flows through expressions, plans and providers.
//!
//! Two things that JSON lacks run through every value: it may be *unknown* (known after apply), and any part
//! of it may be *sensitive*. Cloning is cheap: text and collections are shared. How a value is written to a
//! file is not told here: wire forms live with the files.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::number::Number;
use crate::path::{Path, Step};

mod measure;

pub use measure::{Measure, Outgrown};

/// The keys and values of a map or an object, in the order of the keys.
pub type Map = BTreeMap<Arc<str>, Value>;

/// A value with its sensitivity.
///
/// Equality and order look at the content alone: marking a value sensitive does not make it another value.
#[derive(Clone)]
pub struct Value {
    kind: Kind,
    sensitive: bool,
}

/// The content of a [`Value`].
///
/// Objects are maps and tuples are lists: what they must hold is told by a [`crate::Type`], not by the value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No value: the argument was left out.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An exact decimal.
    Number(Number),
    /// Unicode text.
    String(Arc<str>),
    /// Values in order.
    List(Arc<[Value]>),
    /// Distinct values, sorted.
    Set(Arc<[Value]>),
    /// Values by key.
    Map(Arc<Map>),
    /// A sensitive value of the past, of which only a keyed fingerprint was kept: it can be compared, not read.
    Sealed(Arc<str>),
    /// Known after apply.
    Unknown,
}

/// How a value is built up.
#[derive(Clone, Copy, Debug)]
pub enum Parts<'v> {
    /// It has no parts.
    Leaf,
    /// The elements of a list or set.
    Items(&'v [Value]),
    /// The entries of a map or object.
    Entries(&'v Map),
}

impl Value {
    /// The absent value.
    pub const NULL: Self = Self::new(Kind::Null);

    /// The value that is known after apply.
    pub const UNKNOWN: Self = Self::new(Kind::Unknown);

    /// A value that is not sensitive.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self { kind, sensitive: false }
    }

    /// Text.
    #[must_use]
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::new(Kind::String(text.into()))
    }

    /// A whole number.
    #[must_use]
    pub fn integer(number: i64) -> Self {
        Self::new(Kind::Number(Number::from(number)))
    }

    /// A list of the values in their order.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Kind::List(items.into_iter().collect()))
    }

    /// A set of the values: sorted, and each once. A mark on a dropped twin stays with the one kept.
    #[must_use]
    pub fn set(items: impl IntoIterator<Item = Self>) -> Self {
        let mut items: Vec<Self> = items.into_iter().collect();
        items.sort();
        items.dedup_by(|twin, kept| {
            let same = twin == kept;
            kept.sensitive |= same && twin.sensitive;
            same
        });
        Self::new(Kind::Set(items.into()))
    }

    /// A map or object of the entries.
    #[must_use]
    pub fn map<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::new(Kind::Map(Arc::new(entries.into_iter().map(|(k, v)| (k.into(), v)).collect())))
    }

    /// The content.
    #[must_use]
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The content by value.
    #[must_use]
    pub fn into_kind(self) -> Kind {
        self.kind
    }

    /// The same content, with the mark set to `sensitive` or kept.
    #[must_use]
    pub fn mark(mut self, sensitive: bool) -> Self {
        self.sensitive |= sensitive;
        self
    }

    /// The same content without the mark at the top; parts keep theirs.
    #[must_use]
    pub fn unmark(mut self) -> Self {
        self.sensitive = false;
        self
    }

    /// Whether the whole value must not be shown. Parts of an unmarked collection may still be marked.
    #[must_use]
    pub const fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Whether this value or any part of it must not be shown.
    #[must_use]
    pub fn has_sensitive(&self) -> bool {
        self.any(&|value| value.sensitive)
    }

    /// Whether this very value is known after apply.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self.kind, Kind::Unknown)
    }

    /// Whether this value or any part of it is known after apply.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.any(&Self::is_unknown)
    }

    /// Whether this is the absent value.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The parts that it is built of.
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        match &self.kind {
            Kind::List(items) | Kind::Set(items) => Parts::Items(items),
            Kind::Map(map) => Parts::Entries(map),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::String(_)
            | Kind::Sealed(_)
            | Kind::Unknown => Parts::Leaf,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Kind::String(text) = &self.kind { Some(text) } else { None }
    }

    /// The truth of a bool.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Kind::Bool(truth) = self.kind { Some(truth) } else { None }
    }

    /// The number as an `i64` where it is a whole one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Kind::Number(number) = &self.kind { number.to_i64() } else { None }
    }

    /// The elements of a list or set.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Parts::Items(items) = self.parts() { Some(items) } else { None }
    }

    /// The entries of a map or object.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Kind::Map(map) = &self.kind { Some(map) } else { None }
    }

    /// The attribute of an object; null where it has none, as for an optional attribute that was left out.
    #[must_use]
    pub fn get(&self, name: &str) -> &Self {
        self.as_map().and_then(|map| map.get(name)).unwrap_or(Self::null())
    }

    /// The absent value, borrowed for ever.
    #[must_use]
    pub const fn null() -> &'static Self {
        const NULL: &Value = &Value::NULL;
        NULL
    }

    /// The object with one attribute replaced; a value that is no object is returned as it is.
    #[must_use]
    pub fn with(mut self, name: &str, value: Self) -> Self {
        if let Kind::Map(map) = &mut self.kind {
            Arc::make_mut(map).insert(name.into(), value);
        }
        self
    }

    /// The word for the kind of content, for messages.
    #[must_use]
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "bool",
            Kind::Number(_) => "number",
            Kind::String(_) => "string",
            Kind::List(_) => "list",
            Kind::Set(_) => "set",
            Kind::Map(_) => "map",
            Kind::Sealed(_) => "sensitive value of an earlier run",
            Kind::Unknown => "value known after apply",
        }
    }

    /// Every leaf with its path, in order. An empty collection is a leaf, and so is a marked or unknown value.
    pub fn leaves(&self, visit: &mut dyn FnMut(&Path, &Self)) {
        self.leaves_from(&mut Path::default(), visit);
    }

    fn leaves_from(&self, at: &mut Path, visit: &mut dyn FnMut(&Path, &Self)) {
        match self.parts() {
            Parts::Items(items) if !self.sensitive && !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    at.0.push(Step::Index(index));
                    item.leaves_from(at, visit);
                    at.0.pop();
                }
            }
            Parts::Entries(map) if !self.sensitive && !map.is_empty() => {
                for (name, item) in map {
                    at.0.push(Step::Key(Arc::clone(name)));
                    item.leaves_from(at, visit);
                    at.0.pop();
                }
            }
            Parts::Leaf | Parts::Items(_) | Parts::Entries(_) => visit(at, self),
        }
    }

    /// The value with null in the place of every part that is unknown.
    #[must_use]
    pub fn without_unknown(&self) -> Self {
        self.transform(&|part| if part.is_unknown() { Self::NULL } else { part })
    }

    /// The value with `change` made to each part, the innermost first; `change` sees a part after its parts.
    #[must_use]
    pub fn transform(&self, change: &dyn Fn(Self) -> Self) -> Self {
        let kind = match &self.kind {
            Kind::List(items) => Kind::List(items.iter().map(|item| item.transform(change)).collect()),
            Kind::Set(items) => Self::set(items.iter().map(|item| item.transform(change))).kind,
            Kind::Map(map) => Kind::Map(Arc::new(
                map.iter().map(|(name, item)| (Arc::clone(name), item.transform(change))).collect(),
            )),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::String(_)
            | Kind::Sealed(_)
            | Kind::Unknown => self.kind.clone(),
        };
        change(Self { kind, sensitive: self.sensitive })
    }

    fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        test(self)
            || match self.parts() {
                Parts::Leaf => false,
                Parts::Items(items) => items.iter().any(|item| item.any(test)),
                Parts::Entries(map) => map.values().any(|item| item.any(test)),
            }
    }
}

impl Default for Value {
    /// The absent value.
    fn default() -> Self {
        Self::NULL
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::new(Kind::Bool(truth))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::integer(number)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::new(Kind::Number(number))
    }
}

impl fmt::Debug for Value {
    /// Like an HCL expression on one line; what is sensitive is never written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sensitive {
            return f.write_str("(sensitive value)");
        }
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::Bool(truth) => write!(f, "{truth}"),
            Kind::Number(number) => write!(f, "{number}"),
            Kind::String(text) => write!(f, "{text:?}"),
            Kind::List(items) => f.debug_list().entries(items.iter()).finish(),
            Kind::Set(items) => f.debug_set().entries(items.iter()).finish(),
            Kind::Map(map) => f.debug_map().entries(map.iter()).finish(),
            Kind::Sealed(_) => f.write_str("(sensitive value)"),
            Kind::Unknown => f.write_str("(known after apply)"),
        }
    }
}

#[cfg(test)]
mod tests;
