//! What is refused before anything is done.

use relplan_contract::{ProblemKind, Value};

use crate::bucket::options::Address;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";

fn sealed() -> Value {
    Value::map([
        ("bucket", Value::from("s3://backups/shop")),
        ("encrypt_to", Value::set([KEY.into()])),
        ("verify", "checksum".into()),
    ])
}

#[test]
fn a_bucket_is_sealed_unless_somebody_says_otherwise() {
    assert_eq!(crate::arguments::check(&sealed()), []);
    let clear = sealed().with("encrypt_to", Value::NULL);
    let problems = crate::arguments::check(&clear);
    assert!(problems[0].message.contains("are encrypted, and there is no key"), "{problems:?}");
    assert_eq!(crate::arguments::check(&clear.clone().with("unencrypted", true.into())), []);
    assert!(
        !crate::arguments::check(&sealed().with("unencrypted", true.into())).is_empty(),
        "which of both?"
    );
    // What was not known when it was checked is looked at before anything is stored.
    let folder = tempfile::tempdir().expect("a folder");
    let context = relplan_contract::conformance::context_in(folder.path(), "postgres_snapshot.before");
    let problem = crate::Settings::read(&context, &clear).err().expect("refused");
    assert_eq!(problem.kind, ProblemKind::Invalid);
    assert_eq!(
        crate::arguments::check(&sealed().with("bucket", Value::NULL).with("directory", "/b".into())),
        []
    );
}

#[test]
fn wrong_arguments_are_told() {
    for (name, value, words) in [
        ("bucket", Value::NULL, "no place"),
        ("directory", "/backups".into(), "two places"),
        ("bucket", "backups".into(), "no scheme"),
        ("bucket", "ftp://backups".into(), "scheme is unknown"),
        ("bucket", "s3:///shop".into(), "a name has"),
        ("bucket", "s3://key:secret@backups".into(), "a name has"),
        ("bucket", "s3://backups/../shop".into(), "prefix"),
        ("bucket", "s3://backups//shop".into(), "prefix"),
    ] {
        let shown = format!("{:?}", crate::arguments::check(&sealed().with(name, value)));
        assert!(shown.contains(words), "{name}: {shown}");
    }
    for (bucket, name, value, words) in [
        ("s3://b", "endpoint", Value::from("http://example.com"), "not safe"),
        ("s3://b", "endpoint", "https://key:secret@example.com".into(), "no credentials"),
        ("s3://b", "server_side_encryption", "rot13".into(), "no such"),
        ("s3://b", "storage_class", "deep_archive".into(), "cannot be read back"),
        ("s3://b", "object_lock", "perhaps".into(), "no such"),
        ("s3://b", "object_lock_days", Value::integer(3), "go together"),
        ("s3://b", "part_size_mb", Value::integer(4), "from 5"),
        ("s3://b", "timeout_s", Value::integer(0), "from 1"),
        ("s3://b", "account", "shop".into(), "s3:// has no `account`"),
        ("gs://b", "region", "eu".into(), "gs:// has no `region`"),
        ("gs://b", "object_lock", "compliance".into(), "gs:// has no `object_lock`"),
        ("az://b", "storage_class", "Cool".into(), "az:// has no `storage_class`"),
    ] {
        let object =
            sealed().with("bucket", bucket.into()).with("bucket_options", Value::map([(name, value)]));
        let problems = crate::arguments::check(&object);
        assert!(format!("{problems:?}").contains(words), "{bucket} {name}: {problems:?}");
    }
    let both = Value::map([("kms_key", Value::from("k")), ("server_side_encryption", "AES256".into())]);
    assert_eq!(crate::arguments::check(&sealed().with("bucket_options", both)).len(), 1);
}

/// What is not known yet may turn out right.
#[test]
fn what_is_not_known_is_not_refused() {
    let unknown = Value::UNKNOWN;
    for name in ["bucket", "directory", "bucket_options", "encrypt_to", "unencrypted"] {
        assert_eq!(crate::arguments::check(&sealed().with(name, unknown.clone())), [], "{name}");
    }
    let clear = sealed().with("encrypt_to", Value::NULL);
    assert_eq!(crate::arguments::check(&clear.with("unencrypted", unknown.clone())), []);
    for name in ["endpoint", "server_side_encryption", "object_lock", "object_lock_days", "part_size_mb"] {
        let mut options = vec![(name, unknown.clone())];
        if name.starts_with("object_lock") {
            options = vec![("object_lock", unknown.clone()), ("object_lock_days", unknown.clone())];
        }
        let object = sealed().with("bucket_options", Value::map(options));
        assert_eq!(crate::arguments::check(&object), [], "{name}");
    }
}

#[test]
fn addresses_are_read() {
    for (text, key) in
        [("s3://b", "x/y"), ("s3://b/", "x/y"), ("gs://b/one/two/", "one/two/x/y"), ("az://b/p", "p/x/y")]
    {
        let address = Address::parse(text).expect("an address");
        assert_eq!(address.key("x/y"), key);
        assert_eq!(address.shown(), text.trim_end_matches('/'));
    }
}
