//! Statements: arguments and blocks.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use relplan_contract::Value;

use super::expression::Reader;
use super::token::{Bracket, Kind};
use super::{MAX_FAULTS, scan};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Expr, Node};
use crate::lang::config::{Attribute, Block, Body};
use crate::source::{FileId, Span};

/// Parses a file into the tree of its statements.
pub(super) fn parse(file: FileId, text: &str) -> (Body, Diagnostics) {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let scan = scan::scan(file, text, start);
    let mut reader = Reader::new(file, text, &scan);
    let body = reader.body(0..scan.tokens.len(), Span::start_of(file), true);
    let mut diagnostics = reader.diagnostics;
    diagnostics.0.extend(scan.faults.into_iter().map(|fault| fault.diagnostic));
    diagnostics.0.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
    (body, diagnostics)
}

impl Reader<'_> {
    /// Reads statements. At the top of a file, what stands behind a structural fault is left out up to the next
    /// line that begins in the first column: errors found there would only follow from the fault.
    fn body(&mut self, range: Range<usize>, span: Span, top: bool) -> Body {
        let mut body = Body { attributes: BTreeMap::new(), blocks: Vec::new(), span, also: Vec::new() };
        let mut poisoned = false;
        let mut failed_before = false;
        let mut at = range.start;
        while at < range.end {
            let token = self.token(at);
            if token.kind == Kind::Newline {
                at += 1;
                continue;
            }
            let end = self.line_end(at, range.end);
            poisoned &= !(token.kind == Kind::Name && self.is_first_column(token.start));
            let fault = self.has_structural_fault(at..end);
            let found_before = self.diagnostics.0.len();
            if found_before >= MAX_FAULTS {
                return body;
            }
            // What goes on from a statement in error is no news.
            let goes_on = failed_before && !matches!(token.kind, Kind::Name | Kind::Quoted { .. });
            if !(goes_on || top && (poisoned || fault)) {
                self.statement(at..end, &mut body, range.end);
            }
            failed_before = goes_on || self.diagnostics.0.len() > found_before;
            poisoned |= fault;
            at = end;
        }
        body
    }

    /// The index behind the last token of the statement: its newline, or the end. Brackets are taken whole.
    fn line_end(&self, start: usize, limit: usize) -> usize {
        let mut at = start;
        while at < limit && self.token(at).kind != Kind::Newline {
            at = self.behind(at, limit);
        }
        at
    }

    fn is_first_column(&self, offset: usize) -> bool {
        let before = self.text.get(..offset).unwrap_or_default();
        before.is_empty() || before.ends_with(['\n', '\u{feff}'])
    }

    fn statement(&mut self, range: Range<usize>, body: &mut Body, limit: usize) {
        let first = self.token(range.start);
        let second = if range.len() > 1 { self.token(range.start + 1).kind } else { Kind::End };
        match (first.kind, second) {
            (Kind::Name, Kind::Assign) => self.attribute(range, body, limit),
            (Kind::Name, Kind::Open(Bracket::Curly) | Kind::Quoted { .. } | Kind::Name) => {
                self.block(range, body, limit);
            }
            // What is no statement because of a fault in its text was told already.
            _ if self.has_fault(&range) => {}
            _ => self.no_statement(&range),
        }
    }

    fn attribute(&mut self, range: Range<usize>, body: &mut Body, limit: usize) {
        let name_span = self.token_span(range.start);
        let name: Arc<str> = self.token_text(range.start).into();
        let last = range.end - 1;
        if self.token(last).kind == Kind::Comma {
            self.diagnostics.push(
                Diagnostic::error(
                    "Comma behind an argument",
                    "Arguments of a block are not separated by commas.",
                )
                .at(self.token_span(last))
                .help("Delete the comma: the end of the line ends the argument."),
            );
            return;
        }
        if range.end == limit && self.token(limit).kind == Kind::Close(Bracket::Curly) {
            self.check_closing_line(range.start, limit);
        }
        if let Some(earlier) = body.attributes.get(&name) {
            self.diagnostics.push(
                Diagnostic::error(
                    "Argument given twice",
                    format!("The argument `{name}` can be given once in a block."),
                )
                .label(name_span, "given again here")
                .label(earlier.name_span, "given first here")
                .help("Delete one of them."),
            );
            return;
        }
        // A value that could not be read is unknown, so that nobody complains that the argument is missing.
        let unreadable = Expr { span: name_span, node: Node::Literal(Value::UNKNOWN) };
        let expr = self.value(range.start + 2..range.end, "=", range.start + 1).unwrap_or(unreadable);
        body.attributes.insert(Arc::clone(&name), Attribute { name, name_span, expr });
    }

    /// The closing brace of a block of several lines has a line of its own.
    fn check_closing_line(&mut self, statement: usize, close: usize) {
        let open = self.scan.tokens.iter().rposition(|token| token.partner == Some(close));
        if open.is_some_and(|open| open + 1 < statement) {
            self.diagnostics.push(
                Diagnostic::error(
                    "Missing line end",
                    "In a block of several lines each argument and each block ends with its line.",
                )
                .at(self.token_span(close))
                .help("Put the `}` on the next line."),
            );
        }
    }

    fn block(&mut self, range: Range<usize>, body: &mut Body, limit: usize) {
        let ty_span = self.token_span(range.start);
        let mut labels = Vec::new();
        let mut at = range.start + 1;
        while at < range.end {
            let kind = self.token(at).kind;
            let label = if kind == Kind::Name {
                Arc::from(self.token_text(at))
            } else if kind == (Kind::Quoted { template: false }) {
                self.plain_string(at).into()
            } else if kind == (Kind::Quoted { template: true }) {
                return self.template_in_label(at);
            } else {
                break;
            };
            labels.push((label, self.token_span(at)));
            at += 1;
        }
        let open = self.token(at);
        let Some(close) = open.partner.filter(|_| at < range.end && open.kind == Kind::Open(Bracket::Curly))
        else {
            if !self.has_fault(&range) {
                self.no_block(range.start, at.min(range.end), range.end);
            }
            return;
        };
        if range.end == limit && self.token(limit).kind == Kind::Close(Bracket::Curly) {
            self.check_closing_line(range.start, limit);
        }
        let header = ty_span.to(self.token_span(at - 1));
        let inner = if self.check_one_line(at, close) {
            self.body(at + 1..close, header, false)
        } else {
            return;
        };
        if close + 1 < range.end {
            self.diagnostics.push(
                Diagnostic::error("Missing line end", "A block ends with its line, but something follows.")
                    .at(self.token_span(close + 1))
                    .help("Begin a new line behind the `}`."),
            );
        }
        body.blocks.push(Block { ty: self.token_text(range.start).into(), ty_span, labels, body: inner });
    }

    /// A block on one line can have one argument and nothing else.
    fn check_one_line(&mut self, open: usize, close: usize) -> bool {
        let first = self.token(open + 1);
        if first.kind == Kind::Newline || open + 1 == close {
            return true;
        }
        let one_line = self.line_end(open + 1, close) == close;
        let argument = self.token(open + 2).kind == Kind::Assign;
        let more = (open + 3..close).any(|at| self.token(at).kind == Kind::Comma && self.is_direct(open, at));
        if one_line && argument && !more {
            return true;
        }
        let detail = if one_line {
            "A block that is written on one line can have a single argument."
        } else {
            "The content of a block of several lines begins on the line behind its `{`."
        };
        self.diagnostics.push(
            Diagnostic::error("Invalid block on one line", detail)
                .at(self.token_span(open + 1))
                .help("Give each argument and the closing `}` a line of its own."),
        );
        false
    }

    /// Whether no bracket is between the opening one at `open` and the token at `at`.
    fn is_direct(&self, open: usize, at: usize) -> bool {
        let mut index = open + 1;
        while index < at {
            index = self.behind(index, at + 1);
        }
        index == at
    }

    fn template_in_label(&mut self, at: usize) {
        self.diagnostics.push(
            Diagnostic::error("Invalid label", "A label is plain text: it can have no interpolation.")
                .at(self.token_span(at))
                .help("Write the name out; for many objects of a kind use `for_each`."),
        );
    }

    /// Something that begins like a block but has no body.
    fn no_block(&mut self, start: usize, at: usize, end: usize) {
        let (name, found) = (self.token_text(start), self.token(at));
        let header = self.token_span(start).to(self.token_span(at.saturating_sub(1)));
        let has_label = at > start + 1;
        let opens_next_line = at >= end && self.token(end + 1).kind == Kind::Open(Bracket::Curly);
        let diagnostic = if opens_next_line {
            Diagnostic::error("Missing `{`", "The `{` of a block stands on the line of its type and labels.")
                .at(header)
                .help("Move the `{` to the end of this line.")
        } else if at < end
            && found.kind == Kind::Assign
            && self.token(at + 1).kind == Kind::Open(Bracket::Curly)
        {
            Diagnostic::error("Block with `=`", "A block has no `=` between its labels and its `{`.")
                .at(self.token_span(at))
                .help("Delete the `=`.")
        } else if at < end && found.kind == Kind::Assign {
            Diagnostic::error("Invalid argument name", "The name of an argument is a single word.")
                .at(header)
                .help("Join the words with `_`, or delete those that are too many.")
        } else if has_label && self.token(start + 1).kind != Kind::Name || at - start > 2 {
            Diagnostic::error(
                "Missing `{`",
                format!("A `{{` is needed behind the labels of the block `{name}`."),
            )
            .at(header)
            .help("Write the block as `TYPE \"LABEL\" { ... }`.")
        } else {
            Diagnostic::error("Invalid statement", "This is neither an argument nor a block.")
                .at(header)
                .help(format!("Write an argument as `{name} = value`, a block as `{name} {{ ... }}`."))
        };
        self.diagnostics.push(diagnostic);
    }

    /// Something that is no statement at all.
    fn no_statement(&mut self, range: &Range<usize>) {
        let (first, sign) = (self.token(range.start), self.token_text(range.start + 1));
        let name = self.token_text(range.start);
        let line = self.token_span(range.start);
        let quoted = matches!(first.kind, Kind::Quoted { .. });
        let diagnostic = if first.kind == Kind::Name && range.len() > 1 {
            let instead = match sign {
                ":" | "=>" | "==" | "+" | "-" => format!("Write `{name} = value`."),
                "." | "[" => "To change a part of a value, give the whole value again.".to_owned(),
                _ => format!("Write an argument as `{name} = value`, a block as `{name} {{ ... }}`."),
            };
            Diagnostic::error(
                "Invalid statement",
                format!("`=` or `{{` is needed behind `{name}`, not `{sign}`."),
            )
            .at(self.token_span(range.start + 1))
            .help(instead)
        } else if first.kind == Kind::Name {
            Diagnostic::error("Invalid statement", format!("The word `{name}` stands alone."))
                .at(line)
                .help(format!("Write an argument as `{name} = value`, a block as `{name} {{ ... }}`."))
        } else if quoted && range.len() > 1 && self.token(range.start + 1).kind == Kind::Assign {
            Diagnostic::error("Invalid argument name", "Names of arguments are written without quotes.")
                .at(line)
                .help("Delete the quotes.")
        } else {
            Diagnostic::error("Invalid statement", "An argument or a block begins with a name, but here is none.")
                .at(line)
                .help("Write `name = value` or `type \"label\" { ... }`; put an expression of several lines in parentheses.")
        };
        self.diagnostics.push(diagnostic);
    }
}
