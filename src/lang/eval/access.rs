//! References, attributes, indexes and splats.

use std::sync::Arc;

use relplan_contract::{Kind, Number, Parts, Value};

use super::operators::text_of;
use super::{Evaluated, Evaluator, Locals, error, subject_of};
use crate::addr::quoted;
use crate::diag::{Diagnostics, did_you_mean};
use crate::lang::ast::{Access, Expr, Node};
use crate::source::Span;

impl Evaluator<'_> {
    pub(super) fn access(&self, expr: &Expr, locals: &mut Locals) -> Evaluated {
        let (base, steps): (&Expr, &[Access]) = match &expr.node {
            Node::Access(base, steps) => (base, steps),
            _ => (expr, &[]),
        };
        let Node::Name(name) = &base.node else {
            let value = self.eval(base, locals)?;
            return self.steps(value, steps, expr.span, locals);
        };
        if let Some((_, value)) = locals.iter().rev().find(|(bound, _)| bound == name) {
            let value = value.clone();
            return self.steps(value, steps, expr.span, locals);
        }
        let Some((subject, taken)) = subject_of(name, steps) else {
            return Err(error(
                "Incomplete reference",
                format!("{name:?} alone refers to nothing."),
                base.span,
            )
            .help("Name what you mean, as in `var.region`, `local.tags` or `git_tag.app.commit`.")
            .into());
        };
        let value = self.scope.resolve(&subject, expr.span)?;
        self.steps(value, steps.get(taken..).unwrap_or_default(), expr.span, locals)
    }

    fn steps(&self, value: Value, steps: &[Access], span: Span, locals: &mut Locals) -> Evaluated {
        let Some((step, rest)) = steps.split_first() else { return Ok(value) };
        self.step(span)?;
        match step {
            Access::Attribute(name, place) => {
                let inner = attribute(&value, name, *place)?;
                self.steps(inner, rest, span, locals)
            }
            Access::Index(index) => {
                let key = self.eval(index, locals)?;
                let inner = element(&value, &key, index.span)?;
                self.steps(inner, rest, span, locals)
            }
            Access::AttributeSplat(_) => {
                let is_attribute = |step: &&Access| matches!(step, Access::Attribute(..));
                let taken = rest.iter().take_while(is_attribute).count();
                let (each, behind) = rest.split_at(taken);
                let list = self.splat(&value, each, span, locals)?;
                self.steps(list, behind, span, locals)
            }
            Access::FullSplat(_) => self.splat(&value, rest, span, locals),
        }
    }

    /// The steps taken of each element: null has none, and what is no list is one element.
    fn splat(&self, value: &Value, steps: &[Access], span: Span, locals: &mut Locals) -> Evaluated {
        let sensitive = value.is_sensitive();
        let items = match (value.kind(), value.parts()) {
            (Kind::Unknown, _) => return Ok(value.clone()),
            (Kind::Null, _) => Vec::new(),
            (_, Parts::Items(items)) => items.to_vec(),
            _ => vec![value.clone().unmark()],
        };
        self.grow(items.len() as u64, span)?;
        let mut found = Diagnostics::default();
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match self.steps(item, steps, span, locals) {
                Ok(value) => values.push(value),
                Err(errors) if found.is_empty() => found.extend(errors),
                Err(_) => {}
            }
        }
        if found.has_errors() { Err(found) } else { Ok(Value::list(values).mark(sensitive)) }
    }
}

/// An attribute of an object; `.0` of a list is an index.
fn attribute(value: &Value, name: &Arc<str>, place: Span) -> Evaluated {
    let sensitive = value.is_sensitive();
    match (value.kind(), value.parts()) {
        (Kind::Unknown | Kind::Sealed(_), _) => Ok(Value::UNKNOWN.mark(sensitive)),
        (_, Parts::Entries(map)) => match map.get(name) {
            Some(inner) => Ok(inner.clone().mark(sensitive)),
            None => {
                let names = map.keys().map(|key| &**key);
                let near = if sensitive { None } else { did_you_mean(name, names) };
                let help = near.map_or_else(String::new, |near| format!("Did you mean {}?", quoted(near)));
                let detail = format!("This object has no attribute named {}.", quoted(name));
                Err(error("Unsupported attribute", detail, place).help(help).into())
            }
        },
        (Kind::Null, _) => Err(error(
            "Attribute of null",
            format!("This is null, so it has no attribute {}.", quoted(name)),
            place,
        )
        .help("Check for null first, or wrap it in try().")
        .into()),
        (_, Parts::Items(_)) if name.bytes().all(|byte| byte.is_ascii_digit()) => {
            let index = Number::parse(name).map_or(Value::NULL, Value::from);
            element(value, &index, place)
        }
        (_, Parts::Items(_)) => Err(error(
            "Unsupported attribute",
            format!("This is a {}, so it has no attribute {}.", value.kind_name(), quoted(name)),
            place,
        )
        .help("Choose an element, as in `[0]`, or take the attribute of each with `[*]`.")
        .into()),
        _ => Err(error(
            "Unsupported attribute",
            format!("This is a {}, so it has no attributes.", value.kind_name()),
            place,
        )
        .into()),
    }
}

/// An element by its index or key.
fn element(value: &Value, key: &Value, place: Span) -> Evaluated {
    let sensitive = value.is_sensitive() || key.is_sensitive();
    if value.is_unknown() || key.is_unknown() || matches!(value.kind(), Kind::Sealed(_)) {
        return Ok(Value::UNKNOWN.mark(sensitive));
    }
    let found = match (value.kind(), value.parts()) {
        (Kind::List(_), Parts::Items(items)) => {
            let number = match key.kind() {
                Kind::String(text) => text.parse::<i64>().ok(),
                _ => key.as_i64(),
            };
            let Some(number) = number else {
                let detail =
                    format!("A list is indexed by a whole number, but this is a {}.", key.kind_name());
                return Err(error("Invalid index", detail, place).into());
            };
            let item = usize::try_from(number).ok().and_then(|index| items.get(index));
            item.ok_or_else(|| {
                let shown =
                    if key.is_sensitive() { "this index".to_owned() } else { format!("index {number}") };
                error(
                    "Invalid index",
                    format!("The list has {} elements, so {shown} is outside of it.", items.len()),
                    place,
                )
                .help("Indexes begin at 0.")
            })?
        }
        (_, Parts::Entries(map)) => {
            let Some(text) = text_of(key) else {
                let detail = format!("A map is indexed by text, but this is a {}.", key.kind_name());
                return Err(error("Invalid index", detail, place).into());
            };
            map.get(&text).ok_or_else(|| {
                let hidden = sensitive;
                let near = if hidden { None } else { did_you_mean(&text, map.keys().map(|key| &**key)) };
                let shown = if key.is_sensitive() {
                    "this key".to_owned()
                } else {
                    format!("the key {}", quoted(&text))
                };
                let help = near.map_or_else(
                    || "Use lookup() to give a value for when it is missing.".to_owned(),
                    |near| format!("Did you mean {}?", quoted(near)),
                );
                error("Missing key", format!("The map has no element with {shown}."), place).help(help)
            })?
        }
        (Kind::Set(_), _) => {
            return Err(error(
                "Invalid index",
                "The elements of a set have no order, so they cannot be indexed.",
                place,
            )
            .help("Convert it with tolist() first.")
            .into());
        }
        _ => {
            let detail = format!("This is {}, so it has no elements.", value.kind_name());
            return Err(error("Invalid index", detail, place).into());
        }
    };
    Ok(found.clone().mark(sensitive))
}
