//! Expressions that are not evaluated but name something: references, addresses, paths, provider names.

use std::sync::Arc;

use relplan_contract::{Path, Step};

use crate::addr::{Mode, Target};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Access, Expr};
use crate::lang::config::{Attribute, IgnoreChanges, ProviderName, Reference, Subject, Trigger};
use crate::lang::refs;

/// The items of a list argument such as `depends_on`.
fn items<'a>(attribute: &'a Attribute, example: &str, diagnostics: &mut Diagnostics) -> &'a [Expr] {
    let items = attribute.expr.as_list();
    if items.is_none() && !attribute.expr.is_unreadable() {
        diagnostics.push(
            Diagnostic::error("List needed", format!("`{}` is a list.", attribute.name))
                .at(attribute.expr.span)
                .help(format!("Write it as `{} = {example}`.", attribute.name)),
        );
    }
    items.unwrap_or_default()
}

/// The references of `depends_on`.
pub(super) fn references(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Vec<Reference> {
    let items = items(attribute, "[git_tag.release]", diagnostics);
    items.iter().filter_map(|item| reference(item, &attribute.name, diagnostics)).collect()
}

/// The items of `replace_triggered_by`.
pub(super) fn triggers(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Vec<Trigger> {
    let items = items(attribute, "[git_tag.release]", diagnostics);
    items
        .iter()
        .filter_map(|item| {
            let reference = reference(item, &attribute.name, diagnostics)?;
            Some(trigger(item, reference))
        })
        .collect()
}

/// What stands behind the name of the block: which instance, and which part of it. A splat means all.
fn trigger(expr: &Expr, reference: Reference) -> Trigger {
    let (_, steps) = expr.base_and_steps();
    let named = match &reference.subject {
        Subject::Resource(name) if name.mode == Mode::Data => 2,
        _ => 1,
    };
    let mut steps = steps.iter().skip(named).peekable();
    let key = steps
        .next_if(|step| matches!(step, Access::Index(_)))
        .and_then(|step| if let Access::Index(key) = step { Some(key.clone()) } else { None });
    let part: Option<Vec<Step>> = steps.map(step_of).collect();
    Trigger { reference, key, part: Path(part.unwrap_or_default()) }
}

fn reference(expr: &Expr, argument: &str, diagnostics: &mut Diagnostics) -> Option<Reference> {
    let (base, _) = expr.base_and_steps();
    if base.as_name().is_some() {
        let subject = refs::subject(expr).map_err(|diagnostic| diagnostics.push(*diagnostic)).ok()?;
        return Some(Reference { subject, span: expr.span });
    }
    let quoted = expr.as_literal().is_some_and(|value| value.as_str().is_some());
    let diagnostic = if quoted {
        let detail = format!("`{argument}` lists references, which are written without quotes.");
        Diagnostic::error("Quoted reference", detail)
    } else {
        let detail = format!("`{argument}` lists references to resources, data sources and modules.");
        Diagnostic::error("Invalid reference", detail)
    };
    diagnostics.push(diagnostic.at(expr.span).help("Write it as in `git_tag.release` or `module.shop`."));
    None
}

/// The expression written again as the text of an address, if it has the form of one.
fn text_of(expr: &Expr) -> Option<String> {
    let (base, steps) = expr.base_and_steps();
    steps.iter().try_fold(base.as_name()?.to_string(), |text, step| match step {
        Access::Attribute(name, _) => Some(format!("{text}.{name}")),
        Access::Index(index) => {
            let key = index.as_literal()?;
            let name = key.as_str().map(crate::addr::quoted);
            Some(format!("{text}[{}]", name.or_else(|| Some(key.as_i64()?.to_string()))?))
        }
        Access::AttributeSplat(_) | Access::FullSplat(_) => None,
    })
}

/// The address in `from` or `to` of a `moved` or `removed` block.
pub(super) fn target(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<Target> {
    if attribute.expr.is_unreadable() {
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
    let (base, steps) = expr.base_and_steps();
    let alias = match steps {
        [] => Some(None),
        [Access::Attribute(alias, _)] => Some(Some(Arc::clone(alias))),
        _ => None,
    };
    let name = base.as_name().zip(alias).map(|(name, alias)| ProviderName { name: Arc::clone(name), alias });
    if name.is_none() && !expr.is_unreadable() {
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
    if attribute.expr.as_name().is_some_and(|name| &**name == "all") {
        return IgnoreChanges::All;
    }
    let mut paths = Vec::new();
    for item in items(attribute, "[name], or `ignore_changes = all`", diagnostics) {
        let found = path(item);
        if found.is_none() {
            diagnostics.push(
                Diagnostic::error("Invalid attribute", "This does not name an attribute of the resource.")
                    .at(item.span)
                    .help("Write it as `name` or `headers[\"accept\"]`, without quotes; `ignore_changes = all` means all."),
            );
        }
        paths.extend(found);
    }
    IgnoreChanges::Paths(paths)
}

fn path(expr: &Expr) -> Option<Path> {
    let (base, steps) = expr.base_and_steps();
    steps.iter().try_fold(Path::attribute(base.as_name()?), |mut path, step| {
        path.0.push(step_of(step)?);
        Some(path)
    })
}

/// A step whose name or number is written out.
fn step_of(step: &Access) -> Option<Step> {
    match step {
        Access::Attribute(name, _) => Some(Step::Key(Arc::clone(name))),
        Access::Index(index) => {
            let key = index.as_literal()?;
            let number = key.as_i64().and_then(|number| usize::try_from(number).ok()).map(Step::Index);
            number.or_else(|| key.as_str().map(|name| Step::Key(name.into())))
        }
        Access::AttributeSplat(_) | Access::FullSplat(_) => None,
    }
}
