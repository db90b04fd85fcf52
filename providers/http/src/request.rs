//! From a step of a test to a request: addresses, headers, bodies, with what earlier steps captured filled in.

use std::collections::BTreeMap;

use relplan_contract::{Problem, Value};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};

use crate::json;

/// What earlier steps captured, by name.
pub(crate) type Captured = BTreeMap<String, String>;

/// The request of a step.
pub(crate) fn build(
    client: &Client,
    config: &Value,
    step: &Value,
    captured: &Captured,
) -> Result<Request, Problem> {
    let method = step.get("method").as_str().unwrap_or("GET");
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Problem::invalid("step", format!("{method:?} is no HTTP method.")))?;
    let mut request = client.request(method, address(config, step, captured)?);
    request = request.headers(headers(&[config.get("headers"), step.get("headers")], captured)?);
    let given = step.get("json");
    if !given.is_null() {
        let body = fill(&json::of_value(given).to_string(), captured, Escape::Json);
        request = request.header("content-type", "application/json").body(body);
    } else if let Some(body) = step.get("body").as_str() {
        request = request.body(fill(body, captured, Escape::None));
    }
    request.build().map_err(|error| {
        Problem::invalid("step", format!("The request cannot be made: {}.", crate::client::chain(&error)))
    })
}

/// The address of a step: its own, or its path behind the test's base.
pub(crate) fn address(config: &Value, step: &Value, captured: &Captured) -> Result<Url, Problem> {
    let own = step.get("url").as_str();
    let text = match (own, config.get("base_url").as_str(), step.get("path").as_str()) {
        (Some(url), _, _) => url.to_owned(),
        (None, Some(base), path) => {
            let path = path.unwrap_or_default();
            format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
        }
        (None, None, _) => {
            return Err(Problem::invalid("step", "The step has no address.")
                .hint("Give it a `url`, or the test a `base_url` and the step a `path`."));
        }
    };
    let url = Url::parse(&fill(&text, captured, Escape::Url));
    let url = url.map_err(|error| {
        Problem::invalid("step", format!("The address of the step is not valid: {error}."))
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(Problem::invalid(
            "step",
            "The address must begin with http:// or https:// and name a host.",
        ));
    }
    Ok(url)
}

fn headers(given: &[&Value], captured: &Captured) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in given.iter().filter_map(|value| value.as_map()).flatten() {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Problem::invalid("headers", format!("{name:?} is no name of a header.")))?;
        let text = fill(value.as_str().unwrap_or_default(), captured, Escape::None);
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Problem::invalid(
                "headers",
                format!("The value of the header {name} has a character that no header may have."),
            )
            .hint("Line breaks and control characters are not allowed.")
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// How captured text is made safe where it is filled in.
#[derive(Clone, Copy)]
enum Escape {
    None,
    Url,
    Json,
}

/// The text with each `{{name}}` replaced by what was captured under the name.
fn fill(text: &str, captured: &Captured, escape: Escape) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = behind.split_once("}}") else {
            filled.push_str("{{");
            rest = behind;
            continue;
        };
        match (captured.get(name.trim()), escape) {
            (Some(value), Escape::None) => filled.push_str(value),
            (Some(value), Escape::Url) => filled.extend(value.bytes().map(percent)),
            (Some(value), Escape::Json) => {
                let quoted = serde_json::Value::from(value.as_str()).to_string();
                filled.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
            }
            (None, _) => filled.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn percent(byte: u8) -> String {
    match char::from(byte) {
        c if c.is_ascii_alphanumeric() || "-_.~".contains(c) => c.to_string(),
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_text_is_filled_in_safely() {
        let captured = Captured::from([("id".to_owned(), "a/b\"?".to_owned())]);
        assert_eq!(fill("/x/{{ id }}/y", &captured, Escape::Url), "/x/a%2Fb%22%3F/y");
        assert_eq!(fill("{\"id\":\"{{id}}\"}", &captured, Escape::Json), "{\"id\":\"a/b\\\"?\"}");
        assert_eq!(fill("{{other}} {{", &captured, Escape::None), "{{other}} {{");
    }
}
