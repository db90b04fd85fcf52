//! Evaluating variables, local values, outputs and module calls, in one module instance each.
//!
//! Each answers whether its value can still change: whether something in it is unknown.

use std::sync::Arc;

use relplan_contract::{Type, Value};

use super::{World, key_of};
use crate::addr::ModulePath;
use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::{Item, ModuleId};
use crate::lang::config::Variable;
use crate::lang::scope::Bindings;
use crate::source::Span;

impl World {
    pub(super) fn visit_variable(
        &mut self,
        module: ModuleId,
        name: &Arc<str>,
        instance: &ModulePath,
    ) -> Result<bool, Diagnostics> {
        let content = Arc::clone(&self.graph.module(module).module);
        let Some(variable) = content.variables.get(name) else { return Ok(true) };
        let (given, place) = if instance.is_root() {
            let given = self.given.get(name);
            (given.map(|given| given.value.clone()), given.and_then(|given| given.span))
        } else {
            self.input(module, name, instance)?
        };
        let origin = self.given.get(name).filter(|_| instance.is_root()).map(|given| given.origin.clone());
        let value = given.as_ref().or(variable.default.as_ref()).unwrap_or(Value::null());
        let converted_at = place.unwrap_or(variable.span);
        self.allowance().convert(value, converted_at)?;
        let value = fit(name, variable, given, place, origin.as_deref())?;
        self.values.set_variable(instance, name, value.clone());
        self.check_validations(variable, instance)?;
        Ok(!value.has_unknown())
    }

    /// The value that the caller gives for a variable, with its place.
    fn input(
        &self,
        module: ModuleId,
        name: &Arc<str>,
        instance: &ModulePath,
    ) -> Result<(Option<Value>, Option<Span>), Diagnostics> {
        let Some((_, call)) = self.graph.call(module) else { return Ok((None, None)) };
        let Some(input) = call.inputs.get(name) else { return Ok((None, Some(call.span))) };
        let (caller, step) = match instance.0.split_last() {
            Some((step, caller)) => (ModulePath(caller.into()), step),
            None => return Ok((None, None)),
        };
        let expansion = self.values.call(&caller, &step.name);
        let bindings = expansion.map(|expansion| expansion.bindings(key_of(instance))).unwrap_or_default();
        let value = self.evaluate(&input.expr, &caller, &bindings)?;
        Ok((Some(value), Some(input.expr.span)))
    }

    pub(super) fn visit_local(
        &mut self,
        module: ModuleId,
        name: &Arc<str>,
        instance: &ModulePath,
    ) -> Result<bool, Diagnostics> {
        let content = Arc::clone(&self.graph.module(module).module);
        let Some(local) = content.locals.get(name) else { return Ok(true) };
        let value = self.evaluate(&local.expr, instance, &Bindings::default())?;
        let known = !value.has_unknown();
        self.values.set_local(instance, name, value);
        Ok(known)
    }

    pub(super) fn visit_output(
        &mut self,
        module: ModuleId,
        name: &Arc<str>,
        instance: &ModulePath,
    ) -> Result<bool, Diagnostics> {
        let content = Arc::clone(&self.graph.module(module).module);
        let Some(output) = content.outputs.get(name) else { return Ok(true) };
        self.check_conditions(&output.preconditions, instance, &Bindings::default())?;
        let value = self.evaluate(&output.value, instance, &Bindings::default())?;
        if instance.is_root() && value.has_sensitive() && !output.sensitive {
            return Err(Diagnostic::error(
                "Output shows a sensitive value",
                format!("The output {name:?} contains a sensitive value, but is not marked as sensitive itself."),
            )
            .at(output.value.span)
            .help("Add `sensitive = true` to the output, or wrap the value in nonsensitive() if it may be shown.")
            .into());
        }
        if instance.is_root() {
            self.allowance().keep(&value, output.value.span)?;
        }
        let known = !value.has_unknown();
        self.values.set_output(instance, name, value.mark(output.sensitive));
        Ok(known)
    }

    pub(super) fn visit_call(
        &mut self,
        module: ModuleId,
        name: &Arc<str>,
        instance: &ModulePath,
    ) -> Result<bool, Diagnostics> {
        let content = Arc::clone(&self.graph.module(module).module);
        let Some(call) = content.calls.get(name) else { return Ok(true) };
        if let Some(expansion) = self.values.call(instance, name) {
            if expansion.has_unknown()
                && let Some(again) = self.evaluate_again(call.repetition.as_ref(), instance)?
            {
                let known = !again.has_unknown();
                self.values.set_call(instance, name, again);
                return Ok(known);
            }
            return Ok(true);
        }
        let expansion = self.expand(call.repetition.as_ref(), instance, false)?;
        let Some(called) = self.graph.called(module, name) else { return Ok(true) };
        for (key, _) in expansion.instances() {
            let child = instance.child(name, key);
            self.open(called, &child);
            self.instances.entry(called).or_default().push(child);
        }
        let known = !expansion.has_unknown();
        self.values.set_call(instance, name, expansion);
        Ok(known)
    }

    /// Whether a node of the graph is one that [`World::visit`] evaluates.
    #[must_use]
    pub const fn evaluates(item: &Item) -> bool {
        matches!(item, Item::Variable(_) | Item::Local(_) | Item::Output(_) | Item::Call(_))
    }
}

/// Makes the given value of a variable fit its declaration.
fn fit(
    name: &Arc<str>,
    variable: &Variable,
    given: Option<Value>,
    place: Option<Span>,
    origin: Option<&str>,
) -> Result<Value, Diagnostics> {
    let left_out = match &given {
        None => true,
        Some(value) => value.is_null() && !variable.nullable,
    };
    let value = match (given, &variable.default) {
        (Some(value), _) if !left_out => value,
        (_, Some(default)) => default.clone(),
        (given, None) => {
            let (summary, detail) = if given.is_some() {
                ("Null for a variable", format!("The variable {name:?} must not be null."))
            } else {
                (
                    "No value for a variable",
                    format!("The variable {name:?} has no default, and no value was given."),
                )
            };
            let help = if origin.is_some() || place.is_none() {
                format!("Give one with -var '{name}=...', -var-file=FILE or RELPLAN_VAR_{name}.")
            } else {
                format!("Add `{name} = ...` to the module block.")
            };
            return Err(Diagnostic::error(summary, detail)
                .at(place.unwrap_or(variable.span))
                .help(help)
                .into());
        }
    };
    // Text from the command line or the environment fits only if it reads as the type.
    let fitted = variable.ty.convert(&value).map_err(|misfit| {
        let detail = match origin {
            Some(origin) => {
                format!("The value that {origin} gives for the variable {name:?} does not fit: {misfit}.")
            }
            None => format!("The value for the variable {name:?} does not fit: {misfit}."),
        };
        let mut diagnostic = Diagnostic::error("Wrong type", detail).help(wanted(&variable.ty));
        if let Some(place) = place {
            diagnostic = diagnostic.at(place);
        }
        Diagnostics::from(diagnostic.label(variable.span, "declared here"))
    })?;
    Ok(fitted.mark(variable.sensitive))
}

fn wanted(ty: &Type) -> String {
    format!("It must be of type `{ty}`.")
}
