//! The functions of the language: Terraform's, with Terraform's results, and a few for versions.
//!
//! A [`Function`] is a row of a table: what it is called, what it takes, an example with its result, and the code.
//! The module `call` does for every function what all have in common: counts and converts the arguments, refuses null,
//! gives an unknown result for unknown arguments, and carries marks of sensitivity over. `try` and `can` take
//! expressions instead of values and live with the evaluator; they are in the table for their documentation.

use relplan_contract::Value;

use super::eval::budget::Exceeded;

mod arguments;
mod call;
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

use arguments::Arguments;
pub(super) use call::{Argument, Invocation, call};

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

#[cfg(test)]
mod tests;
