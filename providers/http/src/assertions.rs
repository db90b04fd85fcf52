//! What a step expects of its answer, and what it captures for later steps.

use std::time::Duration;

use regex::{Regex, RegexBuilder};
use relplan_contract::{Problem, Value};
use reqwest::header::HeaderMap;
use serde_json::Value as Json;

use crate::json;
use crate::request::Captured;

/// An answer.
pub(crate) struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub took: Duration,
}

/// The largest automaton that an expression of the user's may need, in bytes.
const REGEX_LIMIT: usize = 1024 * 1024;

/// How much of an answer is quoted.
const QUOTED: usize = 200;

/// An expression of the user's.
pub(crate) fn pattern(text: &str) -> Result<Regex, Problem> {
    RegexBuilder::new(text).size_limit(REGEX_LIMIT).build().map_err(|error| {
        let last = error.to_string().lines().last().unwrap_or_default().to_owned();
        Problem::invalid("step", format!("{text:?} is no regular expression: {last}."))
    })
}

/// Everything in which the answer is not as expected, each a clause.
pub(crate) fn check(step: &Value, response: &Response) -> Result<Vec<String>, Problem> {
    let mut wrong = Vec::new();
    let body = String::from_utf8_lossy(&response.body);
    if !expected_status(step.get("expect_status"), response.status) {
        let wanted = wanted_status(step.get("expect_status"));
        wrong.push(format!(
            "the status is {}, not {wanted}; the answer begins: {}",
            response.status,
            quoted(&body)
        ));
    }
    for (name, expected) in step.get("expect_headers").as_map().into_iter().flatten() {
        let expected = expected.as_str().unwrap_or_default();
        let found =
            response.headers.get(&**name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        match found {
            Some(found) if found == expected => {}
            Some(found) => wrong.push(format!("the header {name} is {}, not {expected:?}", quoted(&found))),
            None => wrong.push(format!("the header {name} is missing")),
        }
    }
    if let Some(text) = step.get("expect_body_contains").as_str()
        && !body.contains(text)
    {
        wrong.push(format!("the answer does not contain {text:?}, but begins: {}", quoted(&body)));
    }
    if let Some(text) = step.get("expect_body_matches").as_str()
        && !pattern(text)?.is_match(&body)
    {
        wrong.push(format!("the answer does not match {text:?}, but begins: {}", quoted(&body)));
    }
    check_json(step, &response.body, &mut wrong);
    let limit = step.get("max_latency_ms").as_i64().and_then(|limit| u128::try_from(limit).ok());
    if let Some(limit) = limit.filter(|limit| response.took.as_millis() > *limit) {
        wrong.push(format!("it took {} ms, more than {limit} ms", response.took.as_millis()));
    }
    Ok(wrong)
}

fn check_json(step: &Value, body: &[u8], wrong: &mut Vec<String>) {
    let Some(expected) = step.get("expect_json").as_map() else { return };
    let Ok(answer) = serde_json::from_slice::<Json>(body) else {
        wrong.push(format!("the answer is no JSON, but begins: {}", quoted(&String::from_utf8_lossy(body))));
        return;
    };
    for (path, expected) in expected {
        match json::find(&answer, path) {
            Some(found) if json::is(found, expected) => {}
            Some(found) => {
                let wanted = json::of_value(expected);
                wrong.push(format!("{path} is {}, not {wanted}", quoted(&found.to_string())));
            }
            None => wrong.push(format!("{path} is missing in the answer")),
        }
    }
}

/// Takes what the step captures; gives what is missing.
pub(crate) fn capture(
    step: &Value,
    response: &Response,
    captured: &mut Captured,
) -> Result<Vec<String>, Problem> {
    let mut missing = Vec::new();
    let answer: Json = serde_json::from_slice(&response.body).unwrap_or(Json::Null);
    for (name, from) in step.get("capture").as_map().into_iter().flatten() {
        let from = from.as_str().unwrap_or_default();
        let found = if let Some(header) = from.strip_prefix("header:") {
            response
                .headers
                .get(header.trim())
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        } else if let Some(expression) = from.strip_prefix("regex:") {
            let body = String::from_utf8_lossy(&response.body).into_owned();
            let groups = pattern(expression)?;
            let groups = groups.captures(&body);
            groups.and_then(|groups| groups.get(1).or(groups.get(0)).map(|found| found.as_str().to_owned()))
        } else {
            json::find(&answer, from).map(json::text)
        };
        match found {
            Some(found) => {
                captured.insert(name.to_string(), found);
            }
            None => missing.push(format!("{from:?}, to be captured as {name:?}, is not in the answer")),
        }
    }
    Ok(missing)
}

fn expected_status(expected: &Value, status: u16) -> bool {
    let is = |value: &Value| match value.as_str() {
        Some(text) => text.parse() == Ok(status),
        None => value.as_i64() == Some(i64::from(status)),
    };
    match expected.as_list() {
        Some(all) => all.iter().any(is),
        None if expected.is_null() => (200..300).contains(&status),
        None => is(expected),
    }
}

fn wanted_status(expected: &Value) -> String {
    match expected.as_list() {
        Some(all) => all.iter().map(|code| format!("{code:?}")).collect::<Vec<_>>().join(" or "),
        None if expected.is_null() => "200 to 299".to_owned(),
        None => format!("{expected:?}"),
    }
}

/// The beginning of a text, in quotes, with what a terminal could take amiss escaped.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(QUOTED).collect();
    let more = if short.len() < text.len() { "..." } else { "" };
    format!("{short:?}{more}")
}
