//! Hostile expressions end in a finding, soon, and with the stack of a worker thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::lang::ast::{BinaryOp, Node, UnaryOp};
use crate::source::Span;

/// How long any hostile expression may take. Debug builds on a busy machine are slow: the limits are set so that
/// a release build stays below a second.
const LONGEST: Duration = Duration::from_secs(20);

/// `var.r` is a list of 1,000 numbers.
fn refused(text: &str, summary: &str) {
    let start = Instant::now();
    let found = with([("r", Value::list((0..1_000).map(Value::integer)))], text).expect_err("a limit");
    assert_eq!(found.0[0].summary, summary, "{text}");
    assert!(start.elapsed() < LONGEST, "{text} took {:?}", start.elapsed());
}

#[test]
fn nested_loops_are_stopped() {
    refused(
        "[for a in var.r : [for b in var.r : [for c in var.r : 1 if false]]]",
        "Expression takes too long",
    );
    refused("[for a in var.r : [for b in var.r : var.r]]", "Collection too large");
    refused(
        "\"%{ for a in var.r }%{ for b in var.r }%{ for c in var.r }${c}%{ endfor }%{ endfor }%{ endfor }\"",
        "Expression takes too long",
    );
}

#[test]
fn large_texts_are_stopped_before_they_are_made() {
    refused("indent(1000000000, \"a\\nb\")", "Text too large");
    refused(
        "join(format(\"%1000s\", \"x\"), [for a in range(1000) : join(format(\"%1000s\", \"x\"), split(\"\", format(\"%1000s\", \"x\")))])",
        "Text too large",
    );
    refused(
        "replace(format(\"%1000s\", \"\"), \" \", format(\"%1000s\", replace(format(\"%1000s\", \"\"), \" \", format(\"%1000s\", \"\"))))",
        "Text too large",
    );
}

#[test]
fn large_collections_are_stopped_before_they_are_made() {
    refused("setproduct(range(1000), range(1000), range(1000))", "Collection too large");
    refused("chunklist([for a in range(1000) : range(1000)], 1)", "Collection too large");
}

#[test]
fn copies_in_a_loop_are_stopped() {
    for text in [
        "[for x in var.r : reverse(var.r)]",
        "[for x in var.r : [for y in var.r : slice(var.r, 0, 900)]]",
        "[for x in var.r : [for y in var.r : toset(var.r)]]",
        "[for x in var.r : [for y in var.r : true ? var.r : [\"a\"]]]",
        "[for x in var.r : [for y in var.r : var.r[*]]]",
    ] {
        let text = format!("[for z in [1, 2, 3] : {text}]");
        let start = Instant::now();
        let found = with([("r", Value::list((0..1_000).map(Value::integer)))], &text).expect_err("a limit");
        assert!(
            ["Collection too large", "Expression takes too long"].contains(&&*found.0[0].summary),
            "{text}"
        );
        assert!(start.elapsed() < LONGEST, "{text}");
    }
    let long = "x".repeat(1 << 20);
    for text in [
        "trimspace(var.t)",
        "format(\"%s\", var.t)",
        "split(\"-\", var.t)",
        "replace(var.t, \"y\", \"\")",
        "\"${var.t}.\"",
    ] {
        let found = with([("t", Value::from(long.as_str()))], &format!("[for x in range(100) : {text}]"))
            .expect_err("a limit");
        assert_eq!(found.0[0].summary, "Text too large", "{text}");
    }
    refused(
        "jsonencode([for x in var.r : [for y in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] : [1e1000, 1e1000, 1e1000, 1e1000]]])",
        "Text too large",
    );
    refused(
        "join(\",\", [for x in range(100000 / 100) : join(\",\", [for y in range(100) : 1e1000])])",
        "Text too large",
    );
}

#[test]
fn shared_parts_are_counted_as_often_as_they_stand_there() {
    // 2^40 elements in 40 small lists.
    let doubled =
        (0..40).fold(Value::list([Value::from("x")]), |inner, _| Value::list([inner.clone(), inner]));
    for text in
        ["var.doubled", "jsonencode(var.doubled)", "var.doubled == var.doubled", "flatten(var.doubled)"]
    {
        let found = with([("doubled", doubled.clone())], text).expect_err("a limit");
        assert_eq!(found.0[0].summary, "Collection too large", "{text}");
    }
    assert_eq!(with([("doubled", doubled)], "length(var.doubled)"), Ok(Value::integer(2)));
}

#[test]
fn deep_values_are_refused() {
    let deep = (0..150).fold(Value::NULL, |inner, _| Value::list([inner]));
    let found = with([("deep", deep)], "var.deep").expect_err("a limit");
    assert_eq!(found.0[0].summary, "Value nested too deeply");
    refused("jsondecode(join(\"\", [for x in range(1000) : \"[\"]))", "Value nested too deeply");
}

#[test]
fn a_limit_is_not_hidden_by_try() {
    refused("try(indent(1000000000, \"a\\nb\"), 1)", "Text too large");
    refused("can(indent(1000000000, \"a\\nb\"))", "Text too large");
    refused("true ? 1 : indent(1000000000, \"a\\nb\")", "Text too large");
}

#[test]
fn regular_expressions_are_bounded() {
    for text in
        ["regex(\"((a{1000}){1000}){1000}\", \"a\")", "regex(format(\"%1000s%1000s\", \"(\", \"(\"), \"a\")"]
    {
        let found = with([], text).expect_err("refused");
        assert_eq!(found.0[0].summary, "Invalid function argument");
    }
    let start = Instant::now();
    assert_eq!(
        with([], "regexall(\"(a*)*b\", join(\"\", [for x in range(1000) : \"aaaaaaaaaa\"]))"),
        Ok(Value::list([]))
    );
    assert!(start.elapsed() < LONGEST);
}

fn node(node: Node) -> Expr {
    Expr { span: Span::start_of(FileId(0)), node }
}

/// Evaluates on a stack of the size that worker threads have.
fn on_worker_stack(expr: Expr) -> Result<Value, Diagnostics> {
    let evaluate = move || {
        let result = evaluate(&expr, &Variables::default(), &NoFiles, &Budget::default());
        // Dropping a deep tree needs stack too, but is the parser's concern.
        std::mem::forget(expr);
        result
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(evaluate).expect("a thread");
    thread.join().expect("no crash")
}

#[test]
fn deep_expressions_are_refused_and_long_chains_are_not() {
    let one = || node(Node::Literal(Value::integer(1)));
    let wraps: [fn(Expr) -> Node; 6] = [
        |inner| Node::Unary(UnaryOp::Negate, Box::new(inner)),
        |inner| Node::Parens(Box::new(inner)),
        |inner| Node::List(vec![inner]),
        |inner| Node::Object(vec![(Expr { span: inner.span, node: Node::Literal("k".into()) }, inner)]),
        |inner| {
            let literal = |value: Value| Box::new(Expr { span: inner.span, node: Node::Literal(value) });
            Node::Conditional(literal(false.into()), literal(1.into()), Box::new(inner))
        },
        |inner| {
            Node::Call(crate::lang::ast::Call {
                name: Arc::from("try"),
                name_span: inner.span,
                arguments: vec![inner],
                expand_last: false,
            })
        },
    ];
    for wrap in wraps {
        let deep = (0..5_000).fold(one(), |inner, _| node(wrap(inner)));
        let found = on_worker_stack(deep).expect_err("too deep");
        assert_eq!(found.0[0].summary, "Expression nested too deeply");
    }
    let long =
        (0..5_000).fold(one(), |left, _| node(Node::Binary(Box::new(left), BinaryOp::Add, Box::new(one()))));
    assert_eq!(on_worker_stack(long), Ok(Value::integer(5_001)));
}
