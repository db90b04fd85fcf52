//! From source text to trees of our own: the only module that knows the parser, hcl-edit.
//!
//! A scanner of ours finds the tokens, and with them statements, blocks and the items of lists, objects and calls;
//! hcl-edit parses the expressions between. So every statement is judged by itself, all errors of a file come out
//! together, and neither hcl-edit's quadratic objects nor its refusal of `1e400` can be met. The limits:
//!
//! - [`MAX_NESTING`] levels of brackets, blocks and templates;
//! - 128 operators in one expression (hcl-edit's limit; a part in brackets of a list, object or call counts anew);
//! - [`MAX_OBJECT_KEYS`] keys of an object inside of a larger expression, any number where it stands by itself;
//! - [`MAX_FAULTS`] errors of the text itself in one file, after which nothing more is looked at.
//!
//! Known differences to Terraform: a key given twice in an object is an error (there, the last one wins), and so is
//! a character that changes the direction of text.

use super::ast::Expr;
use super::config::Body;
use crate::diag::Diagnostics;
use crate::source::{FileId, Span};

mod body;
mod convert;
mod explain;
mod expression;
mod scan;
mod template;
mod token;

/// Deepest nesting of brackets, blocks and templates.
pub const MAX_NESTING: usize = 64;

/// Most keys of an object that is a part of a larger expression.
pub const MAX_OBJECT_KEYS: usize = 1_000;

/// Most errors of one file that are looked for.
pub const MAX_FAULTS: usize = 50;

/// Stack for the parser: at 64 levels hcl-edit takes more than 1 MiB in debug builds.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Parses a whole file. What could be read is in the body, also when there are errors: the value of an argument that
/// could not be read is a literal [`Value::UNKNOWN`](relplan_contract::Value::UNKNOWN), which no source text stands for.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (Body, Diagnostics) {
    on_large_stack(|| body::parse(file, text))
}

/// Parses a text that is one expression.
pub fn parse_expression(file: FileId, text: &str) -> Result<Expr, Diagnostics> {
    on_large_stack(|| expression::parse(file, text))
}

/// Block types that may stand at the top of a file.
#[must_use]
pub fn top_blocks() -> &'static [&'static str] {
    scan::TOP_BLOCKS
}

fn on_large_stack<T: Send>(work: impl Fn() -> T + Sync) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, &work);
        // Without a thread there is still the stack of this one, and a panic there goes the usual way.
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => work(),
        }
    })
}

/// A span of byte offsets; files are far smaller than 4 GiB.
fn span(file: FileId, start: usize, end: usize) -> Span {
    let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { file, start: clamp(start), end: clamp(end) }
}

#[cfg(test)]
mod tests;
