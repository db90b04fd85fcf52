//! From expressions to values: pure, bounded, and with Terraform's results.
//!
//! [`evaluate`] walks an [`Expr`]. What a reference stands for is the [`Scope`]'s to tell; files and the time come
//! from the [`Host`]; what it may cost stands in the [`Budget`].
//!
//! Two notions run through all of it. A value may be **unknown**: whatever is computed from it is unknown, unless
//! the rest decides the result (`unknown && false`, a conditional with two equal results, the length of a list of
//! unknowns). A value may be **sensitive**: so is whatever is computed from it, and no message shows it. A sealed
//! value, of which only a fingerprint was kept, is passed on as it is, and unknown to everything that reads it.
//!
//! Differences to Terraform, all of them deliberate:
//! - `1/0`, `5 % 0` and results with more digits than a [`Number`](relplan_contract::Number) holds are errors;
//! - decimals are exact: `0.1 + 0.2 == 0.3`;
//! - `&&` and `||` leave out the right side when the left one decides (as from Terraform 1.12 on);
//! - while the condition of a conditional, or the left side of `&&` and `||`, is unknown, what is wrong with the parts
//!   that it guards is not reported;
//! - tuples are lists and objects are maps, so that `[1] == tolist([1])`, and `list.0` works wherever `list[0]` does.

use relplan_contract::Value;

use super::ast::{Expr, Node};
use super::config::Reference;
use super::functions::Host;
use crate::diag::Diagnostics;
use crate::source::Span;

mod access;
mod allowance;
pub(super) mod budget;
mod call;
mod collection;
mod conditional;
mod names;
mod operators;
pub(super) mod show;
mod template;
pub(super) mod unify;

pub use allowance::{Allowance, Clock, Totals};
pub use budget::{Budget, Limits, MAX_VALUE_DEPTH};

use budget::Exceeded;
use names::Names;

/// What the names of a module stand for.
pub trait Scope {
    /// The whole value of what is referred to. For a resource or module call with `for_each` that is a map of its
    /// instances, with `count` a list; for `each`, `count`, `release` and `path` an object of their attributes.
    /// The steps behind the reference are taken by the evaluator.
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics>;
}

/// The value of an expression, or all that is wrong with it. Where several parts stand side by side (items,
/// entries, arguments, operands), the findings of each are reported.
pub fn evaluate(
    expr: &Expr,
    scope: &dyn Scope,
    host: &dyn Host,
    budget: &Budget,
) -> Result<Value, Diagnostics> {
    let evaluator = Evaluator { scope, host, budget, hidden: std::cell::Cell::new(false) };
    budget.spend(|| {
        let outcome = evaluator.eval(expr, None);
        // `try` and an unknown condition hide errors, but never that a limit was passed.
        budget.check()?;
        let value = outcome?;
        budget.admit(&value, expr.span)?;
        Ok(value)
    })
}

type Outcome = Result<Value, Diagnostics>;

struct Evaluator<'e> {
    scope: &'e dyn Scope,
    host: &'e dyn Host,
    budget: &'e Budget,
    /// Whether the elements of a sensitive collection are being gone through: then no value may be shown. The
    /// elements carry no mark of their own, since the result is marked as a whole.
    hidden: std::cell::Cell<bool>,
}

impl Evaluator<'_> {
    fn eval(&self, expr: &Expr, names: Option<&Names<'_>>) -> Outcome {
        let _level = self.budget.enter(expr.span)?;
        match &expr.node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Template(parts) => self.template(parts, names, expr.span),
            Node::List(items) => self.list(items, names, expr.span),
            Node::Object(entries) => self.object(entries, names, expr.span),
            Node::Name(_) | Node::Access(..) => self.access(expr, names),
            Node::Call(call) => self.call(call, expr.span, names),
            Node::Conditional(condition, yes, no) => self.conditional(condition, yes, no, names, expr.span),
            Node::Unary(op, operand) => self.unary(*op, operand, names),
            Node::Binary(..) => self.binary(expr, names),
            Node::For(repeat) => self.repeat(repeat, names),
            Node::Parens(inner) => self.eval(inner, names),
        }
    }

    /// How a value is named in a message.
    fn show(&self, value: &Value) -> String {
        show::value(value, self.hidden.get())
    }

    /// Whether the parts of a value must stay out of messages.
    fn hides(&self, value: &Value) -> bool {
        self.hidden.get() || value.is_sensitive()
    }

    /// Does `work`, hiding values in messages when `hide` is set.
    fn hiding<T>(&self, hide: bool, work: impl FnOnce() -> T) -> T {
        let before = self.hidden.replace(self.hidden.get() || hide);
        let result = work();
        self.hidden.set(before);
        result
    }

    /// Whether it is unknown which elements a collection has: it is itself, or it is a set with unknown elements,
    /// which may turn out to be equal to others.
    fn has_unknown_elements(&self, value: &Value, span: Span) -> Result<bool, Diagnostics> {
        if matches!(value.kind(), relplan_contract::Kind::Set(_)) {
            return Ok(self.charge(self.budget.survey(value), span)?.unknown);
        }
        Ok(is_unreadable(value))
    }

    /// What the budget says, with the place where it was asked.
    fn charge<T>(&self, answer: Result<T, Exceeded>, span: Span) -> Result<T, Diagnostics> {
        answer.map_err(|exceeded| self.budget.diagnose(exceeded, span).into())
    }
}

/// Whether a value cannot be read: it is known after apply, or only a fingerprint of it was kept.
fn is_unreadable(value: &Value) -> bool {
    matches!(value.kind(), relplan_contract::Kind::Unknown | relplan_contract::Kind::Sealed(_))
}

/// Both values, or the findings of both.
fn both<A, B>(left: Result<A, Diagnostics>, right: Result<B, Diagnostics>) -> Result<(A, B), Diagnostics> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (Err(mut left), Err(right)) => {
            left.extend(right);
            Err(left)
        }
        (Err(findings), Ok(_)) | (Ok(_), Err(findings)) => Err(findings),
    }
}

#[cfg(test)]
pub(super) mod tests;
