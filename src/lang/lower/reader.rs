//! Taking a block apart: what is asked for is known; what is left over at the end is an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;

use super::constant;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::Expr;
use crate::lang::config::{Attribute, Block, Body, Condition, Reference};
use crate::source::Span;

/// A body that arguments and blocks are taken out of.
pub(super) struct BodyReader<'d> {
    body: Body,
    /// How messages name the block: `the block variable "x"`.
    what: String,
    known_arguments: Vec<&'static str>,
    known_blocks: Vec<&'static str>,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl<'d> BodyReader<'d> {
    pub(super) fn new(block: Block, diagnostics: &'d mut Diagnostics) -> Self {
        let what = header(&block);
        Self { body: block.body, what, known_arguments: Vec::new(), known_blocks: Vec::new(), diagnostics }
    }

    /// Place of the block's header.
    pub(super) const fn span(&self) -> Span {
        self.body.span
    }

    /// Takes an argument.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Attribute> {
        self.known_arguments.push(name);
        self.body.attributes.remove(name)
    }

    /// Takes an argument that must be there.
    pub(super) fn required(&mut self, name: &'static str) -> Option<Attribute> {
        let taken = self.take(name);
        if taken.is_none() {
            self.diagnostics.push(
                Diagnostic::error(
                    "Missing argument",
                    format!("{} needs the argument `{name}`.", capital(&self.what)),
                )
                .at(self.body.span)
                .help(format!("Add `{name} = ...` to it.")),
            );
        }
        taken
    }

    /// Takes an argument whose value is constant and fits the type; none where it is absent, null or wrong.
    pub(super) fn constant(
        &mut self,
        name: &'static str,
        ty: &relplan_contract::Type,
    ) -> Option<(Value, Span)> {
        let attribute = self.take(name)?;
        constant::typed(&attribute, ty, self.diagnostics).map(|value| (value, attribute.expr.span))
    }

    /// Takes a constant bool.
    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let taken = self.constant(name, &relplan_contract::Type::Bool);
        taken.and_then(|(value, _)| value.as_bool()).unwrap_or(default)
    }

    /// Takes a constant string.
    pub(super) fn text(&mut self, name: &'static str) -> Option<(Arc<str>, Span)> {
        let (value, span) = self.constant(name, &relplan_contract::Type::String)?;
        value.as_str().map(|text| (text.into(), span))
    }

    /// Takes `depends_on` or another list of references.
    pub(super) fn references(&mut self, name: &'static str) -> Vec<Reference> {
        let Some(attribute) = self.take(name) else { return Vec::new() };
        super::address::references(&attribute, self.diagnostics)
    }

    /// Takes all blocks of a type that has no labels.
    pub(super) fn blocks(&mut self, ty: &'static str) -> Vec<Block> {
        let taken = self.labelled(ty);
        for block in &taken {
            self.refuse_labels(block);
        }
        taken
    }

    /// Takes all blocks of a type, whatever their labels.
    pub(super) fn labelled(&mut self, ty: &'static str) -> Vec<Block> {
        self.known_blocks.push(ty);
        let (taken, left) =
            std::mem::take(&mut self.body.blocks).into_iter().partition(|block| &*block.ty == ty);
        self.body.blocks = left;
        taken
    }

    /// Takes all arguments that are left.
    pub(super) fn take_all(&mut self) -> BTreeMap<Arc<str>, Attribute> {
        std::mem::take(&mut self.body.attributes)
    }

    /// Takes all blocks that are left.
    pub(super) fn take_blocks(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.body.blocks)
    }

    /// Takes a block of a type that may be there once.
    pub(super) fn block(&mut self, ty: &'static str) -> Option<Block> {
        let mut blocks = self.blocks(ty).into_iter();
        let first = blocks.next()?;
        for block in blocks {
            self.diagnostics.push(
                Diagnostic::error(
                    "Block given twice",
                    format!("A `{ty}` block can be given once in {}.", self.what),
                )
                .label(block.ty_span, "given again here")
                .label(first.ty_span, "given first here")
                .help("Put the content of both into one block."),
            );
        }
        Some(first)
    }

    /// Takes blocks with `condition` and `error_message`.
    pub(super) fn conditions(&mut self, ty: &'static str) -> Vec<Condition> {
        let blocks = self.blocks(ty);
        blocks.into_iter().filter_map(|block| condition(block, self.diagnostics)).collect()
    }

    fn refuse_labels(&mut self, block: &Block) {
        if let Some((_, span)) = block.labels.first() {
            self.diagnostics.push(
                Diagnostic::error(
                    "Label not expected",
                    format!("A `{}` block has no labels here.", block.ty),
                )
                .at(*span)
                .help("Delete the label."),
            );
        }
    }

    /// Refuses what another tool has here, written as an argument or as a block, and says what to do instead.
    pub(super) fn refuse(&mut self, names: &[&str], detail: &str, help: &str) {
        let mut refuse = |what: &str, span: Span| {
            self.diagnostics
                .push(Diagnostic::error(format!("Unsupported {what}"), detail).at(span).help(help));
        };
        for name in names {
            if let Some(attribute) = self.body.attributes.remove(*name) {
                refuse("argument", attribute.name_span);
            }
            self.body.blocks.retain(|block| {
                let is_meant = *block.ty == **name;
                if is_meant {
                    refuse("block", block.ty_span);
                }
                !is_meant
            });
        }
    }

    /// What was not taken, with the names of what could have been.
    pub(super) fn rest(self) -> Body {
        let mut names = self.known_arguments;
        names.extend(self.known_blocks);
        Body { also: names, ..self.body }
    }

    /// Everything must have been taken: what is left is an error.
    pub(super) fn finish(self) {
        let mut found = Vec::new();
        for attribute in self.body.attributes.values() {
            let name = &attribute.name;
            let detail = format!("{} has no argument `{name}`.", capital(&self.what));
            let help = instead_of(name, &self.known_arguments, &self.known_blocks, as_block);
            found.push(Diagnostic::error("Unsupported argument", detail).at(attribute.name_span).help(help));
        }
        for block in &self.body.blocks {
            let ty = &block.ty;
            let detail = format!("{} has no block `{ty}`.", capital(&self.what));
            let help = instead_of(ty, &self.known_blocks, &self.known_arguments, as_argument);
            found.push(Diagnostic::error("Unsupported block", detail).at(block.ty_span).help(help));
        }
        for diagnostic in found {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// What was meant by a name that is not known: one of its own kind, or one that is written the other way.
fn instead_of(name: &str, own: &[&str], other: &[&str], as_other: fn(&str) -> String) -> String {
    if other.contains(&name) {
        return format!("Write it as {}.", as_other(name));
    }
    if let Some(near) = did_you_mean(name, own.iter().copied()) {
        return format!("Did you mean `{near}`?");
    }
    if let Some(near) = did_you_mean(name, other.iter().copied()) {
        return format!("Did you mean {}?", as_other(near));
    }
    if own.is_empty() { "Delete it.".to_owned() } else { format!("It has: {}.", own.join(", ")) }
}

fn as_block(name: &str) -> String {
    format!("a block: `{name} {{ ... }}`")
}

fn as_argument(name: &str) -> String {
    format!("an argument: `{name} = ...`")
}

/// `the block resource "a" "b"`.
fn header(block: &Block) -> String {
    let labels = block.labels.iter().map(|(label, _)| format!(" {label:?}"));
    format!("the block `{}{}`", block.ty, labels.collect::<String>())
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A block with `condition` and `error_message`.
pub(super) fn condition(block: Block, diagnostics: &mut Diagnostics) -> Option<Condition> {
    let mut reader = BodyReader::new(block, diagnostics);
    let span = reader.span();
    let condition = reader.required("condition");
    let message = reader.required("error_message");
    reader.finish();
    Some(Condition { span, condition: expr(condition)?, message: expr(message)? })
}

fn expr(attribute: Option<Attribute>) -> Option<Expr> {
    attribute.map(|attribute| attribute.expr)
}
