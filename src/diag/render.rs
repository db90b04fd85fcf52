//! Rendering diagnostics: as text with the source underlined, and as plain data for machines. Nothing is printed
//! here.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Label, Severity};
use crate::addr::is_deceptive;
use crate::source::{FileId, Position, Sources};

mod lines;

use lines::{Excerpt, Lines};

/// Most findings that are shown as text; programs get all.
const MAX_SHOWN: usize = 500;

/// Most lines of a span that are underlined; of a longer one the first line is.
const MAX_LINES: usize = 6;

/// How text is rendered.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether colours are used.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Style {
    /// No colours, and as wide as a page.
    pub const PLAIN: Self = Self { color: false, width: 110 };
}

/// All diagnostics as text, an empty line behind each.
#[must_use]
pub fn text(diagnostics: &Diagnostics, sources: &Sources, style: Style) -> String {
    let mut lines = Lines::new(sources);
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(style.width);
    let shown = diagnostics.0.iter().take(MAX_SHOWN);
    let mut text: String = shown.map(|diagnostic| one(diagnostic, &mut lines, &renderer) + "\n\n").collect();
    if let Some(more) = diagnostics.0.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("{more} more findings are not shown.\n\n"));
    }
    text
}

fn one(diagnostic: &Diagnostic, lines: &mut Lines<'_>, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(harmless(&diagnostic.summary)));
    let mut columns = Vec::new();
    for region in regions(diagnostic, lines) {
        if lines.is_private(region.file) {
            group = group.element(region.origin(lines));
            continue;
        }
        let (snippet, column) = region.show(lines);
        columns.extend(column);
        group = group.element(snippet);
    }
    let instance =
        diagnostic.address.as_ref().map_or(String::new(), |at| format!("in instance {}", harmless(at)));
    let notes = [
        (Level::NOTE.no_name(), harmless(&diagnostic.detail)),
        (Level::NOTE, instance),
        (Level::HELP, harmless(&diagnostic.help)),
    ];
    for (level, note) in notes.into_iter().filter(|(_, note)| !note.is_empty()) {
        group = group.element(level.message(note));
    }
    let snippet_text = renderer.render(&[group]);
    columns.into_iter().fold(snippet_text, |text, (shown, right)| text.replacen(&shown, &right, 1))
}

/// Lines of a file that are shown together, with the labels in them. Lines count from 0 here.
struct Region<'d> {
    file: FileId,
    lines: Range<usize>,
    /// Whether the first one is the place at fault.
    primary: bool,
    labels: Vec<&'d Label>,
}

/// What is shown of a diagnostic: the place at fault first. Labels on the same or neighbouring lines share a region.
fn regions<'d>(diagnostic: &'d Diagnostic, lines: &mut Lines<'_>) -> Vec<Region<'d>> {
    let mut regions: Vec<Region<'d>> = Vec::new();
    for label in &diagnostic.labels {
        let file = label.span.file;
        let Some(shown) = lines.of(label.span) else { continue };
        let shown = shown.start..shown.end.min(shown.start + MAX_LINES);
        let near = regions.iter_mut().find(|region| {
            let gap = 2;
            region.file == file
                && shown.start <= region.lines.end + gap
                && region.lines.start <= shown.end + gap
        });
        if let Some(region) = near {
            region.lines = region.lines.start.min(shown.start)..region.lines.end.max(shown.end);
            region.labels.push(label);
        } else {
            let primary = regions.is_empty();
            regions.push(Region { file, lines: shown, primary, labels: vec![label] });
        }
    }
    regions
}

/// A place as the renderer writes it, counting columns in the excerpt, and as it should be.
type Correction = (String, String);

impl Region<'_> {
    /// Its place alone, without the text.
    fn origin(&self, lines: &mut Lines<'_>) -> Origin<'static> {
        let first = self.labels.first().map_or(0, |label| label.span.start as usize);
        let position = lines.position(self.file, first);
        Origin::path(harmless(lines.name(self.file))).line(position.line).char_column(position.column)
    }

    fn show(&self, lines: &mut Lines<'_>) -> (Snippet<'static, Annotation<'static>>, Option<Correction>) {
        let starts: Vec<usize> = self.labels.iter().map(|label| label.span.start as usize).collect();
        let excerpt = Excerpt::new(lines, self.file, self.lines.clone(), &starts);
        let name = harmless(lines.name(self.file));
        let first = starts.first().copied().unwrap_or(0);
        let position = lines.position(self.file, first);
        let shown = Position { line: position.line, column: excerpt.column(first) };
        let correction =
            (shown != position).then(|| (format!("{name}:{shown}"), format!("{name}:{position}")));
        let mut snippet = Snippet::source(excerpt.text.clone()).line_start(self.lines.start + 1).path(name);
        for (index, label) in self.labels.iter().enumerate() {
            let several = lines.of(label.span).is_some_and(|shown| shown.len() > MAX_LINES);
            let from = excerpt.map(label.span.start as usize);
            let to = if several { excerpt.line_end(from) } else { excerpt.map(label.span.end as usize) };
            let kind =
                if self.primary && index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = harmless(&label.text);
            let annotation = kind.span(from..to.max(from));
            snippet = snippet.annotation(if text.is_empty() { annotation } else { annotation.label(text) });
        }
        (snippet, correction)
    }
}

/// The text with every character that could deceive a reader written as its number; line ends stay.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_harmless(&mut out, c);
    }
    out
}

fn push_harmless(out: &mut String, c: char) {
    if c != '\n' && is_deceptive(c) {
        out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
    } else {
        out.push(c);
    }
}

/// A diagnostic as plain data, for views that programs read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// A few words.
    pub summary: String,
    /// What is wrong.
    pub detail: String,
    /// How to mend it; may be empty.
    pub help: String,
    /// Address of the resource instance that it came up in.
    pub address: Option<String>,
    /// The places, the one at fault first.
    pub places: Vec<Place>,
}

/// A range of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the file.
    pub file: String,
    /// First character.
    pub start: Position,
    /// The character behind the last.
    pub end: Position,
    /// First byte, from 0.
    pub start_byte: u32,
    /// The byte behind the last.
    pub end_byte: u32,
    /// What is said of it; may be empty.
    pub text: String,
}

/// All diagnostics as plain data, in their order.
#[must_use]
pub fn findings(diagnostics: &Diagnostics, sources: &Sources) -> Vec<Finding> {
    let mut lines = Lines::new(sources);
    let mut finding = |diagnostic: &Diagnostic| Finding {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        summary: diagnostic.summary.clone(),
        detail: diagnostic.detail.clone(),
        help: diagnostic.help.clone(),
        address: diagnostic.address.clone(),
        places: diagnostic.labels.iter().map(|label| place(label, &mut lines)).collect(),
    };
    diagnostics.0.iter().map(&mut finding).collect()
}

fn place(label: &Label, lines: &mut Lines<'_>) -> Place {
    let span = label.span;
    Place {
        file: lines.name(span.file).to_owned(),
        start: lines.position(span.file, span.start as usize),
        end: lines.position(span.file, span.end as usize),
        start_byte: span.start,
        end_byte: span.end,
        text: label.text.clone(),
    }
}

#[cfg(test)]
mod tests;
