//! Type constraints: `list(string)`, `object({ name = optional(string, "x") })`.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Field, Type};

use super::constant;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::{Call, Expr, Node};

const PRIMITIVES: &[&str] = &["any", "bool", "number", "string"];
const CONSTRUCTORS: &[&str] = &["list", "map", "object", "set", "tuple"];

/// The type that an expression stands for; `any` after a diagnostic.
pub(super) fn lower(expr: &Expr, diagnostics: &mut Diagnostics) -> Type {
    match &expr.node {
        Node::Name(name) => named(name, expr, diagnostics),
        Node::Call(call) => constructed(call, expr, diagnostics),
        Node::Literal(value) if value.is_unknown() => Type::Any,
        Node::Literal(value) => match value.as_str() {
            Some(name @ ("string" | "number" | "bool" | "any" | "list" | "map")) => {
                diagnostics.push(
                    Diagnostic::warning("Quoted type", "Types in quotes are an old way of writing them.")
                        .at(expr.span)
                        .help(format!("Write {name} without quotes.")),
                );
                named(name, expr, diagnostics)
            }
            Some(_) | None => invalid(expr, "Types are written without quotes.", diagnostics),
        },
        Node::Template(_)
        | Node::List(_)
        | Node::Object(_)
        | Node::Access(..)
        | Node::Conditional(..)
        | Node::Unary(..)
        | Node::Binary(..)
        | Node::For(_)
        | Node::Parens(_) => {
            invalid(expr, "Write `list(...)`, `object({ ... })` or `tuple([...])`.", diagnostics)
        }
    }
}

fn named(name: &str, expr: &Expr, diagnostics: &mut Diagnostics) -> Type {
    match name {
        "any" => Type::Any,
        "bool" => Type::Bool,
        "number" => Type::Number,
        "string" => Type::String,
        "list" => Type::list(Type::Any),
        "set" => Type::set(Type::Any),
        "map" => Type::map(Type::Any),
        "object" => invalid(expr, "Name the attributes: `object({ name = string })`.", diagnostics),
        "tuple" => invalid(expr, "Name the types: `tuple([string, number])`.", diagnostics),
        "optional" => {
            invalid(expr, "`optional(...)` belongs to an attribute of `object({ ... })`.", diagnostics)
        }
        _ => {
            let words = PRIMITIVES.iter().chain(CONSTRUCTORS).copied();
            let help = match did_you_mean(name, words) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => {
                    "The types are string, number, bool, any, list, set, map, object and tuple.".to_owned()
                }
            };
            invalid(expr, &help, diagnostics)
        }
    }
}

fn constructed(call: &Call, expr: &Expr, diagnostics: &mut Diagnostics) -> Type {
    let [argument] = call.arguments.as_slice() else {
        let help = format!("Write it with one argument, as in `{}`.", example(&call.name));
        return invalid(expr, &help, diagnostics);
    };
    match (&*call.name, &argument.node) {
        ("list", _) => Type::list(lower(argument, diagnostics)),
        ("set", _) => Type::set(lower(argument, diagnostics)),
        ("map", _) => Type::map(lower(argument, diagnostics)),
        ("tuple", Node::List(items)) => {
            Type::Tuple(items.iter().map(|item| lower(item, diagnostics)).collect())
        }
        ("object", Node::Object(entries)) => object(entries, diagnostics),
        (name @ ("tuple" | "object"), _) => {
            invalid(argument, &format!("Write it as in `{}`.", example(name)), diagnostics)
        }
        ("optional", _) => named("optional", expr, diagnostics),
        (name, _) => {
            let help = match did_you_mean(name, CONSTRUCTORS.iter().copied()) {
                Some(near) => format!("Did you mean `{near}(...)`?"),
                None => format!("These take types: {}.", CONSTRUCTORS.join(", ")),
            };
            invalid(expr, &help, diagnostics)
        }
    }
}

fn example(name: &str) -> &'static str {
    match name {
        "object" => "object({ name = string, port = optional(number, 80) })",
        "tuple" => "tuple([string, number])",
        "map" => "map(string)",
        "set" => "set(string)",
        "optional" => "object({ port = optional(number, 80) })",
        _ => "list(string)",
    }
}

fn object(entries: &[(Expr, Expr)], diagnostics: &mut Diagnostics) -> Type {
    let mut fields: BTreeMap<Arc<str>, Field> = BTreeMap::new();
    for (key, value) in entries {
        let name = if let Node::Literal(name) = &key.node { name.as_str() } else { None };
        match name {
            Some(name) => {
                fields.insert(name.into(), field(value, diagnostics));
            }
            None => {
                invalid(key, "The names of attributes are plain words.", diagnostics);
            }
        }
    }
    Type::Object(fields)
}

fn field(expr: &Expr, diagnostics: &mut Diagnostics) -> Field {
    let Node::Call(call) = &expr.node else {
        return Field { ty: lower(expr, diagnostics), optional: false, default: None };
    };
    match (&*call.name, call.arguments.as_slice()) {
        ("optional", [ty]) => Field { ty: lower(ty, diagnostics), optional: true, default: None },
        ("optional", [ty, default]) => {
            let ty = lower(ty, diagnostics);
            let value = constant::value(default, "a default in optional()", diagnostics);
            let default = value.and_then(|value| match ty.convert(&value) {
                Ok(value) => Some(value),
                Err(misfit) => {
                    diagnostics.push(
                        Diagnostic::error(
                            "Wrong type",
                            format!("The default does not fit its own type: {misfit}."),
                        )
                        .at(constant::place_of(default, &misfit.path))
                        .help(format!("Give a value of the type {ty}.")),
                    );
                    None
                }
            });
            Field { ty, optional: true, default }
        }
        ("optional", _) => {
            invalid(expr, "Write it as `optional(TYPE)` or `optional(TYPE, DEFAULT)`.", diagnostics);
            Field { ty: Type::Any, optional: true, default: None }
        }
        _ => Field { ty: lower(expr, diagnostics), optional: false, default: None },
    }
}

fn invalid(expr: &Expr, help: &str, diagnostics: &mut Diagnostics) -> Type {
    diagnostics.push(Diagnostic::error("Invalid type", "This is not a type.").at(expr.span).help(help));
    Type::Any
}
