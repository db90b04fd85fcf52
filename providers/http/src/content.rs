//! The content of an answer, as it is judged: characters decoded, JSON read, and what cannot be known of it.

use std::borrow::Cow;

use relplan_contract::{Json, JsonError, Text};
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::client::Answer;

/// The most levels of JSON that are read to judge an answer.
const MOST_LEVELS: u32 = 1_000;

/// What is said where characters would have to be known and are not.
pub(crate) const VAGUE: &str =
    "The body is no UTF-8, and neither Content-Type nor the body names its charset.";

/// A body as text.
pub(crate) struct Content<'a> {
    /// In UTF-8 where its characters are known, else as it came.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Why nothing can be said of it, as a sentence: it is encoded in a way that is not known here.
    pub(crate) unread: Option<String>,
    /// Whether nobody told its characters, and they are not those of UTF-8.
    pub(crate) vague: bool,
}

impl<'a> Content<'a> {
    /// Decodes the characters of an answer.
    pub(crate) fn of(answer: &'a Answer) -> Self {
        let raw = || Cow::Borrowed(&*answer.body);
        if let Some(why) = &answer.undecoded {
            return Self { bytes: raw(), unread: Some(why.clone()), vague: false };
        }
        match Text::decode(&answer.body, charset(&answer.headers).as_deref()) {
            Err(unknown) => {
                let why = format!("The body cannot be read: {unknown}.");
                Self { bytes: raw(), unread: Some(why), vague: false }
            }
            // What is no text is still bytes that an expression may match.
            Ok(text) if text.lossy && !text.told => Self { bytes: raw(), unread: None, vague: true },
            Ok(text) => {
                let bytes = match text.text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                };
                Self { bytes, unread: None, vague: false }
            }
        }
    }

    /// The text; what is none is replaced.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// Why a part of an answer cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The answer does not have it: a clause.
    Wrong(Cow<'static, str>),
    /// Nobody can tell: a sentence.
    Unread(String),
}

/// JSON, or why there is none.
pub(crate) fn json(text: &str) -> Result<Json<'_>, Missing> {
    Json::read(text, MOST_LEVELS).map_err(|error| match error {
        JsonError::Depth(_) | JsonError::Parts(_) => {
            Missing::Unread(format!("The body cannot be read as JSON: {error}."))
        }
        JsonError::Syntax { .. } => Missing::Wrong("the answer is no JSON".into()),
    })
}

/// The charset that the header names.
fn charset(headers: &HeaderMap) -> Option<String> {
    let header = String::from_utf8_lossy(headers.get(CONTENT_TYPE)?.as_bytes()).into_owned();
    let named = header.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).find_map(
        |(name, value)| {
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches(['"', '\'']).trim().to_owned())
        },
    );
    named.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_charset_is_found_however_it_is_written() {
        for (header, found) in [
            ("text/html; charset=iso-8859-1", Some("iso-8859-1")),
            ("Application/JSON;CHARSET=\"UTF-8\"; x=y", Some("UTF-8")),
            ("text/plain; format=flowed; charset = 'latin1' ", Some("latin1")),
            ("text/plain; charset=", None),
            ("text/plain; charset", None),
            ("application/json", None),
            ("charset=utf-8", None),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(header))]);
            assert_eq!(charset(&headers).as_deref(), found, "{header}");
        }
        assert_eq!(charset(&HeaderMap::new()), None);
    }
}
