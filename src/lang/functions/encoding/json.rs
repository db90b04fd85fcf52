//! JSON, with exact numbers of any length: the reader and writer of `jsondecode` and `jsonencode`.

use relplan_contract::{Json, JsonError, Kind, Value};

use super::super::{Arguments, Exceeded, Fault};
use crate::lang::eval::{Budget, MAX_VALUE_DEPTH};

/// The value on one line, as Terraform writes it: keys sorted, `<`, `>`, `&`, U+2028 and U+2029 escaped.
pub(in crate::lang::functions) fn encode(value: &Value) -> String {
    let mut out = String::new();
    // Only a budget refuses, and none is asked here.
    let _ = write(value, &mut out, &mut |_| Ok(()));
    out
}

/// The same, refused when the budget has no room for it.
pub(super) fn encode_within(value: &Value, budget: &Budget) -> Result<String, Exceeded> {
    let mut out = String::new();
    write(value, &mut out, &mut |length| budget.bytes(length))?;
    Ok(out)
}

type Pay<'p> = dyn FnMut(usize) -> Result<(), Exceeded> + 'p;

fn write(value: &Value, out: &mut String, pay: &mut Pay<'_>) -> Result<(), Exceeded> {
    match value.kind() {
        Kind::Null | Kind::Unknown | Kind::Sealed(_) => out.push_str("null"),
        Kind::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Kind::Number(number) => {
            let digits = number.to_string();
            pay(digits.len())?;
            out.push_str(&digits);
        }
        Kind::String(text) => {
            pay(text.len())?;
            write_string(text, out);
        }
        Kind::List(items) | Kind::Set(items) => {
            pay(items.len())?;
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                write(item, out, pay)?;
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Kind::Map(map) => {
            pay(map.len())?;
            for (index, (key, item)) in map.iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                write_string(key, out);
                out.push(':');
                write(item, out, pay)?;
            }
            out.push_str(if map.is_empty() { "{}" } else { "}" });
        }
    }
    Ok(())
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `jsondecode`.
pub(super) fn decode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    arguments.read_slowly(0, READING)?;
    let refuse = |at: String, what: &str| {
        Fault::argument(
            0,
            format!("It is no valid JSON{at}: {what}."),
            "Check the text; JSON wants double quotes and no comma at an end.",
        )
    };
    let most = arguments.budget().most_elements();
    let json = Json::read_within(arguments.text(0), MAX_VALUE_DEPTH, most).map_err(|error| match error {
        JsonError::Depth(_) => Fault::Exceeded(Exceeded::ValueDepth),
        JsonError::Parts(_) => Fault::Exceeded(Exceeded::Elements),
        JsonError::Syntax { line, column, what } => {
            refuse(arguments.detail(|| format!(" at line {line}, column {column}")), what)
        }
    })?;
    pay_for(&json, arguments.budget()).map_err(Fault::Exceeded)?;
    json.value().map_err(|error| refuse(String::new(), &error.to_string()))
}

/// How many times as much as a look at a text it costs to read it as JSON.
const READING: u64 = 8;

/// Takes the price of the value that a text stands for, before it is made.
fn pay_for(json: &Json<'_>, budget: &Budget) -> Result<(), Exceeded> {
    budget.elements(1)?;
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
        Json::String(text) => budget.bytes(text.len()),
        Json::List(items) => items.iter().try_for_each(|item| pay_for(item, budget)),
        Json::Map(map) => map.iter().try_for_each(|(name, item)| {
            budget.bytes(name.len())?;
            pay_for(item, budget)
        }),
    }
}
