//! Texts with `{{name}}` in them, which is replaced by what an earlier step captured.

use std::collections::{BTreeMap, BTreeSet};

use relplan_contract::is_identifier;

/// What was captured so far, by name.
pub(crate) type Captured = BTreeMap<String, String>;

/// A text, taken apart at its references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

impl Template {
    /// Takes the text apart. Braces around anything but a name stay as they are.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let name = after.split_once("}}").map(|(name, behind)| (name.trim(), behind));
            plain.push_str(before);
            if let Some((name, behind)) = name.filter(|(name, _)| is_identifier(name)) {
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Name(name.into()));
                rest = behind;
            } else {
                plain.push_str("{{");
                rest = after;
            }
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Self(parts)
    }

    /// The names that it refers to.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.0
            .iter()
            .filter_map(|part| if let Part::Name(name) = part { Some(&**name) } else { None })
            .collect()
    }

    /// The text with each reference replaced by `encode` of its value; none where one has no value.
    pub(crate) fn render(&self, captured: &Captured, encode: impl Fn(&str) -> String) -> Option<String> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => Some(text.clone()),
                Part::Name(name) => captured.get(name).map(|value| encode(value)),
            })
            .collect()
    }
}

/// The text with every byte escaped that has a meaning anywhere in a URL.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_other_braces_stay() {
        let captured = Captured::from([("id".into(), "a/b?ü".into()), ("x".into(), "{{id}}".into())]);
        for (text, rendered) in [
            ("/items/{{id}}/{{ id }}", Some("/items/a%2Fb%3F%C3%BC/a%2Fb%3F%C3%BC")),
            ("{{x}}", Some("%7B%7Bid%7D%7D")),
            ("{{ }} {{1}} {{a b}} {{{id}} {{", Some("{{ }} {{1}} {{a b}} {{{id}} {{")),
            ("{{id}}{{none}}", None),
            ("", Some("")),
        ] {
            let template = Template::parse(text);
            assert_eq!(template.render(&captured, percent_encoded).as_deref(), rendered, "{text}");
        }
        assert_eq!(Template::parse("{{b}}{{a}}{{b}}").names().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
