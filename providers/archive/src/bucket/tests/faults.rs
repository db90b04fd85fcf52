//! A bucket that fails: what passes is outlived, what lasts is told, and nothing half is left.

use std::io::Write as _;
use std::time::Duration;

use bucket_server::Fault;
use relplan_contract::{ProblemKind, Value};

use super::Bench;
use crate::{Archive, Draft};

/// Each kind of request that a snapshot makes, by its method and a text of its path and query.
const REQUESTS: [(&str, &str); 9] = [
    ("GET", "list-type=2"),
    ("GET", "uploads="),
    ("PUT", "/schema."),
    ("POST", "uploads="),
    ("PUT", "partNumber=2"),
    ("POST", "uploadId="),
    ("PUT", "manifest.json"),
    ("HEAD", "/data."),
    ("GET", "/data."),
];

fn passing() -> [Fault; 7] {
    [
        Fault::Status(500, "InternalError"),
        Fault::Status(503, "SlowDown"),
        Fault::Status(400, "RequestTimeout"),
        Fault::Reset,
        Fault::Lost,
        Fault::Cut(20),
        Fault::Slow(Duration::from_millis(2_500)),
    ]
}

#[test]
fn what_passes_is_outlived() {
    // Not encrypted, since that is slow in a build for tests.
    let bench = Bench::new().clear();
    let mut trials = 0;
    for (method, target) in REQUESTS {
        for fault in passing() {
            // What takes its time to be read is waited for as long as its size allows: once is enough.
            if matches!(fault, Fault::Slow(_))
                && !["manifest.json", "list-type=2", "/schema."].contains(&target)
            {
                continue;
            }
            // An answer to HEAD has no body, and so no code that tells a passing 400.
            if matches!(fault, Fault::Status(400, _)) && method == "HEAD" {
                continue;
            }
            bench.server.proxy.spoil(method, target, 1, fault.clone());
            let taken = bench.take(&format!("{trials:08}"));
            let taken = taken.unwrap_or_else(|problem| panic!("{method} {target} {fault:?}: {problem}"));
            bench.checksum(&bench.object(&taken)).unwrap_or_else(|problem| {
                panic!("{method} {target} {fault:?}: {problem}");
            });
            bench.server.proxy.heal();
            if let Fault::Slow(late) = fault {
                // What was given up arrives all the same: not after the snapshot is deleted.
                std::thread::sleep(late);
            }
            trials += 1;
            assert_eq!(bench.server.keys_in("backups").len(), 3, "{method} {target} {fault:?}");
            bench.settings().store.0.delete(&taken.manifest.name).expect("deleted");
        }
    }
    assert_eq!(trials, 56);
    bench.assert_empty("all deleted");
}

#[test]
fn what_lasts_is_told_and_nothing_is_left() {
    let bench = Bench::new();
    let lasting = [
        (Fault::Status(503, "SlowDown"), ProblemKind::Retry),
        (Fault::Status(403, "AccessDenied"), ProblemKind::Refused),
        (Fault::Reset, ProblemKind::Retry),
    ];
    for (method, target) in REQUESTS.into_iter().take(7) {
        for (fault, kind) in &lasting {
            // Not being allowed to list them is no reason to go without a snapshot.
            if (target, kind) == ("uploads=", &ProblemKind::Refused) && method == "GET" {
                continue;
            }
            bench.server.proxy.spoil(method, target, usize::MAX, fault.clone());
            let problem =
                bench.take("abcdef0123").err().unwrap_or_else(|| panic!("{method} {target} {fault:?}"));
            bench.server.proxy.heal();
            assert!(problem.message.contains("s3://backups/of/shop"), "{problem}");
            if (target, fault.clone()) == ("manifest.json", Fault::Reset) {
                // It may still be on its way, so its parts wait for it.
                assert_eq!(
                    (problem.kind, bench.server.keys_in("backups").len()),
                    (ProblemKind::Uncertain, 2)
                );
                let found = Archive::of_action(&bench.settings(), &bench.context(), "abcdef0123");
                assert!(found.expect("looked").is_none(), "no snapshot without a manifest");
                bench.server.empty("backups");
            } else {
                assert_eq!(problem.kind, *kind, "{method} {target} {fault:?}: {problem}");
            }
            bench.assert_empty(&format!("{method} {target} {fault:?}"));
        }
    }
    let archive = bench.take("abcdef0123").expect("a snapshot");
    let object = bench.object(&archive);
    for (fault, kind) in &lasting {
        bench.server.proxy.spoil("GET", "/data.", usize::MAX, fault.clone());
        assert_eq!(bench.checksum(&object).expect_err("it cannot be read").kind, *kind);
        bench.server.proxy.heal();
    }
    bench.assert_whole(&archive);
}

/// The manifest arrived, and nobody can find out: the parts stay, and the next run finds a snapshot.
#[test]
fn a_lost_answer_to_the_last_request_is_uncertain() {
    let bench = Bench::new();
    bench.server.proxy.spoil("PUT", "manifest.json", 1, Fault::Lost);
    bench.server.proxy.spoil("PUT", "manifest.json", usize::MAX, Fault::Reset);
    bench.server.proxy.spoil("GET", "manifest.json", usize::MAX, Fault::Reset);
    let problem = bench.take("abcdef0123").err().expect("nobody knows");
    assert_eq!(problem.kind, ProblemKind::Uncertain, "{problem}");
    bench.server.proxy.heal();
    let found = Archive::of_action(&bench.settings(), &bench.context(), "abcdef0123").expect("looked");
    bench.assert_whole(&found.expect("it is there"));
}

#[test]
fn an_interrupted_upload_is_taken_back() {
    let bench = Bench::new();
    let context = bench.context();
    let _inside = bench.runtime.enter();
    let settings = crate::Settings::of(&context, &bench.object).expect("settings");
    let draft = Draft::begin(&settings, &context, "abcdef0123", 0).expect("begun");
    let (_, mut sink) = settings.store.0.create("shop-1.2.0-abcdef01", "data").expect("a stream");
    sink.write_all(&vec![7; 6 << 20]).expect("a part is sent");
    assert_eq!(bench.server.uploads_in("backups").len(), 1);
    bench.server.proxy.spoil("PUT", "partNumber", usize::MAX, Fault::Status(503, "SlowDown"));
    context.cancel.cancel();
    sink.write_all(&vec![7; 6 << 20]).expect_err("interrupted");
    drop(sink);
    drop(draft);
    bench.assert_empty("interrupted");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let bench = Bench::new().with(&[("endpoint", Value::from("http://127.0.0.1:9"))]);
    let problem = bench.take("abcdef0123").err().expect("nobody is there");
    assert!(problem.kind == ProblemKind::Retry && problem.message.contains("no connection"), "{problem}");
}
