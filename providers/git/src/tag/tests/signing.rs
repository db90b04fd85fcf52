//! Signed tags, with a key that `ssh-keygen` makes for the test.

use std::process::Command;

use relplan_contract::{ProblemKind, Value};

use crate::testing::{Sandbox, text};

fn key(sandbox: &Sandbox) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "rel@example.org", "-f"])
        .arg(sandbox.path("key"))
        .status()
        .expect("ssh-keygen is installed (Debian: openssh-client)");
    assert!(made.success());
    let public = std::fs::read_to_string(sandbox.path("key.pub")).expect("a public key");
    std::fs::write(sandbox.path("signers"), format!("rel@example.org {public}")).expect("a file");
}

fn args<'a>(repository: &'a str, key: &'a str) -> Vec<(&'a str, Value)> {
    vec![
        ("repository", repository.into()),
        ("name", "v1".into()),
        ("message", "Shop 1".into()),
        ("sign", true.into()),
        ("signing_key", key.into()),
        ("signing_format", "ssh".into()),
    ]
}

fn verify(sandbox: &Sandbox, repository: &str) {
    let signers = format!("gpg.ssh.allowedSignersFile={}", sandbox.path("signers").display());
    sandbox.git(repository, &["-c", &signers, "-c", "gpg.format=ssh", "verify-tag", "v1"]);
}

#[tokio::test]
async fn a_signed_tag_verifies_and_is_adopted() {
    let sandbox = Sandbox::new();
    key(&sandbox);
    sandbox.repository("shop", &["One"]);
    let planned = sandbox.plan(&args("shop", "key")).await.expect("plans").value;
    assert_eq!(text(&planned, "kind"), "signed");
    let applied = sandbox.apply(&planned).await.expect("signs").value;
    verify(&sandbox, "shop");
    assert_eq!(sandbox.apply(&planned).await.expect("adopts").value, applied);
}

#[tokio::test]
async fn a_signed_tag_is_made_at_a_url() {
    let sandbox = Sandbox::new();
    key(&sandbox);
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    let applied = sandbox.release(&args(&url, "key")).await.expect("signs");
    assert_eq!(text(&applied, "kind"), "signed");
    verify(&sandbox, "origin.git");
}

#[tokio::test]
async fn a_missing_key_is_told_and_leaves_no_tag() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let planned = sandbox.plan(&args("shop", "nokey")).await.expect("plans").value;
    let problem = sandbox.apply(&planned).await.expect_err("no key");
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.hint.contains("signing_key"), "{problem}");
    assert_eq!(sandbox.ref_of("shop", "refs/tags/"), "");
}
