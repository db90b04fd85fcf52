//! What may be shown of the texts that come from outside: masked, on one line, and not too long.

use std::sync::Arc;

use relplan_contract::Redactor;

use crate::template::Captured;

/// The longest text from outside in a message, in characters.
const LONGEST: usize = 300;

/// Makes texts fit to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    known: Arc<Redactor>,
    captured: Redactor,
    /// Texts of one answer's own.
    others: Redactor,
}

impl Shown {
    /// Masks what the engine knows to be secret.
    pub(crate) fn new(known: Arc<Redactor>) -> Self {
        Self { known, captured: Redactor::default(), others: Redactor::default() }
    }

    /// Masks what was captured too.
    pub(crate) fn and(&self, captured: &Captured) -> Self {
        Self {
            known: Arc::clone(&self.known),
            captured: Redactor::new(captured.values().map(String::as_str)),
            others: self.others.clone(),
        }
    }

    /// Masks these too.
    pub(crate) fn and_texts<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Self {
        Self { others: Redactor::new(texts), ..self.clone() }
    }

    /// The text as it may be shown. It is masked before it is cut: half a secret would not be recognised.
    pub(crate) fn text(&self, text: &str) -> String {
        let masked = self.mask(text);
        let mut shown: String = masked.chars().take(LONGEST).map(visible).collect();
        if masked.chars().nth(LONGEST).is_some() {
            shown.push_str("...");
        }
        shown
    }

    /// The same for bytes.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        self.text(&String::from_utf8_lossy(bytes))
    }

    fn mask(&self, text: &str) -> String {
        self.others.mask(&self.captured.mask(&self.known.mask(text))).into_owned()
    }
}

/// The character, or its escape where it would move the cursor or turn the text around.
fn visible(c: char) -> String {
    let turns =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if c.is_control() || turns { c.escape_default().to_string() } else { c.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_before_the_text_is_cut() {
        let shown = Shown::new(Arc::new(Redactor::new(["hunter2hunter2"])));
        let text = format!("{}hunter2hunter2", "x".repeat(295));
        assert!(!shown.text(&text).contains("hunt"));
        let captured = Captured::from([("token".into(), "abcdefgh".into())]);
        assert_eq!(
            shown.and(&captured).text("a abcdefgh\r\n\u{1b}[2J\u{202e}"),
            "a (sensitive value)\\r\\n\\u{1b}[2J\\u{202e}"
        );
        assert_eq!(shown.text(&"y".repeat(301)).chars().count(), 303);
    }
}
