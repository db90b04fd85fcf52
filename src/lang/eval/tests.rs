//! Expressions as a user writes them, and what they come to. `expressions.txt` holds Terraform 1.11's own results.

use std::collections::BTreeMap;

use relplan_contract::Value;

use super::*;
use crate::diag::Diagnostic;
use crate::lang::config::Subject;
use crate::lang::functions::NoFiles;
use crate::lang::syntax::parse_expression;
use crate::source::FileId;

mod errors;
mod limits;
mod marks;
mod properties;

/// `var.NAME` for each given name; each name is counted when it is asked for.
#[derive(Default)]
pub(in crate::lang) struct Variables(pub(in crate::lang) BTreeMap<&'static str, Value>);

impl Scope for Variables {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let Subject::Variable(name) = &reference.subject else {
            return Err(Diagnostic::error("Unknown reference", "Only variables here.")
                .at(reference.span)
                .into());
        };
        self.0.get(&**name).cloned().ok_or_else(|| {
            Diagnostic::error("Unknown variable", format!("There is no {name}.")).at(reference.span).into()
        })
    }
}

/// The value of a text with the variables in scope.
pub(in crate::lang) fn evaluate_text(
    text: &str,
    variables: &Variables,
    host: &dyn Host,
) -> Result<Value, Diagnostics> {
    let expr = parse_expression(FileId(0), text)?;
    evaluate(&expr, variables, host, &Budget::default())
}

fn with<const N: usize>(variables: [(&'static str, Value); N], text: &str) -> Result<Value, Diagnostics> {
    evaluate_text(text, &Variables(variables.into()), &NoFiles)
}

fn value(text: &str) -> Value {
    with([], text).unwrap_or_else(|findings| panic!("{text}: {findings:?}"))
}

/// Holds each expression of a table to the result below it. Tables have Terraform's `jsonencode` of the result, or
/// `error`; lines that begin with `#` are comments.
pub(in crate::lang) fn check_table(table: &str, host: &dyn Host) {
    let mut lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut wrong = Vec::new();
    let mut count = 0;
    while let (Some(text), Some(expected)) = (lines.next(), lines.next()) {
        let result = evaluate_text(&format!("jsonencode({text})"), &Variables::default(), host);
        let written = match &result {
            Ok(value) => format!("{value:?}"),
            Err(_) => "error".to_owned(),
        };
        let wanted = match expected.trim() {
            "error" => "error".to_owned(),
            literal => format!("{:?}", value(literal)),
        };
        if written != wanted {
            wrong.push(format!("{text}\n  is     {written}\n  not    {wanted}\n  {result:?}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 10, "the table was read");
}

#[test]
fn results_are_terraforms() {
    check_table(include_str!("tests/expressions.txt"), &NoFiles);
}
