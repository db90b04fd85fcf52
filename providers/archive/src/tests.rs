//! Snapshots in a folder: whole or not there at all, and any byte that is changed later is found.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use relplan_contract::conformance::context_in;
use relplan_contract::{Context, Problem, ProblemKind, Value};

use crate::{Archive, Draft, Facts, Job, Manifest, Settings, Sum};

struct Place {
    folder: tempfile::TempDir,
    object: Value,
}

impl Place {
    fn new(more: &[(&str, Value)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let object = Value::map([("directory", Value::from("snapshots")), ("name", "shop".into())]);
        let object = more.iter().fold(object, |object, (name, value)| object.with(name, value.clone()));
        Self { folder, object }
    }

    /// Encrypted to a key that lies beside it.
    fn encrypted() -> Self {
        let key = age::x25519::Identity::generate();
        let place = Self::new(&[
            ("encrypt_to", Value::set([key.to_public().to_string().into()])),
            ("identity_file", "key.txt".into()),
        ]);
        fs::write(place.folder.path().join("key.txt"), key.to_string().expose_secret()).expect("a key");
        place
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "postgres_snapshot.before")
    }

    fn settings(&self) -> Settings {
        Settings::of(&self.context(), &self.object).expect("settings")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("snapshots").join(name)
    }

    /// Takes a snapshot of two parts.
    fn take(&self, key: &str) -> Result<Archive, Problem> {
        let (context, settings) = (self.context(), self.settings());
        let draft = Draft::begin(&settings, &context, key, 1_000)?;
        let mut parts = Vec::new();
        for (name, content) in contents() {
            let mut part = draft.part(name)?;
            part.write_all(&content).expect("written");
            parts.push(part.finish().expect("finished"));
        }
        draft.finish(&context, parts, Facts { engine: "test".into(), ..Facts::default() })
    }

    /// The object of a snapshot, as the ledger has it.
    fn object(&self, archive: &Archive) -> Value {
        archive.describe(self.object.clone(), None)
    }

    /// Whether the stored sums are right.
    async fn checksum(&self, object: &Value) -> Result<(), Problem> {
        let (settings, object) = (self.settings(), object.clone());
        Job::run(&self.context(), move |job| Archive::of_object(&settings, &object)?.check(job).map(|_| ()))
            .await
    }

    /// Reads all parts to their ends.
    fn read(&self, archive: &Archive) -> Result<Vec<Vec<u8>>, Problem> {
        let identities = self.settings().identities()?;
        let mut all = Vec::new();
        for part in &archive.manifest.parts {
            let mut content = Vec::new();
            archive
                .reader(part, identities.as_ref())?
                .read_to_end(&mut content)
                .map_err(|error| Problem::refused(error.to_string()))?;
            all.push(content);
        }
        Ok(all)
    }
}

fn contents() -> [(&'static str, Vec<u8>); 2] {
    let lines = (0..20_000).map(|number| format!("{number}\torder {number}\n"));
    [("schema", b"CREATE TABLE orders".to_vec()), ("data", lines.collect::<String>().into_bytes())]
}

/// A sequence of numbers that is the same on each machine (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("small")
    }
}

#[tokio::test]
async fn a_snapshot_comes_back_as_it_was() {
    for place in [Place::new(&[]), Place::new(&[("compression", "gzip:9".into())]), Place::encrypted()] {
        let taken = place.take("abcdef0123").expect("a snapshot");
        assert_eq!(taken.manifest.name, "shop-1.2.0-abcdef01");
        let found = Archive::of_object(&place.settings(), &place.object(&taken)).expect("found");
        assert_eq!(found.manifest, taken.manifest);
        assert_eq!(place.read(&found).expect("read"), contents().map(|(_, content)| content));
        place.checksum(&place.object(&taken)).await.expect("whole");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let part = place.path("shop-1.2.0-abcdef01").join(&taken.manifest.parts[1].name);
        assert_eq!((mode(&place.path("shop-1.2.0-abcdef01")), mode(&part)), (0o700, 0o600));
        let clear = fs::read(&part).expect("a part");
        assert!(!clear.windows(8).any(|bytes| bytes == b"order 17"), "compressed, if not encrypted");
    }
}

/// Every changed or missing byte is found by its sums, and by reading it even where the attacker made the sums anew.
#[tokio::test]
async fn a_thousand_changed_bytes_are_found() {
    let mut numbers = Numbers(0x5eed);
    let (mut by_sums, mut by_reading, mut trials) = (0, 0, 0);
    for place in [Place::new(&[]), Place::encrypted()] {
        let archive = place.take("abcdef0123").expect("a snapshot");
        let (object, folder) = (place.object(&archive), place.path("shop-1.2.0-abcdef01"));
        let files: Vec<PathBuf> = archive.manifest.parts.iter().map(|part| folder.join(&part.name)).collect();
        let manifest = folder.join("manifest.json");
        let written = fs::read(&manifest).expect("a manifest");
        for trial in 0..500 {
            let file = &files[usize::from(trial % 5 > 0)];
            let whole = fs::read(file).expect("a part");
            let at = numbers.below(whole.len());
            let mut damaged = whole.clone();
            if trial % 2 == 0 {
                damaged[at] ^= 1 << numbers.below(8);
            } else {
                damaged.truncate(at);
            }
            fs::write(file, &damaged).expect("damaged");
            by_sums += usize::from(place.checksum(&object).await.is_err());
            // The attacker writes a manifest that fits, but cannot write the ledger.
            let mut forged: Manifest = archive.manifest.clone();
            let part = forged.parts.iter_mut().find(|part| folder.join(&part.name) == *file).expect("a part");
            part.stored = Sum::of(&damaged);
            fs::write(&manifest, forged.to_bytes()).expect("forged");
            let settings = place.settings();
            by_reading += usize::from(Archive::of_object(&settings, &object).is_err());
            // Even without the ledger's sum the content itself does not fit.
            let found = Archive::find(&settings.store, "shop-1.2.0-abcdef01").expect("read").expect("there");
            // (One bit of a Zstandard header means nothing: then what is read is what was written.)
            let read = place.read(&found);
            by_reading +=
                usize::from(read.is_err() || read == Ok(contents().map(|(_, content)| content).to_vec()));
            trials += 1;
            fs::write(&manifest, &written).expect("as it was");
            fs::write(file, &whole).expect("as it was");
        }
        place.checksum(&object).await.expect("whole again");
    }
    assert_eq!((by_sums, by_reading), (trials, 2 * trials));
}

#[tokio::test]
async fn what_is_gone_is_told() {
    let place = Place::encrypted();
    let archive = place.take("abcdef0123").expect("a snapshot");
    let object = place.object(&archive);
    let part = place.path("shop-1.2.0-abcdef01").join(&archive.manifest.parts[0].name);
    let content = fs::read(&part).expect("a part");
    fs::remove_file(&part).expect("gone");
    let problem = place.checksum(&object).await.expect_err("a part is missing");
    assert!(problem.message.contains("is missing"), "{problem}");
    fs::write(&part, content).expect("back");
    let other = age::x25519::Identity::generate();
    fs::write(place.folder.path().join("key.txt"), other.to_string().expose_secret()).expect("another key");
    let problem = place.read(&archive).expect_err("not for this key");
    assert!(problem.hint.contains("another key"), "{problem:?}");
    fs::remove_file(place.folder.path().join("key.txt")).expect("lost");
    assert_eq!(place.read(&archive).expect_err("no key").kind, ProblemKind::Refused);
    fs::remove_dir_all(place.path("shop-1.2.0-abcdef01")).expect("gone");
    assert_eq!(place.checksum(&object).await.expect_err("gone").kind, ProblemKind::Missing);
}

#[test]
fn what_was_not_finished_looks_like_nothing() {
    let place = Place::new(&[]);
    let (context, settings) = (place.context(), place.settings());
    let draft = Draft::begin(&settings, &context, "abcdef0123", 1_000).expect("begun");
    draft.part("data").expect("a part").write_all(b"some").expect("written");
    let names = || fs::read_dir(place.path("")).expect("a folder").count();
    assert_eq!(names(), 1);
    // Another process takes snapshots meanwhile: it must leave this one alone.
    place.take("0123456789").expect("a snapshot");
    assert_eq!(names(), 2);
    assert!(Archive::of_action(&settings, &context, "abcdef0123").expect("looked").is_none());
    drop(draft);
    assert_eq!(names(), 1);
    // What a killed process left has no lock any more.
    fs::create_dir(place.path(".shop--99999999.unfinished")).expect("left behind");
    place.take("aaaaaaaaaa").expect("a snapshot");
    assert_eq!(names(), 2);
}

#[test]
fn what_was_deleted_by_half_looks_like_nothing() {
    let place = Place::new(&[]);
    let old = place.take("abcdef0123").expect("a snapshot");
    // A process that deletes it dies when it is no snapshot any more, and one of its files is gone.
    let deleted = place.path(".shop-1.2.0-abcdef01.deleted.unfinished");
    fs::rename(place.path(&old.manifest.name), &deleted).expect("renamed");
    fs::remove_file(deleted.join("manifest.json")).expect("gone");
    let (context, settings) = (place.context(), place.settings());
    assert!(Archive::of_action(&settings, &context, "abcdef0123").expect("looked").is_none());
    let new = place.take("0123456789").expect("a snapshot");
    assert!(!deleted.exists());
    crate::Kept::delete(&settings.store, &new.manifest.name).expect("deleted");
    assert_eq!(fs::read_dir(place.path("")).expect("a folder").count(), 0);
    let twice = crate::Kept::delete(&settings.store, &new.manifest.name);
    assert!(twice.is_err(), "what is gone is not deleted");
}

#[test]
fn a_place_that_is_not_safe_is_refused() {
    let place = Place::new(&[]);
    place.take("abcdef0123").expect("a snapshot");
    fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o750)).expect("opened");
    let problem = place.take("bbbbbbbbbb").err().expect("others can read it");
    assert!(problem.hint.contains("chmod 700"), "{problem:?}");
    fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o700)).expect("closed");
    let settings = place.settings();
    let problem = Draft::begin(&settings, &place.context(), "k", u64::MAX).err().expect("no room");
    assert!(problem.message.contains("bytes free"), "{problem}");
    // The same action again must not overwrite what it had made.
    assert!(place.take("abcdef0123").is_err());
    assert_eq!(settings.store.0.list("shop-").expect("a list"), ["shop-1.2.0-abcdef01"]);
}

#[test]
fn wrong_arguments_are_told() {
    let secret = age::x25519::Identity::generate();
    let secret = secret.to_string().expose_secret().to_owned();
    for (name, value, words) in [
        ("directory", Value::NULL, "no place"),
        ("name", "../x".into(), "cannot name files"),
        ("compression", "lz4".into(), "no compression"),
        ("verify", "hope".into(), "no way to verify"),
        ("encrypt_to", Value::set(["age1nobody".into()]), "no public key"),
        ("encrypt_to", Value::set([secret.as_str().into()]), "A secret key is no public key"),
        ("retain", Value::map([("count", Value::integer(0))]), "from 1"),
    ] {
        let object = Place::new(&[(name, value)]).object;
        let problems = crate::arguments::check(&object);
        let shown = format!("{problems:?}");
        assert!(shown.contains(words) && !shown.contains(&secret), "{name}: {shown}");
    }
    let place = Place::encrypted();
    assert_eq!(crate::arguments::check(&place.object), []);
    let problems = crate::arguments::check(
        &place.object.with("identity_file", Value::NULL).with("verify", "read".into()),
    );
    assert!(problems[0].message.contains("with a key only"), "{problems:?}");
}
