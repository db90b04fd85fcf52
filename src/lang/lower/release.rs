//! The `release` block.

use std::sync::Arc;

use super::reader::BodyReader;
use super::version;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::config::{Block, Release};

/// Lowers a block whose labels were checked.
pub(super) fn lower(block: Block, diagnostics: &mut Diagnostics) -> Option<Release> {
    let (name, name_span) = block.labels.first().cloned()?;
    if name.trim().is_empty()
        || name.contains(['/', '\\'])
        || name.starts_with('.')
        || name.chars().any(char::is_control)
    {
        diagnostics.push(
            Diagnostic::error("Invalid product name", "The name of the product is also that of a folder.")
                .at(name_span)
                .help("Use letters, digits, `-`, `_` and single spaces; it cannot begin with a dot or have slashes."),
        );
    }
    let mut reader = BodyReader::new(block, diagnostics);
    let span = reader.span();
    let version = reader.required("version");
    let required_version = reader.text("required_version");
    if let Some((requirement, span)) = &required_version {
        version::check(requirement, *span, reader.diagnostics);
    }
    let backend = backend(&mut reader);
    if let Some(block) = reader.labelled("required_providers").into_iter().next() {
        reader.diagnostics.push(
            Diagnostic::error("Unsupported block", "The providers are built into relplan.")
                .at(block.ty_span)
                .help("Delete the `required_providers` block."),
        );
    }
    reader.finish();
    Some(Release {
        name: Arc::clone(&name),
        name_span,
        version: version?.expr,
        required_version,
        backend,
        span,
    })
}

fn backend(reader: &mut BodyReader<'_>) -> Option<Block> {
    let mut backends = reader.labelled("backend").into_iter();
    let first = backends.next()?;
    if first.labels.len() != 1 {
        reader.diagnostics.push(
            Diagnostic::error(
                "Wrong number of labels",
                "A `backend` block has one label: the type of the backend.",
            )
            .at(first.body.span)
            .help("Write it as `backend \"TYPE\" { ... }`."),
        );
    }
    for block in backends {
        reader.diagnostics.push(
            Diagnostic::error("Block given twice", "A release has one backend.")
                .label(block.ty_span, "given again here")
                .label(first.ty_span, "given first here")
                .help("Delete one of them."),
        );
    }
    Some(first)
}
