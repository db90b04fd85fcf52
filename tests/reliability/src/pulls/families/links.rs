//! Symbolic links, pipes, sockets and files without an end, wherever relplan reads a file.

use crate::pulls::pull::Pull;

const READ: &str = "output \"o\" {\n  value = file(\"in\")\n}\n";
const READ_BELOW: &str = "output \"o\" {\n  value = file(\"in/secret.txt\")\n}\n";
const SET: &str =
    "output \"o\" {\n  value = { for f in fileset(\".\", \"**\") : f => try(filebase64(f), \"\") }\n}\n";
const SET_OF_LINK: &str = "output \"o\" {\n  value = fileset(\"in\", \"**\")\n}\n";
const VARIABLE: &str = "variable \"token\" {\n  default = \"\"\n}\nvariable \"TOKEN\" {\n  default = \"\"\n}\noutput \"o\" {\n  value = \"${var.token}${var.TOKEN}\"\n}\n";
const MODULE: &str = "module \"m\" {\n  source = \"./in\"\n}\noutput \"o\" {\n  value = module.m.token\n}\n";
const OUT_OF_TREE: &str =
    "module \"m\" {\n  source = \"../../outside/module\"\n}\noutput \"o\" {\n  value = module.m.token\n}\n";

/// What leads somewhere: a name, where to, and the release that follows it.
const LINKS: &[(&str, &str, &str)] = &[
    ("in", "@OUTSIDE@/secret.txt", READ),
    ("in", "../../outside/secret.txt", READ),
    ("in", "../.git/config", READ),
    ("in", ".relplan/shop/key", READ),
    ("in", ".relplan/shop/ledger.jsonl", READ),
    ("in", "/proc/self/environ", READ),
    ("in", "/proc/self/fd/0", READ),
    ("in", "/dev/zero", READ),
    ("in", "@HOME@/.netrc", READ),
    ("in", "/nowhere/at/all", READ),
    ("in", "in", READ),
    ("in", "@OUTSIDE@", READ_BELOW),
    ("in", "../../outside", READ_BELOW),
    ("in", "/proc/self/cwd/../outside", READ_BELOW),
    ("in", "@OUTSIDE@/secret.txt", SET),
    ("in", "@OUTSIDE@", SET),
    ("in", "../.git", SET),
    ("in", ".relplan/shop", SET),
    ("in", "/", SET),
    ("in", "..", SET),
    ("in", "@OUTSIDE@", SET_OF_LINK),
    ("in", "../.git", SET_OF_LINK),
    ("in", ".relplan", SET_OF_LINK),
    ("x.auto.vars.hcl", "@OUTSIDE@/secret.env", VARIABLE),
    ("x.auto.vars.hcl", "../../outside/secret.auto.vars.hcl", VARIABLE),
    ("x.auto.vars.hcl", "@HOME@/.netrc", VARIABLE),
    ("x.auto.vars.hcl", "../.git/config", VARIABLE),
    ("x.auto.vars.hcl", ".relplan/shop/ledger.jsonl", VARIABLE),
    ("x.auto.vars.hcl", "/dev/zero", VARIABLE),
    ("x.auto.vars.hcl", "/proc/self/environ", VARIABLE),
    ("x.auto.vars.hcl", "x.auto.vars.hcl", VARIABLE),
    ("in", "@OUTSIDE@/module", MODULE),
    ("in", "../../outside/module", MODULE),
    ("in/main.hcl", "@OUTSIDE@/module/main.hcl", MODULE),
    ("in/main.hcl", "@OUTSIDE@/secret.hcl", MODULE),
    ("in/main.hcl", "../../.git/config", MODULE),
    ("in/main.hcl", "../.relplan/shop/ledger.jsonl", MODULE),
    ("in/main.hcl", "@HOME@/.netrc", MODULE),
    ("in/main.hcl", "/dev/stdin", MODULE),
    ("in", "..", MODULE),
    ("in", ".", MODULE),
    ("unused", "@OUTSIDE@", OUT_OF_TREE),
];

/// What the release file itself is a link to.
const RELEASES: &[&str] = &[
    "@OUTSIDE@/secret.hcl",
    "@OUTSIDE@/module/main.hcl",
    "../../outside/secret.txt",
    "@HOME@/.netrc",
    "@HOME@/.pgpass",
    "../.git/config",
    ".relplan/shop/ledger.jsonl",
    ".relplan/shop/key",
    "/proc/self/environ",
    "/dev/zero",
    "/etc/passwd",
    "pr.hcl",
];

/// What is no file: a name, where it lies, and the release that reads it.
const NO_FILES: &[(&str, &str, &str)] = &[
    ("of text", "in", READ),
    ("of variables", "x.auto.vars.hcl", VARIABLE),
    ("of a module", "in/main.hcl", MODULE),
    ("of a release", "pr.hcl", ""),
    ("to be hashed", "in", "output \"o\" {\n  value = filesha256(\"in\")\n}\n"),
];

pub(super) fn all() -> Vec<Pull> {
    let links = LINKS.iter().map(|(path, target, release)| {
        let kind = release.split(' ').next().unwrap_or_default();
        Pull::new(format!("{path} -> {target} ({kind})"))
            .blocks(release)
            .link(format!("releases/{path}"), *target)
    });
    let releases = RELEASES
        .iter()
        .map(|target| Pull::new(format!("the release -> {target}")).link("releases/pr.hcl", *target));
    let no_files = NO_FILES.iter().flat_map(|(name, path, release)| {
        let at = format!("releases/{path}");
        let pull = |kind: &str| Pull::new(format!("{kind} {name}")).blocks(release);
        [
            pull("a pipe").fifo(&*at),
            pull("a socket").socket(&*at),
            pull("a terabyte").sparse(&*at, 1 << 40),
            pull("a link to a pipe").link(&*at, "@CHECKOUT@/pipe").fifo("pipe"),
        ]
    });
    links.chain(releases).chain(no_files).chain(folders()).chain(chains()).collect()
}

/// Folders of releases that lie elsewhere, or say that their tree does.
fn folders() -> [Pull; 7] {
    let output = |path: &str| format!("output \"o\" {{\n  value = file(\"{path}\")\n}}\n");
    let new = |name: &str| Pull::new(name).named("new");
    [
        Pull::new("releases elsewhere").link("elsewhere", "@OUTSIDE@").named("elsewhere"),
        Pull::new("a file elsewhere").link("elsewhere", "@OUTSIDE@").named("elsewhere/secret.hcl"),
        new("a folder with a link").file("new/a.hcl", READ).link("new/b.hcl", "@OUTSIDE@/secret.hcl"),
        new("a folder with a link to git").file("new/a.hcl", "").link("new/b.hcl", "../.git/config"),
        new("a folder of links").link("new/.git", "../.git").link("new/a.hcl", "../releases/v1.0.hcl"),
        new("the tree moved")
            .file("new/.git", "gitdir: @OUTSIDE@\n")
            .file("new/a.hcl", output("../releases/.relplan/shop/key")),
        new("the tree by a link")
            .link("new/.git", "@OUTSIDE@")
            .file("new/a.hcl", output("../../outside/secret.txt")),
    ]
}

/// Links to links.
fn chains() -> [Pull; 5] {
    let forty = (1..40).fold(Pull::new("forty links").blocks(READ), |pull, number| {
        pull.link(format!("releases/l{number}"), format!("l{}", number + 1))
    });
    [
        Pull::new("a chain of files")
            .blocks(READ)
            .link("releases/in", "a")
            .link("releases/a", "b")
            .link("releases/b", "../c")
            .link("c", "@OUTSIDE@/secret.txt"),
        Pull::new("a chain of folders")
            .blocks(READ_BELOW)
            .link("releases/in", "../a")
            .link("a", "b")
            .link("b", "../outside"),
        forty.link("releases/in", "l1").link("releases/l40", "@OUTSIDE@/secret.txt"),
        Pull::new("back through a link")
            .blocks("output \"o\" {\n  value = file(\"in/../../outside/secret.txt\")\n}\n")
            .link("releases/in", "../releases"),
        Pull::new("a fork of links")
            .blocks(SET)
            .link("releases/a/up", "..")
            .link("releases/b/up", "..")
            .link("releases/c", "."),
    ]
}
