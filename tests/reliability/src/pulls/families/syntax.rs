//! Files that are hard to read: deep, long, broken, or made so that a parser never comes back.

use std::fmt::Write as _;

use crate::pulls::pull::Pull;

/// What is repeated before and behind a value.
const NESTED: &[(&str, &str)] = &[
    ("[", "]"),
    ("(", ")"),
    ("{a=", "}"),
    ("\"${", "}\""),
    ("!", ""),
    ("-", ""),
    ("f(", ")"),
    ("[for x in ", ": x]"),
    ("true ? ", " : 1"),
    ("1 + (", ")"),
    ("\"%{ if true }", "%{ endif }\""),
    ("a.", ""),
    ("[*].", ""),
    ("a[", "]"),
    ("<<A\n${", "}\nA\n"),
];

pub(super) fn all() -> Vec<Pull> {
    let mut all = Vec::new();
    for (open, close) in NESTED {
        for depth in [63, 200, 50_000] {
            let value = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            all.push(
                Pull::new(format!("{depth} times {open:?}"))
                    .blocks(format!("output \"o\" {{\n  value = {value}\n}}\n")),
            );
            let open_only = format!("output \"o\" {{\n  value = {}", open.repeat(depth));
            if depth > 1000 {
                all.push(Pull::new(format!("{depth} times {open:?}, not closed")).blocks(open_only));
            }
        }
    }
    all.push(Pull::new("blocks in blocks").blocks(format!(
        "{}{}",
        "a {\n".repeat(50_000),
        "}\n".repeat(50_000)
    )));
    all.push(
        Pull::new("a long line")
            .blocks(format!("output \"o\" {{\n  value = \"{}\"\n}}\n", "x".repeat(3_900_000))),
    );
    all.push(
        Pull::new("a long name")
            .blocks(format!("output \"{}\" {{\n  value = 1\n}}\n", "x".repeat(1_000_000))),
    );
    all.push(
        Pull::new("a long number")
            .blocks(format!("output \"o\" {{\n  value = {}\n}}\n", "9".repeat(3_000_000))),
    );
    all.push(Pull::new("a large exponent").blocks(
        "output \"o\" {\n  value = 1e999999999\n}\noutput \"p\" {\n  value = pow(10, 100000000)\n}\n",
    ));
    all.push(
        Pull::new("many sums")
            .blocks(format!("output \"o\" {{\n  value = 1{}\n}}\n", " + 1".repeat(500_000))),
    );
    all.push(Pull::new("many mistakes").blocks("output \"o\" { value = }\n".repeat(100_000)));
    all.push(
        Pull::new("many unknown names").blocks(many("output", 40_000, |n| format!("value = nothing.x{n}"))),
    );
    all.push(Pull::new("many quotes").blocks("\"".repeat(2_000_000)));
    all.push(Pull::new("many lines").blocks("\n".repeat(3_900_000)));
    all.push(Pull::new("many comments").blocks("/*".repeat(1_900_000)));
    all.push(
        Pull::new("many heredocs").blocks(many("output", 20_000, |n| format!("value = <<E{n}\n x\nE{n}"))),
    );
    all.push(
        Pull::new("a heredoc that does not end")
            .blocks(format!("output \"o\" {{\n  value = <<A\n{}", " B\n".repeat(900_000))),
    );
    all.push(
        Pull::new("many escapes")
            .blocks(format!("output \"o\" {{\n  value = \"{}\"\n}}\n", "\\u202e".repeat(600_000))),
    );
    all.push(Pull::new("five megabytes").blocks("# x\n".repeat(1_300_000)));
    all.push(Pull::new("many twice").blocks("output \"o\" {\n  value = 1\n}\n".repeat(50_000)));
    all.push(
        Pull::new("many keys twice")
            .blocks(format!("output \"o\" {{\n  value = {{ {} }}\n}}\n", "a = 1, ".repeat(300_000))),
    );
    all.push(Pull::new("a long circle").blocks(circle(20_000)));
    all.push(Pull::new("carriage returns").blocks("output \"o\" {\r  value = 1\r}\r"));
    all.push(Pull::new("nothing").file("releases/pr.hcl", ""));
    all.push(Pull::new("one bracket").file("releases/pr.hcl", "{"));
    all.push(Pull::new("JSON").file("releases/pr.hcl", "{\"output\":{\"o\":{\"value\":1}}}"));
    all
}

fn many(block: &str, count: usize, body: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0..count {
        let _ = writeln!(text, "{block} \"o{number}\" {{\n  {}\n}}", body(number));
    }
    text
}

fn circle(length: usize) -> String {
    let mut text = "locals {\n".to_owned();
    for number in 0..length {
        let _ = writeln!(text, "  l{number} = local.l{}", (number + 1) % length);
    }
    text.push_str("}\n");
    text
}
