//! Changes as the templates see them: read, filtered, grouped.

use std::collections::{BTreeMap, BTreeSet};

use relplan_contract::Value;
use serde::Serialize;

use crate::plain::{address, mention, one_line, plain};

/// One change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub(crate) repository: String,
    pub(crate) number: Option<i64>,
    pub(crate) title: String,
    pub(crate) url: String,
    pub(crate) author: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) scope: String,
    pub(crate) breaking: bool,
    pub(crate) breaking_note: String,
    pub(crate) labels: Vec<String>,
}

/// Which changes belong under a heading.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    title: String,
    types: BTreeSet<String>,
    labels: BTreeSet<String>,
}

/// The changes under a heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Grouped<'c> {
    /// The author's own words, which may be markup.
    title: minijinja::Value,
    changes: Vec<&'c Change>,
    repositories: Vec<OfRepository<'c>>,
}

/// The changes of one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OfRepository<'c> {
    pub(crate) name: String,
    pub(crate) changes: Vec<&'c Change>,
}

fn texts(object: &Value, name: &str) -> BTreeSet<String> {
    let items = object.get(name).as_list().unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The changes of an object that are not left out.
pub(crate) fn read(object: &Value) -> Vec<Change> {
    let (labels, authors) = (texts(object, "exclude_labels"), texts(object, "exclude_authors"));
    let changes = object.get("changes").as_list().unwrap_or_default().iter().map(|item| {
        let text = |name: &str| one_line(item.get(name).as_str().unwrap_or_default());
        Change {
            repository: text("repository"),
            number: item.get("number").as_i64(),
            title: text("title"),
            url: text("url"),
            author: text("author"),
            kind: text("type"),
            scope: text("scope"),
            breaking: item.get("breaking").as_bool() == Some(true),
            breaking_note: text("breaking_note"),
            labels: texts(item, "labels").into_iter().collect(),
        }
    });
    let stays = |change: &Change| {
        !authors.contains(&change.author) && !change.labels.iter().any(|label| labels.contains(label))
    };
    changes.filter(stays).collect()
}

/// The groups of an object, or the usual ones.
pub(crate) fn groups(object: &Value) -> Vec<Group> {
    let blocks = object.get("group").as_list().unwrap_or_default();
    if blocks.is_empty() {
        let usual = [
            ("Features", ["feat", "feature"], ["enhancement", "feature"]),
            ("Fixes", ["fix", "bugfix"], ["bug", "fix"]),
            ("Performance", ["perf", "performance"], ["performance", "perf"]),
            ("Documentation", ["docs", "doc"], ["documentation", "docs"]),
        ];
        let set = |words: [&str; 2]| words.map(str::to_owned).into();
        return usual
            .into_iter()
            .map(|(title, types, labels)| Group {
                title: title.into(),
                types: set(types),
                labels: set(labels),
            })
            .collect();
    }
    let read = |block: &Value| Group {
        title: block.get("title").as_str().unwrap_or_default().to_owned(),
        types: texts(block, "types"),
        labels: texts(block, "labels"),
    };
    blocks.iter().map(read).collect()
}

/// The changes under their headings; each change once, and no empty heading.
pub(crate) fn grouped<'c>(groups: &[Group], changes: &[&'c Change]) -> Vec<Grouped<'c>> {
    let mut under: Vec<Vec<&Change>> = vec![Vec::new(); groups.len() + 1];
    for change in changes {
        let fits = |group: &Group| {
            group.types.contains(&change.kind)
                || change.labels.iter().any(|label| group.labels.contains(label))
        };
        let index = groups.iter().position(fits).unwrap_or(groups.len());
        if let Some(list) = under.get_mut(index) {
            list.push(change);
        }
    }
    let titles = groups.iter().map(|group| group.title.clone()).chain(["Other changes".to_owned()]);
    titles
        .zip(under)
        .filter(|(_, changes)| !changes.is_empty())
        .map(|(title, changes)| Grouped {
            title: minijinja::Value::from_safe_string(title),
            repositories: by_repository(&changes),
            changes,
        })
        .collect()
}

/// The changes of each repository, in the order of their names.
pub(crate) fn by_repository<'c>(changes: &[&'c Change]) -> Vec<OfRepository<'c>> {
    let mut all: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        all.entry(change.repository.as_str()).or_default().push(change);
    }
    all.into_iter().map(|(name, changes)| OfRepository { name: name.to_owned(), changes }).collect()
}

/// Who wrote them, each once, in alphabetical order.
pub(crate) fn contributors(changes: &[&Change]) -> Vec<String> {
    let names: BTreeSet<&str> = changes.iter().map(|change| change.author.as_str()).collect();
    names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A change as an item of a list, with its links: titles are people's text, and must not become markup.
pub(crate) fn line(change: &Change) -> String {
    let mut line = String::new();
    if !change.scope.is_empty() {
        line.push_str(&format!("**{}:** ", plain(&change.scope)));
    }
    line.push_str(&plain(&change.title));
    match (change.number, address(&change.url)) {
        (Some(number), Some(url)) => line.push_str(&format!(" ([#{number}]({url}))")),
        (Some(number), None) => line.push_str(&format!(" (#{number})")),
        (None, _) => {}
    }
    if !change.author.is_empty() {
        line.push_str(&format!(" by {}", mention(&change.author)));
    }
    line
}
