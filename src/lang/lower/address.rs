//! Expressions that are not evaluated but name something: references, addresses, paths, provider names.

use std::sync::Arc;

use relplan_contract::{Kind, Path, Step};

use crate::addr::Target;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Access, Expr, Node};
use crate::lang::config::{Attribute, IgnoreChanges, ProviderName, Reference};
use crate::lang::refs;

/// The items of a list argument such as `depends_on`.
fn items<'a>(attribute: &'a Attribute, example: &str, diagnostics: &mut Diagnostics) -> &'a [Expr] {
    match &attribute.expr.node {
        Node::List(items) => items,
        Node::Literal(value) if value.is_unknown() => &[],
        _ => {
            diagnostics.push(
                Diagnostic::error("List needed", format!("`{}` is a list.", attribute.name))
                    .at(attribute.expr.span)
                    .help(format!("Write it as `{} = {example}`.", attribute.name)),
            );
            &[]
        }
    }
}

/// The references of `depends_on` or `replace_triggered_by`.
pub(super) fn references(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Vec<Reference> {
    let items = items(attribute, "[git_tag.release]", diagnostics);
    items.iter().filter_map(|item| reference(item, &attribute.name, diagnostics)).collect()
}

fn reference(expr: &Expr, argument: &str, diagnostics: &mut Diagnostics) -> Option<Reference> {
    let refused = |diagnostic: Diagnostic| {
        diagnostic.at(expr.span).help("Write it as in `git_tag.release` or `module.shop`.")
    };
    match &expr.node {
        Node::Name(_) | Node::Access(..) => match refs::subject(expr) {
            Ok(subject) => Some(Reference { subject, span: expr.span }),
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                None
            }
        },
        Node::Literal(value) if value.as_str().is_some() => {
            let detail = format!("`{argument}` lists references, which are written without quotes.");
            diagnostics.push(refused(Diagnostic::error("Quoted reference", detail)));
            None
        }
        _ => {
            let detail = format!("`{argument}` lists references to resources, data sources and modules.");
            diagnostics.push(refused(Diagnostic::error("Invalid reference", detail)));
            None
        }
    }
}

/// The expression written again as the text of an address, if it has the form of one.
fn text_of(expr: &Expr) -> Option<String> {
    match &expr.node {
        Node::Name(name) => Some(name.to_string()),
        Node::Access(base, steps) => steps.iter().try_fold(text_of(base)?, |text, step| match step {
            Access::Attribute(name, _) => Some(format!("{text}.{name}")),
            Access::Index(index) => match &index.node {
                Node::Literal(value) => match value.kind() {
                    Kind::String(key) => Some(format!("{text}[{}]", crate::addr::quoted(key))),
                    Kind::Number(number) => Some(format!("{text}[{number}]")),
                    _ => None,
                },
                _ => None,
            },
            Access::AttributeSplat(_) | Access::FullSplat(_) => None,
        }),
        _ => None,
    }
}

/// The address in `from` or `to` of a `moved` or `removed` block.
pub(super) fn target(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<Target> {
    if matches!(&attribute.expr.node, Node::Literal(value) if value.is_unknown()) {
        return None;
    }
    let parsed = text_of(&attribute.expr).map(|text| text.parse::<Target>());
    let problem = match parsed {
        Some(Ok(target)) => return Some(target),
        Some(Err(error)) => format!("`{}` is not an address: {}.", attribute.name, error.reason),
        None => format!("`{}` is not an address.", attribute.name),
    };
    diagnostics.push(Diagnostic::error("Invalid address", problem).at(attribute.expr.span).help(
        "Write it as in `git_tag.release`, `git_tag.release[\"a\"]` or `module.shop`, without quotes.",
    ));
    None
}

/// `git` or `git.mirror`.
pub(super) fn provider(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<ProviderName> {
    let name = match &expr.node {
        Node::Name(name) => Some(ProviderName { name: Arc::clone(name), alias: None }),
        Node::Access(base, steps) => match (&base.node, steps.as_slice()) {
            (Node::Name(name), [Access::Attribute(alias, _)]) => {
                Some(ProviderName { name: Arc::clone(name), alias: Some(Arc::clone(alias)) })
            }
            _ => None,
        },
        Node::Literal(value) if value.is_unknown() => return None,
        _ => None,
    };
    if name.is_none() {
        diagnostics.push(
            Diagnostic::error("Invalid provider", "This does not name a provider configuration.")
                .at(expr.span)
                .help("Write it as `git`, or as `git.mirror` for `alias = \"mirror\"`, without quotes."),
        );
    }
    name
}

/// `ignore_changes`: `all`, or a list of attributes.
pub(super) fn ignore_changes(attribute: &Attribute, diagnostics: &mut Diagnostics) -> IgnoreChanges {
    if matches!(&attribute.expr.node, Node::Name(name) if &**name == "all") {
        return IgnoreChanges::All;
    }
    let mut paths = Vec::new();
    for item in items(attribute, "[name], or `ignore_changes = all`", diagnostics) {
        match path(item) {
            Some(path) => paths.push(path),
            None => diagnostics.push(
                Diagnostic::error("Invalid attribute", "This does not name an attribute of the resource.")
                    .at(item.span)
                    .help("Write it as `name` or `headers[\"accept\"]`, without quotes; `ignore_changes = all` means all."),
            ),
        }
    }
    IgnoreChanges::Paths(paths)
}

fn path(expr: &Expr) -> Option<Path> {
    match &expr.node {
        Node::Name(name) => Some(Path::attribute(name)),
        Node::Access(base, steps) => steps.iter().try_fold(path(base)?, |path, step| match step {
            Access::Attribute(name, _) => Some(path.key(name)),
            Access::Index(index) => {
                let Node::Literal(value) = &index.node else { return None };
                let index = value.as_i64().and_then(|index| usize::try_from(index).ok()).map(Step::Index);
                let step = index.or_else(|| value.as_str().map(|key| Step::Key(key.into())))?;
                Some(Path(path.0.into_iter().chain(std::iter::once(step)).collect()))
            }
            Access::AttributeSplat(_) | Access::FullSplat(_) => None,
        }),
        _ => None,
    }
}
