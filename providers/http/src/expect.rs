//! What is expected of an answer, and what is wrong with one.

use std::collections::BTreeSet;
use std::time::Duration;

use regex::bytes::Regex;
use relplan_contract::{MASK, Path, Problem, Value};
use reqwest::header::HeaderName;
use serde_json::Value as Json;

use crate::arguments::is_known;
use crate::capture::regex;
use crate::client::Answer;
use crate::json;
use crate::json_path::JsonPath;
use crate::shown::Shown;

/// The expectations of one step.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    /// Empty: any from 200 to 299.
    statuses: BTreeSet<u16>,
    headers: Vec<(HeaderName, Wanted<String>)>,
    contains: Option<Wanted<String>>,
    matches: Option<Wanted<Regex>>,
    json: Vec<(String, JsonPath, Wanted<Value>)>,
    max_latency: Option<Duration>,
}

/// Something that is expected, and whether it may be shown.
#[derive(Clone, Debug)]
struct Wanted<T> {
    what: T,
    secret: bool,
}

impl<T> Wanted<T> {
    /// Text about it, as it may be shown.
    fn shown(&self, text: &str, shown: &Shown) -> String {
        if self.secret { MASK.into() } else { shown.text(text) }
    }
}

impl Expect {
    /// The expectations of a step, with what is wrong with them.
    pub(crate) fn of(step: &Value, at: &Path, problems: &mut Vec<Problem>) -> Self {
        let matches = text(step, "expect_body_matches").and_then(|pattern| {
            let failed = |message| problems.push(invalid(at.key("expect_body_matches"), message));
            Some(Wanted { what: regex(&pattern.what).map_err(failed).ok()?, secret: pattern.secret })
        });
        let latency = step.get("max_latency_ms");
        let max_latency = latency.as_i64().and_then(|most| u64::try_from(most).ok()).filter(|most| *most > 0);
        if is_known(latency) && max_latency.is_none() {
            let message = "The argument max_latency_ms is a whole number from 1 on.";
            problems.push(invalid(at.key("max_latency_ms"), message));
        }
        Self {
            statuses: statuses(step.get("expect_status"), &at.key("expect_status"), problems),
            headers: expected_headers(step.get("expect_headers"), &at.key("expect_headers"), problems),
            contains: text(step, "expect_body_contains"),
            matches,
            json: expected_json(step.get("expect_json"), &at.key("expect_json"), problems),
            max_latency: max_latency.map(Duration::from_millis),
        }
    }

    /// What is not as expected, as lines.
    pub(crate) fn judge(&self, answer: &Answer, json: Option<&Json>, shown: &Shown) -> Vec<String> {
        let mut wrong = Vec::new();
        let good = if self.statuses.is_empty() {
            (200..300).contains(&answer.status)
        } else {
            self.statuses.contains(&answer.status)
        };
        if !good {
            wrong.push(format!("Expected status {}, got {}.", self.shown_statuses(), answer.status));
        }
        for (name, expected) in &self.headers {
            wrong.extend(judge_header(answer, name, expected, shown));
        }
        if let Some(text) = &self.contains
            && !String::from_utf8_lossy(&answer.body).contains(&text.what)
        {
            wrong.push(format!("Expected a body that contains {:?}.", text.shown(&text.what, shown)));
        }
        if let Some(regex) = &self.matches
            && !regex.what.is_match(&answer.body)
        {
            wrong
                .push(format!("Expected a body that matches {:?}.", regex.shown(regex.what.as_str(), shown)));
        }
        wrong.extend(self.judge_json(json, shown));
        if let Some(most) = self.max_latency.filter(|most| answer.latency > *most) {
            let (most, took) = (most.as_millis(), answer.latency.as_millis());
            wrong.push(format!("Expected an answer within {most} ms, it took {took} ms."));
        }
        if !wrong.is_empty() && !answer.body.is_empty() {
            wrong.push(format!("The body: {}", shown.bytes(&answer.body)));
        }
        wrong
    }

    fn judge_json(&self, json: Option<&Json>, shown: &Shown) -> Vec<String> {
        let Some(json) = json else {
            let wanted = !self.json.is_empty();
            return wanted.then(|| "Expected JSON, and the body is none.".into()).into_iter().collect();
        };
        let mut wrong = Vec::new();
        for (text, path, expected) in &self.json {
            let got = path.find(json);
            if got.as_ref().map(json::value).as_ref() != Some(&expected.what) {
                let wanted =
                    json::text(&expected.what, &mut |text| Some(text.to_owned())).unwrap_or_default();
                let wanted = expected.shown(&wanted, shown);
                let got = got.map_or_else(|| "nothing".into(), |got| expected.shown(&got.to_string(), shown));
                wrong.push(format!("Expected {wanted} at {}, got {got}.", shown.text(text)));
            }
        }
        wrong
    }

    fn shown_statuses(&self) -> String {
        if self.statuses.is_empty() {
            return "200 to 299".into();
        }
        self.statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
    }
}

fn judge_header(
    answer: &Answer,
    name: &HeaderName,
    expected: &Wanted<String>,
    shown: &Shown,
) -> Option<String> {
    let values: Vec<_> = answer.headers.get_all(name).iter().collect();
    if values.iter().any(|value| value.as_bytes() == expected.what.as_bytes()) {
        return None;
    }
    let got = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let got: Vec<String> = got.map(|value| format!("{:?}", expected.shown(&value, shown))).collect();
    let got = if got.is_empty() { "none".into() } else { got.join(" and ") };
    Some(format!("Expected the header {name} to be {:?}, got {got}.", expected.shown(&expected.what, shown)))
}

fn text(step: &Value, attribute: &str) -> Option<Wanted<String>> {
    let value = step.get(attribute);
    Some(Wanted { what: value.as_str()?.to_owned(), secret: value.is_sensitive() })
}

fn statuses(value: &Value, at: &Path, problems: &mut Vec<Problem>) -> BTreeSet<u16> {
    let mut statuses = BTreeSet::new();
    let single = std::slice::from_ref(value);
    for item in value.as_list().unwrap_or(single).iter().filter(|item| is_known(item)) {
        let status = item.as_i64().and_then(|status| u16::try_from(status).ok());
        if let Some(status) = status.filter(|status| (100..1000).contains(status)) {
            statuses.insert(status);
        } else {
            problems.push(invalid(at.clone(), format!("{item:.40?} is no status: it has three digits.")));
        }
    }
    if value.as_list().is_some_and(<[Value]>::is_empty) {
        problems.push(invalid(at.clone(), "The list of expected statuses is empty."));
    }
    statuses
}

fn expected_headers(
    map: &Value,
    at: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<(HeaderName, Wanted<String>)> {
    let mut headers = Vec::new();
    for (name, value) in map.as_map().into_iter().flatten() {
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(header) => {
                let secret = map.is_sensitive() || value.is_sensitive();
                headers.extend(value.as_str().map(|text| (header, Wanted { what: text.to_owned(), secret })));
            }
            Err(_) => problems.push(invalid(at.key(name), format!("{name:.80?} is no name of a header."))),
        }
    }
    headers
}

fn expected_json(
    map: &Value,
    at: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<(String, JsonPath, Wanted<Value>)> {
    let mut expected = Vec::new();
    for (text, value) in map.as_map().into_iter().flatten() {
        match JsonPath::parse(text) {
            Ok(path) => {
                let secret = map.is_sensitive() || value.has_sensitive();
                expected.push((text.to_string(), path, Wanted { what: value.clone(), secret }));
            }
            Err(message) => problems.push(invalid(at.key(text), message)),
        }
    }
    expected
}

/// A problem with a part of a step.
pub(crate) fn invalid(at: Path, message: impl Into<String>) -> Problem {
    Problem::invalid(at.root().unwrap_or_default(), message).about(at)
}
