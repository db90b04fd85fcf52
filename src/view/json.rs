//! What programs read: JSON with a name and a version of its form, described by the schemas in `docs/json/`.
//!
//! Every document is an object with `format` and `format_version`. Within a major version members are only added,
//! and words only added to enumerations; readers must accept both. Values of attributes are written as
//! [`canonical`] tells: `{"$unknown":true}` is known after apply, `{"$sensitive":null}` is shown
//! nowhere, and a number that is no whole one of 64 bits is `{"$number":"0.1"}`. There are no floats.

use relplan_contract::{Kind, Value, Verdict};
use serde_json::{Value as Json, json};

use crate::addr::{Address, is_deceptive};
use crate::canonical::{self, Hidden};

mod diagnostics;
mod plan;
mod run;
mod schema;
mod state;
mod verbs;

pub use diagnostics::diagnostics;
pub use plan::{plan, saved_plan};
pub use run::{notice, summary, usage};
pub use schema::{data_source, providers, resource_type};
pub use state::{entry, history, outputs, snapshots, state, verified};
pub use verbs::{Deed, Reformatted, done, formatted, graph};

/// The JSON on one line with its line break, keys sorted. Characters that could deceive a reader are escaped.
#[must_use]
pub fn to_line(json: &Json) -> String {
    ascii_where_deceptive(&canonical::to_string(json)) + "\n"
}

/// The JSON indented for people, with a line break at the end.
#[must_use]
pub fn to_text(json: &Json) -> String {
    // Writing a JSON value to memory cannot fail: its keys are strings.
    let text = serde_json::to_string_pretty(json).unwrap_or_default();
    ascii_where_deceptive(&text) + "\n"
}

/// Deceptive characters can stand in JSON only inside strings (`serde_json` has escaped the ones below U+0020), so
/// each may be replaced by its escape.
fn ascii_where_deceptive(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A document of a form.
fn document(format: &str, members: Json) -> Json {
    let mut document = json!({ "format": format, "format_version": "1.0" });
    if let (Json::Object(document), Json::Object(members)) = (&mut document, members) {
        document.extend(members);
    }
    document
}

/// The versions of relplan and its providers.
#[must_use]
pub fn version<'v>(relplan: &str, providers: impl IntoIterator<Item = (&'v str, &'v str)>) -> Json {
    let providers: serde_json::Map<String, Json> =
        providers.into_iter().map(|(name, version)| (name.to_owned(), Json::from(version))).collect();
    document("relplan_version", json!({ "version": relplan, "providers": providers }))
}

/// A value; of what is sensitive, now or in the past, there is nothing in it.
fn value(value: &Value) -> Json {
    let conceal = |part: Value| match part.kind() {
        Kind::Sealed(_) => Value::UNKNOWN.mark(true),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::List(_)
        | Kind::Set(_)
        | Kind::Map(_)
        | Kind::Unknown => part,
    };
    canonical::encode(&value.transform(&conceal), &Hidden)
}

fn verdict(verdict: &Verdict) -> Json {
    json!({ "outcome": verdict.outcome.name(), "summary": verdict.summary, "details": verdict.details })
}

fn addresses(addresses: &[Address]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
