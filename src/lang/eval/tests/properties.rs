//! What holds of all expressions, tried on random ones that the generator makes with their spans left empty.

use std::sync::Arc;

use proptest::prelude::*;
use relplan_contract::Kind;

use super::*;
use crate::lang::ast::{Access, BinaryOp, Call, For, Node, Part, TemplateFor, UnaryOp};
use crate::lang::functions;
use crate::source::Span;

/// A text that turns up nowhere but in the secret.
const SECRET: &str = "hunter2-k3y";

const SPAN: Span = Span::start_of(FileId(0));

/// Functions whose result is documented to tell something of a sensitive argument without a mark, or that make marks.
const TELLING: &[&str] = &["nonsensitive", "issensitive"];

/// Functions that make an error a value. `unknown && false` is false, as in Terraform, also if the unknown turns out
/// to be no bool: then `try` around it comes to another result.
const CATCHING: &[&str] = &["try", "can", "nonsensitive", "issensitive"];

fn expr(node: Node) -> Expr {
    Expr { span: SPAN, node }
}

fn literal() -> impl Strategy<Value = Expr> {
    prop_oneof![
        Just(Value::NULL),
        any::<bool>().prop_map(Value::from),
        (-3_i64..10).prop_map(Value::integer),
        prop_oneof![
            Just(""),
            Just("a"),
            Just("7"),
            Just("true"),
            Just("a,b"),
            Just("v1.2.3"),
            Just("%s"),
            Just("[")
        ]
        .prop_map(Value::from),
    ]
    .prop_map(|value| expr(Node::Literal(value)))
}

/// `var.secret`, `var.input`, or a name bound by a loop, if there is one around.
fn name() -> impl Strategy<Value = Expr> {
    let variable = |name: &str| {
        let steps = vec![Access::Attribute(name.into(), SPAN)];
        expr(Node::Access(Box::new(expr(Node::Name("var".into()))), steps))
    };
    prop_oneof![
        Just(variable("secret")),
        Just(variable("input")),
        Just(expr(Node::Name("x".into()))),
        Just(expr(Node::Name("k".into()))),
    ]
}

fn operator() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::{
        Add, And, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Multiply, NotEqual, Or,
        Remainder, Subtract,
    };
    prop::sample::select(vec![
        Add,
        Subtract,
        Multiply,
        Divide,
        Remainder,
        Equal,
        NotEqual,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        And,
        Or,
    ])
}

fn step(inner: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Access> {
    prop_oneof![
        prop_oneof![Just("a"), Just("b")].prop_map(|name| Access::Attribute(name.into(), SPAN)),
        inner.prop_map(Access::Index),
        Just(Access::FullSplat(SPAN)),
        Just(Access::AttributeSplat(SPAN)),
    ]
}

fn repeat(inner: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Node> {
    let optional = prop::option::of(inner.clone());
    (inner.clone(), optional.clone(), inner, any::<bool>(), optional).prop_map(
        |(collection, result_key, result, group, condition)| {
            let group = group && result_key.is_some();
            let key = Some("k".into());
            Node::For(Box::new(For {
                key,
                value: "x".into(),
                collection,
                result_key,
                result,
                group,
                condition,
            }))
        },
    )
}

fn template(inner: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Node> {
    let text = Just(Part::Text("t".into()));
    let part = prop_oneof![
        text.clone(),
        inner.clone().prop_map(Part::Interpolation),
        (inner.clone(), inner.clone()).prop_map(|(condition, yes)| {
            Part::If(Box::new((condition, vec![Part::Interpolation(yes)], vec![Part::Text("no".into())])))
        }),
        (inner.clone(), inner).prop_map(|(collection, body)| {
            let body = vec![Part::Interpolation(body)];
            Part::For(Box::new(TemplateFor { key: Some("k".into()), value: "x".into(), collection, body }))
        }),
    ];
    (text, prop::collection::vec(part, 1..4))
        .prop_map(|(text, parts)| Node::Template(std::iter::once(text).chain(parts).collect()))
}

fn call(without: &[&str], inner: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Node> {
    let names: Vec<&'static str> = functions::names().filter(|name| !without.contains(name)).collect();
    (prop::sample::select(names), prop::collection::vec(inner, 0..4), any::<bool>()).prop_map(
        |(name, arguments, expand_last)| {
            let expand_last = expand_last && !arguments.is_empty();
            Node::Call(Call { name: Arc::from(name), name_span: SPAN, arguments, expand_last })
        },
    )
}

/// Any expression, without calls of the given functions.
fn expression(without: &'static [&'static str]) -> impl Strategy<Value = Expr> {
    prop_oneof![literal(), name()].prop_recursive(5, 40, 4, move |inner| {
        let several = prop::collection::vec(inner.clone(), 0..4);
        let key = prop_oneof![Just("a"), Just("b")].prop_map(|key| expr(Node::Literal(Value::from(key))));
        let entries = prop::collection::vec((prop_oneof![3 => key, 1 => inner.clone()], inner.clone()), 0..3);
        prop_oneof![
            2 => several.prop_map(Node::List),
            2 => entries.prop_map(Node::Object),
            2 => (inner.clone(), prop::collection::vec(step(inner.clone()), 1..3))
                .prop_map(|(base, steps)| Node::Access(Box::new(base), steps)),
            4 => call(without, inner.clone()),
            2 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| Node::Conditional(Box::new(a), Box::new(b), Box::new(c))),
            1 => (any::<bool>(), inner.clone()).prop_map(|(not, operand)| {
                Node::Unary(if not { UnaryOp::Not } else { UnaryOp::Negate }, Box::new(operand))
            }),
            3 => (inner.clone(), operator(), inner.clone())
                .prop_map(|(a, op, b)| Node::Binary(Box::new(a), op, Box::new(b))),
            2 => repeat(inner.clone()),
            2 => template(inner),
        ]
        .prop_map(expr)
    })
}

/// Values that an input may have.
fn input() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::NULL),
        any::<bool>().prop_map(Value::from),
        (-2_i64..5).prop_map(Value::integer),
        prop_oneof![Just("a"), Just("2"), Just("")].prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::list),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::set),
            (inner.clone(), inner).prop_map(|(a, b)| Value::map([("a", a), ("b", b)])),
        ]
    })
}

fn run(expr: &Expr, secret: Value, input: Value) -> Result<Value, Diagnostics> {
    let limits = Limits { steps: 50_000, bytes: 1 << 16, elements: 5_000, ..Limits::default() };
    let scope = Variables([("secret", secret), ("input", input)].into());
    evaluate(expr, &scope, &NoFiles, &Budget::new(limits))
}

/// Whether the text stands in a part of the value that may be shown.
fn shows(value: &Value, text: &str) -> bool {
    let mut found = false;
    value.leaves(&mut |_, leaf| {
        found |= !leaf.is_sensitive() && leaf.as_str().is_some_and(|s| s.contains(text));
    });
    found || has_key(value, text)
}

fn has_key(value: &Value, text: &str) -> bool {
    !value.is_sensitive()
        && (value
            .as_map()
            .is_some_and(|map| map.iter().any(|(key, item)| key.contains(text) || has_key(item, text)))
            || value.as_list().is_some_and(|items| items.iter().any(|item| has_key(item, text))))
}

/// Whether `known` is what `planned` may turn out to be: the same wherever `planned` is known.
fn refines(planned: &Value, known: &Value) -> bool {
    match (planned.kind(), known.kind()) {
        (Kind::Unknown, _) => true,
        (Kind::List(a), Kind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| refines(a, b))
        }
        (Kind::Map(a), Kind::Map(b)) => {
            a.keys().eq(b.keys()) && a.values().zip(b.values()).all(|(a, b)| refines(a, b))
        }
        (Kind::Set(_), _) if planned.has_unknown() => true,
        (a, b) => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_is_never_shown(expr in expression(TELLING), input in input()) {
        match run(&expr, Value::from(SECRET).mark(true), input) {
            Ok(value) => prop_assert!(!shows(&value, SECRET), "{value:?}"),
            Err(findings) => prop_assert!(!format!("{findings:?}").contains(SECRET), "{findings:?}"),
        }
    }

    #[test]
    fn a_result_known_early_does_not_change(expr in expression(CATCHING), input in input()) {
        let secret = Value::integer(2);
        let planned = run(&expr, secret.clone(), Value::UNKNOWN);
        let known = run(&expr, secret, input);
        if let (Ok(planned), Ok(known)) = (&planned, &known) {
            prop_assert!(refines(planned, known), "planned {planned:?}, became {known:?}");
        }
    }

    #[test]
    fn evaluating_twice_gives_the_same(expr in expression(&[]), input in input()) {
        let first = run(&expr, Value::from("a"), input.clone());
        prop_assert_eq!(first, run(&expr, Value::from("a"), input));
    }
}
