//! `+ - * / %`, comparisons, equality, `&& || !`.

use relplan_contract::{Kind, NumberError, Type, Value};

use super::names::Names;
use super::{Evaluator, Outcome, both, is_unreadable};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{BinaryOp, Expr, Node, UnaryOp};
use crate::source::Span;

/// An operand with its place.
struct Operand {
    value: Value,
    span: Span,
}

impl Evaluator<'_> {
    pub(super) fn unary(&self, op: UnaryOp, operand: &Expr, names: Option<&Names<'_>>) -> Outcome {
        let value = self.eval(operand, names)?;
        let (ty, sign) = match op {
            UnaryOp::Negate => (Type::Number, "-"),
            UnaryOp::Not => (Type::Bool, "!"),
        };
        let fitted = self.operand(&ty, sign, &value, operand.span)?;
        let result = match fitted.kind() {
            Kind::Number(number) => Value::from(number.neg()),
            Kind::Bool(truth) => Value::from(!truth),
            Kind::Null
            | Kind::String(_)
            | Kind::List(_)
            | Kind::Set(_)
            | Kind::Map(_)
            | Kind::Sealed(_)
            | Kind::Unknown => Value::UNKNOWN,
        };
        Ok(result.mark(value.is_sensitive()))
    }

    /// A chain of operators is nested to the left: it is gone down in a loop, so that its length costs no stack.
    pub(super) fn binary(&self, expr: &Expr, names: Option<&Names<'_>>) -> Outcome {
        let mut chain = Vec::new();
        let mut first = expr;
        while let Node::Binary(left, op, right) = &first.node {
            chain.push((first.span, *op, &**right));
            first = left;
        }
        let mut left = self.eval(first, names);
        let mut left_span = first.span;
        while let Some((span, op, right)) = chain.pop() {
            self.charge(self.budget.steps(1), span)?;
            left = if let BinaryOp::And | BinaryOp::Or = op {
                self.logical(left, left_span, op, right, names)
            } else {
                both(left, self.eval(right, names)).and_then(|(left, value)| {
                    let left = Operand { value: left, span: left_span };
                    let right = Operand { value, span: right.span };
                    self.apply(op, &left, &right, span)
                })
            };
            left_span = span;
        }
        left
    }

    /// `&&` (decided by false) and `||` (decided by true).
    fn logical(
        &self,
        left: Outcome,
        left_span: Span,
        op: BinaryOp,
        right_expr: &Expr,
        names: Option<&Names<'_>>,
    ) -> Outcome {
        let (sign, decided_by) = (sign(op), op == BinaryOp::Or);
        let left = left?;
        let fitted = self.operand(&Type::Bool, sign, &left, left_span)?;
        if fitted.as_bool() == Some(decided_by) {
            return Ok(fitted);
        }
        let right = self
            .eval(right_expr, names)
            .and_then(|value| self.operand(&Type::Bool, sign, &value, right_expr.span));
        let right = match right {
            // What the right side guards against may not be so: the left side may yet leave it out.
            Err(_) if is_unreadable(&fitted) => return Ok(Value::UNKNOWN.mark(left.is_sensitive())),
            other => other?,
        };
        let sensitive = left.is_sensitive() || right.is_sensitive();
        let result = match (fitted.as_bool(), right.as_bool()) {
            (_, Some(truth)) if truth == decided_by => Value::from(truth),
            (Some(_), Some(truth)) => Value::from(truth),
            _ => Value::UNKNOWN,
        };
        Ok(result.mark(sensitive))
    }

    fn apply(&self, op: BinaryOp, left: &Operand, right: &Operand, span: Span) -> Outcome {
        if let BinaryOp::Equal | BinaryOp::NotEqual = op {
            return self.equality(op == BinaryOp::Equal, left, right, span);
        }
        self.arithmetic(op, left, right, span)
    }

    fn equality(&self, wanted: bool, left: &Operand, right: &Operand, span: Span) -> Outcome {
        let surveyed_left = self.charge(self.budget.survey(&left.value), span)?;
        let surveyed_right = self.charge(self.budget.survey(&right.value), span)?;
        let same = if surveyed_left.unknown || surveyed_right.unknown {
            equal(&left.value, &right.value)
        } else {
            Some(left.value == right.value)
        };
        let result = same.map_or(Value::UNKNOWN, |same| Value::from(same == wanted));
        Ok(result.mark(surveyed_left.sensitive || surveyed_right.sensitive))
    }

    fn arithmetic(&self, op: BinaryOp, left: &Operand, right: &Operand, span: Span) -> Outcome {
        let sign = sign(op);
        let fit = |operand: &Operand| self.operand(&Type::Number, sign, &operand.value, operand.span);
        let (a, b) = both(fit(left), fit(right))?;
        let sensitive = a.is_sensitive() || b.is_sensitive();
        let (Kind::Number(a), Kind::Number(b)) = (a.kind(), b.kind()) else {
            return Ok(Value::UNKNOWN.mark(sensitive));
        };
        let result = match op {
            BinaryOp::Add => a.add(b).map(Value::from),
            BinaryOp::Subtract => a.sub(b).map(Value::from),
            BinaryOp::Multiply => a.mul(b).map(Value::from),
            BinaryOp::Divide => a.div(b).map(Value::from),
            BinaryOp::Remainder => a.rem(b).map(Value::from),
            BinaryOp::Less => Ok(Value::from(a < b)),
            BinaryOp::LessOrEqual => Ok(Value::from(a <= b)),
            BinaryOp::Greater => Ok(Value::from(a > b)),
            BinaryOp::GreaterOrEqual => Ok(Value::from(a >= b)),
            // These four are no arithmetic and do not come here.
            BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::And | BinaryOp::Or => Ok(Value::UNKNOWN),
        };
        match result {
            Ok(value) => Ok(value.mark(sensitive)),
            Err(error) => Err(failed(error, right.span, span).into()),
        }
    }

    /// An operand made to fit its operator; unknown ones stay so.
    fn operand(&self, ty: &Type, sign: &str, value: &Value, span: Span) -> Result<Value, Diagnostics> {
        if value.is_null() {
            return Err(Diagnostic::error(
                "Operand is null",
                format!("`{sign}` needs a {ty}, but this is null."),
            )
            .at(span)
            .help("Give a value, or write `coalesce(...)` for a default.")
            .into());
        }
        ty.convert(value).map_err(|_| {
            let help = match (ty, value.kind()) {
                (Type::Number, Kind::String(_)) if sign == "+" => "To join strings, write \"${a}${b}\".",
                (Type::Number, Kind::List(_)) if sign == "+" => "To join lists, use `concat(...)`.",
                (Type::Number, Kind::Map(_)) if sign == "+" => "To join maps, use `merge(...)`.",
                (Type::Number, Kind::String(_)) => "Only strings such as \"12.5\" stand for a number.",
                (Type::Bool, Kind::String(_)) => "Only the strings \"true\" and \"false\" stand for a bool.",
                (Type::Bool, Kind::Number(_)) => "Write a comparison, for example `x != 0`.",
                _ => "Use another value, or a part of this one.",
            };
            let detail = format!("`{sign}` needs a {ty}, but this is {}.", self.show(value));
            Diagnostic::error("Invalid operand", detail).at(span).help(help).into()
        })
    }
}

fn failed(error: NumberError, divisor: Span, span: Span) -> Diagnostic {
    match error {
        NumberError::DivisionByZero => {
            Diagnostic::error("Division by zero", "The divisor is zero, so there is no result.")
                .at(divisor)
                .help("Guard it with a condition, for example `n == 0 ? 0 : total / n`.")
        }
        NumberError::Overflow | NumberError::Malformed => {
            Diagnostic::error("Number too large", "The result has more digits than a number can have.")
                .at(span)
                .help("Use smaller numbers.")
        }
    }
}

/// Whether two values are equal, unless what is unknown in them decides that.
pub(super) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left.kind(), right.kind()) {
        (Kind::Sealed(a), Kind::Sealed(b)) if a == b => Some(true),
        (Kind::Unknown | Kind::Sealed(_), _) | (_, Kind::Unknown | Kind::Sealed(_)) => None,
        (Kind::List(a), Kind::List(b)) if a.len() == b.len() => {
            a.iter().zip(b.iter()).map(|(a, b)| equal(a, b)).fold(Some(true), and)
        }
        (Kind::Map(a), Kind::Map(b)) if a.len() == b.len() && a.keys().eq(b.keys()) => {
            a.values().zip(b.values()).map(|(a, b)| equal(a, b)).fold(Some(true), and)
        }
        // Which elements of a set with unknown ones are the same is not known yet.
        (Kind::Set(a), Kind::Set(b)) => {
            let unknown = a.iter().chain(b.iter()).any(Value::has_unknown);
            (!unknown).then_some(a == b)
        }
        (a, b) => Some(a == b),
    }
}

const fn and(all: Option<bool>, next: Option<bool>) -> Option<bool> {
    match (all, next) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// The operator as it is written.
const fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterOrEqual => ">=",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
    }
}
