//! Single values as text: scalars as HCL writes them, what is sensitive or unknown as words.

use relplan_contract::{Kind, MASK, Value};

use super::escape;
use crate::addr::quoted;

/// What stands for a value that only apply can tell.
pub const UNKNOWN: &str = "(known after apply)";

/// The HCL of a value that needs one line and no more: scalars, empty collections, what is hidden or unknown.
#[must_use]
pub fn scalar(value: &Value) -> Option<String> {
    if value.is_sensitive() && !value.is_null() {
        return Some(MASK.to_owned());
    }
    match value.kind() {
        Kind::Null => Some("null".to_owned()),
        Kind::Bool(truth) => Some(truth.to_string()),
        Kind::Number(number) => Some(number.to_string()),
        Kind::String(text) => Some(quoted(text)),
        Kind::List(items) | Kind::Set(items) => items.is_empty().then(|| "[]".to_owned()),
        Kind::Map(map) => map.is_empty().then(|| "{}".to_owned()),
        Kind::Sealed(_) => Some(MASK.to_owned()),
        Kind::Unknown => Some(UNKNOWN.to_owned()),
    }
}

/// The whole value on one line, as HCL: `{ a = [1, 2], b = "x" }`.
#[must_use]
pub fn inline(value: &Value) -> String {
    if let Some(text) = scalar(value) {
        return text;
    }
    match value.kind() {
        Kind::List(items) | Kind::Set(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Kind::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|(name, item)| format!("{} = {}", escape::key(name), inline(item))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Sealed(_) | Kind::Unknown => {
            String::new()
        }
    }
}

/// The value as a word in a sentence: text without quotes, everything else as in [`inline`].
#[must_use]
pub fn word(value: &Value) -> String {
    match value.kind() {
        Kind::String(text) if !value.is_sensitive() => escape::line(text).into_owned(),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::List(_)
        | Kind::Set(_)
        | Kind::Map(_)
        | Kind::Sealed(_)
        | Kind::Unknown => inline(value),
    }
}

/// The value at `attribute` before and after, as a release manager thinks of it: `1.1.0 -> 1.2.0`, or one version
/// where the other is missing. None where both are.
#[must_use]
pub fn headline(attribute: &str, before: &Value, after: &Value) -> Option<String> {
    let (before, after) = (before.get(attribute), after.get(attribute));
    match (before.is_null(), after.is_null()) {
        (true, true) => None,
        (true, false) => Some(word(after)),
        (false, true) => Some(word(before)),
        (false, false) if before == after => Some(word(after)),
        (false, false) => Some(format!("{} -> {}", word(before), word(after))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_like_hcl() {
        let value = Value::map([
            ("a b", Value::list([Value::integer(1), Value::NULL])),
            ("later", Value::UNKNOWN),
            ("none", Value::map::<&str>([])),
            ("secret", Value::from("hunter2").mark(true)),
            ("text", Value::from("x\u{202e}\"")),
        ]);
        assert_eq!(
            inline(&value),
            r#"{ "a b" = [1, null], later = (known after apply), none = {}, secret = (sensitive value), text = "x\u202e\"" }"#
        );
        assert_eq!(inline(&value.mark(true)), "(sensitive value)");
    }

    #[test]
    fn a_headline_names_both_versions_where_they_differ() {
        let of = |version: &str| Value::map([("version", Value::from(version))]);
        assert_eq!(headline("version", &of("1.1.0"), &of("1.2.0")).as_deref(), Some("1.1.0 -> 1.2.0"));
        assert_eq!(headline("version", &Value::NULL, &of("1.2.0")).as_deref(), Some("1.2.0"));
        assert_eq!(headline("version", &of("1.1.0"), &Value::NULL).as_deref(), Some("1.1.0"));
        assert_eq!(headline("other", &of("1.1.0"), &of("1.2.0")), None);
    }
}
