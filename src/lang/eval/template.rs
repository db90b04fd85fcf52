//! Templates: text with interpolations and directives.

use std::sync::Arc;

use relplan_contract::Value;

use super::collections::{Rounds, rounds};
use super::operators::{a_kind, text_of, truth};
use super::{Evaluated, Evaluator, Locals, error};
use crate::diag::Diagnostics;
use crate::lang::ast::{Part, TemplateFor};
use crate::source::Span;

/// The text of a template so far.
#[derive(Default)]
struct Text {
    text: String,
    sensitive: bool,
    unknown: bool,
}

impl Evaluator<'_> {
    pub(super) fn template(&self, parts: &[Part], span: Span, locals: &mut Locals) -> Evaluated {
        // A template that is nothing but one interpolation is that value, whatever its type.
        if let [Part::Interpolation(expr)] = parts {
            return self.eval(expr, locals);
        }
        let mut text = Text::default();
        let mut found = Diagnostics::default();
        self.parts(parts, span, locals, &mut text, &mut found);
        if found.has_errors() {
            return Err(found);
        }
        let value = if text.unknown { Value::UNKNOWN } else { Value::string(text.text) };
        Ok(value.mark(text.sensitive))
    }

    fn parts(
        &self,
        parts: &[Part],
        span: Span,
        locals: &mut Locals,
        text: &mut Text,
        found: &mut Diagnostics,
    ) {
        for part in parts {
            let result = match part {
                Part::Text(literal) => {
                    text.text.push_str(literal);
                    self.grow(literal.len() as u64, span)
                }
                Part::Interpolation(expr) => {
                    self.eval(expr, locals).and_then(|value| self.insert(&value, expr.span, text))
                }
                Part::If(parts) => {
                    let (condition, yes, no) = &**parts;
                    self.eval(condition, locals).and_then(|decided| {
                        text.sensitive |= decided.is_sensitive();
                        if decided.is_unknown() {
                            text.unknown = true;
                            return Ok(());
                        }
                        let chosen = if truth(&decided, condition.span, "A condition")? { yes } else { no };
                        self.parts(chosen, span, locals, text, found);
                        Ok(())
                    })
                }
                Part::For(looped) => self.template_for(looped, span, locals, text, found),
            };
            if let Err(errors) = result {
                found.extend(errors);
            }
        }
    }

    fn insert(&self, value: &Value, span: Span, text: &mut Text) -> Result<(), Diagnostics> {
        text.sensitive |= value.has_sensitive();
        if value.is_unknown() {
            text.unknown = true;
            return Ok(());
        }
        let Some(inserted) = text_of(value) else {
            let detail = format!(
                "Only text, numbers and bools can stand in a template, but this is {}.",
                a_kind(value)
            );
            let help = if value.is_null() {
                "Give a value for when it is null, as in `coalesce(var.x, \"none\")`."
            } else {
                "Convert it first, as with join() or jsonencode()."
            };
            return Err(error("Cannot stand in a template", detail, span).help(help).into());
        };
        self.grow(inserted.len() as u64, span)?;
        text.text.push_str(&inserted);
        Ok(())
    }

    fn template_for(
        &self,
        looped: &TemplateFor,
        span: Span,
        locals: &mut Locals,
        text: &mut Text,
        found: &mut Diagnostics,
    ) -> Result<(), Diagnostics> {
        let collection = self.eval(&looped.collection, locals)?;
        let (rounds, sensitive) = match rounds(&collection, looped.collection.span)? {
            Rounds::Known(rounds, sensitive) => (rounds, sensitive),
            Rounds::Unknown(sensitive) => {
                text.unknown = true;
                text.sensitive |= sensitive;
                return Ok(());
            }
        };
        text.sensitive |= sensitive;
        for (key, item) in rounds {
            self.step(span)?;
            let depth = locals.len();
            if let Some(name) = &looped.key {
                locals.push((Arc::clone(name), key));
            }
            locals.push((Arc::clone(&looped.value), item));
            self.parts(&looped.body, span, locals, text, found);
            locals.truncate(depth);
            if found.has_errors() {
                break;
            }
        }
        Ok(())
    }
}
