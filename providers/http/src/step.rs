//! One step: a request with places for captured values, what is expected, and what is kept.

use std::collections::BTreeSet;

use relplan_contract::{Path, Problem, Value};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::arguments::{check_url, headers, is_known};
use crate::capture::{Source, is_name};
use crate::client::Request;
use crate::expect::{Expect, invalid};
use crate::fault::Fault;
use crate::json;
use crate::target;
use crate::template::{Captured, Template, percent_encoded};

/// A step, ready to be made again and again. Holds secrets, hence no `Debug`.
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) expect: Expect,
    pub(crate) captures: Vec<(String, Source)>,
    /// Whether its request may be sent again when it was sent before.
    pub(crate) repeatable: bool,
    method: Method,
    url: Template,
    headers: Vec<(HeaderName, Template)>,
    body: Body,
    follow_redirects: bool,
}

enum Body {
    None,
    Text(Template),
    Json(Value),
}

/// The steps of a test, with everything that is wrong with them. What is unknown yet is not judged.
pub(crate) fn steps(config: &Value, problems: &mut Vec<Problem>) -> Vec<Step> {
    let at = Path::attribute("step");
    let items = config.get("step");
    if items.as_list().is_none_or(<[Value]>::is_empty) && !items.is_unknown() {
        problems.push(
            invalid(at.clone(), "A smoke test without a step would always pass.").hint("Add a `step` block."),
        );
    }
    let mut names = Names { steps: BTreeSet::new(), captured: BTreeSet::new(), all_known: true };
    let parse =
        |(index, step): (usize, &Value)| Step::of(config, step, &at.index(index), &mut names, problems);
    items.as_list().unwrap_or_default().iter().enumerate().filter_map(parse).collect()
}

/// The names that earlier steps gave.
struct Names {
    steps: BTreeSet<String>,
    captured: BTreeSet<String>,
    /// Whether `captured` holds them all, or some are not known yet.
    all_known: bool,
}

impl Step {
    /// None where the step itself is not known.
    fn of(
        config: &Value,
        step: &Value,
        at: &Path,
        names: &mut Names,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        step.as_map()?;
        let name = step.get("name").as_str().unwrap_or_default().to_owned();
        if is_known(step.get("name")) && (name.trim().is_empty() || !names.steps.insert(name.clone())) {
            problems.push(invalid(
                at.key("name"),
                format!("The name {name:.80?} is empty or that of an earlier step."),
            ));
        }
        let url = url(config, step, at, problems);
        let headers = merged_headers(config, step, at, problems);
        let body = body(step, at, problems);
        let mut references: BTreeSet<String> = body.names();
        let templates = headers.iter().map(|(_, value)| value).chain([&url]);
        references.extend(templates.flat_map(Template::names).map(str::to_owned));
        for unknown in references.difference(&names.captured).filter(|_| names.all_known) {
            let message = format!("The step refers to {{{{{unknown}}}}}, which no earlier step captures.");
            problems.push(invalid(at.clone(), message).hint("Add it to the `capture` of an earlier step."));
        }
        let captures = captures(step, at, names, problems);
        let method = method(step, at, problems);
        // Those that RFC 9110 calls idempotent: to ask twice is to ask once.
        let repeatable = step.get("repeatable").as_bool().unwrap_or_else(|| method.is_idempotent());
        let wanted = config.get("consecutive").as_i64().filter(|wanted| *wanted > 1);
        if let Some(wanted) = wanted.filter(|_| !repeatable && !step.get("repeatable").is_unknown()) {
            let message =
                format!("The test wants {wanted} good attempts in a row, and a {method} is sent once.");
            let hint =
                "Say `repeatable = true` in the step if it may be sent again, or leave `consecutive` out.";
            problems.push(invalid(at.key("method"), message).hint(hint));
        }
        let follow = [step, config].map(|object| object.get("follow_redirects").as_bool());
        Some(Self {
            name,
            expect: Expect::of(step, at, problems),
            captures,
            repeatable,
            method,
            url,
            headers,
            body,
            follow_redirects: follow.into_iter().flatten().next().unwrap_or(true),
        })
    }

    /// The request with what was captured so far.
    pub(crate) fn request(&self, captured: &Captured) -> Result<Request, Fault> {
        let missing = || Fault::error("A part of the request was not captured.").unsent();
        let url = self.url.render(captured, percent_encoded).ok_or_else(missing)?;
        let url = target::parse(&url).map_err(|message| Fault::error(message).unsent())?;
        let mut headers = HeaderMap::new();
        for (name, template) in &self.headers {
            let text = template.render(captured, str::to_owned).ok_or_else(missing)?;
            let value = HeaderValue::from_str(&text).map_err(|_| {
                Fault::failed(format!(
                    "What was captured for the header {name} contains a control character."
                ))
                .unsent()
            })?;
            headers.insert(name.clone(), value);
        }
        let body = match &self.body {
            Body::None => None,
            Body::Text(template) => Some(template.render(captured, str::to_owned).ok_or_else(missing)?),
            Body::Json(value) => {
                headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
                let mut fill = |text: &str| Template::parse(text).render(captured, str::to_owned);
                Some(json::text(value, &mut fill).ok_or_else(missing)?)
            }
        };
        let (method, follow_redirects) = (self.method.clone(), self.follow_redirects);
        Ok(Request { method, url, headers, body, follow_redirects })
    }

    /// The request's method.
    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// The request's first line for a report, with the references in place of what was captured.
    pub(crate) fn shown_target(&self) -> String {
        let names: Vec<String> = self.url.names().into_iter().map(str::to_owned).collect();
        let references = names.into_iter().map(|name| (name.clone(), format!("{{{{{name}}}}}"))).collect();
        let url = self.url.render(&references, str::to_owned).unwrap_or_default();
        format!(
            "{} {}",
            self.method,
            target::parse(&url).map_or_else(|_| "(no URL)".into(), |url| target::shown(&url))
        )
    }
}

fn url(config: &Value, step: &Value, at: &Path, problems: &mut Vec<Problem>) -> Template {
    let (url, path, base) = (step.get("url"), step.get("path"), config.get("base_url"));
    if url.is_unknown() || path.is_unknown() || (!path.is_null() && base.is_unknown()) {
        return Template::parse("");
    }
    let (text, place) = match (url.as_str(), path.as_str(), base.as_str()) {
        (Some(url), None, _) => (url.to_owned(), at.key("url")),
        (None, Some(path), Some(base)) if path.starts_with('/') => {
            (format!("{}{path}", base.trim_end_matches('/')), at.key("path"))
        }
        (None, Some(path), Some(_)) => {
            let message = format!("The path {path:.80?} does not begin with a slash.");
            problems.push(invalid(at.key("path"), message));
            return Template::parse("");
        }
        (None, Some(_), None) => {
            let problem = invalid(at.key("path"), "The step gives a `path`, and the test no `base_url`.");
            problems.push(problem.hint("Give the test a `base_url`, or the step a whole `url`."));
            return Template::parse("");
        }
        (None, None, _) => {
            problems.push(
                invalid(at.clone(), "The step does not say where to ask.").hint("Give `path` or `url`."),
            );
            return Template::parse("");
        }
        (Some(_), Some(_), _) => {
            problems.push(invalid(at.key("url"), "The step gives both `url` and `path`."));
            return Template::parse("");
        }
    };
    check_url(&text, place, problems);
    Template::parse(&text)
}

/// The headers of the test, and over them those of the step.
fn merged_headers(
    config: &Value,
    step: &Value,
    at: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<(HeaderName, Template)> {
    // What is wrong with the test's own is told once, and not for every step.
    let general = headers(config.get("headers"), &Path::attribute("headers"), &mut Vec::new());
    let own = headers(step.get("headers"), &at.key("headers"), problems);
    let replaced = |name: &HeaderName| own.iter().any(|(other, _)| other == name);
    general.into_iter().filter(|(name, _)| !replaced(name)).chain(own.clone()).collect()
}

fn body(step: &Value, at: &Path, problems: &mut Vec<Problem>) -> Body {
    let (body, json) = (step.get("body"), step.get("json"));
    if is_known(body) && is_known(json) {
        problems.push(invalid(at.key("json"), "The step gives both `body` and `json`."));
    }
    match body.as_str() {
        Some(text) => Body::Text(Template::parse(text)),
        None if !json.is_null() => Body::Json(json.clone()),
        None => Body::None,
    }
}

impl Body {
    fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut add = |text: &str| names.extend(Template::parse(text).names().into_iter().map(str::to_owned));
        match self {
            Self::None => {}
            Self::Text(template) => return template.names().into_iter().map(str::to_owned).collect(),
            Self::Json(value) => add_texts(value, &mut add),
        }
        names
    }
}

/// Every text in a value, under a mark too.
fn add_texts(value: &Value, add: &mut dyn FnMut(&str)) {
    value.as_str().into_iter().for_each(&mut *add);
    value.as_list().into_iter().flatten().for_each(|item| add_texts(item, add));
    value.as_map().into_iter().flat_map(|map| map.values()).for_each(|item| add_texts(item, add));
}

fn method(step: &Value, at: &Path, problems: &mut Vec<Problem>) -> Method {
    let Some(text) = step.get("method").as_str() else { return Method::GET };
    let method = Method::from_bytes(text.as_bytes()).ok();
    // Another word is a typing error, but for the few extensions, which are in upper case too.
    let method =
        method.filter(|method| *method != Method::CONNECT && text.bytes().all(|b| b.is_ascii_uppercase()));
    method.unwrap_or_else(|| {
        let message = format!("{text:.40?} is no method that can be asked with.");
        problems.push(invalid(at.key("method"), message).hint("Methods are written in upper case: `POST`."));
        Method::GET
    })
}

fn captures(
    step: &Value,
    at: &Path,
    names: &mut Names,
    problems: &mut Vec<Problem>,
) -> Vec<(String, Source)> {
    let given = step.get("capture");
    names.all_known &= !given.is_unknown();
    let at = at.key("capture");
    let mut captures = Vec::new();
    for (name, source) in given.as_map().into_iter().flatten() {
        names.captured.insert(name.to_string());
        if !is_name(name) {
            problems.push(invalid(at.key(name), format!("{name:.80?} cannot be written as {{{{name}}}}.")));
        }
        match source.as_str().map(Source::parse) {
            Some(Ok(source)) => captures.push((name.to_string(), source)),
            Some(Err(message)) => problems.push(invalid(at.key(name), message)),
            None => {}
        }
    }
    captures
}
