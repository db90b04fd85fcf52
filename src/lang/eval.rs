//! The evaluator: from an expression and what its names stand for to a value. Pure: whatever it needs of the outside
//! is handed in as a [`Scope`] and a [`Host`].
//!
//! Unknown and sensitive run through everything: what is computed from something unknown is unknown, what is
//! computed from something sensitive is sensitive. Differences to Terraform: `1/0` is an error (there: infinity),
//! numbers are exact decimals, and objects and maps, tuples and lists are one kind of value each.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;

use super::ast::{Expr, Node};
use super::config::Subject;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;

mod access;
mod call;
mod collections;
mod operators;
mod subject;
mod template;

pub use operators::text_of;
pub use subject::subject_of;

/// What names stand for.
pub trait Scope {
    /// The value of the whole of what is named: of all instances of a resource, of all outputs of a module.
    fn resolve(&self, subject: &Subject, span: Span) -> Result<Value, Diagnostic>;
}

/// What functions need of the outside.
pub trait Host: Send + Sync {
    /// The content of a file; relative paths start at the release file's folder. The error says why not.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String>;

    /// The files below a folder whose path matches a glob pattern, sorted, relative to the folder.
    fn list_files(&self, folder: &str, pattern: &str) -> Result<Vec<String>, String>;

    /// Whether a file is there.
    fn file_exists(&self, path: &str) -> Result<bool, String>;

    /// The time of the run in RFC 3339; none while planning, since a plan must not depend on when it was made.
    fn timestamp(&self) -> Option<String>;
}

/// Most nodes that one expression may visit, counted over all rounds of its loops.
const MAX_STEPS: u64 = 2_000_000;

/// Most bytes of text and elements of collections that one expression may make, together.
const MAX_OUTPUT: u64 = 64 * 1024 * 1024;

/// Deepest recursion. The parser lets no more than 64 levels of nesting through; operators chain further.
const MAX_DEPTH: u32 = 400;

/// Names bound by `for`, innermost last.
pub(super) type Locals = Vec<(Arc<str>, Value)>;

/// Evaluates expressions in one scope.
pub struct Evaluator<'a> {
    scope: &'a dyn Scope,
    host: &'a dyn Host,
    steps: Cell<u64>,
    output: Cell<u64>,
    depth: Cell<u32>,
    /// Files that templates are being read from, so that they cannot include each other for ever.
    pub(super) templates: Cell<u32>,
}

/// The result of a part: errors are collected where parts do not depend on each other.
pub(super) type Evaluated = Result<Value, Diagnostics>;

impl<'a> Evaluator<'a> {
    /// An evaluator for a scope.
    #[must_use]
    pub fn new(scope: &'a dyn Scope, host: &'a dyn Host) -> Self {
        Self {
            scope,
            host,
            steps: Cell::new(0),
            output: Cell::new(0),
            depth: Cell::new(0),
            templates: Cell::new(0),
        }
    }

    /// The value of an expression.
    pub fn evaluate(&self, expr: &Expr) -> Result<Value, Diagnostics> {
        self.steps.set(0);
        self.output.set(0);
        self.eval(expr, &mut Vec::new())
    }

    /// What functions need of the outside.
    pub(super) const fn host(&self) -> &dyn Host {
        self.host
    }

    pub(super) fn eval(&self, expr: &Expr, locals: &mut Locals) -> Evaluated {
        self.step(expr.span)?;
        self.depth.set(self.depth.get() + 1);
        let evaluated = if self.depth.get() > MAX_DEPTH {
            Err(error("Expression too deep", "This expression is nested too deeply.", expr.span)
                .help("Split it into several local values.")
                .into())
        } else {
            self.eval_node(expr, locals)
        };
        self.depth.set(self.depth.get() - 1);
        evaluated
    }

    fn eval_node(&self, expr: &Expr, locals: &mut Locals) -> Evaluated {
        match &expr.node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Template(parts) => self.template(parts, expr.span, locals),
            Node::List(items) => self.list(items, expr.span, locals),
            Node::Object(entries) => self.object(entries, expr.span, locals),
            Node::Name(_) | Node::Access(..) => self.access(expr, locals),
            Node::Call(call) => self.call(call, expr.span, locals),
            Node::Conditional(condition, yes, no) => self.conditional(condition, yes, no, locals),
            Node::Unary(op, operand) => self.unary(*op, operand, locals),
            Node::Binary(..) => self.binary_chain(expr, locals),
            Node::For(looped) => self.for_expr(looped, expr.span, locals),
            Node::Parens(inner) => self.eval(inner, locals),
        }
    }

    fn list(&self, items: &[Expr], span: Span, locals: &mut Locals) -> Evaluated {
        self.grow(items.len() as u64, span)?;
        let mut found = Diagnostics::default();
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match self.eval(item, locals) {
                Ok(value) => values.push(value),
                Err(errors) => found.extend(errors),
            }
        }
        if found.has_errors() { Err(found) } else { Ok(Value::list(values)) }
    }

    fn object(&self, entries: &[(Expr, Expr)], span: Span, locals: &mut Locals) -> Evaluated {
        self.grow(entries.len() as u64, span)?;
        let mut found = Diagnostics::default();
        let mut map: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let (mut sensitive, mut unknown) = (false, false);
        for (key, item) in entries {
            let key_value = self.eval(key, locals).and_then(|value| key_text(&value, key.span));
            match (key_value, self.eval(item, locals)) {
                (Ok(Key::Text(text, marked)), Ok(value)) => {
                    sensitive |= marked;
                    map.insert(text, value);
                }
                (Ok(Key::Unknown(marked)), Ok(_)) => {
                    unknown = true;
                    sensitive |= marked;
                }
                (key, value) => {
                    for errors in [key.err(), value.err()].into_iter().flatten() {
                        found.extend(errors);
                    }
                }
            }
        }
        if found.has_errors() {
            return Err(found);
        }
        let value = if unknown { Value::UNKNOWN } else { Value::map(map) };
        Ok(value.mark(sensitive))
    }

    fn conditional(&self, condition: &Expr, yes: &Expr, no: &Expr, locals: &mut Locals) -> Evaluated {
        let decided = self.eval(condition, locals)?;
        let sensitive = decided.is_sensitive();
        if decided.is_unknown() {
            let (yes, no) = (self.eval(yes, locals)?, self.eval(no, locals)?);
            let same = yes == no && !yes.has_unknown();
            let sensitive = sensitive || yes.is_sensitive() || no.is_sensitive();
            return Ok(if same { yes } else { Value::UNKNOWN }.mark(sensitive));
        }
        let truth = operators::truth(&decided, condition.span, "A condition")?;
        let chosen = if truth { yes } else { no };
        Ok(self.eval(chosen, locals)?.mark(sensitive))
    }

    /// Counts one step; too many are an error.
    pub(super) fn step(&self, span: Span) -> Result<(), Diagnostics> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS {
            let detail = format!("Evaluating this takes more than {MAX_STEPS} steps.");
            return Err(error("Expression too expensive", detail, span)
                .help("Make the loops smaller.")
                .into());
        }
        Ok(())
    }

    /// Counts what is made; too much is an error.
    pub(super) fn grow(&self, amount: u64, span: Span) -> Result<(), Diagnostics> {
        self.output.set(self.output.get().saturating_add(amount));
        if self.output.get() > MAX_OUTPUT {
            let detail =
                format!("Evaluating this makes more than {} MiB of values.", MAX_OUTPUT / 1024 / 1024);
            return Err(error("Expression too large", detail, span).help("Make less of it.").into());
        }
        Ok(())
    }
}

/// A key of an object or map.
pub(super) enum Key {
    /// The text, and whether it is sensitive.
    Text(Arc<str>, bool),
    /// Known after apply, and whether it is sensitive.
    Unknown(bool),
}

/// The key that a value makes.
pub(super) fn key_text(value: &Value, span: Span) -> Result<Key, Diagnostics> {
    if value.is_unknown() {
        return Ok(Key::Unknown(value.is_sensitive()));
    }
    match text_of(value) {
        Some(text) => Ok(Key::Text(text, value.is_sensitive())),
        None => {
            let detail = format!("A key must be text, but this is a {}.", value.kind_name());
            Err(error("Invalid key", detail, span).help("Use a text, a number or a bool as key.").into())
        }
    }
}

/// An error at a place.
pub(super) fn error(summary: &str, detail: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::error(summary, detail).at(span)
}
