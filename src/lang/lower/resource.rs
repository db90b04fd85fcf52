//! `resource` and `data` blocks with their meta-arguments.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::Type;

use super::reader::BodyReader;
use super::{address as addresses, constant};
use crate::addr::{Mode, ResourceName};
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::Expr;
use crate::lang::config::{Block, Lifecycle, OnFailure, ProviderName, Repetition, Resource, Retry, When};
use crate::source::Span;

/// Blocks of Terraform's resources that have no place here, with what to use instead.
const FOREIGN: &[(&str, &str)] = &[
    ("connection", "Use a resource that does it: `exec_deployment` runs commands."),
    ("dynamic", "Write the blocks out, or use `for_each` on the whole resource."),
    ("provisioner", "Use a resource that does it: `exec_deployment` runs commands."),
];

/// Lowers a block whose labels were checked.
pub(super) fn lower(
    block: Block,
    mode: Mode,
    diagnostics: &mut Diagnostics,
) -> Option<(ResourceName, Resource)> {
    let [(ty, type_span), (name, _)] = block.labels.as_slice() else { return None };
    let address = ResourceName { mode, ty: Arc::clone(ty), name: Arc::clone(name) };
    let type_span = *type_span;
    let default_provider: Arc<str> = ty.split('_').next().unwrap_or_default().into();
    refuse_foreign(&block, diagnostics);
    let mut reader = BodyReader::new(block, diagnostics);
    let span = reader.span();
    let repetition = repetition(&mut reader);
    let depends_on = reader.references("depends_on");
    let provider = reader.take("provider").and_then(|attribute| {
        let name = addresses::provider(&attribute.expr, reader.diagnostics)?;
        Some((name, Some(attribute.expr.span)))
    });
    let provider = provider.unwrap_or((ProviderName { name: default_provider, alias: None }, None));
    let lifecycle_block = reader.block("lifecycle");
    let lifecycle =
        lifecycle_block.map(|block| lifecycle(block, mode, reader.diagnostics)).unwrap_or_default();
    let timeouts =
        reader.block("timeouts").map(|block| timeouts(block, mode, reader.diagnostics)).unwrap_or_default();
    let retry = reader.block("retry").map(|block| retry(block, reader.diagnostics));
    let mut body = reader.rest();
    body.blocks.retain(|block| !FOREIGN.iter().any(|(name, _)| **name == *block.ty));
    let resource =
        Resource { span, type_span, body, repetition, depends_on, provider, lifecycle, timeouts, retry };
    Some((address, resource))
}

fn refuse_foreign(block: &Block, diagnostics: &mut Diagnostics) {
    for inner in &block.body.blocks {
        if let Some((name, help)) = FOREIGN.iter().find(|(name, _)| **name == *inner.ty) {
            diagnostics.push(
                Diagnostic::error("Unsupported block", format!("relplan has no `{name}` blocks."))
                    .at(inner.ty_span)
                    .help(*help),
            );
        }
    }
}

/// Takes `count` and `for_each`, of which one can be given.
pub(super) fn repetition(reader: &mut BodyReader<'_>) -> Option<Repetition> {
    let (count, for_each) = (reader.take("count"), reader.take("for_each"));
    if let (Some(count), Some(for_each)) = (&count, &for_each) {
        reader.diagnostics.push(
            Diagnostic::error(
                "Both `count` and `for_each`",
                "Only one of `count` and `for_each` can be given.",
            )
            .at(for_each.name_span)
            .at(count.name_span)
            .help("Delete one: `for_each` names the instances, `count` numbers them."),
        );
    }
    let count = count.map(|attribute| Repetition::Count(attribute.expr));
    for_each.map(|attribute| Repetition::ForEach(attribute.expr)).or(count)
}

fn lifecycle(block: Block, mode: Mode, diagnostics: &mut Diagnostics) -> Lifecycle {
    let mut reader = BodyReader::new(block, diagnostics);
    let mut lifecycle = Lifecycle {
        preconditions: reader.conditions("precondition"),
        postconditions: reader.conditions("postcondition"),
        ..Lifecycle::default()
    };
    if mode == Mode::Managed {
        lifecycle.create_before_destroy = reader.flag("create_before_destroy", false);
        lifecycle.prevent_destroy = reader.flag("prevent_destroy", false);
        if let Some(attribute) = reader.take("ignore_changes") {
            lifecycle.ignore_changes = addresses::ignore_changes(&attribute, reader.diagnostics);
        }
        if let Some(attribute) = reader.take("replace_triggered_by") {
            lifecycle.replace_triggered_by = addresses::triggers(&attribute, reader.diagnostics);
        }
        let on_failure = [("stop", OnFailure::Stop), ("rollback", OnFailure::Rollback)];
        lifecycle.on_failure = choice(&mut reader, "on_failure", &on_failure);
        lifecycle.valid_for = valid_for(&mut reader);
        let when = [("success", When::Success), ("failure", When::Failure), ("always", When::Always)];
        lifecycle.when = choice(&mut reader, "when", &when);
    }
    reader.finish();
    lifecycle
}

fn valid_for(reader: &mut BodyReader<'_>) -> Option<Duration> {
    let (text, span) = reader.text("valid_for")?;
    let parsed = constant::duration(&text);
    if parsed.is_none() {
        reader.diagnostics.push(invalid_duration(span));
    }
    parsed
}

/// Takes one of some words; the default when it is absent or another word.
fn choice<T: Copy + Default>(reader: &mut BodyReader<'_>, name: &'static str, words: &[(&str, T)]) -> T {
    let Some((text, span)) = reader.text(name) else { return T::default() };
    if let Some((_, value)) = words.iter().find(|(word, _)| **word == *text) {
        return *value;
    }
    let all: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
    let help = match did_you_mean(&text, words.iter().map(|(word, _)| *word)) {
        Some(near) => format!("Did you mean {near:?}?"),
        None => format!("Write one of {}.", all.join(", ")),
    };
    let detail = format!("`{name}` cannot be {text:?}: it is one of {}.", all.join(", "));
    reader.diagnostics.push(Diagnostic::error("Invalid choice", detail).at(span).help(help));
    T::default()
}

/// Actions that can have a time limit.
const TIMED: &[&str] = &["create", "update", "judge", "destroy", "read"];

fn timeouts(block: Block, mode: Mode, diagnostics: &mut Diagnostics) -> BTreeMap<Arc<str>, (Expr, Span)> {
    let mut reader = BodyReader::new(block, diagnostics);
    let mut timeouts = BTreeMap::new();
    let timed = if mode == Mode::Data { &["read"] } else { TIMED };
    for action in timed {
        if let Some(attribute) = reader.take(action) {
            check_duration(&attribute.expr, reader.diagnostics);
            timeouts.insert(attribute.name, (attribute.expr, attribute.name_span));
        }
    }
    // Terraform's word for it.
    if mode == Mode::Managed
        && let Some(attribute) = reader.take("delete")
    {
        check_duration(&attribute.expr, reader.diagnostics);
        timeouts.entry("destroy".into()).or_insert((attribute.expr, attribute.name_span));
    }
    reader.finish();
    timeouts
}

/// A duration that is written out can be checked before anything is evaluated.
fn check_duration(expr: &Expr, diagnostics: &mut Diagnostics) {
    if let Some(value) = expr.as_literal()
        && !value.is_unknown()
        && !value.is_null()
        && value.as_str().and_then(constant::duration).is_none()
    {
        diagnostics.push(invalid_duration(expr.span));
    }
}

fn invalid_duration(span: Span) -> Diagnostic {
    Diagnostic::error("Invalid duration", "A duration is a text of numbers with units.")
        .at(span)
        .help("Write it as in \"90s\", \"5m\" or \"1h30m\"; the units are ms, s, m, h and d.")
}

fn retry(block: Block, diagnostics: &mut Diagnostics) -> Retry {
    let mut reader = BodyReader::new(block, diagnostics);
    let attempts = reader.constant("attempts", &Type::Number);
    let valid = attempts.as_ref().map_or(Some(3), |(value, _)| {
        value
            .as_i64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (1..=1_000).contains(number))
    });
    if let (None, Some((_, span))) = (valid, &attempts) {
        reader.diagnostics.push(
            Diagnostic::error(
                "Invalid number",
                "`attempts` is the number of tries in all: a whole number from 1 to 1000.",
            )
            .at(*span)
            .help("Write it as in `attempts = 5`; 1 means no second try."),
        );
    }
    let min_delay = delay(&mut reader, "min_delay", Duration::from_secs(1));
    let max_delay = delay(&mut reader, "max_delay", Duration::from_secs(60).max(min_delay));
    if max_delay < min_delay {
        let span = reader.span();
        reader.diagnostics.push(
            Diagnostic::error("Delays the wrong way round", "`max_delay` is shorter than `min_delay`.")
                .at(span)
                .help("Swap them."),
        );
    }
    reader.finish();
    Retry { attempts: valid.unwrap_or(1), min_delay, max_delay }
}

fn delay(reader: &mut BodyReader<'_>, name: &'static str, default: Duration) -> Duration {
    let Some((text, span)) = reader.text(name) else { return default };
    constant::duration(&text).unwrap_or_else(|| {
        reader.diagnostics.push(invalid_duration(span));
        default
    })
}
