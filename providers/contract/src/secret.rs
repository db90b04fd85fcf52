//! Keeping secrets out of sight: [`Secret`] for those at rest in memory, [`Redactor`] for text on its way out.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use zeroize::Zeroizing;

use crate::value::{Kind, Parts, Value};

/// What stands in the place of a secret.
pub const MASK: &str = "(sensitive value)";

/// The shortest text that is masked: shorter ones would mask half of every line.
const SHORTEST: usize = 4;

/// A text that no message shows and whose memory is wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the one place that must send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Replaces every known secret in a text, as it is and in the encodings in which systems echo it.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    patterns: Option<AhoCorasick>,
}

impl Redactor {
    /// A redactor for the secrets. The cost is paid here, once; masking is then one pass over the text.
    #[must_use]
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let patterns: BTreeSet<String> = secrets
            .into_iter()
            .flat_map(|secret| std::iter::once(secret).chain(secret.lines()))
            .map(str::trim)
            .filter(|secret| secret.len() >= SHORTEST)
            .flat_map(encodings)
            .collect();
        if patterns.is_empty() {
            return Self::default();
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        // Building fails only past the automaton's size limit, megabytes of secrets; then everything is masked.
        Self { patterns: Some(automaton.unwrap_or_else(|_| mask_everything())) }
    }

    /// The text with every secret masked.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.patterns {
            Some(patterns) if patterns.is_match(text) => {
                let mut masked = String::with_capacity(text.len());
                patterns.replace_all_with(text, &mut masked, |_, _, out| {
                    out.push_str(MASK);
                    true
                });
                Cow::Owned(masked)
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// Whether a secret stands in the text.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        self.patterns.as_ref().is_some_and(|patterns| patterns.is_match(text))
    }

    /// The value with every text that contains a secret marked sensitive: what a provider echoes stays hidden.
    /// A map with a secret among its keys is marked whole.
    #[must_use]
    pub fn mark(&self, value: &Value) -> Value {
        if self.patterns.is_none() {
            return value.clone();
        }
        value.transform(&|part| {
            let echoes = text_of(&part).is_some_and(|text| self.finds(&text))
                || part.as_map().is_some_and(|map| map.keys().any(|key| self.finds(key)));
            part.mark(echoes)
        })
    }
}

fn mask_everything() -> AhoCorasick {
    AhoCorasick::new(["\n", " "]).unwrap_or_else(|_| unreachable!("two one-byte patterns fit"))
}

/// The texts of a value that must be masked wherever they turn up: every string and number under a mark.
pub fn secrets_of(value: &Value, found: &mut BTreeSet<String>) {
    collect(value, false, found);
}

fn collect(value: &Value, inherited: bool, found: &mut BTreeSet<String>) {
    let sensitive = inherited || value.is_sensitive();
    match value.parts() {
        Parts::Leaf => {
            if let (true, Some(text)) = (sensitive, text_of(value)) {
                found.insert(text);
            }
        }
        Parts::Items(items) => items.iter().for_each(|item| collect(item, sensitive, found)),
        Parts::Entries(map) => {
            for (key, item) in map {
                if sensitive {
                    found.insert(key.to_string());
                }
                collect(item, sensitive, found);
            }
        }
    }
}

/// The text that a string or number would be printed as.
fn text_of(value: &Value) -> Option<String> {
    if let Kind::Number(number) = value.kind() {
        Some(number.to_string())
    } else {
        value.as_str().map(str::to_owned)
    }
}

/// The secret as it is, and as base64 (both alphabets), URL, hex and JSON escapes write it.
fn encodings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut all = vec![secret.to_owned(), hex(bytes, false), hex(bytes, true)];
    all.push(percent(bytes, "-_.~", false));
    all.push(percent(bytes, "-_.~", true));
    all.push(percent(bytes, "*-._", false).replace("%20", "+"));
    // Some writers escape more than they must: PHP the slash, Go what HTML could take for a tag.
    for (upper, slash, html) in (0..8).map(|bits| (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0)) {
        all.push(json(secret, upper, slash, html));
    }
    all.push(secret.escape_debug().to_string());
    for alphabet in [STANDARD, URL_SAFE] {
        // The middle of a longer base64 text depends on where the secret starts in it: all three phases.
        for phase in 0..3 {
            all.extend(base64_core(bytes, phase, alphabet));
        }
    }
    all
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The base64 digits that depend on the secret alone when `phase` unknown bytes come before it.
fn base64_core(bytes: &[u8], phase: usize, alphabet: &[u8; 64]) -> Option<String> {
    let first_bit = (6 - phase * 8 % 6) % 6;
    let bit = |index: usize| bytes.get(index / 8).map_or(0, |byte| byte >> (7 - index % 8) & 1);
    let digits = (bytes.len() * 8 - first_bit) / 6;
    let text: String = (0..digits)
        .filter_map(|digit| {
            let value = (0..6).fold(0, |sum, offset| sum << 1 | bit(first_bit + digit * 6 + offset));
            alphabet.get(usize::from(value)).map(|digit| char::from(*digit))
        })
        .collect();
    (text.len() >= 6).then_some(text)
}

fn hex(bytes: &[u8], upper: bool) -> String {
    bytes.iter().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
}

fn percent(bytes: &[u8], plain: &str, lower: bool) -> String {
    bytes
        .iter()
        .map(|byte| match char::from(*byte) {
            c if c.is_ascii_alphanumeric() || plain.contains(c) => c.to_string(),
            _ if lower => format!("%{byte:02x}"),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn json(text: &str, upper: bool, slash: bool, html: bool) -> String {
    text.chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '/' if slash => "\\/".to_owned(),
            c if c.is_control() || !c.is_ascii() || (html && "<>&'".contains(c)) => {
                let mut units = [0; 2];
                let unit =
                    |unit: &u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
                c.encode_utf16(&mut units).iter().map(unit).collect::<Vec<_>>().concat()
            }
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_in_every_encoding() {
        let redactor = Redactor::new(["p@ss w0rd/é"]);
        for echoed in [
            "p@ss w0rd/é",
            "cEBzcyB3MHJkL8Op",
            "eHBAc3MgdzByZC/DqQ==",
            "eHhwQHNzIHcwcmQvw6k=",
            "7040737320773072642fc3a9",
            "p%40ss%20w0rd%2F%C3%A9",
            "p%40ss+w0rd%2F%C3%A9",
            "p@ss w0rd/\\u00e9",
            "p@ss w0rd\\/\\u00E9",
        ] {
            let text = format!("before {echoed} after");
            assert!(redactor.mask(&text).contains(MASK), "{echoed}");
        }
        assert_eq!(redactor.mask("nothing here"), "nothing here");
    }

    #[test]
    fn an_echo_in_a_computed_attribute_is_marked() {
        let redactor = Redactor::new(["hunter2"]);
        let echoed = Value::map([("out", Value::from("login hunter2 ok")), ("id", Value::from("7"))]);
        let marked = redactor.mark(&echoed);
        assert!(marked.get("out").is_sensitive() && !marked.get("id").is_sensitive());
    }

    #[test]
    fn secrets_under_a_mark_are_found() {
        let value = Value::map([
            ("a", Value::list([Value::from("tokentoken")]).mark(true)),
            ("b", Value::from("plain")),
        ]);
        let mut found = BTreeSet::new();
        secrets_of(&value, &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["tokentoken"]);
        assert_eq!(format!("{:?}", Secret::new("x")), MASK);
    }
}
