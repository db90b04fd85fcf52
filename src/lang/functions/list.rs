//! Lists.

use std::collections::BTreeSet;

use relplan_contract::{Kind, Parts, Value};

use super::Accepts::{Any, Bools, List, Number as Num, Strings};
use super::string::GRAPHEMES;
use super::{Arguments, Fault, Function, nullable, parameter};

mod position;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "alltrue",
        &[parameter("list", Bools)],
        |arguments| Ok(truth(arguments.value(0), false)),
        "Whether all elements are true; so is an empty list.",
        ("alltrue([\"true\", true])", "true"),
    )
    .itself(),
    Function::new(
        "anytrue",
        &[parameter("list", Bools)],
        |arguments| Ok(truth(arguments.value(0), true)),
        "Whether any element is true.",
        ("anytrue([false, true])", "true"),
    )
    .itself(),
    Function::new(
        "chunklist",
        &[parameter("list", List), parameter("size", Num)],
        position::chunklist,
        "The list cut into lists of the size; the last one may be shorter.",
        ("chunklist([1, 2, 3], 2)", "[[1, 2], [3]]"),
    )
    .moves(),
    Function::new(
        "coalesce",
        &[],
        |arguments| first(arguments, "value that is neither null nor an empty string", |value| {
            !value.is_null() && value.as_str() != Some("")
        }),
        "The first value that is neither null nor an empty string.",
        ("coalesce(null, \"\", \"b\")", "\"b\""),
    )
    .variadic(nullable("values", Any))
    .itself(),
    Function::new(
        "coalescelist",
        &[],
        |arguments| first(arguments, "list that is not empty", |value| {
            value.as_list().is_some_and(|items| !items.is_empty())
        }),
        "The first list that is not empty.",
        ("coalescelist([], [1])", "[1]"),
    )
    .variadic(nullable("lists", List))
    .itself(),
    Function::new(
        "compact",
        &[parameter("list", Strings)],
        |arguments| {
            let filled = arguments.list(0).iter().filter(|item| item.as_str().is_some_and(|text| !text.is_empty()));
            arguments.items(filled.cloned().collect())
        },
        "The strings of the list that are neither null nor empty.",
        ("compact([\"a\", \"\", null, \"b\"])", "[\"a\", \"b\"]"),
    ),
    Function::new(
        "concat",
        &[],
        concat,
        "The elements of all lists in one list.",
        ("concat([1], [\"a\"])", "[1, \"a\"]"),
    )
    .variadic(parameter("lists", Any))
    .moves(),
    Function::new(
        "contains",
        &[parameter("list", List), parameter("value", Any)],
        |arguments| Ok(Value::from(arguments.list(0).contains(arguments.value(1)))),
        "Whether the value is an element of the list or set. 1 and \"1\" are not the same.",
        ("contains([\"a\", \"b\"], \"a\")", "true"),
    ),
    Function::new(
        "distinct",
        &[parameter("list", List)],
        |arguments| {
            arguments.budget().sorting(arguments.value(0))?;
            let items = arguments.unified(arguments.list(0))?.unwrap_or_else(|| arguments.list(0).to_vec());
            let mut seen = BTreeSet::new();
            arguments.items(items.into_iter().filter(|item| seen.insert(item.clone())).collect())
        },
        "The list with each element once, at its first place.",
        ("distinct([\"b\", \"a\", \"b\"])", "[\"b\", \"a\"]"),
    ),
    Function::new(
        "element",
        &[parameter("list", Any), parameter("index", Num)],
        position::element,
        "The element at a position; beyond the end, counting begins again at the start.",
        ("element([\"a\", \"b\"], 3)", "\"b\""),
    )
    .moves(),
    Function::new(
        "flatten",
        &[parameter("list", List)],
        flatten,
        "The list with lists inside of it, at any depth, replaced by their elements.",
        ("flatten([[\"a\", [\"b\"]], \"c\"])", "[\"a\", \"b\", \"c\"]"),
    )
    .moves(),
    Function::new(
        "index",
        &[parameter("list", List), parameter("value", Any)],
        position::index,
        "The position of the first element that is equal to the value.",
        ("index([\"a\", \"b\"], \"b\")", "1"),
    ),
    Function::new(
        "length",
        &[parameter("value", Any)],
        length,
        "The number of elements of a collection, or of characters of a string.",
        ("length([1, 2])", "2"),
    )
    .moves(),
    Function::new(
        "matchkeys",
        &[parameter("values", List), parameter("keys", List), parameter("search", List)],
        matchkeys,
        "The values at those positions where the key is one of those searched for.",
        ("matchkeys([\"i1\", \"i2\"], [\"eu\", \"us\"], [\"us\"])", "[\"i2\"]"),
    ),
    Function::new(
        "one",
        &[parameter("list", List)],
        position::one,
        "The only element of a list or set, or null when it is empty.",
        ("one([\"a\"])", "\"a\""),
    )
    .moves(),
    Function::new(
        "range",
        &[parameter("limit", Num)],
        position::range,
        "Numbers from 0, or from the first argument, up to but without the limit; a third argument is the step.",
        ("range(1, 8, 2)", "[1, 3, 5, 7]"),
    )
    .variadic(parameter("limits", Num)),
    Function::new(
        "reverse",
        &[parameter("list", List)],
        |arguments| arguments.items(arguments.list(0).iter().rev().cloned().collect()),
        "The list backwards.",
        ("reverse([1, 2, 3])", "[3, 2, 1]"),
    )
    .moves(),
    Function::new(
        "slice",
        &[parameter("list", List), parameter("start_index", Num), parameter("end_index", Num)],
        position::slice,
        "The elements from one position up to but without another.",
        ("slice([\"a\", \"b\", \"c\"], 1, 2)", "[\"b\"]"),
    )
    .moves(),
    Function::new(
        "sort",
        &[parameter("list", Strings)],
        |arguments| {
            arguments.budget().sorting(arguments.value(0))?;
            let mut texts = arguments.texts(0)?;
            texts.sort_unstable();
            arguments.items(texts.into_iter().map(Value::string).collect())
        },
        "The strings of the list, sorted by their characters.",
        ("sort([\"b\", \"a\"])", "[\"a\", \"b\"]"),
    ),
];

/// Whether all elements are `!decided_by`, or any is: unknown unless one known element decides.
fn truth(list: &Value, decided_by: bool) -> Value {
    let items = list.as_list().unwrap_or_default();
    let sensitive = list.has_sensitive();
    // A null counts as false.
    let is = |item: &Value| if item.is_null() { Some(false) } else { item.as_bool() };
    let result = if items.iter().any(|item| is(item) == Some(decided_by)) {
        Value::from(decided_by)
    } else if list.as_list().is_none() || items.iter().any(|item| is(item).is_none()) {
        Value::UNKNOWN
    } else {
        Value::from(!decided_by)
    };
    result.mark(sensitive)
}

/// The first wanted argument; unknown when one before it is, sensitive when one up to it is.
fn first(arguments: &Arguments<'_>, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Fault> {
    let mut sensitive = false;
    for (index, value) in arguments.from(0).iter().enumerate() {
        sensitive |= value.is_sensitive();
        if matches!(value.kind(), Kind::Unknown | Kind::Sealed(_)) {
            return Ok(Value::UNKNOWN.mark(sensitive));
        }
        if wanted(value) {
            let unified =
                arguments.unified(arguments.from(0))?.and_then(|mut values| values.drain(..).nth(index));
            let value = unified.ok_or_else(|| {
                Fault::call(
                    "The arguments have no type in common.",
                    "Convert them first, for example with `tostring(...)`.",
                )
            })?;
            return Ok(value.mark(sensitive));
        }
    }
    Err(Fault::call(format!("There is no {what}."), "Add a last argument that serves in any case."))
}

fn concat(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    if arguments.from(0).is_empty() {
        return Err(Fault::call("There is no list.", "Give at least one list."));
    }
    let mut all = Vec::new();
    for (index, value) in arguments.from(0).iter().enumerate() {
        all.extend(ordered(arguments, index, value)?.iter().cloned());
        arguments.budget().elements(value.as_list().map_or(0, <[Value]>::len))?;
    }
    Ok(Value::list(all))
}

/// The elements of a list; a set, which has no order, is refused.
fn ordered<'v>(arguments: &Arguments<'_>, index: usize, value: &'v Value) -> Result<&'v [Value], Fault> {
    if let Kind::List(items) = value.kind() {
        return Ok(items);
    }
    let help = if matches!(value.kind(), Kind::Set(_)) {
        "Use `tolist(...)` of the set first."
    } else {
        "Put a single value in brackets: `[x]`."
    };
    Err(Fault::argument(index, format!("A list is required, but this is {}.", arguments.show(index)), help))
}

fn flatten(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut flat = Flat { items: Vec::new(), sensitive: false, unknown: false };
    flat.take(arguments, arguments.list(0))?;
    let value = if flat.unknown { Value::UNKNOWN } else { Value::list(flat.items) };
    Ok(value.mark(flat.sensitive))
}

struct Flat {
    items: Vec<Value>,
    /// A list inside was sensitive: so is which elements came from it.
    sensitive: bool,
    /// An element is unknown: it may turn out to be a list.
    unknown: bool,
}

impl Flat {
    fn take(&mut self, arguments: &Arguments<'_>, items: &[Value]) -> Result<(), Fault> {
        arguments.budget().elements(items.len())?;
        for item in items {
            match item.parts() {
                Parts::Items(inner) => {
                    self.sensitive |= item.is_sensitive();
                    self.take(arguments, inner)?;
                }
                Parts::Leaf | Parts::Entries(_) => {
                    let unknown = matches!(item.kind(), Kind::Unknown | Kind::Sealed(_));
                    self.unknown |= unknown;
                    self.sensitive |= unknown && item.is_sensitive();
                    self.items.push(item.clone());
                }
            }
        }
        Ok(())
    }
}

fn length(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    use unicode_segmentation::UnicodeSegmentation as _;
    let value = arguments.value(0);
    // Unknown elements of a set may turn out to be the same.
    if matches!(value.kind(), Kind::Set(_)) && arguments.budget().survey(value)?.unknown {
        return Ok(Value::UNKNOWN);
    }
    let count = match (value.kind(), value.parts()) {
        (Kind::String(text), _) => {
            arguments.read_slowly(0, GRAPHEMES)?;
            text.graphemes(true).count()
        }
        (_, Parts::Items(items)) => items.len(),
        (_, Parts::Entries(map)) => map.len(),
        (_, Parts::Leaf) => {
            let message =
                format!("Only strings and collections have a length, but this is {}.", arguments.show(0));
            return Err(Fault::argument(
                0,
                message,
                "Use `length(tostring(...))` for the digits of a number.",
            ));
        }
    };
    Ok(Value::integer(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn matchkeys(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (values, keys, search) = (arguments.list(0), arguments.list(1), arguments.list(2));
    if values.len() != keys.len() {
        let message = format!("It has {} elements, but there are {} values.", keys.len(), values.len());
        return Err(Fault::argument(1, message, "Give one key for each value."));
    }
    let all: Vec<Value> = keys.iter().chain(search).cloned().collect();
    arguments.budget().sorting(arguments.value(2))?;
    arguments.budget().survey_times(arguments.value(1), u64::from(search.len().max(2).ilog2()))?;
    let unified = arguments.unified(&all)?.unwrap_or(all);
    let (keys, search) = unified.split_at_checked(values.len()).unwrap_or_default();
    let wanted: BTreeSet<&Value> = search.iter().collect();
    let matching = values.iter().zip(keys).filter(|(_, key)| wanted.contains(key));
    arguments.items(matching.map(|(value, _)| value.clone()).collect())
}
