//! The HTTP client: what it follows, what it trusts, and how much it takes in.

use std::time::Duration;

use relplan_contract::{Context, Path, Problem, Value};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, Response};

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 10;

/// The largest answer that is taken in, in bytes, unless `max_body_bytes` says otherwise.
pub(crate) const MAX_BODY: u64 = 10 * 1024 * 1024;

/// A client for one test. Proxies are those of the environment's `HTTPS_PROXY` and its like, never for loopback.
pub(crate) fn client(context: &Context, config: &Value) -> Result<Client, Problem> {
    let follow = config.get("follow_redirects").as_bool().unwrap_or(true);
    let policy = if follow { Policy::custom(redirect) } else { Policy::none() };
    let mut builder = Client::builder()
        .user_agent(concat!("relplan/", env!("CARGO_PKG_VERSION")))
        .redirect(policy)
        .referer(false)
        .no_proxy();
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
        let Some(address) = context.environment.get(name).filter(|address| !address.is_empty()) else {
            continue;
        };
        let proxy = if name.eq_ignore_ascii_case("https_proxy") {
            reqwest::Proxy::https(address)
        } else {
            reqwest::Proxy::http(address)
        };
        let proxy = proxy.map_err(|_| Problem::refused(format!("{name} is no address of a proxy.")))?;
        let not_for = context.environment.get("NO_PROXY").map_or("", String::as_str);
        let direct = format!("localhost,127.0.0.0/8,::1,{not_for}");
        builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&direct)));
    }
    if let Some(file) = config.get("ca_file").as_str() {
        let failed = |why: String| {
            Problem::missing(format!("The certificates in {file:?} cannot be used: {why}."))
                .about(Path::attribute("ca_file"))
        };
        let bytes = std::fs::read(context.path(file)).map_err(|error| failed(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&bytes).map_err(|error| failed(error.to_string()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder
        .build()
        .map_err(|error| Problem::refused(format!("The HTTP client cannot be set up: {}.", chain(&error))))
}

/// Followed, but never from https to http. (Credentials are dropped on the way to another host by reqwest itself.)
fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let secure_before = attempt.previous().iter().any(|url| url.scheme() == "https");
    if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error("too many redirects")
    } else if secure_before && attempt.url().scheme() != "https" {
        attempt.error("a redirect from https to http is not followed")
    } else {
        attempt.follow()
    }
}

/// The body of an answer, as far as it may be long.
pub(crate) async fn body(mut response: Response, limit: u64) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        if body.len() as u64 + chunk.len() as u64 > limit {
            return Err(format!("the answer is larger than {limit} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// An error with what caused it; addresses, which may hold credentials, are left out.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let text = text.split(" for url (").next().unwrap_or_default().to_owned();
        if words.last() != Some(&text) {
            words.push(text);
        }
        next = error.source();
    }
    words.join(": ")
}

/// How long one request may take.
pub(crate) fn request_timeout(config: &Value) -> Duration {
    seconds(config, "request_timeout_seconds", 30)
}

/// A number of seconds from an argument.
pub(crate) fn seconds(config: &Value, name: &str, default: u64) -> Duration {
    Duration::from_secs(config.get(name).as_i64().and_then(|s| u64::try_from(s).ok()).unwrap_or(default))
}
