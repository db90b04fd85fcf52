//! Which part of `var.region.name[0]` is the reference, and what it refers to.

use std::sync::Arc;

use crate::addr::{Mode, ResourceName};
use crate::diag::Diagnostic;
use crate::lang::ast::Access;
use crate::lang::config::{Reference, Subject};
use crate::source::Span;

/// The reference that begins with `name`, and how many of the steps behind it belong to it. What a `for` binds
/// must have been ruled out before.
///
/// For a module call the subject names the output where the text does (`module.m.out`, `module.m["k"].out`), but
/// the steps behind the call's name are left over.
pub fn parse(name: &Arc<str>, name_span: Span, steps: &[Access]) -> Result<(Reference, usize), Diagnostic> {
    let attribute = |index: usize| match steps.get(index) {
        Some(Access::Attribute(attribute, span)) => Some((attribute, *span)),
        _ => None,
    };
    let whole = |subject: Subject, used: usize| {
        let end = used.checked_sub(1).and_then(attribute).map_or(name_span, |(_, span)| span);
        Ok((Reference { subject, span: name_span.to(end) }, used))
    };
    let needs = |what: &str, example: &str| {
        Diagnostic::error("Incomplete reference", format!("`{name}` stands for nothing by itself: {what}."))
            .at(name_span)
            .help(format!("Write for example `{example}`."))
    };
    match &**name {
        "var" => match attribute(0) {
            Some((variable, _)) => whole(Subject::Variable(Arc::clone(variable)), 1),
            None => Err(needs("the name of a variable must follow", "var.region")),
        },
        "local" => match attribute(0) {
            Some((local, _)) => whole(Subject::Local(Arc::clone(local)), 1),
            None => Err(needs("the name of a local value must follow", "local.tag")),
        },
        "module" => match attribute(0) {
            Some((module, _)) => {
                let behind_key = usize::from(matches!(steps.get(1), Some(Access::Index(_)))) + 1;
                let output = attribute(behind_key).map(|(output, _)| Arc::clone(output));
                whole(Subject::Module(Arc::clone(module), output), 1)
            }
            None => Err(needs("the name of a module call must follow", "module.shop.url")),
        },
        "data" => match (attribute(0), attribute(1)) {
            (Some((ty, _)), Some((name, _))) => whole(resource(Mode::Data, ty, name), 2),
            _ => Err(needs("a type and a name must follow", "data.git_ref.main.commit")),
        },
        "each" => whole(Subject::Each, 0),
        "count" => whole(Subject::Count, 0),
        "self" => whole(Subject::Itself, 0),
        "release" => whole(Subject::Release, 0),
        "path" => whole(Subject::Path, 0),
        _ => match attribute(0) {
            Some((resource_name, _)) => whole(resource(Mode::Managed, name, resource_name), 1),
            None => Err(unknown_name(name, name_span)),
        },
    }
}

fn resource(mode: Mode, ty: &Arc<str>, name: &Arc<str>) -> Subject {
    Subject::Resource(ResourceName { mode, ty: Arc::clone(ty), name: Arc::clone(name) })
}

fn unknown_name(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "Invalid reference",
        format!("`{name}` alone refers to nothing: a resource is referred to by its type and its name."),
    )
    .at(span)
    .help(format!(
        "Write \"{name}\" in quotes for text, `var.{name}` for a variable, or `local.{name}` for a local value."
    ))
}
