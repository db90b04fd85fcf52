//! A trap in every key of git's configuration: whatever a repository's own says, nothing of it is run.
//!
//! The keys are those that the installed git lists, so that those of a newer one are tried as well.

mod committed;
mod operator;

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::process::Command;

use relplan_contract::conformance::fitted;
use relplan_contract::{Observed, Problem, ProblemKind, ReconcileRequest, Reconciled, Value};

use crate::testing::{Sandbox, answering, data_type, script, tag_type, text};

/// Keys whose value must be well formed, or git refuses the repository whatever runs.
const WELL_FORMED: [(&str, &str); 10] = [
    ("core.bare", "false"),
    ("core.repositoryformatversion", "0"),
    ("core.ignorecase", "false"),
    ("core.precomposeunicode", "false"),
    ("core.sharedrepository", "umask"),
    ("core.worktree", ".."),
    ("credential.usehttppath", "true"),
    ("gpg.format", "ssh"),
    ("user.name", "Shop"),
    ("user.email", "shop@example.org"),
];

/// Commands of git that an alias could stand for, and others that have a setting of their own.
const COMMANDS: [&str; 14] = [
    "cat-file",
    "config",
    "fetch",
    "for-each-ref",
    "index-pack",
    "log",
    "ls-remote",
    "pack-objects",
    "push",
    "rev-list",
    "rev-parse",
    "tag",
    "update-ref",
    "var",
];

/// A folder in which every program that is started leaves its name.
pub(super) struct Traps {
    pub(super) sandbox: Sandbox,
}

impl Traps {
    pub(super) fn new() -> Self {
        let sandbox = Sandbox::new();
        let mark = sandbox.path("caught");
        script(
            &sandbox.path("traps/trap"),
            &format!("#!/bin/sh\necho \"$0\" >> '{}'\nexit 1\n", mark.display()),
        );
        Self { sandbox }
    }

    /// A program that leaves this name when it is started.
    pub(super) fn program(&self, name: &str) -> String {
        let name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect();
        let path = self.sandbox.path("traps").join(name);
        if !path.exists() {
            symlink("trap", &path).expect("a link");
        }
        path.to_string_lossy().into_owned()
    }

    /// The names that were left.
    pub(super) fn caught(&self) -> BTreeSet<String> {
        let text = std::fs::read_to_string(self.sandbox.path("caught")).unwrap_or_default();
        text.lines().filter_map(|line| line.rsplit('/').next()).map(str::to_owned).collect()
    }

    pub(super) fn set(&self, repository: &str, key: &str, value: &str) {
        self.sandbox.git(repository, &["config", "--replace-all", key, value]);
    }

    /// Every key that git lists, its placeholders filled in, with a program as its value.
    fn all(&self, addresses: &[&str]) -> Vec<(String, String)> {
        let listed = self.sandbox.git(".", &["help", "--config"]);
        let mut pairs: Vec<(String, String)> = listed
            .lines()
            // `gitweb.remote_heads` is none that git itself could read.
            .filter(|line| line.contains('.') && !line.contains([' ', '_']))
            .flat_map(|line| filled(line, addresses))
            .map(|key| (key.clone(), self.program(&key)))
            .collect();
        // Those that are left out of the list, and those that take another form than a path.
        for key in
            ["gpg.ssh.defaultKeyCommand", "remote.origin.vcs", "uploadpack.packObjectsHook", "core.gitProxy"]
        {
            pairs.push((key.to_owned(), self.program(key)));
        }
        for command in COMMANDS {
            pairs.push((
                format!("alias.{command}"),
                format!("!{}", self.program(&format!("alias.{command}"))),
            ));
        }
        pairs.push(("credential.helper".into(), format!("!{}", self.program("credential.helper.shell"))));
        pairs.push(("protocol.ext.allow".into(), "always".into()));
        let to = format!("url.ext::{} .insteadOf", self.program("url.insteadOf"));
        for address in addresses {
            pairs.push((to.clone(), (*address).to_owned()));
        }
        assert!(pairs.len() > 500, "git lists its keys: {}", pairs.len());
        pairs
    }

    /// Whether git looks at the repository at all with this configuration.
    fn is_sound(&self, repository: &str) -> Result<(), String> {
        for arguments in [&["rev-parse", "--git-dir"][..], &["config", "--list"]] {
            let output = Command::new("git")
                .args(arguments)
                .current_dir(self.sandbox.path(repository))
                .env_clear()
                .envs(&self.sandbox.environment)
                .output()
                .expect("git runs");
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned());
            }
        }
        Ok(())
    }
}

/// The keys that a line of `git help --config` stands for.
fn filled(line: &str, addresses: &[&str]) -> Vec<String> {
    let of = |names: &[&str]| {
        let (Some(open), close) = (line.find(['<', '*']), line.rfind(['>', '*'])) else {
            return vec![line.to_owned()];
        };
        let behind = close.map_or("", |close| &line[close + 1..]);
        names.iter().map(|name| format!("{}{name}{behind}", &line[..open])).collect()
    };
    match line.split('.').next().unwrap_or_default() {
        "alias" | "pager" => of(&COMMANDS),
        "remote" | "remotes" => of(&["origin", "ssh", "http", "daemon"]),
        "branch" => of(&["main"]),
        "gpg" => of(&["ssh", "openpgp", "x509"]),
        "includeif" | "includeIf" => of(&["gitdir:**", "onbranch:**"]),
        // Any key may stand behind a URL.
        "credential" | "http" if line.ends_with(".*") => {
            let section = line.split('.').next().unwrap_or_default();
            let names = ["helper", "proxy", "cookieFile", "sslCert", "sslKey", "curloptResolve", "userAgent"];
            let keys = |address: &&str| names.map(|name| format!("{section}.{address}.{name}"));
            addresses.iter().flat_map(keys).collect()
        }
        "url" => Vec::new(),
        _ => of(&["x"]),
    }
}

/// A repository `shop` with remotes of every transport.
struct Scene {
    traps: Traps,
    commit: String,
}

impl Scene {
    fn new() -> Self {
        let traps = Traps::new();
        traps.sandbox.repository("shop", &["One"]);
        let commit = traps.sandbox.git("shop", &["rev-parse", "HEAD"]);
        traps.sandbox.origin("shop", "origin.git");
        for (name, path) in [("ssh", "ssh.git"), ("http", "http.git"), ("daemon", "daemon.git")] {
            traps.sandbox.git(".", &["clone", "--quiet", "--bare", "shop", path]);
            traps.sandbox.git("shop", &["remote", "add", name, path]);
        }
        Self { traps, commit }
    }

    /// The remotes' URLs: ssh through a program that the operator's own configuration names.
    fn lead_remotes(&mut self, http: &str) {
        let sandbox = &mut self.traps.sandbox;
        let ssh = sandbox.path("ssh.sh");
        script(
            &ssh,
            &format!("#!/bin/sh\ntouch '{}'\nshift\nexec sh -c \"$1\"\n", sandbox.path("ssh-ran").display()),
        );
        let global = format!("[core]\n\tsshCommand = {}\n[ssh]\n\tvariant = simple\n", ssh.display());
        std::fs::write(sandbox.path("gitconfig"), global).expect("a file");
        let path = sandbox.path("gitconfig").to_string_lossy().into_owned();
        sandbox.environment.insert("GIT_CONFIG_GLOBAL".into(), path);
        for (name, url) in [
            ("origin", sandbox.url("origin.git")),
            ("ssh", format!("ssh://example.org{}", sandbox.path("ssh.git").display())),
            ("http", format!("http://{http}/shop.git")),
            ("daemon", format!("git://{http}/shop.git")),
        ] {
            for key in ["url", "pushurl"] {
                sandbox.git("shop", &["config", "--replace-all", &format!("remote.{name}.{key}"), &url]);
            }
        }
    }

    /// Everything that the provider does with a repository; with whole success where the transport allows it.
    async fn everything(&self) {
        let sandbox = &self.traps.sandbox;
        for (name, remote, message, sign) in [
            ("light", None, None, false),
            ("note", None, Some("One"), false),
            ("signed", None, Some("One"), true),
            ("pushed", Some("origin"), Some("One"), false),
            ("shelled", Some("ssh"), Some("One"), true),
        ] {
            let value = |text: Option<&str>| text.map_or(Value::NULL, Value::from);
            let arguments = [
                ("repository", "shop".into()),
                ("name", name.into()),
                ("remote", value(remote)),
                ("message", value(message)),
                ("sign", sign.into()),
                ("signing_key", value(sign.then_some("key"))),
                ("signing_format", value(sign.then_some("ssh"))),
            ];
            let applied =
                sandbox.release(&arguments).await.unwrap_or_else(|problem| panic!("{name}: {problem}"));
            assert_eq!(text(&applied, "commit"), self.commit, "{name}");
            assert_eq!(sandbox.read(&applied).await, Ok(Observed::Same), "{name}");
            let request = ReconcileRequest {
                planned: &applied,
                prior: None,
                key: "k",
                reference: None,
                destroy: false,
            };
            let became = tag_type().reconcile(&sandbox.context(), request).await;
            assert!(matches!(became, Ok(Reconciled::Done(_))), "{name}: {became:?}");
        }
        for remote in ["http", "daemon"] {
            let arguments =
                [("repository", "shop"), ("name", "v"), ("remote", remote)].map(|(n, v)| (n, v.into()));
            let problem = sandbox.plan(&arguments).await.expect_err("nobody lets us in");
            assert_eq!(problem.kind, ProblemKind::Refused, "{remote}: {problem}");
            assert!(problem.hint.contains("`core.sshcommand`"), "{problem}");
        }
        self.data("shop").await.expect("reads");
        self.data(&sandbox.url("origin.git")).await.expect("reads");
        let arguments = [
            ("repository", sandbox.url("origin.git").as_str()),
            ("name", "url"),
            ("ref", "main"),
            ("message", "x"),
        ]
        .map(|(n, v)| (n, Value::from(v)));
        sandbox.release(&arguments).await.expect("tags");
        assert!(sandbox.path("ssh-ran").exists(), "the operator's own command is used");
    }

    async fn data(&self, repository: &str) -> Result<(), Problem> {
        for (name, reference) in [("git_ref", "ref"), ("git_log", "to")] {
            let source = data_type(name);
            let mut arguments = vec![("repository", repository.into()), (reference, "main".into())];
            if name == "git_log" {
                arguments.push(("path", "file".into()));
            }
            let config = fitted(&source.schema().attributes, &arguments);
            source.read(&self.traps.sandbox.context(), &config).await?;
        }
        Ok(())
    }

    fn key(&self) {
        let path = self.traps.sandbox.path("key");
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-f"];
        let made =
            Command::new("ssh-keygen").args(arguments).arg(path).status().expect("ssh-keygen is installed");
        assert!(made.success());
    }
}

#[tokio::test]
async fn no_key_of_a_repositorys_own_configuration_runs_anything() {
    let mut scene = Scene::new();
    let server = answering("401 Unauthorized");
    scene.key();
    let addresses =
        [format!("http://{}", server.address), "ssh://example.org".into(), scene.traps.sandbox.url("")];
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let included = scene.traps.sandbox.path("included").to_string_lossy().into_owned();
    let sound = std::fs::read_to_string(scene.traps.sandbox.path("shop/.git/config")).expect("a file");
    let mut together: Vec<(String, String)> = scene.traps.all(&addresses);
    for (key, value) in &mut together {
        let lower = key.to_ascii_lowercase();
        if let Some((_, fixed)) = WELL_FORMED.iter().find(|(fixed, _)| *fixed == lower) {
            (*fixed).clone_into(value);
        } else if lower.starts_with("include") && lower.rsplit('.').next() == Some("path") {
            value.clone_from(&included);
        } else if lower.ends_with(".promisor") {
            "false".clone_into(value);
        }
    }
    let tried = together.len();
    let write = |pairs: &[(String, String)]| {
        let entries: String = pairs.iter().map(|(key, value)| entry(key, value)).collect();
        std::fs::write(scene.traps.sandbox.path("shop/.git/config"), format!("{sound}{entries}"))
            .expect("a file");
    };
    // All at once, but for those with which git does not look at the repository any more: it names each.
    let mut alone = Vec::new();
    loop {
        write(&together);
        let Err(told) = scene.traps.is_sound("shop") else { break };
        let told = told.to_ascii_lowercase();
        // By its key, or by its value, which ends with the key.
        let names = |text: &str| if told.contains(&text.to_ascii_lowercase()) { text.len() } else { 0 };
        let named = |(key, value): &(String, String)| names(&format!("'{key}'")).max(names(value));
        let (at, length) =
            together.iter().map(named).enumerate().max_by_key(|(_, length)| *length).expect("keys");
        assert!(length > 0, "{told}");
        alone.push(together.remove(at));
    }
    assert!(alone.len() < 150, "most are tried with success: {}", alone.len());
    std::fs::write(
        scene.traps.sandbox.path("included"),
        entry("core.sshCommand", &scene.traps.program("included")),
    )
    .expect("a file");
    scene.lead_remotes(&server.address);
    scene.everything().await;
    assert_eq!(scene.traps.caught(), BTreeSet::new(), "{tried} keys");

    for (key, value) in alone {
        let text = format!("{sound}{}", entry(&key, &value));
        std::fs::write(scene.traps.sandbox.path("shop/.git/config"), text).expect("a file");
        // Refused or not: nothing is run.
        let arguments =
            [("repository", "shop"), ("name", "alone"), ("message", "x")].map(|(n, v)| (n, v.into()));
        let _ = scene.traps.sandbox.release(&arguments).await;
        let _ = scene.data("shop").await;
        assert_eq!(scene.traps.caught(), BTreeSet::new(), "{key}");
    }
}

/// A key and its value as they stand in a file.
fn entry(key: &str, value: &str) -> String {
    let (section, rest) = key.split_once('.').expect("a section");
    let head = match rest.rsplit_once('.') {
        Some((middle, name)) => format!("[{section} \"{middle}\"]\n\t{name}"),
        None => format!("[{section}]\n\t{rest}"),
    };
    format!("{head} = \"{value}\"\n")
}

/// Keys with which plain git runs a program at once, and how.
const BITING: [(&str, &[&str]); 10] = [
    ("core.sshCommand", &["ls-remote", "ssh"]),
    ("core.gitProxy", &["ls-remote", "daemon"]),
    ("core.fsmonitor", &["status"]),
    ("core.askPass", &["ls-remote", "http"]),
    ("credential.helper", &["ls-remote", "http"]),
    ("remote.origin.uploadpack", &["ls-remote", "origin"]),
    ("remote.origin.receivepack", &["push", "origin", "main:refs/tags/x"]),
    ("gpg.program", &["tag", "-s", "-m", "x", "-u", "k", "x"]),
    ("core.editor", &["tag", "-a", "x"]),
    ("diff.external", &["log", "-p", "--ext-diff"]),
];

#[tokio::test]
async fn keys_that_bite_do_so_in_plain_git_and_not_here() {
    let server = answering("401 Unauthorized").address;
    for (key, arguments) in BITING {
        let traps = Traps::new();
        let sandbox = &traps.sandbox;
        sandbox.repository("shop", &["One"]);
        sandbox.origin("shop", "origin.git");
        for (name, url) in [
            ("http", format!("http://{server}/x")),
            ("ssh", "ssh://example.org/x".to_owned()),
            ("daemon", "git://example.org/x".to_owned()),
        ] {
            sandbox.git("shop", &["remote", "add", name, &url]);
        }
        traps.set("shop", key, &traps.program(key));
        for (remote, sign) in [(Value::NULL, false), (Value::NULL, true)]
            .into_iter()
            .chain(["origin", "http", "ssh", "daemon"].map(|remote| (remote.into(), false)))
        {
            let name = format!("v{sign}{}", remote.as_str().unwrap_or_default());
            let arguments = [
                ("repository", "shop".into()),
                ("name", name.as_str().into()),
                ("message", "x".into()),
                ("sign", sign.into()),
                ("remote", remote),
            ];
            // Done or refused: nothing is run.
            let _ = sandbox.release(&arguments).await;
            assert_eq!(traps.caught(), BTreeSet::new(), "{key}, {name}");
        }
        let _ = Command::new("git")
            .args(arguments)
            .current_dir(sandbox.path("shop"))
            .env_clear()
            .envs(&sandbox.environment)
            .output()
            .expect("git runs");
        assert_eq!(traps.caught(), BTreeSet::from([key.to_owned()]), "{key}");
    }
}
