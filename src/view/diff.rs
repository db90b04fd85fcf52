//! What differs between two objects, attribute by attribute, in Terraform's layout.
//!
//! What stays is folded away (`# (3 unchanged attributes hidden)`), but for `id` and `name`, by which people know
//! an object. Lists are compared by their longest common part, sets by membership, text of several lines by line
//! and text that is JSON by its content. A value that is sensitive on either side is shown on neither.

use std::collections::BTreeSet;
use std::sync::Arc;

use relplan_contract::{Kind, MASK, Map, Parts, Path, Step, Value};

use super::escape;
use super::sheet::{Line, Mark};
use super::value::{UNKNOWN, inline, scalar};

mod json;
mod list;
mod sequence;
mod text;

/// Attributes that are shown also when they stay.
const ALWAYS_SHOWN: [&str; 2] = ["id", "name"];

/// How a diff is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// Parts whose change needs a new object.
    pub replace: &'o [Path],
    /// Parts that are known to have changed: decides for sensitive values of the past, which cannot be compared.
    pub changed: &'o [Path],
    /// The attributes in which a member that is null is shown also where nothing was before.
    pub free: &'o [Arc<str>],
    /// Leaves out everything that stays: lines around a change, `id`, how much is hidden.
    pub terse: bool,
}

/// The attributes of an object that differ, for between the braces of its block. Null stands for no object.
#[must_use]
pub fn object(before: &Value, after: &Value, options: Options<'_>) -> Vec<Line> {
    let mut differ = Differ::new(options, Path::default());
    let none = Map::new();
    let (old, new) = (before.as_map().unwrap_or(&none), after.as_map().unwrap_or(&none));
    if before.is_sensitive() || after.is_sensitive() {
        differ.aside(1, format!("# {MASK}"));
    } else if after.is_unknown() {
        differ.aside(1, format!("# {UNKNOWN}"));
    } else {
        differ.entries(1, old, new, Level::Object);
    }
    differ.lines
}

/// A single named value that differs, such as an output.
#[must_use]
pub fn named(name: &str, before: &Value, after: &Value, width: usize, options: Options<'_>) -> Vec<Line> {
    let free = [Arc::from(name)];
    let mut differ = Differ::new(Options { free: &free, ..options }, Path::attribute(name));
    let (before, after) = (Some(before).filter(|b| !b.is_null()), Some(after).filter(|a| !a.is_null()));
    differ.begin(0, differ.mark(before, after), label(name, width));
    differ.pair(0, before, after, true);
    differ.lines
}

/// All attributes of an object as they are, nulls left out.
#[must_use]
pub fn listing(value: &Value, depth: usize) -> Vec<Line> {
    let mut differ = Differ::new(Options::default(), Path::default());
    match value.as_map() {
        _ if value.is_null() => {}
        Some(map) if !is_hidden(value) => differ.whole_entries(depth, map, Mark::Same, Level::Object),
        _ => differ.aside(depth, format!("# {}", inline(value))),
    }
    differ.lines
}

/// A single named value as it is.
#[must_use]
pub fn single(name: &str, value: &Value) -> Vec<Line> {
    let free = [Arc::from(name)];
    let mut differ = Differ::new(Options { free: &free, ..Options::default() }, Path::attribute(name));
    differ.begin(0, Mark::Same, label(name, 0));
    differ.whole(0, value, Mark::Same);
    differ.lines
}

/// Where the entries of a map stand, which decides how absent ones read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// Attributes of a resource: null means left out.
    Object,
    /// Inside a value.
    Nested,
}

struct Differ<'o> {
    options: Options<'o>,
    lines: Vec<Line>,
    path: Path,
    /// Whether what is written is the content of a JSON text, where every member was written by somebody.
    in_json: bool,
}

impl<'o> Differ<'o> {
    const fn new(options: Options<'o>, path: Path) -> Self {
        Self { options, lines: Vec::new(), path, in_json: false }
    }
}

impl Differ<'_> {
    fn begin(&mut self, depth: usize, mark: Mark, text: String) {
        self.lines.push(Line { depth, mark, text, ..Line::default() });
    }

    fn put(&mut self, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.text.push_str(text);
        }
    }

    fn aside(&mut self, depth: usize, text: String) {
        self.lines.push(Line { depth, text, aside: true, ..Line::default() });
    }

    /// `# (2 unchanged attributes hidden)`.
    fn hidden(&mut self, depth: usize, count: usize, noun: &str) {
        if count > 0 && !self.options.terse {
            let plural = if count == 1 { "" } else { "s" };
            self.aside(depth, format!("# ({count} unchanged {noun}{plural} hidden)"));
        }
    }

    fn mark(&self, before: Option<&Value>, after: Option<&Value>) -> Mark {
        match (before, after) {
            (None, None) => Mark::Same,
            (None, Some(_)) => Mark::Add,
            (Some(_), None) => Mark::Remove,
            (Some(before), Some(after)) if self.same(before, after, &self.path) => Mark::Same,
            (Some(_), Some(_)) => Mark::Change,
        }
    }

    /// Whether two values are the same, as far as that can be told.
    fn same(&self, before: &Value, after: &Value, path: &Path) -> bool {
        before == after || (has_sealed(before) && self.same_but_sealed(before, after, path))
    }

    /// Whether two values are the same but for sensitive parts of the past, of which only reasons can tell.
    fn same_but_sealed(&self, before: &Value, after: &Value, path: &Path) -> bool {
        match (before.kind(), after.kind()) {
            (Kind::Sealed(_), Kind::Sealed(_) | Kind::Unknown) => false,
            (Kind::Sealed(_), _) if after.is_sensitive() => {
                !self.options.changed.iter().any(|changed| changed.is_within(path) || path.is_within(changed))
            }
            (Kind::Map(a), Kind::Map(b)) => {
                let mut pairs = a.iter().zip(b.iter());
                a.len() == b.len()
                    && pairs.all(|((x, old), (y, new))| x == y && self.same(old, new, &path.key(x)))
            }
            (Kind::List(a), Kind::List(b)) => {
                let mut pairs = a.iter().zip(b.iter()).enumerate();
                a.len() == b.len() && pairs.all(|(index, (old, new))| self.same(old, new, &path.index(index)))
            }
            _ => before == after,
        }
    }

    /// The entries of two maps that differ.
    fn entries(&mut self, depth: usize, before: &Map, after: &Map, level: Level) {
        let names: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).collect();
        let mut shown = Vec::new();
        let mut hidden = 0;
        for name in names {
            let (old, new) = (present(before, name, level), present(after, name, level));
            if old.is_none() && new.is_none() {
                continue;
            }
            let mark = self.mark_at(name, old, new);
            let always = level == Level::Object && ALWAYS_SHOWN.contains(&&**name) && !self.options.terse;
            if mark == Mark::Same && !always {
                hidden += 1;
            } else {
                shown.push((name, old, new, mark));
            }
        }
        let width = widest(shown.iter().map(|(name, ..)| &***name));
        for (name, old, new, mark) in shown {
            self.path.0.push(Step::Key(Arc::clone(name)));
            self.begin(depth, mark, label(name, width));
            let first = self.lines.len() - 1;
            self.pair(depth, old, new, true);
            if self.options.replace.contains(&self.path)
                && let Some(line) = self.lines.get_mut(first)
            {
                line.remark = Some("# forces replacement");
            }
            self.path.0.pop();
        }
        self.hidden(depth, hidden, "attribute");
    }

    fn mark_at(&mut self, name: &Arc<str>, old: Option<&Value>, new: Option<&Value>) -> Mark {
        self.path.0.push(Step::Key(Arc::clone(name)));
        let mark = self.mark(old, new);
        self.path.0.pop();
        mark
    }

    /// Writes a value that came, went, changed or stayed behind the label on the last line.
    fn pair(&mut self, depth: usize, before: Option<&Value>, after: Option<&Value>, ends_in_null: bool) {
        match (before, after) {
            (None, None) => {}
            (None, Some(after)) => self.whole(depth, after, Mark::Add),
            (Some(before), None) => {
                self.whole(depth, before, Mark::Remove);
                self.put(if ends_in_null && !before.is_null() { " -> null" } else { "" });
            }
            (Some(before), Some(after)) if self.same(before, after, &self.path) => {
                self.whole(depth, if before.is_sensitive() { before } else { after }, Mark::Same);
            }
            (Some(before), Some(after)) => self.changed(depth, before, after),
        }
    }

    /// Writes a value that changed behind the label on the last line.
    fn changed(&mut self, depth: usize, before: &Value, after: &Value) {
        if is_hidden(before) || is_hidden(after) {
            self.put(MASK);
            return;
        }
        match (before.kind(), after.kind()) {
            (Kind::Map(old), Kind::Map(new)) => {
                self.put("{");
                self.entries(depth + 1, old, new, Level::Nested);
                self.begin(depth, Mark::Same, "}".to_owned());
            }
            (Kind::List(old), Kind::List(new)) => self.list(depth, old, new),
            (Kind::Set(old), Kind::Set(new)) => self.set(depth, old, new),
            (Kind::String(old), Kind::String(new)) => self.text(depth, old, new),
            _ => {
                self.whole(depth, before, Mark::Remove);
                self.put(" -> ");
                self.whole(depth, after, Mark::Add);
            }
        }
    }

    /// Writes a whole value behind the label on the last line; its parts get `mark`.
    fn whole(&mut self, depth: usize, value: &Value, mark: Mark) {
        if is_hidden(value) {
            self.put(MASK);
            return;
        }
        match value.kind() {
            Kind::Map(map) if !map.is_empty() => {
                self.put("{");
                self.whole_entries(depth + 1, map, mark, Level::Nested);
                self.begin(depth, Mark::Same, "}".to_owned());
            }
            Kind::List(items) | Kind::Set(items) if !items.is_empty() => {
                self.put("[");
                for item in items.iter() {
                    self.element(depth + 1, mark, item);
                }
                self.begin(depth, Mark::Same, "]".to_owned());
            }
            Kind::String(text) => self.whole_text(depth, text, mark),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::List(_)
            | Kind::Set(_)
            | Kind::Map(_)
            | Kind::Sealed(_)
            | Kind::Unknown => self.put(&scalar(value).unwrap_or_default()),
        }
    }

    fn whole_entries(&mut self, depth: usize, map: &Map, mark: Mark, level: Level) {
        let is_free = self.in_json
            || self.path.root().is_some_and(|root| self.options.free.iter().any(|name| **name == *root));
        let shows_null = level == Level::Nested && is_free;
        let given = || map.iter().filter(|(_, item)| shows_null || !item.is_null());
        let width = widest(given().map(|(name, _)| &**name));
        for (name, item) in given() {
            self.begin(depth, mark, label(name, width));
            self.whole(depth, item, mark);
        }
    }

    /// An element of a list on a line of its own.
    fn element(&mut self, depth: usize, mark: Mark, item: &Value) {
        self.begin(depth, mark, String::new());
        self.whole(depth, item, mark);
        self.put(",");
    }
}

fn present<'m>(map: &'m Map, name: &Arc<str>, level: Level) -> Option<&'m Value> {
    map.get(name).filter(|value| level == Level::Nested || !value.is_null())
}

fn has_sealed(value: &Value) -> bool {
    match value.parts() {
        Parts::Leaf => matches!(value.kind(), Kind::Sealed(_)),
        Parts::Items(items) => items.iter().any(has_sealed),
        Parts::Entries(map) => map.values().any(has_sealed),
    }
}

/// Whether nothing of the value may be shown.
fn is_hidden(value: &Value) -> bool {
    (value.is_sensitive() && !value.is_null()) || matches!(value.kind(), Kind::Sealed(_))
}

/// `name    = `, the name filled up to `width` characters, of which formatting takes no more than 65,535.
fn label(name: &str, width: usize) -> String {
    let width = width.min(usize::from(u16::MAX));
    format!("{:width$} = ", escape::key(name))
}

/// The width of the widest of the names, in characters as they are shown.
#[must_use]
pub fn widest<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(|name| escape::key(name).chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
