//! Templates: quoted strings and heredocs. Trimming with `~` and taking off indentation follow Terraform to the
//! letter: a marker trims its own line only, and lines that are blank neither count nor change.

use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;

use hcl_edit::Span as _;
use hcl_edit::template::{Directive, Element, Strip, Template};
use relplan_contract::Value;

use super::convert::Converter;
use crate::diag::Diagnostics;
use crate::lang::ast::{Expr, Node, Part, TemplateFor};

/// Resolves escapes, `$${` and `%%{`. Invalid escapes, which the scanner refuses, stay as they are.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '$', '%']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (shown, length) = escaped(from).unwrap_or_else(|| (from.chars().next(), 1));
        out.extend(shown);
        rest = from.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character that an escape at the start of the text stands for, and how many bytes to skip.
fn escaped(text: &str) -> Option<(Option<char>, usize)> {
    let digits = match text.as_bytes().get(..2)? {
        b"\\n" => return Some((Some('\n'), 2)),
        b"\\r" => return Some((Some('\r'), 2)),
        b"\\t" => return Some((Some('\t'), 2)),
        b"\\\"" => return Some((Some('"'), 2)),
        b"\\\\" => return Some((Some('\\'), 2)),
        // Of `$${` the first sign is dropped, and the second one is taken as it is in the next round.
        b"$$" if text.starts_with("$${") => return Some((Some('$'), 2)),
        b"%%" if text.starts_with("%%{") => return Some((Some('%'), 2)),
        b"\\u" => 4,
        b"\\U" => 8,
        _ => return None,
    };
    let hex = text.get(2..2 + digits)?;
    let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?;
    Some((Some(c), 2 + digits))
}

/// In a heredoc a backslash is a backslash.
fn unescape_markers(text: &str) -> String {
    text.replace("$${", "${").replace("%%{", "%{")
}

/// A template without its tree: texts and the markers between them, as Terraform trims them.
enum Flat {
    Text(String),
    Interpolation(Expr),
    If(Expr),
    Else,
    EndIf,
    For(Option<Arc<str>>, Arc<str>, Expr),
    EndFor,
}

/// The node for a quoted string.
pub(super) fn quoted(converter: &Converter<'_>, template: &Template, faults: &mut Diagnostics) -> Node {
    let mut flattener = Flattener { converter, heredoc: false, flat: Vec::new(), trim_next: false, faults };
    flattener.template(template);
    node(flattener.flat)
}

/// The node for a heredoc; `indented` when it begins with `<<-`.
pub(super) fn heredoc(
    converter: &Converter<'_>,
    template: &Template,
    indented: bool,
    faults: &mut Diagnostics,
) -> Node {
    let mut flattener = Flattener { converter, heredoc: true, flat: Vec::new(), trim_next: false, faults };
    flattener.template(template);
    let mut flat = flattener.flat;
    if indented {
        take_off_indentation(&mut flat);
    }
    node(flat)
}

struct Flattener<'c, 't> {
    converter: &'c Converter<'t>,
    heredoc: bool,
    flat: Vec<Flat>,
    /// The marker before ended in `~}`.
    trim_next: bool,
    faults: &'c mut Diagnostics,
}

impl Flattener<'_, '_> {
    fn template(&mut self, template: &Template) {
        for element in template {
            match element {
                Element::Literal(literal) => self.text(literal.span()),
                Element::Interpolation(interpolation) => {
                    let expr = self.converter.expr(&interpolation.expr, self.faults);
                    self.marker(interpolation.strip, Flat::Interpolation(expr));
                }
                Element::Directive(directive) => self.directive(directive),
            }
        }
    }

    fn text(&mut self, range: Option<std::ops::Range<usize>>) {
        let source = self.converter.source(range);
        if !self.heredoc {
            return self.push_text(unescape(source));
        }
        for line in source.split_inclusive('\n') {
            self.push_text(unescape_markers(line));
        }
    }

    fn push_text(&mut self, text: String) {
        let trim = std::mem::take(&mut self.trim_next);
        self.flat.push(Flat::Text(if trim { text.trim_start().to_owned() } else { text }));
    }

    fn marker(&mut self, strip: Strip, marker: Flat) {
        if strip.strip_start()
            && let Some(Flat::Text(before)) = self.flat.last_mut()
        {
            before.truncate(before.trim_end().len());
        }
        self.flat.push(marker);
        self.trim_next = strip.strip_end();
    }

    fn directive(&mut self, directive: &Directive) {
        match directive {
            Directive::If(branch) => {
                let condition = self.converter.expr(&branch.if_expr.cond_expr, self.faults);
                self.marker(branch.if_expr.strip, Flat::If(condition));
                self.template(&branch.if_expr.template);
                if let Some(other) = &branch.else_expr {
                    self.marker(other.strip, Flat::Else);
                    self.template(&other.template);
                }
                self.marker(branch.endif_expr.strip, Flat::EndIf);
            }
            Directive::For(repeat) => {
                let head = &repeat.for_expr;
                let key = head.key_var.as_ref().map(|name| Arc::from(name.as_str()));
                let collection = self.converter.expr(&head.collection_expr, self.faults);
                self.marker(head.strip, Flat::For(key, head.value_var.as_str().into(), collection));
                self.template(&head.template);
                self.marker(repeat.endfor_expr.strip, Flat::EndFor);
            }
        }
    }
}

/// Takes the smallest indentation of all lines off each line. A line that begins with a marker has none.
fn take_off_indentation(flat: &mut [Flat]) {
    let is_blank = |text: &str| text.ends_with('\n') && text.trim().is_empty();
    let mut smallest = usize::MAX;
    let mut at_line_start = true;
    let mut indented = Vec::new();
    for (index, part) in flat.iter().enumerate() {
        if let Flat::Text(text) = part {
            if at_line_start && !is_blank(text) {
                smallest = smallest.min(text.chars().take_while(|c| c.is_whitespace()).count());
                indented.push(index);
            }
            at_line_start = text.ends_with('\n');
        } else {
            smallest = if at_line_start { 0 } else { smallest };
            at_line_start = false;
        }
    }
    for index in indented {
        if let Some(Flat::Text(text)) = flat.get_mut(index) {
            *text = text.chars().skip(smallest).collect();
        }
    }
}

/// The tree again: one literal, or a template.
fn node(flat: Vec<Flat>) -> Node {
    let mut rest = flat.into_iter().peekable();
    let parts = parts(&mut rest);
    match parts.as_slice() {
        [] => Node::Literal(Value::string("")),
        [Part::Text(text)] => Node::Literal(Value::string(Arc::clone(text))),
        _ => Node::Template(parts),
    }
}

/// Parts up to the marker that ends a branch or loop, which is left in place.
fn parts(rest: &mut Peekable<IntoIter<Flat>>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = String::new();
    while rest.peek().is_some_and(|next| !matches!(next, Flat::Else | Flat::EndIf | Flat::EndFor)) {
        let part = match rest.next() {
            Some(Flat::Text(more)) => {
                text.push_str(&more);
                continue;
            }
            Some(Flat::Interpolation(expr)) => Part::Interpolation(expr),
            Some(Flat::If(condition)) => {
                let yes = self::parts(rest);
                let has_else = matches!(rest.next(), Some(Flat::Else));
                let no = if has_else { self::parts(rest) } else { Vec::new() };
                if has_else {
                    rest.next();
                }
                Part::If(Box::new((condition, yes, no)))
            }
            Some(Flat::For(key, value, collection)) => {
                let body = self::parts(rest);
                rest.next();
                Part::For(Box::new(TemplateFor { key, value, collection, body }))
            }
            Some(Flat::Else | Flat::EndIf | Flat::EndFor) | None => break,
        };
        push_text(&mut parts, &mut text);
        parts.push(part);
    }
    push_text(&mut parts, &mut text);
    parts
}

fn push_text(parts: &mut Vec<Part>, text: &mut String) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text).into()));
    }
}
