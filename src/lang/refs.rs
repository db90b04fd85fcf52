//! References: what an expression refers to, found without evaluating it, and whether that exists.

use std::sync::Arc;

use super::ast::{Access, Expr, Node, Part};
use super::config::{Reference, Subject};
use crate::addr::{Mode, ResourceName};
use crate::diag::Diagnostic;

mod check;

pub use check::check;

/// What is wrong with a reference. Boxed, since nearly always nothing is.
pub(crate) type Malformed = Box<Diagnostic>;

/// What an expression refers to, in the order of the text. Names that a `for` binds are not among it, and neither
/// is what has no valid form: [`check`] complains about that.
#[must_use]
pub fn references(expr: &Expr) -> Vec<Reference> {
    let mut found = Vec::new();
    visit(expr, &mut |result| found.extend(result.ok()));
    found
}

/// Goes through all references of an expression, the malformed ones as errors.
pub(crate) fn visit(expr: &Expr, found: &mut dyn FnMut(Result<Reference, Malformed>)) {
    Visitor { bound: Vec::new(), found }.expr(expr);
}

/// What a reference stands for. `expr` is a name, or a name with steps behind it.
pub(crate) fn subject(expr: &Expr) -> Result<Subject, Malformed> {
    let (base, steps) = expr.base_and_steps();
    let Some(first) = base.as_name() else {
        return malformed(expr, "This is not a reference.", "Write it as in `git_tag.release`.");
    };
    let attribute = |index: usize| steps.get(index).and_then(Access::as_attribute).cloned();
    let needs = |form: &str| -> Result<Arc<str>, Malformed> {
        malformed(expr, &format!("A name is needed behind `{first}`."), &format!("Write `{form}`."))
    };
    match &**first {
        "var" => attribute(0).map_or_else(|| needs("var.NAME"), Ok).map(Subject::Variable),
        "local" => attribute(0).map_or_else(|| needs("local.NAME"), Ok).map(Subject::Local),
        "module" => {
            let name = attribute(0).map_or_else(|| needs("module.NAME.OUTPUT"), Ok)?;
            let behind =
                usize::from(matches!(steps.get(1), Some(Access::Index(_) | Access::FullSplat(_)))) + 1;
            Ok(Subject::Module(name, attribute(behind)))
        }
        "data" => {
            let ty = attribute(0).map_or_else(|| needs("data.TYPE.NAME"), Ok)?;
            let name = attribute(1).map_or_else(|| needs("data.TYPE.NAME"), Ok)?;
            Ok(Subject::Resource(ResourceName { mode: Mode::Data, ty, name }))
        }
        "each" => one_of(expr, first, attribute(0), &["key", "value"]).map(|()| Subject::Each),
        "count" => one_of(expr, first, attribute(0), &["index"]).map(|()| Subject::Count),
        "release" => one_of(expr, first, attribute(0), &["name", "version"]).map(|()| Subject::Release),
        "path" => one_of(expr, first, attribute(0), &["module", "root", "cwd"]).map(|()| Subject::Path),
        "self" => Ok(Subject::Itself),
        "terraform" => malformed(
            expr,
            "`terraform` does not exist here.",
            "Use `release.name` and `release.version`; there are no workspaces.",
        ),
        _ => match attribute(0) {
            Some(name) => {
                Ok(Subject::Resource(ResourceName { mode: Mode::Managed, ty: Arc::clone(first), name }))
            }
            None => lone_word(expr, first),
        },
    }
}

/// A single word: a text without quotes, or a reference that lacks its beginning.
fn lone_word<T>(expr: &Expr, word: &str) -> Result<T, Malformed> {
    let mut help =
        format!("For text write \"{word}\"; for a variable `var.{word}`; for a local value `local.{word}`.");
    if word.contains('_') {
        help = format!("For a resource add its name: `{word}.NAME`. {help}");
    }
    malformed(expr, &format!("`{word}` alone refers to nothing."), &help)
}

fn one_of(expr: &Expr, first: &str, given: Option<Arc<str>>, names: &[&str]) -> Result<(), Malformed> {
    if given.as_deref().is_some_and(|name| names.contains(&name)) {
        return Ok(());
    }
    let forms: Vec<String> = names.iter().map(|name| format!("`{first}.{name}`")).collect();
    let detail = match given {
        Some(name) => format!("`{first}` has no attribute `{name}`."),
        None => format!("`{first}` is not a value of its own."),
    };
    malformed(expr, &detail, &format!("Write {}.", forms.join(" or ")))
}

fn malformed<T>(expr: &Expr, detail: &str, help: &str) -> Result<T, Malformed> {
    Err(Box::new(Diagnostic::error("Invalid reference", detail).at(expr.span).help(help)))
}

struct Visitor<'f> {
    /// Names bound by the `for` expressions around, the innermost last.
    bound: Vec<Arc<str>>,
    found: &'f mut dyn FnMut(Result<Reference, Malformed>),
}

impl Visitor<'_> {
    fn expr(&mut self, expr: &Expr) {
        match &expr.node {
            Node::Literal(_) => {}
            Node::Template(parts) => self.parts(parts),
            Node::List(items) => items.iter().for_each(|item| self.expr(item)),
            Node::Object(entries) => entries.iter().for_each(|(key, value)| {
                self.expr(key);
                self.expr(value);
            }),
            Node::Name(name) => self.reference(name, expr),
            Node::Access(base, steps) => {
                match base.as_name() {
                    Some(name) => self.reference(name, expr),
                    None => self.expr(base),
                }
                for step in steps {
                    if let Access::Index(index) = step {
                        self.expr(index);
                    }
                }
            }
            Node::Call(call) => call.arguments.iter().for_each(|argument| self.expr(argument)),
            Node::Conditional(condition, yes, no) => {
                for part in [condition, yes, no] {
                    self.expr(part);
                }
            }
            Node::Unary(_, inner) | Node::Parens(inner) => self.expr(inner),
            Node::Binary(left, _, right) => {
                self.expr(left);
                self.expr(right);
            }
            Node::For(each) => {
                self.expr(&each.collection);
                self.with_bound(each.key.as_ref(), &each.value, |visitor| {
                    let parts = [each.result_key.as_ref(), Some(&each.result), each.condition.as_ref()];
                    parts.into_iter().flatten().for_each(|part| visitor.expr(part));
                });
            }
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Interpolation(expr) => self.expr(expr),
                Part::If(branch) => {
                    self.expr(&branch.0);
                    self.parts(&branch.1);
                    self.parts(&branch.2);
                }
                Part::For(each) => {
                    self.expr(&each.collection);
                    self.with_bound(each.key.as_ref(), &each.value, |visitor| visitor.parts(&each.body));
                }
            }
        }
    }

    fn with_bound(&mut self, key: Option<&Arc<str>>, value: &Arc<str>, inside: impl FnOnce(&mut Self)) {
        let before = self.bound.len();
        self.bound.extend(key.cloned());
        self.bound.push(Arc::clone(value));
        inside(self);
        self.bound.truncate(before);
    }

    fn reference(&mut self, name: &Arc<str>, whole: &Expr) {
        if !self.bound.contains(name) {
            let result = subject(whole).map(|subject| Reference { subject, span: whole.span });
            (self.found)(result);
        }
    }
}

#[cfg(test)]
mod tests;
