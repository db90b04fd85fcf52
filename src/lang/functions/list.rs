//! Lists.

use std::collections::BTreeSet;

use relplan_contract::{Kind, Number, Parts, Value};

use super::Accepts::{Any, Bools, List, Number as Num, Strings};
use super::{Arguments, Fault, Function, nullable, parameter};
use crate::lang::eval::unify::unify;

/// The most values that `range` makes, as in Terraform.
const LONGEST_RANGE: usize = 1_024;

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
        chunklist,
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
            Ok(Value::list(filled.cloned()))
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
            let items = unify(arguments.list(0)).unwrap_or_else(|| arguments.list(0).to_vec());
            let mut seen = BTreeSet::new();
            Ok(Value::list(items.into_iter().filter(|item| seen.insert(item.clone()))))
        },
        "The list with each element once, at its first place.",
        ("distinct([\"b\", \"a\", \"b\"])", "[\"b\", \"a\"]"),
    ),
    Function::new(
        "element",
        &[parameter("list", Any), parameter("index", Num)],
        element,
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
        index,
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
        one,
        "The only element of a list or set, or null when it is empty.",
        ("one([\"a\"])", "\"a\""),
    )
    .moves(),
    Function::new(
        "range",
        &[parameter("limit", Num)],
        range,
        "Numbers from 0, or from the first argument, up to but without the limit; a third argument is the step.",
        ("range(1, 8, 2)", "[1, 3, 5, 7]"),
    )
    .variadic(parameter("limits", Num)),
    Function::new(
        "reverse",
        &[parameter("list", List)],
        |arguments| Ok(Value::list(arguments.list(0).iter().rev().cloned())),
        "The list backwards.",
        ("reverse([1, 2, 3])", "[3, 2, 1]"),
    )
    .moves(),
    Function::new(
        "slice",
        &[parameter("list", List), parameter("start_index", Num), parameter("end_index", Num)],
        slice,
        "The elements from one position up to but without another.",
        ("slice([\"a\", \"b\", \"c\"], 1, 2)", "[\"b\"]"),
    )
    .moves(),
    Function::new(
        "sort",
        &[parameter("list", Strings)],
        |arguments| {
            let mut texts = arguments.texts(0)?;
            texts.sort_unstable();
            Ok(Value::list(texts.into_iter().map(Value::string)))
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
            for value in arguments.from(0) {
                arguments.budget().survey(value)?;
            }
            let unified = unify(arguments.from(0)).and_then(|mut values| values.drain(..).nth(index));
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

fn chunklist(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let size = usize::try_from(arguments.integer(1)?).map_err(|_| {
        Fault::argument(1, "The size must not be negative.", "Give 1 or more; 0 means one list of all.")
    })?;
    let items = arguments.list(0);
    let chunks = items.chunks(if size == 0 { items.len().max(1) } else { size });
    arguments.items(chunks.map(|chunk| Value::list(chunk.iter().cloned())).collect())
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

fn element(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let items = ordered(arguments, 0, arguments.value(0))?;
    let position = usize::try_from(arguments.integer(1)?).map_err(|_| {
        Fault::argument(
            1,
            "The position must not be negative.",
            "Positions are counted from 0; the last is `length(list) - 1`.",
        )
    })?;
    position.checked_rem(items.len()).and_then(|position| items.get(position)).cloned().ok_or_else(|| {
        Fault::argument(0, "The list is empty.", "Use `try(element(...), null)` where it may be empty.")
    })
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

fn index(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let position = arguments.list(0).iter().position(|item| item == arguments.value(1));
    position.and_then(|position| i64::try_from(position).ok()).map(Value::integer).ok_or_else(|| {
        let message = format!("It must be an element of the list, but this is {}.", arguments.show(1));
        Fault::argument(1, message, "Ask `contains(...)` first; 1 and \"1\" are not the same.")
    })
}

fn length(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    use unicode_segmentation::UnicodeSegmentation as _;
    let value = arguments.value(0);
    // Unknown elements of a set may turn out to be the same.
    if matches!(value.kind(), Kind::Set(_)) && arguments.budget().survey(value)?.unknown {
        return Ok(Value::UNKNOWN);
    }
    let count = match (value.kind(), value.parts()) {
        (Kind::String(text), _) => text.graphemes(true).count(),
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
    let unified = unify(&all).unwrap_or(all);
    let (keys, search) = unified.split_at_checked(values.len()).unwrap_or_default();
    let wanted: BTreeSet<&Value> = search.iter().collect();
    let matching = values.iter().zip(keys).filter(|(_, key)| wanted.contains(key));
    Ok(Value::list(matching.map(|(value, _)| value.clone())))
}

fn one(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    match arguments.list(0) {
        [] => Ok(Value::NULL),
        [only] => Ok(only.clone()),
        items => {
            let message = if arguments.is_hidden() {
                "It must have at most one element, but has more.".to_owned()
            } else {
                format!("It must have at most one element, but has {}.", items.len())
            };
            Err(Fault::argument(0, message, "Choose one, for example with `[0]`."))
        }
    }
}

fn range(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let zero = Number::from(0);
    let (start, end) = match arguments.from(0).len() {
        1 => (zero.clone(), arguments.number(0)),
        2 | 3 => (arguments.number(0), arguments.number(1)),
        count => {
            return Err(Fault::call(
                format!("It takes one to three numbers, but {count} are given."),
                "Write `range(limit)`, `range(start, limit)` or `range(start, limit, step)`.",
            ));
        }
    };
    let down = end < start;
    let step = if arguments.given(2).is_some() {
        arguments.number(2)
    } else {
        Number::from(if down { -1 } else { 1 })
    };
    if step == zero {
        return Err(Fault::argument(2, "The step must not be 0.", "Leave it out, or give another one."));
    }
    if (step < zero) != down && start != end {
        let way = if down {
            "The limit is below the start, so the step must be negative."
        } else {
            "The limit is above the start, so the step must not be negative."
        };
        return Err(Fault::argument(2, way, "Change its sign, or leave it out."));
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if numbers.len() == LONGEST_RANGE {
            let message = format!("It would make more than {LONGEST_RANGE} numbers.");
            return Err(Fault::call(message, "Use a larger step, or bring the limits closer together."));
        }
        numbers.push(Value::from(next.clone()));
        next = next
            .add(&step)
            .map_err(|error| Fault::call(format!("Counting fails: {error}."), "Use smaller numbers."))?;
    }
    arguments.items(numbers)
}

fn slice(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let items = arguments.list(0);
    let position = |index: usize| -> Result<usize, Fault> {
        usize::try_from(arguments.integer(index)?)
            .map_err(|_| Fault::argument(index, "It must not be negative.", "Positions are counted from 0."))
    };
    let (start, end) = (position(1)?, position(2)?);
    if end > items.len() {
        let has = arguments.detail(|| format!(", which is {}", items.len()));
        let message = format!("It must not be above the length of the list{has}.");
        return Err(Fault::argument(2, message, "Use `min(..., length(list))`."));
    }
    let part = items.get(start..end).ok_or_else(|| {
        Fault::argument(
            1,
            "It must not be above the end index.",
            "Exchange the two, or give the smaller one first.",
        )
    })?;
    Ok(Value::list(part.iter().cloned()))
}
