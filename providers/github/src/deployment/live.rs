//! What is live, as the service or GitHub's deployments tell it; and telling GitHub of a deployment.

use relplan_contract::{Context, Problem};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::arguments::Arguments;
use super::run::{Run, patient};
use crate::client::{Client, query};

/// The most bytes of an answer that can be a version.
const LONGEST_VERSION: usize = 200;

/// How many of the last deployments are looked at for one that succeeded.
const LAST: usize = 10;

/// What is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// This version, or the ref that was deployed where only that is known.
    Version(String),
    /// Nothing.
    Nothing,
    /// Nobody can tell.
    Unseen,
}

#[derive(Deserialize)]
struct Deployment {
    id: i64,
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    payload: Json,
}

#[derive(Deserialize)]
struct Status {
    state: String,
}

#[derive(Deserialize)]
struct Made {
    id: i64,
}

/// Looks.
pub(super) async fn look(client: &Client, context: &Context, arguments: &Arguments) -> Result<Seen, Problem> {
    if let Some(url) = &arguments.version_url {
        let answer = client.elsewhere(context, url.clone()).await;
        let what = "The live version could not be read";
        let text = match answer {
            Ok(text) => text,
            Err(fault) if fault.is_status(404) => return Ok(Seen::Nothing),
            Err(fault) => return Err(fault.reading(what)),
        };
        return version(&text, arguments.version_field.as_deref()).map(Seen::Version);
    }
    let Some(environment) = &arguments.environment else { return Ok(Seen::Unseen) };
    let per_page = LAST.to_string();
    let path = arguments.repository.path(&["deployments"]);
    let path = query(&path, &[("environment", environment), ("per_page", &per_page)]);
    let what = format!("The deployments to {environment} could not be read");
    let deployments: Vec<Deployment> =
        client.get(context, &path).await.map_err(|fault| fault.reading(&what))?;
    for deployment in deployments {
        let path = arguments.repository.path(&["deployments", &deployment.id.to_string(), "statuses"]);
        let statuses: Vec<Status> = client
            .get(context, &query(&path, &[("per_page", "100")]))
            .await
            .map_err(|fault| fault.reading(&what))?;
        // The newest comes first. A later deployment makes an earlier one inactive, which succeeded all the same.
        if statuses.iter().any(|status| status.state == "success") {
            let told = deployment.payload.get("relplan_version").and_then(Json::as_str).map(str::to_owned);
            // Without a word of ours the ref tells: what we would run for our version is our version.
            let same = deployment.reference == arguments.reference;
            let version = told.unwrap_or(if same { arguments.version.clone() } else { deployment.reference });
            return Ok(Seen::Version(version));
        }
    }
    Ok(Seen::Nothing)
}

fn version(text: &str, field: Option<&str>) -> Result<String, Problem> {
    let no_version = |why: &str| Problem::refused(format!("What version_url answers is no version: {why}."));
    // A byte order mark is no part of a version, nor of JSON.
    let text = text.trim_start_matches('\u{feff}');
    let version = match field {
        None => text.trim().to_owned(),
        Some(field) => {
            let json: Json = serde_json::from_str(text).map_err(|_| no_version("it is no JSON"))?;
            let found = json.get(field).and_then(Json::as_str);
            found.ok_or_else(|| no_version(&format!("it has no text in the member {field}")))?.to_owned()
        }
    };
    if version.is_empty() || version.len() > LONGEST_VERSION || version.chars().any(char::is_control) {
        return Err(no_version("it is empty, too long, or has several lines")
            .hint("Name the member with version_field."));
    }
    Ok(version)
}

/// Tells GitHub that a deployment begins; its number.
pub(super) async fn begin(
    client: &Client,
    context: &Context,
    arguments: &Arguments,
    key: &str,
) -> Result<Option<i64>, Problem> {
    let Some(environment) = arguments.environment.as_ref().filter(|_| arguments.record) else {
        return Ok(None);
    };
    let body = json!({
        "ref": arguments.reference,
        "environment": environment,
        "auto_merge": false,
        // The gates of the release are the plan's, not the branch's.
        "required_contexts": [],
        "payload": { "relplan_key": key, "relplan_version": arguments.version },
        "description": format!("relplan: {} {}", context.product, context.version),
    });
    let path = arguments.repository.path(&["deployments"]);
    let made = client.change::<Made>(context, Method::POST, &path, &body).await;
    made.map(|made| Some(made.id)).map_err(|fault| fault.reading("The deployment could not be recorded"))
}

/// Tells GitHub how far a deployment is. The run counts, not the telling: a fault here is only said.
pub(super) async fn tell(
    client: &Client,
    context: &Context,
    arguments: &Arguments,
    (deployment, state): (Option<i64>, &str),
    run: Option<&Run>,
) {
    let Some(deployment) = deployment else { return };
    let mut body = json!({ "state": state, "auto_inactive": true });
    if let Some(body) = body.as_object_mut() {
        body.extend(run.map(|run| ("log_url".to_owned(), json!(run.html_url))));
        body.extend(arguments.environment_url.as_ref().map(|url| ("environment_url".to_owned(), json!(url))));
    }
    let path = arguments.repository.path(&["deployments", &deployment.to_string(), "statuses"]);
    let told: Result<Json, _> = client.change(&patient(context), Method::POST, &path, &body).await;
    if let Err(fault) = told {
        context.progress.line(&fault.reading("The deployment's status could not be recorded").message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_it_is_written() {
        for (text, field, found) in [
            ("1.2.0\n", None, Some("1.2.0")),
            ("\u{feff}1.2.0\r\n", None, Some("1.2.0")),
            ("\u{feff}{\"version\": \"1.2.0\"}", Some("version"), Some("1.2.0")),
            ("{\"version\": 7}", Some("version"), None),
            ("\u{feff}", None, None),
        ] {
            assert_eq!(version(text, field).ok().as_deref(), found, "{text:?}");
        }
    }
}
