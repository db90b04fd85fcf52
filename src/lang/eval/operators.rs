//! Operators: arithmetic, comparison, logic.

use std::sync::Arc;

use relplan_contract::{Kind, Number, NumberError, Type, Value};

use super::{Evaluated, Evaluator, Locals, error};
use crate::diag::Diagnostics;
use crate::lang::ast::{BinaryOp, Expr, Node, UnaryOp};
use crate::source::Span;

impl Evaluator<'_> {
    /// Chains of operators are nested to the left, and may be longer than the stack is deep: they are walked.
    pub(super) fn binary_chain(&self, expr: &Expr, locals: &mut Locals) -> Evaluated {
        let mut chain = Vec::new();
        let mut leftmost = expr;
        while let Node::Binary(left, op, right) = &leftmost.node {
            chain.push((*op, &**right, left.span));
            leftmost = left;
        }
        let mut value = self.eval(leftmost, locals)?;
        while let Some((op, right, left_span)) = chain.pop() {
            self.step(right.span)?;
            value = self.binary(&value, left_span, op, right, locals)?;
        }
        Ok(value)
    }

    fn binary(
        &self,
        left: &Value,
        left_span: Span,
        op: BinaryOp,
        right: &Expr,
        locals: &mut Locals,
    ) -> Evaluated {
        // What decides alone is not followed further, as in `var.x != null && var.x.y`.
        let decided = match op {
            BinaryOp::And => Some(false),
            BinaryOp::Or => Some(true),
            _ => None,
        };
        if let Some(decided) = decided
            && !left.is_unknown()
            && truth(left, left_span, "An operand of && and ||")? == decided
        {
            return Ok(Value::from(decided).mark(left.is_sensitive()));
        }
        let right_value = self.eval(right, locals)?;
        let sensitive = left.is_sensitive() || right_value.is_sensitive();
        let value = match op {
            BinaryOp::Equal => equal(left, &right_value),
            BinaryOp::NotEqual => match equal(left, &right_value).as_bool() {
                Some(same) => Value::from(!same),
                None => Value::UNKNOWN,
            },
            BinaryOp::And | BinaryOp::Or => logic(op, left, left_span, &right_value, right.span)?,
            _ if left.is_unknown() || right_value.is_unknown() => Value::UNKNOWN,
            BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => {
                let (a, b) = (number(left, left_span)?, number(&right_value, right.span)?);
                Value::from(match op {
                    BinaryOp::Less => a < b,
                    BinaryOp::LessOrEqual => a <= b,
                    BinaryOp::Greater => a > b,
                    _ => a >= b,
                })
            }
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Remainder => {
                let (a, b) = (number(left, left_span)?, number(&right_value, right.span)?);
                let result = match op {
                    BinaryOp::Add => a.add(&b),
                    BinaryOp::Subtract => a.sub(&b),
                    BinaryOp::Multiply => a.mul(&b),
                    BinaryOp::Divide => a.div(&b),
                    _ => a.rem(&b),
                };
                Value::from(
                    result.map_err(|problem| arithmetic(problem, left_span.to(right.span), right.span))?,
                )
            }
        };
        Ok(value.mark(sensitive))
    }

    pub(super) fn unary(&self, op: UnaryOp, operand: &Expr, locals: &mut Locals) -> Evaluated {
        let value = self.eval(operand, locals)?;
        if value.is_unknown() {
            return Ok(value);
        }
        let sensitive = value.is_sensitive();
        let result = match op {
            UnaryOp::Negate => Value::from(number(&value, operand.span)?.neg()),
            UnaryOp::Not => Value::from(!truth(&value, operand.span, "The operand of !")?),
        };
        Ok(result.mark(sensitive))
    }
}

/// Whether two values are the same; unknown where that cannot be told yet.
fn equal(left: &Value, right: &Value) -> Value {
    if left.is_null() || right.is_null() {
        let unknown = left.is_unknown() || right.is_unknown();
        return if unknown { Value::UNKNOWN } else { Value::from(left.is_null() && right.is_null()) };
    }
    if left.has_unknown() || right.has_unknown() {
        return Value::UNKNOWN;
    }
    let sealed = |value: &Value| matches!(value.kind(), Kind::Sealed(_));
    if sealed(left) != sealed(right) {
        return Value::UNKNOWN;
    }
    Value::from(left == right)
}

fn logic(op: BinaryOp, left: &Value, left_span: Span, right: &Value, right_span: Span) -> Evaluated {
    let name = "An operand of && and ||";
    let known =
        |value: &Value, span| if value.is_unknown() { Ok(None) } else { truth(value, span, name).map(Some) };
    let (a, b) = (known(left, left_span)?, known(right, right_span)?);
    Ok(match (op, a, b) {
        (BinaryOp::And, Some(false), _) | (BinaryOp::And, _, Some(false)) => Value::from(false),
        (BinaryOp::Or, Some(true), _) | (BinaryOp::Or, _, Some(true)) => Value::from(true),
        (_, None, _) | (_, _, None) => Value::UNKNOWN,
        (_, Some(_), Some(b)) => Value::from(b),
    })
}

/// The truth of a value that is known.
pub(super) fn truth(value: &Value, span: Span, what: &str) -> Result<bool, Diagnostics> {
    let converted =
        if value.is_null() { None } else { Type::Bool.convert(value).ok().and_then(|value| value.as_bool()) };
    converted.ok_or_else(|| {
        let detail = format!("{what} must be true or false, but this is {}.", a_kind(value));
        error("Bool required", detail, span).into()
    })
}

/// The number of a value that is known.
fn number(value: &Value, span: Span) -> Result<Number, Diagnostics> {
    let converted = if value.is_null() { None } else { Type::Number.convert(value).ok() };
    match converted.as_ref().map(Value::kind) {
        Some(Kind::Number(number)) => Ok(number.clone()),
        _ => {
            let detail = format!("An operand must be a number, but this is {}.", a_kind(value));
            let text = value.as_str().is_some();
            let help = if text { "To join texts, write them into one template: \"${a}${b}\"." } else { "" };
            Err(error("Number required", detail, span).help(help).into())
        }
    }
}

fn arithmetic(problem: NumberError, whole: Span, divisor: Span) -> Diagnostics {
    match problem {
        NumberError::DivisionByZero => {
            error("Division by zero", "The divisor is 0.", divisor).help("Check for 0 before dividing.")
        }
        NumberError::Overflow | NumberError::Malformed => {
            error("Number too large", format!("The result cannot be represented: {problem}."), whole)
        }
    }
    .into()
}

/// The text of a primitive: how it stands in a template or as a key.
#[must_use]
pub fn text_of(value: &Value) -> Option<Arc<str>> {
    match value.kind() {
        Kind::String(text) => Some(Arc::clone(text)),
        Kind::Number(number) => Some(number.to_string().into()),
        Kind::Bool(truth) => Some(truth.to_string().into()),
        Kind::Null | Kind::List(_) | Kind::Set(_) | Kind::Map(_) | Kind::Sealed(_) | Kind::Unknown => None,
    }
}

/// The kind of a value with its article.
pub(super) fn a_kind(value: &Value) -> String {
    if value.is_null() { "null".to_owned() } else { format!("a {}", value.kind_name()) }
}
