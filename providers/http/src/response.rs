//! `data "http_response"`: what a URL answers.

use std::collections::BTreeMap;

use relplan_contract::{
    Answer, Attribute, Context, DataSchema, DataSource, Json, JsonError, MAX_DEPTH, Outcome, Path, Problem,
    Type, Value,
};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};

use crate::arguments::{check_connection, check_url, headers};
use crate::client::{self, Client, Request};
use crate::content::Content;
use crate::schema::connection;
use crate::shown::Shown;
use crate::target;
use crate::template::Captured;

/// Name of the data source.
pub(crate) const TYPE_NAME: &str = "http_response";

/// Headers that differ from one answer to the next: with them, no two plans would have the same digest.
const FLEETING: [&str; 4] = ["age", "date", "expires", "set-cookie"];

const DOCS: &str = r#"Asks a URL with GET:

```hcl
data "http_response" "current" {
  url             = "https://shop.example/version"
  request_headers = { Accept = "application/json" }
}

locals {
  live_version = data.http_response.current.json.version
}
```

Any status is an answer: look at `status` where it matters. Without an answer (no connection, a timeout, too large a
body) reading fails, and so it does with one that cannot be given as it is: in an encoding or a charset that is not
known, JSON of more than 100 levels, a number of more than 1,024 digits. Otherwise numbers have all their digits.
`json_error` says why `json` is null. How `body` is decoded is told at `http_smoke_test`.

`headers` are in lower case and without `age`, `date`, `expires` and `set-cookie`, which differ
from one answer to the next. Redirects, proxies and certificates are as for `http_smoke_test`."#;

/// The data source `http_response`.
#[derive(Debug)]
pub struct HttpResponse {
    schema: DataSchema,
}

impl Default for HttpResponse {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

pub(crate) fn schema() -> DataSchema {
    let mut attributes = vec![
        Attribute::required("url", Type::String, "What to ask, with http:// or https://."),
        Attribute::optional("request_headers", Type::map(Type::String), "Headers of the request."),
    ];
    attributes.extend(connection());
    attributes.extend([
        Attribute::computed("status", Type::Number, "Status of the answer."),
        Attribute::computed(
            "headers",
            Type::map(Type::String),
            "Headers of the answer, several of a name joined by `, `.",
        ),
        Attribute::computed("body", Type::String, "The answer as text; what is no text is replaced."),
        Attribute::computed("json", Type::Any, "The answer as a value where it is JSON, else null."),
        Attribute::computed("json_error", Type::String, "Why the answer is no JSON; null where it is."),
    ]);
    let summary = "What a URL answers.";
    DataSchema { type_name: TYPE_NAME, summary, docs: DOCS, attributes }
}

impl DataSource for HttpResponse {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(url) = config.get("url").as_str() {
            check_url(url, Path::attribute("url"), &mut problems);
        }
        check_connection(config, &mut problems);
        headers(config.get("request_headers"), &Path::attribute("request_headers"), &mut problems);
        problems
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(async move {
            if let Some(problem) = self.validate(config).into_iter().next() {
                return Err(problem);
            }
            let request = request(config)?;
            let url = target::shown(&request.url);
            let client = Client::of(context, config)?;
            let answer = tokio::select! {
                biased;
                () = context.cancel.cancelled() => return Err(Problem::cancelled()),
                answer = client.send(request) => answer,
            };
            let answer = answer.map_err(|fault| {
                let shown = Shown::new(context.redactor.clone());
                let message = format!("Reading {} brought no answer.", shown.text(&url));
                let detail = shown.text(&fault.message);
                // What is wrong on this side does not pass by itself.
                let problem = if fault.outcome == Outcome::Error { Problem::refused } else { Problem::retry };
                problem(message).detail(detail)
            })?;
            let shown = Shown::new(context.redactor.clone());
            object(config, &answer).map_err(|why| {
                Problem::refused(format!("What {} answers cannot be read.", shown.text(&url)))
                    .detail(shown.text(&why))
            })
        })
    }
}

fn request(config: &Value) -> Result<Request, Problem> {
    let url = config.get("url").as_str().unwrap_or_default();
    let url = target::parse(url).map_err(|message| Problem::invalid("url", message))?;
    let mut given = HeaderMap::new();
    let at = Path::attribute("request_headers");
    for (name, template) in headers(config.get("request_headers"), &at, &mut Vec::new()) {
        // There is nothing to refer to here: braces stay as they are.
        let braces = template.names().into_iter().map(|name| (name.into(), format!("{{{{{name}}}}}")));
        let text = template.render(&braces.collect::<Captured>(), str::to_owned).unwrap_or_default();
        given.extend(HeaderValue::from_str(&text).map(|value| (name, value)));
    }
    let follow_redirects = config.get("follow_redirects").as_bool().unwrap_or(true);
    Ok(Request { method: Method::GET, url, headers: given, body: None, follow_redirects })
}

/// The data; else why they would not be what was answered, as a sentence.
fn object(config: &Value, answer: &client::Answer) -> Result<Value, String> {
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in &answer.headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        if !FLEETING.contains(&name.as_str()) {
            let joined = headers.entry(name.as_str()).or_default();
            let separator = if joined.is_empty() { "" } else { ", " };
            *joined = format!("{joined}{separator}{text}");
        }
    }
    let content = Content::of(answer);
    if let Some(why) = content.unread {
        return Err(why);
    }
    let body = content.text();
    let (json, json_error) = match Json::read(&body, MAX_DEPTH) {
        Ok(json) => {
            let value =
                json.value().map_err(|error| format!("A number in its JSON is too long: {error}."))?;
            (value, Value::NULL)
        }
        Err(error @ (JsonError::Depth(_) | JsonError::Parts(_))) => {
            return Err(format!("Its JSON is too large: {error}."));
        }
        Err(error @ JsonError::Syntax { .. }) => {
            (Value::NULL, format!("The body is no JSON: {error}.").into())
        }
    };
    let headers = headers.into_iter().map(|(name, text)| (name, Value::from(text)));
    Ok(config
        .clone()
        .with("status", i64::from(answer.status).into())
        .with("headers", Value::map(headers))
        .with("body", body.into_owned().into())
        .with("json", json)
        .with("json_error", json_error))
}
