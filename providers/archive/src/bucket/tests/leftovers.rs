//! What is removed, and what is left alone: leftovers of the dead and the living, old snapshots, and what a lock holds.

use bucket_server::Fault;
use relplan_contract::{PlanRequest, Value};
use serde_json::json;

use super::Bench;
use crate::{Job, Verified};

const OLD: &str = "2010-11-10T20:48:33.000Z";

fn begin(bench: &Bench, key: &str) {
    let _ = bench.server.call("create_multipart_upload", json!({"Bucket": "backups", "Key": key}));
}

#[test]
fn uploads_of_the_dead_are_aborted() {
    let bench = Bench::new();
    for key in [
        "of/shop/shop-1.1.0-dead/data.x",
        "of/shop/other-1.1.0-dead/data.x",
        "elsewhere/shop-1.1.0-dead/data.x",
    ] {
        begin(&bench, key);
    }
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() - 60).expect("a moment");
    let now = now.to_string().replace('Z', ".000Z");
    // The server of the test says of each upload that it is old.
    bench.server.proxy.spoil("GET", "uploads=", 1, Fault::Replace(OLD.into(), now));
    bench.take("aaaaaaaa").expect("a snapshot");
    assert_eq!(bench.server.uploads_in("backups").len(), 3, "somebody may be at it");
    bench.take("bbbbbbbb").expect("a snapshot");
    let left = bench.server.uploads_in("backups");
    assert_eq!(left, ["of/shop/other-1.1.0-dead/data.x", "elsewhere/shop-1.1.0-dead/data.x"]);
}

#[test]
fn parts_without_a_manifest_are_removed_a_day_later() {
    let bench = Bench::new();
    let whole = bench.take("aaaaaaaa").expect("a snapshot");
    for key in ["of/shop/shop-1.1.0-dead/data.x", "of/shop/other-1.1.0-dead/data.x"] {
        bench.server.call("put_object", json!({"Bucket": "backups", "Key": key, "Body": "AAAA"}));
    }
    bench.take("bbbbbbbb").expect("a snapshot");
    assert_eq!(bench.server.keys_in("backups").len(), 8, "somebody may be at it");
    let today = jiff::Timestamp::now().to_string()[..11].to_owned();
    bench.server.proxy.spoil("GET", "list-type=2", 1, Fault::Replace(today, "2020-02-02T".into()));
    bench.take("cccccccc").expect("a snapshot");
    let keys = bench.server.keys_in("backups");
    assert!(keys.len() == 10 && !keys.iter().any(|key| key.contains("shop-1.1.0-dead")), "{keys:?}");
    bench.assert_whole(&whole);
}

#[test]
fn a_right_that_is_missing_costs_the_sweep_only() {
    let bench = Bench::new();
    bench.server.proxy.spoil("GET", "uploads=", 1, Fault::Status(403, "AccessDenied"));
    bench.assert_whole(&bench.take("aaaaaaaa").expect("a snapshot"));
    let lines = bench.progress.lines();
    assert!(lines.iter().any(|line| line.contains("cannot be listed")), "{lines:?}");
}

#[test]
fn a_lock_is_set_and_heeded() {
    let lock = [("object_lock", Value::from("compliance")), ("object_lock_days", Value::integer(30))];
    let mut bench = Bench::new().at("s3://locked").with(&lock);
    let verified = |at_ms| Verified { how: "read".into(), at_ms, took_ms: 1 };
    let first = bench.take("aaaaaaaa").expect("a snapshot");
    first.note_verified(&verified(1)).expect("noted");
    let seen = bench.server.proxy.seen();
    let locked = seen.iter().filter(|one| one.headers.contains("x-amz-object-lock-mode: COMPLIANCE"));
    let locked: Vec<&str> = locked.map(|one| &*one.target).collect();
    // What begins an object, and nothing else: not its pieces, no reading, no note.
    assert!(locked.len() == 3 && locked.iter().any(|target| target.contains("uploads=")), "{locked:?}");
    let manifest = json!({"Bucket": "locked", "Key": "shop-1.2.0-aaaaaaaa/manifest.json"});
    let head = bench.server.call("head_object", manifest);
    assert_eq!(head["ObjectLockMode"], "COMPLIANCE");
    let until = head["ObjectLockRetainUntilDate"].as_str().expect("a date").to_owned();

    bench = bench.at("s3://locked").with(&[]);
    bench.take("bbbbbbbb").expect("a snapshot without a lock").note_verified(&verified(2)).expect("noted");
    bench.take("cccccccc").expect("a snapshot without a lock").note_verified(&verified(3)).expect("noted");
    bench.object = bench.object.clone().with("retain", Value::map([("count", Value::integer(1))]));
    let (context, attributes) = (bench.context(), crate::arguments::attributes());
    let request = PlanRequest { prior: None, config: &bench.object };
    let planned =
        bench.runtime.block_on(crate::arguments::plan(&context, &attributes, &[], request)).expect("a plan");
    let notes = planned.notes.join("\n");
    assert!(
        notes.contains("shop-1.2.0-aaaaaaaa")
            && notes.contains("stays: it is under object lock (compliance) until")
    );
    assert!(notes.contains(&until[..10]), "{notes}, not {until}");
    let deletes = |value: &Value| value.get("deletes").as_list().map(<[Value]>::to_vec).unwrap_or_default();
    assert_eq!(deletes(&planned.value), [Value::from("shop-1.2.0-bbbbbbbb")]);

    // Somebody locked it since, or another plan names it: then it stays, and the run goes on.
    let both = Value::list(["shop-1.2.0-aaaaaaaa".into(), "shop-1.2.0-bbbbbbbb".into()]);
    let (settings, planned) = (bench.settings(), planned.value.with("deletes", both));
    let pruned = Job::run(&context, move |job| settings.prune(job, &planned));
    bench.runtime.block_on(pruned).expect("pruned");
    let names = bench.settings().store.0.list("shop-").expect("a list");
    assert_eq!(names, ["shop-1.2.0-aaaaaaaa", "shop-1.2.0-cccccccc"]);
    let lines = bench.progress.lines().join("\n");
    assert!(
        lines.contains("kept the old snapshot shop-1.2.0-aaaaaaaa") && lines.contains("under object lock"),
        "{lines}"
    );
    bench.assert_whole(&first);
    let hold = json!({"Bucket": "locked", "Key": "shop-1.2.0-cccccccc/manifest.json", "LegalHold": {"Status": "ON"}});
    bench.server.call("put_object_legal_hold", hold);
    let held = bench.settings().store.0.held("shop-1.2.0-cccccccc").expect("asked");
    assert_eq!(held.as_deref(), Some("under a legal hold"));
}
