//! Indentation: two blanks for each line that opens brackets, however many it opens.

use super::lines::Line;

/// Chooses the indentation of each line.
pub(super) fn choose(lines: &mut [Line<'_>]) {
    // For each line that opened brackets, how many of them are still open.
    let mut open: Vec<usize> = Vec::new();
    for line in lines {
        let net = line.net_brackets();
        if net < 0 {
            close(&mut open, net.unsigned_abs());
        }
        let depth = open.len();
        if let Some(first) = line.lead.first_mut() {
            first.spaces = 2 * depth;
        } else if let Some(comment) = &mut line.comment {
            comment.spaces = 2 * depth;
        }
        if net > 0 {
            open.push(net.unsigned_abs());
        }
    }
}

fn close(open: &mut Vec<usize>, mut count: usize) {
    while count > 0
        && let Some(last) = open.last_mut()
    {
        let taken = count.min(*last);
        *last -= taken;
        count -= taken;
        if *last == 0 {
            open.pop();
        }
    }
}
