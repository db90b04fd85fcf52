//! [`Client`]: a bucket as the library sees it, made of the address, the options and the environment.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use object_store::aws::{
    AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsCredentialProvider, Checksum, S3ConditionalPut,
};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{HttpClient, HttpConnector as _};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::list::PaginatedListStore;
use object_store::multipart::MultipartStore;
use object_store::{ClientOptions, HeaderMap, HeaderValue, ObjectStore, RetryConfig};
use relplan_contract::Context;

use super::fault::Fault;
use super::options::{Address, Kind, Lock, Options};
use super::wire::{Shared, Wires};

/// All that is asked of a store of objects.
pub(super) trait Objects: ObjectStore + MultipartStore + PaginatedListStore {}

impl<T: ObjectStore + MultipartStore + PaginatedListStore> Objects for T {}

/// A bucket.
pub(super) struct Client {
    /// Reads, lists, deletes, and ends uploads.
    pub(super) objects: Arc<dyn Objects>,
    /// Sends bytes.
    pub(super) sending: Arc<dyn Objects>,
    /// What only S3 has.
    pub(super) s3: Option<S3>,
}

/// What S3 needs beside the library.
pub(super) struct S3 {
    builder: AmazonS3Builder,
    options: ClientOptions,
    pub(super) credentials: AwsCredentialProvider,
    pub(super) http: HttpClient,
    pub(super) region: String,
    /// URL of the bucket.
    pub(super) url: String,
}

impl Client {
    pub(super) fn new(context: &Context, address: &Address, options: &Options) -> Result<Self, Fault> {
        let wires = Wires { silence: options.silence, kind: address.kind.name(), context: context.clone() };
        match address.kind {
            Kind::S3 => S3::client(context, address, options, &wires),
            Kind::Gcs => gcs(context, address, options, wires),
            Kind::Azure => azure(context, address, options, wires),
        }
        .map_err(|error| Fault::of(&error))
    }

    /// Makes objects that nobody can delete until that moment.
    pub(super) fn locking(&self, lock: Lock, until: &str) -> Result<Arc<dyn Objects>, Fault> {
        let s3 = self.s3.as_ref().ok_or_else(|| Fault::Unasked("only S3 locks objects".to_owned()))?;
        let headers =
            [("x-amz-object-lock-mode", lock.mode), ("x-amz-object-lock-retain-until-date", until), DECLARED];
        Ok(Arc::new(s3.with(&headers).map_err(|error| Fault::of(&error))?))
    }
}

/// Buckets with object lock want it said that there is a checksum, not only the checksum.
const DECLARED: (&str, &str) = ("x-amz-sdk-checksum-algorithm", "SHA256");

/// Nothing is tried again by the library: that is ours, so that it can be seen, cut short, and signed anew.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

/// The settings of the environment that begin so, and that the library knows.
pub(super) fn settings<'c, K: FromStr>(
    environment: &'c BTreeMap<String, String>,
    beginning: &'static str,
) -> impl Iterator<Item = (K, &'c String)> {
    let found = environment.iter().filter(move |(name, _)| name.starts_with(beginning));
    found.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)))
}

/// An endpoint that may be without TLS was checked to be on this machine.
fn http(endpoint: Option<&String>) -> ClientOptions {
    ClientOptions::new().with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")))
}

impl S3 {
    fn client(
        context: &Context,
        address: &Address,
        options: &Options,
        wires: &Wires,
    ) -> object_store::Result<Client> {
        let mut client_options = http(options.endpoint.as_ref());
        let mut builder = AmazonS3Builder::new();
        for (key, value) in settings(&context.environment, "AWS_") {
            match key {
                AmazonS3ConfigKey::Client(key) => client_options = client_options.with_config(key, value),
                key => builder = builder.with_config(key, value),
            }
        }
        // What the file says, and what we rely on, comes after the environment.
        builder = builder
            .with_bucket_name(&address.bucket)
            .with_retry(once())
            .with_checksum_algorithm(Checksum::SHA256)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            // One request for each object: a list of faults in a good answer is easily overlooked.
            .with_disable_bulk_delete(true);
        if let Some(endpoint) = &options.endpoint {
            builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint.trim_end_matches('/'));
        }
        if let Some(region) = &options.region {
            builder = builder.with_region(region);
        }
        // The library names these keys by their words only.
        let encryption =
            [("aws_server_side_encryption", &options.encryption), ("aws_sse_kms_key_id", &options.kms_key)];
        for (name, value) in encryption {
            if let (Ok(key), Some(value)) = (name.parse(), value) {
                builder = builder.with_config(key, value);
            }
        }
        let first = builder
            .clone()
            .with_client_options(client_options.clone())
            .with_http_connector(wires.clone())
            .build()?;
        let credentials = Arc::clone(first.credentials());
        let http = wires.connect(&client_options)?;
        let configured = |key| builder.get_config_value(&key);
        let region = configured(AmazonS3ConfigKey::Region)
            .or_else(|| configured(AmazonS3ConfigKey::DefaultRegion))
            .unwrap_or_else(|| "us-east-1".to_owned());
        let endpoint =
            configured(AmazonS3ConfigKey::S3Endpoint).or_else(|| configured(AmazonS3ConfigKey::Endpoint));
        let virtual_hosted =
            configured(AmazonS3ConfigKey::VirtualHostedStyleRequest).as_deref() == Some("true");
        let url = match (endpoint, virtual_hosted) {
            (Some(endpoint), true) => endpoint,
            (Some(endpoint), false) => format!("{}/{}", endpoint.trim_end_matches('/'), address.bucket),
            (None, true) => format!("https://{}.s3.{region}.amazonaws.com", address.bucket),
            (None, false) => format!("https://s3.{region}.amazonaws.com/{}", address.bucket),
        };
        let s3 = Self { builder, options: client_options, credentials, http, region, url };
        let plain = s3.with(&[])?;
        let sending = s3.with(&[DECLARED])?;
        Ok(Client { objects: Arc::new(plain), sending: Arc::new(sending), s3: Some(s3) })
    }

    /// The same bucket with headers on all that is sent, signed like the others; it costs no new connection.
    fn with(&self, headers: &[(&'static str, &str)]) -> object_store::Result<AmazonS3> {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                all.insert(*name, value);
            }
        }
        let builder =
            self.builder.clone().with_client_options(self.options.clone().with_default_headers(all));
        let shared = Shared(Arc::new(self.http.clone()));
        builder.with_credentials(Arc::clone(&self.credentials)).with_http_connector(shared).build()
    }
}

fn gcs(
    context: &Context,
    address: &Address,
    options: &Options,
    wires: Wires,
) -> object_store::Result<Client> {
    let mut client_options = http(options.endpoint.as_ref());
    let mut builder = GoogleCloudStorageBuilder::new();
    for (key, value) in settings(&context.environment, "GOOGLE_") {
        match key {
            GoogleConfigKey::Client(key) => client_options = client_options.with_config(key, value),
            key => builder = builder.with_config(key, value),
        }
    }
    builder = builder.with_bucket_name(&address.bucket).with_retry(once());
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    let built = Arc::new(builder.with_client_options(client_options).with_http_connector(wires).build()?);
    Ok(Client { objects: Arc::clone(&built) as Arc<dyn Objects>, sending: built, s3: None })
}

fn azure(
    context: &Context,
    address: &Address,
    options: &Options,
    wires: Wires,
) -> object_store::Result<Client> {
    let mut client_options = http(options.endpoint.as_ref());
    let mut builder = MicrosoftAzureBuilder::new();
    for (key, value) in settings(&context.environment, "AZURE_") {
        match key {
            AzureConfigKey::Client(key) => client_options = client_options.with_config(key, value),
            key => builder = builder.with_config(key, value),
        }
    }
    // Where a managed identity is, Azure itself writes.
    if let Some(endpoint) = context.environment.get("IDENTITY_ENDPOINT") {
        builder = builder.with_msi_endpoint(endpoint);
    }
    builder = builder.with_container_name(&address.bucket).with_retry(once());
    if let Some(account) = &options.account {
        builder = builder.with_account(account);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    let built = Arc::new(builder.with_client_options(client_options).with_http_connector(wires).build()?);
    Ok(Client { objects: Arc::clone(&built) as Arc<dyn Objects>, sending: built, s3: None })
}
