//! Tags that a killed relplan could leave half made, and those that an older one did.

use relplan_contract::{ProblemKind, Value};

use super::args;
use crate::program::Program;
use crate::testing::{Sandbox, script, text};

/// Has git called through a script, which finds the real one as `$git`.
fn through(sandbox: &mut Sandbox, line: &str) {
    let path = std::env::var("PATH").expect("PATH is set");
    let git = Program::new("git").find(Some(&path)).expect("git is there");
    let own = sandbox.path("through");
    script(&own.join("git"), &format!("#!/bin/sh\ngit='{}'\n{line}\nexec \"$git\" \"$@\"\n", git.display()));
    sandbox.environment.insert("PATH".into(), format!("{}:{path}", own.display()));
}

#[tokio::test]
async fn what_git_reads_is_there_as_a_whole_before_it_begins() {
    let sandbox = Sandbox::new();
    script(&sandbox.path("look.sh"), "#!/bin/sh\nstat --dereference --format='%F %s' /dev/stdin\nwc -c\n");
    let program = Program::new(&sandbox.path("look.sh").to_string_lossy());
    let (context, folder) = (sandbox.context(), sandbox.path("."));
    for length in [1, 4_096, 1_000_000] {
        let call = program.call(&context, &folder).input("x".repeat(length));
        let printed = call.succeed("look").await.expect("looks");
        assert_eq!(printed, format!("regular file {length}\n{length}\n"));
    }
    let none = program.call(&context, &folder).succeed("look").await.expect("looks");
    assert_eq!(none.lines().last(), Some("0"));
}

#[tokio::test]
async fn an_object_that_does_not_say_what_it_should_gets_no_name() {
    for (number, instead) in ["</dev/null", "<<X\nShop\nX", "<<X\nShop 1\n\nmore\nX"].into_iter().enumerate()
    {
        let mut sandbox = Sandbox::new();
        sandbox.repository("shop", &["One"]);
        let url = sandbox.origin("shop", "origin.git");
        through(&mut sandbox, &format!("case \"$1\" in tag) exec \"$git\" \"$@\" {instead}\n;; esac"));
        let mut by_url = args(&[("message", "Shop 1"), ("ref", "main")]);
        by_url.retain(|(name, _)| *name != "repository");
        by_url.push(("repository", url.as_str().into()));
        for arguments in
            [args(&[("message", "Shop 1")]), args(&[("message", "Shop 1"), ("remote", "origin")]), by_url]
        {
            let planned = sandbox.plan(&arguments).await.expect("plans").value;
            let problem = sandbox.apply(&planned).await.expect_err("another object");
            assert_eq!(problem.kind, ProblemKind::Refused, "{number}: {problem}");
            assert!(problem.message.contains("another tag than it was told to"), "{problem}");
            assert_eq!(sandbox.ref_of("shop", "refs/tags/"), "");
            assert_eq!(sandbox.ref_of("origin.git", "refs/tags/"), "");
        }
    }
}

#[tokio::test]
async fn until_the_last_call_nobody_sees_anything_of_the_tag() {
    // Each call that makes the tag is the last one once, as if everything had been killed behind it.
    for last in ["var", "tag", "cat-file", "update-ref"] {
        let mut sandbox = Sandbox::new();
        sandbox.repository("shop", &["One"]);
        let planned = sandbox.plan(&args(&[("message", "Shop 1")])).await.expect("plans").value;
        let clean = sandbox.environment.clone();
        let done = sandbox.path("done").display().to_string();
        through(
            &mut sandbox,
            &format!(
                "[ -e '{done}' ] && exit 1\ncase \"$1\" in {last}) \"$git\" \"$@\"; touch '{done}'; exit 1;; esac"
            ),
        );
        // Another look tells what is there, so that the last call may still end well.
        let ended = sandbox.apply(&planned).await;
        assert!(std::fs::exists(&done).expect("can be told"), "{last} is called: {ended:?}");
        sandbox.environment = clean;
        let there = sandbox.ref_of("shop", "refs/tags/v1");
        assert_eq!(there.is_empty(), last != "update-ref", "{last}");
        let applied = sandbox.apply(&planned).await.expect("goes on").value;
        assert!(there.is_empty() || there == text(&applied, "object"), "{last}");
    }
}

/// A tag as an older relplan left it.
fn leave(sandbox: &Sandbox, repository: &str, message: &str) -> String {
    std::fs::write(sandbox.path("message"), message).expect("a file");
    let file = format!("--file={}", sandbox.path("message").display());
    sandbox.git(repository, &["tag", "--annotate", "--cleanup=verbatim", &file, "v1", "main"]);
    sandbox.ref_of(repository, "refs/tags/v1")
}

/// Does what a hint says between backticks.
fn follow(sandbox: &Sandbox, hint: &str, folder: &str) {
    let command = hint.split('`').nth(1).expect("a command");
    let words = format!("cd '{}' && {command}", sandbox.path(folder).display());
    let status = std::process::Command::new("sh")
        .args(["-c", &words])
        .env_clear()
        .envs(&sandbox.environment)
        .status()
        .expect("sh runs");
    assert!(status.success(), "{command}");
}

#[tokio::test]
async fn a_half_made_tag_of_an_older_relplan_is_told_with_the_way_on() {
    for (message, told) in [("", "its message is empty"), ("Shop 1\n\nIt is", "its message breaks off")] {
        for remote in [Value::NULL, "origin".into()] {
            let sandbox = Sandbox::new();
            sandbox.repository("shop", &["One"]);
            sandbox.origin("shop", "origin.git");
            leave(&sandbox, "shop", message);
            let mut arguments = args(&[("message", "Shop 1\n\nIt is out.")]);
            arguments.push(("remote", remote));
            let problem = sandbox.plan(&arguments).await.expect_err("a half");
            assert_eq!(problem.kind, ProblemKind::Conflict);
            assert!(problem.message.contains(told), "{problem}");
            follow(&sandbox, &problem.hint, ".");
            sandbox.release(&arguments).await.expect("goes on");
        }
    }
}

#[tokio::test]
async fn a_half_made_tag_at_a_remote_is_told_with_its_own_way_on() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    leave(&sandbox, "origin.git", "Shop");
    let arguments = args(&[("message", "Shop 1"), ("remote", "origin")]);
    let problem = sandbox.plan(&arguments).await.expect_err("a half");
    follow(&sandbox, &problem.hint, "shop");
    sandbox.git("shop", &["fetch", "--quiet", "--prune", "origin", "refs/tags/*:refs/tags/*"]);
    sandbox.release(&arguments).await.expect("goes on");
    sandbox.git("origin.git", &["tag", "--delete", "v1"]);
    leave(&sandbox, "origin.git", "Shop");
    let by_url = [("repository", url.as_str()), ("name", "v1"), ("message", "Shop 1"), ("ref", "main")];
    let by_url = by_url.map(|(name, value)| (name, Value::from(value)));
    let problem = sandbox.plan(&by_url).await.expect_err("a half");
    follow(&sandbox, &problem.hint.replace(" URL ", &format!(" {url} ")), "shop");
    sandbox.release(&by_url).await.expect("goes on");
}

#[tokio::test]
async fn another_tag_is_not_taken_for_half_of_ours() {
    for message in ["Other", "Shop 1 and more", "hop 1"] {
        let sandbox = Sandbox::new();
        sandbox.repository("shop", &["One"]);
        leave(&sandbox, "shop", message);
        let problem = sandbox.plan(&args(&[("message", "Shop 1")])).await.expect_err("another");
        assert!(problem.message.contains("has another message"), "{problem}");
        assert!(!problem.hint.contains('`') || !problem.hint.contains("update-ref"), "{problem}");
    }
    // Nor is one of another commit.
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    leave(&sandbox, "shop", "");
    sandbox.commit("shop", "Two", "file");
    let problem = sandbox.plan(&args(&[("message", "Shop 1")])).await.expect_err("another");
    assert!(!problem.hint.contains("update-ref"), "{problem}");
}
