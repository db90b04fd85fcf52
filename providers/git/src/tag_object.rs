//! [`Tag`]: a tag as git keeps it, and whether it is the one that was asked for.

use std::fmt;

use crate::oid::Oid;

/// The lines with which a signature at the end of a tag's message begins.
const SIGNATURES: [&str; 4] = [
    "-----BEGIN PGP SIGNATURE-----",
    "-----BEGIN PGP MESSAGE-----",
    "-----BEGIN SSH SIGNATURE-----",
    "-----BEGIN SIGNED MESSAGE-----",
];

/// The kinds of tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name for a commit, and nothing else.
    Lightweight,
    /// An object with a message, a tagger and a date.
    Annotated,
    /// The same with a signature.
    Signed,
}

impl Kind {
    /// The kind that the arguments ask for.
    pub(crate) const fn of(has_message: bool, sign: bool) -> Self {
        match (sign, has_message) {
            (true, _) => Self::Signed,
            (false, true) => Self::Annotated,
            (false, false) => Self::Lightweight,
        }
    }

    /// The word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lightweight => "lightweight",
            Self::Annotated => "annotated",
            Self::Signed => "signed",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name and an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The name.
    pub(crate) name: String,
    /// The address.
    pub(crate) email: String,
}

/// What an annotated or signed tag says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Annotation {
    /// Whether a signature stands behind the message.
    pub(crate) signed: bool,
    /// The message without the signature and without line ends at its end.
    pub(crate) message: String,
    /// Who made the tag; old tags may lack it.
    pub(crate) tagger: Option<Person>,
}

impl Annotation {
    /// Reads a tag object as `git cat-file tag` prints it.
    pub(crate) fn parse(raw: &str) -> Self {
        let (headers, text) = raw.split_once("\n\n").unwrap_or((raw, ""));
        let tagger = headers.lines().find_map(|line| line.strip_prefix("tagger ")).and_then(person);
        let begins_signature = |line: &&str| SIGNATURES.contains(line);
        let signed = looks_signed(text);
        let message: Vec<&str> = text.lines().take_while(|line| !begins_signature(line)).collect();
        Self { signed, message: normal(&message.join("\n")), tagger }
    }
}

/// Whether a message holds a line that git would take for the beginning of a signature.
pub(crate) fn looks_signed(message: &str) -> bool {
    message.lines().any(|line| SIGNATURES.contains(&line))
}

/// A message as it is compared: line ends of one sort, and none at its end.
fn normal(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// Reads `Ann <ann@example.org> 1700000000 +0100`.
pub(crate) fn person(line: &str) -> Option<Person> {
    let (name, rest) = line.split_once('<')?;
    let (email, _) = rest.split_once('>')?;
    Some(Person { name: name.trim().to_owned(), email: email.to_owned() })
}

/// A tag that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// What the ref holds: the commit, or the tag object.
    pub(crate) object: Oid,
    /// The commit at its end.
    pub(crate) commit: Oid,
    /// What it says; none for a lightweight tag, and where only a remote's refs were seen.
    pub(crate) annotation: Option<Annotation>,
}

impl Tag {
    /// Its kind, as far as it was seen.
    pub(crate) fn kind(&self) -> Kind {
        match &self.annotation {
            Some(annotation) if annotation.signed => Kind::Signed,
            None if self.object == self.commit => Kind::Lightweight,
            Some(_) | None => Kind::Annotated,
        }
    }

    /// Whether it is a tag object of which only the name is known.
    pub(crate) fn is_unread(&self) -> bool {
        self.annotation.is_none() && self.object != self.commit
    }
}

/// A tag that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its name.
    pub(crate) name: String,
    /// The commit that it shall name.
    pub(crate) commit: Oid,
    /// Its message; none for a lightweight tag.
    pub(crate) message: Option<String>,
    /// Whether it shall be signed.
    pub(crate) sign: bool,
    /// Who shall stand in it; none for whoever runs git.
    pub(crate) tagger: Option<Person>,
    /// The tag object that the plan found and promised; none where apply makes it.
    pub(crate) object: Option<Oid>,
}

impl Wanted {
    /// Its kind.
    pub(crate) const fn kind(&self) -> Kind {
        Kind::of(self.message.is_some(), self.sign)
    }

    /// Whether a tag is this one with the beginning of its message, or with none: somebody was cut off.
    pub(crate) fn has_half(&self, found: &Tag) -> bool {
        let (Some(message), Some(annotation)) = (&self.message, &found.annotation) else { return false };
        let whole = normal(message);
        found.commit == self.commit
            && !annotation.signed
            && annotation.message.len() < whole.len()
            && whole.starts_with(&annotation.message)
    }

    /// In what a tag differs from this one, as a clause: `it points at commit 3f2a1c9, not at ...`. None where
    /// it can be adopted. Date and signer are not compared: they are facts about its making.
    pub(crate) fn difference(&self, found: &Tag) -> Option<String> {
        if found.commit != self.commit {
            return Some(format!("it points at commit {}, not at {}", found.commit, self.commit));
        }
        let (has, wants) = (found.kind(), self.kind());
        if has != wants {
            return Some(format!("it points at that commit, but is {has}, not {wants}"));
        }
        let annotation = found.annotation.as_ref()?;
        if self.message.as_deref().map(normal).as_ref() != Some(&annotation.message) {
            let how = match (self.has_half(found), annotation.message.is_empty()) {
                (true, true) => "its message is empty",
                (true, false) => "its message breaks off",
                (false, _) => "has another message",
            };
            return Some(format!("it points at that commit, but {how}"));
        }
        if self.tagger.is_some() && self.tagger != annotation.tagger {
            return Some("it points at that commit, but was made by another tagger".into());
        }
        let promised = self.object.as_ref().filter(|object| **object != found.object)?;
        Some(format!("it was made anew since the plan, which found the tag object {promised}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str =
        "object aaa\ntype commit\ntag v1\ntagger Ann B <ann@example.org> 1700000000 +0100\n\nOne\n\nTwo\n";

    fn oid(digit: &str) -> Oid {
        Oid::parse(&digit.repeat(40)).expect("40 digits")
    }

    fn wanted() -> Wanted {
        Wanted {
            name: "v1".into(),
            commit: oid("c"),
            message: Some("One\n\nTwo".into()),
            sign: false,
            tagger: None,
            object: None,
        }
    }

    #[test]
    fn tag_objects_are_read() {
        let annotation = Annotation::parse(RAW);
        assert_eq!((annotation.signed, annotation.message.as_str()), (false, "One\n\nTwo"));
        let ann = Person { name: "Ann B".into(), email: "ann@example.org".into() };
        assert_eq!(annotation.tagger, Some(ann));
        let signed = Annotation::parse(&format!("{RAW}-----BEGIN SSH SIGNATURE-----\nxyz\n"));
        assert_eq!((signed.signed, signed.message.as_str()), (true, "One\n\nTwo"));
        assert_eq!(Annotation::parse("").message, "");
    }

    #[test]
    fn every_difference_is_told() {
        let same = Tag { object: oid("a"), commit: oid("c"), annotation: Some(Annotation::parse(RAW)) };
        assert_eq!(wanted().difference(&same), None);
        let told = |wanted: Wanted, found: &Tag| wanted.difference(found).unwrap_or_default();
        let moved = Tag { commit: oid("d"), ..same.clone() };
        assert!(told(wanted(), &moved).contains(oid("d").as_str()));
        let light = Tag { object: oid("c"), commit: oid("c"), annotation: None };
        assert!(told(wanted(), &light).contains("is lightweight, not annotated"));
        assert!(told(Wanted { sign: true, ..wanted() }, &same).contains("is annotated, not signed"));
        assert!(told(Wanted { message: Some("One".into()), ..wanted() }, &same).contains("message"));
        let anew = told(Wanted { object: Some(oid("b")), ..wanted() }, &same);
        assert!(anew.contains(oid("b").as_str()), "{anew}");
        let bob = Some(Person { name: "Bob".into(), email: "b@x".into() });
        assert!(told(Wanted { tagger: bob, ..wanted() }, &same).contains("tagger"));
    }
}
