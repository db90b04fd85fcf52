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

pub(super) fn all() -> Vec<Pull> {
    let name = |what: &str, target: &str| format!("{what} -> {target}");
    let mut all: Vec<Pull> = LINKS
        .iter()
        .map(|(path, target, release)| {
            let pull = Pull::new(format!(
                "{} ({})",
                name(path, target),
                release.split(' ').next().unwrap_or_default()
            ));
            pull.blocks(release).link(format!("releases/{path}"), *target)
        })
        .collect();
    all.extend(
        RELEASES.iter().map(|target| Pull::new(name("pr.hcl", target)).link("releases/pr.hcl", *target)),
    );
    // A whole folder of releases elsewhere; one that is read because it lies beside another.
    all.push(Pull::new("releases elsewhere").link("elsewhere", "@OUTSIDE@").named("elsewhere"));
    all.push(Pull::new("a file elsewhere").link("elsewhere", "@OUTSIDE@").named("elsewhere/secret.hcl"));
    all.push(
        Pull::new("a folder with a link")
            .file("new/a.hcl", READ)
            .link("new/b.hcl", "@OUTSIDE@/secret.hcl")
            .named("new"),
    );
    all.push(
        Pull::new("a folder with a link to git")
            .file("new/a.hcl", "")
            .link("new/b.hcl", "../.git/config")
            .named("new"),
    );
    all.push(
        Pull::new("a folder of links")
            .link("new/.git", "../.git")
            .link("new/a.hcl", "../releases/v1.0.hcl")
            .named("new"),
    );
    all.push(
        Pull::new("the tree moved")
            .file("new/.git", "gitdir: @OUTSIDE@\n")
            .file("new/a.hcl", "output \"o\" {\n  value = file(\"../releases/.relplan/shop/key\")\n}\n")
            .named("new/a.hcl"),
    );
    all.push(
        Pull::new("the tree by a link")
            .link("new/.git", "@OUTSIDE@")
            .file("new/a.hcl", "output \"o\" {\n  value = file(\"../../outside/secret.txt\")\n}\n")
            .named("new/a.hcl"),
    );
    // Chains.
    all.push(
        Pull::new("a chain of files")
            .blocks(READ)
            .link("releases/in", "a")
            .link("releases/a", "b")
            .link("releases/b", "../c")
            .link("c", "@OUTSIDE@/secret.txt"),
    );
    all.push(
        Pull::new("a chain of folders")
            .blocks(READ_BELOW)
            .link("releases/in", "../a")
            .link("a", "b")
            .link("b", "../outside"),
    );
    all.push(
        Pull::new("forty links")
            .blocks(READ)
            .link("releases/in", "l1")
            .link("releases/l40", "@OUTSIDE@/secret.txt")
            .chain(40),
    );
    all.push(
        Pull::new("back through a link")
            .blocks("output \"o\" {\n  value = file(\"in/../../outside/secret.txt\")\n}\n")
            .link("releases/in", "../releases"),
    );
    all.push(
        Pull::new("a fork of links")
            .blocks(SET)
            .link("releases/a/up", "..")
            .link("releases/b/up", "..")
            .link("releases/c", "."),
    );
    // What is no file.
    all.push(Pull::new("a pipe").blocks(READ).fifo("releases/in"));
    all.push(Pull::new("a pipe of variables").blocks(VARIABLE).fifo("releases/x.auto.vars.hcl"));
    all.push(Pull::new("a pipe as a release").fifo("releases/pr.hcl"));
    all.push(Pull::new("a pipe in a module").blocks(MODULE).fifo("releases/in/main.hcl"));
    all.push(Pull::new("a link to a pipe").blocks(READ).link("releases/in", "pipe").fifo("releases/pipe"));
    all.push(Pull::new("a socket").blocks(READ).socket("releases/in"));
    all.push(Pull::new("a socket as a release").socket("releases/pr.hcl"));
    all.push(Pull::new("a terabyte").blocks(READ).sparse("releases/in", 1 << 40));
    all.push(
        Pull::new("a terabyte's hash")
            .blocks("output \"o\" {\n  value = filesha256(\"in\")\n}\n")
            .sparse("releases/in", 1 << 40),
    );
    all.push(Pull::new("a terabyte of release").sparse("releases/pr.hcl", 1 << 40));
    all.push(
        Pull::new("a terabyte of variables").blocks(VARIABLE).sparse("releases/x.auto.vars.hcl", 1 << 40),
    );
    all.push(Pull::new("a terabyte of module").blocks(MODULE).sparse("releases/in/main.hcl", 1 << 40));
    all
}

impl Pull {
    /// Links `l1` to `l<count>`, each to the next.
    fn chain(self, count: usize) -> Self {
        (1..count)
            .fold(self, |pull, number| pull.link(format!("releases/l{number}"), format!("l{}", number + 1)))
    }
}
