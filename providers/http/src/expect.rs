//! What is expected of an answer, and what is wrong with one.

use std::collections::BTreeSet;
use std::time::Duration;

use regex::bytes::Regex;
use relplan_contract::{Json, MASK, Path, Problem, Value};
use reqwest::header::HeaderName;

use crate::arguments::is_known;
use crate::capture::regex;
use crate::client::Answer;
use crate::content::{Content, Missing, VAGUE};
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

/// How an answer compares with what is expected, in lines that may be shown.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What is not as expected.
    pub(crate) wrong: Vec<String>,
    /// What nobody can tell.
    pub(crate) unread: Vec<String>,
    /// The body, where a reader will want to see it.
    pub(crate) wrong_body: Option<String>,
}

impl Judged {
    /// Whether all is as expected.
    pub(crate) fn is_good(&self) -> bool {
        self.wrong.is_empty() && self.unread.is_empty()
    }

    /// Adds that something cannot be told, once.
    pub(crate) fn unread(&mut self, why: &str, shown: &Shown) {
        let line = shown.text(why);
        if !self.unread.contains(&line) {
            self.unread.push(line);
        }
    }

    /// Shows the body where something is not as expected, and it can be read.
    pub(crate) fn show_body(&mut self, answer: &Answer, content: &Content<'_>, shown: &Shown) {
        if !self.is_good() && !answer.body.is_empty() && content.unread.is_none() {
            self.wrong_body = Some(format!("The body: {}", shown.bytes(&content.bytes)));
        }
    }

    /// Adds that a text is not found: for certain, unless it has characters that are written differently everywhere.
    fn text(&mut self, content: &Content<'_>, wanted: &str, line: String, shown: &Shown) {
        let vague = content.vague && !wanted.is_ascii();
        if vague { self.unread(VAGUE, shown) } else { self.wrong.push(line) }
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

    /// What is not as expected.
    pub(crate) fn judge(
        &self,
        answer: &Answer,
        content: &Content<'_>,
        json: &Result<Json<'_>, Missing>,
        shown: &Shown,
    ) -> Judged {
        let mut judged = Judged::default();
        let good = if self.statuses.is_empty() {
            (200..300).contains(&answer.status)
        } else {
            self.statuses.contains(&answer.status)
        };
        if !good {
            judged.wrong.push(format!("Expected status {}, got {}.", self.shown_statuses(), answer.status));
        }
        for (name, expected) in &self.headers {
            judged.wrong.extend(judge_header(answer, name, expected, shown));
        }
        let of_body = self.contains.is_some() || self.matches.is_some() || !self.json.is_empty();
        match &content.unread {
            Some(why) if of_body => judged.unread(why, shown),
            Some(_) => {}
            None => {
                self.judge_text(content, shown, &mut judged);
                self.judge_json(content, json, shown, &mut judged);
            }
        }
        if let Some(most) = self.max_latency.filter(|most| answer.latency > *most) {
            let (most, took) = (most.as_millis(), answer.latency.as_millis());
            judged.wrong.push(format!("Expected an answer within {most} ms, it took {took} ms."));
        }
        judged.show_body(answer, content, shown);
        judged
    }

    fn judge_text(&self, content: &Content<'_>, shown: &Shown, judged: &mut Judged) {
        if let Some(text) = &self.contains
            && !content.text().contains(&text.what)
        {
            let line = format!("Expected a body that contains {:?}.", text.shown(&text.what, shown));
            judged.text(content, &text.what, line, shown);
        }
        if let Some(regex) = &self.matches
            && !regex.what.is_match(&content.bytes)
        {
            let pattern = regex.what.as_str();
            let line = format!("Expected a body that matches {:?}.", regex.shown(pattern, shown));
            judged.text(content, pattern, line, shown);
        }
    }

    fn judge_json(
        &self,
        content: &Content<'_>,
        json: &Result<Json<'_>, Missing>,
        shown: &Shown,
        judged: &mut Judged,
    ) {
        if self.json.is_empty() {
            return;
        }
        let json = match json {
            Ok(json) => json,
            Err(Missing::Unread(why)) => return judged.unread(why, shown),
            Err(Missing::Wrong(_)) => {
                return judged.wrong.push("Expected JSON, and the body is none.".into());
            }
        };
        for (text, path, expected) in &self.json {
            let got = path.find(json);
            match got.as_ref().map(Json::value).transpose() {
                Ok(value) if value.as_ref() == Some(&expected.what) => continue,
                Ok(_) => {}
                Err(error) => {
                    judged.unread(&format!("What stands at {text} cannot be compared: {error}."), shown);
                    continue;
                }
            }
            let wanted = json::text(&expected.what, &mut |text| Some(text.to_owned())).unwrap_or_default();
            let wanted = expected.shown(&wanted, shown);
            let got = got.map(|got| got.to_string());
            if content.vague && got.as_ref().is_some_and(|got| got.contains(char::REPLACEMENT_CHARACTER)) {
                judged.unread(VAGUE, shown);
                continue;
            }
            let got = got.map_or_else(|| "nothing".into(), |got| expected.shown(&got, shown));
            judged.wrong.push(format!("Expected {wanted} at {}, got {got}.", shown.text(text)));
        }
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
