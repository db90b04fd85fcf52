//! Sets. Lists are taken as sets; elements of several types become strings, as in Terraform.

use std::collections::BTreeSet;

use relplan_contract::Value;

use super::Accepts::{Any, Set};
use super::{Arguments, Fault, Function, parameter};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "setintersection",
        &[parameter("first", Set)],
        |arguments| combine(arguments, |common, next| common.intersection(&next).cloned().collect()),
        "The elements that all sets have.",
        ("setintersection([\"a\", \"b\"], [\"b\", \"c\"])", "toset([\"b\"])"),
    )
    .variadic(parameter("others", Set)),
    Function::new(
        "setproduct",
        &[],
        setproduct,
        "All combinations of one element of each list, as lists.",
        ("setproduct([\"a\", \"b\"], [\"c\"])", "[[\"a\", \"c\"], [\"b\", \"c\"]]"),
    )
    .variadic(parameter("sets", Any)),
    Function::new(
        "setsubtract",
        &[parameter("a", Set), parameter("b", Set)],
        |arguments| combine(arguments, |rest, next| rest.difference(&next).cloned().collect()),
        "The elements of the first set that the second one does not have.",
        ("setsubtract([\"a\", \"b\"], [\"b\"])", "toset([\"a\"])"),
    ),
    Function::new(
        "setunion",
        &[parameter("first", Set)],
        |arguments| combine(arguments, |all, next| all.union(&next).cloned().collect()),
        "The elements that any of the sets has.",
        ("setunion([\"a\"], [\"b\", \"a\"])", "toset([\"a\", \"b\"])"),
    )
    .variadic(parameter("others", Set)),
];

type Elements = BTreeSet<Value>;

/// Folds all sets into one, after their elements got one type.
fn combine(arguments: &Arguments<'_>, fold: fn(&Elements, Elements) -> Elements) -> Result<Value, Fault> {
    for set in arguments.from(0) {
        arguments.budget().sorting(set)?;
    }
    let sets = arguments.unified(arguments.from(0))?.ok_or_else(|| {
        Fault::call(
            "The elements of the sets have no type in common.",
            "Convert them first, for example with `tostring(...)`.",
        )
    })?;
    let mut sets =
        sets.iter().map(|set| set.as_list().unwrap_or_default().iter().cloned().collect::<Elements>());
    let first = sets.next().unwrap_or_default();
    let folded = sets.fold(first, |folded, next| fold(&folded, next));
    arguments.budget().elements(folded.len())?;
    Ok(Value::set(folded))
}

fn setproduct(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let lists = arguments.from(0);
    if lists.len() < 2 {
        return Err(Fault::call("There is nothing to combine.", "Give at least two lists."));
    }
    if let Some(index) = lists.iter().position(|list| list.as_list().is_none()) {
        let message = format!("A list or a set is required, but this is {}.", arguments.show(index));
        return Err(Fault::argument(index, message, "Put a single value in brackets: `[x]`."));
    }
    let mut each: Option<Vec<Vec<Value>>> = Some(Vec::new());
    for list in lists {
        let unified = arguments.unified(list.as_list().unwrap_or_default())?;
        each = each.zip(unified).map(|(mut each, unified)| {
            each.push(unified);
            each
        });
    }
    let each = each.ok_or_else(|| {
        Fault::call(
            "The elements of a list have no type in common.",
            "Convert them first, for example with `tostring(...)`.",
        )
    })?;
    let count = each.iter().fold(1_usize, |count, items| count.saturating_mul(items.len()));
    arguments.budget().elements(count.saturating_mul(each.len()))?;
    let mut combined: Vec<Vec<Value>> = vec![Vec::new()];
    for items in &each {
        let longer = combined.iter().flat_map(|begun| {
            items.iter().map(move |item| begun.iter().chain(std::iter::once(item)).cloned().collect())
        });
        combined = longer.collect();
    }
    let product = combined.into_iter().map(Value::list);
    // Of sets alone, the product is a set.
    let all_sets = lists.iter().all(|list| matches!(list.kind(), relplan_contract::Kind::Set(_)));
    Ok(if all_sets { Value::set(product) } else { Value::list(product) })
}
