//! The arguments of a call, counted and converted: what the code of a function reads.

use relplan_contract::{Kind, Map, Number, Value};

use super::{Fault, Host};
use crate::lang::eval::budget::work;
use crate::lang::eval::unify::{UNIFYING, unify};
use crate::lang::eval::{Budget, show};

/// The arguments of a call with what the function may need besides. The getters trust the table of parameters:
/// an argument that was not given, or is of another type than its parameter says, reads as empty.
pub(in crate::lang) struct Arguments<'a> {
    values: Vec<Value>,
    hidden: bool,
    host: &'a dyn Host,
    budget: &'a Budget,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(values: Vec<Value>, hidden: bool, host: &'a dyn Host, budget: &'a Budget) -> Self {
        Self { values, hidden, host, budget }
    }

    pub(super) fn host(&self) -> &'a dyn Host {
        self.host
    }

    pub(super) fn budget(&self) -> &'a Budget {
        self.budget
    }

    /// Whether no value may be shown in a message.
    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    pub(super) fn value(&self, index: usize) -> &Value {
        const NULL: &Value = &Value::NULL;
        self.values.get(index).unwrap_or(NULL)
    }

    /// The argument, where one was given.
    pub(super) fn given(&self, index: usize) -> Option<&Value> {
        self.values.get(index)
    }

    /// All arguments from a position on.
    pub(super) fn from(&self, index: usize) -> &[Value] {
        self.values.get(index..).unwrap_or_default()
    }

    pub(super) fn text(&self, index: usize) -> &str {
        self.value(index).as_str().unwrap_or_default()
    }

    pub(super) fn list(&self, index: usize) -> &[Value] {
        self.value(index).as_list().unwrap_or_default()
    }

    pub(super) fn map(&self, index: usize) -> &Map {
        const EMPTY: &Map = &Map::new();
        self.value(index).as_map().unwrap_or(EMPTY)
    }

    pub(super) fn number(&self, index: usize) -> Number {
        if let Kind::Number(number) = self.value(index).kind() { number.clone() } else { Number::from(0) }
    }

    /// A whole number; the largest or smallest `i64` where it is beyond.
    pub(super) fn integer(&self, index: usize) -> Result<i64, Fault> {
        let number = self.number(index);
        if !number.is_integer() {
            let message = format!("A whole number is required, but this is {}.", self.show(index));
            return Err(Fault::argument(index, message, "Use `floor(...)` or `ceil(...)` to round it."));
        }
        let beyond = if number < Number::from(0) { i64::MIN } else { i64::MAX };
        Ok(number.to_i64().unwrap_or(beyond))
    }

    /// The strings of a list, none of which may be null.
    pub(super) fn texts(&self, index: usize) -> Result<Vec<&str>, Fault> {
        let texts: Option<Vec<&str>> = self.list(index).iter().map(Value::as_str).collect();
        texts.ok_or_else(|| {
            Fault::argument(index, "An element is null.", "Leave it out, for example with `compact(...)`.")
        })
    }

    /// The argument for a message: short, and hidden if it is sensitive.
    pub(super) fn show(&self, index: usize) -> String {
        show::value(self.value(index), self.hidden)
    }

    /// Words that tell of the arguments' content, left out where that must not be shown.
    pub(super) fn detail(&self, words: impl FnOnce() -> String) -> String {
        if self.hidden { String::new() } else { words() }
    }

    /// Pays for going through a text character by character, once for each given time.
    pub(super) fn read_slowly(&self, index: usize, times: u64) -> Result<(), Fault> {
        Ok(self.budget.steps(times * work(self.text(index).len() as u64))?)
    }

    /// The values with one type, where there is one; it is paid for.
    pub(super) fn unified(&self, values: &[Value]) -> Result<Option<Vec<Value>>, Fault> {
        for value in values {
            self.budget.survey_times(value, UNIFYING)?;
        }
        Ok(unify(values))
    }

    /// A text as the result; its bytes are paid for.
    pub(super) fn string(&self, text: impl Into<String>) -> Result<Value, Fault> {
        let text = text.into();
        self.budget.bytes(text.len())?;
        Ok(Value::string(text))
    }

    /// A list as the result; its elements are paid for.
    pub(super) fn items(&self, items: Vec<Value>) -> Result<Value, Fault> {
        self.budget.elements(items.len())?;
        Ok(Value::list(items))
    }
}
