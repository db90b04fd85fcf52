//! A migration's text as single statements and comments, each with the line that it begins on.
//!
//! Source of the rules: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>. A semicolon ends a statement but
//! within quotes, comments, parentheses, and the body of a function that is written `BEGIN ATOMIC ... END`.

mod tokens;

use tokens::{is_word, token_length};

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The line of the file that it begins on, from 1.
    pub(crate) line: usize,
    /// Its text, without the semicolon.
    pub(crate) text: String,
    /// Its first words in capitals, comments left out.
    pub(crate) words: Vec<String>,
    /// The line of a backslash that stands alone in it: only psql knows what that would mean.
    pub(crate) backslash: Option<usize>,
    /// Whether it is a `COPY` from or to the client.
    pub(crate) copies: bool,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// The line of the file that it begins on, from 1.
    pub(crate) line: usize,
    /// Its text, with the signs that make it one.
    pub(crate) text: String,
    /// Whether nothing but spaces and `#` stands before it on its line.
    pub(crate) alone: bool,
    /// How many statements begin before it.
    pub(crate) behind: usize,
}

/// What a text consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Its statements.
    pub(crate) statements: Vec<Statement>,
    /// Its comments.
    pub(crate) comments: Vec<Comment>,
    /// The line of a quote, comment or body of a function that does not end.
    pub(crate) open: Option<usize>,
}

/// How many words of a statement are kept; fewer of those that a file may have by the thousand.
const WORDS: usize = 12;
const FEW_WORDS: usize = 2;

/// The parts of a text.
pub(crate) fn split(text: &str) -> Parts {
    let splitter = Splitter {
        rest: text,
        line: 1,
        alone: true,
        parts: Parts::default(),
        open: None,
        parentheses: 0,
        body: 0,
        last: String::new(),
    };
    splitter.all()
}

struct Splitter<'t> {
    rest: &'t str,
    line: usize,
    /// Whether nothing but spaces and `#` was seen on this line.
    alone: bool,
    parts: Parts,
    open: Option<Statement>,
    parentheses: usize,
    /// How many blocks of a function's body are open.
    body: usize,
    /// The last word in capitals; empty behind anything else.
    last: String,
}

impl Splitter<'_> {
    fn all(mut self) -> Parts {
        while let Some(c) = self.rest.chars().next() {
            let before = self.open.as_ref().map_or("", |open| &open.text);
            let Some(length) = token_length(self.rest, c, before) else {
                self.parts.open = Some(self.line);
                break;
            };
            self.take(c, length);
        }
        if let Some(open) = self.open.as_ref().filter(|_| self.body > 0) {
            self.parts.open.get_or_insert(open.line);
        }
        self.end();
        self.parts
    }

    fn take(&mut self, c: char, length: usize) {
        let (token, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        let is_comment = token.starts_with("--") || token.starts_with("/*");
        if c == ';' && self.parentheses == 0 && self.body == 0 {
            (self.rest, self.alone) = (rest, false);
            return self.end();
        }
        if is_comment {
            // Some tools write a `#` before their own comments.
            let begun = self.open.as_ref().is_some_and(|open| open.text.contains(|c| !is_blank(c)));
            let behind = self.parts.statements.len() + usize::from(begun);
            let (line, text, alone) = (self.line, token.to_owned(), self.alone);
            self.parts.comments.push(Comment { line, text, alone, behind });
        } else if !c.is_whitespace() {
            self.counts(c, token);
        }
        if self.open.is_some() || !(c.is_whitespace() || is_comment) {
            let line = self.line;
            let open = self.open.get_or_insert_with(|| Statement {
                line,
                text: String::new(),
                words: Vec::new(),
                backslash: None,
                copies: false,
            });
            open.text.push_str(token);
            let many = open.words.first().is_none_or(|first| first != "INSERT");
            if open.words.len() < (if many { WORDS } else { FEW_WORDS }) && is_word(c) {
                open.words.push(token.to_ascii_uppercase());
            }
            if c == '\\' {
                open.backslash.get_or_insert(line);
            }
        }
        match token.rsplit_once('\n') {
            Some((_, behind)) => self.alone = behind.trim().is_empty(),
            None => self.alone &= is_blank(c),
        }
        self.line += token.matches('\n').count();
        self.rest = rest;
    }

    /// What a token that is neither space nor comment opens and closes.
    fn counts(&mut self, c: char, token: &str) {
        match c {
            '(' => self.parentheses += 1,
            ')' => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        let word = if is_word(c) { token.to_ascii_uppercase() } else { String::new() };
        if self.parentheses == 0
            && let Some(open) = &mut self.open
        {
            let first = open.words.first().map_or("", String::as_str);
            match (&*self.last, &*word) {
                ("FROM" | "TO", "STDIN" | "STDOUT") if first == "COPY" => open.copies = true,
                ("BEGIN", "ATOMIC") if first == "CREATE" && self.body == 0 => self.body = 1,
                (_, "CASE") if self.body > 0 => self.body += 1,
                (_, "END") => self.body = self.body.saturating_sub(1),
                _ => {}
            }
        }
        self.last = word;
    }

    fn end(&mut self) {
        (self.parentheses, self.body) = (0, 0);
        self.last.clear();
        if let Some(mut open) = self.open.take() {
            open.text.truncate(open.text.trim_end().len());
            self.parts.statements.push(open);
        }
    }
}

/// Whether it says nothing before a comment.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '#'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(usize, String)> {
        split(text).statements.into_iter().map(|one| (one.line, one.text)).collect()
    }

    #[test]
    fn semicolons_end_statements_only_where_they_stand_alone() {
        let text = "-- first\nCREATE TABLE a (b text DEFAULT ';');\n\nINSERT INTO a VALUES ('it''s; ok'), (E'\\';'), ($$;$$), ($x$;$$;$x$);\n\
                    /* ; /* ; */ */ SELECT \";\" FROM a -- ;\n;;\nSELECT 1";
        let found = texts(text);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 5, 7]);
        assert_eq!(found[0].1, "CREATE TABLE a (b text DEFAULT ';')");
        assert_eq!(found[2].1, "SELECT \";\" FROM a -- ;");
        assert_eq!(split("SELECT 1;\nSELECT 'open").open, Some(2));
        assert_eq!(split("/* /* */").open, Some(1));
        assert_eq!(
            texts("SELECT a$b FROM \u{fc}ber; SELECT $1"),
            [(1, "SELECT a$b FROM \u{fc}ber".to_owned()), (1, "SELECT $1".to_owned())]
        );
    }

    #[test]
    fn bodies_of_functions_stay_whole() {
        let body = "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 1 ELSE 2 END; SELECT 3; END";
        let rule = "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)";
        let named = "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'";
        let found = texts(&format!("{body};\n{rule};\n{named};\nSELECT CASE WHEN true THEN 1 END; COMMIT;"));
        assert_eq!(
            found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
            [body, rule, named, "SELECT CASE WHEN true THEN 1 END", "COMMIT"]
        );
        assert_eq!(split("\nCREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; SELECT 2;").open, Some(2));
        let words = split("/* x */ create  unique index concurrently i on t (a)").statements;
        assert_eq!(words[0].words, ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", "I", "ON", "T", "A"]);
    }

    #[test]
    fn what_only_a_client_could_do_is_seen_and_nothing_else() {
        let copies = |text: &str| split(text).statements.iter().any(|one| one.copies);
        for text in [
            "COPY a FROM stdin",
            "copy \"from\" (id, t)\n  FROM /* here */ STDIN WITH (FORMAT csv);\n1,it's\n\\.",
            "COPY a FROM STDOUT",
            "COPY (SELECT 1) TO STDOUT",
            "COPY BINARY a FROM STDIN;",
        ] {
            assert!(copies(text), "{text}");
        }
        for text in [
            "COPY a FROM '/srv/stdin'",
            "COPY a FROM PROGRAM 'cat'",
            "SELECT 1 AS stdin FROM stdin",
            "COPY (SELECT 1 FROM stdin) TO '/x'",
            "SELECT $$COPY a FROM stdin$$",
            "-- COPY a FROM stdin\nSELECT 1",
        ] {
            assert!(!copies(text), "{text}");
        }
        let backslash = |text: &str| split(text).statements.iter().find_map(|one| one.backslash);
        assert_eq!(backslash("SELECT 1\n\\gset"), Some(2));
        assert_eq!(backslash("\\i it's.sql"), Some(1));
        assert_eq!(backslash("SELECT E'\\n', '\\', $$\\d$$, \"\\\" -- \\x"), None);
    }

    #[test]
    fn comments_are_known_by_their_line_and_by_what_is_before_them() {
        let found = split("-- a\nSELECT 1; -- b\n  # --- c\nSELECT '--' /* d\n*/, 2;").comments;
        let seen: Vec<_> = found.iter().map(|one| (one.line, one.alone, one.behind)).collect();
        assert_eq!(seen, [(1, true, 0), (2, false, 1), (3, true, 1), (4, false, 2)]);
    }
}
