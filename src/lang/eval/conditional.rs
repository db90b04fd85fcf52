//! `condition ? yes : no`.

use relplan_contract::{Type, Value};

use super::names::Names;
use super::unify::UNIFYING;
use super::{Evaluator, Outcome, is_unreadable, show, unify};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::Expr;
use crate::source::Span;

impl Evaluator<'_> {
    /// Both sides are evaluated, as in Terraform, since both have a say in the type of the result; but what is
    /// wrong with the side not taken is not reported.
    pub(super) fn conditional(
        &self,
        condition: &Expr,
        yes: &Expr,
        no: &Expr,
        names: Option<&Names<'_>>,
        span: Span,
    ) -> Outcome {
        let decision = self.eval(condition, names)?;
        let truth = self.condition(&decision, condition.span, "condition")?;
        let sensitive = decision.is_sensitive();
        let Some(truth) = truth else {
            return self.undecided(yes, no, sensitive, names, span);
        };
        let (taken, other) = if truth { (yes, no) } else { (no, yes) };
        let value = self.eval(taken, names)?;
        let Ok(beside) = self.eval(other, names) else { return Ok(value.mark(sensitive)) };
        let parts = self.charge(self.budget.survey_times(&value, UNIFYING), span)?.parts;
        self.charge(self.budget.survey_times(&beside, UNIFYING), span)?;
        let (fitted, altered) = unify::fit_beside(&value, &beside)
            .ok_or_else(|| inconsistent((&value, taken.span), (&beside, other.span)))?;
        if altered {
            self.charge(self.budget.elements(usize::try_from(parts).unwrap_or(usize::MAX)), span)?;
        }
        Ok(fitted.mark(sensitive))
    }

    /// The result while the condition is unknown: that of both sides if they agree.
    fn undecided(
        &self,
        yes: &Expr,
        no: &Expr,
        sensitive: bool,
        names: Option<&Names<'_>>,
        span: Span,
    ) -> Outcome {
        let (Ok(yes), Ok(no)) = (self.eval(yes, names), self.eval(no, names)) else {
            return Ok(Value::UNKNOWN.mark(sensitive));
        };
        let surveyed_yes = self.charge(self.budget.survey(&yes), span)?;
        let surveyed_no = self.charge(self.budget.survey(&no), span)?;
        if surveyed_yes.unknown || surveyed_no.unknown || yes != no {
            return Ok(Value::UNKNOWN.mark(sensitive || yes.is_sensitive() || no.is_sensitive()));
        }
        Ok(yes.mark(sensitive || surveyed_yes.sensitive || surveyed_no.sensitive))
    }

    /// The truth of a condition; none while it is unknown. `what` names the condition in messages.
    pub(super) fn condition(
        &self,
        value: &Value,
        span: Span,
        what: &str,
    ) -> Result<Option<bool>, Diagnostics> {
        if value.is_null() {
            let detail = format!("The {what} must be true or false, but this is null.");
            return Err(Diagnostic::error("Condition is null", detail)
                .at(span)
                .help("Compare with null, or use `coalesce(...)` for a default.")
                .into());
        }
        if is_unreadable(value) {
            return Ok(None);
        }
        let converted = Type::Bool.convert(value).map_err(|_| {
            let detail = format!("The {what} must be true or false, but this is {}.", self.show(value));
            Diagnostic::error("Invalid condition", detail)
                .at(span)
                .help("Write a comparison, for example `x != \"\"` or `length(x) > 0`.")
        })?;
        Ok(converted.as_bool())
    }
}

fn inconsistent(taken: (&Value, Span), other: (&Value, Span)) -> Diagnostic {
    let same_kind = taken.0.kind_name() == other.0.kind_name();
    let detail = if same_kind {
        format!(
            "Both results of a conditional must have one type. These are both {}s, but of parts that no type has in common.",
            taken.0.kind_name()
        )
    } else {
        format!(
            "Both results of a conditional must have one type, but one is {} and the other is {}.",
            show::kind(taken.0),
            show::kind(other.0)
        )
    };
    let help = if same_kind {
        "Give both the same keys or the same number of elements, or use `null` for no value."
    } else {
        "Convert one of them, for example with `tostring(...)`, or use `null` for no value."
    };
    Diagnostic::error("Inconsistent conditional results", detail)
        .label(taken.1, show::kind(taken.0))
        .label(other.1, show::kind(other.0))
        .help(help)
}
