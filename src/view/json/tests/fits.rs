//! A check of JSON against as much of JSON Schema as the schemas in `docs/json/` use. A keyword that it does not
//! know is reported, so that none is passed over in silence.

use regex::Regex;
use serde_json::Value as Json;

/// Everything that does not fit, each with its place.
pub(super) fn misfits(schema: &Json, document: &Json) -> Vec<String> {
    let mut found = Vec::new();
    Check { root: schema, found: &mut found }.value(schema, document, "");
    found
}

struct Check<'c> {
    root: &'c Json,
    found: &'c mut Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, schema: &Json, value: &Json, at: &str) {
        for (keyword, rule) in schema.as_object().expect("a schema is an object") {
            if let Some(message) = self.rule(keyword, rule, value, at) {
                self.found.push(format!("{at}: {message}"));
            }
        }
    }

    fn rule(&mut self, keyword: &str, rule: &Json, value: &Json, at: &str) -> Option<String> {
        let unless = |fits: bool, message: String| (!fits).then_some(message);
        match keyword {
            "$schema" | "$defs" | "title" | "description" => None,
            "type" => unless(is_of_type(rule, value), format!("is not of type {rule}")),
            "const" => unless(value == rule, format!("is not {rule}")),
            "enum" => unless(rule.as_array()?.contains(value), format!("is none of {rule}")),
            "minimum" => unless(value.as_i64() >= rule.as_i64(), format!("is below {rule}")),
            "minItems" => unless(
                value.as_array()?.len() as u64 >= rule.as_u64()?,
                format!("has less than {rule} items"),
            ),
            "pattern" => {
                let pattern = Regex::new(rule.as_str()?).expect("a pattern");
                unless(pattern.is_match(value.as_str()?), format!("does not match {rule}"))
            }
            "required" => {
                let missing =
                    rule.as_array()?.iter().find(|name| value.get(name.as_str().unwrap_or("")).is_none());
                missing.filter(|_| value.is_object()).map(|name| format!("lacks {name}"))
            }
            "properties" => {
                for (name, item) in value.as_object()? {
                    match rule.get(name) {
                        Some(schema) => self.value(schema, item, &format!("{at}.{name}")),
                        None => self.found.push(format!("{at}.{name}: is not in the schema")),
                    }
                }
                None
            }
            "additionalProperties" => {
                for (name, item) in value.as_object()? {
                    self.value(rule, item, &format!("{at}.{name}"));
                }
                None
            }
            "items" => {
                for (index, item) in value.as_array()?.iter().enumerate() {
                    self.value(rule, item, &format!("{at}[{index}]"));
                }
                None
            }
            "anyOf" => {
                let fits = |schema: &Json| {
                    let mut found = Vec::new();
                    Check { root: self.root, found: &mut found }.value(schema, value, at);
                    found.is_empty()
                };
                unless(rule.as_array()?.iter().any(fits), format!("fits none of {rule}"))
            }
            "$ref" => {
                let pointer = rule.as_str()?.strip_prefix('#').expect("a reference inside the document");
                let target = self.root.pointer(pointer).expect("a definition");
                self.value(target, value, at);
                None
            }
            other => Some(format!("the schema uses {other}, which this check does not know")),
        }
    }
}

fn is_of_type(rule: &Json, value: &Json) -> bool {
    let is = |name: &Json| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    };
    rule.as_array().map_or_else(|| is(rule), |names| names.iter().any(is))
}
