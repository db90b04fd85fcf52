//! Between JSON and the language's values.

use relplan_contract::{Kind, Number, Value};
use serde_json::Value as Json;

/// The value that a JSON text stands for. Numbers are read as binary floats where they have more than 64 bits.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::NULL,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => {
            // Every text of a finite number is a decimal, but one may have too many digits for the language.
            let text = number.to_string();
            Number::parse(&text).map_or_else(|_| Value::from(text), Value::from)
        }
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => Value::list(items.iter().map(value)),
        Json::Object(map) => Value::map(map.iter().map(|(name, item)| (name.as_str(), value(item)))),
    }
}

/// The JSON text of a value, all digits of its numbers included, with `text` made to each string in it. None
/// where a part of it is not known.
pub(crate) fn text(value: &Value, string: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
    Some(match value.kind() {
        Kind::Null => "null".into(),
        Kind::Bool(truth) => truth.to_string(),
        Kind::Number(number) => number.to_string(),
        Kind::String(text) => quoted(&string(text)?),
        Kind::List(items) | Kind::Set(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| self::text(item, string)).collect();
            format!("[{}]", items?.join(","))
        }
        Kind::Map(map) => {
            let entries: Option<Vec<String>> = map
                .iter()
                .map(|(name, item)| Some(format!("{}:{}", quoted(name), self::text(item, string)?)))
                .collect();
            format!("{{{}}}", entries?.join(","))
        }
        Kind::Sealed(_) | Kind::Unknown => return None,
    })
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_all_their_digits() {
        let number = Number::parse("12345678901234567890.123456789").expect("a number");
        let written =
            Value::map([("b", Value::list([number.into(), Value::NULL])), ("a\"", Value::from("x\n{{y}}"))]);
        let text = text(&written, &mut |text| Some(text.replace("{{y}}", "\"z")));
        assert_eq!(text.as_deref(), Some(r#"{"a\"":"x\n\"z","b":[12345678901234567890.123456789,null]}"#));
        assert_eq!(super::text(&Value::list([Value::UNKNOWN]), &mut |_| None), None);
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let json = serde_json::from_str(r#"{"a": [0.1, 1e2, -7, true, null, "ü"], "b": {}}"#).expect("JSON");
        let tenth = Number::parse("0.1").expect("a number");
        let items = [tenth.into(), 100.into(), (-7).into(), true.into(), Value::NULL, "ü".into()];
        let none: [(&str, Value); 0] = [];
        assert_eq!(value(&json), Value::map([("a", Value::list(items)), ("b", Value::map(none))]));
    }
}
