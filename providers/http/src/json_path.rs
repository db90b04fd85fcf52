//! The part of JSON path (RFC 9535) that names a place: names, indices and wildcards.
//!
//! A crate for the whole of it would bring eight more (`serde_json_path`: a second `syn`, and no release in 21
//! months) or a parser generator with assembly (`jsonpath-rust`). Filters are of little use where one answer is
//! compared with one value, so the rest is left out, and what is left out is refused by name.

use relplan_contract::Json;

/// The longest path, in steps.
const MOST_STEPS: usize = 100;

/// A parsed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Name(String),
    /// From the end where negative.
    Index(i64),
    All,
}

impl JsonPath {
    /// Parses `$.a["b"][0][*]`; the error is a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some(mut rest) = text.strip_prefix('$') else {
            return Err(format!("The JSON path {text:.80?} does not begin with $."));
        };
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let (segment, after) = if let Some(after) = rest.strip_prefix('[') {
                bracket(after)
            } else {
                rest.strip_prefix('.').and_then(dotted)
            }
            .ok_or_else(|| unknown(text, rest))?;
            segments.push(segment);
            rest = after;
            if segments.len() > MOST_STEPS {
                return Err(format!("The JSON path {text:.80?} has more than {MOST_STEPS} steps."));
            }
        }
        Ok(Self(segments))
    }

    /// What stands at the place: nothing, one thing, or with a wildcard the list of all.
    pub(crate) fn find<'t>(&self, json: &Json<'t>) -> Option<Json<'t>> {
        let mut found = vec![json];
        for segment in &self.0 {
            found = found.into_iter().flat_map(|json| segment.of(json)).collect();
        }
        if self.0.contains(&Segment::All) {
            Some(Json::List(found.into_iter().cloned().collect()))
        } else {
            found.first().map(|json| (*json).clone())
        }
    }
}

impl Segment {
    fn of<'j, 't>(&self, json: &'j Json<'t>) -> Vec<&'j Json<'t>> {
        match (self, json) {
            (Self::Name(name), Json::Map(map)) => map.get(&**name).into_iter().collect(),
            (Self::Index(index), Json::List(items)) => at(items, *index).into_iter().collect(),
            (Self::All, Json::List(items)) => items.iter().collect(),
            (Self::All, Json::Map(map)) => map.values().collect(),
            _ => Vec::new(),
        }
    }
}

fn at<'j, 't>(items: &'j [Json<'t>], index: i64) -> Option<&'j Json<'t>> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    let index = if index < 0 { items.len().checked_sub(distance)? } else { distance };
    items.get(index)
}

/// `name` or `*` behind a dot, and what comes after it.
fn dotted(rest: &str) -> Option<(Segment, &str)> {
    if let Some(after) = rest.strip_prefix('*') {
        return Some((Segment::All, after));
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end)?;
    let first = name.chars().next()?;
    (!first.is_numeric() && first != '-').then(|| (Segment::Name(name.into()), after))
}

/// `"name"]`, `0]` or `*]` behind a bracket, and what comes after it.
fn bracket(rest: &str) -> Option<(Segment, &str)> {
    if let Some(after) = rest.strip_prefix("*]") {
        return Some((Segment::All, after));
    }
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return quoted(rest.get(1..)?, quote);
    }
    let (index, after) = rest.split_once(']')?;
    let digits = index.strip_prefix('-').unwrap_or(index);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((Segment::Index(index.parse().ok()?), after))
}

fn quoted(rest: &str, quote: char) -> Option<(Segment, &str)> {
    let mut name = String::new();
    let mut chars = rest.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            // Of the escapes only those that quoting needs.
            '\\' => name.push(chars.next().map(|(_, c)| c).filter(|c| matches!(c, '\\' | '"' | '\'' | '/'))?),
            c if c == quote => {
                let after = rest.get(index + 1..)?.strip_prefix(']')?;
                return Some((Segment::Name(name), after));
            }
            c => name.push(c),
        }
    }
    None
}

fn unknown(text: &str, rest: &str) -> String {
    let known = "known are .name, [\"name\"], [0], [-1], [*] and .*";
    format!("The JSON path {text:.80?} cannot be read from {rest:.40?} on; {known}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str, json: &str) -> Option<String> {
        let json = Json::read(json, 10).expect("JSON");
        JsonPath::parse(path).expect("a path").find(&json).map(|found| found.to_string())
    }

    #[test]
    fn places_are_found() {
        let json =
            r#"{"a": {"b-c": [1, {"d": null}], "x.y": "z"}, "e'\"": [{"n": 1}, {"n": 2}, {}], "ü": true}"#;
        for (path, found) in [
            ("$.a['x.y']", Some("\"z\"")),
            ("$.a.b-c[0]", Some("1")),
            ("$[\"a\"].b-c[-1].d", Some("null")),
            ("$.ü", Some("true")),
            ("$['e\\'\"'][*].n", Some("[1,2]")),
            ("$.a.b-c[2]", None),
            ("$.a.b-c[-3]", None),
            ("$.a.b-c[-9223372036854775808]", None),
            ("$.a[0]", None),
            ("$.none.deeper", None),
            ("$.none[*]", Some("[]")),
            ("$.a.b-c.*", Some("[1,{\"d\":null}]")),
        ] {
            assert_eq!(find(path, json).as_deref(), found, "{path}");
        }
        assert_eq!(find("$", "7").as_deref(), Some("7"));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in [
            "",
            "a",
            ".a",
            "$a",
            "$.",
            "$..a",
            "$.a.",
            "$[",
            "$[]",
            "$['a",
            "$['a'",
            "$[1:2]",
            "$[?@.a]",
            "$.0",
            "$[+1]",
            "$['a\\n']",
            "$[99999999999999999999]",
            "$.a b",
        ] {
            assert!(JsonPath::parse(bad).is_err(), "{bad}");
        }
        assert!(JsonPath::parse(&format!("${}", "[0]".repeat(101))).is_err());
    }
}
