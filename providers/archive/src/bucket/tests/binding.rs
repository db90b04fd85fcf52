//! Whose server gets the credentials of the environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Problem, Value};

use super::Bench;
use crate::Settings;
use crate::bucket::options;

/// What is in the way of a bucket, where the environment has these variables; nothing is sent before it is known.
fn problem(bench: &Bench, object: &Value, environment: &[(&str, String)]) -> Option<Problem> {
    let mut context = bench.context();
    let all = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    context.environment = Arc::new(all.collect::<BTreeMap<_, _>>());
    let _inside = bench.runtime.enter();
    Settings::of(&context, object).err()
}

#[test]
fn a_server_that_only_the_file_names_gets_no_credentials() {
    let bench = Bench::new();
    let endpoint = bench.server.endpoint();
    let port = bench.server.proxy.port();
    let keys = [
        ("AWS_ACCESS_KEY_ID", bench.keys.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", bench.keys.secret.clone()),
        ("GOOGLE_BEARER_TOKEN", "ya29.token".to_owned()),
        ("AZURE_STORAGE_TOKEN", "token".to_owned()),
        ("AZURE_STORAGE_ACCOUNT_NAME", "backups".to_owned()),
    ];
    let options = Value::map([("endpoint", Value::from(&*endpoint))]);
    let at = |bucket: &str| {
        bench.object.clone().with("bucket", bucket.into()).with("bucket_options", options.clone())
    };
    let listed = |text: String| ("RELPLAN_CREDENTIAL_HOSTS", text);
    for (bucket, variable, another) in [
        ("s3://backups", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        ("gs://backups", "GOOGLE_BASE_URL", "GOOGLE_BASE_URL"),
        ("az://backups", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
    ] {
        let with = |more: (&'static str, String)| [&keys[..], &[more]].concat();
        for (name, value) in [
            ("HOME", "/nowhere".to_owned()),
            (variable, format!("http://localhost:{port}")),
            (variable, format!("https://127.0.0.1:{port}")),
            (variable, "http://127.0.0.1:1".to_owned()),
            (variable, format!("http://127.0.0.1:{port}@db.example")),
            listed(format!("localhost:{port},127.0.0.1:1,*.0.0.1")),
        ] {
            let shown = format!("{name}={value}");
            let problem = problem(&bench, &at(bucket), &with((name, value))).expect(&shown);
            let text = problem.to_string();
            assert!(
                text.contains(&format!("The release file alone names 127.0.0.1:{port}")),
                "{shown}: {text}"
            );
            let how =
                [format!("{variable}={endpoint}"), format!("RELPLAN_CREDENTIAL_HOSTS=127.0.0.1:{port}")];
            assert!(how.iter().all(|how| text.contains(how)), "{shown}: {text}");
        }
        let skip = match variable {
            "GOOGLE_BASE_URL" => "GOOGLE_SKIP_SIGNATURE",
            "AZURE_STORAGE_ENDPOINT" => "AZURE_SKIP_SIGNATURE",
            _ => "AWS_SKIP_SIGNATURE",
        };
        for more in [
            (variable, endpoint.clone()),
            (another, format!("{endpoint}/")),
            listed(format!("127.0.0.1:{port}")),
            listed("127.0.0.1".to_owned()),
            // Nothing is sent that could be taken.
            (skip, "true".to_owned()),
        ] {
            assert_eq!(problem(&bench, &at(bucket), &with(more.clone())), None, "{more:?}");
        }
        // Nothing of another cloud names it.
        let others = ["AWS_ENDPOINT_URL_S3", "GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT"];
        for other in others.into_iter().filter(|other| *other != variable) {
            assert!(problem(&bench, &at(bucket), &with((other, endpoint.clone()))).is_some(), "{other}");
        }
    }
    assert_eq!(bench.server.proxy.seen().len(), 0, "nobody was asked");
}

#[test]
fn no_word_makes_the_address_of_a_cloud_anothers() {
    let refused = |bucket: &str, name: &str, value: &str| {
        options::check(&bucket.into(), &Value::map([(name, Value::from(value))])).into_iter().next()
    };
    for (bucket, name, value) in [
        ("s3://b", "region", "evil.example/"),
        ("s3://b", "region", "x.evil.example/?"),
        ("s3://b", "region", "x.evil.example#"),
        ("s3://b", "region", "a@evil.example:443/"),
        ("s3://b", "region", ""),
        ("az://b", "account", "evil.example/"),
        ("az://b", "account", "evil.example\\"),
        ("az://b", "account", "a:b@evil.example/?"),
        ("s3://b", "endpoint", "http://127.evil.example"),
        ("s3://b", "endpoint", "http://localhost.evil.example"),
        ("s3://b", "endpoint", "http://127.0.0.1@evil.example"),
        ("s3://b", "endpoint", "http://[::1].evil.example"),
        ("s3://b", "endpoint", "https://good.example/?x="),
        ("s3://b", "endpoint", "https://good.example/#"),
        ("s3://b", "endpoint", "https:"),
    ] {
        let problem = refused(bucket, name, value).expect(value);
        assert_eq!(problem.attribute, Some(relplan_contract::Path::attribute("bucket_options")), "{value}");
    }
    for (bucket, name, value) in [
        ("s3://b", "region", "eu-central-1"),
        ("az://b", "account", "companybackups"),
        ("s3://b", "endpoint", "https://minio.example:9000"),
        ("s3://b", "endpoint", "http://127.0.0.1:9000"),
        ("s3://b", "endpoint", "http://localhost:9000/"),
        ("s3://b", "endpoint", "http://[::1]:9000"),
    ] {
        assert_eq!(refused(bucket, name, value), None, "{value}");
    }
    // Also where a word is known only when it is used.
    let bench = Bench::new();
    let object =
        bench.object.clone().with("bucket_options", Value::map([("region", "evil.example/".into())]));
    assert!(problem(&bench, &object, &[]).expect("refused").message.contains("is no region"));
}
