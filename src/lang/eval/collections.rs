//! `for` expressions.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Kind, Parts, Value};

use super::operators::{a_kind, truth};
use super::{Evaluated, Evaluator, Key, Locals, error, key_text};
use crate::addr::quoted;
use crate::diag::Diagnostics;
use crate::lang::ast::{Expr, For};
use crate::source::Span;

/// What a loop goes through: each key or index with its element.
pub(super) enum Rounds {
    /// The rounds, and whether the collection is sensitive as a whole.
    Known(Vec<(Value, Value)>, bool),
    /// Known after apply, and whether it is sensitive.
    Unknown(bool),
}

/// The rounds of a loop over a value.
pub(super) fn rounds(value: &Value, span: Span) -> Result<Rounds, Diagnostics> {
    let sensitive = value.is_sensitive();
    Ok(match (value.kind(), value.parts()) {
        (Kind::Unknown | Kind::Sealed(_), _) => Rounds::Unknown(sensitive),
        (Kind::Set(_), Parts::Items(items)) => {
            Rounds::Known(items.iter().map(|item| (item.clone(), item.clone())).collect(), sensitive)
        }
        (_, Parts::Items(items)) => {
            let indexes = (0..).map(Value::integer);
            Rounds::Known(indexes.zip(items.iter().cloned()).collect(), sensitive)
        }
        (_, Parts::Entries(map)) => {
            let entry = |(key, item): (&Arc<str>, &Value)| (Value::string(Arc::clone(key)), item.clone());
            Rounds::Known(map.iter().map(entry).collect(), sensitive)
        }
        (_, Parts::Leaf) => {
            let detail = format!(
                "Only lists, sets, maps and objects can be gone through, but this is {}.",
                a_kind(value)
            );
            return Err(error("Not a collection", detail, span).into());
        }
    })
}

impl Evaluator<'_> {
    pub(super) fn for_expr(&self, looped: &For, span: Span, locals: &mut Locals) -> Evaluated {
        let collection = self.eval(&looped.collection, locals)?;
        let (rounds, sensitive) = match rounds(&collection, looped.collection.span)? {
            Rounds::Known(rounds, sensitive) => (rounds, sensitive),
            Rounds::Unknown(sensitive) => return Ok(Value::UNKNOWN.mark(sensitive)),
        };
        let mut made = Made { sensitive, ..Made::default() };
        for (key, item) in rounds {
            let depth = locals.len();
            if let Some(name) = &looped.key {
                locals.push((Arc::clone(name), key.mark(sensitive)));
            }
            locals.push((Arc::clone(&looped.value), item.mark(sensitive)));
            let round = self.round(looped, span, locals, &mut made);
            locals.truncate(depth);
            // One round's error is every round's: the first is enough.
            round?;
        }
        Ok(made.finish(looped))
    }

    fn round(
        &self,
        looped: &For,
        span: Span,
        locals: &mut Locals,
        made: &mut Made,
    ) -> Result<(), Diagnostics> {
        self.grow(1, span)?;
        if let Some(condition) = &looped.condition {
            let kept = self.eval(condition, locals)?;
            made.sensitive |= kept.is_sensitive();
            if kept.is_unknown() {
                made.unknown = true;
                return Ok(());
            }
            if !truth(&kept, condition.span, "The condition of a for expression")? {
                return Ok(());
            }
        }
        let Some(result_key) = &looped.result_key else {
            made.items.push(self.eval(&looped.result, locals)?);
            return Ok(());
        };
        let key = key_text(&self.eval(result_key, locals)?, result_key.span)?;
        let value = self.eval(&looped.result, locals)?;
        match key {
            Key::Unknown(marked) => {
                made.unknown = true;
                made.sensitive |= marked;
                Ok(())
            }
            Key::Text(text, marked) => made.insert(text, marked, value, looped.group, result_key),
        }
    }
}

/// What the rounds have made so far.
#[derive(Default)]
struct Made {
    items: Vec<Value>,
    entries: BTreeMap<Arc<str>, Value>,
    groups: BTreeMap<Arc<str>, Vec<Value>>,
    sensitive: bool,
    unknown: bool,
}

impl Made {
    fn insert(
        &mut self,
        text: Arc<str>,
        marked: bool,
        value: Value,
        group: bool,
        key: &Expr,
    ) -> Result<(), Diagnostics> {
        self.sensitive |= marked;
        if group {
            self.groups.entry(text).or_default().push(value);
            return Ok(());
        }
        if self.entries.contains_key(&text) {
            let shown =
                if self.sensitive { "one key".to_owned() } else { format!("the key {}", quoted(&text)) };
            return Err(error("Duplicate key", format!("Two elements have {shown}."), key.span)
                .help("Make the keys distinct, or put `...` behind the value to group them.")
                .into());
        }
        self.entries.insert(text, value);
        Ok(())
    }

    fn finish(self, looped: &For) -> Value {
        let value = if self.unknown {
            Value::UNKNOWN
        } else if looped.result_key.is_none() {
            Value::list(self.items)
        } else if looped.group {
            Value::map(self.groups.into_iter().map(|(key, items)| (key, Value::list(items))))
        } else {
            Value::map(self.entries)
        };
        value.mark(self.sensitive)
    }
}
