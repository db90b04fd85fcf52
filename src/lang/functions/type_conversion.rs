//! Conversions between types, and marks of sensitivity. `try` and `can` are told of here, and done by the evaluator.

use relplan_contract::{Kind, Type, Value};

use super::Accepts::Any;
use super::{Arguments, Fault, Function, nullable};
use crate::lang::eval::unify::{UNIFYING, unify};

const VALUE: &[super::Parameter] = &[nullable("value", Any)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "can",
        VALUE,
        |_| Ok(Value::from(true)),
        "Whether the expression has a value, instead of an error.",
        ("can({ a = 1 }.b)", "false"),
    ),
    Function::new(
        "issensitive",
        VALUE,
        |arguments| Ok(Value::from(arguments.value(0).is_sensitive())),
        "Whether the value is marked as sensitive.",
        ("issensitive(sensitive(\"x\"))", "true"),
    )
    .itself(),
    Function::new(
        "nonsensitive",
        VALUE,
        |arguments| Ok(arguments.value(0).clone().unmark()),
        "The value without its mark as sensitive: it will be shown. Parts keep marks of their own.",
        ("issensitive(nonsensitive(sensitive(\"x\")))", "false"),
    )
    .itself(),
    Function::new(
        "sensitive",
        VALUE,
        |arguments| Ok(arguments.value(0).clone().mark(true)),
        "The value marked as sensitive: it is not shown, and neither is what is computed from it.",
        ("nonsensitive(sensitive(1))", "1"),
    )
    .itself(),
    Function::new(
        "tobool",
        VALUE,
        |arguments| primitive(arguments, &Type::Bool),
        "The value as a bool: only \"true\" and \"false\" are converted.",
        ("tobool(\"true\")", "true"),
    ),
    Function::new(
        "tolist",
        VALUE,
        tolist,
        "The elements of a set or list as a list; elements of several types become strings.",
        ("tolist([\"a\", 1])", "[\"a\", \"1\"]"),
    )
    .moves(),
    Function::new(
        "tomap",
        VALUE,
        tomap,
        "The object as a map; values of several types become strings.",
        ("tomap({ a = \"x\", b = 1 })", "{ a = \"x\", b = \"1\" }"),
    )
    .moves(),
    Function::new(
        "tonumber",
        VALUE,
        |arguments| primitive(arguments, &Type::Number),
        "The value as a number: only decimal digits are converted.",
        ("tonumber(\"1.50\")", "1.5"),
    ),
    Function::new(
        "toset",
        VALUE,
        toset,
        "The elements of a list, each once and sorted; elements of several types become strings.",
        ("tolist(toset([\"b\", \"a\", \"b\"]))", "[\"a\", \"b\"]"),
    ),
    Function::new(
        "tostring",
        VALUE,
        |arguments| primitive(arguments, &Type::String),
        "The number or bool as a string.",
        ("tostring(1.50)", "\"1.5\""),
    ),
    Function::new(
        "try",
        &[],
        |arguments| Ok(arguments.value(0).clone()),
        "The first of the expressions that has a value, instead of an error.",
        ("try({ a = 1 }.b, \"none\")", "\"none\""),
    )
    .variadic(nullable("values", Any)),
    Function::new(
        "type",
        VALUE,
        |arguments| arguments.string(name(arguments.value(0))),
        "The type of the value as a text; lists and maps are told of element by element.",
        ("type([1, \"a\"])", "\"tuple([number, string])\""),
    ),
];

/// A list or set with elements of one type as a set; none for other values.
pub(super) fn to_set(value: &Value) -> Option<Value> {
    if matches!(value.kind(), Kind::Set(_)) {
        return Some(value.clone());
    }
    let unified = unify(value.as_list()?)?;
    // Which elements there are can be told from the set as a whole.
    let sensitive = unified.iter().any(Value::has_sensitive);
    Some(Value::set(unified).mark(sensitive || value.is_sensitive()))
}

fn primitive(arguments: &Arguments<'_>, ty: &Type) -> Result<Value, Fault> {
    ty.convert(arguments.value(0)).map_err(|_| {
        let help = match (arguments.value(0).as_str(), ty) {
            (None, Type::String) => "Use a part of it; for a text, `jsonencode(...)`.",
            (Some(_), Type::Bool) => "Only the strings \"true\" and \"false\" are converted.",
            (Some(_), _) => "The string must be a decimal number such as \"-12.5\".",
            (None, _) => "Write a comparison or a calculation that gives the value you need.",
        };
        Fault::argument(0, format!("It must stand for a {ty}, but this is {}.", arguments.show(0)), help)
    })
}

fn tolist(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let value = arguments.value(0);
    if value.is_null() {
        return Ok(Value::NULL);
    }
    let items = value.as_list().ok_or_else(|| {
        let message = format!("Only a list or a set is a list, but this is {}.", arguments.show(0));
        Fault::argument(0, message, "Put a single value in brackets: `[x]`; use `values(...)` of a map.")
    })?;
    arguments.items(arguments.unified(items)?.ok_or_else(|| mixed(0))?)
}

fn toset(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let value = arguments.value(0);
    if value.is_null() {
        return Ok(Value::NULL);
    }
    if value.as_list().is_none() {
        let message = format!("Only a list or a set is a set, but this is {}.", arguments.show(0));
        return Err(Fault::argument(
            0,
            message,
            "Put a single value in brackets: `[x]`; use `keys(...)` of a map.",
        ));
    }
    let survey = arguments.budget().survey(value)?;
    if survey.unknown {
        // Which elements are the same is not known yet.
        return Ok(Value::UNKNOWN.mark(survey.sensitive));
    }
    arguments.budget().elements(value.as_list().map_or(0, <[Value]>::len))?;
    arguments.budget().survey_times(value, UNIFYING)?;
    arguments.budget().sorting(value)?;
    to_set(value).ok_or_else(|| mixed(0))
}

fn tomap(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let value = arguments.value(0);
    if value.is_null() {
        return Ok(Value::NULL);
    }
    let map = value.as_map().ok_or_else(|| {
        let message = format!("Only an object is a map, but this is {}.", arguments.show(0));
        Fault::argument(0, message, "Write `{ for x in list : x => ... }` to make a map of a list.")
    })?;
    let items: Vec<Value> = map.values().cloned().collect();
    arguments.budget().elements(items.len())?;
    let unified = arguments.unified(&items)?.ok_or_else(|| mixed(0))?;
    Ok(Value::map(map.keys().cloned().zip(unified)))
}

fn mixed(index: usize) -> Fault {
    Fault::argument(
        index,
        "Its elements have no type in common.",
        "Convert them first, for example with `tostring(...)`.",
    )
}

fn name(value: &Value) -> String {
    let parts = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    match value.kind() {
        Kind::List(items) => format!("tuple([{}])", parts(&mut items.iter().map(name))),
        Kind::Set(items) => format!("set({})", items.first().map_or_else(|| "any".to_owned(), name)),
        Kind::Map(map) => {
            format!(
                "object({{{}}})",
                parts(&mut map.iter().map(|(key, item)| format!("{key}: {}", name(item))))
            )
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Sealed(_) | Kind::Unknown => {
            value.kind_name().to_owned()
        }
    }
}
