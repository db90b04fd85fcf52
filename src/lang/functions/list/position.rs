//! Elements of lists by their positions.

use relplan_contract::{Number, Value};

use super::super::{Arguments, Fault};
use super::ordered;

/// The most values that `range` makes, as in Terraform.
const LONGEST_RANGE: usize = 1_024;

pub(super) fn chunklist(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let size = usize::try_from(arguments.integer(1)?).map_err(|_| {
        Fault::argument(1, "The size must not be negative.", "Give 1 or more; 0 means one list of all.")
    })?;
    let items = arguments.list(0);
    // Each chunk is a list, of one element or of many.
    arguments.budget().elements(items.len())?;
    let chunks = items.chunks(if size == 0 { items.len().max(1) } else { size });
    arguments.items(chunks.map(|chunk| Value::list(chunk.iter().cloned())).collect())
}

pub(super) fn element(arguments: &Arguments<'_>) -> Result<Value, Fault> {
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

pub(super) fn index(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let position = arguments.list(0).iter().position(|item| item == arguments.value(1));
    position.and_then(|position| i64::try_from(position).ok()).map(Value::integer).ok_or_else(|| {
        let message = format!("It must be an element of the list, but this is {}.", arguments.show(1));
        Fault::argument(1, message, "Ask `contains(...)` first; 1 and \"1\" are not the same.")
    })
}

pub(super) fn one(arguments: &Arguments<'_>) -> Result<Value, Fault> {
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

pub(super) fn range(arguments: &Arguments<'_>) -> Result<Value, Fault> {
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

pub(super) fn slice(arguments: &Arguments<'_>) -> Result<Value, Fault> {
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
    arguments.items(part.to_vec())
}
