//! [`Pattern`]: the name of a table or schema with wildcards, read once for `pg_dump` and for the catalogue.

use crate::psql::literal;

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyph {
    /// `*`: any characters.
    Any,
    /// `?`: any one.
    One,
    Plain(char),
}

/// A pattern, as it was written and as it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    written: String,
    /// Schema and table, or the schema alone.
    parts: Vec<Vec<Glyph>>,
}

impl Pattern {
    /// Reads a pattern of so many parts, which dots divide. In double quotes, as in SQL, every character means itself.
    pub(crate) fn read(text: &str, parts: usize) -> Option<Self> {
        let mut read = vec![Vec::new()];
        let mut quoted = false;
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            let glyph = match c {
                '\0' | '\n' | '\r' => return None,
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    Glyph::Plain('"')
                }
                '"' => {
                    quoted = !quoted;
                    continue;
                }
                '.' if !quoted => {
                    read.push(Vec::new());
                    continue;
                }
                '*' if !quoted => Glyph::Any,
                '?' if !quoted => Glyph::One,
                c => Glyph::Plain(c),
            };
            read.last_mut()?.push(glyph);
        }
        let whole = !quoted && read.len() == parts && read.iter().all(|part| !part.is_empty());
        whole.then(|| Self { written: text.to_owned(), parts: read })
    }

    /// As it was written.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// As `pg_dump` reads it: what is no wildcard is quoted, so that capitals stay capitals.
    pub(crate) fn for_dump(&self) -> String {
        self.parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(".")
    }

    /// A condition of SQL: schema and table each match their part.
    pub(crate) fn condition(&self, columns: &[&str]) -> String {
        let each = columns.iter().zip(&self.parts);
        let each = each.map(|(column, part)| format!("{column} ~ {}", literal(&expression(part))));
        format!("({})", each.collect::<Vec<_>>().join(" AND "))
    }
}

fn quoted(part: &[Glyph]) -> String {
    let mut written = String::new();
    let mut open = false;
    for glyph in part {
        if open != matches!(glyph, Glyph::Plain(_)) {
            written.push('"');
            open = !open;
        }
        match glyph {
            Glyph::Any => written.push('*'),
            Glyph::One => written.push('?'),
            Glyph::Plain('"') => written.push_str("\"\""),
            Glyph::Plain(c) => written.push(*c),
        }
    }
    if open {
        written.push('"');
    }
    written
}

/// A part as a regular expression of PostgreSQL.
fn expression(part: &[Glyph]) -> String {
    let escaped = part.iter().map(|glyph| match glyph {
        Glyph::Any => ".*".to_owned(),
        Glyph::One => ".".to_owned(),
        Glyph::Plain(c) if c.is_alphanumeric() || *c == '_' => c.to_string(),
        Glyph::Plain(c) => format!("\\{c}"),
    });
    format!("^({})$", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_the_same_to_both() {
        let pattern = Pattern::read("public.Or*d?rs-1", 2).expect("two parts");
        assert_eq!(pattern.for_dump(), "\"public\".\"Or\"*\"d\"?\"rs-1\"");
        assert_eq!(pattern.condition(&["s", "t"]), "(s ~ '^(public)$' AND t ~ '^(Or.*d.rs\\-1)$')");
        let dotted = Pattern::read("a.\"b.\"\"c*\"", 2).expect("two parts");
        assert_eq!(dotted.for_dump(), "\"a\".\"b.\"\"c*\"");
        assert_eq!(dotted.condition(&["t"]), "(t ~ '^(a)$')");
    }

    #[test]
    fn what_names_no_table_is_none() {
        for text in ["orders", "a.b.c", ".b", "a.", "a.\"b", "a.b\n", "", "a.\"\""] {
            assert_eq!(Pattern::read(text, 2), None, "{text:?}");
        }
    }
}
