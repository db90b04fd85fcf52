//! How a bucket is named and used: `bucket` and `bucket_options`, read and checked.

use std::time::Duration;

use relplan_contract::{Attribute, Problem, Type, Value, server_name};
use url::{Host, Url};

use crate::name::is_safe;

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// S3, or what speaks it.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

impl Kind {
    /// Its name among the outside systems whose requests are counted.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::Azure => "azure",
        }
    }

    /// Where its credentials go by themselves.
    pub(super) const fn home(self) -> &'static str {
        match self {
            Self::S3 => "amazonaws.com",
            Self::Gcs => "googleapis.com",
            Self::Azure => "blob.core.windows.net",
        }
    }

    /// What its credentials are called.
    pub(super) const fn credentials(self) -> &'static str {
        match self {
            Self::S3 => "AWS_... (or this machine's credentials)",
            Self::Gcs => "GOOGLE_... (or this machine's credentials)",
            Self::Azure => "AZURE_... (or this machine's credentials)",
        }
    }

    const fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gs",
            Self::Azure => "az",
        }
    }
}

/// Where in which bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(super) kind: Kind,
    pub(super) bucket: String,
    /// What the names of all objects begin with, without `/` at its ends; may be empty.
    pub(super) prefix: String,
}

impl Address {
    /// Reads `s3://name/prefix`, `gs://name/prefix` or `az://container/prefix`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let invalid = |why: &str| {
            Problem::invalid("bucket", format!("{text:.100?} names no place in a bucket: {why}."))
                .hint("Write \"s3://name/prefix\", \"gs://name/prefix\" or \"az://container/prefix\".")
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("it has no scheme"))?;
        let kind = [Kind::S3, Kind::Gcs, Kind::Azure].into_iter().find(|kind| kind.scheme() == scheme);
        let kind = kind.ok_or_else(|| invalid("its scheme is unknown"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || !bucket.chars().all(is_safe) {
            return Err(invalid("a name has letters, digits, `-`, `_` and `.`"));
        }
        let prefix = prefix.trim_end_matches('/');
        let good = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(is_safe);
        if !prefix.is_empty() && !prefix.split('/').all(good) {
            return Err(invalid(
                "each part of a prefix has letters, digits, `-`, `_` and `.`, and no `.` in front",
            ));
        }
        Ok(Self { kind, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// The name of an object, or the beginning of such names.
    pub(super) fn key(&self, rest: &str) -> String {
        if self.prefix.is_empty() { rest.to_owned() } else { format!("{}/{rest}", self.prefix) }
    }

    /// As it was written.
    pub(super) fn shown(&self) -> String {
        format!("{}://{}", self.kind.scheme(), [&*self.bucket, &*self.prefix].join("/").trim_end_matches('/'))
    }
}

/// How long nobody may change or delete an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub(super) mode: &'static str,
    pub(super) days: i64,
}

/// How a bucket is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) account: Option<String>,
    pub(super) encryption: Option<String>,
    pub(super) kms_key: Option<String>,
    pub(super) storage_class: Option<String>,
    pub(super) lock: Option<Lock>,
    /// The size of all parts of an upload but its last; none for parts that grow.
    pub(super) part_bytes: Option<usize>,
    /// How long a request may be without an answer.
    pub(super) silence: Duration,
}

/// The least that S3 takes as a part, and what leaves memory for other things.
const PART_MB: std::ops::RangeInclusive<i64> = 5..=1_024;

/// The arguments.
pub(crate) fn attribute() -> Attribute {
    let text = |name, docs| Attribute::optional(name, Type::String, docs);
    let number = |name, docs| Attribute::optional(name, Type::Number, docs);
    Attribute::block(
        "bucket_options",
        vec![
            text(
                "endpoint",
                "URL of a server that speaks S3, or stands in for Google or Azure. Default: theirs.",
            ),
            text(
                "region",
                "Region of an S3 bucket. Default: `AWS_REGION` of the environment, else us-east-1.",
            ),
            text("account", "Storage account of an Azure container. Default: `AZURE_STORAGE_ACCOUNT_NAME`."),
            text(
                "server_side_encryption",
                "Encryption by S3 beside our own: `AES256`, `aws:kms` or `aws:kms:dsse`. Default: the bucket's.",
            ),
            text("kms_key", "Key of KMS for that: its id or ARN."),
            text("storage_class", "Storage class of the parts; one that can be read back at once."),
            text(
                "object_lock",
                "`governance` or `compliance`: nobody can delete or change the snapshot for a while.",
            ),
            number("object_lock_days", "For how many days, from when each file is stored."),
            number(
                "part_size_mb",
                "Size of the parts of an upload, 5 to 1024 MiB; for servers that want them all of one size. Default: 8, \
                 doubled after each 1,000.",
            ),
            number("timeout_s", "How long a request may be without an answer, in seconds.").or(60),
        ],
        "How the bucket is used. Credentials are never written here: they come from the environment.",
    )
}

fn object_lock(text: &str) -> Option<&'static str> {
    match text {
        "governance" => Some("GOVERNANCE"),
        "compliance" => Some("COMPLIANCE"),
        _ => None,
    }
}

impl Options {
    pub(super) fn read(block: &Value) -> Self {
        let text = |name: &str| block.get(name).as_str().map(str::to_owned);
        let number = |name: &str| block.get(name).as_i64();
        let mode = block.get("object_lock").as_str().and_then(object_lock);
        Self {
            endpoint: text("endpoint"),
            region: text("region"),
            account: text("account"),
            encryption: text("server_side_encryption"),
            kms_key: text("kms_key"),
            storage_class: text("storage_class"),
            lock: mode.zip(number("object_lock_days")).map(|(mode, days)| Lock { mode, days }),
            part_bytes: number("part_size_mb").and_then(|mb| usize::try_from(mb << 20).ok()),
            silence: Duration::from_secs(
                number("timeout_s").and_then(|s| u64::try_from(s).ok()).unwrap_or(60),
            ),
        }
    }
}

/// The server that is sent the credentials of the environment, as people write it, and what those are.
pub(crate) fn recipient(bucket: &str, block: &Value) -> Option<(String, &'static str)> {
    let kind = Address::parse(bucket).ok()?.kind;
    let server = match block.get("endpoint").as_str() {
        Some(endpoint) => super::binding::server(endpoint).map(|(_, host, port)| server_name(&host, port))?,
        None => kind.home().to_owned(),
    };
    Some((server, kind.credentials()))
}

/// What is wrong with the words that make the address of a server: a word that ends the address early makes it another's.
pub(super) fn endpoint_problem(block: &Value) -> Option<Problem> {
    let text = |name: &str| block.get(name).as_str();
    let wrong = |message: String, hint: &str| Some(Problem::invalid("bucket_options", message).hint(hint));
    for name in ["region", "account"] {
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        if let Some(text) = text(name).filter(|text| !plain(text)) {
            return wrong(format!("{text:.100?} is no {name}."), "It has letters, digits and `-`.");
        }
    }
    let endpoint = text("endpoint")?;
    let Ok(url) = Url::parse(endpoint) else {
        return wrong(format!("The endpoint {endpoint:.100?} is no URL."), "Begin it with https://.");
    };
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let bare = url.query().is_none() && url.fragment().is_none();
    if endpoint.contains('@') {
        wrong("An endpoint holds no credentials.".to_owned(), "Put them into the environment.")
    } else if !(url.scheme() == "https" || (url.scheme() == "http" && local)) || url.host().is_none() || !bare
    {
        wrong(format!("The endpoint {endpoint:.100?} is not safe."), "Begin it with https://.")
    } else {
        None
    }
}

/// What is wrong with the arguments.
pub(crate) fn check(bucket: &Value, block: &Value) -> Vec<Problem> {
    let Some(text) = bucket.as_str() else { return Vec::new() };
    let address = match Address::parse(text) {
        Ok(address) => address,
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    let mut wrong = |message: String, hint: &str| {
        problems.push(Problem::invalid("bucket_options", message).hint(hint));
    };
    let of_s3 = ["region", "server_side_encryption", "kms_key", "object_lock", "object_lock_days"];
    let strange: &[&str] = match address.kind {
        Kind::S3 => &["account"],
        Kind::Gcs => &["account", of_s3[0], of_s3[1], of_s3[2], of_s3[3], of_s3[4]],
        Kind::Azure => &["storage_class", of_s3[0], of_s3[1], of_s3[2], of_s3[3], of_s3[4]],
    };
    for name in strange.iter().filter(|name| !block.get(name).is_null()) {
        wrong(
            format!("{}:// has no `{name}`.", address.kind.scheme()),
            "Leave it out; what the bucket itself is set to holds.",
        );
    }
    let text = |name: &str| block.get(name).as_str();
    problems.extend(endpoint_problem(block));
    let mut wrong = |message: String, hint: &str| {
        problems.push(Problem::invalid("bucket_options", message).hint(hint));
    };
    let encryption = text("server_side_encryption");
    if encryption.is_some_and(|text| !["AES256", "aws:kms", "aws:kms:dsse"].contains(&text)) {
        wrong(
            "There is no such `server_side_encryption`.".to_owned(),
            "Write AES256, aws:kms or aws:kms:dsse.",
        );
    }
    if !block.get("kms_key").is_null() && encryption.is_some_and(|text| !text.starts_with("aws:kms")) {
        wrong("A `kms_key` is for `aws:kms`.".to_owned(), "Write server_side_encryption = \"aws:kms\".");
    }
    if text("storage_class")
        .is_some_and(|class| ["GLACIER", "DEEP_ARCHIVE"].contains(&&*class.to_uppercase()))
    {
        wrong(
            "What is archived cannot be read back, and so not be verified.".to_owned(),
            "Take another class.",
        );
    }
    if text("object_lock").is_some_and(|mode| object_lock(mode).is_none()) {
        wrong("There is no such `object_lock`.".to_owned(), "Write governance or compliance.");
    }
    if block.get("object_lock").is_null() != block.get("object_lock_days").is_null() {
        wrong("`object_lock` and `object_lock_days` go together.".to_owned(), "Write both, or none.");
    }
    for (name, range) in
        [("object_lock_days", 1..=36_500), ("part_size_mb", PART_MB), ("timeout_s", 1..=3_600)]
    {
        let value = block.get(name);
        let known = !value.is_null() && !value.is_unknown();
        if known && value.as_i64().is_none_or(|number| !range.contains(&number)) {
            wrong(format!("`{name}` is a whole number from {} to {}.", range.start(), range.end()), "");
        }
    }
    problems
}
