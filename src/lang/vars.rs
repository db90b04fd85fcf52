//! Values given to variables from outside: `*.vars.hcl` files, `-var name=value`, `RELPLAN_VAR_name`.
//!
//! They may be secrets. So the texts are private sources, of which messages show places only.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Type, Value};

use super::lower::{add_source, constant};
use super::syntax;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{Sources, Span};

/// A value given to a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The value, not yet made to fit the variable's type.
    pub value: Value,
    /// Place of the name.
    pub name_span: Span,
    /// Place of the value.
    pub span: Span,
}

/// Reads a file of `name = value` lines. The values are constant.
pub fn variables(
    sources: &mut Sources,
    name: &str,
    bytes: &[u8],
) -> Result<BTreeMap<Arc<str>, Given>, Diagnostics> {
    let file = add_source(sources, name, bytes, true).map_err(|diagnostic| *diagnostic)?;
    let text = sources.get(file).map(|source| Arc::clone(&source.text)).unwrap_or_default();
    let (body, mut diagnostics) = syntax::parse(file, &text);
    for block in &body.blocks {
        diagnostics.push(
            Diagnostic::error("Unexpected block", "A file of variables has only lines `name = value`.")
                .at(block.ty_span)
                .help("Blocks belong in a `.hcl` file whose name does not end in `.vars.hcl`."),
        );
    }
    let mut given = BTreeMap::new();
    for (name, attribute) in body.attributes {
        if let Some(value) = constant::value(&attribute.expr, &name, &mut diagnostics) {
            given.insert(name, Given { value, name_span: attribute.name_span, span: attribute.expr.span });
        }
    }
    diagnostics.0.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
    diagnostics.unless_errors(given).map(|(given, _)| given)
}

/// Reads the text of `-var name=TEXT` or of an environment variable for a variable of the type.
///
/// For `string`, `number` and `bool` the text is the value as it is. For other types it is a constant expression.
/// Without a type it is an expression if it begins like a list, an object or a quoted text, else the value as it is.
/// `origin` is how messages name where it came from: `-var name`.
pub fn argument(sources: &mut Sources, origin: &str, text: &str, ty: &Type) -> Result<Value, Diagnostics> {
    let as_is = match ty {
        Type::String | Type::Number | Type::Bool => true,
        Type::Any => !text.trim_start().starts_with(['[', '{', '"']),
        Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Tuple(_) | Type::Object(_) => false,
    };
    let value = if as_is { Value::string(text) } else { expression(sources, origin, text)? };
    ty.convert(&value).map_err(|misfit| {
        // The misfit names types and keys, never the value.
        let detail = format!("The value given by {origin} does not fit the variable: {misfit}.");
        Diagnostic::error("Wrong type", detail).help(format!("Give a value of the type {ty}.")).into()
    })
}

fn expression(sources: &mut Sources, origin: &str, text: &str) -> Result<Value, Diagnostics> {
    let file = add_source(sources, origin, text.as_bytes(), true).map_err(|diagnostic| *diagnostic)?;
    let expr = syntax::parse_expression(file, text)?;
    let mut diagnostics = Diagnostics::default();
    constant::value(&expr, origin, &mut diagnostics).ok_or(diagnostics)
}

#[cfg(test)]
mod tests {
    use relplan_contract::Number;

    use super::*;
    use crate::diag::render;

    #[test]
    fn files_hold_constants() {
        let mut sources = Sources::default();
        let text = "a = 1\nb = [\"x\", { c = -2.5 }]\nd = <<EOT\nline\nEOT\n";
        let given = variables(&mut sources, "x.vars.hcl", text.as_bytes()).expect("valid");
        assert_eq!(given["a"].value, Value::from(1));
        assert_eq!(given["d"].value, Value::from("line\n"));
        let c = Value::from(Number::parse("-2.5").expect("a number"));
        assert_eq!(given["b"].value, Value::list([Value::from("x"), Value::map([("c", c)])]));
    }

    #[test]
    fn what_is_no_constant_is_refused_without_showing_it() {
        let mut sources = Sources::default();
        let text = "password = \"hunter2${x}\"\nb {}\nc = f(1)\nd = \"hunter2\n";
        let diagnostics = variables(&mut sources, "x.vars.hcl", text.as_bytes()).expect_err("invalid");
        let shown = render::text(&diagnostics, &sources, render::Style::PLAIN);
        assert_eq!(diagnostics.0.len(), 4, "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn arguments_are_read_by_the_type() {
        let read = |text: &str, ty: &Type| argument(&mut Sources::default(), "-var x", text, ty);
        assert_eq!(read("[1]", &Type::String), Ok(Value::from("[1]")));
        assert_eq!(read("12", &Type::Number), Ok(Value::from(12)));
        assert_eq!(read("true", &Type::Bool), Ok(Value::from(true)));
        assert_eq!(read("[\"a\"]", &Type::list(Type::String)), Ok(Value::list([Value::from("a")])));
        assert_eq!(read("v1.2", &Type::Any), Ok(Value::from("v1.2")));
        assert_eq!(read("{ a = 1 }", &Type::Any), Ok(Value::map([("a", Value::from(1))])));
        for (text, ty) in [
            ("x", Type::Number),
            ("x", Type::list(Type::Any)),
            ("[", Type::Any),
            ("f()", Type::map(Type::Any)),
        ] {
            let diagnostics = read(text, &ty).expect_err(text);
            assert!(diagnostics.has_errors(), "{text}");
        }
    }
}
