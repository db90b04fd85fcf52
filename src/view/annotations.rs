//! Diagnostics for GitHub Actions, which shows them on the lines of a pull request.
//!
//! The form is that of workflow commands: `::error file=F,line=L,col=C,title=T::MESSAGE`, with `%`, line breaks and, in
//! properties, `:` and `,` escaped.

use std::path::Path;

use super::escape;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::source::{Sources, Span};

/// Most findings that are marked: GitHub shows ten of each step, and finding a place costs time.
const MAX_ANNOTATIONS: usize = 50;

/// One line for each finding. `folder` is where file names start, told from the top of the repository.
#[must_use]
pub fn annotations(found: &Diagnostics, sources: &Sources, folder: &Path) -> String {
    found.0.iter().take(MAX_ANNOTATIONS).map(|diagnostic| annotation(diagnostic, sources, folder)).collect()
}

fn annotation(diagnostic: &Diagnostic, sources: &Sources, folder: &Path) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = Vec::new();
    if let Some(label) = diagnostic.labels.first()
        && let Some(file) = sources.get(label.span.file)
    {
        let (start, end) =
            (sources.position(label.span), sources.position(Span { start: label.span.end, ..label.span }));
        let name = folder.join(&*file.name).components().collect::<std::path::PathBuf>();
        properties.push(format!("file={}", property(&name.to_string_lossy())));
        properties.push(format!("line={},col={},endLine={}", start.line, start.column, end.line));
    }
    properties.push(format!("title={}", property(&diagnostic.summary)));
    let parts = [diagnostic.detail.as_str(), diagnostic.help.as_str()];
    let message = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    format!("::{command} {}::{}\n", properties.join(","), data(&message))
}

/// What a terminal or a browser would obey, or not show, is written out first, as everywhere.
fn data(text: &str) -> String {
    let lines: Vec<String> = escape::lines(text).map(|line| line.replace('%', "%25")).collect();
    lines.join("%0A")
}

fn property(text: &str) -> String {
    escape::line(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_stands_on_its_line_and_cannot_break_out() {
        let mut sources = Sources::default();
        let file = sources.add("v1.hcl", "release \"shop\" {\n  oops = 1\n}\n");
        let span = Span { file, start: 19, end: 23 };
        let found: Diagnostics =
            Diagnostic::error("Bad, very: bad", "100%\n::warning::x").at(span).help("Mend it.").into();
        assert_eq!(
            annotations(&found, &sources, Path::new("releases/.")),
            "::error file=releases/v1.hcl,line=2,col=3,endLine=2,title=Bad%2C very%3A bad::100%25%0A::warning::x%0AMend it.\n"
        );
    }

    #[test]
    fn what_is_not_to_be_seen_is_written_out() {
        let mut sources = Sources::default();
        let file = sources.add("a\u{7}\u{200b}\u{202e}.hcl", "oops\n");
        let span = Span { file, start: 0, end: 4 };
        let found: Diagnostics = Diagnostic::error("Bad", "\u{1b}[2J\u{85}\nx").at(span).into();
        let text = annotations(&found, &sources, Path::new("."));
        assert!(text.trim_end().chars().all(|sign| sign.is_ascii_graphic() || sign == ' '), "{text:?}");
        assert!(text.contains("%0Ax"), "{text:?}");
    }
}
