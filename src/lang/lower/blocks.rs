//! The smaller blocks of a module: `variable`, `output`, `provider`, `check`, `moved`, `removed`.

use std::sync::Arc;

use relplan_contract::{Type, Value};

use super::reader::BodyReader;
use super::{address, constant, reader, types};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Expr, Node};
use crate::lang::config::{Block, CheckBlock, Moved, Output, ProviderBlock, ProviderName, Removed, Variable};
use crate::source::Span;

/// Place of the first label, else of the block's type.
fn label_span(block: &Block) -> Span {
    block.labels.first().map_or(block.ty_span, |(_, span)| *span)
}

pub(super) fn variable(block: Block, diagnostics: &mut Diagnostics) -> Variable {
    let span = label_span(&block);
    let mut reader = BodyReader::new(block, diagnostics);
    let given_type = reader.take("type");
    let ty =
        given_type.as_ref().map_or(Type::Any, |attribute| types::lower(&attribute.expr, reader.diagnostics));
    let description = reader.text("description").map_or_else(|| "".into(), |(text, _)| text);
    let sensitive = reader.flag("sensitive", false);
    let nullable = reader.flag("nullable", true);
    let default = reader.take("default").and_then(|attribute| {
        let value = constant::value(&attribute.expr, "default", reader.diagnostics)?;
        if value.is_null() && !nullable {
            reader.diagnostics.push(
                Diagnostic::error("Wrong default", "The default is null, but the variable is not nullable.")
                    .at(attribute.expr.span)
                    .help("Give another default, or delete it: then a value must be given."),
            );
        }
        match ty.convert(&value) {
            Ok(value) => Some(value),
            Err(misfit) => {
                let diagnostic = Diagnostic::error(
                    "Wrong type",
                    format!("The default does not fit the type of the variable: {misfit}."),
                )
                .at(constant::place_of(&attribute.expr, &misfit.path));
                let diagnostic = match &given_type {
                    Some(given) => diagnostic.label(given.expr.span, "the type"),
                    None => diagnostic,
                };
                reader
                    .diagnostics
                    .push(diagnostic.help(format!("Give a default of the type {ty}, or change the type.")));
                None
            }
        }
    });
    let validations = reader.conditions("validation");
    reader.finish();
    Variable { span, ty, default, description, sensitive, nullable, validations }
}

pub(super) fn output(block: Block, diagnostics: &mut Diagnostics) -> Output {
    let span = label_span(&block);
    let mut reader = BodyReader::new(block, diagnostics);
    let value = reader.required("value");
    let description = reader.text("description").map_or_else(|| "".into(), |(text, _)| text);
    let sensitive = reader.flag("sensitive", false);
    let depends_on = reader.references("depends_on");
    let preconditions = reader.conditions("precondition");
    reader.finish();
    // Without a value it is there all the same, so that nobody complains that it is not.
    let missing = Expr { span, node: Node::Literal(Value::UNKNOWN) };
    let value = value.map_or(missing, |attribute| attribute.expr);
    Output { span, value, description, sensitive, depends_on, preconditions }
}

pub(super) fn provider(block: Block, diagnostics: &mut Diagnostics) -> Option<(ProviderName, ProviderBlock)> {
    let span = label_span(&block);
    let name = block.labels.first().map(|(name, _)| Arc::clone(name))?;
    let mut reader = BodyReader::new(block, diagnostics);
    let alias = reader.text("alias");
    if let Some((alias, span)) = &alias
        && !relplan_contract::is_identifier(alias)
    {
        reader.diagnostics.push(super::module::invalid_name(alias, *span));
    }
    let name = ProviderName { name, alias: alias.map(|(alias, _)| alias) };
    Some((name, ProviderBlock { span, body: reader.rest() }))
}

pub(super) fn check(block: Block, diagnostics: &mut Diagnostics) -> CheckBlock {
    let span = label_span(&block);
    let mut reader = BodyReader::new(block, diagnostics);
    let blocks = reader.blocks("assert");
    if blocks.is_empty() {
        reader.diagnostics.push(
            Diagnostic::error("Missing block", "A `check` block without an `assert` block checks nothing.")
                .at(span)
                .help("Add `assert { ... }` with `condition` and `error_message`."),
        );
    }
    let assertions =
        blocks.into_iter().filter_map(|block| reader::condition(block, reader.diagnostics)).collect();
    reader.finish();
    CheckBlock { span, assertions }
}

pub(super) fn moved(block: Block, diagnostics: &mut Diagnostics) -> Option<Moved> {
    let mut reader = BodyReader::new(block, diagnostics);
    let span = reader.span();
    let (from, to) = (reader.required("from"), reader.required("to"));
    let from = from.and_then(|attribute| address::target(&attribute, reader.diagnostics));
    let to_span = to.as_ref().map(|attribute| attribute.expr.span);
    let to = to.and_then(|attribute| address::target(&attribute, reader.diagnostics));
    if let (Some(from), Some(to)) = (&from, &to) {
        let mut complain = |detail: &str, help: &str| {
            reader
                .diagnostics
                .push(Diagnostic::error("Invalid move", detail).at(to_span.unwrap_or(span)).help(help));
        };
        if from == to {
            complain(
                "`from` and `to` are the same address.",
                "Delete the block, or mend one of the addresses.",
            );
        } else if from.resource.is_some() != to.resource.is_some() {
            complain(
                "A resource cannot become a module, nor a module a resource.",
                "Name a resource in both, or a module in both.",
            );
        } else if from.resource.as_ref().map(|r| &r.ty) != to.resource.as_ref().map(|r| &r.ty) {
            complain(
                "A resource keeps its type when it moves.",
                "Use `removed` for the old one and define the new one.",
            );
        }
    }
    reader.finish();
    Some(Moved { span, from: from?, to: to? })
}

pub(super) fn removed(block: Block, diagnostics: &mut Diagnostics) -> Option<Removed> {
    let mut reader = BodyReader::new(block, diagnostics);
    let span = reader.span();
    let attribute = reader.required("from");
    let from = attribute.and_then(|attribute| {
        let target = address::target(&attribute, reader.diagnostics)?;
        if target.key.is_some() {
            reader.diagnostics.push(
                Diagnostic::error(
                    "Invalid address",
                    "`removed` speaks of a whole resource, not of one instance.",
                )
                .at(attribute.expr.span)
                .help("Leave the key out; to drop one instance take it out of `for_each`."),
            );
        }
        Some(target)
    });
    let mut destroy = true;
    if let Some(lifecycle) = reader.block("lifecycle") {
        let mut inner = BodyReader::new(lifecycle, reader.diagnostics);
        destroy = inner.flag("destroy", true);
        inner.finish();
    }
    reader.finish();
    Some(Removed { span, from: from?, destroy })
}
