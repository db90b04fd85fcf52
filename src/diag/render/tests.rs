//! Rendered text and data, seen as a reader sees them.

use std::time::{Duration, Instant};

use super::*;
use crate::source::Span;

fn span(file: FileId, start: u32, end: u32) -> Span {
    Span { file, start, end }
}

#[test]
fn the_place_at_fault_is_underlined_and_the_rest_explains_it() {
    let mut sources = Sources::default();
    let a = sources.add("a.hcl", "x = 1\ny = nme\n");
    let b = sources.add("mod/b.hcl", "\n\tname = 2\r\n");
    let diagnostic = Diagnostic::error("Unknown name", "There is no `nme`.")
        .label(span(a, 10, 13), "not declared")
        .label(span(b, 2, 6), "declared here")
        .help("Did you mean `name`?")
        .in_instance("git_tag.a[\"x\"]");
    let text = text(&diagnostic.into(), &sources, Style::PLAIN);
    let wanted = "\
error: Unknown name
 --> a.hcl:2:5
  |
2 | y = nme
  |     ^^^ not declared
  |
 ::: mod/b.hcl:2:2
  |
2 |     name = 2
  |     ---- declared here
  |
  = There is no `nme`.
  = note: in instance git_tag.a[\"x\"]
  = help: Did you mean `name`?

";
    assert_eq!(text, wanted);
}

#[test]
fn what_could_deceive_is_written_out() {
    let mut sources = Sources::default();
    let file = sources.add("a\u{1b}[31m.hcl", "x = \"\u{202e}\u{1b}[2J\" # é\n");
    let diagnostic = Diagnostic::warning("Odd\u{7}", "Because \u{200b}.").at(span(file, 4, 13));
    let text = text(&diagnostic.into(), &sources, Style::PLAIN);
    assert!(text.chars().all(|c| c == '\n' || !is_deceptive(c)), "{text:?}");
    assert!(text.contains("x = \"\\u{202e}\\u{1b}[2J\" # é"), "{text}");
    assert!(text.contains("    ^^^^^^^^^^^^^^^^^^^"), "{text}");
}

#[test]
fn colour_is_used_when_asked_for() {
    let diagnostics = Diagnostics::from(Diagnostic::error("Wrong", "It is."));
    let sources = Sources::default();
    assert!(!text(&diagnostics, &sources, Style::PLAIN).contains('\u{1b}'));
    assert!(text(&diagnostics, &sources, Style { color: true, width: 80 }).contains('\u{1b}'));
}

#[test]
fn data_has_ranges_in_lines_columns_and_bytes() {
    let mut sources = Sources::default();
    let file = sources.add("a.hcl", "é = 1\nb = 2");
    let diagnostic = Diagnostic::error("Wrong", "It is.").label(span(file, 3, 12), "all this");
    let found = findings(&diagnostic.into(), &sources);
    let place = Place {
        file: "a.hcl".into(),
        start: Position { line: 1, column: 3 },
        end: Position { line: 2, column: 6 },
        start_byte: 3,
        end_byte: 12,
        text: "all this".into(),
    };
    assert_eq!(found[0].places, [place]);
    assert_eq!(found[0].severity, "error");
}

#[test]
fn many_diagnostics_on_a_big_file_are_fast() {
    let mut sources = Sources::default();
    let many_lines = "x = 1\n".repeat(200_000);
    let file = sources.add("many.hcl", many_lines);
    let one_line = sources.add("one.hcl", "x = 1, ".repeat(200_000));
    let at = |i: u32| {
        Diagnostic::error("Wrong", "It is.").at(span(file, i * 600, i * 600 + 1)).at(span(
            one_line,
            i * 7,
            i * 7 + 1,
        ))
    };
    let diagnostics = Diagnostics((0..1_000).map(at).collect());
    let start = Instant::now();
    let text = text(&diagnostics, &sources, Style::PLAIN);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(text.contains(" --> many.hcl:49901:1") && text.contains("one.hcl:1:3494"), "places are right");
    assert!(text.ends_with("500 more findings are not shown.\n\n"), "of a flood the beginning is shown");
}

#[test]
fn the_text_of_private_files_is_not_shown() {
    let mut sources = Sources::default();
    let file = sources.add_private("prod.vars.hcl", "\npassword = \"hunter2\n");
    let text =
        text(&Diagnostic::error("Wrong", "It is.").at(span(file, 12, 20)).into(), &sources, Style::PLAIN);
    assert!(text.contains("--> prod.vars.hcl:2:12"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
