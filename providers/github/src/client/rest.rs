//! The REST API: one object, all pages of a list, and what changes something.

use std::fs::File;
use std::sync::Arc;

use relplan_contract::{Context, Problem};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, Body, Client, Fault, Request};

/// The most pages of one list: a server that always names a next one must not keep us for ever.
const MOST_PAGES: usize = 1_000;

/// How often a list that changes while it is read is begun again.
const MOST_READS: usize = 4;

/// One page of a list.
struct Page<T> {
    url: Url,
    items: Vec<T>,
}

/// A path of the API: each part is one segment, written so that no character of it leads elsewhere.
pub(crate) fn path(parts: &[&str]) -> String {
    let escaped = parts.iter().map(|part| {
        part.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect::<String>()
    });
    escaped.collect::<Vec<_>>().join("/")
}

/// The path with a query.
pub(crate) fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| super::rest::path(&[text]).replace('/', "%2F");
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", escape(value)));
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

impl Client {
    /// Reads one object.
    pub(crate) async fn get<T: DeserializeOwned>(&self, context: &Context, path: &str) -> Result<T, Fault> {
        let answer = self.send(context, self.request(Method::GET, path, None)?).await?;
        decoded(&answer)
    }

    /// Reads one object that need not be there.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        context: &Context,
        path: &str,
    ) -> Result<Option<T>, Fault> {
        match self.get(context, path).await {
            Ok(found) => Ok(Some(found)),
            Err(fault) if fault.is_status(404) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Reads text, such as a log, from wherever it leads.
    pub(crate) async fn text(&self, context: &Context, path: &str) -> Result<String, Fault> {
        let answer = self.send(context, self.request(Method::GET, path, None)?).await?;
        Ok(answer.body.as_ref().to_owned())
    }

    /// Reads text from a server that is not GitHub's: it is sent no token.
    pub(crate) async fn elsewhere(&self, context: &Context, url: Url) -> Result<String, Fault> {
        let answer = self.send(context, Request { method: Method::GET, url, body: None }).await?;
        Ok(answer.body.as_ref().to_owned())
    }

    /// Asks for something that needs no body, and whose answer says nothing.
    pub(crate) async fn bare(&self, context: &Context, method: Method, path: &str) -> Result<(), Fault> {
        self.send(context, self.request(method, path, None)?).await.map(drop)
    }

    /// Reads all pages of a list, as it was at one moment: `same` tells whether two items are the same one.
    ///
    /// Pages shift when something comes or goes before them, and then an item is missed or comes twice. So all but
    /// the last are looked at again, which costs nothing of the rate limit when they are unchanged.
    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        context: &Context,
        path: &str,
        same: impl Fn(&T, &T) -> bool,
    ) -> Result<Vec<T>, Fault> {
        for _ in 0..MOST_READS {
            let mut pages = self.pages::<T>(context, path).await?;
            let Some((last, before)) = pages.split_last_mut() else { return Ok(Vec::new()) };
            let mut shifted = false;
            for page in before.iter() {
                let request = Request { method: Method::GET, url: page.url.clone(), body: None };
                let now: Vec<T> = decoded(&self.send(context, request).await?)?;
                let pairs = || page.items.iter().zip(&now);
                shifted = now.len() != page.items.len() || !pairs().all(|(then, now)| same(then, now));
                if shifted {
                    break;
                }
            }
            if !shifted {
                let items = before.iter_mut().flat_map(|page| page.items.drain(..));
                return Ok(items.chain(last.items.drain(..)).collect());
            }
        }
        Err(Fault::Lost("the list changed each time while it was read".into()))
    }

    /// The pages of a list, one after the other: at least one.
    async fn pages<T: DeserializeOwned>(&self, context: &Context, path: &str) -> Result<Vec<Page<T>>, Fault> {
        let mut pages = Vec::new();
        let mut request = self.request(Method::GET, path, None)?;
        for _ in 0..MOST_PAGES {
            let url = request.url.clone();
            let answer = self.send(context, request).await?;
            pages.push(Page { url, items: decoded(&answer)? });
            let Some(next) = answer.link.as_deref().and_then(next_page) else { return Ok(pages) };
            let url = Url::parse(next).map_err(|_| Fault::Lost("its next page has no address".into()))?;
            if url.origin() != self.rest.origin() {
                return Err(Fault::Lost("its next page is on another host".into()));
            }
            request = Request { method: Method::GET, url, body: None };
        }
        Err(Fault::Lost(format!("the list has more than {MOST_PAGES} pages")))
    }

    /// Sends a change and reads what it answers.
    pub(crate) async fn change<T: DeserializeOwned>(
        &self,
        context: &Context,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Fault> {
        decoded(&self.send_json(context, method, path, body).await?)
    }

    /// Sends a change whose answer may have no body: none then.
    pub(crate) async fn change_maybe<T: DeserializeOwned>(
        &self,
        context: &Context,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Option<T>, Fault> {
        let answer = self.send_json(context, Method::POST, path, body).await?;
        if answer.status == 204 || answer.body.trim().is_empty() {
            return Ok(None);
        }
        decoded(&answer).map(Some)
    }

    /// Uploads a file to a whole URL that GitHub gave. It may take as long as it goes on.
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        context: &Context,
        url: Url,
        content_type: &str,
        (file, size): (File, u64),
    ) -> Result<T, Fault> {
        if !self.is_ours(&url) {
            let host = url.host_str().unwrap_or_default();
            let message =
                format!("The server wants files sent to {host}, which is not known to be part of it.");
            let hint =
                "Give as base_url the address by which the server calls itself: its token goes nowhere else.";
            return Err(Problem::refused(message).hint(hint).into());
        }
        let body = Body::File { content_type: content_type.to_owned(), file: Arc::new(file), size };
        let request = Request { method: Method::POST, url, body: Some(body) };
        decoded(&self.send(context, request).await?)
    }

    async fn send_json(
        &self,
        context: &Context,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer, Fault> {
        let json = serde_json::to_string(body).map_err(|error| Fault::Unsent(error.to_string()))?;
        self.send(context, self.request(method, path, Some(Body::Json(json)))?).await
    }

    fn request(&self, method: Method, path: &str, body: Option<Body>) -> Result<Request, Fault> {
        let url = self.rest.join(path).map_err(|error| Fault::Unsent(error.to_string()))?;
        Ok(Request { method, url, body })
    }
}

fn decoded<T: DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    serde_json::from_str(&answer.body)
        .map_err(|error| Fault::Lost(format!("it is not as GitHub describes it ({error})")))
}

/// The address behind `rel="next"` in a Link header (RFC 8288, as far as GitHub uses it).
fn next_page(link: &str) -> Option<&str> {
    link.split(',').find_map(|part| {
        let (address, parameters) = part.split_once(';')?;
        let is_next = parameters.split(';').any(|parameter| parameter.trim() == "rel=\"next\"");
        is_next.then(|| address.trim().trim_start_matches('<').trim_end_matches('>'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_elsewhere() {
        assert_eq!(path(&["repos", "a b", "x?y#z%"]), "repos/a%20b/x%3Fy%23z%25");
        assert_eq!(query("a", &[("q", "org:acme topic:x&y")]), "a?q=org%3Aacme%20topic%3Ax%26y");
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        let link = "<https://x/?page=1>; rel=\"prev\", <https://x/?page=3>; rel=\"next\"";
        assert_eq!(next_page(link), Some("https://x/?page=3"));
        assert_eq!(next_page("<https://x/?page=1>; rel=\"prev\""), None);
    }
}
