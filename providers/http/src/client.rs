//! One request and its whole answer: redirects, time and size are bounded here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relplan_contract::{Clock, Context, NO_AUTHORITIES, PathError, Problem, Value};
use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION, USER_AGENT,
};
use reqwest::{
    Certificate, Client as Transport, ClientBuilder, Method, Response, StatusCode, Url, redirect, retry,
};
use tracing::debug;

use crate::cookies::Cookies;
use crate::encoding;
use crate::fault::Fault;
use crate::proxy::with_proxies;
use crate::target;

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 10;

/// What relplan calls itself.
const AGENT: &str = concat!("relplan/", env!("CARGO_PKG_VERSION"));

/// The largest file of certificates, in bytes.
const LARGEST_CA_FILE: usize = 4 << 20;

/// A request, ready to be sent. Holds secrets, hence no `Debug`.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<String>,
    pub(crate) follow_redirects: bool,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, without its encodings where they are known.
    pub(crate) body: Vec<u8>,
    /// Why the body is still encoded, as a sentence.
    pub(crate) undecoded: Option<String>,
    pub(crate) latency: Duration,
    /// What a reader of the report should know about the way to it.
    pub(crate) remarks: Vec<String>,
    /// Values of the cookies that redirects set.
    pub(crate) cookies: Vec<String>,
}

/// Sends requests.
pub(crate) struct Client {
    transport: Transport,
    /// Whether it trusts nobody, since this machine has no authorities.
    trusts_nobody: bool,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    max_body_bytes: u64,
}

impl Client {
    /// A client for the connection's arguments in an object.
    pub(crate) fn of(context: &Context, object: &Value) -> Result<Self, Problem> {
        let most = object.get("max_body_bytes").as_i64().and_then(|most| u64::try_from(most).ok());
        let (transport, trusts_nobody) = transport(context, object.get("ca_file").as_str())?;
        Ok(Self {
            transport,
            trusts_nobody,
            clock: Arc::clone(&context.clock),
            timeout: crate::arguments::seconds(object.get("request_timeout_seconds")).unwrap_or_default(),
            max_body_bytes: most.unwrap_or_default(),
        })
    }

    /// Sends the request and takes in the answer, each for as long and as large as they may be.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let start = self.clock.now();
        let answer = tokio::select! {
            biased;
            answer = self.follow(request) => answer?,
            () = self.clock.sleep(self.timeout) => {
                let seconds = self.timeout.as_secs_f64();
                return Err(Fault::failed(format!("There was no whole answer within {seconds} s.")));
            }
        };
        let latency = self.clock.now().duration_since(start).unwrap_or_default();
        // Unpacking is our time, and not the service's.
        let (body, undecoded) = match encoding::decoded(&answer.headers, answer.body, self.max_body_bytes) {
            Ok(body) => (body, None),
            Err((body, why)) => (body, Some(why)),
        };
        Ok(Answer { body, undecoded, latency, ..answer })
    }

    async fn follow(&self, mut request: Request) -> Result<Answer, Fault> {
        let mut remarks = Vec::new();
        let mut cookies = Cookies::default();
        for hop in 0..=MOST_REDIRECTS {
            let headers = cookies.with(&request.url, &request.headers);
            let response = self.exchange(&request, headers).await.map_err(|fault| Fault {
                // What led on was answered, and so it was sent.
                unsent: fault.unsent && hop == 0,
                ..fault
            })?;
            let location = response.headers().get(LOCATION).filter(|_| is_redirect(response.status()));
            let location = location.filter(|_| request.follow_redirects);
            let Some(location) = location.map(|location| location.as_bytes().to_vec()) else {
                let answer = self.answer(response).await?;
                let cookies = cookies.values().map(str::to_owned).collect();
                return Ok(Answer { remarks, cookies, ..answer });
            };
            cookies.take(&request.url, response.headers(), self.clock.now());
            request = redirected(request, response.status(), &location, &mut remarks)?;
        }
        Err(Fault::failed(format!("There were more than {MOST_REDIRECTS} redirects.")))
    }

    async fn exchange(&self, request: &Request, headers: HeaderMap) -> Result<Response, Fault> {
        let mut builder = self.transport.request(request.method.clone(), request.url.clone());
        builder = builder.headers(headers);
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let begun = Instant::now();
        let sent = builder.send().await;
        debug!(
            method = %request.method,
            host = request.url.host_str(),
            path = request.url.path(),
            status = sent.as_ref().ok().map(|response| response.status().as_u16()),
            ms = begun.elapsed().as_millis(),
            "request ended"
        );
        sent.map_err(|error| {
            if self.trusts_nobody && Fault::is_of_trust(&error) {
                return Fault::error(format!("There was no TLS connection: {NO_AUTHORITIES}.")).unsent();
            }
            Fault::of(&error)
        })
    }

    async fn answer(&self, mut response: Response) -> Result<Answer, Fault> {
        let too_large = || Fault::failed(format!("The answer is larger than {} bytes.", self.max_body_bytes));
        if response.content_length().is_some_and(|length| length > self.max_body_bytes) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Fault::of(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > self.max_body_bytes {
                return Err(too_large());
            }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (latency, remarks, cookies) = (Duration::ZERO, Vec::new(), Vec::new());
        Ok(Answer { status, headers, body, undecoded: None, latency, remarks, cookies })
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The request that a redirect asks for, without what is nobody else's business.
fn redirected(
    mut request: Request,
    status: StatusCode,
    location: &[u8],
    remarks: &mut Vec<String>,
) -> Result<Request, Fault> {
    let location = String::from_utf8_lossy(location);
    let url = target::redirected(&request.url, &location).map_err(Fault::failed)?;
    let other_method = match status.as_u16() {
        303 => request.method != Method::HEAD,
        // What browsers do, against the letter of the old standard.
        301 | 302 => request.method == Method::POST,
        _ => false,
    };
    if other_method {
        request.method = Method::GET;
        request.body = None;
        request.headers.remove(CONTENT_TYPE);
        request.headers.remove(CONTENT_LENGTH);
    }
    if !target::same_origin(&request.url, &url) {
        if request.body.is_some() {
            let message = format!("The redirect would send the body on to {}.", target::shown(&url));
            return Err(Fault::failed(message));
        }
        let before = request.headers.len();
        request.headers = [ACCEPT, ACCEPT_LANGUAGE, USER_AGENT]
            .into_iter()
            .filter_map(|name| request.headers.get(&name).cloned().map(|value| (name, value)))
            .collect();
        if request.headers.len() < before {
            remarks.push(format!(
                "A redirect led to another server, {}, to which the given headers are not sent.",
                target::shown(&url)
            ));
        }
    }
    request.url = url;
    Ok(request)
}

/// The connections below: rustls with aws-lc, no cookies of its own, no cache, nothing repeated behind our back. And whether they trust
/// nobody, for want of authorities.
fn transport(context: &Context, ca_file: Option<&str>) -> Result<(Transport, bool), Problem> {
    let builder = || -> Result<ClientBuilder, Problem> {
        let builder = Transport::builder()
            .user_agent(AGENT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            // A connection for each request: behind a balancer, the next one may reach another server.
            .pool_max_idle_per_host(0);
        with_proxies(builder, &context.environment)
    };
    let failed = |error: reqwest::Error| {
        Problem::refused("The HTTP client could not be set up.").detail(error.without_url().to_string())
    };
    if let Some(ca_file) = ca_file {
        let certificates = certificates(context, ca_file)?;
        let transport = builder()?.tls_certs_only(certificates).build().map_err(failed)?;
        return Ok((transport, false));
    }
    // On a machine without any authorities the first fails. Then none is trusted, and plain HTTP still works.
    if let Ok(transport) = builder()?.build() {
        return Ok((transport, false));
    }
    Ok((builder()?.tls_certs_only([]).build().map_err(failed)?, true))
}

fn certificates(context: &Context, ca_file: &str) -> Result<Vec<Certificate>, Problem> {
    let path = context.input("ca_file", ca_file)?;
    let refused = |message: String| Problem::invalid("ca_file", message);
    let pem = context.tree.read_input(&path, LARGEST_CA_FILE).map_err(|error| match error {
        PathError::NotAFile | PathError::TooLarge(_) => {
            refused(format!("The file {} is no file of certificates.", path.display()))
        }
        error => refused(format!("The file {} could not be read.", path.display())).detail(error.to_string()),
    })?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(refused(format!("There is no certificate in {}.", path.display()))
            .hint("Give certificates in PEM: blocks that begin with -----BEGIN CERTIFICATE-----."));
    }
    Ok(certificates)
}
