//! Functions that read files, pointed at what they must not read.

use crate::pulls::pull::Pull;

/// What a file is read with; `PATH` stands for an expression of its path.
const READERS: &[&str] = &[
    "file(PATH)",
    "filebase64(PATH)",
    "try(file(PATH), filebase64(PATH))",
    "base64encode(file(PATH))",
    "strrev(file(PATH))",
    "split(\"\", try(file(PATH), \"\"))",
    "fileexists(PATH) ? file(PATH) : \"none\"",
    "filesha256(PATH)",
    "[for f in fileset(dirname(PATH), \"**\") : f]",
    "{ for f in fileset(dirname(PATH), \"{.*,*}\") : f => file(\"${dirname(PATH)}/${f}\") }",
    "nonsensitive(sensitive(file(PATH)))",
    "[for i in range(40) : substr(filebase64(PATH), i, 1)]",
    "regexall(\"[A-Za-z0-9]+\", file(PATH))",
    "file(base64decode(base64encode(PATH)))",
    "jsondecode(file(PATH))",
    "csvdecode(file(PATH))",
    "templatefile(PATH, {})",
];

/// Paths that lead where nothing may be read, as HCL.
const PATHS: &[&str] = &[
    r#""../.git/config""#,
    r#""../.git/HEAD""#,
    r#""../.git/logs/HEAD""#,
    r#""../.git/index""#,
    r#""../.GIT/config""#,
    r#""../releases/../.git/config""#,
    r#""./.././/.git//config""#,
    r#""@CHECKOUT@/.git/config""#,
    r#""${path.module}/../.git/config""#,
    r#""${path.root}/../.git/config""#,
    r#""${path.cwd}/../.git/config""#,
    r#"abspath("../.git/config")"#,
    r#"join("/", ["..", ".git", "config"])"#,
    r#"format("../.g%st/config", "i")"#,
    r#"".relplan/shop/key""#,
    r#"".relplan/shop/ledger.jsonl""#,
    r#"".relplan/shop/checkpoint.json""#,
    r#"".relplan/shop/lock""#,
    r#"".RELPLAN/shop/key""#,
    r#""./.relplan/../.relplan/shop/key""#,
    r#""@CHECKOUT@/releases/.relplan/shop/key""#,
    r#""../releases/.relplan/shop/key""#,
    r#"".relplan/../../.git/config""#,
    r#""../../outside/secret.txt""#,
    r#""../../outside/secret.json""#,
    r#""@OUTSIDE@/secret.txt""#,
    r#""//@OUTSIDE@/secret.txt""#,
    r#""file://@OUTSIDE@/secret.txt""#,
    r#""../../../../../../../../../..@OUTSIDE@/secret.txt""#,
    r#""none/../../../outside/secret.txt""#,
    r#""@HOME@/.pgpass""#,
    r#""@HOME@/.aws/credentials""#,
    r#"pathexpand("~/.netrc")"#,
    r#"pathexpand("~/.ssh/id_ed25519")"#,
    r#""~/.git-credentials""#,
    r#""../../home/.config/gh/hosts.yml""#,
    r#""/proc/self/environ""#,
    r#""/proc/self/cmdline""#,
    r#""/proc/self/mem""#,
    r#""/proc/self/fd/0""#,
    r#""/proc/self/cwd/.git/config""#,
    r#""/proc/self/root@OUTSIDE@/secret.txt""#,
    r#""/proc/1/environ""#,
    r#""/proc/thread-self/environ""#,
    r#""/dev/stdin""#,
    r#""/dev/zero""#,
    r#""/dev/urandom""#,
    r#""/dev/tty""#,
    r#""/dev/fd/3""#,
    r#""/etc/passwd""#,
    r#""/etc/shadow""#,
    r#""/sys/kernel/notes""#,
    r#""/""#,
    r#""..""#,
    r#""../..""#,
    r#""../.git""#,
    r#""../.git/""#,
    r#""../.git/config/""#,
    r#""../.git/config\u0000.txt""#,
    r#""""#,
    r#"join("/", [for i in range(4000) : "a"])"#,
    r#"".relplan""#,
];

/// What is there and what is not, where an expression must not be able to tell them apart. `here` and `gone` are links.
const PAIRS: &[(&str, &str)] = &[
    (r#""@OUTSIDE@/secret.txt""#, r#""@OUTSIDE@/nobody.txt""#),
    (r#""../../outside/secret.txt""#, r#""../../outside/nobody.txt""#),
    (r#""../../outside/module/main.hcl""#, r#""../../outside/nobody/main.hcl""#),
    (r#"pathexpand("~/.netrc")"#, r#"pathexpand("~/.nobody")"#),
    (r#""../.git/config""#, r#""../.git/nobody""#),
    (r#"".relplan/shop/key""#, r#"".relplan/nobody/key""#),
    (r#""here""#, r#""gone""#),
    (r#""/etc/passwd""#, r#""/etc/nobody""#),
];

/// Expressions that would tell `HERE` from `GONE`.
const TELLING: &[&str] = &[
    "can(file(HERE)) == can(file(GONE))",
    "try(fileexists(HERE), \"error\") == try(fileexists(GONE), \"error\")",
    "try(length(fileset(dirname(HERE), \"*\")), -1) == try(length(fileset(dirname(GONE), \"*\")), -1)",
    "can(filesha256(HERE)) == can(filesha256(GONE))",
];

pub(super) fn all() -> Vec<Pull> {
    let readers = READERS.iter().cycle();
    let paths = PATHS.iter().flat_map(|path| [path, path]);
    // Neighbours differ in their reader, and each path gets two of them.
    let both = paths.zip(readers);
    let reading = both.map(|(path, reader)| {
        let expression = reader.replace("PATH", path);
        Pull::new(expression.clone()).expression(expression)
    });
    let telling = PAIRS.iter().flat_map(|pair| TELLING.iter().map(move |telling| (pair, telling)));
    let telling = telling.map(|((here, gone), telling)| {
        let same = telling.replace("HERE", here).replace("GONE", gone);
        let links = Pull::new(format!("is it there: {same}"))
            .link("releases/here", "@OUTSIDE@/secret.txt")
            .link("releases/gone", "@OUTSIDE@/nobody.txt");
        links.blocks(format!("output \"o\" {{\n  value = {same} ? \"same\" : strrev(\"TRAPA-DLOT\")\n}}\n"))
    });
    reading.chain(telling).collect()
}
