//! References and the steps behind a value: attributes, indexes and splats.

use relplan_contract::{Kind, Map, Number, Type, Value};

use super::names::{self, Names};
use super::{Evaluator, Outcome, is_unreadable, show};
use crate::addr::{Mode, ResourceName};
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::{Access, Expr};
use crate::lang::config::{Reference, Subject};
use crate::lang::refs;
use crate::source::Span;

impl Evaluator<'_> {
    /// A name bound by `for` or of the scope, or another base, with the steps behind it.
    pub(super) fn access(&self, whole: &Expr, names: Option<&Names<'_>>) -> Outcome {
        let (base, steps) = whole.base_and_steps();
        let Some(name) = base.as_name() else { return self.walk(self.eval(base, names)?, steps, names) };
        if let Some(bound) = names::find(names, name) {
            return self.walk(bound.clone(), steps, names);
        }
        let subject = refs::subject(whole).map_err(|finding| *finding)?;
        let rest = steps.get(steps_of(&subject)..).unwrap_or_default();
        let value = self.scope.resolve(&Reference { subject, span: whole.span })?;
        self.walk(value, rest, names)
    }

    fn walk(&self, start: Value, steps: &[Access], names: Option<&Names<'_>>) -> Outcome {
        let mut value = start;
        for (at, step) in steps.iter().enumerate() {
            let behind = steps.get(at + 1..).unwrap_or_default();
            value = match step {
                Access::Attribute(name, span) => self.attribute(&value, name, *span)?,
                Access::Index(key) => {
                    let index = self.eval(key, names)?;
                    self.index(&value, &index, key.span)?
                }
                Access::AttributeSplat(span) => {
                    let attributes =
                        behind.iter().take_while(|step| matches!(step, Access::Attribute(..))).count();
                    let (each, rest) = behind.split_at_checked(attributes).unwrap_or((behind, &[]));
                    let list = self.splat(&value, each, names, *span)?;
                    return self.walk(list, rest, names);
                }
                Access::FullSplat(span) => return self.splat(&value, behind, names, *span),
            };
        }
        Ok(value)
    }

    fn splat(&self, value: &Value, each: &[Access], names: Option<&Names<'_>>, span: Span) -> Outcome {
        let sensitive = value.is_sensitive();
        if self.has_unknown_elements(value, span)? {
            return Ok(Value::UNKNOWN.mark(sensitive));
        }
        let single = std::slice::from_ref(value);
        let items = if value.is_null() { &[] } else { value.as_list().unwrap_or(single) };
        self.charge(self.budget.elements(items.len()), span)?;
        self.charge(self.budget.steps(items.len() as u64), span)?;
        let taken: Result<Vec<Value>, _> = self
            .hiding(sensitive, || items.iter().map(|item| self.walk(item.clone(), each, names)).collect());
        Ok(Value::list(taken?).mark(sensitive))
    }

    fn attribute(&self, value: &Value, name: &str, span: Span) -> Outcome {
        if is_unreadable(value) {
            return Ok(Value::UNKNOWN.mark(value.is_sensitive()));
        }
        match value.kind() {
            Kind::Map(map) => match map.get(name) {
                Some(part) => Ok(part.clone().mark(value.is_sensitive())),
                None => Err(self.missing_attribute(value, map, name, span).into()),
            },
            Kind::Null => Err(Diagnostic::error(
                "Attribute of null",
                format!("This value is null, so it has no attribute {}.", show::text(name)),
            )
            .at(span)
            .help("Write `try(...)` around it, or a condition that it is not null before it.")
            .into()),
            Kind::List(_) | Kind::Set(_) => Err(attribute_of_items(value, name, span).into()),
            Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Sealed(_) | Kind::Unknown => {
                Err(Diagnostic::error(
                    "Unsupported attribute",
                    format!(
                        "A {} has no attributes, so there is no {}.",
                        value.kind_name(),
                        show::text(name)
                    ),
                )
                .at(span)
                .help("Delete the part behind the dot.")
                .into())
            }
        }
    }

    fn missing_attribute(&self, value: &Value, map: &Map, name: &str, span: Span) -> Diagnostic {
        let finding = Diagnostic::error(
            "Unsupported attribute",
            format!("This object has no attribute {}.", show::text(name)),
        )
        .at(span);
        if self.hides(value) {
            return finding;
        }
        match self.near(name, map) {
            Some(near) => finding.help(format!("Did you mean `{near}`?")),
            None => finding.help(known_keys("attribute", map)),
        }
    }

    fn index(&self, value: &Value, key: &Value, span: Span) -> Outcome {
        let sensitive = value.is_sensitive() || key.is_sensitive();
        if key.is_null() {
            return Err(Diagnostic::error("Invalid index", "The index is null, so it selects nothing.")
                .at(span)
                .help("Give a number for a list, or a string for a map.")
                .into());
        }
        if is_unreadable(value) || is_unreadable(key) {
            return Ok(Value::UNKNOWN.mark(sensitive));
        }
        let part = match value.kind() {
            Kind::List(items) => self.item(value, items, key, span)?,
            Kind::Map(map) => self.entry(value, map, key, span)?,
            Kind::Set(_) => {
                return Err(Diagnostic::error(
                    "Invalid index",
                    "The elements of a set have no order and no keys, so none can be selected.",
                )
                .at(span)
                .help("Use `tolist(...)` first, or `one(...)` where there is at most one element.")
                .into());
            }
            Kind::Null => {
                return Err(Diagnostic::error("Index of null", "This value is null, so it has no elements.")
                    .at(span)
                    .help("Write `try(...)` around it, or a condition that it is not null before it.")
                    .into());
            }
            Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Sealed(_) | Kind::Unknown => {
                let detail = format!("A {} has no elements, so it takes no index.", value.kind_name());
                let finding = Diagnostic::error("Invalid index", detail).at(span);
                return Err(finding
                    .help("Delete the index; for a part of a string use `substr(...)`.")
                    .into());
            }
        };
        Ok(part.clone().mark(sensitive))
    }

    fn item<'v>(
        &self,
        list: &Value,
        items: &'v [Value],
        key: &Value,
        span: Span,
    ) -> Result<&'v Value, Diagnostics> {
        let Ok(Kind::Number(number)) = Type::Number.convert(key).map(Value::into_kind) else {
            let detail = format!("A list takes a number as its index, but this is {}.", self.show(key));
            return Err(Diagnostic::error("Invalid index", detail)
                .at(span)
                .help("Give the position of the element, counted from 0.")
                .into());
        };
        if !number.is_integer() {
            let detail = format!("A list takes a whole number as its index, but this is {}.", self.show(key));
            return Err(Diagnostic::error("Invalid index", detail)
                .at(span)
                .help("Use `floor(...)` to round it down.")
                .into());
        }
        let position = number.to_i64().and_then(|index| usize::try_from(index).ok());
        position
            .and_then(|index| items.get(index))
            .ok_or_else(|| self.out_of_range(list, items.len(), &number, key, span).into())
    }

    fn out_of_range(
        &self,
        list: &Value,
        length: usize,
        index: &Number,
        key: &Value,
        span: Span,
    ) -> Diagnostic {
        let has = match length {
            _ if self.hides(list) => "the list has too few elements".to_owned(),
            0 => "the list is empty".to_owned(),
            1 => "the list has one element, at 0".to_owned(),
            length => format!("the list has {length} elements, from 0 to {}", length - 1),
        };
        let given = if self.hides(key) { String::new() } else { format!(" {}", short(&index.to_string())) };
        let help = if *index < Number::from(0) {
            "Positions are counted from the start; for the last element write `x[length(x) - 1]`."
        } else {
            "Positions are counted from 0; write `try(x[i], null)` where the element may be missing."
        };
        Diagnostic::error("Index out of range", format!("There is no element{given}: {has}."))
            .at(span)
            .help(help)
    }

    fn entry<'v>(
        &self,
        value: &Value,
        map: &'v Map,
        key: &Value,
        span: Span,
    ) -> Result<&'v Value, Diagnostics> {
        let Ok(Kind::String(name)) = Type::String.convert(key).map(Value::into_kind) else {
            let detail = format!("A map takes a string as its key, but this is {}.", self.show(key));
            return Err(Diagnostic::error("Invalid index", detail)
                .at(span)
                .help("Give the key of the entry.")
                .into());
        };
        map.get(&name).ok_or_else(|| {
            let hidden = self.hides(value) || self.hides(key);
            let detail = if self.hides(key) {
                "This map has no entry of this key, which is sensitive and not shown.".to_owned()
            } else {
                format!("This map has no key {}.", show::text(&name))
            };
            let finding = Diagnostic::error("Missing map key", detail).at(span);
            let near = self.near(&name, map);
            Diagnostics::from(match near {
                _ if hidden => finding.help("Use `lookup(map, key, default)` where there may be none."),
                Some(near) => finding.help(format!("Did you mean {}?", show::text(near))),
                None => finding.help(known_keys("key", map)),
            })
        })
    }
}

impl Evaluator<'_> {
    /// The key that may be meant. A finding may be dropped by a `try` and come up again a million times: looking for
    /// the key is paid for like all else, and left out where it is too dear.
    fn near<'v>(&self, name: &str, map: &'v Map) -> Option<&'v str> {
        self.budget.steps(map.len() as u64).ok()?;
        did_you_mean(name, map.keys().map(|key| &**key))
    }
}

fn attribute_of_items(value: &Value, name: &str, span: Span) -> Diagnostic {
    let kind = value.kind_name();
    let finding = Diagnostic::error(
        "Unsupported attribute",
        format!("A {kind} has no attributes of its own, so there is no {}.", show::text(name)),
    )
    .at(span);
    if matches!(value.kind(), Kind::Set(_)) {
        return finding.help(format!("Write `[*].{name}` for the attribute of every element."));
    }
    finding.help(format!(
        "Write `[0].{name}` for the attribute of the first element, or `[*].{name}` for that of every element."
    ))
}

/// How many of the steps behind the first name the scope takes.
const fn steps_of(subject: &Subject) -> usize {
    match subject {
        Subject::Each | Subject::Count | Subject::Itself | Subject::Release | Subject::Path => 0,
        Subject::Resource(ResourceName { mode: Mode::Data, .. }) => 2,
        Subject::Variable(_) | Subject::Local(_) | Subject::Module(..) | Subject::Resource(_) => 1,
    }
}

/// The keys that there are, as far as they fit in a sentence.
fn known_keys(what: &str, map: &Map) -> String {
    const MOST: usize = 8;
    if map.is_empty() {
        return format!("It has no {what}s at all.");
    }
    let keys: Vec<String> = map.keys().take(MOST).map(|key| show::text(key)).collect();
    let more = map.len().saturating_sub(MOST);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("It has the {what}{} {}{rest}.", if map.len() == 1 { "" } else { "s" }, keys.join(", "))
}

fn short(digits: &str) -> String {
    if digits.len() > 20 { "at so large a position".to_owned() } else { digits.to_owned() }
}
