//! The JSON of the language's values.

use std::borrow::Cow;

use relplan_contract::{Json, Kind, Value};

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
    Json::String(Cow::Borrowed(text)).to_string()
}

#[cfg(test)]
mod tests {
    use relplan_contract::Number;

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
}
