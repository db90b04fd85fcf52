//! Diagnostics as JSON: `docs/json/diagnostics.schema.json`.

use serde_json::{Value as Json, json};

use super::document;
use crate::diag::render::{self, Finding, Place};
use crate::diag::{Diagnostics, Severity};
use crate::source::{Position, Sources};

/// All findings in their order, with places as lines and columns from 1.
#[must_use]
pub fn diagnostics(diagnostics: &Diagnostics, sources: &Sources) -> Json {
    let errors = diagnostics.0.iter().filter(|of| of.severity == Severity::Error).count();
    let all: Vec<Json> = render::findings(diagnostics, sources).iter().map(finding).collect();
    let members = json!({
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": diagnostics.0.len() - errors,
        "diagnostics": all,
    });
    document("relplan_diagnostics", members)
}

fn finding(finding: &Finding) -> Json {
    json!({
        "severity": finding.severity,
        "summary": finding.summary,
        "detail": finding.detail,
        "help": finding.help,
        "address": finding.address,
        "places": finding.places.iter().map(place).collect::<Vec<_>>(),
    })
}

fn place(place: &Place) -> Json {
    let position = |Position { line, column }| json!({ "line": line, "column": column });
    json!({
        "file": place.file,
        "start": position(place.start),
        "end": position(place.end),
        "text": place.text,
    })
}
