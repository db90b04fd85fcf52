//! What the operator configured goes on working: their global configuration, and what CI leaves in the checkout's own.

use std::collections::BTreeSet;

use relplan_contract::{Problem, ProblemKind, Value};

use super::Traps;
use crate::testing::{Sandbox, answering, script, text};

async fn push_to(sandbox: &Sandbox, remote: &str) -> Result<Value, Problem> {
    let arguments = [("repository", "shop"), ("name", "v1"), ("remote", remote), ("message", "x")];
    sandbox.release(&arguments.map(|(name, value)| (name, value.into()))).await
}

#[tokio::test]
async fn a_token_of_the_checkout_goes_to_its_own_server_alone() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let (own, other) = (answering("403 Forbidden"), answering("403 Forbidden"));
    for (name, server) in [("own", &own), ("other", &other)] {
        sandbox.git("shop", &["remote", "add", name, &format!("http://{}/shop.git", server.address)]);
    }
    let key = |server: &str| format!("http.http://{server}/.extraheader");
    sandbox.git("shop", &["config", &key(&own.address), "Authorization: Basic T0tFTg=="]);
    sandbox.git("shop", &["config", "http.extraheader", "X-To: everybody"]);
    for (name, server, has) in [("own", &own, true), ("other", &other, false)] {
        push_to(&sandbox, name).await.expect_err("forbidden");
        let requests = server.requests.lock().expect("no panic before").join("\n");
        assert!(requests.contains("GET /shop.git/info/refs"), "{requests}");
        assert_eq!(requests.contains("T0tFTg=="), has, "{name}: {requests}");
        assert!(!requests.contains("everybody"), "{name}");
    }
}

#[tokio::test]
async fn a_token_that_the_checkout_includes_from_elsewhere_is_used_and_one_of_the_tree_is_not() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let server = answering("403 Forbidden");
    sandbox.git("shop", &["remote", "add", "origin", &format!("http://{}/shop.git", server.address)]);
    let header =
        |name: &str| format!("[http \"http://{}/\"]\n\textraheader = X-From: {name}\n", server.address);
    std::fs::write(sandbox.path("credentials"), header("runner")).expect("a file");
    std::fs::write(sandbox.path("shop/committed"), header("tree")).expect("a file");
    let condition = format!("includeIf.gitdir:{}.path", sandbox.path("shop/.git").display());
    sandbox.git("shop", &["config", &condition, &sandbox.path("credentials").to_string_lossy()]);
    sandbox.git("shop", &["config", "include.path", "../committed"]);
    // The release file lies in the work tree here.
    let mut context = sandbox.context();
    context.base = sandbox.path("shop");
    context.tree = relplan_contract::Tree::around(&context.base).expect("a tree");
    let config = crate::testing::tag_arguments(&[("name", "v1".into()), ("remote", "origin".into())]);
    let request = relplan_contract::PlanRequest { config: &config, prior: None };
    crate::testing::tag_type().plan(&context, request).await.expect_err("forbidden");
    let requests = server.requests.lock().expect("no panic before").join("\n");
    assert!(requests.contains("X-From: runner"), "{requests}");
    assert!(!requests.contains("X-From: tree"), "{requests}");
}

#[tokio::test]
async fn helpers_and_rewritten_urls_of_the_global_configuration_work() {
    let mut sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    sandbox.origin("shop", "origin.git");
    let server = answering("401 Unauthorized");
    let helper = sandbox.path("helper.sh");
    script(&helper, "#!/bin/sh\necho username=ann\necho password=secret\n");
    let global = format!(
        "[credential]\n\thelper = {}\n[url \"file://{}/\"]\n\tinsteadOf = https://git.example.org/\n[user]\n\tname = Operator\n\temail = o@x\n",
        helper.display(),
        sandbox.path("").display()
    );
    std::fs::write(sandbox.path("gitconfig"), global).expect("a file");
    let path = sandbox.path("gitconfig").to_string_lossy().into_owned();
    sandbox.environment.insert("GIT_CONFIG_GLOBAL".into(), path);
    sandbox.git("shop", &["remote", "add", "rewritten", "https://git.example.org/origin.git"]);
    sandbox.git("shop", &["remote", "add", "http", &format!("http://{}/shop.git", server.address)]);
    let applied = push_to(&sandbox, "rewritten").await.expect("is pushed");
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v1"), text(&applied, "object"));
    push_to(&sandbox, "http").await.expect_err("wrong password");
    let requests = server.requests.lock().expect("no panic before").join("\n");
    assert!(requests.contains("Authorization: Basic YW5uOnNlY3JldA=="), "{requests}");
}

#[tokio::test]
async fn a_login_for_every_server_goes_to_none_that_the_file_alone_names() {
    let mut sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let server = answering("401 Unauthorized");
    let netrc = |text: &str| std::fs::write(sandbox.path(".netrc"), text).expect("a file");
    let url = format!("http://{}/shop.git", server.address);
    let source = crate::testing::data_type("git_ref");
    let arguments = [("repository", url.as_str().into()), ("ref", "main".into())];
    let config = relplan_contract::conformance::fitted(&source.schema().attributes, &arguments);
    // In base64: `ann:secret`.
    let sent = || server.requests.lock().expect("no panic before").join("\n").contains("YW5uOnNlY3JldA==");

    netrc("machine other.example login bob password x\ndefault login ann password secret\n");
    let problem = source.read(&sandbox.context(), &config).await.expect_err("refused");
    assert!(problem.message.contains("`default` in ~/.netrc"), "{problem}");
    assert!(server.requests.lock().expect("no panic before").is_empty());

    // The operator's own word counts: a line for the server, a remote of the clone, the list.
    netrc("machine 127.0.0.1 login ann password secret\ndefault login bob password x\n");
    source.read(&sandbox.context(), &config).await.expect_err("wrong password");
    assert!(sent());
    netrc("default login ann password secret\n");
    sandbox.git("shop", &["remote", "add", "http", &url]);
    let before = server.requests.lock().expect("no panic before").len();
    push_to(&sandbox, "http").await.expect_err("wrong password");
    assert!(server.requests.lock().expect("no panic before").len() > before);
    let list = (relplan_contract::CredentialHosts::VARIABLE.to_owned(), server.address.clone());
    sandbox.environment.extend([list]);
    server.requests.lock().expect("no panic before").clear();
    source.read(&sandbox.context(), &config).await.expect_err("wrong password");
    assert!(sent());
}

#[tokio::test]
async fn an_ssh_command_of_the_checkout_is_used_where_it_is_plainly_ssh() {
    let mut traps = Traps::new();
    let bin = traps.sandbox.path("bin");
    let said = traps.sandbox.path("said");
    script(&bin.join("ssh"), &format!("#!/bin/sh\necho \"$@\" >> '{}'\nexit 255\n", said.display()));
    let path = format!("{}:{}", bin.display(), traps.sandbox.environment["PATH"]);
    traps.sandbox.environment.insert("PATH".into(), path);
    traps.sandbox.repository("shop", &["One"]);
    traps.sandbox.git("shop", &["remote", "add", "origin", "git@example.org:shop.git"]);
    let trap = traps.program("sshCommand");
    for (command, used) in [
        ("\"/usr/bin/ssh\" -i \"/run/key\" -o StrictHostKeyChecking=yes".to_owned(), true),
        (format!("{trap} -i /run/key"), false),
        (format!("ssh -o ProxyCommand={trap}"), false),
        (format!("ssh; {trap}"), false),
        (format!("ssh -i $({trap})"), false),
    ] {
        let _ = std::fs::remove_file(&said);
        traps.set("shop", "core.sshCommand", &command);
        let problem = push_to(&traps.sandbox, "origin").await.expect_err("no server");
        let told = std::fs::read_to_string(&said).expect("ssh was started");
        assert_eq!(told.contains("-i /run/key -o StrictHostKeyChecking=yes"), used, "{command}: {told}");
        assert_eq!(problem.hint.contains("core.sshcommand"), !used, "{problem}");
        assert_eq!(traps.caught(), BTreeSet::new(), "{command}");
    }
}

#[tokio::test]
async fn repositories_of_every_form_are_read() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let commit = sandbox.git("shop", &["rev-parse", "HEAD"]);
    sandbox.origin("shop", "origin.git");
    sandbox.git("origin.git", &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    sandbox.git("shop", &["worktree", "add", "--quiet", "--detach", "../linked"]);
    sandbox.git("shop", &["config", "extensions.worktreeConfig", "true"]);
    let url = sandbox.url("origin.git");
    sandbox.git(".", &["clone", "--quiet", "--filter=blob:none", &url, "partial"]);
    sandbox.git(".", &["clone", "--quiet", "--shared", "shop", "shared"]);
    sandbox.git(".", &["clone", "--quiet", "--ref-format=reftable", "shop", "reftable"]);
    sandbox.git("shared", &["pack-refs", "--all"]);
    std::fs::create_dir_all(sandbox.path("shop/deep/er")).expect("a folder");
    for repository in ["shop", "shop/deep/er", "origin.git", "linked", "partial", "shared", "reftable"] {
        let name = format!("v-{}", repository.replace(['/', '.'], "-"));
        let arguments =
            [("repository", repository), ("name", &name), ("message", "x")].map(|(n, v)| (n, v.into()));
        let applied =
            sandbox.release(&arguments).await.unwrap_or_else(|problem| panic!("{repository}: {problem}"));
        assert_eq!(text(&applied, "commit"), commit, "{repository}");
        assert_eq!(
            sandbox.git(repository, &["rev-parse", &format!("{name}^{{tag}}")]),
            text(&applied, "object")
        );
        sandbox.git(repository, &["fsck", "--no-dangling"]);
    }
    let unknown = sandbox.repository("unknown", &["One"]);
    std::fs::write(
        unknown.join(".git/config"),
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[extensions]\n\ttomorrow = true\n",
    )
    .expect("a file");
    let arguments = [("repository", "unknown"), ("name", "v1")].map(|(n, v)| (n, v.into()));
    let problem = sandbox.plan(&arguments).await.expect_err("not known");
    assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
    assert!(problem.message.contains("extensions.tomorrow"), "{problem}");
}
