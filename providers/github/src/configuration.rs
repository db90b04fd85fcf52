//! The `provider "github"` block: which server, and who asks.

use std::collections::BTreeMap;

use relplan_contract::{Attribute, Path, Problem, Secret, Type, Value};
use reqwest::Url;

use crate::auth::{App, Auth};
use crate::client::is_ghe_com;

/// Where github.com answers.
const PUBLIC: &str = "https://api.github.com";

/// How many requests are under way at the same time, unless the block says otherwise.
const AT_ONCE: i64 = 10;

/// The arguments of the block.
pub(crate) fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "base_url",
            Type::String,
            "Where the API answers: https://HOST/api/v3 for GitHub Enterprise Server, https://api.SUBDOMAIN.ghe.com for \
             data residency. Left out, it is the environment's GITHUB_API_URL, or github.com.",
        ),
        Attribute::optional(
            "token",
            Type::String,
            "Who asks. Left out, it is GH_TOKEN or GITHUB_TOKEN of the environment (for an Enterprise Server that \
             GH_HOST names, GH_ENTERPRISE_TOKEN), or what `gh auth token` prints for the server.",
        )
        .sensitive(),
        Attribute::block(
            "app",
            vec![
                Attribute::required("id", Type::String, "Id or client id of the GitHub App."),
                Attribute::required("installation_id", Type::String, "Id of its installation."),
                Attribute::required("private_key", Type::String, "Its private key, in PEM.").sensitive(),
            ],
            "A GitHub App that asks, in the place of a token.",
        ),
        Attribute::optional(
            "max_requests",
            Type::Number,
            "The most requests under way at the same time, 1 to 100.",
        )
        .or(Value::integer(AT_ONCE)),
    ]
}

/// The block, checked.
pub(crate) struct Configuration {
    /// The REST API's address; ends with a slash.
    pub(crate) rest: Url,
    /// The GraphQL API's address.
    pub(crate) graphql: Url,
    /// Who asks.
    pub(crate) auth: Auth,
    /// The most requests at the same time.
    pub(crate) at_once: usize,
}

impl Configuration {
    /// Reads the block over the environment.
    pub(crate) fn read(block: &Value, environment: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let variable = |name: &str| environment.get(name).filter(|text| !text.trim().is_empty());
        let usual = variable("GITHUB_API_URL").map_or(PUBLIC, String::as_str);
        let rest = rest_url(block.get("base_url").as_str().unwrap_or(usual))?;
        let graphql = graphql_url(&rest);
        let host = server_name(rest.host_str().unwrap_or_default()).to_owned();
        let auth = match (app(block.get("app"))?, block.get("token").as_str()) {
            (Some(_), Some(_)) => {
                return Err(Problem::invalid("token", "Either a token or an app asks, not both."));
            }
            (Some(app), None) => Auth::app(app),
            (None, Some(token)) => Auth::token(token_text(token)?),
            (None, None) => {
                // A file must not be able to have the environment's token sent to a server of its choice.
                let is_usual = rest_url(usual).is_ok_and(|usual| usual.origin() == rest.origin());
                let named = variable("GH_HOST").is_some_and(|named| *named == host);
                let names: &[&str] = match (is_usual, named) {
                    (true, _) => &["GH_TOKEN", "GITHUB_TOKEN"],
                    // `gh help environment`: these are for github.com and for subdomains of ghe.com.
                    (false, true) if is_ghe_com(&host) => &["GH_TOKEN", "GITHUB_TOKEN"],
                    (false, true) => &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"],
                    (false, false) => &[],
                };
                match names.iter().find_map(|name| variable(name)) {
                    Some(token) => Auth::token(token_text(token)?),
                    None => Auth::gh(host, environment.clone()),
                }
            }
        };
        let at_once = block.get("max_requests").as_i64().unwrap_or(AT_ONCE);
        let at_once = usize::try_from(at_once).ok().filter(|number| (1..=100).contains(number));
        let at_once = at_once.ok_or_else(|| {
            Problem::invalid("max_requests", "max_requests is a whole number from 1 to 100.")
        })?;
        Ok(Self { rest, graphql, auth, at_once })
    }
}

/// The name by which people, `GH_HOST` and `gh` know a server whose API answers at this host: `github.com` for `api.github.com`,
/// `SUBDOMAIN.ghe.com` for `api.SUBDOMAIN.ghe.com`, and the host itself for an Enterprise Server.
fn server_name(host: &str) -> &str {
    host.strip_prefix("api.").filter(|name| *name == "github.com" || is_ghe_com(name)).unwrap_or(host)
}

/// A token as it can stand in a header. A wrong one is not shown.
fn token_text(token: &str) -> Result<Secret, Problem> {
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::invalid("token", "The token is empty or holds characters that no token has.")
            .hint("Give it as GitHub showed it, without quotes or line breaks."));
    }
    Ok(Secret::new(token))
}

fn app(block: &Value) -> Result<Option<App>, Problem> {
    let text = |name: &str| block.get(name).as_str();
    let (Some(id), Some(installation), Some(key)) =
        (text("id"), text("installation_id"), text("private_key"))
    else {
        return Ok(None);
    };
    if installation.is_empty() || !installation.bytes().all(|byte| byte.is_ascii_digit()) {
        let at = Path::attribute("app").key("installation_id");
        return Err(Problem::invalid("app", "The id of an installation is a number.").about(at));
    }
    App::new(id, installation, key).map(Some)
}

fn rest_url(base: &str) -> Result<Url, Problem> {
    let wrong = |message: &str| {
        Problem::invalid("base_url", message).hint("Give one such as https://github.example.com/api/v3.")
    };
    let mut url = Url::parse(base).map_err(|error| wrong(&format!("The base_url is no URL: {error}.")))?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        return Err(wrong("The base_url must begin with https://, since a token is sent there."));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("The base_url must hold neither a password nor a query."));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// github.com answers at `/graphql`, an Enterprise Server with its REST API at `/api/v3/` at `/api/graphql`.
fn graphql_url(rest: &Url) -> Url {
    let mut url = rest.clone();
    let path = match rest.path().strip_suffix("/v3/") {
        Some(before) => format!("{before}/graphql"),
        None => format!("{}graphql", rest.path()),
    };
    url.set_path(&path);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &Value) -> Result<Configuration, Problem> {
        Configuration::read(block, &BTreeMap::from([("GH_TOKEN".to_owned(), "ghp_x".to_owned())]))
    }

    #[test]
    fn the_graphql_address_follows_the_base_url() {
        for (base, graphql) in [
            ("https://api.github.com", "https://api.github.com/graphql"),
            ("https://github.example.com/api/v3", "https://github.example.com/api/graphql"),
            ("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
            ("http://127.0.0.1:4101", "http://127.0.0.1:4101/graphql"),
        ] {
            let configuration =
                read(&Value::map([("base_url", base.into())])).unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(configuration.graphql.as_str(), graphql);
        }
    }

    #[test]
    fn a_file_cannot_have_the_environments_token_sent_elsewhere() {
        let environment =
            [("GH_TOKEN", "ghp_x"), ("GH_HOST", "ghe.example"), ("GH_ENTERPRISE_TOKEN", "ghp_y")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        for (base, has_token) in [
            ("https://api.github.com", true),
            ("https://ghe.example/api/v3", true),
            ("https://evil.example", false),
            ("https://api.github.com.evil.example", false),
        ] {
            let block = Value::map([("base_url", base.into())]);
            let configuration = Configuration::read(&block, &environment);
            let configuration = configuration.unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(configuration.auth.is_given(), has_token, "{base}");
        }
    }

    #[test]
    fn a_subdomain_of_ghe_com_is_asked_as_gh_would() {
        for (host, name) in [
            ("api.github.com", "github.com"),
            ("api.acme.ghe.com", "acme.ghe.com"),
            ("api.ghe.com", "api.ghe.com"),
            ("api.a.b.ghe.com", "api.a.b.ghe.com"),
            ("api.example.com", "api.example.com"),
            ("github.example.com", "github.example.com"),
        ] {
            assert_eq!(server_name(host), name);
        }
        for (named, base, has_token) in [
            ("acme.ghe.com", "https://api.acme.ghe.com", true),
            ("acme.ghe.com", "https://api.other.ghe.com", false),
            ("api.acme.ghe.com", "https://api.acme.ghe.com", false),
        ] {
            let environment = [("GH_TOKEN", "ghp_x"), ("GH_HOST", named)];
            let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let block = Value::map([("base_url", base.into())]);
            let configuration = Configuration::read(&block, &environment);
            let configuration = configuration.unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(configuration.auth.is_given(), has_token, "{named} {base}");
        }
    }

    #[test]
    fn a_token_goes_nowhere_in_clear() {
        for base in ["http://github.example.com", "https://ann:pw@github.example.com", "github.example.com"] {
            let problem = read(&Value::map([("base_url", base.into())])).err().expect("a problem");
            assert_eq!(problem.attribute, Some(Path::attribute("base_url")), "{base}");
            assert!(!problem.to_string().contains("pw@"));
        }
    }
}
