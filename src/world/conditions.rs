//! `validation`, `precondition`, `postcondition` and `assert`: conditions with a message of the author's.

use relplan_contract::Value;

use super::World;
use crate::addr::ModulePath;
use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::Item;
use crate::lang::config::{Condition, Variable};
use crate::lang::scope::Bindings;

/// How the conditions of a block ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdicts {
    /// All hold.
    Hold,
    /// Those that are known hold; others must be looked at again during apply.
    Unknown,
}

impl World {
    /// Looks whether conditions hold; each that does not is an error with the author's message.
    pub fn check_conditions(
        &self,
        conditions: &[Condition],
        instance: &ModulePath,
        bindings: &Bindings,
    ) -> Result<Verdicts, Diagnostics> {
        let mut found = Diagnostics::default();
        let mut verdicts = Verdicts::Hold;
        for condition in conditions {
            match self.check_condition(condition, instance, bindings) {
                Ok(Some(true)) => {}
                Ok(Some(false)) => found.push(self.refusal(condition, instance, bindings)),
                Ok(None) => verdicts = Verdicts::Unknown,
                Err(errors) => found.extend(errors),
            }
        }
        if found.has_errors() { Err(found) } else { Ok(verdicts) }
    }

    pub(super) fn check_validations(
        &self,
        variable: &Variable,
        instance: &ModulePath,
    ) -> Result<(), Diagnostics> {
        self.check_conditions(&variable.validations, instance, &Bindings::default()).map(|_| ())
    }

    /// Every `check` block's failed assertions, as warnings.
    #[must_use]
    pub fn check_blocks(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        for id in self.graph.order() {
            let node = self.graph.node(*id);
            let Item::Check(name) = &node.item else { continue };
            let Some(check) = self.graph.module(node.module).module.checks.get(name) else { continue };
            for instance in self.instances(node.module) {
                if let Err(errors) = self.check_conditions(&check.assertions, instance, &Bindings::default())
                {
                    found.0.extend(
                        errors
                            .0
                            .into_iter()
                            .map(|error| Diagnostic { severity: crate::diag::Severity::Warning, ..error }),
                    );
                }
            }
        }
        found
    }

    /// Whether a condition holds; none when that is not known yet.
    fn check_condition(
        &self,
        condition: &Condition,
        instance: &ModulePath,
        bindings: &Bindings,
    ) -> Result<Option<bool>, Diagnostics> {
        let value = self.evaluate(&condition.condition, instance, bindings)?;
        if value.is_unknown() {
            return Ok(None);
        }
        let truth = relplan_contract::Type::Bool.convert(&value).ok().and_then(|value| value.as_bool());
        truth.map(Some).ok_or_else(|| {
            Diagnostic::error(
                "Condition is no bool",
                format!("A condition must be true or false, but this is a {}.", value.kind_name()),
            )
            .at(condition.condition.span)
            .help("Compare it with something, as in `length(var.name) > 0`.")
            .into()
        })
    }

    fn refusal(&self, condition: &Condition, instance: &ModulePath, bindings: &Bindings) -> Diagnostic {
        let message = self.evaluate(&condition.message, instance, bindings);
        let text = match &message {
            Ok(message) if message.has_sensitive() => "(the message contains a sensitive value)".to_owned(),
            Ok(message) => {
                message.as_str().map_or_else(|| "(the message is not known yet)".to_owned(), str::to_owned)
            }
            Err(_) => "(the message could not be evaluated)".to_owned(),
        };
        Diagnostic::error("Condition does not hold", text).label(condition.condition.span, "this is false")
    }
}

/// The bindings of an instance with `self` for its postconditions.
#[must_use]
pub fn with_self(bindings: &Bindings, itself: Value) -> Bindings {
    Bindings { itself: Some(itself), ..bindings.clone() }
}
