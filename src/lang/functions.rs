//! The functions of the language: Terraform's, with Terraform's results, and a few for versions.
//!
//! A [`Function`] is a row of a table: what it is called, what it takes, an example with its result, and the code.
//! [`call`] does for every function what all have in common: counts and converts the arguments, refuses null,
//! gives an unknown result for unknown arguments, and carries marks of sensitivity over. `try` and `can` take
//! expressions instead of values and live with the evaluator; they are in the table for their documentation.

use relplan_contract::{Kind, Parts, Type, Value};

use super::eval::budget::Exceeded;
use super::eval::{Budget, show};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;

mod arguments;
mod encoding;
mod file;
mod hash;
mod host;
mod list;
mod map;
mod numeric;
mod semver;
mod set;
mod string;
mod time;
mod type_conversion;

pub use host::{FileError, Host, NoFiles, Timestamp};

pub(super) use arguments::Arguments;

/// A function of the language.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// What it is called.
    pub name: &'static str,
    /// The arguments that it always takes.
    pub parameters: &'static [Parameter],
    /// What any number of further arguments are.
    pub variadic: Option<Parameter>,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// A call and the expression that it is equal to; a test holds them to it.
    pub example: (&'static str, &'static str),
    handling: Handling,
    run: Run,
}

/// A parameter of a function.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, for messages and documentation.
    pub name: &'static str,
    /// What it accepts; others are converted where they can be.
    pub accepts: Accepts,
    /// Whether null is a value for it.
    pub nullable: bool,
}

/// What a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Every value.
    Any,
    /// A bool.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list or a set, of whatever elements.
    List,
    /// A list or a set of strings.
    Strings,
    /// A list or a set of numbers.
    Numbers,
    /// A list or a set of bools.
    Bools,
    /// A set, or a list that becomes one: its elements get one type.
    Set,
    /// A map or object, of whatever entries.
    Map,
    /// A list, a set or a map.
    Collection,
}

/// How a function stands to unknown and sensitive values inside of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handling {
    /// It reads every part: a part that is unknown or sensitive makes the whole result so.
    Reads,
    /// It moves parts about without reading them: they keep their marks, and may be unknown. An argument that is
    /// unknown or sensitive as a whole makes the result so.
    Moves,
    /// It sees the arguments as they are, and takes care of everything itself.
    Itself,
}

type Run = fn(&Arguments<'_>) -> Result<Value, Fault>;

/// Why a function has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    /// Something is wrong with an argument (by position), as a sentence without its value; and how to mend it.
    Argument { index: usize, message: String, help: String },
    /// Something is wrong with the call as a whole.
    Call { message: String, help: String },
    /// It would cost too much.
    Exceeded(Exceeded),
}

impl From<Exceeded> for Fault {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

impl Fault {
    fn argument(index: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Argument { index, message: message.into(), help: help.into() }
    }

    fn call(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Call { message: message.into(), help: help.into() }
    }
}

impl Function {
    const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        run: Run,
        description: &'static str,
        example: (&'static str, &'static str),
    ) -> Self {
        Self { name, parameters, variadic: None, description, example, handling: Handling::Reads, run }
    }

    const fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic = Some(parameter);
        self
    }

    const fn moves(mut self) -> Self {
        self.handling = Handling::Moves;
        self
    }

    const fn itself(mut self) -> Self {
        self.handling = Handling::Itself;
        self
    }

    /// The parameter that the argument at a position belongs to.
    fn parameter(&self, index: usize) -> Option<&Parameter> {
        self.parameters.get(index).or(self.variadic.as_ref())
    }

    /// How it is called: `join(separator, lists...)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let fixed = self.parameters.iter().map(|parameter| parameter.name.to_owned());
        let rest = self.variadic.iter().map(|parameter| format!("{}...", parameter.name));
        format!("{}({})", self.name, fixed.chain(rest).collect::<Vec<_>>().join(", "))
    }
}

const fn parameter(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, accepts, nullable: false }
}

const fn nullable(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, accepts, nullable: true }
}

/// All functions by family, each family sorted by name.
const FAMILIES: &[&[Function]] = &[
    encoding::FUNCTIONS,
    file::FUNCTIONS,
    hash::FUNCTIONS,
    list::FUNCTIONS,
    map::FUNCTIONS,
    numeric::FUNCTIONS,
    semver::FUNCTIONS,
    set::FUNCTIONS,
    string::FUNCTIONS,
    time::FUNCTIONS,
    type_conversion::FUNCTIONS,
];

/// Every function, by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().copied().flatten()
}

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name)
}

/// The function of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    FAMILIES.iter().find_map(|family| {
        let index = family.binary_search_by(|function| function.name.cmp(name)).ok()?;
        family.get(index)
    })
}

/// A value given to a function, with its place.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// Where and with what a function is called.
pub(super) struct Invocation<'i> {
    pub(super) span: Span,
    pub(super) name_span: Span,
    pub(super) host: &'i dyn Host,
    pub(super) budget: &'i Budget,
    /// Whether no value may be shown, whatever marks it has.
    pub(super) hidden: bool,
}

/// Calls a function.
pub(super) fn call(
    function: &'static Function,
    arguments: Vec<Argument>,
    invocation: &Invocation<'_>,
) -> Result<Value, Diagnostics> {
    check_count(function, arguments.len(), invocation)?;
    let exceeded = |over| Diagnostics::from(invocation.budget.diagnose(over, invocation.span));
    invocation.budget.steps(1 + arguments.len() as u64).map_err(exceeded)?;
    let (mut sensitive, mut unknown, mut secret) = (false, false, invocation.hidden);
    let mut values = Vec::with_capacity(arguments.len());
    let mut findings = Diagnostics::default();
    let spans: Vec<Span> = arguments.iter().map(|argument| argument.span).collect();
    for (index, argument) in arguments.into_iter().enumerate() {
        let mut value = argument.value;
        if function.handling == Handling::Reads {
            let survey = invocation.budget.survey(&value).map_err(exceeded)?;
            unknown |= survey.unknown;
            if survey.sensitive {
                sensitive = true;
                secret = true;
                value = value.transform(&Value::unmark);
            }
        } else {
            secret |= value.is_sensitive();
        }
        if function.handling == Handling::Moves {
            sensitive |= value.is_sensitive();
            unknown |= matches!(value.kind(), Kind::Unknown | Kind::Sealed(_));
            value = value.unmark();
        }
        let fitted = function.parameter(index).map_or_else(
            || Ok(value.clone()),
            |parameter| {
                fit(parameter, &value, secret).map_err(|(message, help)| {
                    argument_finding(function, index, &message, &help, argument.span)
                })
            },
        );
        match fitted {
            Ok(fitted) => values.push(fitted),
            Err(finding) => findings.push(finding),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    if unknown {
        return Ok(Value::UNKNOWN.mark(sensitive));
    }
    let arguments = Arguments::new(values, secret, invocation.host, invocation.budget);
    match (function.run)(&arguments) {
        Ok(value) => Ok(value.mark(sensitive)),
        Err(fault) => Err(finding(function, fault, &spans, invocation).into()),
    }
}

fn check_count(function: &Function, given: usize, invocation: &Invocation<'_>) -> Result<(), Diagnostic> {
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
    Err(Diagnostic::error("Wrong number of arguments", detail).at(invocation.name_span).help(help))
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
        Accepts::List => list(Type::Any),
        Accepts::Strings => list(Type::String),
        Accepts::Numbers => list(Type::Number),
        Accepts::Bools => list(Type::Bool),
        Accepts::Set => {
            return type_conversion::to_set(value).ok_or_else(|| misfit(parameter.accepts, value, secret));
        }
        Accepts::Map => Type::map(Type::Any).convert(value),
        Accepts::Collection => match value.parts() {
            Parts::Leaf => return Err(misfit(parameter.accepts, value, secret)),
            Parts::Items(_) | Parts::Entries(_) => return Ok(value.clone()),
        },
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
        (Accepts::List | Accepts::Strings | Accepts::Numbers | Accepts::Set | Accepts::Collection, _) => {
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
        Accepts::Collection => "A list, a set or a map",
    }
}

fn argument_finding(function: &Function, index: usize, message: &str, help: &str, span: Span) -> Diagnostic {
    let name = function.parameter(index).map_or("argument", |parameter| parameter.name);
    let detail = format!("`{}` does not take this for `{name}`: {}", function.name, lower_first(message));
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

#[cfg(test)]
mod tests;
