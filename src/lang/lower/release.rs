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
    reader.refuse(
        &["backend", "cloud"],
        "The ledger lies beside the release files, in `.relplan`. Remote backends are not there yet.",
        "Delete it, and keep `.relplan` where every run finds it.",
    );
    reader.refuse(&["required_providers"], "The providers are built into relplan.", "Delete it.");
    reader.finish();
    Some(Release { name: Arc::clone(&name), name_span, version: version?.expr, required_version, span })
}
