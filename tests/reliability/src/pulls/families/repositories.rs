//! Committed repositories whose configuration would run commands, and files that lead git elsewhere.

use crate::pulls::pull::Pull;

const TOUCH: &str = "touch @MARKER@";

/// Keys of git's configuration by which it runs something, each with a value that would.
const KEYS: &[(&str, &str)] = &[
    ("remote \"origin\"", "uploadpack = touch @MARKER@; echo"),
    ("remote \"origin\"", "url = ext::sh -c touch% @MARKER@"),
    ("remote \"origin\"", "vcs = sh"),
    ("remote \"origin\"", "proxy = http://127.0.0.1:@PORT@"),
    ("core", "sshCommand = touch @MARKER@ #"),
    ("core", "gitProxy = touch @MARKER@"),
    ("core", "fsmonitor = touch @MARKER@"),
    ("core", "askPass = touch @MARKER@"),
    ("core", "pager = touch @MARKER@"),
    ("core", "editor = touch @MARKER@"),
    ("core", "hooksPath = ../hooks"),
    ("core", "worktree = @OUTSIDE@"),
    ("core", "alternateRefsCommand = touch @MARKER@"),
    ("core", "attributesFile = ../attributes"),
    ("credential", "helper = !touch @MARKER@"),
    ("credential \"http://127.0.0.1:@PORT@\"", "helper = !touch @MARKER@"),
    ("gpg", "program = touch @MARKER@"),
    ("gpg \"ssh\"", "defaultKeyCommand = touch @MARKER@"),
    ("diff", "external = touch @MARKER@"),
    ("filter \"x\"", "smudge = touch @MARKER@"),
    ("filter \"x\"", "process = touch @MARKER@"),
    ("alias", "ls-remote = !touch @MARKER@"),
    ("include", "path = @OUTSIDE@/secret.txt"),
    ("includeIf \"gitdir:/\"", "path = ../../.git/config"),
    ("url \"ext::sh -c touch% @MARKER@ \"", "insteadOf = https://"),
    ("protocol \"ext\"", "allow = always"),
    ("http", "proxy = http://127.0.0.1:@PORT@"),
    ("http", "cookieFile = @OUTSIDE@/secret.txt"),
    ("uploadpack", "packObjectsHook = touch @MARKER@"),
    ("extensions", "partialClone = origin"),
    ("trailer \"x\"", "command = touch @MARKER@"),
    ("merge \"x\"", "driver = touch @MARKER@"),
];

/// Blocks that would make git look at the repository.
const USES: &[&str] = &[
    "resource \"git_tag\" \"pr\" {\n  repository = \"evil.git\"\n  remote = \"origin\"\n  name = \"v1\"\n}\n",
    "data \"git_ref\" \"pr\" {\n  repository = \"evil.git\"\n  name = \"main\"\n}\noutput \"o\" {\n  value = data.git_ref.pr\n}\n",
    "data \"git_log\" \"pr\" {\n  repository = \"evil.git\"\n}\noutput \"o\" {\n  value = data.git_log.pr.commits\n}\n",
    "resource \"git_tag\" \"pr\" {\n  repository = \"evil.git\"\n  name = \"v1\"\n  message = \"one\"\n  sign = true\n}\n",
];

/// Addresses of repositories that are commands, options, or somebody else's.
const ADDRESSES: &[&str] = &[
    "ext::sh -c touch% @MARKER@",
    "--upload-pack=touch @MARKER@",
    "ssh://-oProxyCommand=touch%20@MARKER@/x",
    "git@-oProxyCommand=touch @MARKER@:x",
    "fd::17/x",
    "file://@OUTSIDE@",
    "@OUTSIDE@",
    "../../outside",
    "..",
    ".",
    "../.git",
    "git://127.0.0.1:@PORT@/x.git",
    "http://127.0.0.1:@PORT@/x.git",
    "http://[::1]:@PORT6@/x.git",
    "https://127.0.0.1:@PORT@/acme/shop",
    "ssh://git@127.0.0.1:@PORT@/x.git",
    "testgit::@OUTSIDE@",
    "http::ext::sh -c touch% @MARKER@",
];

pub(super) fn all() -> Vec<Pull> {
    let bare = |pull: Pull, folder: &str, config: &str| {
        let core = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
        pull.file(format!("{folder}/HEAD"), "ref: refs/heads/main\n")
            .file(format!("{folder}/config"), format!("{core}{config}"))
            .file(format!("{folder}/objects/keep"), "")
            .file(format!("{folder}/refs/keep"), "")
            .file(format!("{folder}/hooks/post-index-change"), format!("#!/bin/sh\n{TOUCH}\n"))
            .file(format!("{folder}/hooks/reference-transaction"), format!("#!/bin/sh\n{TOUCH}\n"))
    };
    let uses = USES.iter().cycle();
    let mut all: Vec<Pull> = KEYS
        .iter()
        .zip(uses)
        .map(|((section, line), block)| {
            let pull = Pull::new(format!("[{section}] {line}")).blocks(block);
            bare(pull, "releases/evil.git", &format!("[{section}]\n\t{line}\n"))
        })
        .collect();
    all.extend(ADDRESSES.iter().zip(USES.iter().cycle()).map(|(address, block)| {
        let block = block
            .replace("\"evil.git\"", &format!("\"{address}\""))
            .replace("sign = true", "remote = \"origin\"");
        Pull::new(format!("repository {address}")).blocks(block)
    }));
    let used = |name: &str| Pull::new(name).blocks(USES.first().copied().unwrap_or_default());
    let trap = "[remote \"origin\"]\n\turl = file:///\n\tuploadpack = touch @MARKER@; echo\n";
    all.push(bare(used("a submodule's file"), "evil", trap).file("releases/evil.git", "gitdir: ../evil\n"));
    all.push(
        used("a file that leads to the operator's").file("releases/evil.git", "gitdir: @CHECKOUT@/.git\n"),
    );
    all.push(used("a file that leads outside").file("releases/evil.git", "gitdir: @OUTSIDE@\n"));
    all.push(used("a link to the operator's").link("releases/evil.git", "../.git"));
    all.push(bare(used("modules"), "sub", trap).file(
        ".gitmodules",
        "[submodule \"x\"]\n\tpath = sub\n\turl = ext::sh -c touch% @MARKER@\n\tupdate = !touch @MARKER@\n",
    ));
    all.push(bare(used("the tree is a bare repository"), "releases", trap));
    all.push(
        bare(used("alternates"), "releases/evil.git", trap)
            .file("releases/evil.git/objects/info/alternates", "@CHECKOUT@/.git/objects\n"),
    );
    all.push(
        bare(used("a common folder"), "releases/evil.git", trap)
            .file("releases/evil.git/commondir", "@CHECKOUT@/.git\n"),
    );
    all
}
