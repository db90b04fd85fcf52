//! The GraphQL API: one request for what would be hundreds of REST calls.

use relplan_contract::Context;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Body, Client, Fault, Request};
use crate::client::Refusal;

/// An answer: what was found, and what was not.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Data {
    /// The object that was asked for; parts that could not be had are null.
    #[serde(default)]
    pub(crate) data: Json,
    /// Why they could not be had.
    #[serde(default)]
    pub(crate) errors: Vec<GraphqlError>,
}

/// Why a part could not be had.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct GraphqlError {
    /// GitHub's word for it: `NOT_FOUND`, `FORBIDDEN`, `RATE_LIMITED`.
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
    /// GitHub's sentence.
    #[serde(default)]
    pub(crate) message: String,
    /// Which part.
    #[serde(default)]
    path: Vec<Json>,
}

impl GraphqlError {
    /// Whether it is about the part under this alias.
    pub(crate) fn is_about(&self, alias: &str) -> bool {
        self.path.first().and_then(Json::as_str) == Some(alias)
    }

    /// The same as a REST answer would tell it.
    pub(crate) fn fault(&self) -> Fault {
        let status = match self.kind.as_str() {
            "NOT_FOUND" => 404,
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => 403,
            _ => 422,
        };
        Fault::Refused(Refusal { status, message: self.message.clone(), ..Refusal::default() })
    }
}

impl Client {
    /// Asks. An answer in which something could not be had is no fault; one without any data is.
    pub(crate) async fn ask(&self, context: &Context, query: &str, variables: Json) -> Result<Data, Fault> {
        let body = Body::Json(json!({ "query": query, "variables": variables }).to_string());
        let request = Request { method: Method::POST, url: self.graphql.clone(), body: Some(body) };
        let answer = self.send(context, request).await?;
        let data: Data = serde_json::from_str(&answer.body)
            .map_err(|error| Fault::Lost(format!("it is not as GitHub describes it ({error})")))?;
        if data.data.is_object() {
            return Ok(data);
        }
        let first = data.errors.first().cloned().unwrap_or_default();
        Err(match first.kind.as_str() {
            "RATE_LIMITED" => Fault::Limited { wait: super::limits::UNTOLD, message: first.message },
            _ => first.fault(),
        })
    }
}
