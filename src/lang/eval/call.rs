//! Calls: arguments, `...`, and the two functions that take expressions instead of values, `try` and `can`.

use relplan_contract::Value;

use super::names::Names;
use super::{Evaluator, Outcome, is_unreadable};
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::Call;
use crate::lang::functions::{self, Argument, Invocation};
use crate::source::Span;

impl Evaluator<'_> {
    pub(super) fn call(&self, call: &Call, span: Span, names: Option<&Names<'_>>) -> Outcome {
        match &*call.name {
            "try" => return self.try_each(call, span, names),
            "can" => return self.can(call, span, names),
            _ => {}
        }
        let function = functions::find(&call.name).ok_or_else(|| unknown_function(call));
        let arguments = self.arguments(call, names);
        let (function, arguments) = super::both(function.map_err(Into::into), arguments)?;
        let Some((arguments, sensitive)) = arguments else { return Ok(Value::UNKNOWN) };
        let invocation = Invocation {
            span,
            name_span: call.name_span,
            host: self.host,
            budget: self.budget,
            hidden: self.hidden.get(),
        };
        Ok(functions::call(function, arguments, &invocation)?.mark(sensitive))
    }

    /// The arguments, those of an expanded list each by itself, and whether that list is sensitive; none when it
    /// is unknown how many there are.
    #[allow(clippy::type_complexity, reason = "a pair that is taken apart at once")]
    fn arguments(
        &self,
        call: &Call,
        names: Option<&Names<'_>>,
    ) -> Result<Option<(Vec<Argument>, bool)>, Diagnostics> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        let mut findings = Diagnostics::default();
        for expr in &call.arguments {
            match self.eval(expr, names) {
                Ok(value) => arguments.push(Argument { value, span: expr.span }),
                Err(more) => findings.extend(more),
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        if !call.expand_last {
            return Ok(Some((arguments, false)));
        }
        let Some(Argument { value, span }) = arguments.pop() else { return Ok(Some((arguments, false))) };
        if is_unreadable(&value) {
            return Ok(None);
        }
        let Some(items) = value.as_list() else {
            let detail = format!(
                "`...` takes the elements of a list as arguments, but this is {}.",
                self.show(&value)
            );
            return Err(Diagnostic::error("Invalid expanded argument", detail)
                .at(span)
                .help("Give a list, or leave out the `...`.")
                .into());
        };
        self.charge(self.budget.elements(items.len()), span)?;
        arguments.extend(items.iter().map(|item| Argument { value: item.clone(), span }));
        Ok(Some((arguments, value.is_sensitive())))
    }

    /// The first argument without an error. While one is unknown, so is whether it will have an error.
    fn try_each(&self, call: &Call, span: Span, names: Option<&Names<'_>>) -> Outcome {
        let mut failures = Vec::new();
        for argument in &call.arguments {
            match self.eval(argument, names) {
                Ok(value) => {
                    return Ok(if self.charge(self.budget.survey(&value), span)?.unknown {
                        undecided(&value)
                    } else {
                        value
                    });
                }
                Err(findings) => failures.push(findings),
            }
        }
        if failures.is_empty() {
            return Err(Diagnostic::error("Missing argument", "`try` needs at least one argument.")
                .at(call.name_span)
                .help("Write `try(EXPRESSION, FALLBACK)`.")
                .into());
        }
        let detail = "Every argument of this `try` has an error; the first one of each is marked.".to_owned();
        let finding = Diagnostic::error("No argument without an error", detail).at(call.name_span);
        let labelled =
            failures.iter().filter_map(|findings| findings.0.first()).fold(finding, |finding, failure| {
                let place = failure.labels.first().map_or(span, |label| label.span);
                finding.label(place, failure.summary.clone())
            });
        Err(labelled.help("Add a last argument that cannot fail, for example `null`.").into())
    }

    fn can(&self, call: &Call, span: Span, names: Option<&Names<'_>>) -> Outcome {
        let [argument] = call.arguments.as_slice() else {
            let detail = format!("`can` takes one argument, but {} are given.", call.arguments.len());
            return Err(Diagnostic::error("Wrong number of arguments", detail)
                .at(call.name_span)
                .help("Write `can(EXPRESSION)`.")
                .into());
        };
        let Ok(value) = self.eval(argument, names) else { return Ok(Value::from(false)) };
        let survey = self.charge(self.budget.survey(&value), span)?;
        let result = if survey.unknown { Value::UNKNOWN } else { Value::from(true) };
        Ok(result.mark(survey.sensitive))
    }
}

/// What `try` gives while its argument is not wholly known. A sealed value is an argument without an error.
fn undecided(value: &Value) -> Value {
    if value.has_unknown() { Value::UNKNOWN.mark(value.has_sensitive()) } else { value.clone() }
}

fn unknown_function(call: &Call) -> Diagnostic {
    let finding = Diagnostic::error("Unknown function", format!("There is no function `{}`.", call.name))
        .at(call.name_span);
    match did_you_mean(&call.name, functions::names()) {
        Some(near) => finding.help(format!("Did you mean `{near}`?")),
        None => finding.help("The functions are Terraform's; `docs/language.md` lists those that there are."),
    }
}
