//! Lines of every sort, and secrets in every place of them.

use relplan_contract::{MASK, Redactor};

use super::*;

/// The lines that come of the pieces, cleaned.
fn lines(pieces: &[&[u8]], secrets: &[&str]) -> Vec<String> {
    let redactor = Redactor::new(secrets.iter().copied());
    let mut all = Vec::new();
    let mut emit = |line: &str, left_out| all.push(clean(&redactor, line, left_out));
    let mut lines = Lines::default();
    for piece in pieces {
        lines.feed(piece, &mut emit);
    }
    lines.finish(&mut emit);
    all
}

#[test]
fn lines_end_as_every_system_ends_them() {
    assert_eq!(lines(&[b"a\nb\r\nc\r", b"\nd"], &[]), ["a", "b", "c", "d"]);
    assert_eq!(lines(&[b"\n\n\r\n"], &[]), ["", "", ""]);
    assert_eq!(lines(&[b"10%\r20%\r\r30%\n"], &[]), ["10%", "20%", "30%"]);
    assert_eq!(lines(&["n\u{fc}\n".as_bytes(), b"\xff\xfe"], &[]), ["n\u{fc}", "\u{fffd}\u{fffd}"]);
}

#[test]
fn a_secret_is_masked_wherever_the_stream_is_cut() {
    let text = b"token=correct-horse-battery!\n";
    for cut in 0..text.len() {
        let (front, back) = text.split_at(cut);
        assert_eq!(lines(&[front, back], &["correct-horse-battery"]), [format!("token={MASK}!")]);
    }
}

#[test]
fn a_secret_is_masked_under_colours_and_at_the_end_of_what_is_shown() {
    let coloured = b"pass \x1b[1mcorrect-\x1b[0mhorse\n";
    assert_eq!(lines(&[coloured], &["correct-horse"]), [format!("pass {MASK}")]);
    assert_eq!(lines(&[b"pass correct\thorse\n"], &["correct\thorse"]), [format!("pass {MASK}")]);
    let long = format!("{}correct-horse-battery", "x".repeat(SHOWN - 5));
    let shown = lines(&[long.as_bytes()], &["correct-horse-battery"]);
    assert!(!shown[0].contains("corre"), "{}", &shown[0][SHOWN - 20..]);
}

#[test]
fn what_steers_a_terminal_is_taken_out() {
    let hostile = "a\u{1b}[2Jb\u{1b}]0;title\u{7}c\u{1b}]8;;x\u{1b}\\d\u{8}e\u{202e}f\tg\u{9b}h";
    assert_eq!(lines(&[hostile.as_bytes()], &[]), ["abcd\u{fffd}e\u{fffd}f    g\u{fffd}h"]);
}

#[test]
fn a_line_without_end_is_held_and_shown_in_part() {
    let mut lines = Lines::default();
    let mut all = Vec::new();
    for _ in 0..100 {
        lines.feed(&[b'x'; 10_000], &mut |_, _| panic!("no line ended"));
        assert!(lines.held.len() <= HELD);
    }
    lines.finish(&mut |line, left_out| all.push(clean(&Redactor::default(), line, left_out)));
    assert_eq!(all[0], format!("{} [{} more bytes on this line]", "x".repeat(SHOWN), 1_000_000 - SHOWN));
}

#[test]
fn the_tail_is_short() {
    let mut tail = Tail::default();
    (0..100).for_each(|number| tail.push(&format!("line {number}")));
    assert_eq!(tail.text().lines().count(), TAIL_LINES);
    assert!(tail.text().starts_with("line 80\n") && tail.text().ends_with("line 99"));
    (0..10).for_each(|_| tail.push(&"x".repeat(SHOWN)));
    assert!(tail.text().len() <= TAIL_BYTES);
}
