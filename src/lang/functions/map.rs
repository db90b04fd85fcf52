//! Maps and objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Kind, Map as Entries, Type, Value};

use super::Accepts::{Any, List, Map, String as Text};
use super::{Arguments, Fault, Function, nullable, parameter};
use crate::diag::did_you_mean;
use crate::lang::eval::show;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "keys",
        &[parameter("map", Map)],
        |arguments| {
            arguments.items(arguments.map(0).keys().map(|key| Value::string(Arc::clone(key))).collect())
        },
        "The keys of a map, sorted.",
        ("keys({ b = 1, a = 2 })", "[\"a\", \"b\"]"),
    )
    .moves(),
    Function::new(
        "lookup",
        &[parameter("map", Map), parameter("key", Text)],
        lookup,
        "The entry of a key, or the third argument where there is none.",
        ("lookup({ a = 1 }, \"b\", 3)", "3"),
    )
    .variadic(nullable("default", Any))
    .moves(),
    Function::new(
        "merge",
        &[],
        merge,
        "The entries of all maps in one; of equal keys, the last one counts.",
        ("merge({ a = 1, b = 1 }, { b = 2 })", "{ a = 1, b = 2 }"),
    )
    .variadic(nullable("maps", Map))
    .moves(),
    Function::new(
        "transpose",
        &[parameter("map", Map)],
        transpose,
        "A map of lists of strings turned inside out: each string with the keys whose lists have it.",
        ("transpose({ a = [\"1\", \"2\"], b = [\"2\"] })", "{ \"1\" = [\"a\"], \"2\" = [\"a\", \"b\"] }"),
    ),
    Function::new(
        "values",
        &[parameter("map", Map)],
        |arguments| arguments.items(arguments.map(0).values().cloned().collect()),
        "The values of a map, in the order of their keys.",
        ("values({ b = 1, a = 2 })", "[2, 1]"),
    )
    .moves(),
    Function::new(
        "zipmap",
        &[parameter("keys", List), parameter("values", List)],
        zipmap,
        "A map of keys from one list and values from another.",
        ("zipmap([\"a\", \"b\"], [1, 2])", "{ a = 1, b = 2 }"),
    )
    .moves(),
];

fn lookup(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    if arguments.from(0).len() > 3 {
        return Err(Fault::call(
            "More than three arguments are given.",
            "Write `lookup(map, key, default)`.",
        ));
    }
    let (map, key) = (arguments.map(0), arguments.text(1));
    if let Some(value) = map.get(key).or_else(|| arguments.given(2)) {
        return Ok(value.clone());
    }
    let given = arguments.detail(|| format!(" {}", show::text(key)));
    arguments.budget().steps(map.len() as u64)?;
    let near = did_you_mean(key, map.keys().map(|key| &**key)).filter(|_| !arguments.is_hidden());
    let help = near.map_or_else(
        || "Give a third argument for the value where there is none.".to_owned(),
        |near| format!("Did you mean {}? A third argument is taken where there is none.", show::text(near)),
    );
    Err(Fault::argument(1, format!("The map has no key{given}."), help))
}

fn merge(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut merged = Entries::new();
    for index in 0..arguments.from(0).len() {
        let map = arguments.map(index);
        arguments.budget().elements(map.len())?;
        merged.extend(map.iter().map(|(key, value)| (Arc::clone(key), value.clone())));
    }
    Ok(Value::new(Kind::Map(Arc::new(merged))))
}

fn transpose(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    arguments.budget().survey_times(arguments.value(0), 8)?;
    let ty = Type::map(Type::list(Type::String));
    let fitted = ty.convert(arguments.value(0)).ok().ok_or_else(no_lists)?;
    let mut turned: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, texts) in fitted.as_map().into_iter().flatten() {
        for text in texts.as_list().ok_or_else(no_lists)? {
            arguments.budget().elements(1)?;
            let text = text.as_str().ok_or_else(no_lists)?;
            turned.entry(text.into()).or_default().push(Value::string(Arc::clone(key)));
        }
    }
    Ok(Value::map(turned.into_iter().map(|(key, keys)| (key, Value::list(keys)))))
}

fn no_lists() -> Fault {
    Fault::argument(
        0,
        "Every entry must be a list of strings.",
        "Put single strings in brackets, and leave out null.",
    )
}

fn zipmap(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (keys, values) = (arguments.list(0), arguments.list(1));
    if keys.len() != values.len() {
        let counts =
            arguments.detail(|| format!(": there are {} keys and {} values", keys.len(), values.len()));
        return Err(Fault::call(
            format!("The lists differ in length{counts}."),
            "Give one value for each key.",
        ));
    }
    arguments.budget().elements(keys.len())?;
    let sensitive = keys.iter().any(Value::is_sensitive);
    if keys.iter().any(|key| matches!(key.kind(), Kind::Unknown | Kind::Sealed(_))) {
        return Ok(Value::UNKNOWN.mark(sensitive));
    }
    let mut map = Entries::new();
    for (key, value) in keys.iter().zip(values) {
        let Ok(Kind::String(name)) = Type::String.convert(key).map(Value::into_kind) else {
            return Err(Fault::argument(
                0,
                "Every key must be a string.",
                "Convert the keys with `tostring(...)`.",
            ));
        };
        map.insert(name, value.clone());
    }
    Ok(Value::new(Kind::Map(Arc::new(map))).mark(sensitive))
}
