//! Numbers. What is exact in Terraform is exact here; `log` and `pow` compute with binary floats as it does.

use bigdecimal::num_bigint::BigInt;
use relplan_contract::{Number, Value};

use super::Accepts::{Any, Number as Num, Numbers};
use super::{Arguments, Fault, Function, parameter};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "abs",
        &[parameter("number", Num)],
        |arguments| {
            let number = arguments.number(0);
            Ok(if number < Number::from(0) { number.neg() } else { number }.into())
        },
        "The number without its sign.",
        ("abs(-12.5)", "12.5"),
    ),
    Function::new(
        "ceil",
        &[parameter("number", Num)],
        |arguments| Ok(arguments.number(0).ceil().into()),
        "The smallest whole number that is not below the number.",
        ("ceil(5.1)", "6"),
    ),
    Function::new(
        "floor",
        &[parameter("number", Num)],
        |arguments| Ok(arguments.number(0).floor().into()),
        "The largest whole number that is not above the number.",
        ("floor(4.9)", "4"),
    ),
    Function::new(
        "log",
        &[parameter("number", Num), parameter("base", Num)],
        log,
        "The logarithm of a number to a base.",
        ("log(16, 2)", "4"),
    ),
    Function::new("max", &[], max, "The largest of the numbers.", ("max(12, 54, 3)", "54"))
        .variadic(parameter("numbers", Num)),
    Function::new("min", &[], min, "The smallest of the numbers.", ("min(12, 54, 3)", "3"))
        .variadic(parameter("numbers", Num)),
    Function::new(
        "parseint",
        &[parameter("number", Any), parameter("base", Num)],
        parseint,
        "The whole number that a text of digits of the base, 2 to 62, stands for.",
        ("parseint(\"FF\", 16)", "255"),
    ),
    Function::new(
        "pow",
        &[parameter("number", Num), parameter("power", Num)],
        pow,
        "The number raised to the power.",
        ("pow(3, 2)", "9"),
    ),
    Function::new(
        "signum",
        &[parameter("number", Num)],
        |arguments| Ok(Value::integer(arguments.integer(0)?.signum())),
        "-1, 0 or 1, by the sign of a whole number.",
        ("signum(-13)", "-1"),
    ),
    Function::new(
        "sum",
        &[parameter("list", Numbers)],
        sum,
        "The sum of the numbers of a list.",
        ("sum([10, 13, 6])", "29"),
    ),
];

fn log(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let result = arguments.number(0).to_f64().ln() / arguments.number(1).to_f64().ln();
    from_float(result, "Give a number above 0, and a base above 0 that is not 1.")
}

fn pow(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let result = arguments.number(0).to_f64().powf(arguments.number(1).to_f64());
    from_float(
        result,
        "Use smaller numbers; a root of a negative number and 0 to a negative power do not exist.",
    )
}

fn from_float(result: f64, help: &str) -> Result<Value, Fault> {
    Number::from_f64(result)
        .map(Value::from)
        .map_err(|_| Fault::call("The result is no finite number.", help))
}

fn max(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    arguments.from(0).iter().max().cloned().ok_or_else(no_numbers)
}

fn min(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    arguments.from(0).iter().min().cloned().ok_or_else(no_numbers)
}

fn no_numbers() -> Fault {
    Fault::call("There is no number to choose from.", "Give at least one number; expand a list with `...`.")
}

fn sum(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut total = Number::from(0);
    if arguments.list(0).is_empty() {
        return Err(Fault::argument(
            0,
            "The list is empty.",
            "Write `sum(concat([0], ...))` where it may be empty.",
        ));
    }
    arguments.budget().survey_times(arguments.value(0), 4)?;
    for item in arguments.list(0) {
        let relplan_contract::Kind::Number(number) = item.kind() else {
            return Err(Fault::argument(0, "An element is null.", "Leave it out with a `for` expression."));
        };
        total = total.add(number).map_err(|error| {
            Fault::argument(0, format!("Adding up fails: {error}."), "Use smaller numbers.")
        })?;
    }
    Ok(total.into())
}

fn parseint(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let Some(text) = arguments.value(0).as_str() else {
        let message = format!("A string is required, but this is {}.", arguments.show(0));
        return Err(Fault::argument(0, message, "Use `tostring(...)` first."));
    };
    let base = arguments.integer(1)?;
    let base = u32::try_from(base).ok().filter(|base| (2..=62).contains(base)).ok_or_else(|| {
        Fault::argument(
            1,
            "The base must be a whole number from 2 to 62.",
            "Use 10 for decimal digits, 16 for hexadecimal ones.",
        )
    })?;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    arguments.budget().steps(digits.len().min(4096) as u64)?;
    let too_long = digits.len() > 4096;
    let mut total = BigInt::from(0);
    for c in digits.chars().take(4096) {
        let digit =
            digit(c, base).filter(|digit| *digit < base).ok_or_else(|| no_integer(arguments, base))?;
        total = total * base + digit;
    }
    if digits.is_empty() {
        return Err(no_integer(arguments, base));
    }
    let total = if text.starts_with('-') { -total } else { total };
    let parsed = if too_long { None } else { Number::parse(&total.to_string()).ok() };
    parsed
        .map(Value::from)
        .ok_or_else(|| Fault::argument(0, "The number has too many digits.", "Use a smaller number."))
}

/// Up to base 36 the case of letters does not matter; above, small letters come first.
fn digit(c: char, base: u32) -> Option<u32> {
    match c {
        'A'..='Z' if base > 36 => Some(u32::from(c) - u32::from('A') + 36),
        c => c.to_digit(36),
    }
}

fn no_integer(arguments: &Arguments<'_>, base: u32) -> Fault {
    let message =
        format!("It must be a whole number in digits of base {base}, but this is {}.", arguments.show(0));
    Fault::argument(0, message, "Check the digits and the base.")
}
