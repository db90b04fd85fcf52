//! Alignment: the `=` of arguments on lines behind each other, and the comments at the ends of such lines.

use super::lines::Line;
use super::tokens::Token;

/// Aligns what stands in columns.
pub(super) fn choose(lines: &mut [Line<'_>]) {
    let aligned =
        |line: &Line<'_>| !line.assign.is_empty() && line.net_brackets() == 0 && !line.is_multiline();
    chains(
        lines,
        aligned,
        |line| width(&line.lead),
        |line, spaces| {
            if let Some(equals) = line.assign.first_mut() {
                equals.spaces = spaces;
            }
        },
    );
    let commented = |line: &Line<'_>| line.comment.is_some() && !line.is_empty() && !line.lead.is_empty();
    chains(
        lines,
        commented,
        |line| width(&line.lead) + width(&line.assign),
        |line, spaces| {
            if let Some(comment) = &mut line.comment {
                comment.spaces = spaces;
            }
        },
    );
}

/// Sets the space in each run of lines that belong together, so that what follows begins in one column.
fn chains(
    lines: &mut [Line<'_>],
    belongs: impl Fn(&Line<'_>) -> bool,
    width: impl Fn(&Line<'_>) -> usize,
    set: impl Fn(&mut Line<'_>, usize),
) {
    for chain in lines.chunk_by_mut(|left, right| belongs(left) && belongs(right)) {
        if !chain.first().is_some_and(&belongs) {
            continue;
        }
        let widest = chain.iter().map(&width).max().unwrap_or_default();
        for line in chain {
            let spaces = widest - width(line) + 1;
            set(line, spaces);
        }
    }
}

/// Columns that tokens take, with the blanks before them; characters that take no column of their own are not known
/// here, and counted.
fn width(tokens: &[Token<'_>]) -> usize {
    let last_line = |token: &Token<'_>| token.text.rsplit('\n').next().unwrap_or_default().chars().count();
    tokens.iter().map(|token| token.spaces + last_line(token)).sum()
}
