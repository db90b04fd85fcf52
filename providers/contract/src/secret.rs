//! Keeping secrets out of sight: [`Secret`] for those at rest in memory, [`Redactor`] for text on its way out.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use find::{Finder, TooMany};
use fold::Folded;
use grams::Grams;

use crate::value::{Kind, Parts, Value};

mod find;
mod fold;
mod grams;
mod known;
mod masks;

pub use masks::Masks;

/// What stands in the place of a secret.
pub const MASK: &str = "(sensitive value)";

/// The shortest text that is masked: shorter ones would mask half of every line.
const SHORTEST: usize = 4;

/// A text that no message shows and whose memory is wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the one place that must send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Replaces every known secret in a text, however a system that echoes it writes it: as it is; quoted or escaped
/// for a shell, a program, JSON, a URL or HTML; in base64 or hexadecimal digits, also in part.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Option<Arc<Views>>,
}

/// How a text is read before secrets are looked for in it.
type Fold = fn(&str) -> Folded;

/// How secrets are looked for.
#[derive(Debug)]
enum Views {
    /// In the text as it is, in what is left of it without quotes, and without escapes; and parts of them, encoded.
    Each(Box<Finders>),
    /// There are too many: nothing is shown.
    Everything,
}

/// A view each.
#[derive(Debug)]
struct Finders {
    plain: Finder,
    bare: Finder,
    unescaped: Finder,
    grams: Grams,
}

/// Most bytes of one secret whose parts are known in base64 and hexadecimal digits, and of all together.
const ENCODED: usize = 64 << 10;
const ENCODED_IN_ALL: usize = 2 << 20;

impl Redactor {
    /// A redactor for the secrets. The cost is paid here, once; masking is then a few passes over the text.
    #[must_use]
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let texts: BTreeSet<&str> = secrets
            .into_iter()
            .flat_map(|secret| std::iter::once(secret).chain(secret.lines()))
            .map(str::trim)
            .filter(|secret| secret.len() >= SHORTEST)
            .collect();
        if texts.is_empty() {
            return Self::default();
        }
        Self { known: Some(Arc::new(Views::of(&texts).unwrap_or(Views::Everything))) }
    }

    /// The text with every secret masked.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let ranges = match self.known.as_deref() {
            None => return Cow::Borrowed(text),
            Some(Views::Everything) if text.trim().is_empty() => return Cow::Borrowed(text),
            Some(Views::Everything) => return Cow::Borrowed(MASK),
            Some(views) => views.find(text),
        };
        if ranges.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        let mut shown = 0;
        for (start, end) in ranges {
            masked.push_str(text.get(shown..start).unwrap_or_default());
            masked.push_str(MASK);
            shown = end;
        }
        masked.push_str(text.get(shown..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// Whether a secret stands in the text.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        match self.known.as_deref() {
            None => false,
            Some(Views::Everything) => !text.trim().is_empty(),
            Some(views) => !views.find(text).is_empty(),
        }
    }

    /// The value with every text that contains a secret marked sensitive: what a provider echoes stays hidden.
    /// A map with a secret among its keys is marked whole.
    #[must_use]
    pub fn mark(&self, value: &Value) -> Value {
        if self.known.is_none() {
            return value.clone();
        }
        value.transform(&|part| {
            let echoes = text_of(&part).is_some_and(|text| self.finds(&text))
                || part.as_map().is_some_and(|map| map.keys().any(|key| self.finds(key)));
            part.mark(echoes)
        })
    }
}

/// A value that was given and came back, with the parts that are the same as they were given: only what is not was said by
/// somebody else, and is searched for secrets.
#[must_use]
pub fn mark_foreign(redactor: &Redactor, value: &Value, given: &Value) -> Value {
    if value == given {
        return given.clone().mark(value.is_sensitive());
    }
    match (value.kind(), given.kind()) {
        (Kind::Map(map), Kind::Map(others)) => {
            let part = |(name, item): (&Arc<str>, &Value)| {
                let known = others.get(name);
                let item =
                    known.map_or_else(|| redactor.mark(item), |known| mark_foreign(redactor, item, known));
                (Arc::clone(name), item)
            };
            // A secret among its keys hides all of it.
            let hidden = map.keys().any(|name| !others.contains_key(name) && redactor.finds(name));
            Value::map(map.iter().map(part)).mark(value.is_sensitive() || hidden)
        }
        (Kind::List(items), Kind::List(others)) if items.len() == others.len() => {
            let items = items.iter().zip(others.iter());
            Value::list(items.map(|(item, known)| mark_foreign(redactor, item, known)))
                .mark(value.is_sensitive())
        }
        _ => redactor.mark(value),
    }
}

impl Views {
    fn of(texts: &BTreeSet<&str>) -> Result<Self, TooMany> {
        let long = |text: &Vec<u8>| text.len() >= SHORTEST;
        let mut encoded = 0;
        let mut begins = Vec::new();
        for text in texts {
            let bytes = text.as_bytes();
            let begin = bytes.get(..ENCODED).unwrap_or(bytes);
            encoded += begin.len();
            if encoded > ENCODED_IN_ALL {
                return Err(TooMany);
            }
            begins.push(begin);
        }
        Ok(Self::Each(Box::new(Finders {
            plain: Finder::new(&texts.iter().flat_map(|text| plain_forms(text)).collect())?,
            bare: Finder::new(&texts.iter().map(|text| fold::bare(text).bytes).filter(long).collect())?,
            unescaped: Finder::new(
                &texts.iter().flat_map(|text| fold::unescaped_forms(text)).filter(long).collect(),
            )?,
            grams: Grams::of(begins),
        })))
    }

    /// Where secrets stand, in order and apart from each other.
    fn find(&self, text: &str) -> Vec<(usize, usize)> {
        let Self::Each(finders) = self else { return Vec::new() };
        let Finders { plain, bare, unescaped, grams } = &**finders;
        let mut ranges = Vec::new();
        plain.find(text.as_bytes(), &mut ranges);
        grams.find(text.as_bytes(), &mut ranges);
        let folds: [(&Finder, Fold); 2] = [(bare, fold::bare), (unescaped, fold::unescaped)];
        for (begin, part) in parts(text) {
            if !fold::changes(part) {
                continue;
            }
            for (finder, reduce) in folds {
                let folded = reduce(part);
                let mut found = Vec::new();
                finder.find(&folded.bytes, &mut found);
                let origins = found.into_iter().filter_map(|(start, end)| folded.origin(start, end));
                ranges.extend(origins.map(|(start, end)| (begin + start, begin + end)));
            }
        }
        joined(ranges, text)
    }
}

/// Bytes that are reduced at once, and how many of them twice: a reduced text takes nine times as much memory, and no
/// text that is searched for is longer than the overlap, however it is escaped.
const PART: usize = 1 << 20;
const OVERLAP: usize = 8 << 10;

/// A text in parts that overlap, with where each begins.
fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let boundary =
        move |at: usize| (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let begin = next?;
        let end = boundary(begin + PART);
        next = (end < text.len()).then(|| boundary(end - OVERLAP));
        Some((begin, text.get(begin..end).unwrap_or_default()))
    })
}

/// The text as it is; and where too little of it is left without quotes, as shells quote it.
fn plain_forms(text: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![text.to_owned()];
    if fold::bare(text).bytes.len() < SHORTEST {
        forms.extend(["'\\''", "'\"'\"'", "\\'", "''"].map(|quote| text.replace('\'', quote)));
        forms.extend(["\\\"", "\"\""].map(|quote| text.replace('\\', "\\\\").replace('"', quote)));
        let escaped = |c: char| if "'\"\\$".contains(c) { vec!['\\', c] } else { vec![c] };
        forms.push(text.chars().flat_map(escaped).collect());
    }
    forms.into_iter().map(String::into_bytes).collect()
}

/// The ranges in order, those that touch as one, and no character cut in two.
fn joined(mut ranges: Vec<(usize, usize)>, text: &str) -> Vec<(usize, usize)> {
    ranges.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::with_capacity(ranges.len().min(64));
    for (start, end) in ranges {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    for (start, end) in &mut joined {
        *start = (0..=*start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        *end = (*end..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    }
    joined
}

/// The texts of a value that must be masked wherever they turn up: every string and number under a mark.
pub fn secrets_of(value: &Value, found: &mut BTreeSet<String>) {
    collect(value, false, found);
}

fn collect(value: &Value, inherited: bool, found: &mut BTreeSet<String>) {
    let sensitive = inherited || value.is_sensitive();
    match value.parts() {
        Parts::Leaf => {
            if let (true, Some(text)) = (sensitive, text_of(value)) {
                found.insert(text);
            }
        }
        Parts::Items(items) => items.iter().for_each(|item| collect(item, sensitive, found)),
        Parts::Entries(map) => {
            for (key, item) in map {
                if sensitive {
                    found.insert(key.to_string());
                }
                collect(item, sensitive, found);
            }
        }
    }
}

/// The text that a string or number would be printed as.
fn text_of(value: &Value) -> Option<String> {
    if let Kind::Number(number) = value.kind() {
        Some(number.to_string())
    } else {
        value.as_str().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests;
