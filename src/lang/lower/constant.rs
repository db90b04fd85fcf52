//! Constants: values that are known without evaluating anything.

use std::time::Duration;

use relplan_contract::{Kind, Map, Path, Step, Type, Value};

use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Expr, Node, UnaryOp};
use crate::lang::config::Attribute;
use crate::source::Span;

/// The value of an expression of literals, lists and objects; none, with a diagnostic, for any other.
///
/// A value that could not be parsed has its diagnostic already, so that it gets none here.
pub(crate) fn value(expr: &Expr, name: &str, diagnostics: &mut Diagnostics) -> Option<Value> {
    match evaluate(expr) {
        Ok(value) if value.has_unknown() => None,
        Ok(value) => Some(value),
        Err(span) => {
            diagnostics.push(
                Diagnostic::error(
                    "Constant needed",
                    format!("`{name}` is read before anything is evaluated, so it can have no references, functions or operators."),
                )
                .at(span)
                .help("Write the value out."),
            );
            None
        }
    }
}

/// The constant value of an argument, made to fit a type; none for null and after a diagnostic.
pub(super) fn typed(attribute: &Attribute, ty: &Type, diagnostics: &mut Diagnostics) -> Option<Value> {
    let value = value(&attribute.expr, &attribute.name, diagnostics)?;
    match ty.convert(&value) {
        Ok(value) if value.is_null() => None,
        Ok(value) => Some(value),
        Err(misfit) => {
            diagnostics.push(
                Diagnostic::error("Wrong type", format!("`{}` does not fit: {misfit}.", attribute.name))
                    .at(place_of(&attribute.expr, &misfit.path))
                    .help(format!("Give a value of the type {ty}.")),
            );
            None
        }
    }
}

/// The place of the part of an expression that a path leads to, as far as it is written out.
pub(crate) fn place_of(expr: &Expr, path: &Path) -> Span {
    let mut at = expr;
    for step in &path.0 {
        let part = match (&at.node, step) {
            (Node::List(items), Step::Index(index)) => items.get(*index),
            (Node::Object(entries), Step::Key(name)) => {
                let is_wanted = |key: &Expr| key.as_literal().and_then(Value::as_str) == Some(&**name);
                entries.iter().find(|(key, _)| is_wanted(key)).map(|(_, value)| value)
            }
            _ => None,
        };
        let Some(part) = part else { break };
        at = part;
    }
    at.span
}

/// The value, or the place that is not constant.
fn evaluate(expr: &Expr) -> Result<Value, Span> {
    match &expr.node {
        Node::Literal(value) => Ok(value.clone()),
        Node::Parens(inner) => evaluate(inner),
        Node::List(items) => Ok(Value::list(items.iter().map(evaluate).collect::<Result<Vec<_>, _>>()?)),
        Node::Object(entries) => {
            let mut map = Map::new();
            for (key, item) in entries {
                let text = Type::String.convert(&evaluate(key)?).map_err(|_| key.span)?;
                map.insert(text.as_str().ok_or(key.span)?.into(), evaluate(item)?);
            }
            Ok(Value::map(map))
        }
        Node::Unary(UnaryOp::Negate, inner) => match evaluate(inner)?.kind() {
            Kind::Number(number) => Ok(Value::from(number.neg())),
            Kind::Unknown => Ok(Value::UNKNOWN),
            Kind::Null
            | Kind::Bool(_)
            | Kind::String(_)
            | Kind::List(_)
            | Kind::Set(_)
            | Kind::Map(_)
            | Kind::Sealed(_) => Err(expr.span),
        },
        Node::Template(_)
        | Node::Name(_)
        | Node::Access(..)
        | Node::Call(_)
        | Node::Conditional(..)
        | Node::Unary(UnaryOp::Not, _)
        | Node::Binary(..)
        | Node::For(_) => Err(expr.span),
    }
}

/// Reads `90s`, `5m`, `1h30m`, `250ms`, `2d`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at(digits);
        let length = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(length);
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let milliseconds = number.parse::<u64>().ok()?.checked_mul(unit_ms)?;
        total = total.checked_add(Duration::from_millis(milliseconds))?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_numbers_with_units() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs_f64());
        assert_eq!(seconds("90s"), Some(90.0));
        assert_eq!(seconds("1h30m"), Some(5_400.0));
        assert_eq!(seconds("1m500ms"), Some(60.5));
        assert_eq!(seconds("2d"), Some(172_800.0));
        for bad in ["", "s", "5", "5x", "-5s", "1.5h", "5 s", "99999999999999999999s"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
