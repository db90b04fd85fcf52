//! Input and surroundings that would have git run something or look elsewhere.

use relplan_contract::{Observed, Path, Problem, ProblemKind, Value};

use crate::testing::{Sandbox, script, tag_arguments, tag_type, text};

fn validate(arguments: &[(&str, Value)]) -> Vec<Problem> {
    tag_type().validate(&tag_arguments(arguments))
}

#[tokio::test]
async fn hostile_arguments_are_refused_before_git_sees_them() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    for (attribute, value) in [
        ("name", "-x"),
        ("name", "--upload-pack=touch pwned"),
        ("name", "a..b"),
        ("name", "v1\u{202e}"),
        ("name", ""),
        ("ref", "--output=pwned"),
        ("ref", "HEAD:file"),
        ("ref", "@{upstream}"),
        ("repository", "ext::sh -c touch% pwned"),
        ("repository", "--upload-pack=touch pwned"),
        ("repository", "-oProxyCommand=touch pwned"),
        ("repository", "ssh://-oProxyCommand=touch/x"),
        ("remote", "--receive-pack=touch pwned"),
        ("remote", "ext::sh"),
        ("message", " \n"),
        ("message", "-----BEGIN SSH SIGNATURE-----"),
        ("signing_key", "--output"),
        ("signing_format", "pgp"),
    ] {
        let mut arguments = vec![("name", Value::from("v1")), ("repository", "shop".into())];
        arguments.retain(|(name, _)| *name != attribute);
        arguments.push((attribute, value.into()));
        let problems = validate(&arguments);
        assert_eq!(problems.len(), 1, "{attribute} = {value:?}: {problems:?}");
        assert_eq!(problems[0].kind, ProblemKind::Invalid);
        assert_eq!(problems[0].attribute, Some(Path::attribute(attribute)));
        let planned = sandbox.plan(&arguments).await.expect_err("plan refuses it as well");
        assert_eq!(planned, problems[0]);
        let apply = sandbox.apply(&tag_arguments(&arguments)).await.expect_err("and apply");
        assert_eq!(apply, problems[0]);
    }
    assert_eq!(sandbox.ref_of("shop", "refs/tags/"), "");
}

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    let signed = validate(&[("name", "v1".into()), ("sign", true.into())]);
    assert_eq!(signed[0].attribute, Some(Path::attribute("message")));
    let url =
        [("name", "v1".into()), ("repository", Value::from("https://h/x")), ("remote", "origin".into())];
    assert_eq!(validate(&url)[0].attribute, Some(Path::attribute("remote")));
    let tagger = Value::map([("name", Value::from("A <b>")), ("email", "a@x".into())]);
    let tagger = validate(&[("name", "v1".into()), ("message", "x".into()), ("tagger", tagger)]);
    assert_eq!(tagger[0].attribute.as_ref().map(ToString::to_string).as_deref(), Some("tagger.name"));
}

#[tokio::test]
async fn a_password_in_a_url_must_be_sensitive_and_is_never_shown() {
    let sandbox = Sandbox::new();
    let url = "http://ann:hunter22@127.0.0.1:1/shop.git";
    let open = validate(&[("name", "v1".into()), ("repository", url.into())]);
    assert_eq!(open[0].attribute, Some(Path::attribute("repository")));
    assert!(!open[0].to_string().contains("hunter22"));
    let sealed = [("name", "v1".into()), ("repository", Value::from(url).mark(true))];
    assert_eq!(validate(&sealed), []);
    let problem = sandbox.plan(&sealed).await.expect_err("nobody listens there");
    assert_eq!(problem.kind, ProblemKind::Retry, "{problem}");
    assert!(!problem.to_string().contains("hunter22"), "{problem}");
    assert!(problem.to_string().contains("127.0.0.1"), "{problem}");
}

#[tokio::test]
async fn a_sealed_repository_cannot_be_read_and_is_left_alone() {
    let sandbox = Sandbox::new();
    let sealed = Value::new(relplan_contract::Kind::Sealed("x".into()));
    let prior = tag_arguments(&[("name", "v1".into()), ("repository", sealed)]);
    assert_eq!(sandbox.read(&prior).await, Ok(Observed::Same));
}

#[tokio::test]
async fn nothing_that_the_repository_configures_is_run() {
    let sandbox = Sandbox::new();
    let shop = sandbox.repository("shop", &["One"]);
    sandbox.origin("shop", "origin.git");
    let touch = format!("#!/bin/sh\ntouch {}\n", sandbox.path("pwned").display());
    for hook in ["reference-transaction", "pre-push", "post-checkout", "post-index-change"] {
        script(&shop.join(".git/hooks").join(hook), &touch);
    }
    let program = sandbox.path("touch.sh");
    script(&program, &touch);
    let program = program.to_string_lossy();
    for (key, value) in [
        ("core.fsmonitor", &*program),
        ("core.hooksPath", &shop.join(".git/hooks").to_string_lossy()),
        ("tag.gpgSign", "true"),
        ("gpg.program", &program),
        ("core.editor", &program),
        ("core.pager", &program),
    ] {
        sandbox.git("shop", &["config", key, value]);
    }
    let arguments = [("repository", "shop"), ("name", "v1"), ("remote", "origin"), ("message", "x")]
        .map(|(n, v)| (n, v.into()));
    let applied = sandbox.release(&arguments).await.expect("tags");
    assert_eq!(text(&applied, "kind"), "annotated");
    sandbox.read(&applied).await.expect("reads");
    assert!(!sandbox.path("pwned").exists());
}

#[tokio::test]
async fn configuration_cannot_lead_to_a_transport_helper() {
    let mut sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let touch = format!("touch {}", sandbox.path("pwned").display());
    let own = sandbox.path("bin");
    script(&own.join("git-remote-evil"), &format!("#!/bin/sh\n{touch}\n"));
    let path = format!("{}:{}", own.display(), sandbox.environment["PATH"]);
    sandbox.environment.insert("PATH".into(), path);
    sandbox.git("shop", &["config", "protocol.allow", "always"]);
    sandbox.git("shop", &["config", "protocol.ext.allow", "always"]);
    for (remote, url) in [("ext", format!("ext::{touch}")), ("evil", "evil::x".to_owned())] {
        sandbox.git("shop", &["remote", "add", remote, &url]);
        let arguments =
            [("repository", "shop"), ("name", "v1"), ("remote", remote)].map(|(n, v)| (n, v.into()));
        let problem = sandbox.plan(&arguments).await.expect_err("not allowed");
        assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
        assert!(!sandbox.path("pwned").exists(), "{remote}");
    }
}

#[tokio::test]
async fn variables_that_point_elsewhere_are_not_passed_on() {
    let mut sandbox = Sandbox::new();
    let other = sandbox.repository("other", &["Other"]);
    sandbox.repository("shop", &["One"]);
    let commit = sandbox.git("shop", &["rev-parse", "HEAD"]);
    let clean = sandbox.environment.clone();
    let git = other.join(".git").to_string_lossy().into_owned();
    for (name, value) in [
        ("GIT_DIR", git.as_str()),
        ("GIT_WORK_TREE", &other.to_string_lossy()),
        ("GIT_OBJECT_DIRECTORY", &format!("{git}/objects")),
        ("GIT_NAMESPACE", "other"),
        ("GIT_ALLOW_PROTOCOL", "ext"),
        ("GIT_TRACE", "1"),
        ("GIT_CONFIG_PARAMETERS", "'core.hooksPath'='/'"),
    ] {
        sandbox.environment.insert(name.into(), value.into());
    }
    let arguments = [("repository", "shop"), ("name", "v1")].map(|(n, v)| (n, v.into()));
    let applied = sandbox.release(&arguments).await.expect("tags");
    sandbox.environment = clean;
    assert_eq!(text(&applied, "commit"), commit);
    assert_eq!(sandbox.ref_of("shop", "refs/tags/v1"), commit);
    assert_eq!(sandbox.ref_of("other", "refs/tags/"), "");
}

#[tokio::test]
async fn a_subject_cannot_deceive_the_reviewer() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["Fix\u{1b}[2K \u{202e}the cart"]);
    let planned = sandbox.plan(&[("repository", "shop".into()), ("name", "v1".into())]).await.expect("plans");
    assert!(planned.notes[0].contains("Fix\u{fffd}[2K \u{fffd}the cart"), "{:?}", planned.notes);
}
