//! A release with a snapshot of a real PostgreSQL: proven before production is touched, and brought back by hand.

#![allow(clippy::indexing_slicing, reason = "a byte that is not there fails the test")]

use std::process::{Command, Stdio};

use postgres_server::{PASSWORD, Server};

use crate::leaks::nowhere;

const RELEASE: &str = include_str!("databases/shop.hcl");

struct Shop {
    server: Server,
    folder: tempfile::TempDir,
    key: String,
    printed: String,
}

impl Shop {
    fn new() -> Self {
        let server = Server::start();
        server.shop("shop", 2_000);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("shop.hcl"), RELEASE).expect("a release file");
        let key = ssh_key(&folder.path().join("backup.key"));
        Self { server, folder, key, printed: String::new() }
    }

    fn run(&mut self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relplan"));
        command.args(arguments);
        self.ended(command)
    }

    /// The same, begun as a script begins what goes on in the background: some signals are ignored, by all its children, too.
    fn run_in_background(&mut self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new("sh");
        command.args(["-c", r#"trap '' HUP INT QUIT; exec "$0" "$@""#, env!("CARGO_BIN_EXE_relplan")]);
        command.args(arguments);
        self.ended(command)
    }

    fn ended(&mut self, mut command: Command) -> (Option<i32>, String) {
        let output = command
            .current_dir(self.folder.path())
            .env("RELPLAN_VAR_database_url", self.server.url("shop"))
            .env("RELPLAN_VAR_key", &self.key)
            .stdin(Stdio::null())
            .output()
            .expect("relplan");
        let text =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        self.printed.push_str(&text);
        (output.status.code(), text)
    }

    fn release(&self, version: &str) {
        let text = RELEASE.replace("1.2.0", version);
        std::fs::write(self.folder.path().join("shop.hcl"), text).expect("a release file");
    }

    fn snapshots(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("snapshots")).map_or(0, Iterator::count)
    }
}

/// Makes an SSH key, which age can encrypt to, and gives its public half.
pub(crate) fn ssh_key(path: &std::path::Path) -> String {
    let status = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status();
    assert!(status.expect("ssh-keygen").success());
    std::fs::read_to_string(path.with_extension("key.pub")).expect("a key").trim().to_owned()
}

#[test]
fn a_snapshot_is_proven_before_production_is_touched() {
    let mut shop = Shop::new();
    let (code, text) = shop.run(&["plan", "shop.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("It is verified (`restore`); how long that takes is not known yet."), "{text}");
    let (code, text) = shop.run(&["apply", "-auto-approve", "shop.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("rows and their sums are the same."), "{text}");
    let (_, text) = shop.run(&["plan", "shop.hcl"]);
    assert!(text.contains("No changes."), "{text}");
    let (_, text) = shop.run(&["snapshots"]);
    assert!(
        text.contains("postgres_snapshot.before@1.2.0  just now  ")
            && text.contains("  restore, just now, in "),
        "{text}"
    );
    let (code, text) = shop.run(&["verify", "-how=read", "postgres_snapshot.before"]);
    assert_eq!(code, Some(0), "{text}");

    // The key lies elsewhere: that says nothing about the snapshot.
    let folder = shop.folder.path().to_path_buf();
    let key = |name: &str| folder.join(name);
    std::fs::rename(key("backup.key"), key("elsewhere.key")).expect("moved");
    let (code, text) = shop.run(&["verify", "-how=read", "postgres_snapshot.before"]);
    assert!(code == Some(1) && text.contains("-with=identity_file=FILE"), "{text}");
    let with = "-with=identity_file=elsewhere.key";
    let (code, text) = shop.run_in_background(&["verify", "-how=restore", with, "postgres_snapshot.before"]);
    assert_eq!(code, Some(0), "{text}");
    // Another key in its place does: nobody could restore it today.
    ssh_key(&key("backup.key"));
    let (_, text) = shop.run(&["plan", "shop.hcl"]);
    assert!(text.contains("It was changed from outside.") && text.contains("verified"), "{text}");
    std::fs::rename(key("elsewhere.key"), key("backup.key")).expect("back");
    // A weaker proof takes nothing away from a stronger one, and no plan is stale by it.
    let digest = |text: &str| text.lines().find(|line| line.starts_with("Plan digest: ")).map(str::to_owned);
    shop.release("1.3.0");
    let (_, before) = shop.run(&["plan", "shop.hcl"]);
    let (code, text) = shop.run(&["verify", "-how=checksum", "postgres_snapshot.before"]);
    assert_eq!(code, Some(0), "{text}");
    let (_, text) = shop.run(&["snapshots"]);
    assert!(text.contains("  restore, just now, in "), "{text}");
    let (_, after) = shop.run(&["plan", "shop.hcl"]);
    assert!(digest(&before).is_some() && digest(&before) == digest(&after), "{before}\n{after}");
    shop.release("1.2.0");

    let copy = shop.server.url("copy");
    let (code, text) = shop.run(&["restore", "postgres_snapshot.before", "-into", &copy]);
    assert_eq!(code, Some(12), "nobody typed its name: {text}");
    let (code, text) = shop.run(&["restore", "postgres_snapshot.before", "-confirm=copy", "-into", &copy]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(shop.server.sql("copy", "SELECT count(*) FROM orders"), "2000");
    let (_, text) = shop.run(&["state", "history"]);
    assert!(text.contains("restored into postgres://relplan@127.0.0.1:"), "{text}");
    assert_eq!(shop.server.backends(), 0);
    nowhere(PASSWORD, shop.folder.path(), &shop.printed);
    nowhere(&PASSWORD.replace('\\', "\\\\"), shop.folder.path(), &shop.printed);
}

#[test]
fn a_damaged_snapshot_is_told_and_remembered() {
    let mut shop = Shop::new();
    let (code, text) = shop.run(&["apply", "-auto-approve", "shop.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    let snapshot = std::fs::read_dir(shop.folder.path().join("snapshots")).expect("snapshots").next();
    let part = snapshot.expect("one").expect("an entry").path().join("rows-0.dump.zstd.age");
    let mut bytes = std::fs::read(&part).expect("a part");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&part, bytes).expect("damaged");
    let (code, text) = shop.run(&["verify", "-how=checksum", "postgres_snapshot.before"]);
    assert!(code == Some(13) && text.contains("is damaged: "), "{code:?} {text}");
    let (_, text) = shop.run(&["snapshots"]);
    assert!(text.trim_end().ends_with(" -"), "it counts as proven no more: {text}");
    let (_, text) = shop.run(&["state", "history", "postgres_snapshot.before"]);
    assert!(text.contains("Verification failed: "), "{text}");
    let into = shop.server.url("copy");
    let (code, text) = shop.run(&["restore", "postgres_snapshot.before", "-confirm=copy", "-into", &into]);
    assert_eq!(code, Some(13), "{text}");
    assert!(shop.server.try_sql("copy", "SELECT 1").is_err(), "nothing was made");
}

#[test]
fn what_does_not_restore_stops_the_release() {
    let mut shop = Shop::new();
    let text = RELEASE.replace("SELECT count(*) > 0 FROM orders", "SELECT count(*) > 5000 FROM orders");
    std::fs::write(shop.folder.path().join("shop.hcl"), text).expect("a release file");
    let (code, text) = shop.run(&["apply", "-auto-approve", "shop.hcl"]);
    assert!(code == Some(1) && text.contains("gives false, not true"), "{text}");
    assert!(!shop.folder.path().join("live").exists(), "production was not touched");
    assert_eq!(shop.snapshots(), 0, "what is not proven is not kept");
}

#[test]
fn old_snapshots_go_as_planned() {
    let mut shop = Shop::new();
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        shop.release(version);
        let (code, text) = shop.run(&["apply", "-auto-approve", "shop.hcl"]);
        assert_eq!(code, Some(0), "{text}");
    }
    assert_eq!(shop.snapshots(), 2);
    let planned = shop.printed.matches("will be deleted, because of `retain`").count();
    assert_eq!((planned, shop.printed.matches("deleted the old snapshot ").count()), (1, 1));
}
