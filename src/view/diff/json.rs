//! Text that is JSON, as the value that it stands for.

use relplan_contract::Value;
use serde_json::Value as Json;

/// The collection that a text encodes, where showing it instead of the text hides nothing: no doubled key, no
/// number that would lose digits, no escape that could be written otherwise.
pub(super) fn collection(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let json: Json = serde_json::from_str(text).ok()?;
    let is_empty =
        json.as_array().is_some_and(Vec::is_empty) || json.as_object().is_some_and(serde_json::Map::is_empty);
    // What was lost or rewritten in reading would make the texts differ in length.
    if is_empty || json.to_string().len() != without_space(text) {
        return None;
    }
    value(&json)
}

fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::NULL,
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => Value::integer(number.as_i64()?),
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(value).collect::<Option<Vec<_>>>()?),
        Json::Object(map) => Value::map(
            map.iter().map(|(key, item)| Some((key.as_str(), value(item)?))).collect::<Option<Vec<_>>>()?,
        ),
    })
}

/// The length in bytes of a JSON text without the white space between its tokens.
fn without_space(text: &str) -> usize {
    let (mut length, mut in_string, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        if in_string || !byte.is_ascii_whitespace() {
            length += 1;
        }
        match byte {
            b'"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && byte == b'\\' && !escaped;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_collections_that_lose_nothing_are_read() {
        let read = |text: &str| collection(text).map(|value| crate::view::value::inline(&value));
        assert_eq!(read(r#" { "a" : [1, "x \" y"] } "#).as_deref(), Some(r#"{ a = [1, "x \" y"] }"#));
        for kept_as_text in [
            "",
            "1",
            "\"a\"",
            "{}",
            "[]",
            "[0.5]",
            "[1e3]",
            "{\"a\":1,\"a\":2}",
            "[\"\\u0041\"]",
            "[1",
            "[18446744073709551615]",
        ] {
            assert_eq!(read(kept_as_text), None, "{kept_as_text}");
        }
    }
}
