//! What S3 can be asked beside what the library asks: uploads that nobody ended, and locks on objects.

use http::Method;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpRequest, HttpRequestBody, HttpResponse};

use super::client::S3;
use super::fault::Fault;

/// An upload that was begun, and neither ended nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unended {
    pub(super) key: String,
    pub(super) id: String,
    /// When it was begun, as the server has it.
    pub(super) begun: Timestamp,
}

/// Uploads that were not ended, and what time it is at the server: a wrong clock of ours must not make them old.
pub(super) struct Unendeds {
    pub(super) uploads: Vec<Unended>,
    pub(super) now: Option<Timestamp>,
}

impl S3 {
    /// The uploads to keys that begin so.
    pub(super) async fn unended(&self, beginning: &str) -> Result<Unendeds, Fault> {
        let mut found = Unendeds { uploads: Vec::new(), now: None };
        let mut after = None;
        loop {
            let query = listing(beginning, after.as_ref());
            let answer = self.ask(Method::GET, &format!("{}?{query}", self.url)).await?;
            let date = answer.headers().get(http::header::DATE).and_then(|value| value.to_str().ok());
            found.now = date.and_then(|text| rfc2822::parse(text).ok()).map(|moment| moment.timestamp());
            let body = answer.into_body().bytes().await.map_err(|error| Fault::of(&error))?;
            let text = String::from_utf8_lossy(&body);
            let document = roxmltree::Document::parse(&text)
                .map_err(|error| Fault::Silent(format!("its list of uploads cannot be read: {error}")))?;
            found.uploads.extend(
                document.descendants().filter(|node| node.has_tag_name_of("Upload")).filter_map(unended),
            );
            let of_all = |name: &str| document.root_element().text_of(name);
            if of_all("IsTruncated").as_deref() != Some("true") {
                return Ok(found);
            }
            let next = (of_all("NextKeyMarker"), of_all("NextUploadIdMarker").unwrap_or_default());
            after = next.0.map(|key| (key, next.1));
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// What keeps an object from being deleted, in words. Without the right to see it S3 tells nothing.
    pub(super) async fn held(&self, key: &str) -> Result<Option<String>, Fault> {
        let answer = self.ask(Method::HEAD, &format!("{}/{}", self.url, encoded(key, true))).await?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        if header("x-amz-object-lock-legal-hold") == Some("ON") {
            return Ok(Some("under a legal hold".to_owned()));
        }
        let Some(until) = header("x-amz-object-lock-retain-until-date") else { return Ok(None) };
        let date = header("date").and_then(|text| rfc2822::parse(text).ok()).map(|moment| moment.timestamp());
        let over = until.parse::<Timestamp>().ok().zip(date).is_some_and(|(until, now)| until <= now);
        let mode = header("x-amz-object-lock-mode").unwrap_or_default().to_lowercase();
        Ok((!over).then(|| format!("under object lock ({mode}) until {until}")))
    }

    /// Asks, signed.
    async fn ask(&self, method: Method, url: &str) -> Result<HttpResponse, Fault> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = method;
        *request.uri_mut() =
            url.parse().map_err(|error| Fault::Unasked(format!("{url:.200} is no address: {error}")))?;
        let credential = self.credentials.get_credential().await.map_err(|error| Fault::of(&error))?;
        AwsAuthorizer::new(&credential, "s3", &self.region)
            .try_authorize(&mut request, None)
            .map_err(|error| Fault::of(&error))?;
        self.http.execute(request).await.map_err(|error| Fault::of(&error))
    }
}

fn listing(beginning: &str, after: Option<&(String, String)>) -> String {
    let mut query = format!("prefix={}&uploads=", encoded(beginning, false));
    if let Some((key, id)) = after {
        query = format!("key-marker={}&{query}&upload-id-marker={}", encoded(key, false), encoded(id, false));
    }
    query
}

fn unended(node: roxmltree::Node<'_, '_>) -> Option<Unended> {
    let text = |name: &str| node.text_of(name);
    Some(Unended { key: text("Key")?, id: text("UploadId")?, begun: text("Initiated")?.parse().ok()? })
}

/// Percent-encodes what is not at home in a URL, as the signature wants it.
fn encoded(text: &str, slashes: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (slashes && byte == b'/');
        if plain { encoded.push(char::from(byte)) } else { encoded.push_str(&format!("%{byte:02X}")) }
    }
    encoded
}

/// Elements by their names alone: some servers leave the namespace out.
trait Named {
    fn has_tag_name_of(&self, name: &str) -> bool;
    fn text_of(&self, name: &str) -> Option<String>;
}

impl Named for roxmltree::Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }

    fn text_of(&self, name: &str) -> Option<String> {
        self.children().find(|child| child.has_tag_name_of(name))?.text().map(str::to_owned)
    }
}
