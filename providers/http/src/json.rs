//! Values as JSON, and parts of a JSON answer by their path.

use relplan_contract::{Kind, Number, Value};
use serde_json::Value as Json;

/// The JSON of a value; what is unknown or sealed is null.
pub(crate) fn of_value(value: &Value) -> Json {
    match value.kind() {
        Kind::Bool(truth) => Json::from(*truth),
        Kind::Number(number) => number.to_i64().map_or_else(|| Json::from(number.to_f64()), Json::from),
        Kind::String(text) => Json::from(&**text),
        Kind::List(items) | Kind::Set(items) => items.iter().map(of_value).collect(),
        Kind::Map(map) => map.iter().map(|(key, item)| (key.to_string(), of_value(item))).collect(),
        Kind::Null | Kind::Sealed(_) | Kind::Unknown => Json::Null,
    }
}

/// The part of an answer at a path: `status`, `data.items[0].id`, `$.version`.
pub(crate) fn find<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    let mut at = json;
    let path = path.strip_prefix('$').unwrap_or(path);
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let (name, indexes) = part.split_once('[').map_or((part, ""), |(name, rest)| (name, rest));
        if !name.is_empty() {
            at = at.get(name)?;
        }
        for index in indexes.split('[').filter(|index| !index.is_empty()) {
            let index = index.strip_suffix(']')?;
            at = match index.strip_prefix('"').and_then(|index| index.strip_suffix('"')) {
                Some(name) => at.get(name)?,
                None => at.get(index.parse::<usize>().ok()?)?,
            };
        }
    }
    Some(at)
}

/// The part as text: a string as it is, anything else as JSON.
pub(crate) fn text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// Whether a part of an answer is what was expected. Numbers and bools may be given as text.
pub(crate) fn is(found: &Json, expected: &Value) -> bool {
    match (found, expected.kind()) {
        (Json::Number(found), Kind::Number(expected)) => {
            Number::parse(&found.to_string()).as_ref() == Ok(expected)
        }
        (Json::Number(_) | Json::Bool(_), Kind::String(expected)) => text(found) == **expected,
        _ => *found == of_value(expected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_their_path() {
        let json: Json = serde_json::from_str(r#"{"a":[{"b":1.5}],"c.d":2,"e":{"f":"x"}}"#).expect("JSON");
        let found = |path| find(&json, path).map(text);
        assert_eq!(found("a[0].b"), Some("1.5".to_owned()));
        assert_eq!(found("$.e.f"), Some("x".to_owned()));
        assert_eq!(found("[\"e\"].f"), Some("x".to_owned()));
        assert_eq!(found("a[1]"), None);
        assert_eq!(found("a[x]"), None);
        assert!(
            find(&json, "a[0].b")
                .is_some_and(|part| is(part, &Value::from(Number::parse("1.50").expect("a number"))))
        );
    }
}
