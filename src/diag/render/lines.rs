//! Where lines begin, found once for each file, and the part of a file that a diagnostic shows.

use std::collections::BTreeMap;
use std::ops::Range;

use super::push_harmless;
use crate::source::{FileId, Position, Sources, Span};

/// Most bytes of a source line that are shown: of a longer one, what is around the first label.
const MAX_LINE: usize = 400;

/// The lines of all source files, indexed when first asked for. Lines count from 0.
pub(super) struct Lines<'s> {
    sources: &'s Sources,
    /// The first byte of each line, by file.
    starts: BTreeMap<FileId, Vec<usize>>,
}

impl<'s> Lines<'s> {
    pub(super) fn new(sources: &'s Sources) -> Self {
        Self { sources, starts: BTreeMap::new() }
    }

    pub(super) fn name(&self, file: FileId) -> &'s str {
        self.sources.get(file).map_or("?", |file| &file.name)
    }

    /// Whether the text of a file must not be shown.
    pub(super) fn is_private(&self, file: FileId) -> bool {
        self.sources.get(file).is_some_and(|file| file.private)
    }

    fn text(&self, file: FileId) -> &'s str {
        self.sources.get(file).map_or("", |file| &file.text)
    }

    fn starts(&mut self, file: FileId) -> &[usize] {
        let text = self.text(file);
        self.starts.entry(file).or_insert_with(|| {
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
        })
    }

    fn line_at(&mut self, file: FileId, offset: usize) -> usize {
        self.starts(file).partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The lines that a span touches; none where its file is not known.
    pub(super) fn of(&mut self, span: Span) -> Option<Range<usize>> {
        self.sources.get(span.file)?;
        let first = self.line_at(span.file, span.start as usize);
        let last_byte = (span.end as usize).saturating_sub(1).max(span.start as usize);
        let last = self.line_at(span.file, last_byte);
        Some(first..last + 1)
    }

    /// Line and column, both from 1, of a byte.
    pub(super) fn position(&mut self, file: FileId, offset: usize) -> Position {
        let line = self.line_at(file, offset);
        let start = self.starts(file).get(line).copied().unwrap_or(0);
        let column = self.text(file).get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Position { line: line + 1, column }
    }

    /// The bytes of a line without its end.
    fn bytes(&mut self, file: FileId, line: usize) -> Range<usize> {
        let text = self.text(file);
        let start = self.starts(file).get(line).copied().unwrap_or(text.len());
        let end = self.starts(file).get(line + 1).map_or(text.len(), |next| next - 1);
        let content = text.get(start..end).unwrap_or_default();
        start..start + content.strip_suffix('\r').unwrap_or(content).len()
    }
}

/// Some lines of a file with what could deceive written out, and which byte went where.
pub(super) struct Excerpt {
    pub(super) text: String,
    /// For each character: its byte in the file, and in the excerpt.
    places: Vec<(usize, usize)>,
}

impl Excerpt {
    /// Of a line that is too long, only what is around the first of the `starts` in it is taken.
    pub(super) fn new(lines: &mut Lines<'_>, file: FileId, range: Range<usize>, starts: &[usize]) -> Self {
        let mut excerpt = Self { text: String::new(), places: Vec::new() };
        let source = lines.text(file);
        for line in range {
            let bytes = lines.bytes(file, line);
            let focus = starts.iter().find(|start| bytes.contains(*start)).copied().unwrap_or(bytes.start);
            let window = window(source, &bytes, focus);
            for (offset, c) in source.get(window.clone()).unwrap_or_default().char_indices() {
                excerpt.places.push((window.start + offset, excerpt.text.len()));
                if c == '\t' {
                    excerpt.text.push(c);
                } else {
                    push_harmless(&mut excerpt.text, c);
                }
            }
            excerpt.places.push((window.end, excerpt.text.len()));
            excerpt.text.push('\n');
        }
        excerpt.text.pop();
        excerpt
    }

    /// Where a byte of the file is in the excerpt, or the nearest behind it that is there.
    pub(super) fn map(&self, offset: usize) -> usize {
        let index = self.places.partition_point(|(from, _)| *from < offset);
        self.places.get(index).map_or(self.text.len(), |(_, to)| *to)
    }

    /// The column, from 1, of a byte of the file in the excerpt.
    pub(super) fn column(&self, offset: usize) -> usize {
        let before = self.text.get(..self.map(offset)).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default().chars().count() + 1
    }

    /// The end of the line that a byte of the excerpt is on.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        rest.find('\n').map_or(self.text.len(), |length| at + length)
    }
}

fn window(source: &str, line: &Range<usize>, focus: usize) -> Range<usize> {
    if line.len() <= MAX_LINE {
        return line.clone();
    }
    let mut start = focus.saturating_sub(MAX_LINE / 4).max(line.start);
    let mut end = (start + MAX_LINE).min(line.end);
    while !source.is_char_boundary(start) {
        start += 1;
    }
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    start..end
}
