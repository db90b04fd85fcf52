//! [`Values`]: what every name stands for so far, module instance by module instance.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;

use super::config::{Reference, Subject};
use super::eval::Scope;
use crate::addr::{Key, ModulePath, ResourceName};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;

/// How many instances a block has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expansion {
    /// One, without a key.
    Single,
    /// `count`
    Count(u64),
    /// `for_each`: the keys, and what `each.value` is for each.
    ForEach(Arc<BTreeMap<Arc<str>, Value>>),
    /// Nobody knows, since nobody is asked: one instance with the key [`ANY`] stands for all that there may be.
    Open,
}

/// The key of the instance that stands for all that there may be.
pub const ANY: &str = "*";

impl Expansion {
    /// How many instances there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Single | Self::Open => 1,
            Self::Count(count) => *count,
            Self::ForEach(entries) => entries.len() as u64,
        }
    }

    /// Whether what `each.value` is for some key is not known yet.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Single | Self::Count(_) | Self::Open => false,
            Self::ForEach(entries) => entries.values().any(Value::has_unknown),
        }
    }

    /// The key of each instance with what `each` and `count` stand for in it, in order.
    #[must_use]
    pub fn instances(&self) -> Vec<(Option<Key>, Bindings)> {
        match self {
            Self::Single => vec![(None, Bindings::default())],
            Self::Open => vec![(Some(Key::Name(ANY.into())), Bindings::open())],
            Self::Count(count) => (0..*count)
                .map(|index| {
                    let number = Value::integer(i64::try_from(index).unwrap_or(i64::MAX));
                    let count = Value::map([("index", number)]);
                    (Some(Key::Index(index)), Bindings { count: Some(count), ..Bindings::default() })
                })
                .collect(),
            Self::ForEach(entries) => entries
                .iter()
                .map(|(key, value)| {
                    let each =
                        Value::map([("key", Value::string(Arc::clone(key))), ("value", value.clone())]);
                    (Some(Key::Name(Arc::clone(key))), Bindings { each: Some(each), ..Bindings::default() })
                })
                .collect(),
        }
    }

    /// What `each` and `count` stand for in one instance.
    #[must_use]
    pub fn bindings(&self, key: Option<&Key>) -> Bindings {
        match (self, key) {
            (Self::Open, None) => Bindings::open(),
            // Which there are is not known, but that this is one of them.
            (Self::Open, Some(Key::Name(name))) => {
                let each = Value::map([("key", Value::string(Arc::clone(name))), ("value", Value::UNKNOWN)]);
                Bindings { each: Some(each), ..Bindings::default() }
            }
            (Self::Open, Some(Key::Index(index))) => {
                Self::Count(index + 1).bindings(Some(&Key::Index(*index)))
            }
            (Self::ForEach(entries), Some(Key::Name(name))) => {
                let value = entries.get(name).cloned().unwrap_or(Value::NULL);
                let each = Value::map([("key", Value::string(Arc::clone(name))), ("value", value)]);
                Bindings { each: Some(each), ..Bindings::default() }
            }
            (Self::Count(_), Some(Key::Index(index))) => {
                let number = Value::integer(i64::try_from(*index).unwrap_or(i64::MAX));
                Bindings { count: Some(Value::map([("index", number)])), ..Bindings::default() }
            }
            _ => Bindings::default(),
        }
    }

    /// The value of the whole block, from the values of its instances.
    #[must_use]
    pub fn assemble(&self, mut of: impl FnMut(Option<&Key>) -> Value) -> Value {
        match self {
            Self::Single => of(None),
            Self::Open => Value::UNKNOWN,
            Self::Count(count) => Value::list((0..*count).map(|index| of(Some(&Key::Index(index))))),
            Self::ForEach(entries) => {
                Value::map(entries.keys().map(|key| (Arc::clone(key), of(Some(&Key::Name(Arc::clone(key)))))))
            }
        }
    }
}

/// What `each`, `count` and `self` stand for in one instance of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    /// `{ key, value }`
    pub each: Option<Value>,
    /// `{ index }`
    pub count: Option<Value>,
    /// The object itself, in its own postconditions.
    pub itself: Option<Value>,
}

impl Bindings {
    /// Those of an instance that stands for all that there may be.
    fn open() -> Self {
        let each = Value::map([("key", Value::UNKNOWN), ("value", Value::UNKNOWN)]);
        Self { each: Some(each), count: Some(Value::map([("index", Value::UNKNOWN)])), ..Self::default() }
    }
}

/// A call's name, and one output or all.
type CalledKey = (Arc<str>, Option<Arc<str>>);

/// The values of one module instance.
#[derive(Clone, Debug, Default)]
struct ModuleValues {
    variables: BTreeMap<Arc<str>, Value>,
    locals: BTreeMap<Arc<str>, Value>,
    resources: BTreeMap<ResourceName, Value>,
    outputs: BTreeMap<Arc<str>, Value>,
    calls: BTreeMap<Arc<str>, Expansion>,
    path: Value,
    /// `module.NAME` with one output or all, built on first use: built anew for each of ten thousand references
    /// it would cost the square of that.
    called: RefCell<BTreeMap<CalledKey, Value>>,
}

/// What every name stands for so far.
#[derive(Clone, Debug, Default)]
pub struct Values {
    instances: BTreeMap<ModulePath, ModuleValues>,
    release: Value,
}

impl Values {
    /// No module yet; `release` is what `release.name` and `release.version` are taken of.
    #[must_use]
    pub fn new(release: Value) -> Self {
        Self { instances: BTreeMap::new(), release }
    }

    /// Lets `release` stand for something else.
    pub fn set_release(&mut self, release: Value) {
        self.release = release;
    }

    /// Takes a module instance in; `path` is what `path.module` and its like are taken of.
    pub fn open(&mut self, instance: &ModulePath, path: Value) {
        self.instances.entry(instance.clone()).or_default().path = path;
    }

    /// Sets a variable.
    pub fn set_variable(&mut self, instance: &ModulePath, name: &Arc<str>, value: Value) {
        self.of(instance).variables.insert(Arc::clone(name), value);
    }

    /// Sets a local value.
    pub fn set_local(&mut self, instance: &ModulePath, name: &Arc<str>, value: Value) {
        self.of(instance).locals.insert(Arc::clone(name), value);
    }

    /// Sets the value of a whole resource block, all instances together.
    pub fn set_resource(&mut self, instance: &ModulePath, name: &ResourceName, value: Value) {
        self.of(instance).resources.insert(name.clone(), value);
    }

    /// Sets an output.
    pub fn set_output(&mut self, instance: &ModulePath, name: &Arc<str>, value: Value) {
        self.of(instance).outputs.insert(Arc::clone(name), value);
        if let Some((step, caller)) = instance.0.split_last() {
            let called = self.of(&ModulePath(caller.into())).called.get_mut();
            // Only what has this output in it is built anew: a module may have a thousand.
            called.remove(&(Arc::clone(&step.name), None));
            called.remove(&(Arc::clone(&step.name), Some(Arc::clone(name))));
        }
    }

    /// Sets how many instances a `module` block has.
    pub fn set_call(&mut self, instance: &ModulePath, name: &Arc<str>, expansion: Expansion) {
        self.of(instance).calls.insert(Arc::clone(name), expansion);
    }

    /// How many instances a `module` block has, once that is known.
    #[must_use]
    pub fn call(&self, instance: &ModulePath, name: &str) -> Option<&Expansion> {
        self.instances.get(instance)?.calls.get(name)
    }

    /// The outputs of a module instance so far.
    #[must_use]
    pub fn outputs(&self, instance: &ModulePath) -> BTreeMap<Arc<str>, Value> {
        self.instances.get(instance).map(|values| values.outputs.clone()).unwrap_or_default()
    }

    /// The variables of a module instance so far.
    #[must_use]
    pub fn variables(&self, instance: &ModulePath) -> BTreeMap<Arc<str>, Value> {
        self.instances.get(instance).map(|values| values.variables.clone()).unwrap_or_default()
    }

    /// The value of a whole resource block, once it is known.
    #[must_use]
    pub fn resource(&self, instance: &ModulePath, name: &ResourceName) -> Option<&Value> {
        self.instances.get(instance)?.resources.get(name)
    }

    /// The names as they are seen inside a module instance, with what `each`, `count` and `self` stand for.
    #[must_use]
    pub fn inside<'v>(&'v self, instance: &'v ModulePath, bindings: &'v Bindings) -> Inside<'v> {
        Inside { values: self, instance, bindings }
    }

    fn of(&mut self, instance: &ModulePath) -> &mut ModuleValues {
        if !self.instances.contains_key(instance) {
            self.instances.insert(instance.clone(), ModuleValues::default());
        }
        self.instances.entry(instance.clone()).or_default()
    }

    fn called(&self, caller: &ModulePath, name: &Arc<str>, output: Option<&Arc<str>>) -> Option<Value> {
        let values = self.instances.get(caller)?;
        let cache_key = (Arc::clone(name), output.cloned());
        if let Some(value) = values.called.borrow().get(&cache_key) {
            return Some(value.clone());
        }
        let value = values.calls.get(name)?.assemble(|key| {
            let outputs = self.instances.get(&caller.child(name, key.cloned())).map(|child| &child.outputs);
            let wanted: Vec<(Arc<str>, Value)> = match output {
                Some(name) => {
                    let found = outputs.and_then(|outputs| outputs.get(name));
                    found.map(|value| (Arc::clone(name), value.clone())).into_iter().collect()
                }
                None => outputs
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (Arc::clone(name), value.clone()))
                    .collect(),
            };
            Value::map(wanted)
        });
        values.called.borrow_mut().insert(cache_key, value.clone());
        Some(value)
    }
}

/// The names as they are seen inside one module instance.
#[derive(Clone, Copy, Debug)]
pub struct Inside<'v> {
    values: &'v Values,
    instance: &'v ModulePath,
    bindings: &'v Bindings,
}

impl Scope for Inside<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let Reference { subject, span } = reference;
        let module = self.values.instances.get(self.instance);
        let found = match subject {
            Subject::Variable(name) => module.and_then(|values| values.variables.get(name)).cloned(),
            Subject::Local(name) => module.and_then(|values| values.locals.get(name)).cloned(),
            Subject::Resource(name) => module.and_then(|values| values.resources.get(name)).cloned(),
            Subject::Module(name, output) => self.values.called(self.instance, name, output.as_ref()),
            Subject::Each => self.bindings.each.clone(),
            Subject::Count => self.bindings.count.clone(),
            Subject::Itself => self.bindings.itself.clone(),
            Subject::Release => Some(self.values.release.clone()).filter(|release| !release.is_null()),
            Subject::Path => module.map(|values| values.path.clone()),
        };
        found.ok_or_else(|| absent(subject, *span).into())
    }
}

/// Names are checked before anything is evaluated, so what is left is what has no value in this place.
fn absent(subject: &Subject, span: Span) -> Diagnostic {
    let (detail, help) = match subject {
        Subject::Each => {
            ("`each` has a value only in a block with `for_each`.", "Add `for_each` to the block.")
        }
        Subject::Count => ("`count` has a value only in a block with `count`.", "Add `count` to the block."),
        Subject::Itself => {
            ("`self` has a value only in a resource's own postconditions.", "Name the resource.")
        }
        Subject::Release => (
            "There is no `release` block, so that nothing is known about the release.",
            "Add a `release` block.",
        ),
        Subject::Variable(_)
        | Subject::Local(_)
        | Subject::Resource(_)
        | Subject::Module(..)
        | Subject::Path => ("It has no value here, since what it comes from could not be evaluated.", ""),
    };
    Diagnostic::error("No value here", detail).help(help).at(span)
}
