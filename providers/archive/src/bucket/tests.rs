//! Snapshots in a bucket that wants to be authorised, behind a proxy that fails on demand: whole, or not there at all.

mod arguments;
mod binding;
mod faults;
mod leftovers;
mod whole;

use std::io::{Read as _, Write as _};
use std::sync::{Arc, LazyLock};

use age::secrecy::ExposeSecret as _;
use bucket_server::{Hurried, Keys, Server};
use relplan_contract::conformance::{Recorder, context_in};
use relplan_contract::{Context, Problem, Value};

use crate::{Archive, Draft, Facts, Job, Settings};

/// A server, and the arguments of snapshots in its bucket `backups`.
struct Bench {
    server: Server,
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    keys: Keys,
    object: Value,
    progress: Arc<Recorder>,
}

impl Bench {
    fn new() -> Self {
        let server = Server::start();
        let key = age::x25519::Identity::generate();
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("key.txt"), key.to_string().expose_secret()).expect("a key");
        let object = Value::map([
            ("bucket", Value::from("s3://backups/of/shop")),
            ("name", "shop".into()),
            ("encrypt_to", Value::set([key.to_public().to_string().into()])),
            ("identity_file", "key.txt".into()),
        ]);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let keys = server.keys.clone();
        let runtime = runtime.expect("a runtime");
        Self { server, runtime, folder, keys, object, progress: Arc::default() }.with(&[])
    }

    /// With these options.
    fn with(mut self, options: &[(&str, Value)]) -> Self {
        let usual = Value::map([
            ("endpoint", Value::from(self.server.endpoint())),
            ("region", "eu-central-1".into()),
            ("part_size_mb", Value::integer(5)),
            ("timeout_s", Value::integer(2)),
        ]);
        let options = options.iter().fold(usual, |all, (name, value)| all.with(name, value.clone()));
        self.object = self.object.with("bucket_options", options);
        self
    }

    /// In that place.
    fn at(mut self, bucket: &str) -> Self {
        self.object = self.object.with("bucket", bucket.into());
        self
    }

    /// Without encryption.
    fn clear(mut self) -> Self {
        self.object = self.object.with("encrypt_to", Value::NULL).with("unencrypted", true.into());
        self
    }

    fn context(&self) -> Context {
        let mut context = context_in(self.folder.path(), "postgres_snapshot.before");
        let environment = [
            ("AWS_ACCESS_KEY_ID", self.keys.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.keys.secret.clone()),
            ("AWS_ENDPOINT_URL_S3", self.server.endpoint()),
            ("RELPLAN_CREDENTIAL_HOSTS", "127.0.0.1:9".to_owned()),
        ];
        context.environment =
            Arc::new(environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        context.clock = Arc::new(Hurried);
        context.progress = Arc::clone(&self.progress) as _;
        context
    }

    fn settings(&self) -> Settings {
        let _inside = self.runtime.enter();
        Settings::of(&self.context(), &self.object).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Takes a snapshot: a small part, and one in two pieces.
    fn take(&self, key: &str) -> Result<Archive, Problem> {
        self.take_in(&self.context(), key)
    }

    fn take_in(&self, context: &Context, key: &str) -> Result<Archive, Problem> {
        let settings = self.settings();
        let draft = Draft::begin(&settings, context, key, 1_000)?;
        let mut parts = Vec::new();
        for (name, content) in contents() {
            let mut part = draft.part(name)?;
            let written = part.write_all(content).and_then(|()| part.finish());
            parts.push(
                written.map_err(|error| crate::store::failed("The snapshot cannot be written", &error))?,
            );
        }
        draft.finish(context, parts, Facts { engine: "test".into(), ..Facts::default() })
    }

    /// The object of a snapshot, as the ledger has it.
    fn object(&self, archive: &Archive) -> Value {
        archive.describe(self.object.clone(), None)
    }

    /// Whether the stored sums are right.
    fn checksum(&self, object: &Value) -> Result<(), Problem> {
        let (settings, object) = (self.settings(), object.clone());
        let work = move |job: &Job| Archive::of_object(&settings, &object)?.check(job).map(|_| ());
        self.runtime.block_on(Job::run(&self.context(), work))
    }

    /// Reads all parts to their ends.
    fn read(&self, archive: &Archive) -> Result<Vec<Vec<u8>>, Problem> {
        let identities = self.settings().identities()?;
        let mut all = Vec::new();
        for part in &archive.manifest.parts {
            let mut content = Vec::new();
            let mut reader = archive.reader(part, identities.as_ref())?;
            reader
                .read_to_end(&mut content)
                .map_err(|error| crate::store::failed("It cannot be read", &error))?;
            all.push(content);
        }
        Ok(all)
    }

    /// That a snapshot is there, and what it should be.
    #[track_caller]
    fn assert_whole(&self, archive: &Archive) {
        let read = self.read(archive).unwrap_or_else(|problem| panic!("{problem}"));
        assert!(read == contents().map(|(_, content)| content), "it is not what was written");
        self.checksum(&self.object(archive)).unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// That there is nothing in the bucket, nor on its way there.
    #[track_caller]
    fn assert_empty(&self, why: &str) {
        assert_eq!(self.server.keys_in("backups"), Vec::<String>::new(), "{why}");
        assert_eq!(self.server.uploads_in("backups"), Vec::<String>::new(), "{why}");
    }
}

/// What no compression makes smaller: a part of five MiB, and some.
fn contents() -> [(&'static str, &'static [u8]); 2] {
    static NOISE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut state = 0x5eed_u64;
        let noise = (0..6 << 17).flat_map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        noise.collect()
    });
    [("schema", b"CREATE TABLE orders"), ("data", &NOISE)]
}
