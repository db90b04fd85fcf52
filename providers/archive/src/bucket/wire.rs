//! [`Wire`]: every request to a bucket goes through it. It bounds how long one may take, counts them, and turns answers
//! that say no into a [`Refusal`] that keeps its status and code.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::header::RETRY_AFTER;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use relplan_contract::{Context, Used};
use tracing::debug;

use super::fault::{Refusal, Unvouched};

/// What the slowest network that is waited for moves, in bytes a second.
const SLOWEST: u64 = 64 << 10;

/// How much of an answer that says no is read.
const LARGEST: usize = 64 << 10;

/// How long a request that moves so many bytes may take.
pub(super) fn allowed(silence: Duration, bytes: u64) -> Duration {
    silence + Duration::from_secs(bytes / SLOWEST)
}

/// Where the machines of Amazon, Google and Azure tell their own credentials.
const OF_MACHINES: [&str; 4] = [
    "/latest/api/token",
    "/latest/meta-data/iam/",
    "/computeMetadata/v1/",
    "/metadata/identity/oauth2/token",
];

/// Nobody has any.
fn uncredited() -> HttpError {
    let message = "there are none in the environment, and this machine has none of its own";
    let refusal =
        Refusal { status: 401, code: "NoCredentials".into(), message: message.into(), ..Refusal::default() };
    HttpError::new(HttpErrorKind::Unknown, refusal)
}

/// Nobody could vouch for the server.
fn unvouched() -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, Unvouched)
}

/// Whether an error is that nobody who is trusted vouches for the server.
fn is_of_trust(error: &HttpError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if current.to_string().contains("invalid peer certificate") {
            return true;
        }
        cause = current.source();
    }
    false
}

/// A client with those bounds.
struct Wire {
    inner: HttpClient,
    /// Whether it trusts nobody, since this machine has no authorities.
    trusts_nobody: bool,
    silence: Duration,
    kind: &'static str,
    context: Context,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.context.usage.add(self.kind, Used { calls: 1, ..Used::default() });
        let allowed = allowed(self.silence, request.body().content_length() as u64);
        let late = |error| HttpError::new(HttpErrorKind::Timeout, error);
        // Asked when the environment has no credentials: the machine itself may have some.
        let of_machine = OF_MACHINES.iter().any(|path| request.uri().path().starts_with(path));
        let (method, uri, begun) = (request.method().clone(), request.uri().clone(), Instant::now());
        let answered = tokio::time::timeout(allowed, self.inner.execute(request)).await;
        let status = answered.as_ref().ok().and_then(|answer| Some(answer.as_ref().ok()?.status().as_u16()));
        debug!(%method, host = uri.host(), path = uri.path(), status, ms = begun.elapsed().as_millis(), "request ended");
        let answer = match answered.map_err(late)? {
            Err(error) if of_machine && error.kind() == HttpErrorKind::Connect => return Err(uncredited()),
            Err(error) if self.trusts_nobody && is_of_trust(&error) => return Err(unvouched()),
            answer => answer?,
        };
        let status = answer.status();
        // What is not modified is no failure; nobody asks for it here, but the library may.
        if status.is_success() || status.as_u16() == 304 {
            return Ok(answer);
        }
        if of_machine && status.is_client_error() {
            return Err(uncredited());
        }
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let region = header("x-amz-bucket-region").filter(|_| status.is_redirection()).map(str::to_owned);
        let after = header(RETRY_AFTER.as_str()).and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let body = tokio::time::timeout(self.silence, answer.into_body().bytes()).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let text = String::from_utf8_lossy(body.get(..LARGEST).unwrap_or(&body));
        let read = Refusal::read(status.as_u16(), &text);
        let refusal = Refusal { after, region: region.or(read.region.clone()), ..read };
        // Of this kind, the library tries nothing again by itself: that is ours, with new signatures.
        Err(HttpError::new(HttpErrorKind::Unknown, refusal))
    }
}

/// Makes such clients; one that is made once can be shared by several stores.
#[derive(Clone)]
pub(super) struct Wires {
    pub(super) silence: Duration,
    pub(super) kind: &'static str,
    pub(super) context: Context,
}

impl fmt::Debug for Wires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wires").finish_non_exhaustive()
    }
}

impl HttpConnector for Wires {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // The bound above is the only one: another would cut long parts short.
        let options = options.clone().with_timeout_disabled().with_read_timeout_disabled();
        // On a machine without any authorities the first fails. Then none is trusted, and plain HTTP still works.
        let (inner, trusts_nobody) = match ReqwestConnector::default().connect(&options) {
            Ok(inner) => (inner, false),
            Err(_) => {
                let options = options.with_no_system_certificates(true);
                (ReqwestConnector::default().connect(&options)?, true)
            }
        };
        let Self { silence, kind, context } = self.clone();
        Ok(HttpClient::new(Wire { inner, trusts_nobody, silence, kind, context }))
    }
}

/// Gives one client to all who ask.
#[derive(Clone, Debug)]
pub(super) struct Shared(pub(super) Arc<HttpClient>);

impl HttpConnector for Shared {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok((*self.0).clone())
    }
}
