//! Whether the credentials of the environment may go to the server of a bucket.
//!
//! By themselves they go to Amazon, Google or Azure. To the server of an `endpoint` they go when the environment names the same one, or
//! `RELPLAN_CREDENTIAL_HOSTS` lists it: a release file says where snapshots lie, and not who gets to know the keys.

use std::collections::BTreeMap;

use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use relplan_contract::{CredentialHosts, Path, Problem, host_name, server_name};
use url::Url;

use super::client::settings;
use super::options::{Kind, Options};

/// What is in the way of a bucket's endpoint; nothing where it may be asked with the environment's credentials, or is asked without.
pub(super) fn problem(
    environment: &BTreeMap<String, String>,
    kind: Kind,
    options: &Options,
) -> Option<Problem> {
    let endpoint = options.endpoint.as_deref()?;
    let wanted = server(endpoint);
    let (named, is_unsigned, variable) = of_environment(environment, kind);
    if is_unsigned || named.iter().any(|named| wanted.is_some() && server(named) == wanted) {
        return None;
    }
    let (scheme, host, port) = wanted?;
    let listed = CredentialHosts::of(environment);
    if listed.allow(&host, port) {
        return None;
    }
    let server = server_name(&host, port);
    let message = format!(
        "The release file alone names {server}: it is not sent {} of the environment.",
        kind.credentials()
    );
    let hint = format!(
        "If it may have them, name it outside of the file: {variable}={scheme}://{server}, or {}={server}.",
        CredentialHosts::VARIABLE
    );
    Some(Problem::refused(message).hint(hint).about(Path::attribute("bucket_options").key("endpoint")))
}

/// The server that a URL names.
pub(super) fn server(url: &str) -> Option<(String, String, u16)> {
    let url = Url::parse(url).ok()?;
    Some((url.scheme().to_owned(), host_name(url.host_str()?), url.port_or_known_default()?))
}

/// The endpoints that the environment names, whether requests go without credentials, and the variable that would name one.
fn of_environment(environment: &BTreeMap<String, String>, kind: Kind) -> (Vec<&str>, bool, &'static str) {
    let (mut named, mut is_unsigned) = (Vec::new(), false);
    let truth = |text: &str| ["1", "true", "on", "yes", "y"].contains(&&*text.to_ascii_lowercase());
    let variable = match kind {
        Kind::S3 => {
            for (key, value) in settings(environment, "AWS_") {
                match key {
                    AmazonS3ConfigKey::Endpoint | AmazonS3ConfigKey::S3Endpoint => named.push(value.as_str()),
                    AmazonS3ConfigKey::SkipSignature => is_unsigned = truth(value),
                    _ => {}
                }
            }
            "AWS_ENDPOINT_URL_S3"
        }
        Kind::Gcs => {
            for (key, value) in settings(environment, "GOOGLE_") {
                match key {
                    GoogleConfigKey::BaseUrl => named.push(value.as_str()),
                    GoogleConfigKey::SkipSignature => is_unsigned = truth(value),
                    _ => {}
                }
            }
            "GOOGLE_BASE_URL"
        }
        Kind::Azure => {
            for (key, value) in settings(environment, "AZURE_") {
                match key {
                    AzureConfigKey::Endpoint => named.push(value.as_str()),
                    AzureConfigKey::SkipSignature => is_unsigned = truth(value),
                    _ => {}
                }
            }
            "AZURE_STORAGE_ENDPOINT"
        }
    };
    (named, is_unsigned, variable)
}
