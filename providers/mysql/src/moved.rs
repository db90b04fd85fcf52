//! A dump for a database of another name. The server writes the database before some names by itself: sequences in defaults,
//! functions in views, columns of views whose definer has gone; the program that dumps names it where a routine is older than
//! the database's collation; and an author may have named it where a trigger is made. Restored as it is, such a statement would
//! change the database that the dump was taken of, or refer to it. What stands in the bodies of routines is the author's: it stays.

mod dump;

use std::collections::BTreeSet;

pub(crate) use dump::Moved;

/// Functions of sequences, behind whose bracket a name of two parts begins with the database.
const SEQUENCES: [&[u8]; 3] = [b"nextval(", b"lastval(", b"setval("];

/// What the server wrote, with `to` for `from` wherever that stands for the database; without any where there is no `to`.
pub(crate) fn moved(text: &[u8], from: &str, to: Option<&str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        match first {
            b'\'' | b'"' => {
                let (string, behind) = rest.split_at(string_end(rest));
                out.extend_from_slice(string);
                rest = behind;
            }
            b'`' => {
                let (names, behind) = chain(rest);
                let in_sequence = SEQUENCES.iter().any(|word| ends_with_word(&out, word));
                let begins = names.first().is_some_and(|name| *name == quoted(from).as_bytes());
                let qualified = begins
                    && match names.len() {
                        2 => in_sequence || behind.first() == Some(&b'('),
                        parts => parts > 2,
                    };
                let kept = names.get(usize::from(qualified)..).unwrap_or_default();
                let put = to.filter(|_| qualified).map(quoted);
                let all: Vec<&[u8]> = put.iter().map(String::as_bytes).chain(kept.iter().copied()).collect();
                out.extend_from_slice(&all.join(&b"."[..]));
                rest = behind;
            }
            _ => {
                out.push(*first);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out
}

fn quoted(name: &str) -> String {
    crate::session::identifier(name)
}

fn ends_with_word(text: &[u8], word: &[u8]) -> bool {
    text.len()
        .checked_sub(word.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// Where a string that begins the text ends, or a quoted name: behind its closing mark.
fn string_end(text: &[u8]) -> usize {
    let mark = text.first().copied().unwrap_or_default();
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match *byte {
            b'\\' if mark != b'`' => at += 2,
            byte if byte == mark && text.get(at + 1) == Some(&mark) => at += 2,
            byte if byte == mark => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// The quoted names with dots between them that begin the text, and what is behind.
fn chain(text: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let (first, mut rest) = text.split_at(string_end(text));
    let mut names = vec![first];
    while let Some(next) = rest.strip_prefix(b".").filter(|next| next.starts_with(b"`")) {
        let (name, behind) = next.split_at(string_end(next));
        names.push(name);
        rest = behind;
    }
    (names, rest)
}

/// What a text of the server's names behind a database and a dot: tables, views, sequences, functions.
pub(crate) fn behind(text: &[u8], database: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut rest = text;
    while let Some(first) = rest.first() {
        rest = match first {
            b'`' => {
                let (names, behind) = chain(rest);
                if let [first, second, ..] = names.as_slice()
                    && *first == quoted(database).as_bytes()
                {
                    all.insert(String::from_utf8_lossy(&plain(second)).into_owned());
                }
                behind
            }
            b'\'' | b'"' => rest.get(string_end(rest)..).unwrap_or_default(),
            _ => rest.get(1..).unwrap_or_default(),
        };
    }
    all
}

/// The statement of a trigger, with `to` for `from` before the names of the trigger and of its table.
pub(crate) fn trigger_moved(text: &[u8], from: &str, to: Option<&str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    // The names behind these two words, in this order.
    for word in ["trigger", "on"] {
        let Some(behind) = behind_word(text, at, word) else { break };
        at = behind;
        let Some((start, end)) = token(text, at) else { break };
        let database = text.get(start..end).unwrap_or_default();
        let dot = token(text, end).filter(|(start, end)| text.get(*start..*end) == Some(b"."));
        if let Some((_, dot_end)) = dot {
            at = dot_end;
            if plain(database) == from.as_bytes() {
                out.extend_from_slice(text.get(copied..start).unwrap_or_default());
                if let Some(to) = to {
                    out.extend_from_slice(quoted(to).as_bytes());
                    out.push(b'.');
                }
                copied = dot_end;
            }
        }
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    out
}

/// Where the first word like this from there on ends, and `IF NOT EXISTS` behind it.
fn behind_word(text: &[u8], mut at: usize, word: &str) -> Option<usize> {
    let is = |start, end, word: &str| {
        text.get(start..end).is_some_and(|found: &[u8]| found.eq_ignore_ascii_case(word.as_bytes()))
    };
    loop {
        let (start, end) = token(text, at)?;
        at = end;
        if is(start, end, word) {
            break;
        }
    }
    for word in ["if", "not", "exists"] {
        match token(text, at) {
            Some((start, end)) if is(start, end, word) => at = end,
            _ => break,
        }
    }
    Some(at)
}

/// Where the next name, string or sign begins and ends; comments and the marks of those that the server reads are no tokens.
fn token(text: &[u8], mut at: usize) -> Option<(usize, usize)> {
    loop {
        let rest = text.get(at..)?;
        let first = rest.first()?;
        let line = || rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        if first.is_ascii_whitespace() {
            at += 1;
        } else if rest.starts_with(b"*/") {
            at += 2;
        } else if rest.starts_with(b"/*!") || rest.starts_with(b"/*M!") {
            at +=
                3 + rest.get(3..)?.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'!').count();
        } else if rest.starts_with(b"/*") {
            at += rest.windows(2).skip(2).position(|pair| pair == b"*/").map_or(rest.len(), |end| end + 4);
        } else if rest.starts_with(b"#") || rest.starts_with(b"-- ") {
            at += line();
        } else if matches!(first, b'`' | b'"' | b'\'') {
            return Some((at, at + string_end(rest)));
        } else {
            let word = rest.iter().take_while(|byte| is_word(**byte)).count();
            return Some((at, at + word.max(1)));
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

/// A name without the marks around it.
fn plain(name: &[u8]) -> Vec<u8> {
    match name {
        [mark @ (b'`' | b'"'), inner @ .., _] => {
            let text = String::from_utf8_lossy(inner).into_owned();
            let mark = char::from(*mark);
            text.replace(&format!("{mark}{mark}"), &mark.to_string()).into_bytes()
        }
        name => name.to_vec(),
    }
}

/// Whether a text that an author wrote names a database in front of something.
pub(crate) fn names(text: &str, database: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some((start, end)) = token(bytes, at) {
        at = end;
        let found = bytes.get(start..end).unwrap_or_default();
        let behind = token(bytes, end).and_then(|(start, end)| bytes.get(start..end));
        if behind == Some(b".") && plain(found) == database.as_bytes() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).expect("a text")
    }

    #[test]
    fn only_what_stands_for_the_database_is_changed() {
        for (from, to) in [
            ("DEFAULT nextval(`a`.`s`)", "DEFAULT nextval(`b`.`s`)"),
            ("COMMENT 'nextval(`a`.`s`)'", "COMMENT 'nextval(`a`.`s`)'"),
            ("'it''s \\' ' `a`.`f`(1)", "'it''s \\' ' `b`.`f`(1)"),
            ("select `a`.`t`.`c` from `t`", "select `b`.`t`.`c` from `t`"),
            // A table of the same name.
            ("select `a`.`c`, `a`.`a`.`c` from `a`", "select `a`.`c`, `b`.`a`.`c` from `a`"),
            ("`x`.`a`.`c` `a``.`.`f`(", "`x`.`a`.`c` `a``.`.`f`("),
            ("REFERENCES `a`.`t` (`id`)", "REFERENCES `a`.`t` (`id`)"),
        ] {
            assert_eq!(text(moved(from.as_bytes(), "a", Some("b"))), to);
        }
        assert_eq!(text(moved(b"nextval(`a`.`s`)", "a", None)), "nextval(`s`)");
    }

    #[test]
    fn what_a_view_reads_is_told() {
        let view = b"select `a`.`t`.`c`,'`a`.`no`',`x`.`y` from (`a`.`t` join `a`.`u```) where `a`.`f`(1)";
        assert_eq!(behind(view, "a").into_iter().collect::<Vec<_>>(), ["f", "t", "u`"]);
    }

    #[test]
    fn a_trigger_is_made_where_it_is_restored() {
        for (from, to) in [
            (
                "CREATE DEFINER=`trigger`@`on` TRIGGER a.t AFTER DELETE ON a.x FOR EACH ROW SET @a = a.f()",
                "CREATE DEFINER=`trigger`@`on` TRIGGER `b`.t AFTER DELETE ON `b`.x FOR EACH ROW SET @a = a.f()",
            ),
            (
                "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`h`*/ /*!50003 TRIGGER /* a.t */ `a` . `t`\nAFTER DELETE ON -- a.\n `x` FOR",
                "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`h`*/ /*!50003 TRIGGER /* a.t */ `b`. `t`\nAFTER DELETE ON -- a.\n `x` FOR",
            ),
            (
                "CREATE TRIGGER IF NOT EXISTS \"a\".t BEFORE INSERT ON t FOR EACH ROW x",
                "CREATE TRIGGER IF NOT EXISTS `b`.t BEFORE INSERT ON t FOR EACH ROW x",
            ),
            (
                "CREATE TRIGGER a BEFORE INSERT ON a FOR EACH ROW x",
                "CREATE TRIGGER a BEFORE INSERT ON a FOR EACH ROW x",
            ),
        ] {
            assert_eq!(text(trigger_moved(from.as_bytes(), "a", Some("b"))), to);
        }
        assert!(names("SELECT 1 FROM `a` . `t`", "a") && names("x = a.f()", "a"));
        assert!(!names("SELECT 'a.t' /* a.t */ FROM aa.t, a", "a"));
    }
}
