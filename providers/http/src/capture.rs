//! Keeping parts of an answer for later steps.

use regex::bytes::Regex;
use relplan_contract::{Json, is_identifier};
use reqwest::header::HeaderName;

use crate::client::Answer;
use crate::content::{Content, Missing, VAGUE};
use crate::json_path::JsonPath;

/// The longest captured text, in bytes.
const LONGEST: usize = 64 << 10;

/// The largest compiled regular expression, in bytes.
const LARGEST_REGEX: usize = 2 << 20;

/// Which part of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Status,
    Header(HeaderName),
    Json(JsonPath),
    Regex(Regex),
}

impl Source {
    /// Parses `$.path`, `header:NAME`, `regex:PATTERN` or `status`; the error is a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "status" {
            Ok(Self::Status)
        } else if let Some(name) = text.strip_prefix("header:") {
            let name = HeaderName::from_bytes(name.trim().as_bytes());
            name.map(Self::Header).map_err(|_| format!("{text:.80?} names no header."))
        } else if let Some(pattern) = text.strip_prefix("regex:") {
            regex(pattern).map(Self::Regex)
        } else if text.starts_with('$') {
            JsonPath::parse(text).map(Self::Json)
        } else {
            Err(format!("{text:.80?} is neither $.path, header:NAME, regex:PATTERN nor status."))
        }
    }

    /// The part as text.
    pub(crate) fn take(
        &self,
        answer: &Answer,
        content: &Content<'_>,
        json: &Result<Json<'_>, Missing>,
    ) -> Result<String, Missing> {
        if let (Self::Json(_) | Self::Regex(_), Some(why)) = (self, &content.unread) {
            return Err(Missing::Unread(why.clone()));
        }
        let wrong = |what: &'static str| Missing::Wrong(what.into());
        let found = match self {
            Self::Status => answer.status.to_string(),
            Self::Header(name) => {
                let value = answer.headers.get(name).ok_or_else(|| wrong("the answer has no such header"))?;
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            }
            Self::Json(path) => {
                let json = json.as_ref().map_err(Missing::clone)?;
                match path.find(json).ok_or_else(|| wrong("nothing stands there"))? {
                    Json::Null => return Err(wrong("null stands there")),
                    Json::String(text) => text.into_owned(),
                    other @ (Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Map(_)) => {
                        other.to_string()
                    }
                }
            }
            Self::Regex(regex) => {
                let captures = regex.captures(&content.bytes);
                let captures = captures.ok_or_else(|| wrong("the expression does not match"))?;
                let group = captures.get(1).or_else(|| captures.get(0));
                group.map(|group| String::from_utf8_lossy(group.as_bytes()).into_owned()).unwrap_or_default()
            }
        };
        if found.len() > LONGEST {
            return Err(Missing::Wrong(format!("it is longer than {LONGEST} bytes").into()));
        }
        if content.vague && found.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Missing::Unread(VAGUE.into()));
        }
        Ok(found)
    }
}

/// A compiled regular expression; the error is a sentence.
pub(crate) fn regex(pattern: &str) -> Result<Regex, String> {
    let compiled = regex::bytes::RegexBuilder::new(pattern).size_limit(LARGEST_REGEX).build();
    compiled.map_err(|error| {
        // The first lines draw the expression; the last one says what is wrong.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
        format!("The regular expression cannot be read: {}.", last.trim_end_matches('.'))
    })
}

/// Whether a name can be written as `{{name}}`.
pub(crate) fn is_name(name: &str) -> bool {
    is_identifier(name)
}
