//! Ranges, filters and limits, on disk and behind a URL.

use relplan_contract::{Path, Problem, ProblemKind, Value};

use relplan_contract::conformance::fitted;

use crate::testing::{Sandbox, data_type, text};

async fn read(sandbox: &Sandbox, arguments: &[(&str, Value)]) -> Result<Value, Problem> {
    let source = data_type("git_log");
    let config = fitted(&source.schema().attributes, arguments);
    source.read(&sandbox.context(), &config).await
}

fn subjects(value: &Value) -> Vec<&str> {
    value.get("commits").as_list().expect("a list").iter().map(|commit| text(commit, "subject")).collect()
}

/// One on main, tagged v1; two on a branch; a merge; one more.
fn history(sandbox: &Sandbox) -> [String; 2] {
    sandbox.repository("shop", &["One"]);
    sandbox.git("shop", &["tag", "--annotate", "--message", "x", "v1"]);
    sandbox.git("shop", &["switch", "--quiet", "--create", "topic"]);
    sandbox.commit("shop", "feat(cart)!: Two", "cart/two");
    sandbox.commit("shop", "fix: Three\n\nIt was\nbroken.", "cart/three");
    sandbox.git("shop", &["switch", "--quiet", "main"]);
    sandbox.git("shop", &["merge", "--quiet", "--no-ff", "--message", "Merge topic", "topic"]);
    sandbox.commit("shop", "Four", "other");
    ["shop".into(), sandbox.origin("shop", "origin.git")]
}

#[tokio::test]
async fn a_range_is_told_newest_first() {
    let sandbox = Sandbox::new();
    for repository in history(&sandbox) {
        let range =
            [("repository", repository.as_str().into()), ("from", "v1".into()), ("to", "main".into())];
        let value = read(&sandbox, &range).await.expect("reads");
        let all = ["Four", "Merge topic", "fix: Three", "feat(cart)!: Two"];
        assert_eq!(subjects(&value), all, "{repository}");
        assert_eq!((value.get("total"), value.get("truncated")), (&4.into(), &false.into()));
        let three = &value.get("commits").as_list().expect("a list")[2];
        assert_eq!((text(three, "type"), text(three, "body")), ("fix", "It was\nbroken."));
        assert!(three.get("scope").is_null());
        let two = &value.get("commits").as_list().expect("a list")[3];
        assert_eq!((text(two, "scope"), two.get("breaking")), ("cart", &true.into()));

        let schema = data_type("git_log").schema().attributes.clone();
        assert_eq!(relplan_contract::object_type(&schema).convert(&value), Ok(value.clone()));
    }
}

#[tokio::test]
async fn filters_and_limits_hold_in_both_places() {
    let sandbox = Sandbox::new();
    for repository in history(&sandbox) {
        let with = async |more: &[(&'static str, Value)]| {
            let mut arguments = vec![("repository", Value::from(repository.as_str()))];
            arguments.extend(more.iter().cloned());
            read(&sandbox, &arguments).await.expect("reads")
        };
        let whole = with(&[]).await;
        assert_eq!(whole.get("total"), &5.into());
        let newest = with(&[("max_count", 2.into())]).await;
        assert_eq!(subjects(&newest), ["Four", "Merge topic"]);
        assert_eq!((newest.get("total"), newest.get("truncated")), (&2.into(), &true.into()));
        let first = with(&[("first_parent", true.into())]).await;
        assert_eq!(subjects(&first), ["Four", "Merge topic", "One"]);
        let cart = with(&[("path", "cart".into()), ("from", "v1".into())]).await;
        assert_eq!(subjects(&cart), ["fix: Three", "feat(cart)!: Two"]);
        let magic = with(&[("path", ":(exclude)cart".into())]).await;
        assert_eq!(subjects(&magic), [""; 0], "a path is taken as it is written");
        let none = with(&[("from", "main".into()), ("to", "v1".into())]).await;
        assert_eq!(none.get("total"), &0.into());
    }
}

#[tokio::test]
async fn paths_start_at_the_top_of_the_repository() {
    let sandbox = Sandbox::new();
    history(&sandbox);
    let arguments = [("repository", "shop/cart".into()), ("path", Value::from("cart/two"))];
    let value = read(&sandbox, &arguments).await.expect("reads");
    assert_eq!(subjects(&value), ["feat(cart)!: Two"]);
}

#[tokio::test]
async fn a_shallow_clone_is_refused_where_commits_may_be_lacking() {
    let sandbox = Sandbox::new();
    let [_, url] = history(&sandbox);
    sandbox.git(".", &["clone", "--quiet", "--depth=2", &url, "clone"]);
    let problem = read(&sandbox, &[("repository", "clone".into())]).await.expect_err("it ends too early");
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.hint.contains("--unshallow"));
    let newest = read(&sandbox, &[("repository", "clone".into()), ("max_count", 1.into())]).await;
    assert_eq!(subjects(&newest.expect("reaches far enough")), ["Four"]);
}

#[tokio::test]
async fn bad_arguments_are_refused() {
    let sandbox = Sandbox::new();
    history(&sandbox);
    for (name, value) in [
        ("max_count", Value::from(0)),
        ("max_count", 10_001.into()),
        ("path", "/etc".into()),
        ("path", "".into()),
        ("from", "--output=x".into()),
        ("to", "main..topic".into()),
    ] {
        let problem = read(&sandbox, &[("repository", "shop".into()), (name, value)]).await.expect_err("bad");
        assert_eq!((problem.kind, problem.attribute), (ProblemKind::Invalid, Some(Path::attribute(name))));
    }
    let missing =
        read(&sandbox, &[("repository", "shop".into()), ("from", "v9".into())]).await.expect_err("none");
    assert_eq!((missing.kind, missing.attribute), (ProblemKind::Missing, Some(Path::attribute("from"))));
}
