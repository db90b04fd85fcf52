//! Expressions: lists, objects, calls and parentheses are taken apart here, item by item; what is left between
//! them is parsed by hcl-edit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use relplan_contract::Value;

use super::convert::Converter;
use super::token::{Bracket, Kind, Scan, Token};
use super::{explain, scan, template};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Call, Expr, Node};
use crate::source::{FileId, Span};

/// Parses a text that is one expression; it may go over several lines.
pub(super) fn parse(file: FileId, text: &str) -> Result<Expr, Diagnostics> {
    let scan = scan::scan(file, text, 0);
    let mut reader = Reader::new(file, text, &scan);
    let last = scan.tokens.iter().rposition(|token| token.kind != Kind::Newline).map_or(0, |last| last + 1);
    let first = scan.tokens.iter().position(|token| token.kind != Kind::Newline).unwrap_or(last);
    let expr = if scan.faults.is_empty() { reader.expression(first..last, true) } else { None };
    let mut diagnostics = reader.diagnostics;
    diagnostics.0.extend(scan.faults.into_iter().map(|fault| fault.diagnostic));
    match expr {
        Some(expr) if diagnostics.is_empty() => Ok(expr),
        None if diagnostics.is_empty() => {
            Err(Diagnostic::error("Missing value", "An expression is needed, but there is nothing.")
                .at(Span::start_of(file))
                .into())
        }
        Some(_) | None => Err(diagnostics),
    }
}

/// Reads trees out of a scanned text.
pub(super) struct Reader<'s> {
    pub(super) file: FileId,
    pub(super) text: &'s str,
    pub(super) scan: &'s Scan,
    pub(super) diagnostics: Diagnostics,
    /// Places of the faults, sorted, and whether each is structural.
    faults: Vec<(usize, bool)>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(file: FileId, text: &'s str, scan: &'s Scan) -> Self {
        let mut faults: Vec<_> = scan.faults.iter().map(|fault| (fault.at, fault.structural)).collect();
        faults.sort_unstable();
        Self { file, text, scan, diagnostics: Diagnostics::default(), faults }
    }

    pub(super) fn token(&self, index: usize) -> Token {
        let end = self.text.len();
        let behind = Token { kind: Kind::End, start: end, end, partner: None };
        self.scan.tokens.get(index).copied().unwrap_or(behind)
    }

    pub(super) fn token_text(&self, index: usize) -> &'s str {
        let token = self.token(index);
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    pub(super) fn token_span(&self, index: usize) -> Span {
        let token = self.token(index);
        super::span(self.file, token.start, token.end)
    }

    /// The text inside a quoted token without interpolations, escapes resolved.
    pub(super) fn plain_string(&self, index: usize) -> String {
        let text = self.token_text(index);
        template::unescape(text.get(1..text.len().saturating_sub(1)).unwrap_or_default())
    }

    /// The index behind a token, or behind the bracket that it opens; never beyond `limit`.
    pub(super) fn behind(&self, index: usize, limit: usize) -> usize {
        let token = self.token(index);
        let opens = matches!(token.kind, Kind::Open(_));
        let last = if opens { token.partner.unwrap_or(limit) } else { index };
        (last + 1).min(limit)
    }

    fn bytes(&self, tokens: &Range<usize>) -> Range<usize> {
        self.token(tokens.start).start..self.token(tokens.end.saturating_sub(1)).end
    }

    /// The faults from the first of the tokens up to the token behind them: where the scanner stopped, nothing is
    /// a token any more.
    fn faults_in(&self, tokens: &Range<usize>) -> &[(usize, bool)] {
        let bytes = self.token(tokens.start).start..self.token(tokens.end).start;
        let from = self.faults.partition_point(|(at, _)| *at < bytes.start);
        let to = self.faults.partition_point(|(at, _)| *at < bytes.end);
        self.faults.get(from..to.max(from)).unwrap_or_default()
    }

    pub(super) fn has_structural_fault(&self, tokens: Range<usize>) -> bool {
        self.faults_in(&tokens).iter().any(|(_, structural)| *structural)
    }

    pub(super) fn has_fault(&self, tokens: &Range<usize>) -> bool {
        !self.faults_in(tokens).is_empty()
    }

    /// The value behind a sign such as `=`; none after an error.
    pub(super) fn value(&mut self, tokens: Range<usize>, sign: &str, sign_at: usize) -> Option<Expr> {
        if tokens.is_empty() {
            self.diagnostics.push(
                Diagnostic::error(
                    "Missing value",
                    format!("A value is needed behind `{sign}` on the same line."),
                )
                .at(self.token_span(sign_at))
                .help("Write the value, or `null` for none."),
            );
            return None;
        }
        if self.has_fault(&tokens) {
            return None;
        }
        self.expression(tokens, false)
    }

    /// Reads an expression. `newlines` tells whether it may go over several lines.
    pub(super) fn expression(&mut self, tokens: Range<usize>, newlines: bool) -> Option<Expr> {
        let tokens = if newlines { self.trim_newlines(tokens) } else { tokens };
        if tokens.is_empty() {
            return None;
        }
        let first = self.token(tokens.start);
        let last = tokens.end - 1;
        let bytes = self.bytes(&tokens);
        let span = super::span(self.file, bytes.start, bytes.end);
        let inner = tokens.start + 1..last;
        let whole = first.partner == Some(last);
        let opens = |bracket| whole && first.kind == Kind::Open(bracket);
        let node = if whole && self.begins_with_for(&inner) {
            return self.parse_leaf(tokens, newlines);
        } else if opens(Bracket::Curly) {
            self.object(inner)?
        } else if opens(Bracket::Square) {
            Node::List(self.items(inner, "list")?)
        } else if opens(Bracket::Round) && !inner.is_empty() {
            Node::Parens(Box::new(self.expression(inner, true)?))
        } else if first.kind == Kind::Name && self.is_call(&tokens) {
            self.call(tokens)?
        } else {
            return self.parse_leaf(tokens, newlines);
        };
        Some(Expr { span, node })
    }

    fn trim_newlines(&self, tokens: Range<usize>) -> Range<usize> {
        let is_newline = |index: &usize| self.token(*index).kind == Kind::Newline;
        let start = tokens.clone().find(|index| !is_newline(index)).unwrap_or(tokens.end);
        let end = tokens.clone().rev().find(|index| !is_newline(index)).map_or(start, |last| last + 1);
        start..end
    }

    fn begins_with_for(&self, inner: &Range<usize>) -> bool {
        let mut content = inner.clone().filter(|index| self.token(*index).kind != Kind::Newline);
        let first = content.next().is_some_and(|index| self.token_text(index) == "for");
        first && content.next().is_some_and(|index| self.token(index).kind == Kind::Name)
    }

    fn is_call(&self, tokens: &Range<usize>) -> bool {
        let open = self.token(tokens.start + 1);
        tokens.len() > 2 && open.kind == Kind::Open(Bracket::Round) && open.partner == Some(tokens.end - 1)
    }

    fn call(&mut self, tokens: Range<usize>) -> Option<Node> {
        let mut inner = self.trim_newlines(tokens.start + 2..tokens.end - 1);
        let expand_last = inner.len() > 1 && self.token(inner.end - 1).kind == Kind::Ellipsis;
        if expand_last {
            inner.end -= 1;
        }
        let arguments = self.items(inner, "call")?;
        Some(Node::Call(Call {
            name: self.token_text(tokens.start).into(),
            name_span: self.token_span(tokens.start),
            arguments,
            expand_last,
        }))
    }

    /// Items between commas; a comma behind the last one is allowed. All items are read before giving up.
    fn items(&mut self, tokens: Range<usize>, of: &str) -> Option<Vec<Expr>> {
        let mut items = Vec::new();
        let mut complete = true;
        let mut at = tokens.start;
        while !self.trim_newlines(at..tokens.end).is_empty() {
            let mut end = at;
            while end < tokens.end && self.token(end).kind != Kind::Comma {
                end = self.behind(end, tokens.end);
            }
            let item = self.trim_newlines(at..end);
            if item.is_empty() {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Missing value",
                        format!("A value is needed before this comma of the {of}."),
                    )
                    .at(self.token_span(end))
                    .help("Delete the comma, or write the value."),
                );
                return None;
            }
            let value = self.expression(item, true);
            complete &= value.is_some();
            items.extend(value);
            at = end + 1;
        }
        complete.then_some(items)
    }

    fn object(&mut self, tokens: Range<usize>) -> Option<Node> {
        let mut entries = Vec::new();
        let mut places: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        let mut complete = true;
        let mut at = tokens.start;
        while at < tokens.end {
            if self.token(at).kind == Kind::Newline {
                at += 1;
                continue;
            }
            let mut end = at;
            while end < tokens.end && !matches!(self.token(end).kind, Kind::Comma | Kind::Newline) {
                end = self.behind(end, tokens.end);
            }
            match self.entry(at..end) {
                Some((key, value)) => {
                    complete &= self.note_key(&key, &mut places);
                    entries.push((key, value));
                }
                // An object that was meant as a list would only repeat the message.
                None if self.token(end).kind == Kind::Comma => return None,
                None => complete = false,
            }
            at = end + 1;
        }
        complete.then_some(Node::Object(entries))
    }

    /// Refuses a key that was there before. Keys that have to be computed are not known yet.
    fn note_key(&mut self, key: &Expr, places: &mut BTreeMap<Arc<str>, Span>) -> bool {
        let Node::Literal(value) = &key.node else { return true };
        let Some(text) = value.as_str() else { return true };
        let Some(earlier) = places.insert(text.into(), key.span) else { return true };
        self.diagnostics.push(
            Diagnostic::error("Key given twice", format!("The key {text:?} can be given once in an object."))
                .label(key.span, "given again here")
                .label(earlier, "given first here")
                .help("Delete one of them."),
        );
        false
    }

    fn entry(&mut self, tokens: Range<usize>) -> Option<(Expr, Expr)> {
        let mut sign = tokens.start;
        while sign < tokens.end && !matches!(self.token(sign).kind, Kind::Assign | Kind::Colon) {
            sign = self.behind(sign, tokens.end);
        }
        if sign == tokens.start || sign == tokens.end {
            self.diagnostics.push(explain::no_entry(self, &tokens));
            return None;
        }
        let key = self.key(tokens.start..sign);
        let value = self.value(sign + 1..tokens.end, self.token_text(sign), sign);
        Some((key?, value?))
    }

    fn key(&mut self, tokens: Range<usize>) -> Option<Expr> {
        if tokens.len() == 1 && self.token(tokens.start).kind == Kind::Name {
            let node = Node::Literal(Value::string(self.token_text(tokens.start)));
            return Some(Expr { span: self.token_span(tokens.start), node });
        }
        self.expression(tokens, false)
    }

    /// The line ends directly inside of `{ for ... }`, each with the white space and comment before it.
    fn line_ends_in_for(&self, tokens: &Range<usize>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for open in tokens.clone().filter(|index| self.token(*index).kind == Kind::Open(Bracket::Curly)) {
            let close = self.token(open).partner.unwrap_or(open);
            let mut at = open + 1;
            while at < close && self.begins_with_for(&(open + 1..close)) {
                let token = self.token(at);
                if token.kind == Kind::Newline {
                    found.push(self.token(at - 1).end..token.end);
                }
                let object = token.kind == Kind::Open(Bracket::Curly);
                at = if object { self.behind(at, close) } else { at + 1 };
            }
        }
        found
    }

    /// A `for` whose names are not followed by the word `in`: hcl-edit takes `inx` for `in x`.
    fn for_without_in(&self, tokens: &Range<usize>) -> Option<usize> {
        tokens.clone().find_map(|open| {
            let is_open = matches!(self.token(open).kind, Kind::Open(Bracket::Square | Bracket::Curly));
            let inner = open + 1..tokens.end;
            if !is_open || !self.begins_with_for(&inner) {
                return None;
            }
            let mut words = inner.filter(|index| self.token(*index).kind != Kind::Newline).skip(2);
            let next = words.next()?;
            let word = if self.token(next).kind == Kind::Comma { words.nth(1)? } else { next };
            (self.token_text(word) != "in").then_some(word)
        })
    }

    /// The text as hcl-edit takes it, and by how many bytes it is shifted: in parentheses when it has several lines;
    /// `<<-` without the `-`, because the indentation is taken off by [`template`]; numbers with an exponent replaced
    /// by zeros, because hcl-edit refuses those that no binary float holds; lines of heredocs that begin with the
    /// marker changed, because hcl-edit ends them there; and line ends in `{ for ... }` made white space, because
    /// hcl-edit allows them in few places there. Texts and numbers are read from the source.
    fn prepare(&self, source: &'s str, tokens: &Range<usize>, wrapped: bool) -> (Cow<'s, str>, usize) {
        let bytes = &self.bytes(tokens);
        let exponents = inside(&self.scan.exponents, bytes, |number| number.start);
        let false_markers = inside(&self.scan.false_markers, bytes, |at| *at);
        let line_ends = self.line_ends_in_for(tokens);
        if !wrapped && exponents.is_empty() && false_markers.is_empty() && line_ends.is_empty() {
            return (Cow::Borrowed(source), 0);
        }
        let mut text = source.replace("<<-", " <<");
        for number in exponents {
            let range = number.start - bytes.start..number.end - bytes.start;
            text.replace_range(range, &"0".repeat(number.len()));
        }
        for line_end in line_ends {
            text.replace_range(
                line_end.start - bytes.start..line_end.end - bytes.start,
                &" ".repeat(line_end.len()),
            );
        }
        for at in false_markers {
            // No marker begins with a minus sign.
            let start = at - bytes.start;
            let first = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            text.replace_range(start..start + first, &"-".repeat(first));
        }
        if wrapped { (Cow::Owned(format!("({text})")), 1) } else { (Cow::Owned(text), 0) }
    }

    /// Has hcl-edit parse the tokens.
    fn parse_leaf(&mut self, tokens: Range<usize>, newlines: bool) -> Option<Expr> {
        let bytes = self.bytes(&tokens);
        let crowded = self.scan.crowded.partition_point(|start| *start < bytes.start);
        if let Some(start) = self.scan.crowded.get(crowded).filter(|start| bytes.contains(start)) {
            self.diagnostics.push(explain::crowded_object(super::span(self.file, *start, *start + 1)));
            return None;
        }
        if let Some(index) = self.for_without_in(&tokens) {
            self.diagnostics.push(explain::for_without_in(self.token_span(index)));
            return None;
        }
        let source = self.text.get(bytes.clone()).unwrap_or_default();
        let has_newline = || tokens.clone().any(|index| self.token(index).kind == Kind::Newline);
        let wrapped = source.contains("<<-") || newlines && has_newline();
        let (text, shift) = self.prepare(source, &tokens, wrapped);
        let converter = Converter { file: self.file, text: self.text, offset: bytes.start, shift };
        match hcl_edit::parser::parse_expr(&text) {
            Ok(parsed) => converter.root(&parsed, wrapped, &mut self.diagnostics),
            Err(error) => {
                let at = bytes.start + offset_of(&error, &text).saturating_sub(shift);
                let diagnostic = explain::parse_error(self, &tokens, at, error.message());
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }
}

/// Those of some sorted items that begin in a range.
fn inside<'i, T>(items: &'i [T], range: &Range<usize>, start: impl Fn(&T) -> usize) -> &'i [T] {
    let from = items.partition_point(|item| start(item) < range.start);
    let to = items.partition_point(|item| start(item) < range.end);
    items.get(from..to).unwrap_or_default()
}

/// Where an error is. hcl-edit's offset stops at the last byte; that it is behind the end shows in the column only.
fn offset_of(error: &hcl_edit::parser::Error, text: &str) -> usize {
    let location = error.location();
    let before = text.get(..=location.offset()).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    location.offset() + location.column().saturating_sub(column)
}
