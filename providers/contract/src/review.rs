//! [`Reviews`]: where people review what will be done, such as the pull requests of a code host.

use crate::context::{Answer, Context};
use crate::problem::Problem;

/// One text in the review of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Review<'a> {
    /// The change under review, as a person names it: `42`, or `acme/shop#42`.
    pub change: &'a str,
    /// Words in the text's first line by which it is told from other texts there.
    pub topic: &'a str,
}

/// A place where people review what will be done.
pub trait Reviews: Send + Sync {
    /// Puts the text where the reviewers see it, once: one that is there for the topic is edited in place, and further
    /// ones are folded away as outdated. Gives where it can be read.
    fn publish<'a>(
        &'a self,
        context: &'a Context,
        review: Review<'a>,
        text: &'a str,
    ) -> Answer<'a, Result<String, Problem>>;

    /// The text that stands there for the topic, if we wrote it: what others wrote counts for nothing.
    fn published<'a>(
        &'a self,
        context: &'a Context,
        review: Review<'a>,
    ) -> Answer<'a, Result<Option<String>, Problem>>;

    /// Who approves the change as it is now, by their logins; nobody where the place does not tell.
    fn approved_by<'a>(
        &'a self,
        context: &'a Context,
        review: Review<'a>,
    ) -> Answer<'a, Result<Vec<String>, Problem>> {
        let _ = (context, review);
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A text as one word inside an HTML comment, by which what was written is found again. Two texts never make the same word, and
/// none ends the comment: what is not a letter or digit of ASCII, `.`, `_`, `+`, `:` or a single `-` is `%` and two digits.
#[must_use]
pub fn marker_word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    let last = text.len().saturating_sub(1);
    for (at, byte) in text.bytes().enumerate() {
        let lone = byte == b'-' && !word.is_empty() && !word.ends_with('-') && at < last;
        if byte.is_ascii_alphanumeric() || b"._+:".contains(&byte) || lone {
            word.push(char::from(byte));
        } else {
            word.push('%');
            word.extend(
                [byte >> 4, byte & 15].map(|half| {
                    char::from(b"0123456789ABCDEF".get(usize::from(half)).copied().unwrap_or(b'0'))
                }),
            );
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_its_texts_own_and_ends_no_comment() {
        for text in ["shop", "my-shop", "1.2.0-rc.1+b:7", "a_b"] {
            assert_eq!(marker_word(text), text);
        }
        let texts = [
            "my shop",
            "my-shop",
            "my--shop",
            "my---shop",
            "-my-shop",
            "my-shop-",
            "myshop",
            "My shop",
            "my%20shop",
            "my=shop",
            "k\u{e4}se",
            "ka\u{308}se",
            "kase",
            "\u{1f680}",
            "\u{1f6f8}",
            "-->",
            "--!>",
            "\"",
            "'",
            "`",
            "a\nb",
            "a\r\nb",
            "a\u{2028}b",
            "",
            "-",
            "--",
            "%",
            "%%",
            "version=1.2.0",
        ];
        let mut words = std::collections::BTreeSet::new();
        for text in texts {
            let word = marker_word(text);
            assert!(!word.contains("--") && !word.contains(['>', '<', ' ', '=', '"', '\n']), "{word}");
            assert!(!word.starts_with('-') && !word.ends_with('-') && word.is_ascii(), "{word}");
            assert!(words.insert(word), "{text:?} is like another");
        }
    }
}
