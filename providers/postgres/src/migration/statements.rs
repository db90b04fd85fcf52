//! A migration's text as single statements, each with the line that it begins on.
//!
//! Source of the rules: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>. A semicolon ends a statement but
//! within quotes, comments, parentheses, and the body of a function that is written `BEGIN ATOMIC ... END`.

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The line of the file that it begins on, from 1.
    pub(crate) line: usize,
    /// Its text, without the semicolon.
    pub(crate) text: String,
    /// Its first words in capitals, comments left out.
    pub(crate) words: Vec<String>,
}

/// How many words of a statement are kept.
const WORDS: usize = 4;

/// The statements of a text; or the line of a quote or comment that does not end.
pub(crate) fn split(text: &str) -> Result<Vec<Statement>, usize> {
    Splitter { rest: text, line: 1, done: Vec::new(), open: None, parentheses: 0, body: 0 }.all()
}

struct Splitter<'t> {
    rest: &'t str,
    line: usize,
    done: Vec<Statement>,
    open: Option<Statement>,
    parentheses: usize,
    /// How many blocks of a function's body are open.
    body: usize,
}

impl Splitter<'_> {
    fn all(mut self) -> Result<Vec<Statement>, usize> {
        while let Some(c) = self.rest.chars().next() {
            let length = self.token(c).ok_or(self.line)?;
            self.take(c, length);
        }
        self.end();
        Ok(self.done)
    }

    /// The length in bytes of what begins here; none for what does not end.
    fn token(&self, c: char) -> Option<usize> {
        let rest = self.rest;
        match c {
            '\'' => quoted(rest, '\'', self.is_escape_string()),
            '"' => quoted(rest, '"', false),
            '-' if rest.starts_with("--") => Some(rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => comment(rest),
            '$' => match dollar_tag(rest) {
                Some(tag) => rest.get(tag.len()..)?.find(tag).map(|at| at + 2 * tag.len()),
                None => Some(1),
            },
            c if is_word(c) => Some(rest.find(|c| !is_word(c) && c != '$').unwrap_or(rest.len())),
            c => Some(c.len_utf8()),
        }
    }

    /// Whether the quote that begins here is behind an `E`: only there a backslash escapes.
    fn is_escape_string(&self) -> bool {
        let before = self.open.as_ref().map_or("", |open| &open.text);
        let mut last = before.chars().rev();
        matches!(last.next(), Some('e' | 'E')) && !last.next().is_some_and(is_word)
    }

    fn take(&mut self, c: char, length: usize) {
        let (token, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        let is_comment = token.starts_with("--") || token.starts_with("/*");
        match c {
            ';' if self.parentheses == 0 && self.body == 0 => {
                self.rest = rest;
                return self.end();
            }
            '(' => self.parentheses += 1,
            ')' => self.parentheses = self.parentheses.saturating_sub(1),
            c if is_word(c) => self.word(token),
            _ => {}
        }
        if self.open.is_some() || !(c.is_whitespace() || is_comment) {
            let line = self.line;
            let open =
                self.open.get_or_insert_with(|| Statement { line, text: String::new(), words: Vec::new() });
            open.text.push_str(token);
            if open.words.len() < WORDS && is_word(c) {
                open.words.push(token.to_ascii_uppercase());
            }
        }
        self.line += token.matches('\n').count();
        self.rest = rest;
    }

    /// Counts the blocks of a function's body.
    fn word(&mut self, token: &str) {
        let Some(open) = &self.open else { return };
        let makes_function = open.words.first().is_some_and(|word| word == "CREATE")
            && open.words.iter().any(|word| word == "FUNCTION" || word == "PROCEDURE");
        if !makes_function || self.parentheses > 0 {
            return;
        }
        match token.to_ascii_uppercase().as_str() {
            "BEGIN" => self.body += 1,
            "CASE" if self.body > 0 => self.body += 1,
            "END" => self.body = self.body.saturating_sub(1),
            _ => {}
        }
    }

    fn end(&mut self) {
        (self.parentheses, self.body) = (0, 0);
        if let Some(mut open) = self.open.take() {
            open.text.truncate(open.text.trim_end().len());
            self.done.push(open);
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a quoted text with its quotes; the quote itself stands in it twice.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes {
            chars.next();
        } else if c == quote {
            if chars.peek().is_none_or(|(_, next)| *next != quote) {
                return Some(at + 1);
            }
            chars.next();
        }
    }
    None
}

/// The length of a comment, in which others may stand.
fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += rest.chars().next()?.len_utf8();
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The tag that a dollar quote begins with: `$$` or `$body$`.
fn dollar_tag(text: &str) -> Option<&str> {
    let inner = text.get(1..)?;
    let end = inner.find(|c| !is_word(c))?;
    let starts_well = !inner.starts_with(|c: char| c.is_ascii_digit());
    (inner.get(end..)?.starts_with('$') && starts_well).then(|| text.get(..end + 2)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(usize, String)> {
        split(text).expect("whole").into_iter().map(|one| (one.line, one.text)).collect()
    }

    #[test]
    fn semicolons_end_statements_only_where_they_stand_alone() {
        let text = "-- first\nCREATE TABLE a (b text DEFAULT ';');\n\nINSERT INTO a VALUES ('it''s; ok'), (E'\\';'), ($$;$$), ($x$;$$;$x$);\n\
                    /* ; /* ; */ */ SELECT \";\" FROM a -- ;\n;;\nSELECT 1";
        let found = texts(text);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 5, 7]);
        assert_eq!(found[0].1, "CREATE TABLE a (b text DEFAULT ';')");
        assert_eq!(found[2].1, "SELECT \";\" FROM a -- ;");
        assert_eq!(split("SELECT 1;\nSELECT 'open"), Err(2));
        assert_eq!(split("/* /* */"), Err(1));
        assert_eq!(
            texts("SELECT a$b FROM \u{fc}ber; SELECT $1"),
            [(1, "SELECT a$b FROM \u{fc}ber".to_owned()), (1, "SELECT $1".to_owned())]
        );
    }

    #[test]
    fn bodies_of_functions_stay_whole() {
        let body = "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 1 ELSE 2 END; SELECT 3; END";
        let rule = "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)";
        let found = texts(&format!("{body};\n{rule};\nSELECT CASE WHEN true THEN 1 END; COMMIT;"));
        assert_eq!(
            found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
            [body, rule, "SELECT CASE WHEN true THEN 1 END", "COMMIT"]
        );
        let words = split("/* x */ create  unique index concurrently i on t (a)").expect("whole");
        assert_eq!(words[0].words, ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"]);
    }
}
