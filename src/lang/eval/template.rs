//! Templates: text with interpolations and directives.

use relplan_contract::{Kind, Parts, Type, Value};

use super::collection::{Bindings, Course};
use super::names::Names;
use super::{Evaluator, Outcome, is_unreadable};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Expr, Part, TemplateFor};
use crate::source::Span;

/// The text that a template has made so far.
#[derive(Default)]
struct Text {
    written: String,
    sensitive: bool,
    unknown: bool,
    findings: Diagnostics,
}

impl Evaluator<'_> {
    /// A template of one interpolation and nothing else is that value, of whatever type.
    pub(super) fn template(&self, parts: &[Part], names: Option<&Names<'_>>, span: Span) -> Outcome {
        if let [Part::Interpolation(expr)] = parts {
            return self.eval(expr, names);
        }
        let mut text = Text::default();
        self.parts(parts, names, span, &mut text)?;
        if !text.findings.is_empty() {
            return Err(text.findings);
        }
        let value = if text.unknown { Value::UNKNOWN } else { Value::string(text.written) };
        Ok(value.mark(text.sensitive))
    }

    fn parts(
        &self,
        parts: &[Part],
        names: Option<&Names<'_>>,
        span: Span,
        text: &mut Text,
    ) -> Result<(), Diagnostics> {
        for part in parts {
            match part {
                Part::Text(literal) => self.write(literal, span, text)?,
                Part::Interpolation(expr) => {
                    if let Err(findings) = self.interpolate(expr, names, text) {
                        text.findings.extend(findings);
                    }
                }
                Part::If(branch) => {
                    let (condition, yes, no) = &**branch;
                    self.branch(condition, yes, no, names, span, text)?;
                }
                Part::For(repeat) => self.repeat_text(repeat, names, span, text)?,
            }
        }
        Ok(())
    }

    fn write(&self, piece: &str, span: Span, text: &mut Text) -> Result<(), Diagnostics> {
        self.charge(self.budget.bytes(piece.len()), span)?;
        text.written.push_str(piece);
        Ok(())
    }

    fn interpolate(
        &self,
        expr: &Expr,
        names: Option<&Names<'_>>,
        text: &mut Text,
    ) -> Result<(), Diagnostics> {
        let value = self.eval(expr, names)?;
        text.sensitive |= value.is_sensitive();
        if is_unreadable(&value) {
            text.unknown = true;
            return Ok(());
        }
        match Type::String.convert(&value).map(Value::into_kind) {
            Ok(Kind::String(piece)) => Ok(self.write(&piece, expr.span, text)?),
            _ => Err(self.no_text(&value, expr.span).into()),
        }
    }

    fn no_text(&self, value: &Value, span: Span) -> Diagnostic {
        let detail = format!(
            "Only a string, a number or a bool can stand in a text, but this is {}.",
            self.show(value)
        );
        let help = match value.parts() {
            Parts::Items(_) => "Write `join(\", \", ...)` around it, or `jsonencode(...)`.",
            Parts::Entries(_) => "Choose one of its attributes, or write `jsonencode(...)` around it.",
            Parts::Leaf => "Write `coalesce(..., \"none\")` around it to say what stands there instead.",
        };
        Diagnostic::error("Invalid value in a template", detail).at(span).help(help)
    }

    fn branch(
        &self,
        condition: &Expr,
        yes: &[Part],
        no: &[Part],
        names: Option<&Names<'_>>,
        span: Span,
        text: &mut Text,
    ) -> Result<(), Diagnostics> {
        let decision = self.eval(condition, names)?;
        text.sensitive |= decision.is_sensitive();
        match self.condition(&decision, condition.span, "condition of `%{ if }`")? {
            Some(true) => self.parts(yes, names, span, text),
            Some(false) => self.parts(no, names, span, text),
            None => {
                text.unknown = true;
                Ok(())
            }
        }
    }

    fn repeat_text(
        &self,
        repeat: &TemplateFor,
        names: Option<&Names<'_>>,
        span: Span,
        text: &mut Text,
    ) -> Result<(), Diagnostics> {
        let collection = self.eval(&repeat.collection, names)?;
        let bindings = Bindings { key: repeat.key.as_deref(), value: &repeat.value };
        let course =
            self.go_through(&collection, &bindings, names, repeat.collection.span, &mut |names| {
                self.parts(&repeat.body, names, span, text)?;
                // Every round is likely to have the same fault: the first one is enough.
                if text.findings.is_empty() { Ok(()) } else { Err(std::mem::take(&mut text.findings)) }
            })?;
        match course {
            Course::Done { sensitive } => text.sensitive |= sensitive,
            Course::Unknown { sensitive } => {
                text.sensitive |= sensitive;
                text.unknown = true;
            }
        }
        Ok(())
    }
}
