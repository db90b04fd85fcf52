//! The same in a bucket, which wants to be authorised.

use std::collections::BTreeMap;
use std::sync::Arc;

use bucket_server::{Fault, Hurried, Server};
use relplan_contract::{
    ApplyRequest, Context, Observed, ProblemKind, ReconcileRequest, Reconciled, RestoreRequest, Value,
    VerifyRequest,
};
use serde_json::json;

use super::Bench;

/// What the bench has, with the keys of the bucket in the environment.
fn context(bench: &Bench, server: &Server) -> Context {
    let mut context = bench.context();
    let mut environment = BTreeMap::clone(&context.environment);
    environment.insert("AWS_ACCESS_KEY_ID".into(), server.keys.id.clone());
    environment.insert("AWS_SECRET_ACCESS_KEY".into(), server.keys.secret.clone());
    environment.insert("AWS_ENDPOINT_URL_S3".into(), server.endpoint());
    context.environment = Arc::new(environment);
    context.clock = Arc::new(Hurried);
    context
}

/// Arguments for a snapshot in that bucket, encrypted.
fn config(bench: &Bench, server: &Server) -> Value {
    let options = [("endpoint", Value::from(server.endpoint())), ("region", "eu-central-1".into())];
    bench.encrypted(&[
        ("directory", Value::NULL),
        ("bucket", "s3://backups/shop".into()),
        ("bucket_options", Value::map(options)),
    ])
}

#[tokio::test]
async fn a_snapshot_in_a_bucket_is_restored_and_compared() {
    let (bench, server) = (Bench::new(2_000), Server::start());
    let context = context(&bench, &server);
    let config = config(&bench, &server).with("jobs", 3.into()).with("verify", "restore".into());
    assert_eq!(bench.resource.validate(&config), []);
    let request = ApplyRequest { planned: &config, prior: None, key: "bucketkey" };
    let object = bench.resource.apply(&context, request).await.expect("a snapshot").value;
    assert_eq!(object.get("verified").as_str(), Some("restore"));
    assert_eq!(object.get("rows").get("public.orders").as_i64(), Some(2_000));
    let name = object.get("snapshot").as_str().expect("a name").to_owned();
    assert_eq!(object.get("location").as_str(), Some(&*format!("s3://backups/shop/{name}")));
    assert!(!format!("{object:?}").contains(&server.keys.secret), "credentials are in no state");

    // A run that was cut off just before its outcome was written finds it done.
    let request =
        ReconcileRequest { planned: &config, prior: None, key: "bucketkey", reference: None, destroy: false };
    let reconciled = bench.resource.reconcile(&context, request).await.expect("asked");
    assert!(matches!(reconciled, Reconciled::Done(_)), "{reconciled:?}");
    assert_eq!(bench.resource.read(&context, &object).await, Ok(Observed::Same));

    let url = bench.server.url("copy");
    let request = RestoreRequest { object: &object, into: &url, folder: bench.folder.path(), over: false };
    bench.resource.restore(&context, request).await.expect("restored");
    let sums = "SELECT count(*), sum(price) FROM orders";
    assert_eq!(bench.server.sql("copy", sums), bench.server.sql("shop", sums));

    // Nothing in clear in the bucket, and a part that goes missing is told.
    let keys = server.keys_in("backups");
    let rows = keys.iter().find(|key| key.contains("rows-1.dump")).expect("a part").clone();
    assert!(keys.iter().all(|key| key.contains(".age.") || key.contains(".json")), "{keys:?}");
    server.call("delete_object", json!({"Bucket": "backups", "Key": rows}));
    let changed = bench.resource.read(&context, &object).await.expect("looked");
    assert!(matches!(changed, Observed::Present(_)), "{changed:?}");
    let request = VerifyRequest { object: &object, how: Some("checksum") };
    let problem = bench.resource.verify(&context, request).await.expect_err("a part is missing");
    assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
    let manifest = format!("shop/{name}/manifest.json");
    server.call("delete_object", json!({"Bucket": "backups", "Key": manifest}));
    assert_eq!(bench.resource.read(&context, &object).await, Ok(Observed::Absent));
    assert_eq!(bench.server.backends(), 0);
}

/// What nobody could read back for a while is not thrown away: the same action finds it, and proves it.
#[tokio::test]
async fn a_bucket_that_fails_while_it_is_read_back_costs_no_second_dump() {
    let (bench, server) = (Bench::new(100), Server::start());
    let context = context(&bench, &server);
    let config = config(&bench, &server);
    server.proxy.spoil("GET", "/database.dump", usize::MAX, Fault::Reset);
    let request = || ApplyRequest { planned: &config, prior: None, key: "bucketkey" };
    let problem = bench.resource.apply(&context, request()).await.expect_err("it cannot be read back");
    assert_eq!(problem.kind, ProblemKind::Retry, "{problem}");
    server.proxy.heal();
    let _ = server.proxy.seen();
    let object = bench.resource.apply(&context, request()).await.expect("proven now").value;
    assert_eq!(object.get("verified").as_str(), Some("read"));
    assert!(
        !server.proxy.seen().iter().any(|one| one.method == "PUT" && one.target.contains("database.dump"))
    );
}

#[tokio::test]
async fn a_bucket_that_refuses_leaves_no_backend() {
    let (bench, mut server) = (Bench::new(100), Server::start());
    server.keys = server.reader.clone();
    let config = config(&bench, &server);
    let request = ApplyRequest { planned: &config, prior: None, key: "bucketkey" };
    let problem =
        bench.resource.apply(&context(&bench, &server), request).await.expect_err("it may not write");
    assert!(problem.message.contains("403 AccessDenied"), "{problem}");
    assert_eq!((bench.server.backends(), server.keys_in("backups").len()), (0, 0));
}
