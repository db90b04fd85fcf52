//! Values given for variables, from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;

use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::config::Config;
use crate::source::Span;

/// A value given for a variable of the root module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The value, not yet converted.
    pub value: Value,
    /// Where it came from, for messages: `-var`, `prod.vars.hcl`, `RELPLAN_VAR_region`.
    pub origin: String,
    /// Its place, when it came from a file.
    pub span: Option<Span>,
    /// Whether a name that is not declared is an error, or only a warning (files that serve several releases).
    pub must_exist: bool,
}

/// Most findings that a near name is looked for.
const MAX_SUGGESTED: usize = 20;

/// Finds values for variables that do not exist.
pub(super) fn check(config: &Config, given: &BTreeMap<Arc<str>, Given>) -> Diagnostics {
    let declared = &config.root.variables;
    let mut found = Diagnostics::default();
    for (name, value) in given.iter().filter(|(name, _)| !declared.contains_key(*name)) {
        let detail =
            format!("{} gives a value for the variable {name:?}, which is not declared.", value.origin);
        // A file may give ten thousand names that are not declared: near ones are looked for a few times.
        let near = if found.0.len() < MAX_SUGGESTED {
            did_you_mean(name, declared.keys().map(|name| &**name))
        } else {
            None
        };
        let help = near.map_or_else(
            || format!("Declare it with `variable {name:?} {{}}`, or remove the value."),
            |near| format!("Did you mean {near:?}?"),
        );
        let mut diagnostic = if value.must_exist {
            Diagnostic::error("Undeclared variable", detail)
        } else {
            Diagnostic::warning("Undeclared variable", detail)
        };
        if let Some(span) = value.span {
            diagnostic = diagnostic.at(span);
        }
        found.push(diagnostic.help(help));
    }
    found
}
