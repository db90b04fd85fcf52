//! The GraphQL API: one request for what would be hundreds of REST calls.

use relplan_contract::Context;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::limits::{Kind as LimitKind, Limit, told_by_type, told_in_words};
use super::{Body, Client, Fault, Request};
use crate::client::Refusal;

/// An answer to several questions, each under an alias of its own: what was found, and what was not.
///
/// GitHub answers with what it has, puts null in the place of what it has not, and says why beside it
/// (<https://spec.graphql.org/October2021/#sec-Errors>): a repository behind single sign-on is such a null in a list. So parts
/// are taken with [`part`](Self::part), which lets no error get lost.
#[derive(Debug, Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are GitHub's")]
pub(crate) struct Data {
    /// The object that was asked for; parts that could not be had are null.
    #[serde(default)]
    pub(crate) data: Json,
    /// Why they could not be had.
    #[serde(default)]
    pub(crate) errors: Vec<GraphqlError>,
    /// What GitHub says in the place of both.
    #[serde(default, rename = "message")]
    alone: String,
}

impl Data {
    /// The part under an alias. It is a fault when anything in it could not be had, but for errors that the caller knows to
    /// deal with.
    pub(crate) fn part(&mut self, alias: &str, known: impl Fn(&GraphqlError) -> bool) -> Result<Json, Fault> {
        if let Some(error) = self.errors.iter().find(|error| error.is_about(alias) && !known(error)) {
            return Err(error.fault());
        }
        match self.data.get_mut(alias).map(Json::take) {
            Some(part) if !part.is_null() => Ok(part),
            _ => {
                let error = self.errors.iter().find(|error| error.is_about(alias));
                Err(error.cloned().unwrap_or_default().fault())
            }
        }
    }
}

/// The variables of a query that is put together: texts never become part of the query itself. GitHub refuses those that
/// nothing uses.
#[derive(Default)]
pub(crate) struct Variables {
    declared: String,
    values: Map<String, Json>,
}

impl Variables {
    /// One more, of a type of GitHub's schema; gives how the query refers to it.
    pub(crate) fn add(&mut self, name: impl Into<String>, kind: &str, value: impl Into<Json>) -> String {
        let name = name.into();
        self.declared.push_str(&format!("${name}:{kind},"));
        let reference = format!("${name}");
        self.values.insert(name, value.into());
        reference
    }

    /// The operation with them: `query` or `mutation`, its name, what is asked, and the fragments of that.
    pub(crate) fn operation(self, head: &str, asked: &str, fragments: &str) -> (String, Json) {
        (format!("{head}({}){{{asked}}}{fragments}", self.declared), Json::Object(self.values))
    }
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
    /// The page on which single sign-on lets the token in, where the answer names one.
    #[serde(skip)]
    sso: Option<String>,
}

impl GraphqlError {
    /// Whether it is about the part under this alias, or about the whole.
    pub(crate) fn is_about(&self, alias: &str) -> bool {
        self.path.first().is_none_or(|first| first == alias)
    }

    /// Whether it is about a field of this name.
    pub(crate) fn is_at(&self, field: &str) -> bool {
        self.path.last().is_some_and(|last| last == field)
    }

    /// Whether it says that something inside a part is not there, which a name that leads nowhere is told by.
    pub(crate) fn is_missing_inside(&self) -> bool {
        self.kind == "NOT_FOUND" && self.path.len() > 1
    }

    /// Whether it is about something inside of a field of this name.
    pub(crate) fn is_inside(&self, field: &str) -> bool {
        self.path.iter().any(|step| step == field)
    }

    /// Its place in the answer, as a JSON pointer. No name in a query has `/` or `~` in it.
    pub(crate) fn pointer(&self) -> String {
        let step = |step: &Json| step.as_str().map_or_else(|| format!("/{step}"), |name| format!("/{name}"));
        self.path.iter().map(step).collect()
    }

    /// The same as a REST answer would tell it.
    pub(crate) fn fault(&self) -> Fault {
        if let Some(kind) = self.limit() {
            return Limit { kind, wait: None }.fault();
        }
        if self.is_passing() {
            return Fault::Broken { status: 200, message: self.message.trim_end_matches('.').to_owned() };
        }
        let status = match self.kind.as_str() {
            "NOT_FOUND" => 404,
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => 403,
            _ => 422,
        };
        let (message, sso) = (self.message.clone(), self.sso.clone());
        Fault::Refused(Refusal { status, message, sso, ..Refusal::default() })
    }

    fn limit(&self) -> Option<LimitKind> {
        told_by_type(&self.kind).or_else(|| told_in_words(&self.message))
    }

    /// Whether it is a fault of GitHub's own, as a 502 would be: it has no type of its own for these. What changes something
    /// may have been done. An error without a word is one, too: something could not be had, and nobody says why.
    fn is_passing(&self) -> bool {
        let words = [
            "Something went wrong while executing",
            "respond to your request in time",
            "timedout",
            "timeout",
        ];
        (self.kind.is_empty()
            && (self.message.is_empty() || words.iter().any(|words| self.message.contains(words))))
            || matches!(self.kind.as_str(), "INTERNAL" | "SERVICE_UNAVAILABLE")
    }
}

impl Client {
    /// Asks one thing. An answer in which anything could not be had is a fault.
    pub(crate) async fn ask(&self, context: &Context, query: &str, variables: Json) -> Result<Json, Fault> {
        let answer = self.ask_parts(context, query, variables).await?;
        match answer.errors.first() {
            None => Ok(answer.data),
            Some(error) => Err(error.fault()),
        }
    }

    /// Asks several things. An answer in which some could not be had is no fault; one without any data is, and one of a query from
    /// which something is missing by a fault of GitHub's own: asked again, it will be there.
    pub(crate) async fn ask_parts(
        &self,
        context: &Context,
        query: &str,
        variables: Json,
    ) -> Result<Data, Fault> {
        let body = Body::Json(json!({ "query": query, "variables": variables }).to_string());
        let request = Request { method: Method::POST, url: self.graphql.clone(), body: Some(body) };
        let answer = self.send(context, request).await?;
        let mut data: Data = serde_json::from_str(&answer.body)
            .map_err(|error| Fault::Lost(format!("it is not as GitHub describes it ({error})")))?;
        let page = answer.sso.as_deref().and_then(super::sso::page);
        for error in &mut data.errors {
            error.sso.clone_from(&page);
        }
        let changes = query.trim_start().starts_with("mutation");
        let passing = data.errors.iter().find(|error| error.is_passing() || error.limit().is_some());
        if let Some(passing) = passing.filter(|_| !changes) {
            return Err(passing.fault());
        }
        if data.data.is_object() {
            return Ok(data);
        }
        let alone = GraphqlError { message: data.alone, ..GraphqlError::default() };
        Err(data.errors.first().unwrap_or(&alone).fault())
    }
}
