//! A committed `.relplan`: ledgers, keys and locks that are not the operator's, and links in their place.

use crate::pulls::pull::Pull;

const OUTPUT: &str = "output \"o\" {\n  value = \"x\"\n}\n";

/// A release of another product: its ledger is the one that the pull request brings along.
const OTHER: &str = "release \"evil\" {\n  version = \"1.0.1\"\n}\nresource \"exec_deployment\" \"live\" {\n  version = \"1\"\n  deploy = [\"touch\", \"@MARKER@\"]\n  observe = [\"touch\", \"@MARKER@\"]\n}\n";

/// Files of that product's ledger, and what is in them.
const FILES: &[(&str, &str)] = &[
    ("ledger.jsonl", ""),
    ("ledger.jsonl", "\n"),
    ("ledger.jsonl", "{}\n"),
    ("ledger.jsonl", "0000000000000000000000000000000000000000000000000000000000000000 {\"format\":1}\n"),
    ("ledger.jsonl", "::error::x\n"),
    ("checkpoint.json", "{}"),
    ("key", "0123456789abcdef0123456789abcdef"),
    ("key", "short"),
    ("lock", "{\"pid\":1,\"host\":\"x\",\"user\":\"\u{202e}eve\"}"),
    ("output/live", "::set-output name=a::b\n"),
];

/// Links in the place of a ledger, of the operator's product and of another.
const LINKS: &[(&str, &str)] = &[
    ("releases/.relplan/evil", "shop"),
    ("releases/.relplan/evil", "@OUTSIDE@"),
    ("releases/.relplan/evil", "../../.git"),
    ("releases/.relplan/evil/ledger.jsonl", "../shop/ledger.jsonl"),
    ("releases/.relplan/evil/ledger.jsonl", "@OUTSIDE@/secret.json"),
    ("releases/.relplan/evil/ledger.jsonl", "/dev/zero"),
    ("releases/.relplan/evil/key", "../shop/key"),
    ("releases/.relplan/evil/key", "@HOME@/.ssh/id_ed25519"),
    ("releases/.relplan/evil/checkpoint.json", "../shop/checkpoint.json"),
    ("releases/.relplan/evil/lock", "@OUTSIDE@/secret.txt"),
    ("new/.relplan", "../releases/.relplan"),
    ("new/.relplan", "@OUTSIDE@"),
    ("new/.relplan", "../.git"),
];

/// Names of products that would lead their ledger elsewhere.
const PRODUCTS: &[&str] = &[
    "../../outside",
    "..",
    ".",
    "",
    "/",
    "shop/../shop",
    "SHOP",
    "shop\\u0000",
    "shop/",
    "../.git",
    "a/../../../.git",
    "con",
    "shop ",
    "\\u202eshop",
];

pub(super) fn all() -> Vec<Pull> {
    let other = |name: String| Pull::new(name).file("releases/pr.hcl", OTHER);
    let mut all: Vec<Pull> = FILES
        .iter()
        .map(|(path, text)| {
            other(format!("{path}: {:?}", text.trim())).file(format!("releases/.relplan/evil/{path}"), *text)
        })
        .collect();
    all.extend(LINKS.iter().map(|(path, target)| {
        let pull = other(format!("{path} -> {target}")).link(*path, *target);
        if path.starts_with("new/") {
            pull.file("new/pr.hcl", OTHER.replace("evil", "shop")).named("new/pr.hcl")
        } else {
            pull
        }
    }));
    all.extend(PRODUCTS.iter().map(|product| {
        let text = format!("release \"{product}\" {{\n  version = \"1.0.1\"\n}}\n{OUTPUT}");
        Pull::new(format!("product {product:?}")).file("releases/pr.hcl", text)
    }));
    // A folder that is not the operator's, with everything of his in it.
    all.push(other("a pipe as a ledger".to_owned()).fifo("releases/.relplan/evil/ledger.jsonl"));
    all.push(other("a socket as a key".to_owned()).socket("releases/.relplan/evil/key"));
    all.push(other("a terabyte of ledger".to_owned()).sparse("releases/.relplan/evil/ledger.jsonl", 1 << 40));
    all.push(
        other("a terabyte of checkpoint".to_owned())
            .file("releases/.relplan/evil/ledger.jsonl", "")
            .sparse("releases/.relplan/evil/checkpoint.json", 1 << 40),
    );
    all.push(
        Pull::new("a module within a ledger")
            .blocks("module \"m\" {\n  source = \"./.relplan/evil\"\n}\n")
            .file(
                "releases/.relplan/evil/main.hcl",
                "output \"o\" {\n  value = filebase64(\"${path.module}/../shop/key\")\n}\n",
            ),
    );
    all
}
