//! `module` blocks.

use std::collections::BTreeMap;

use super::address;
use super::module::Resolve;
use super::reader::BodyReader;
use super::resource::repetition;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Expr, Node};
use crate::lang::config::{Attribute, Block, ModuleCall, ProviderName};
use crate::source::Span;

/// Lowers a block whose labels were checked.
pub(super) fn lower(
    block: Block,
    resolve: &mut Resolve<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ModuleCall> {
    let span = block.labels.first().map_or(block.ty_span, |(_, span)| *span);
    let mut reader = BodyReader::new(block, diagnostics);
    let has_source = reader.required("source").map(|attribute| source(&attribute, reader.diagnostics));
    if let Some(version) = reader.take("version") {
        reader.diagnostics.push(
            Diagnostic::error("Unsupported argument", "Modules come from folders, which have no versions.")
                .at(version.name_span)
                .help("Delete `version`."),
        );
    }
    let repetition = repetition(&mut reader);
    let depends_on = reader.references("depends_on");
    let providers = reader.take("providers").map(|attribute| providers(&attribute, reader.diagnostics));
    let inputs = reader.take_all();
    for block in reader.take_blocks() {
        reader.diagnostics.push(
            Diagnostic::error("Unsupported block", "A `module` block has no nested blocks.")
                .at(block.ty_span)
                .help(format!("Write an input as an argument: `{} = ...`.", block.ty)),
        );
    }
    let (source, source_span) = has_source??;
    let module = resolve(&source, source_span, diagnostics)?;
    Some(ModuleCall {
        span,
        source_span,
        inputs,
        repetition,
        depends_on,
        providers: providers.unwrap_or_default(),
        module,
    })
}

/// The folder: a constant text that begins with `./` or `../`.
fn source(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<(String, Span)> {
    let span = attribute.expr.span;
    let value = super::constant::typed(attribute, &relplan_contract::Type::String, diagnostics)?;
    let text = value.as_str()?;
    let is_local = ["./", "../"].iter().any(|start| text.starts_with(start)) || matches!(text, "." | "..");
    if is_local && !text.contains(['\\', '\0']) {
        return Some((text.to_owned(), span));
    }
    diagnostics.push(
        Diagnostic::error("Invalid module source", format!("{text:?} is not a folder beside this file."))
            .at(span)
            .help("A source begins with `./` or `../` and has forward slashes, as in \"./modules/service\"."),
    );
    None
}

/// `{ git = git.mirror }`.
fn providers(
    attribute: &Attribute,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<ProviderName, (ProviderName, Span)> {
    let Node::Object(entries) = &attribute.expr.node else {
        if !matches!(&attribute.expr.node, Node::Literal(value) if value.is_unknown()) {
            diagnostics.push(
                Diagnostic::error(
                    "Object needed",
                    "`providers` says which provider the module uses for which of its own.",
                )
                .at(attribute.expr.span)
                .help("Write it as `providers = { git = git.mirror }`."),
            );
        }
        return BTreeMap::new();
    };
    let entry = |(key, value): &(Expr, Expr)| {
        // A single word as a key is a text by the rules of objects.
        let child = match key.as_literal().and_then(|value| value.as_str()) {
            Some(name) => Some(ProviderName { name: name.into(), alias: None }),
            None => address::provider(key, diagnostics),
        };
        let parent = address::provider(value, diagnostics);
        Some((child?, (parent?, value.span)))
    };
    entries.iter().filter_map(entry).collect()
}
