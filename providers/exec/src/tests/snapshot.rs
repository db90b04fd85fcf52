//! Snapshots that commands write.

use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use relplan_archive::Snapshots;
use relplan_contract::conformance::fitted;
use relplan_contract::{ApplyRequest, ProblemKind, Resource, RestoreRequest, Value, VerifyRequest};

use super::{Place, SECRET, sh};
use crate::snapshot::Stream;

struct Bench {
    place: Place,
    resource: Arc<dyn Resource>,
}

/// Writes what stands in the file `data`.
const WRITE: &str = "cat data";

impl Bench {
    fn new() -> Self {
        let bench = Self { place: Place::new(), resource: Arc::new(Snapshots::<Stream>::default()) };
        std::fs::write(bench.place.path("data"), "row\n".repeat(50_000)).expect("data");
        bench
    }

    /// Arguments for a snapshot that is encrypted, with these in the place of the usual ones.
    fn config(&self, more: &[(&str, Value)]) -> Value {
        let key = age::x25519::Identity::generate();
        std::fs::write(self.place.path("key.txt"), key.to_string().expose_secret()).expect("a key");
        let mut given = vec![
            ("command", sh(WRITE)),
            ("directory", "snapshots".into()),
            ("encrypt_to", Value::set([key.to_public().to_string().into()])),
            ("identity_file", "key.txt".into()),
        ];
        given.extend(more.iter().cloned());
        fitted(&self.resource.schema().attributes, &given)
    }

    async fn take(&self, config: &Value) -> Result<Value, relplan_contract::Problem> {
        assert_eq!(self.resource.validate(config), []);
        let request = ApplyRequest { planned: config, prior: None, key: &self.place.key };
        self.resource.apply(&self.place.context, request).await.map(|applied| applied.value)
    }

    /// Whether anything at all is in the store.
    fn is_empty(&self) -> bool {
        std::fs::read_dir(self.place.path("snapshots")).map_or(0, Iterator::count) == 0
    }
}

#[tokio::test]
async fn what_a_command_writes_is_kept_proven_and_brought_back() {
    let bench = Bench::new();
    let rehearse = sh("cat > copy && cmp copy data && rm copy && echo 'the copy is the same'");
    let restore = sh("test ! -e \"$RELPLAN_INTO\" || test -n \"$RELPLAN_OVER\" && cat > \"$RELPLAN_INTO\"");
    let config = bench.config(&[
        ("read", sh("test $(wc -l) = 50000")),
        ("rehearse", rehearse),
        ("restore", restore),
        ("verify", "restore".into()),
    ]);
    let object = bench.take(&config).await.expect("a snapshot");
    assert_eq!(object.get("raw_bytes").as_i64(), Some(200_000));
    assert!(object.get("bytes").as_i64() < Some(2_000));
    assert_eq!(object.get("verified").as_str(), Some("restore"));
    let context = &bench.place.context;
    for how in ["checksum", "read", "restore"] {
        let verified =
            bench.resource.verify(context, VerifyRequest { object: &object, how: Some(how) }).await;
        let notes = verified.expect(how).notes.join(" ");
        assert_eq!(notes.contains("the copy is the same"), how == "restore", "{notes}");
    }
    let into =
        |over| RestoreRequest { object: &object, into: "back", folder: bench.place.folder.path(), over };
    bench.resource.restore(context, into(false)).await.expect("restored");
    assert_eq!(bench.place.text("back"), bench.place.text("data"));
    let problem = bench.resource.restore(context, into(false)).await.expect_err("it is there");
    assert!(problem.message.contains("`restore` refuses"), "{problem}");
    bench.resource.restore(context, into(true)).await.expect("restored over it");
}

#[tokio::test]
async fn what_goes_wrong_in_a_command_leaves_nothing() {
    let bench = Bench::new();
    for (script, why) in [
        ("echo half; echo 'the server went away' >&2; exit 3", "the server went away"),
        ("exit 0", "wrote nothing"),
        ("head -c 1000000 /dev/zero; kill -9 $$", "was killed"),
    ] {
        let problem = bench.take(&bench.config(&[("command", sh(script))])).await.expect_err(script);
        assert!(problem.message.contains(why), "{problem}");
        assert!(bench.is_empty(), "{script}");
    }
    let missing = Value::list(["no-such-program".into()]);
    let problem = bench.take(&bench.config(&[("command", missing)])).await.expect_err("no program");
    assert!(problem.message.contains("no-such-program was not found"), "{problem}");
    let refusing = sh("cat > /dev/null; echo 'line 7 is bad'; exit 1");
    let problem = bench.take(&bench.config(&[("read", refusing)])).await.expect_err("refused");
    assert!(
        problem.message.contains("not proven") && problem.detail.contains("line 7 is bad"),
        "{problem:?}"
    );
    assert!(bench.is_empty(), "what was not proven stays");
}

#[tokio::test]
async fn damage_is_found_with_and_without_a_command_that_reads() {
    let bench = Bench::new();
    let object = bench.take(&bench.config(&[])).await.expect("a snapshot");
    let folder = bench.place.path("snapshots").join(object.get("snapshot").as_str().expect("a name"));
    let part = folder.join("stream.zstd.age");
    let mut bytes = std::fs::read(&part).expect("a part");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&part, bytes).expect("flipped");
    for how in ["checksum", "read"] {
        let request = VerifyRequest { object: &object, how: Some(how) };
        let problem = bench.resource.verify(&bench.place.context, request).await.expect_err(how);
        assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
    }
}

#[tokio::test]
async fn secrets_stay_in_the_environment_of_the_command() {
    let bench = Bench::new();
    let environment = Value::map([("TOKEN", Value::from(SECRET))]);
    let script = "test -n \"$TOKEN\" && echo \"using $TOKEN\" >&2 && cat data";
    let config = bench.config(&[("command", sh(script)), ("environment", environment)]);
    let object = bench.take(&config).await.expect("a snapshot");
    let told = bench.place.recorder.lines().join("\n");
    assert!(told.contains("using ") && !told.contains(SECRET), "{told}");
    let manifest = bench.place.path("snapshots").join(object.get("snapshot").as_str().expect("a name"));
    assert!(!std::fs::read_to_string(manifest.join("manifest.json")).expect("a manifest").contains(SECRET));
}
