//! `[a, b]`, `{ a = b }` and `for` expressions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use relplan_contract::{Kind, Map, Parts, Type, Value};

use super::names::Names;
use super::{Evaluator, Outcome, both, is_unreadable, show};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Expr, For};
use crate::source::Span;

/// Most findings in one list or object: whoever mends fifty will run it again.
const MAX_FINDINGS: usize = 50;

/// The names that a loop binds: for the key, if given, and for the element.
pub(super) struct Bindings<'b> {
    pub(super) key: Option<&'b str>,
    pub(super) value: &'b str,
}

/// What going through a collection came to.
pub(super) enum Course {
    /// Every element was visited.
    Done {
        /// The collection is sensitive as a whole.
        sensitive: bool,
    },
    /// The elements are unknown.
    Unknown {
        /// The collection is sensitive as a whole.
        sensitive: bool,
    },
}

/// What a `for` expression has made so far.
#[derive(Default)]
struct Made {
    items: Vec<Value>,
    entries: Map,
    groups: BTreeMap<Arc<str>, Vec<Value>>,
    /// A condition or key was sensitive: so is which elements there are.
    sensitive: bool,
    /// A condition or key was unknown: so is the whole result.
    unknown: bool,
}

impl Evaluator<'_> {
    pub(super) fn list(&self, items: &[Expr], names: Option<&Names<'_>>, span: Span) -> Outcome {
        self.charge(self.budget.elements(items.len()), span)?;
        let mut values = Vec::with_capacity(items.len());
        let mut findings = Diagnostics::default();
        for item in items {
            if findings.0.len() >= MAX_FINDINGS {
                break;
            }
            match self.eval(item, names) {
                Ok(value) => values.push(value),
                Err(more) => findings.extend(more),
            }
        }
        if findings.is_empty() { Ok(Value::list(values)) } else { Err(findings) }
    }

    pub(super) fn object(&self, entries: &[(Expr, Expr)], names: Option<&Names<'_>>, span: Span) -> Outcome {
        self.charge(self.budget.elements(entries.len()), span)?;
        let mut map = Map::new();
        let mut findings = Diagnostics::default();
        let (mut sensitive, mut unknown) = (false, false);
        for (key, value) in entries {
            if findings.0.len() >= MAX_FINDINGS {
                break;
            }
            let name = self.eval(key, names).and_then(|name| {
                sensitive |= name.is_sensitive();
                self.key(&name, key.span)
            });
            match both(name, self.eval(value, names)) {
                Ok((Some(name), value)) => drop(map.insert(name, value)),
                Ok((None, _)) => unknown = true,
                Err(more) => findings.extend(more),
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let object = if unknown { Value::UNKNOWN } else { Value::new(Kind::Map(Arc::new(map))) };
        Ok(object.mark(sensitive))
    }

    /// A key of an object; none while it is unknown.
    fn key(&self, value: &Value, span: Span) -> Result<Option<Arc<str>>, Diagnostics> {
        if value.is_null() {
            return Err(Diagnostic::error(
                "Key is null",
                "A key of an object must be a string, but this is null.",
            )
            .at(span)
            .help("Give a string, or leave the entry out with the `if` of a `for` expression.")
            .into());
        }
        if is_unreadable(value) {
            return Ok(None);
        }
        match Type::String.convert(value).map(Value::into_kind) {
            Ok(Kind::String(name)) => Ok(Some(name)),
            _ => Err(Diagnostic::error(
                "Invalid key",
                format!("A key of an object must be a string, but this is {}.", self.show(value)),
            )
            .at(span)
            .help("Give a string, a number or a bool.")
            .into()),
        }
    }

    pub(super) fn repeat(&self, repeat: &For, names: Option<&Names<'_>>) -> Outcome {
        let collection = self.eval(&repeat.collection, names)?;
        let bindings = Bindings { key: repeat.key.as_deref(), value: &repeat.value };
        let mut made = Made::default();
        let course =
            self.go_through(&collection, &bindings, names, repeat.collection.span, &mut |names| {
                self.repeat_once(repeat, names, &mut made)
            })?;
        let (sensitive, unknown) = match course {
            Course::Done { sensitive } => (sensitive || made.sensitive, made.unknown),
            Course::Unknown { sensitive } => (sensitive, true),
        };
        let value = if unknown {
            Value::UNKNOWN
        } else if repeat.result_key.is_none() {
            Value::list(made.items)
        } else if repeat.group {
            Value::map(made.groups.into_iter().map(|(key, items)| (key, Value::list(items))))
        } else {
            Value::new(Kind::Map(Arc::new(made.entries)))
        };
        Ok(value.mark(sensitive))
    }

    fn repeat_once(
        &self,
        repeat: &For,
        names: Option<&Names<'_>>,
        made: &mut Made,
    ) -> Result<(), Diagnostics> {
        if let Some(condition) = &repeat.condition {
            let value = self.eval(condition, names)?;
            made.sensitive |= value.is_sensitive();
            match self.condition(&value, condition.span, "`if` of a `for`")? {
                Some(true) => {}
                Some(false) => return Ok(()),
                None => {
                    made.unknown = true;
                    return Ok(());
                }
            }
        }
        self.charge(self.budget.elements(1), repeat.result.span)?;
        let Some(key_expr) = &repeat.result_key else {
            made.items.push(self.eval(&repeat.result, names)?);
            return Ok(());
        };
        let key_value = self.eval(key_expr, names)?;
        made.sensitive |= key_value.is_sensitive();
        let key = self.key(&key_value, key_expr.span)?;
        let value = self.eval(&repeat.result, names)?;
        let Some(key) = key else {
            made.unknown = true;
            return Ok(());
        };
        if repeat.group {
            made.groups.entry(key).or_default().push(value);
            return Ok(());
        }
        match made.entries.entry(key) {
            Entry::Vacant(entry) => drop(entry.insert(value)),
            Entry::Occupied(entry) => {
                return Err(self.duplicate(&key_value, entry.key(), key_expr.span).into());
            }
        }
        Ok(())
    }

    fn duplicate(&self, value: &Value, key: &str, span: Span) -> Diagnostic {
        let given = if self.hides(value) { String::new() } else { format!(" {}", show::text(key)) };
        Diagnostic::error(
            "Duplicate object key",
            format!("Two elements of this `for` make the same key{given}."),
        )
        .at(span)
        .help("Make the keys distinct, or write `...` behind the value to group those of one key in a list.")
    }

    /// Calls `visit` with the names bound for each element.
    pub(super) fn go_through(
        &self,
        collection: &Value,
        bindings: &Bindings<'_>,
        names: Option<&Names<'_>>,
        span: Span,
        visit: &mut dyn FnMut(Option<&Names<'_>>) -> Result<(), Diagnostics>,
    ) -> Result<Course, Diagnostics> {
        let sensitive = collection.is_sensitive();
        if self.has_unknown_elements(collection, span)? {
            return Ok(Course::Unknown { sensitive });
        }
        let mut bind = |key: &Value, value: &Value| -> Result<(), Diagnostics> {
            self.charge(self.budget.steps(1), span)?;
            let outer = bindings.key.map(|name| Names { outer: names, name, value: key });
            let inner = Names { outer: outer.as_ref().or(names), name: bindings.value, value };
            visit(Some(&inner))
        };
        self.hiding(sensitive, || match collection.parts() {
            Parts::Items(items) if matches!(collection.kind(), Kind::Set(_)) => {
                items.iter().try_for_each(|item| bind(item, item))
            }
            Parts::Items(items) => {
                (0..).zip(items).try_for_each(|(at, item)| bind(&Value::integer(at), item))
            }
            Parts::Entries(map) => {
                map.iter().try_for_each(|(key, item)| bind(&Value::string(Arc::clone(key)), item))
            }
            Parts::Leaf => Err(self.not_iterable(collection, span).into()),
        })?;
        Ok(Course::Done { sensitive })
    }

    fn not_iterable(&self, value: &Value, span: Span) -> Diagnostic {
        let detail =
            format!("A `for` goes through a list, a set or a map, but this is {}.", self.show(value));
        let help = if value.is_null() {
            "Write `coalesce(..., [])` where it may be null."
        } else {
            "Put a single value in brackets: `[x]`; take a string apart with `split(...)`."
        };
        Diagnostic::error("Iteration over what is no collection", detail).at(span).help(help)
    }
}
