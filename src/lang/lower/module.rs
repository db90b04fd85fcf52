//! One module: its blocks by type, with names and duplicates checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::is_identifier;

use super::reader::BodyReader;
use super::{blocks, call, release, resource};
use crate::addr::Mode;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::config::{Attribute, Block, Body, Module, Release};
use crate::lang::syntax;
use crate::source::Span;

/// Words that stand for something else at the start of a reference.
const RESERVED_TYPES: &[&str] =
    &["count", "data", "each", "local", "module", "path", "release", "self", "terraform", "var"];

/// Names of arguments of `module` blocks, which no variable can have.
const RESERVED_VARIABLES: &[&str] =
    &["count", "depends_on", "for_each", "lifecycle", "locals", "providers", "source", "version"];

/// Brings the module of a `source`, with the place of it; none after a diagnostic.
pub(super) type Resolve<'r> = dyn FnMut(&str, Span, &mut Diagnostics) -> Option<Arc<Module>> + 'r;

/// A module and, where there is one, its `release` block.
#[derive(Default)]
pub(super) struct Lowered {
    pub(super) module: Module,
    pub(super) release: Option<Release>,
    /// Whether a block had to be left out.
    pub(super) incomplete: bool,
}

/// Lowers the blocks of all files of a module.
pub(super) fn lower(
    folder: &str,
    bodies: Vec<Body>,
    resolve: &mut Resolve<'_>,
    diagnostics: &mut Diagnostics,
) -> Lowered {
    let mut lowered = Lowered::default();
    lowered.module.folder = folder.into();
    for body in bodies {
        for attribute in body.attributes.values() {
            diagnostics.push(stray_argument(attribute));
        }
        for block in body.blocks {
            lowered.block(block, resolve, diagnostics);
        }
    }
    lowered
}

fn stray_argument(attribute: &Attribute) -> Diagnostic {
    let name = &attribute.name;
    Diagnostic::error("Unexpected argument", "At the top of a file there are only blocks.")
        .at(attribute.name_span)
        .help(format!("Put it in a block, as in `locals {{ {name} = ... }}`; values of variables belong in a `.vars.hcl` file."))
}

impl Lowered {
    fn block(&mut self, block: Block, resolve: &mut Resolve<'_>, diagnostics: &mut Diagnostics) {
        let labels: &[&str] = match &*block.ty {
            "resource" | "data" => &["TYPE", "NAME"],
            "variable" | "output" | "provider" | "module" | "check" | "release" => &["NAME"],
            "locals" | "moved" | "removed" | "import" => &[],
            _ => return diagnostics.push(unknown_block(&block)),
        };
        if !check_labels(&block, labels, diagnostics) {
            self.incomplete = true;
            return;
        }
        let module = &mut self.module;
        match &*block.ty {
            "resource" => resource_block(module, block, Mode::Managed, diagnostics),
            "data" => resource_block(module, block, Mode::Data, diagnostics),
            "variable" => {
                let (name, span) = first_label(&block);
                refuse_reserved(&name, span, RESERVED_VARIABLES, "a variable", diagnostics);
                let variable = blocks::variable(block, diagnostics);
                insert(&mut module.variables, name, variable, span, |v| v.span, "the variable", diagnostics);
            }
            "output" => {
                let (name, span) = first_label(&block);
                let output = blocks::output(block, diagnostics);
                insert(&mut module.outputs, name, output, span, |o| o.span, "the output", diagnostics);
            }
            "provider" => {
                if let Some((name, provider)) = blocks::provider(block, diagnostics) {
                    let span = provider.span;
                    insert(&mut module.providers, name, provider, span, |p| p.span, "the provider", diagnostics);
                }
            }
            "module" => {
                let (name, span) = first_label(&block);
                match call::lower(block, resolve, diagnostics) {
                    Some(call) => insert(&mut module.calls, name, call, span, |c| c.span, "the module", diagnostics),
                    None => self.incomplete = true,
                }
            }
            "check" => {
                let (name, span) = first_label(&block);
                let check = blocks::check(block, diagnostics);
                insert(&mut module.checks, name, check, span, |c| c.span, "the check", diagnostics);
            }
            "locals" => locals(module, block, diagnostics),
            "moved" => module.moved.extend(blocks::moved(block, diagnostics)),
            "removed" => module.removed.extend(blocks::removed(block, diagnostics)),
            "release" => self.release_block(block, diagnostics),
            _ => diagnostics.push(
                Diagnostic::error("Unsupported block", "`import` blocks are not supported yet.")
                    .at(block.ty_span)
                    .help("Delete the block; what is there already is adopted where the provider finds it equal."),
            ),
        }
    }

    fn release_block(&mut self, block: Block, diagnostics: &mut Diagnostics) {
        let span = block.body.span;
        let release = release::lower(block, diagnostics);
        if let Some(first) = &self.release {
            diagnostics.push(
                Diagnostic::error("Second `release` block", "A release is defined by one `release` block.")
                    .label(span, "a second one")
                    .label(first.span, "the first one")
                    .help("Delete one of them; give each version a file of its own."),
            );
        } else {
            self.release = release;
        }
    }
}

fn unknown_block(block: &Block) -> Diagnostic {
    if &*block.ty == "terraform" {
        return Diagnostic::error("Unsupported block", "relplan has a `release` block in place of `terraform`.")
            .at(block.ty_span)
            .help("Write `release \"NAME\" { version = \"1.0.0\" }`; `required_version` goes into it; `backend` and `required_providers` are not needed.");
    }
    let known = syntax::top_blocks().iter().copied().filter(|name| *name != "terraform");
    let help = match did_you_mean(&block.ty, known.clone()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("The blocks of a file are {}.", known.collect::<Vec<_>>().join(", ")),
    };
    Diagnostic::error("Unknown block", format!("There is no block type `{}`.", block.ty))
        .at(block.ty_span)
        .help(help)
}

/// Whether a block has the labels that it needs, and each is a name.
fn check_labels(block: &Block, wanted: &[&str], diagnostics: &mut Diagnostics) -> bool {
    let ty = &block.ty;
    let form = wanted.iter().fold(format!("{ty} "), |form, label| format!("{form}\"{label}\" "));
    let form = format!("Write it as `{form}{{ ... }}`.");
    let count = |n: usize| match n {
        0 => "no label".to_owned(),
        1 => "one label".to_owned(),
        2 => "two labels".to_owned(),
        n => format!("{n} labels"),
    };
    if block.labels.len() != wanted.len() {
        let extra = block.labels.get(wanted.len()).map(|(_, span)| *span);
        diagnostics.push(
            Diagnostic::error(
                "Wrong number of labels",
                format!(
                    "Blocks of the type `{ty}` have {}, but this one has {}.",
                    count(wanted.len()),
                    count(block.labels.len())
                ),
            )
            .at(extra.unwrap_or(block.body.span))
            .help(form),
        );
        return false;
    }
    let mut valid = true;
    for (name, span) in &block.labels {
        // The name of a product may have dots and spaces: it is no part of an address.
        if !is_identifier(name) && &**ty != "release" {
            diagnostics.push(invalid_name(name, *span));
            valid = false;
        }
    }
    valid
}

pub(super) fn invalid_name(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("Invalid name", format!("{name:?} cannot be a name."))
        .at(span)
        .help("A name begins with a letter or `_` and consists of letters, digits, `_` and `-`.")
}

fn refuse_reserved(name: &str, span: Span, reserved: &[&str], what: &str, diagnostics: &mut Diagnostics) {
    if reserved.contains(&name) {
        diagnostics.push(
            Diagnostic::error(
                "Reserved name",
                format!("`{name}` has another meaning, so {what} cannot have this name."),
            )
            .at(span)
            .help("Choose another name."),
        );
    }
}

fn first_label(block: &Block) -> (Arc<str>, Span) {
    block.labels.first().cloned().unwrap_or_else(|| (Arc::clone(&block.ty), block.ty_span))
}

/// Inserts a definition; a second one of the same name is an error that shows both places.
fn insert<K: Ord + std::fmt::Display, V>(
    map: &mut BTreeMap<K, V>,
    key: K,
    value: V,
    span: Span,
    place: impl Fn(&V) -> Span,
    what: &str,
    diagnostics: &mut Diagnostics,
) {
    if let Some(first) = map.get(&key) {
        diagnostics.push(
            Diagnostic::error("Defined twice", format!("This module has {what} `{key}` already."))
                .label(span, "defined again here")
                .label(place(first), "defined first here")
                .help("Rename or delete one of them."),
        );
        return;
    }
    map.insert(key, value);
}

fn resource_block(module: &mut Module, block: Block, mode: Mode, diagnostics: &mut Diagnostics) {
    let (ty, span) = first_label(&block);
    refuse_reserved(&ty, span, RESERVED_TYPES, "a type", diagnostics);
    if let Some((name, resource)) = resource::lower(block, mode, diagnostics) {
        let what = if mode == Mode::Data { "the data source" } else { "the resource" };
        let span = resource.span;
        insert(&mut module.resources, name, resource, span, |r| r.span, what, diagnostics);
    }
}

fn locals(module: &mut Module, block: Block, diagnostics: &mut Diagnostics) {
    let mut reader = BodyReader::new(block, diagnostics);
    let attributes = reader.take_all();
    for (name, attribute) in attributes {
        let span = attribute.name_span;
        insert(
            &mut module.locals,
            name,
            attribute,
            span,
            |a| a.name_span,
            "the local value",
            reader.diagnostics,
        );
    }
    reader.finish();
}
