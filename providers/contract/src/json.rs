//! [`Json`]: JSON that came from outside, with every digit of its numbers, and nested as deep as its reader allows.
//!
//! Numbers stay the text that they are until somebody asks for their value, and the reader calls itself for no level of
//! nesting: neither a wrong digit nor a full stack comes of what a server sends. What is made of a text that was read
//! (a value, a text, a copy) does call itself for each level: the reader's caller says how many there may be.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::number::{Number, NumberError};
use crate::value::Value;

mod reader;

/// Levels of lists and maps that a [`Value`] may have: more are refused by the language, and no plan could keep them.
pub const MAX_DEPTH: u32 = 100;

/// A JSON text, read. Of members with the same name the last one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json<'t> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(&'t str),
    /// A text.
    String(Cow<'t, str>),
    /// An array.
    List(Vec<Json<'t>>),
    /// An object.
    Map(BTreeMap<Cow<'t, str>, Json<'t>>),
}

/// Why a text could not be read as JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It may well be JSON, and has more levels than were allowed.
    #[error("it is nested more than {0} levels deep")]
    Depth(u32),
    /// It may well be JSON, and has more parts than were allowed.
    #[error("it has more than {0} parts")]
    Parts(u64),
    /// It is none.
    #[error("at line {line}, column {column}, {what}")]
    Syntax {
        /// The line, from 1 on.
        line: usize,
        /// The column in characters, from 1 on.
        column: usize,
        /// What is wrong there, as a clause.
        what: &'static str,
    },
}

impl<'t> Json<'t> {
    /// Reads a text of at most so many levels of arrays and objects.
    pub fn read(text: &'t str, most_levels: u32) -> Result<Self, JsonError> {
        Self::read_within(text, most_levels, u64::MAX)
    }

    /// The same, of at most so many values inside each other and beside each other.
    pub fn read_within(text: &'t str, most_levels: u32, most_parts: u64) -> Result<Self, JsonError> {
        reader::read(text, most_levels, most_parts)
    }

    /// The value that it stands for; fails where a number in it has more digits than the language's may have.
    pub fn value(&self) -> Result<Value, NumberError> {
        Ok(match self {
            Self::Null => Value::NULL,
            Self::Bool(truth) => (*truth).into(),
            Self::Number(text) => number(text)?.into(),
            Self::String(text) => Value::from(&**text),
            Self::List(items) => Value::list(items.iter().map(Self::value).collect::<Result<Vec<_>, _>>()?),
            Self::Map(map) => {
                let entries = map.iter().map(|(name, item)| Ok((&**name, item.value()?)));
                Value::map(entries.collect::<Result<Vec<_>, NumberError>>()?)
            }
        })
    }
}

/// The number that a JSON number stands for.
fn number(text: &str) -> Result<Number, NumberError> {
    Number::parse(text).or_else(|error| {
        // Zeros at the end of a fraction are digits too, and say nothing.
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').ok_or(error)?;
        let fraction = fraction.trim_end_matches('0');
        Number::parse(&format!("{whole}.{}e{exponent}", if fraction.is_empty() { "0" } else { fraction }))
    })
}

impl fmt::Display for Json<'_> {
    /// JSON on one line, with numbers as they came.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(text) => f.write_str(text),
            Self::String(text) => quoted(text, f),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index == 0 { "[" } else { "," })?;
                    item.fmt(f)?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Self::Map(map) => {
                for (index, (name, item)) in map.iter().enumerate() {
                    f.write_str(if index == 0 { "{" } else { "," })?;
                    quoted(name, f)?;
                    f.write_str(":")?;
                    item.fmt(f)?;
                }
                f.write_str(if map.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0'..='\u{1f}' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests;
