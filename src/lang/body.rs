//! Arguments against a schema: from a block's [`Body`] to the object that a provider is given.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Attribute as Schema, Path, Presence, Shape, Value};

use super::ast::Expr;
use super::config::{Attribute, Block, Body};
use super::eval::{self, Allowance, Budget, Scope};
use super::functions::Host;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::source::Span;

/// Evaluates expressions in one scope, each with a budget of its own out of one allowance.
#[derive(Clone, Copy)]
pub struct Evaluator<'e> {
    scope: &'e dyn Scope,
    host: &'e dyn Host,
    allowance: &'e Arc<Allowance>,
}

impl<'e> Evaluator<'e> {
    /// An evaluator for a scope.
    #[must_use]
    pub const fn new(scope: &'e dyn Scope, host: &'e dyn Host, allowance: &'e Arc<Allowance>) -> Self {
        Self { scope, host, allowance }
    }

    /// The value of an expression.
    pub fn evaluate(&self, expr: &Expr) -> Result<Value, Diagnostics> {
        eval::evaluate(expr, self.scope, self.host, &Budget::within(self.allowance))
    }
}

/// Evaluates the arguments and nested blocks of a body and makes them fit the schema. What is left out is null
/// or its default; computed attributes are null.
pub fn evaluate(body: &Body, schema: &[Schema], evaluator: &Evaluator<'_>) -> Result<Value, Diagnostics> {
    let mut found = Diagnostics::default();
    let value = object(body, schema, evaluator, &mut found);
    if found.has_errors() { Err(found) } else { Ok(value) }
}

/// The place of the part of a body that a path leads to; of the block's header where it is not written out.
#[must_use]
pub fn place(body: &Body, path: &Path) -> Span {
    let Some(root) = path.root() else { return body.span };
    if let Some(attribute) = body.attributes.get(root) {
        return attribute.name_span.to(attribute.expr.span);
    }
    let index = match path.0.get(1) {
        Some(relplan_contract::Step::Index(index)) => *index,
        Some(relplan_contract::Step::Key(_)) | None => 0,
    };
    let Some(block) = body.blocks.iter().filter(|block| *block.ty == *root).nth(index) else {
        return body.span;
    };
    place(&block.body, &Path(path.0.iter().skip(2).cloned().collect()))
}

/// Checks the names in a body against the schema, and whether all is there that must be, without evaluating anything:
/// for a block of which there is no instance to evaluate.
#[must_use]
pub fn check(body: &Body, schema: &[Schema]) -> Diagnostics {
    let mut found = Diagnostics::default();
    check_form(body, schema, &mut found);
    found
}

fn check_form(body: &Body, schema: &[Schema], found: &mut Diagnostics) {
    unsupported(body, schema, found);
    for attribute in schema {
        let nested = || body.blocks.iter().filter(|block| *block.ty == *attribute.name);
        match &attribute.shape {
            Shape::Value(_) => match body.attributes.get(attribute.name) {
                Some(given) if attribute.presence == Presence::Computed => {
                    found.push(computed(attribute, given));
                }
                None if attribute.presence == Presence::Required => found.push(missing(attribute, body)),
                Some(_) | None => {}
            },
            Shape::Blocks(inner) | Shape::Block(inner) => {
                nested().for_each(|block| check_form(&block.body, inner, found));
            }
        }
    }
}

fn missing(schema: &Schema, body: &Body) -> Diagnostic {
    Diagnostic::error("Missing argument", format!("The argument {:?} is required here.", schema.name))
        .at(body.span)
        .help(format!("Add `{} = ...`: {}", schema.name, schema.docs))
}

fn computed(schema: &Schema, given: &Attribute) -> Diagnostic {
    let detail = format!("The provider decides {:?} itself.", schema.name);
    Diagnostic::error("Value for a computed attribute", detail).at(given.name_span).help("Remove it.")
}

fn object(body: &Body, schema: &[Schema], evaluator: &Evaluator<'_>, found: &mut Diagnostics) -> Value {
    unsupported(body, schema, found);
    let mut blocks: BTreeMap<&str, Vec<&Block>> = BTreeMap::new();
    for block in &body.blocks {
        blocks.entry(&block.ty).or_default().push(block);
    }
    Value::map(schema.iter().map(|attribute| {
        let given = body.attributes.get(attribute.name);
        let nested = blocks.get(attribute.name).map(Vec::as_slice).unwrap_or_default();
        let value = match &attribute.shape {
            Shape::Value(_) => argument(attribute, given, body, evaluator, found),
            Shape::Blocks(inner) => Value::list(
                nested.iter().map(|block| object(&block.body, inner, evaluator, found)).collect::<Vec<_>>(),
            ),
            Shape::Block(inner) => {
                if let Some(second) = nested.get(1) {
                    found.push(
                        Diagnostic::error(
                            "Duplicate block",
                            format!("Only one {:?} block is allowed here.", attribute.name),
                        )
                        .at(second.ty_span)
                        .help("Remove it, or merge the two."),
                    );
                }
                nested.first().map_or(Value::NULL, |block| object(&block.body, inner, evaluator, found))
            }
        };
        (attribute.name, value)
    }))
}

fn argument(
    schema: &Schema,
    given: Option<&Attribute>,
    body: &Body,
    evaluator: &Evaluator<'_>,
    found: &mut Diagnostics,
) -> Value {
    let Some(attribute) = given else {
        if schema.presence == Presence::Required {
            found.push(missing(schema, body));
        }
        // A default fits its own schema: the conformance suite sees to that.
        return schema.fit(&Value::NULL).unwrap_or(Value::NULL);
    };
    if schema.presence == Presence::Computed {
        found.push(computed(schema, attribute));
        return Value::NULL;
    }
    let kept = |value: Value| -> Result<Value, Diagnostics> {
        evaluator.allowance.keep(&value, attribute.expr.span)?;
        Ok(value)
    };
    let value = match evaluator.evaluate(&attribute.expr).and_then(kept) {
        Ok(value) => value,
        Err(errors) => {
            found.extend(errors);
            return Value::UNKNOWN;
        }
    };
    if value.is_null() && schema.presence == Presence::Required {
        found.push(
            Diagnostic::error(
                "Missing argument",
                format!("The argument {:?} is required, but it is null.", schema.name),
            )
            .at(attribute.expr.span)
            .help("Give it a value."),
        );
        return Value::UNKNOWN;
    }
    schema.fit(&value).unwrap_or_else(|misfit| {
        found.push(
            Diagnostic::error(
                "Wrong type",
                format!("The argument {:?} does not fit: {misfit}.", schema.name),
            )
            .at(attribute.expr.span)
            .help(format!("It must be of type `{}`.", schema.ty())),
        );
        Value::UNKNOWN
    })
}

fn unsupported(body: &Body, schema: &[Schema], found: &mut Diagnostics) {
    let is_block = |attribute: &&Schema| !matches!(attribute.shape, Shape::Value(_));
    for attribute in body.attributes.values() {
        let known = schema.iter().find(|known| *known.name == *attribute.name);
        match known {
            Some(known) if is_block(&known) => found.push(
                Diagnostic::error(
                    "Block expected",
                    format!("{:?} is a block, not an argument.", attribute.name),
                )
                .at(attribute.name_span)
                .help(format!("Write `{} {{ ... }}`, without `=`.", attribute.name)),
            ),
            Some(_) => {}
            None => found.push(unknown("argument", &attribute.name, attribute.name_span, schema, &body.also)),
        }
    }
    for block in &body.blocks {
        let known = schema.iter().find(|known| *known.name == *block.ty);
        match known {
            Some(known) if !is_block(&known) => found.push(
                Diagnostic::error(
                    "Argument expected",
                    format!("{:?} is an argument, not a block.", block.ty),
                )
                .at(block.ty_span)
                .help(format!("Write `{} = ...`.", block.ty)),
            ),
            Some(_) => {
                if let Some((_, span)) = block.labels.first() {
                    found.push(
                        Diagnostic::error(
                            "Unexpected label",
                            format!("A {:?} block has no labels.", block.ty),
                        )
                        .at(*span)
                        .help("Remove the label."),
                    );
                }
            }
            None => found.push(unknown("block", &block.ty, block.ty_span, schema, &body.also)),
        }
    }
}

fn unknown(what: &str, name: &Arc<str>, span: Span, schema: &[Schema], also: &[&'static str]) -> Diagnostic {
    let names = schema.iter().filter(|known| known.presence != Presence::Computed).map(|known| known.name);
    let help = did_you_mean(name, names.clone().chain(also.iter().copied())).map_or_else(
        || {
            let all: Vec<&str> = names.collect();
            if all.is_empty() {
                "Delete it.".to_owned()
            } else {
                format!("These are known: {}.", all.join(", "))
            }
        },
        |near| format!("Did you mean {near:?}?"),
    );
    Diagnostic::error(format!("Unsupported {what}"), format!("There is no {what} named {name:?} here."))
        .at(span)
        .help(help)
}
