//! What is parsed, and what hostile files do.

use std::time::Duration;

use super::*;
use crate::lang::ast::{Access, Node, Part};
use crate::source::Sources;

fn expr(text: &str) -> Expr {
    parse_expression(FileId(0), text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// A tree as text: enough to compare structures at a glance.
fn show(expr: &Expr) -> String {
    let all = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(" ");
    match &expr.node {
        Node::Literal(value) => format!("{value:?}"),
        Node::Template(parts) => format!("T[{}]", show_parts(parts)),
        Node::List(items) => format!("[{}]", all(items)),
        Node::Object(entries) => {
            let entries: Vec<_> = entries.iter().map(|(k, v)| format!("{}={}", show(k), show(v))).collect();
            format!("{{{}}}", entries.join(" "))
        }
        Node::Name(name) => name.to_string(),
        Node::Access(base, steps) => {
            let steps = steps.iter().map(|step| match step {
                Access::Attribute(name, _) => format!(".{name}"),
                Access::Index(index) => format!("[{}]", show(index)),
                Access::AttributeSplat(_) => ".*".to_owned(),
                Access::FullSplat(_) => "[*]".to_owned(),
            });
            format!("{}{}", show(base), steps.collect::<String>())
        }
        Node::Call(call) => {
            format!("{}({}{})", call.name, all(&call.arguments), if call.expand_last { "..." } else { "" })
        }
        Node::Conditional(a, b, c) => format!("({} ? {} : {})", show(a), show(b), show(c)),
        Node::Unary(op, a) => format!("({op:?} {})", show(a)),
        Node::Binary(a, op, b) => format!("({} {op:?} {})", show(a), show(b)),
        Node::For(f) => format!(
            "for {:?} {} in {} : {:?} {} {} {:?}",
            f.key,
            f.value,
            show(&f.collection),
            f.result_key.as_ref().map(show),
            show(&f.result),
            f.group,
            f.condition.as_ref().map(show)
        ),
        Node::Parens(a) => format!("({})", show(a)),
    }
}

fn show_parts(parts: &[Part]) -> String {
    let parts = parts.iter().map(|part| match part {
        Part::Text(text) => format!("{text:?}"),
        Part::Interpolation(expr) => format!("${{{}}}", show(expr)),
        Part::If(branch) => {
            format!("if {} ({}) else ({})", show(&branch.0), show_parts(&branch.1), show_parts(&branch.2))
        }
        Part::For(f) => {
            format!("for {:?} {} in {} ({})", f.key, f.value, show(&f.collection), show_parts(&f.body))
        }
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[test]
fn expressions_become_trees() {
    let cases = [
        ("1 + 2 * 3", "(1 Add (2 Multiply 3))"),
        ("1 - 2 - 3", "((1 Subtract 2) Subtract 3)"),
        ("a == b && !c || d", "(((a Equal b) And (Not c)) Or d)"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("[1, \"x\", null,\n true\n]", "[1 \"x\" null true]"),
        ("{ a = 1, \"b\": 2\n (c) = 3\n d.e = 4 }", "{\"a\"=1 \"b\"=2 (c)=3 d.e=4}"),
        ("f(a, b...)", "f(a b...)"),
        ("f(\n  [1\n +\n 2],\n)", "f([(1 Add 2)])"),
        ("x::y::f(1)", "x::y::f(1)"),
        ("a.b[0].c[*].d.*.e.0", "a.b[0].c[*].d.*.e[0]"),
        ("[for k, v in m : v if v != k]", "for Some(\"k\") v in m : None v false Some(\"(v NotEqual k)\")"),
        ("{for v in m : v.a => v.b...}", "for None v in m : Some(\"v.a\") v.b true None"),
        ("(a\n + b)", "((a Add b))"),
        (
            "{ for v in m : # c\n v\n => v ? 1\n : { a = 1\n b = 2 } }",
            "for None v in m : Some(\"v\") (v ? 1 : {\"a\"=1 \"b\"=2}) false None",
        ),
        ("-a", "(Negate a)"),
        ("- 5", "-5"),
        ("{ format = 1 }", "{\"format\"=1}"),
        ("merge({a = 1e3}, x)", "merge({\"a\"=1000} x)"),
    ];
    for (text, wanted) in cases {
        assert_eq!(show(&expr(text)), wanted, "{text}");
    }
}

#[test]
fn numbers_are_exact() {
    let cases = [
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("0.1", "0.1"),
        ("-2.50", "-2.5"),
        ("1 + 1e400", &format!("(1 Add 1{})", "0".repeat(400))),
        ("25e-2", "0.25"),
    ];
    for (text, wanted) in cases {
        assert_eq!(show(&expr(text)), wanted, "{text}");
    }
    assert!(parse_expression(FileId(0), "1e99999").is_err());
}

/// The expected texts are what Terraform 1.11.4 prints for the same templates.
#[test]
fn templates_are_trimmed_as_in_terraform() {
    let cases = [
        ("\"a\"", "\"a\""),
        ("\"\"", "\"\""),
        (r#""a\n\"\u00e9\\ $${x} %%{y} $5""#, "\"a\\n\\\"é\\\\ ${x} %{y} $5\""),
        ("\"${a}\"", "T[${a}]"),
        (
            "\"a  ${~ b ~}   c %{ if true }x\\ty%{ endif }\"",
            "T[\"a\" ${b} \"c \" if true (\"x\\ty\") else ()]",
        ),
        ("\"%{ for k, v in m }${v},%{ endfor }\"", "T[for Some(\"k\") v in m (${v} \",\")]"),
        ("\"%{ if a }1%{ else }2%{ endif }\"", "T[if a (\"1\") else (\"2\")]"),
        ("\"${f(\"x\", \"${y}\")}\"", "T[${f(\"x\" T[${y}])}]"),
        ("<<EOT\n  a\\n\n$${b}\nEOT\n", "\"  a\\\\n\\n${b}\\n\""),
        ("<<EOT\nEOT\n", "\"\""),
        (
            "<<-EOT\n    one\n\n      two\n    ${x} three\n  EOT\n",
            "T[\"one\\n\\n  two\\n\" ${x} \" three\\n\"]",
        ),
        (
            "<<-EOT\n  a\n  %{ if b ~}\n    four\n  %{ endif ~}\n    five\n  EOT\n",
            "T[\"a\\n\" if b (\"    four\\n\") else () \"    five\\n\"]",
        ),
        ("<<-EOT\n    one\n${x}\n    two\nEOT\n", "T[\"    one\\n\" ${x} \"\\n    two\\n\"]"),
        ("<<-EOT\n    one\n   \n\t  tab\n  EOT\n", "\" one\\n   \\ntab\\n\""),
        ("<<EOT\na ${~ x ~}\n\n  b\nEOT\n", "T[\"a\" ${x} \"\\n  b\\n\"]"),
        ("<<EOT\r\na\r\nEOT\r\n", "\"a\\r\\n\""),
    ];
    for (text, wanted) in cases {
        assert_eq!(show(&expr(text)), wanted, "{text}");
    }
}

#[test]
fn spans_are_places_in_the_file() {
    let text = "\u{feff}# é\na = [\n  f(x\n   + yy),\n  <<-EOT\n    z ${w}\n  EOT\n]\n";
    let mut sources = Sources::default();
    let file = sources.add("x", text);
    let (body, diagnostics) = parse(file, text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let Node::List(items) = &body.attributes["a"].expr.node else { panic!("a list") };
    assert_eq!(sources.text(items[0].span), "f(x\n   + yy)");
    let Node::Call(call) = &items[0].node else { panic!("a call") };
    assert_eq!(sources.text(call.name_span), "f");
    let Node::Binary(left, _, right) = &call.arguments[0].node else { panic!("a sum") };
    assert_eq!((sources.text(left.span), sources.text(right.span)), ("x", "yy"));
    let Node::Template(parts) = &items[1].node else { panic!("a template") };
    let Part::Interpolation(inner) = &parts[1] else { panic!("an interpolation") };
    assert_eq!(sources.text(inner.span), "w");
}

#[test]
fn blocks_keep_labels_and_order() {
    let text = "a \"x\" y {\n  b { c = 1 }\n  d = 2 # last\n}\ne {}\n";
    let (body, diagnostics) = parse(FileId(0), text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(body.blocks.iter().map(|block| &*block.ty).collect::<Vec<_>>(), ["a", "e"]);
    let labels: Vec<&str> = body.blocks[0].labels.iter().map(|(label, _)| &**label).collect();
    assert_eq!(labels, ["x", "y"]);
    assert_eq!(body.blocks[0].body.blocks[0].body.attributes["c"].name.as_ref(), "c");
    assert!(body.blocks[0].body.attributes.contains_key("d"));
}

/// The time that this thread has had of a processor: what else goes on does not count.
fn own_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let number = |part: i64| u64::try_from(part).unwrap_or(0);
    Duration::from_secs(number(time.tv_sec)) + Duration::from_nanos(number(time.tv_nsec))
}

/// Whatever is in a file, the answer is there within a second (in debug builds three) of a processor's time.
#[test]
fn hostile_files_end_in_diagnostics() {
    let keys = |count: usize| (0..count).map(|i| format!("k{i} = {i}\n")).collect::<Vec<_>>().concat();
    let cases = [
        ("brackets", format!("a = {}", "[".repeat(100_000)), Some("Nested too deeply")),
        (
            "closed brackets",
            format!("a = {}{}", "[".repeat(1_000), "]".repeat(1_000)),
            Some("Nested too deeply"),
        ),
        ("parentheses", format!("a = {}1{}\n", "(".repeat(60), ")".repeat(60)), None),
        ("templates", format!("a = {}\n", "\"${".repeat(50_000)), Some("Nested too deeply")),
        ("blocks", "a {\n".repeat(100_000), Some("Nested too deeply")),
        ("signs", format!("a = {}1\n", "!".repeat(100_000)), Some("Nested too deeply")),
        ("conditions", format!("a = {}1\n", "x ? y : ".repeat(50_000)), Some("Nested too deeply")),
        ("operators", format!("a = 1{}\n", " + 1".repeat(100_000)), Some("Expression too long")),
        ("120 operators", format!("a = 1{}\n", " + 1".repeat(120)), None),
        ("an object", format!("a = {{\n{}}}\n", keys(40_000)), None),
        ("an object in a call", format!("a = merge({{\n{}}}, b)\n", keys(40_000)), None),
        ("an object in a sum", format!("a = b ? {{\n{}}} : c\n", keys(40_000)), Some("Object too large")),
        ("a list", format!("a = [{}]\n", "1, ".repeat(40_000)), None),
        ("quotes", "\"".repeat(100_001), Some("String without an end")),
        ("odd signs", "'".repeat(100_000), Some("Invalid character")),
        ("closing brackets", "}".repeat(100_000), Some("Closing bracket without an opening one")),
        ("heredocs", "a = <<E\n".repeat(20_000), Some("Heredoc without an end")),
        ("a comment", "/* ".repeat(100_000), Some("Comment without an end")),
        ("a NUL", "a = \"x\0\"\n".to_owned(), Some("Invalid character")),
    ];
    for (name, text, wanted) in cases {
        let start = own_time();
        let (_, diagnostics) = parse(FileId(0), &text);
        let elapsed = own_time().saturating_sub(start);
        assert!(elapsed < Duration::from_secs(3), "{name} took {elapsed:?}");
        let first = diagnostics.0.first().map(|diagnostic| diagnostic.summary.as_str());
        assert_eq!(first, wanted, "{name}: {:?}", diagnostics.0.first());
    }
}

/// Every span of a diagnostic or an expression can be sliced out of its text.
fn assert_sliceable(text: &str, span: Span) {
    assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} of {text:?}");
}

fn assert_spans(text: &str, body: &Body) {
    for attribute in body.attributes.values() {
        assert_sliceable(text, attribute.name_span);
        assert_sliceable(text, attribute.expr.span);
    }
    for block in &body.blocks {
        assert_sliceable(text, block.ty_span);
        assert_spans(text, &block.body);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 400, failure_persistence: None, ..Default::default() })]

    /// Whatever stands in a file, there are trees and diagnostics with places inside it, and never a panic.
    #[test]
    fn any_text_is_answered(parts in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        let text = parts.concat();
        let (body, diagnostics) = parse(FileId(0), &text);
        assert_spans(&text, &body);
        for label in diagnostics.0.iter().flat_map(|diagnostic| &diagnostic.labels) {
            assert_sliceable(&text, label.span);
        }
        let mut sources = Sources::default();
        sources.add("x", text.as_str());
        let shown = crate::diag::render::text(&diagnostics, &sources, crate::diag::render::Style::PLAIN);
        assert_eq!(shown.is_empty(), diagnostics.is_empty());
    }
}

/// What hostile and careless files are made of.
const PIECES: &[&str] = &[
    "a",
    "b = ",
    "resource \"x\" \"y\" {",
    "locals {\n",
    "}",
    "}\n",
    "{",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "\"x\"",
    "\"${",
    "${",
    "%{ if a }",
    "%{ else }",
    "%{ endif }",
    "%{ for x in y }",
    "%{ endfor }",
    "~}",
    "<<EOT\n",
    "<<-EOT\n",
    "EOT",
    "\nEOT\n",
    "\n",
    "\n",
    " ",
    "\t",
    "\r\n",
    "# c\n",
    "// d",
    "/*",
    "*/",
    "=",
    "==",
    "=>",
    ":",
    ",",
    ".",
    "...",
    "?",
    "!",
    "-",
    "+",
    "*",
    "/",
    "&&",
    "|",
    "<",
    "<=",
    "1",
    "2.5",
    "1e400",
    "0.",
    "null",
    "true",
    "for",
    "in",
    "if",
    "é",
    "\u{feff}",
    "\u{202e}",
    "\0",
    "'",
    "\\",
    "\\n",
    "\\u00e9",
    "$${",
    "%%{",
    "a.b[0].*.c",
    "f(x...)",
    "[for k, v in m : v]",
    "{ a = 1, b : 2 }",
    "日本語",
    "\u{1f600}",
];
