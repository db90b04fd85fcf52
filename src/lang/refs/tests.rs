//! What is found in expressions.

use super::*;
use crate::lang::syntax;
use crate::source::Sources;

/// The texts of the references, each with what it refers to.
fn found(text: &str) -> Vec<(String, String)> {
    let mut sources = Sources::default();
    let file = sources.add("x", text);
    let expr = syntax::parse_expression(file, text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
    let show = |subject: &Subject| match subject {
        Subject::Resource(name) => format!("resource {name}"),
        Subject::Variable(name) => format!("variable {name}"),
        Subject::Local(name) => format!("local {name}"),
        Subject::Module(name, output) => format!("module {name} {}", output.as_deref().unwrap_or("-")),
        Subject::Each => "each".to_owned(),
        Subject::Count => "count".to_owned(),
        Subject::Itself => "self".to_owned(),
        Subject::Release => "release".to_owned(),
        Subject::Path => "path".to_owned(),
    };
    references(&expr).iter().map(|r| (sources.text(r.span).to_owned(), show(&r.subject))).collect()
}

#[test]
fn references_have_their_subjects() {
    let cases = [
        ("var.a.b", vec![("var.a.b", "variable a")]),
        ("local.a[var.i].c", vec![("local.a[var.i].c", "local a"), ("var.i", "variable i")]),
        ("git_tag.a[\"x\"].name", vec![("git_tag.a[\"x\"].name", "resource git_tag.a")]),
        ("data.git_ref.a.commit", vec![("data.git_ref.a.commit", "resource data.git_ref.a")]),
        ("module.a.out", vec![("module.a.out", "module a out")]),
        ("module.a[\"k\"].out.x", vec![("module.a[\"k\"].out.x", "module a out")]),
        ("module.a[*].out", vec![("module.a[*].out", "module a out")]),
        ("module.a", vec![("module.a", "module a -")]),
        (
            "[each.key, count.index, self.x, release.version, path.module]",
            vec![
                ("each.key", "each"),
                ("count.index", "count"),
                ("self.x", "self"),
                ("release.version", "release"),
                ("path.module", "path"),
            ],
        ),
        (
            "a.b ? c.d : f(e.f...)",
            vec![("a.b", "resource a.b"), ("c.d", "resource c.d"), ("e.f", "resource e.f")],
        ),
        (
            "\"${a.b}%{ if !c.d }${-e.f}%{ endif }\"",
            vec![("a.b", "resource a.b"), ("c.d", "resource c.d"), ("e.f", "resource e.f")],
        ),
        ("{ (a.b) = (c.d), e = 1 }", vec![("a.b", "resource a.b"), ("c.d", "resource c.d")]),
    ];
    for (text, wanted) in cases {
        let wanted: Vec<_> = wanted.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        assert_eq!(found(text), wanted, "{text}");
    }
}

#[test]
fn names_bound_by_for_are_no_references() {
    assert_eq!(found("[for k, v in x.y : \"${k}${v.z}\" if v.z]").len(), 1);
    assert_eq!(found("{ for v in [1] : v => [for w in v.list : w.x] }"), []);
    assert_eq!(found("[for v in v.list : v.x]"), [("v.list".to_owned(), "resource v.list".to_owned())]);
    assert_eq!(found("\"%{ for k, v in x.y }${k}${v}%{ endfor }\"").len(), 1);
}

#[test]
fn malformed_references_are_left_to_the_check() {
    for text in ["var", "hello", "each.foo", "data.x", "terraform.workspace", "var[0]"] {
        assert_eq!(found(text), [], "{text}");
    }
}
