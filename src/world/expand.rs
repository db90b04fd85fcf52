//! `count` and `for_each`: how many instances a block has, and which.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Kind, Parts, Value};

use super::{World, repetition_expr};
use crate::addr::{Address, Key, ModulePath, ResourceName};
use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::{Item, NodeId};
use crate::lang::config::Repetition;
use crate::lang::scope::{Bindings, Expansion};
use crate::source::Span;

/// The most instances of one block, and of all blocks together: more is a mistake, and would only exhaust memory.
const MAX_INSTANCES: u64 = 100_000;

impl World {
    /// How many instances a block has in a module instance; `planned` where each has a place in the plan.
    pub(super) fn expand(
        &mut self,
        repetition: Option<&Repetition>,
        instance: &ModulePath,
        planned: bool,
    ) -> Result<Expansion, Diagnostics> {
        let Some(repetition) = repetition else { return Ok(Expansion::Single) };
        let expr = repetition_expr(repetition);
        let value = self.evaluate(expr, instance, &Bindings::default())?;
        // Keys of a map are known even where its values are not.
        let open = value.is_unknown() || (matches!(value.kind(), Kind::Set(_)) && value.has_unknown());
        if self.leaves_open && open {
            self.has_open = true;
            return Ok(Expansion::Open);
        }
        let expansion = match repetition {
            Repetition::Count(_) => count(&value, expr.span),
            Repetition::ForEach(_) => for_each(&value, expr.span),
        };
        let expansion = expansion?;
        self.allowance().instances(expansion.size(), planned, expr.span)?;
        self.count(&expansion, expr.span)?;
        Ok(expansion)
    }

    /// Leaves a `count` or `for_each` open that is not known: nobody will be asked, and nothing done.
    pub const fn leave_open(&mut self) {
        self.leaves_open = true;
    }

    /// Whether it is not known which instances there are: what no file names may be named all the same.
    #[must_use]
    pub const fn has_open(&self) -> bool {
        self.has_open
    }

    /// Modules with many instances inside of modules with many instances add up. Said once: the rest follows from it.
    fn count(&mut self, expansion: &Expansion, span: Span) -> Result<(), Diagnostics> {
        let before = self.counted;
        self.counted = before.saturating_add(expansion.size());
        if self.counted <= MAX_INSTANCES {
            return Ok(());
        }
        if before > MAX_INSTANCES {
            return Err(Diagnostics::default());
        }
        let detail =
            format!("With these there are more than {MAX_INSTANCES} instances of modules and resources.");
        Err(Diagnostic::error("Too many instances", detail).at(span).help("Split the release.").into())
    }

    /// The instances of a resource block in a module instance, found once.
    pub fn expand_resource(
        &mut self,
        id: NodeId,
        name: &ResourceName,
        instance: &ModulePath,
    ) -> Result<Expansion, Diagnostics> {
        if let Some(expansion) = self.expansions.get(&(instance.clone(), id)) {
            return Ok(expansion.clone());
        }
        let module = Arc::clone(&self.graph.module(self.graph.node(id).module).module);
        let repetition = module.resources.get(name).and_then(|resource| resource.repetition.as_ref());
        if repetition.is_none() {
            // Not repeated itself, but perhaps in a module that is.
            self.allowance().instances(1, true, self.graph.node(id).span)?;
        }
        let expansion = match self.expand(repetition, instance, true) {
            // Nobody asks for it: it need not be known which instances there are.
            Err(_) if self.left_out.contains(&id) => Expansion::Open,
            expansion => expansion?,
        };
        if expansion.has_unknown() {
            self.unknown_values.insert((id, instance.clone()));
        }
        self.expansions.insert((instance.clone(), id), expansion.clone());
        Ok(expansion)
    }

    /// The instances of a resource block in a module instance, once they were found.
    #[must_use]
    pub fn expansion(&self, id: NodeId, instance: &ModulePath) -> Option<&Expansion> {
        self.expansions.get(&(instance.clone(), id))
    }

    /// Looks again at the values of a resource's `for_each` that were not known; its keys stay as they are.
    pub(super) fn expand_again(&mut self, id: NodeId) -> Diagnostics {
        let mut found = Diagnostics::default();
        let from = (id, ModulePath::default());
        let open = self.unknown_values.range(from..).take_while(|(other, _)| *other == id);
        for (_, instance) in open.cloned().collect::<Vec<_>>() {
            let module = Arc::clone(&self.graph.module(self.graph.node(id).module).module);
            let Item::Resource(name) = &self.graph.node(id).item else { continue };
            let repetition = module.resources.get(name).and_then(|resource| resource.repetition.as_ref());
            match self.evaluate_again(repetition, &instance) {
                Ok(Some(expansion)) => {
                    if !expansion.has_unknown() {
                        self.unknown_values.remove(&(id, instance.clone()));
                    }
                    self.expansions.insert((instance, id), expansion);
                }
                Ok(None) => {}
                Err(errors) => found.extend(errors),
            }
        }
        found
    }

    /// A `for_each` whose values may be known by now; none for what is no `for_each`.
    pub(super) fn evaluate_again(
        &self,
        repetition: Option<&Repetition>,
        instance: &ModulePath,
    ) -> Result<Option<Expansion>, Diagnostics> {
        let Some(Repetition::ForEach(expr)) = repetition else { return Ok(None) };
        let value = self.evaluate(expr, instance, &Bindings::default())?;
        Ok(Some(for_each(&value, expr.span)?))
    }

    /// What `each` and `count` stand for in one instance of a resource.
    #[must_use]
    pub fn bindings(&self, id: NodeId, address: &Address) -> Bindings {
        let expansion = self.expansions.get(&(address.module.clone(), id));
        expansion.map(|expansion| expansion.bindings(address.key.as_ref())).unwrap_or_default()
    }

    /// Sets the value of a whole resource block from the values of its instances.
    pub fn set_instances(
        &mut self,
        id: NodeId,
        name: &ResourceName,
        module: &ModulePath,
        of: impl FnMut(Option<&Key>) -> Value,
    ) {
        let Some(expansion) = self.expansions.get(&(module.clone(), id)) else { return };
        let whole = expansion.assemble(of);
        self.values.set_resource(module, name, whole);
    }

    /// Sets the values of some instances of a resource block; the others keep theirs.
    pub fn update_instances(
        &mut self,
        id: NodeId,
        name: &ResourceName,
        module: &ModulePath,
        values: &BTreeMap<Option<Key>, Value>,
    ) {
        let whole = self.values.resource(module, name).cloned().unwrap_or(Value::UNKNOWN);
        self.set_instances(id, name, module, |key| {
            let kept = || match key {
                None => whole.clone(),
                Some(Key::Name(name)) => whole.get(name).clone(),
                Some(Key::Index(index)) => {
                    let item = whole.as_list().and_then(|items| items.get(usize::try_from(*index).ok()?));
                    item.cloned().unwrap_or(Value::UNKNOWN)
                }
            };
            values.get(&key.cloned()).cloned().unwrap_or_else(kept)
        });
    }
}

fn count(value: &Value, span: Span) -> Result<Expansion, Diagnostic> {
    let error = |detail: String, help: &str| Diagnostic::error("Invalid count", detail).at(span).help(help);
    if value.is_unknown() {
        return Err(unknown("count", span));
    }
    if value.is_sensitive() {
        return Err(sensitive("count", span));
    }
    let number = match value.kind() {
        Kind::String(text) => text.parse().ok(),
        Kind::Bool(_) | Kind::List(_) | Kind::Set(_) | Kind::Map(_) | Kind::Sealed(_) | Kind::Null => None,
        Kind::Number(_) | Kind::Unknown => value.as_i64(),
    };
    match number.and_then(|number| u64::try_from(number).ok()) {
        Some(number) if number <= MAX_INSTANCES => Ok(Expansion::Count(number)),
        Some(number) => Err(error(
            format!("{number} instances are asked for, but at most {MAX_INSTANCES} are allowed."),
            "Split the release.",
        )),
        None => Err(error(
            format!("`count` must be a whole number from 0, but this is {value:?}."),
            "Use a number, such as `length(var.names)`.",
        )),
    }
}

fn for_each(value: &Value, span: Span) -> Result<Expansion, Diagnostic> {
    let error =
        |detail: String, help: &str| Diagnostic::error("Invalid for_each", detail).at(span).help(help);
    if value.is_unknown() {
        return Err(unknown("for_each", span));
    }
    if value.is_sensitive() {
        return Err(sensitive("for_each", span));
    }
    let entries: BTreeMap<Arc<str>, Value> = match (value.kind(), value.parts()) {
        (Kind::Map(_), Parts::Entries(entries)) => entries.clone(),
        (Kind::Set(_), Parts::Items(items)) => {
            let mut entries = BTreeMap::new();
            for item in items {
                if item.is_unknown() {
                    return Err(unknown("for_each", span));
                }
                if item.is_sensitive() {
                    return Err(sensitive("for_each", span));
                }
                let Kind::String(key) = item.kind() else {
                    let detail =
                        format!("A set for `for_each` must hold text only, but one element is {item:?}.");
                    return Err(error(detail, "Convert the elements with tostring()."));
                };
                entries.insert(Arc::clone(key), item.clone());
            }
            entries
        }
        _ => {
            return Err(error(
                format!("`for_each` needs a map or a set of texts, but this is a {}.", value.kind_name()),
                "Convert a list with toset(), or build a map with `{ for ... }`.",
            ));
        }
    };
    if entries.len() as u64 > MAX_INSTANCES {
        let detail =
            format!("{} instances are asked for, but at most {MAX_INSTANCES} are allowed.", entries.len());
        return Err(error(detail, "Split the release."));
    }
    Ok(Expansion::ForEach(Arc::new(entries)))
}

fn unknown(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        format!("{what} is not known yet"),
        format!(
            "`{what}` depends on something that is known only after apply, so the plan cannot tell which instances there will be."
        ),
    )
    .at(span)
    .help("Use values from the file, variables or data sources here; or apply what it depends on first, with -target.")
}

fn sensitive(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        format!("{what} is sensitive"),
        format!("`{what}` would show a sensitive value in the addresses of the instances."),
    )
    .at(span)
    .help("Use keys that may be shown; nonsensitive() says that they may.")
}
