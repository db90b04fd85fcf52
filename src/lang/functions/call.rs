//! What all functions have in common: counting and converting arguments, unknown and sensitive ones, findings.

use relplan_contract::{Kind, Type, Value};

use super::{Accepts, Arguments, Fault, Function, Handling, Host, Parameter, type_conversion};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::eval::budget::Exceeded;
use crate::lang::eval::{Budget, show};
use crate::source::Span;

/// A value given to a function, with its place.
#[derive(Clone, Debug)]
pub(in crate::lang) struct Argument {
    pub(in crate::lang) value: Value,
    pub(in crate::lang) span: Span,
}

/// Where and with what a function is called.
pub(in crate::lang) struct Invocation<'i> {
    pub(in crate::lang) span: Span,
    pub(in crate::lang) name_span: Span,
    pub(in crate::lang) host: &'i dyn Host,
    pub(in crate::lang) budget: &'i Budget,
    /// Whether no value may be shown, whatever marks it has.
    pub(in crate::lang) hidden: bool,
}

/// What the arguments of a call have in common.
#[derive(Default)]
struct Seen {
    /// One is unknown, as far as that matters to the function.
    unknown: bool,
    /// One is sensitive, as far as the result must be so too.
    sensitive: bool,
    /// No value may be shown in a message.
    hidden: bool,
}

/// Calls a function.
pub(in crate::lang) fn call(
    function: &'static Function,
    arguments: Vec<Argument>,
    invocation: &Invocation<'_>,
) -> Result<Value, Diagnostics> {
    check_count(function, arguments.len(), invocation)?;
    let exceeded = |over| Diagnostics::from(invocation.budget.diagnose(over, invocation.span));
    invocation.budget.steps(1 + arguments.len() as u64).map_err(exceeded)?;
    let mut seen = Seen { hidden: invocation.hidden, ..Seen::default() };
    let mut values = Vec::with_capacity(arguments.len());
    let mut findings = Diagnostics::default();
    let spans: Vec<Span> = arguments.iter().map(|argument| argument.span).collect();
    for (index, argument) in arguments.into_iter().enumerate() {
        let value = seen.take(argument.value, function.handling, invocation.budget).map_err(exceeded)?;
        let Some(parameter) = function.parameter(index) else { continue };
        if function.handling != Handling::Reads {
            pay_for_fitting(parameter, &value, invocation.budget).map_err(exceeded)?;
        }
        match fit(parameter, &value, seen.hidden) {
            Ok(fitted) => values.push(fitted),
            Err((message, help)) => {
                findings.push(argument_finding(function, index, &message, &help, argument.span));
            }
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    if seen.unknown {
        return Ok(Value::UNKNOWN.mark(seen.sensitive));
    }
    let arguments = Arguments::new(values, seen.hidden, invocation.host, invocation.budget);
    match (function.run)(&arguments) {
        Ok(value) => Ok(value.mark(seen.sensitive)),
        Err(fault) => Err(finding(function, fault, &spans, invocation).into()),
    }
}

impl Seen {
    /// Notes what an argument is, and takes off the marks that the function is not to see.
    fn take(&mut self, value: Value, handling: Handling, budget: &Budget) -> Result<Value, Exceeded> {
        match handling {
            Handling::Reads => {
                let survey = budget.survey(&value)?;
                self.unknown |= survey.unknown;
                self.sensitive |= survey.sensitive;
                self.hidden |= survey.sensitive;
                Ok(if survey.sensitive { value.transform(&Value::unmark) } else { value })
            }
            Handling::Moves => {
                self.unknown |= matches!(value.kind(), Kind::Unknown | Kind::Sealed(_));
                self.sensitive |= value.is_sensitive();
                self.hidden |= value.is_sensitive();
                Ok(value.unmark())
            }
            Handling::Itself => {
                self.hidden |= value.is_sensitive();
                Ok(value)
            }
        }
    }
}

/// What a function does not read as a whole may still have to be converted, or be a long text.
fn pay_for_fitting(parameter: &Parameter, value: &Value, budget: &Budget) -> Result<(), Exceeded> {
    let as_it_is = match parameter.accepts {
        Accepts::Any => !matches!(value.kind(), Kind::String(_)),
        Accepts::List => matches!(value.kind(), Kind::List(_)),
        Accepts::Map => matches!(value.kind(), Kind::Map(_)),
        Accepts::Bool
        | Accepts::Number
        | Accepts::String
        | Accepts::Strings
        | Accepts::Numbers
        | Accepts::Bools
        | Accepts::Set => false,
    };
    if as_it_is { Ok(()) } else { budget.survey(value).map(drop) }
}

fn check_count(function: &Function, given: usize, invocation: &Invocation<'_>) -> Result<(), Diagnostics> {
    let wanted = function.parameters.len();
    if given == wanted || given > wanted && function.variadic.is_some() {
        return Ok(());
    }
    let least = if function.variadic.is_some() { "at least " } else { "" };
    let count = |number: usize| match number {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        number => format!("{number} arguments"),
    };
    let missing = function
        .parameters
        .get(given)
        .map_or_else(String::new, |parameter| format!(" `{}` is missing.", parameter.name));
    let is = if given == 1 { "is" } else { "are" };
    let given = if given == 0 { "none".to_owned() } else { given.to_string() };
    let detail =
        format!("`{}` takes {least}{}, but {given} {is} given.{missing}", function.name, count(wanted));
    let help = format!("Write `{}`.", function.signature());
    Err(Diagnostic::error("Wrong number of arguments", detail).at(invocation.name_span).help(help).into())
}

/// The argument made to fit, or what is wrong with it and how to mend that.
fn fit(parameter: &Parameter, value: &Value, secret: bool) -> Result<Value, (String, String)> {
    if value.is_null() && !parameter.nullable {
        return Err(("It is null.".into(), "Give a value, or write `coalesce(...)` for a default.".into()));
    }
    let list = |element: Type| Type::list(element).convert(value);
    let fitted = match parameter.accepts {
        Accepts::Any => return Ok(value.clone()),
        _ if matches!(value.kind(), Kind::Unknown | Kind::Sealed(_) | Kind::Null) => return Ok(value.clone()),
        Accepts::Bool => Type::Bool.convert(value),
        Accepts::Number => Type::Number.convert(value),
        Accepts::String => Type::String.convert(value),
        Accepts::List if matches!(value.kind(), Kind::List(_)) => return Ok(value.clone()),
        Accepts::List => list(Type::Any),
        Accepts::Strings => list(Type::String),
        Accepts::Numbers => list(Type::Number),
        Accepts::Bools => list(Type::Bool),
        Accepts::Set => {
            return type_conversion::to_set(value).ok_or_else(|| misfit(parameter.accepts, value, secret));
        }
        Accepts::Map if matches!(value.kind(), Kind::Map(_)) => return Ok(value.clone()),
        Accepts::Map => Type::map(Type::Any).convert(value),
    };
    fitted.map_err(|problem| {
        if problem.path.0.is_empty() {
            misfit(parameter.accepts, value, secret)
        } else if secret {
            (format!("{} is required.", accepted(parameter.accepts)), "Convert the elements first.".into())
        } else {
            (
                format!(
                    "{} is required, but the element at {} does not fit.",
                    accepted(parameter.accepts),
                    problem.path
                ),
                "Convert the elements first, with a `for` expression.".into(),
            )
        }
    })
}

fn misfit(accepts: Accepts, value: &Value, secret: bool) -> (String, String) {
    let help = match (accepts, value.kind()) {
        (Accepts::List | Accepts::Strings | Accepts::Numbers | Accepts::Set, Kind::Map(_)) => {
            "Use `values(...)` or `keys(...)` of the map."
        }
        (Accepts::List | Accepts::Strings | Accepts::Numbers | Accepts::Set, _) => {
            "Put a single value in brackets: `[x]`."
        }
        (Accepts::String, Kind::List(_) | Kind::Set(_)) => {
            "Use `join(\", \", ...)` or `jsonencode(...)` first."
        }
        (Accepts::String, Kind::Map(_)) => "Use one of its attributes, or `jsonencode(...)`.",
        _ => "Use another value, or a part of this one.",
    };
    let got = show::value(value, secret);
    (format!("{} is required, but this is {got}.", accepted(accepts)), help.into())
}

const fn accepted(accepts: Accepts) -> &'static str {
    match accepts {
        Accepts::Any => "A value",
        Accepts::Bool => "A bool",
        Accepts::Number => "A number",
        Accepts::String => "A string",
        Accepts::List => "A list",
        Accepts::Strings => "A list of strings",
        Accepts::Numbers => "A list of numbers",
        Accepts::Bools => "A list of bools",
        Accepts::Set => "A set, or a list of elements of one type,",
        Accepts::Map => "A map or object",
    }
}

fn argument_finding(function: &Function, index: usize, message: &str, help: &str, span: Span) -> Diagnostic {
    let name = function.parameter(index).map_or("argument", |parameter| parameter.name);
    let detail =
        format!("The argument `{name}` of `{}` does not fit: {}", function.name, lower_first(message));
    Diagnostic::error("Invalid function argument", detail).at(span).help(help)
}

fn finding(function: &Function, fault: Fault, spans: &[Span], invocation: &Invocation<'_>) -> Diagnostic {
    match fault {
        Fault::Argument { index, message, help } => {
            let span = spans.get(index).copied().unwrap_or(invocation.span);
            argument_finding(function, index, &message, &help, span)
        }
        Fault::Call { message, help } => {
            let detail = format!("`{}` has no result: {}", function.name, lower_first(&message));
            Diagnostic::error("Function has no result", detail).at(invocation.span).help(help)
        }
        Fault::Exceeded(exceeded) => invocation.budget.diagnose(exceeded, invocation.span),
    }
}

/// The sentence with a small letter at its start, for behind a colon.
fn lower_first(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
