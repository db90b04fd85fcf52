//! Requests to GitHub: who asks, how often, what is kept, and what an answer means.
//!
//! Whatever comes in is masked before anyone looks at it, so that no answer can carry the token on. Nothing is sent
//! twice here: whether a request may be repeated is the caller's to say, and the engine's to do.

mod etags;
mod fault;
mod graphql;
mod limits;
mod rest;
mod sso;
mod upload;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use relplan_contract::{Context, NO_AUTHORITIES, Problem, Redactor, Used};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, LINK,
    LOCATION, USER_AGENT,
};
use reqwest::{Client as Transport, Method, Response, Url, redirect, retry};

use crate::NAME;
use crate::auth::{Auth, Token};
use crate::configuration::Configuration;
use etags::{Etags, Kept};
use limits::{Entry, Limits, PATIENCE};
use upload::Upload;

pub(crate) use fault::{Fault, Refusal};
pub(crate) use graphql::{Data, GraphqlError, Variables};
pub(crate) use limits::told as told_limit;
pub(crate) use rest::{path, query};

/// The version of the REST API that the requests are written for.
const API_VERSION: HeaderName = HeaderName::from_static("x-github-api-version");

/// What relplan calls itself.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("relplan/", env!("CARGO_PKG_VERSION")));

/// How long one request may take, its answer included; an upload takes what it needs, see [`upload`].
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer, in bytes.
const LARGEST: usize = 64 << 20;

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 5;

/// How often a request is sent again whose token was refused, where there can be another, or the same will do in a moment.
const MOST_REFUSED_TOKENS: u32 = 3;

/// The header by which an Enterprise Server tells its version; github.com does not send it.
const SERVER_VERSION: &str = "x-github-enterprise-version";

/// Asks GitHub. One for each provider block, shared by all that it configures.
pub(crate) struct Client {
    transport: Transport,
    rest: Url,
    graphql: Url,
    auth: Auth,
    limits: Limits,
    etags: Etags,
    server: OnceLock<(u64, u64)>,
}

/// One request.
struct Request {
    method: Method,
    url: Url,
    body: Option<Body>,
}

/// What a request carries.
enum Body {
    Json(String),
    File { content_type: String, file: Arc<std::fs::File>, size: u64 },
}

/// A whole answer that is no refusal.
struct Answer {
    status: u16,
    body: Arc<str>,
    link: Option<String>,
    /// What single sign-on keeps back, or where it wants to be asked.
    sso: Option<String>,
}

/// The headers that stand in every request.
pub(crate) fn fixed_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (USER_AGENT, AGENT),
        (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (API_VERSION, HeaderValue::from_static("2022-11-28")),
    ])
}

/// What a failed request says of itself: the innermost cause, since the others hold the URL.
pub(crate) fn shown(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    // Only who met a server that nobody vouches for asks whether there is anybody who could.
    let without_authorities =
        text.contains("invalid peer certificate") && Transport::builder().build().is_err();
    if without_authorities { NO_AUTHORITIES.to_owned() } else { text }
}

impl Client {
    pub(crate) fn new(configuration: Configuration) -> Result<Self, Problem> {
        // A redirect to another host must not take the token along, so they are followed here.
        let builder = || Transport::builder().redirect(redirect::Policy::none()).retry(retry::never());
        // On a machine without any authorities the first fails. Then none is trusted.
        let transport = builder().build().or_else(|_| builder().tls_certs_only([]).build());
        let transport = transport.map_err(|error| {
            Problem::refused(format!("The HTTP client could not be set up: {}.", shown(&error)))
        })?;
        let Configuration { rest, graphql, auth, at_once } = configuration;
        let (limits, etags, server) = (Limits::new(at_once), Etags::default(), OnceLock::new());
        Ok(Self { transport, rest, graphql, auth, limits, etags, server })
    }

    /// The version of the Enterprise Server that answered so far, as in 3.19; none for github.com.
    pub(crate) fn server_version(&self) -> Option<(u64, u64)> {
        self.server.get().copied()
    }

    /// Sends a request and follows where it leads. Limits are waited for, a minute in all.
    async fn send(&self, context: &Context, mut request: Request) -> Result<Answer, Fault> {
        let kept = match request.method {
            Method::GET => self.etags.get(request.url.as_str()),
            _ => None,
        };
        let asked = request.url.clone();
        let (mut redirects, mut refused_tokens, mut patience) = (0, 0, PATIENCE);
        loop {
            let tag = kept.as_ref().filter(|_| request.url == asked).map(|kept| kept.tag.as_str());
            let Exchanged { status, headers, body, token, sent, waited } =
                self.exchange(context, &request, tag, patience).await?;
            patience = patience.saturating_sub(waited);
            let now = context.clock.now();
            if let Some(limit) = told_limit((status, &headers, &body), request.url == self.graphql, now) {
                self.limits.close(limit, sent, now);
                continue;
            }
            self.limits.open(sent);
            match status {
                304 => {
                    context.usage.add(NAME, Used { unchanged: 1, ..Used::default() });
                    let kept = kept.ok_or_else(|| Fault::Lost("it was said to be unchanged".into()))?;
                    let (body, link) = (Arc::clone(&kept.body), kept.link.clone());
                    return Ok(Answer { status, body, link, sso: None });
                }
                200..=299 => return self.keep(&request, &asked, status, &headers, body),
                301 | 302 | 303 | 307 | 308 if redirects < MOST_REDIRECTS => {
                    redirects += 1;
                    request = redirected(request, status, &headers)?;
                }
                401 if refused_tokens < MOST_REFUSED_TOKENS && self.is_ours(&request.url) => {
                    let again = self.auth.after_refusal(&token, refused_tokens, now).await;
                    let Some(wait) = again else { return Err(refused(status, &headers, &body)) };
                    refused_tokens += 1;
                    context.clock.sleep(wait).await;
                }
                _ => return Err(refused(status, &headers, &body)),
            }
        }
    }

    fn keep(
        &self,
        request: &Request,
        asked: &Url,
        status: u16,
        headers: &HeaderMap,
        body: String,
    ) -> Result<Answer, Fault> {
        let (body, sso): (Arc<str>, _) = (body.into(), text(headers, sso::HEADER));
        if request.url != self.graphql
            && let Some(problem) = sso.as_deref().and_then(sso::left_out)
        {
            return Err(problem.into());
        }
        let link = headers.get(LINK).and_then(|link| link.to_str().ok()).map(str::to_owned);
        if request.method == Method::GET
            && request.url == *asked
            && let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok())
        {
            let kept = Kept { tag: tag.to_owned(), body: Arc::clone(&body), link: link.clone() };
            self.etags.keep(asked.as_str(), kept);
        }
        Ok(Answer { status, body, link, sso })
    }

    async fn exchange(
        &self,
        context: &Context,
        request: &Request,
        tag: Option<&str>,
        patience: Duration,
    ) -> Result<Exchanged, Fault> {
        let token = self.auth.current(context, &self.transport, &self.rest).await?;
        let mut headers = HeaderMap::from_iter([(USER_AGENT, AGENT)]);
        if self.is_ours(&request.url) {
            headers = fixed_headers();
            let bearer = format!("Bearer {}", token.secret.expose());
            let mut bearer = HeaderValue::try_from(bearer)
                .map_err(|_| Problem::refused("The token cannot stand in a header."))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(tag).ok()) {
            headers.insert(IF_NONE_MATCH, tag);
        }
        let (_slot, waited) = match self.limits.enter(context, patience).await? {
            Entry::Open { slot, waited } => (slot, waited),
            Entry::Closed(wait, kind) => return Err(Fault::limited(kind, wait, patience)),
        };
        context.usage.add(NAME, Used { calls: 1, ..Used::default() });
        let sent = context.clock.now();
        let builder = self.transport.request(request.method.clone(), request.url.clone()).headers(headers);
        let masking = Arc::clone(&token);
        let taken = async {
            match &request.body {
                None => take(builder.timeout(TIMEOUT), &masking.redactor).await,
                Some(Body::Json(json)) => {
                    let builder = builder.header(CONTENT_TYPE, "application/json").body(json.clone());
                    take(builder.timeout(TIMEOUT), &masking.redactor).await
                }
                Some(Body::File { content_type, file, size }) => {
                    let (upload, progress) = Upload::of(file, *size);
                    let body = reqwest::Body::wrap(upload);
                    let builder = builder.header(CONTENT_TYPE, content_type.as_str()).body(body);
                    upload::watched(take(builder, &masking.redactor), &progress, upload::LIMITS).await
                }
            }
        };
        let (status, headers, body) = tokio::select! {
            // Another host was not told the token, but what is read there, such as a run's log, may hold it.
            taken = taken => taken?,
            // What only looks may be dropped; what acts is let finish.
            () = context.cancel.cancelled(), if request.method == Method::GET => {
                return Err(Problem::cancelled().into());
            }
        };
        if let Some(version) = text(&headers, SERVER_VERSION).as_deref().and_then(version)
            && self.is_ours(&request.url)
        {
            self.server.get_or_init(|| version);
        }
        Ok(Exchanged { status, headers, body, token, sent, waited })
    }

    /// The server that is asked, for messages.
    pub(crate) fn server(&self) -> &str {
        self.rest.as_str().trim_end_matches('/')
    }

    /// Whether an address is that of this server's API.
    pub(crate) fn is_at(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| url.origin() == self.rest.origin())
    }

    /// Whether a URL is on GitHub's own servers, which may see the token.
    fn is_ours(&self, url: &Url) -> bool {
        url.origin() == self.rest.origin() || is_uploads(url, &self.rest)
    }
}

/// Whether this is the host that takes the assets of github.com, or of a subdomain of ghe.com, where everything has its place
/// as at github.com ("Getting started with data residency": `api.SUBDOMAIN.ghe.com`). An Enterprise Server takes them itself.
fn is_uploads(url: &Url, rest: &Url) -> bool {
    let server = |url: &Url, what: &str| Some(url.host_str()?.strip_prefix(what)?.to_owned());
    let known = server(rest, "api.").filter(|server| server == "github.com" || is_ghe_com(server));
    url.scheme() == "https" && url.port().is_none() && known.is_some() && server(url, "uploads.") == known
}

/// Whether a server is a subdomain of ghe.com.
pub(crate) fn is_ghe_com(server: &str) -> bool {
    server.strip_suffix(".ghe.com").is_some_and(|label| !label.is_empty() && !label.contains('.'))
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.trim().split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// The fault of an answer that is neither good nor leads elsewhere.
fn refused(status: u16, headers: &HeaderMap, body: &str) -> Fault {
    let permissions = text(headers, "x-accepted-github-permissions");
    let refusal = Refusal::read(status, body, permissions);
    if status >= 500 {
        let message = refusal.message;
        let message = if message.is_empty() { "a fault of its own".into() } else { message };
        return Fault::Broken { status, message };
    }
    let sso = text(headers, sso::HEADER).as_deref().and_then(sso::page);
    Fault::Refused(Refusal { sso, ..refusal })
}

/// An answer as it came.
struct Exchanged {
    status: u16,
    headers: HeaderMap,
    body: String,
    /// Who asked.
    token: Arc<Token>,
    sent: SystemTime,
    /// How long was waited for limits before it was sent.
    waited: Duration,
}

async fn take(
    builder: reqwest::RequestBuilder,
    redactor: &Redactor,
) -> Result<(u16, HeaderMap, String), Fault> {
    let response = builder.send().await.map_err(|error| {
        if error.is_connect() || error.is_builder() {
            Fault::Unsent(shown(&error))
        } else {
            Fault::Lost(shown(&error))
        }
    })?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = body(response).await?;
    Ok((status, headers, masked(&body, redactor)))
}

async fn body(mut response: Response) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Fault::Lost(shown(&error)))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Err(Fault::Lost(format!("it is larger than {LARGEST} bytes")));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Where a redirect leads. A repository that was renamed answers so; only what may be repeated elsewhere goes along.
fn redirected(request: Request, status: u16, headers: &HeaderMap) -> Result<Request, Fault> {
    let moved = || Problem::refused("GitHub answered with a redirect that cannot be followed.");
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok()).ok_or_else(moved)?;
    let url = request.url.join(location).map_err(|_| moved())?;
    let keeps_method = request.method == Method::GET || matches!(status, 307 | 308);
    let downgrade = request.url.scheme() == "https" && url.scheme() != "https";
    if downgrade || !keeps_method || (request.body.is_some() && url.origin() != request.url.origin()) {
        let hint = "The repository was perhaps renamed or moved: give its new name.";
        return Err(moved().hint(hint).into());
    }
    Ok(Request { url, ..request })
}

/// The body with every secret masked. JSON is masked text by text, so that it stays JSON.
fn masked(body: &str, redactor: &Redactor) -> String {
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(mut json) => {
            mask_texts(&mut json, redactor);
            json.to_string()
        }
        Err(_) => redactor.mask(body).into_owned(),
    }
}

fn mask_texts(json: &mut serde_json::Value, redactor: &Redactor) {
    match json {
        serde_json::Value::String(text) => {
            if let std::borrow::Cow::Owned(masked) = redactor.mask(text) {
                *text = masked;
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| mask_texts(item, redactor)),
        serde_json::Value::Object(members) => {
            members.values_mut().for_each(|member| mask_texts(member, redactor));
            if members.keys().any(|name| redactor.mask(name) != name.as_str()) {
                *members = std::mem::take(members)
                    .into_iter()
                    .map(|(name, member)| (redactor.mask(&name).into_owned(), member))
                    .collect();
            }
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}
