//! Who asks: a token, the one that the `gh` program keeps, or a GitHub App, whose tokens last an hour.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use relplan_contract::{Context, Path, Problem, Redactor, Secret};
use reqwest::{Client as Transport, Url};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::client::{Fault, Refusal, fixed_headers, shown, told_limit};

/// How long before its end an App's token is no longer used.
const SPARE: Duration = Duration::from_secs(5 * 60);

/// How long an installation's token lasts.
const LASTS: Duration = Duration::from_secs(60 * 60);

/// How long a token of an App counts as new.
const NEW: Duration = Duration::from_secs(30);

/// How long GitHub may take to make a token.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long `gh` may take.
const GH_TIMEOUT: Duration = Duration::from_secs(20);

/// The variables in which the environment has tokens; which of them is for a host is decided before `gh` is asked.
const TOKENS: [&str; 4] = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// A token with what masks it wherever an answer echoes it.
pub(crate) struct Token {
    /// The token.
    pub(crate) secret: Secret,
    /// Masks it.
    pub(crate) redactor: Redactor,
    /// When it was made, for one of an App.
    made: Option<SystemTime>,
}

impl Token {
    fn new(secret: Secret, made: Option<SystemTime>) -> Arc<Self> {
        let redactor = Redactor::new([secret.expose()]);
        Arc::new(Self { secret, redactor, made })
    }
}

/// Where tokens come from. Found out at the first use, then kept.
pub(crate) struct Auth {
    source: Source,
    current: Mutex<Option<Arc<Token>>>,
}

enum Source {
    Given,
    Gh { host: String, environment: BTreeMap<String, String> },
    App(App),
}

impl Auth {
    /// A token that was given.
    pub(crate) fn token(secret: Secret) -> Self {
        Self { source: Source::Given, current: Mutex::new(Some(Token::new(secret, None))) }
    }

    /// Whether a token was given, so that nobody need be asked for one.
    #[cfg(test)]
    pub(crate) const fn is_given(&self) -> bool {
        matches!(self.source, Source::Given)
    }

    /// The token that the `gh` program keeps for a host.
    pub(crate) fn gh(host: String, environment: BTreeMap<String, String>) -> Self {
        Self { source: Source::Gh { host, environment }, current: Mutex::default() }
    }

    /// Tokens of an App.
    pub(crate) fn app(app: App) -> Self {
        Self { source: Source::App(app), current: Mutex::default() }
    }

    /// The token to use now. One caller at a time, so that a token is made once.
    pub(crate) async fn current(
        &self,
        context: &Context,
        transport: &Transport,
        rest: &Url,
    ) -> Result<Arc<Token>, Fault> {
        let mut current = self.current.lock().await;
        let now = context.clock.now();
        if let Some(token) = current.as_ref()
            && token.made.is_none_or(|made| made + LASTS > now + SPARE)
        {
            return Ok(Arc::clone(token));
        }
        let token = match &self.source {
            Source::Given => return Err(no_token("no token was given").into()),
            Source::Gh { host, environment } => Token::new(gh_token(host, environment).await?, None),
            Source::App(app) => Token::new(app.exchange(now, transport, rest).await?, Some(now)),
        };
        *current = Some(Arc::clone(&token));
        Ok(token)
    }

    /// How long to wait before a request is sent again whose token GitHub did not know; none where that is of no use. A new
    /// token of an App may not be known everywhere for some seconds; an older one may have been revoked, and is changed for
    /// another. (GitHub's own library `auth-app.js` tries again in the same way.)
    pub(crate) async fn after_refusal(
        &self,
        token: &Arc<Token>,
        before: u32,
        now: SystemTime,
    ) -> Option<Duration> {
        let made = token.made?;
        if now.duration_since(made).unwrap_or_default() > NEW {
            let mut current = self.current.lock().await;
            if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
                *current = None;
            }
        }
        Some(Duration::from_secs(1 << before.min(5)))
    }
}

/// A GitHub App with its key.
pub(crate) struct App {
    id: String,
    installation: String,
    key: EncodingKey,
}

/// What GitHub answers to a JWT.
#[derive(Deserialize)]
struct Installation {
    token: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iat: u64,
    exp: u64,
    iss: &'a str,
}

impl App {
    pub(crate) fn new(id: &str, installation: &str, pem: &str) -> Result<Self, Problem> {
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| {
            Problem::invalid("app", "The private key is no RSA key in PEM.")
                .hint("Give the file as GitHub let you download it: it begins with -----BEGIN RSA PRIVATE KEY-----.")
                .about(Path::attribute("app").key("private_key"))
        })?;
        Ok(Self { id: id.to_owned(), installation: installation.to_owned(), key })
    }

    /// A token of the installation.
    async fn exchange(&self, now: SystemTime, transport: &Transport, rest: &Url) -> Result<Secret, Fault> {
        let url = format!("{rest}app/installations/{}/access_tokens", self.installation);
        let request = transport.post(url).headers(fixed_headers()).bearer_auth(self.jwt(now)?.expose());
        let answer = request.timeout(EXCHANGE_TIMEOUT).send().await;
        let answer = answer.map_err(|error| Fault::Unsent(shown(&error)))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.map_err(|error| Fault::Lost(shown(&error)))?;
        match serde_json::from_str::<Installation>(&body) {
            Ok(made) if status == 201 => Ok(Secret::new(made.token)),
            _ if status >= 500 => {
                Err(Fault::Broken { status, message: Refusal::read(status, &body, None).message })
            }
            _ => match told_limit((status, &headers, &body), false, now) {
                Some(limit) => Err(limit.fault()),
                None => Err(self.refused(status, &Refusal::read(status, &body, None).message).into()),
            },
        }
    }

    fn refused(&self, status: u16, words: &str) -> Problem {
        let Self { id, installation, .. } = self;
        Problem::refused(format!(
            "GitHub gives the App {id} no token for its installation {installation}: it answered {status}: {words}."
        ))
        .hint("Compare the ids and the private key of `app` with the App's settings, and this machine's clock with the time.")
    }

    /// A JWT of nine minutes, begun a minute ago against clocks that differ: GitHub allows ten in all.
    fn jwt(&self, now: SystemTime) -> Result<Secret, Fault> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = Claims { iat: now.saturating_sub(60), exp: now + 9 * 60, iss: &self.id };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map(Secret::new)
            .map_err(|error| Problem::refused(format!("The App's key does not sign: {error}.")).into())
    }
}

fn no_token(why: &str) -> Problem {
    Problem::refused(format!("Nobody is known to GitHub here: {why}.")).hint(
        "Set GH_TOKEN or GITHUB_TOKEN, log in with `gh auth login`, or give the provider block an `app`.",
    )
}

#[expect(clippy::disallowed_methods, reason = "`gh auth token` is the documented way to its token")]
async fn gh_token(host: &str, environment: &BTreeMap<String, String>) -> Result<Secret, Problem> {
    let mut command = tokio::process::Command::new("gh");
    // Of the environment `gh` would give a token of any Enterprise Server for whatever host is not github.com.
    let own = environment.iter().filter(|(name, _)| !TOKENS.contains(&name.as_str()));
    command.args(["auth", "token", "--hostname", host]).env_clear().envs(own);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let Ok(output) = tokio::time::timeout(GH_TIMEOUT, command.output()).await else {
        return Err(no_token("`gh auth token` did not answer"));
    };
    let output = output.map_err(|_| no_token("there is no token, and no `gh` program"))?;
    let token = String::from_utf8(output.stdout).unwrap_or_default();
    let token = token.trim();
    if !output.status.success() || token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(no_token(&format!("`gh` is not logged in to {host}")));
    }
    Ok(Secret::new(token))
}
