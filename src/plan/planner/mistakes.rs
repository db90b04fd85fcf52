//! What is wrong with an instance or in the way of it, told once and at its place.

use relplan_contract::{Lifetime, Problem};

use super::Planner;
use super::instance::InBlock;
use crate::addr::{Mode, ResourceName};
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::event::EntryKey;
use crate::graph::NodeId;
use crate::lang::body;
use crate::lang::config::Resource;
use crate::state::Entry;

impl Planner {
    pub(super) fn instance_errors(&mut self, id: NodeId, key: &EntryKey, errors: Diagnostics) {
        // A block with many instances would say the same a thousand times.
        let repeated = |known: &Diagnostics, new: &Diagnostic| {
            known
                .0
                .iter()
                .any(|old| old.summary == new.summary && old.detail == new.detail && old.labels == new.labels)
        };
        let named = key.address.key.is_some() || key.address.module.0.iter().any(|step| step.key.is_some());
        for error in errors.0 {
            if !repeated(&self.found, &error) {
                let error = if named { error.in_instance(key.address.to_string()) } else { error };
                self.error(id, error);
            }
        }
        self.walk.broken.insert(id);
    }

    pub(super) fn problem(&mut self, block: &InBlock, key: &EntryKey, summary: &str, problem: Problem) {
        let body = &block.resource.body;
        let place = problem.attribute.as_ref().map_or(block.resource.span, |path| body::place(body, path));
        let mut detail = problem.message;
        if !problem.detail.is_empty() {
            detail = format!("{detail}\n{}", problem.detail);
        }
        let diagnostic = Diagnostic::error(summary, detail).at(place).help(problem.hint);
        self.instance_errors(block.id, key, diagnostic.into());
    }

    /// A person must release it first.
    pub(super) fn held(&self, key: &EntryKey, reason: &str) -> Diagnostic {
        let (ledger, address) = ((self.commands.ledger)(), crate::shell::quoted(&key.address.to_string()));
        Diagnostic::error("Held", format!("Nothing is done to {key} until a person releases it: {reason}"))
            .help(format!("Look at it, then say `relplan state release{ledger} {address} -reason=...`."))
    }

    pub(super) fn refuse_protected(&mut self, block: &InBlock, key: &EntryKey, entry: Option<&Entry>) {
        let live = entry.is_some_and(|entry| entry.lifetime == Lifetime::Live && entry.exists());
        if live && block.resource.lifecycle.prevent_destroy {
            let diagnostic = protected(key, block.resource.span);
            self.instance_errors(block.id, key, diagnostic.into());
        }
    }
}

/// `prevent_destroy` is in the way.
pub(super) fn protected(key: &EntryKey, span: crate::source::Span) -> Diagnostic {
    Diagnostic::error(
        "Instance must not be destroyed",
        format!("{key} has `prevent_destroy` set, but this plan would destroy it."),
    )
    .at(span)
    .help("Remove `prevent_destroy`, or leave the instance out with -exclude.")
}

pub(super) fn unknown_type(
    names: &std::collections::BTreeSet<&str>,
    name: &ResourceName,
    resource: &Resource,
) -> Diagnostic {
    let what = if name.mode == Mode::Data { "data source" } else { "resource" };
    let prefix = format!("{}_", resource.provider.0.name);
    let siblings: Vec<&str> = names.iter().copied().filter(|known| known.starts_with(&prefix)).collect();
    let help = did_you_mean(&name.ty, names.iter().copied()).map_or_else(
        || format!("The provider {:?} has these: {}.", resource.provider.0.name, siblings.join(", ")),
        |near| format!("Did you mean {near:?}?"),
    );
    Diagnostic::error(format!("Unknown {what} type"), format!("There is no {what} type {:?}.", name.ty))
        .at(resource.type_span)
        .help(help)
}
