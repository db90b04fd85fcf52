//! Diagnostics as JSON: `docs/json/diagnostics.schema.json`.

use serde_json::{Value as Json, json};

use super::document;
use crate::diag::{Diagnostic, Diagnostics, Label, Severity};
use crate::source::{Position, Sources, Span};

/// All findings in their order, with places as lines and columns from 1.
#[must_use]
pub fn diagnostics(diagnostics: &Diagnostics, sources: &Sources) -> Json {
    let errors = diagnostics.0.iter().filter(|of| of.severity == Severity::Error).count();
    let all: Vec<Json> = diagnostics.0.iter().map(|of| diagnostic(of, sources)).collect();
    let members = json!({
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": diagnostics.0.len() - errors,
        "diagnostics": all,
    });
    document("relplan_diagnostics", members)
}

fn diagnostic(diagnostic: &Diagnostic, sources: &Sources) -> Json {
    json!({
        "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "help": diagnostic.help,
        "address": diagnostic.address,
        "places": diagnostic.labels.iter().map(|label| place(label, sources)).collect::<Vec<_>>(),
    })
}

fn place(label: &Label, sources: &Sources) -> Json {
    let span = label.span;
    let end = Span { start: span.end, ..span };
    let position = |Position { line, column }| json!({ "line": line, "column": column });
    json!({
        "file": sources.get(span.file).map(|file| &*file.name),
        "start": position(sources.position(span)),
        "end": position(sources.position(end)),
        "text": label.text,
    })
}
