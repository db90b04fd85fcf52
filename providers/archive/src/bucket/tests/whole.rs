//! What is stored, and that it comes back.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bucket_server::{Fault, Keys};
use relplan_contract::{ProblemKind, Value};
use serde_json::json;

use super::Bench;
use crate::{Archive, Draft, Settings, Verified};

#[test]
fn a_snapshot_comes_back_as_it_was() {
    let options =
        [("server_side_encryption", "aws:kms"), ("kms_key", "key-of-kms"), ("storage_class", "STANDARD_IA")];
    let bench = Bench::new().with(&options.map(|(name, value)| (name, Value::from(value))));
    let taken = bench.take("abcdef0123").expect("a snapshot");
    bench.assert_whole(&taken);
    let object = bench.object(&taken);
    assert_eq!(object.get("location").as_str(), Some("s3://backups/of/shop/shop-1.2.0-abcdef01"));
    let settings = bench.settings();
    assert_eq!(Archive::of_object(&settings, &object).expect("found").manifest, taken.manifest);
    assert_eq!(settings.store.0.list("shop-").expect("a list"), ["shop-1.2.0-abcdef01"]);
    assert_eq!(settings.store.0.list("shop-1.3").expect("a list"), Vec::<String>::new());
    taken.note_verified(&Verified { how: "read".into(), at_ms: 1, took_ms: 2 }).expect("noted");
    assert_eq!(taken.verified().expect("a note").took_ms, 2);
    let keys = bench.server.keys_in("backups");
    assert!(keys.iter().all(|key| key.starts_with("of/shop/shop-1.2.0-abcdef01/")), "{keys:?}");
    assert_eq!(keys.len(), 4);
    let seen = bench.server.proxy.seen();
    for request in &seen {
        // (The secret itself is on no wire: signatures are.)
        assert!(
            !request.headers.contains(&bench.keys.secret) && request.headers.contains("AWS4-HMAC-SHA256")
        );
    }
    let puts: Vec<_> = seen.iter().filter(|request| request.method == "PUT").collect();
    assert!(puts.iter().all(|put| put.headers.contains("x-amz-checksum-sha256: ")), "{puts:?}");
    let begun = seen
        .iter()
        .find(|request| request.method == "POST" && request.target.contains("uploads"))
        .expect("an upload");
    let single = puts.iter().find(|put| put.target.contains("/schema.")).expect("a small part");
    for request in [begun, single] {
        for header in ["x-amz-server-side-encryption: aws:kms", "aws-kms-key-id: key-of-kms", "STANDARD_IA"] {
            assert!(request.headers.contains(header), "{request:?}");
        }
    }
    let manifest = puts.iter().find(|put| put.target.contains("manifest.json")).expect("a manifest");
    assert!(manifest.headers.contains("if-none-match: *") && !manifest.headers.contains("STANDARD_IA"));
    assert_eq!(bench.context().usage.totals().len(), 0, "each context counts its own");
}

#[test]
fn what_the_keys_may_not_do_is_told() {
    let mut bench = Bench::new();
    let taken = bench.take("abcdef0123").expect("a snapshot");
    let secret = bench.keys.secret.clone();
    let told = |bench: &Bench, words: &str, hint: &str| {
        let problem = bench.take("0123456789").err().expect("refused");
        let shown = problem.to_string();
        assert!(shown.contains(words) && shown.contains(hint), "{shown}");
        assert!(!shown.contains(&secret) && !shown.contains(&bench.keys.secret), "{shown}");
        problem.kind
    };
    bench.keys = bench.server.reader.clone();
    assert_eq!(told(&bench, "403 AccessDenied", "rights"), ProblemKind::Refused);
    // Whoever may read can verify.
    bench.assert_whole(&taken);
    bench.keys =
        Keys { id: bench.server.keys.id.clone(), secret: "another-secret-of-forty-characters-in-all".into() };
    assert_eq!(told(&bench, "403 SignatureDoesNotMatch", "the key and its secret"), ProblemKind::Refused);
    bench.keys = Keys { id: "AKIANOBODY".into(), secret: "another".into() };
    assert_eq!(told(&bench, "403 InvalidAccessKeyId", "the key and its secret"), ProblemKind::Refused);
    let mut context = bench.context();
    // A machine that has none of its own.
    let machine = ("AWS_METADATA_ENDPOINT".to_owned(), "http://127.0.0.1:9".to_owned());
    let endpoint = ("AWS_ENDPOINT_URL".to_owned(), bench.server.endpoint());
    context.environment = Arc::new(BTreeMap::from([machine, endpoint]));
    let inside = bench.runtime.enter();
    let settings = Settings::of(&context, &bench.object).unwrap_or_else(|problem| panic!("{problem}"));
    let problem = Draft::begin(&settings, &context, "0123456789", 0).err().expect("nobody asks");
    assert!(problem.kind == ProblemKind::Refused && problem.message.contains("NoCredentials"), "{problem}");
    drop(inside);
    bench.keys = bench.server.keys.clone();
    let bench = bench.at("s3://nowhere");
    assert_eq!(told(&bench, "404 NoSuchBucket", "Make the bucket"), ProblemKind::Missing);
    let problem = bench.checksum(&bench.object(&taken)).expect_err("no bucket");
    assert!(problem.message.contains("NoSuchBucket"), "{problem}");
    assert_eq!(bench.server.keys_in("backups").len(), 3);
}

#[test]
fn damage_in_the_store_is_found() {
    let bench = Bench::new();
    let archive = bench.take("abcdef0123").expect("a snapshot");
    let object = bench.object(&archive);
    let key = format!("of/shop/shop-1.2.0-abcdef01/{}", archive.manifest.parts[1].name);
    let whole = bench.server.call("get_object", json!({"Bucket": "backups", "Key": key}))["Body"].clone();
    let text = whole.as_str().expect("in base64");
    for at in [1_000, text.len() / 2, text.len() - 100] {
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        let damaged = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        bench.server.call("put_object", json!({"Bucket": "backups", "Key": key, "Body": damaged}));
        let problem = bench.checksum(&object).expect_err("changed");
        assert!(problem.kind == ProblemKind::Conflict && problem.message.contains("is damaged"), "{problem}");
        assert!(bench.read(&archive).is_err());
    }
    bench.server.call("put_object", json!({"Bucket": "backups", "Key": key, "Body": whole}));
    bench.assert_whole(&archive);
    // On its way, too.
    bench.server.proxy.spoil("GET", "/data.", 1, Fault::Flip(70_000));
    bench.checksum(&object).expect_err("changed on its way");
    bench.assert_whole(&archive);
    bench.server.call("delete_object", json!({"Bucket": "backups", "Key": key}));
    let problem = bench.checksum(&object).expect_err("gone");
    assert!(problem.message.contains("is missing"), "{problem}");
    bench.settings().store.0.delete("shop-1.2.0-abcdef01").expect("deleted");
    assert_eq!(bench.checksum(&object).expect_err("gone").kind, ProblemKind::Missing);
    bench.assert_empty("deleted");
}

#[test]
fn of_two_with_one_name_one_is_there() {
    let bench = Bench::new();
    for round in 0..4 {
        let key = format!("{round}aaaaaaa");
        let (first, second) = std::thread::scope(|scope| {
            let other = scope.spawn(|| bench.take(&key));
            (bench.take(&key), other.join().expect("no panic"))
        });
        let (taken, refused) = if first.is_ok() { (first, second) } else { (second, first) };
        let (taken, refused) = (taken.expect("one is taken"), refused.err().expect("one is refused"));
        assert!(refused.kind == ProblemKind::Conflict && refused.message.contains("already"), "{refused}");
        bench.assert_whole(&taken);
        assert_eq!(bench.server.keys_in("backups").len(), 3 * (round + 1), "the other left nothing");
    }
    assert_eq!(bench.server.uploads_in("backups"), Vec::<String>::new());
}

/// The parts of all streams that are under way are bounded, however much there is to send, and however slow it goes.
#[test]
fn memory_stays_flat() {
    let bench = Bench::new().with(&[("part_size_mb", Value::NULL), ("timeout_s", Value::integer(60))]);
    let settings = bench.settings();
    bench.server.proxy.spoil("PUT", "partNumber", usize::MAX, Fault::Slow(Duration::from_millis(50)));
    let bytes = std::thread::scope(|scope| {
        let streams = ["left", "right"].map(|name| {
            let store = settings.store.clone();
            scope.spawn(move || {
                let (_, mut sink) = store.0.create("shop-1.2.0-abcdef01", name).expect("a stream");
                let block = vec![7; 1 << 20];
                (0..160).for_each(|_| sink.write_all(&block).expect("written"));
                sink.finish().expect("finished");
                160 << 20
            })
        });
        streams.into_iter().map(|stream| stream.join().expect("no panic")).sum::<usize>()
    });
    let seen = bench.server.proxy.seen();
    let parts: Vec<usize> =
        seen.iter().filter(|one| one.target.contains("partNumber")).map(|one| one.bytes).collect();
    assert_eq!((parts.iter().sum::<usize>(), parts.iter().max()), (bytes, Some(&(8 << 20))));
    let most = bench.server.proxy.most_under_way();
    // Beside the parts, the list of them with which the other stream's upload ends.
    let lists = 64 << 10;
    assert!((8 << 20..=super::super::UNDER_WAY + lists).contains(&most), "{most}");
}
