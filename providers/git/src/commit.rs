//! [`Commit`]: what git tells of a commit, and how it tells it.

use relplan_contract::Value;

use crate::oid::Oid;

/// The fields that [`parse`] reads, each ended by a NUL, in this order. With `-z` git adds nothing else.
pub(crate) const FORMAT: &str = "--format=tformat:%H%x00%an%x00%ae%x00%cI%x00%s%x00%b";

const FIELDS: usize = 6;

/// The most characters of a subject in a note.
const NOTE_SUBJECT_CHARS: usize = 72;

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its name.
    pub(crate) oid: Oid,
    /// Who wrote it.
    pub(crate) author_name: String,
    /// Where to reach them.
    pub(crate) author_email: String,
    /// When it was committed: RFC 3339 with the committer's offset.
    pub(crate) date: String,
    /// The first paragraph of its message, on one line.
    pub(crate) subject: String,
    /// The rest of its message.
    pub(crate) body: String,
}

/// The commits that `git log -z` printed in [`FORMAT`].
pub(crate) fn parse(printed: &str) -> Vec<Commit> {
    let fields: Vec<&str> = printed.split('\0').collect();
    fields.chunks_exact(FIELDS).filter_map(from_fields).collect()
}

fn from_fields(fields: &[&str]) -> Option<Commit> {
    let [oid, author_name, author_email, date, subject, body] = fields else { return None };
    Some(Commit {
        oid: Oid::parse(oid)?,
        author_name: (*author_name).to_owned(),
        author_email: (*author_email).to_owned(),
        date: (*date).to_owned(),
        subject: (*subject).to_owned(),
        body: body.trim_end().to_owned(),
    })
}

impl Commit {
    /// A sentence for the reviewer: `Commit 3f2a1c9 "Fix the cart" by Ann, 2026-11-20.`
    pub(crate) fn note(&self) -> String {
        let subject = if self.subject.chars().count() > NOTE_SUBJECT_CHARS {
            self.subject.chars().take(NOTE_SUBJECT_CHARS - 1).chain(['…']).collect()
        } else {
            self.subject.clone()
        };
        let day = self.date.get(..10).unwrap_or(&self.date);
        let note = format!("Commit {} \"{subject}\" by {}, {day}.", self.oid.short(), self.author_name);
        crate::failure::presentable(&note)
    }

    /// It as an entry of `data "git_log"`.
    pub(crate) fn to_value(&self) -> Value {
        let conventional = Conventional::parse(&self.subject, &self.body);
        let or_null = |text: Option<&str>| text.map_or(Value::NULL, Value::from);
        Value::map([
            ("commit", self.oid.as_str().into()),
            ("short", self.oid.short().into()),
            ("subject", self.subject.as_str().into()),
            ("body", self.body.as_str().into()),
            ("author_name", self.author_name.as_str().into()),
            ("author_email", self.author_email.as_str().into()),
            ("date", self.date.as_str().into()),
            ("type", or_null(conventional.map(|c| c.kind))),
            ("scope", or_null(conventional.and_then(|c| c.scope))),
            ("breaking", conventional.is_some_and(|c| c.breaking).into()),
        ])
    }
}

/// What a message says by the rules of Conventional Commits 1.0: `feat(cart)!: drop the old price format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Conventional<'t> {
    kind: &'t str,
    scope: Option<&'t str>,
    breaking: bool,
}

impl<'t> Conventional<'t> {
    fn parse(subject: &'t str, body: &str) -> Option<Self> {
        let (head, description) = subject.split_once(": ")?;
        let (head, marked) = head.strip_suffix('!').map_or((head, false), |head| (head, true));
        let (kind, scope) = match head.split_once('(') {
            Some((kind, scope)) => (kind, Some(scope.strip_suffix(')').filter(|scope| !scope.is_empty())?)),
            None => (head, None),
        };
        let is_word = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_word || description.trim().is_empty() {
            return None;
        }
        let footer =
            |line: &str| line.starts_with("BREAKING CHANGE: ") || line.starts_with("BREAKING-CHANGE: ");
        Some(Self { kind, scope, breaking: marked || body.lines().any(footer) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conventional(subject: &str) -> Option<(&str, Option<&str>, bool)> {
        Conventional::parse(subject, "").map(|c| (c.kind, c.scope, c.breaking))
    }

    #[test]
    fn conventional_subjects_are_read() {
        assert_eq!(conventional("feat: add"), Some(("feat", None, false)));
        assert_eq!(conventional("fix(cart)!: drop"), Some(("fix", Some("cart"), true)));
        for other in ["Fix the cart", "Merge branch 'x': y", "fix:", "fix(): x", "(x): y", "fix(a: b"] {
            assert_eq!(conventional(other), None, "{other}");
        }
        let footer = Conventional::parse("fix: x", "why\n\nBREAKING CHANGE: gone").expect("conventional");
        assert!(footer.breaking);
    }

    #[test]
    fn a_note_is_short_and_harmless() {
        let oid = "a".repeat(40);
        let printed =
            format!("{oid}\0Ann\0a@x\x002026-11-20T10:00:00+01:00\0{}\u{1b}\0body\n\0", "x".repeat(100));
        let commits = parse(&printed);
        assert_eq!(commits.len(), 1);
        let note = commits[0].note();
        assert!(note.ends_with("…\" by Ann, 2026-11-20."), "{note}");
        assert!(note.chars().count() < 120 && !note.contains('\u{1b}'));
        assert_eq!(commits[0].body, "body");
    }
}
