//! The space between two tokens of a line: none or one.

use super::lines::Line;
use super::tokens::{Kind, Token};

/// Chooses the space before each token of a line; the first one's is the indentation's affair.
pub(super) fn choose(line: &mut Line<'_>) {
    let count = line.lead.len();
    let mut all: Vec<Token<'_>> = line.lead.iter().chain(&line.assign).copied().collect();
    for index in 1..all.len() {
        let before = index.checked_sub(2).and_then(|index| all.get(index)).copied();
        let (Some(left), Some(right)) = (all.get(index - 1).copied(), all.get(index).copied()) else {
            continue;
        };
        if let Some(token) = all.get_mut(index) {
            token.spaces = usize::from(is_apart(before, left, right));
        }
    }
    line.assign = all.split_off(count);
    line.lead = all;
    if let Some(comment) = &mut line.comment {
        comment.spaces = 1;
    }
}

/// Whether a space stands between two tokens; `before` is the one in front of both.
fn is_apart(before: Option<Token<'_>>, left: Token<'_>, right: Token<'_>) -> bool {
    match (left.kind, left.text, right.kind, right.text) {
        (_, _, _, "," | "." | "..." | "::") | (_, "." | "::" | "!", _, _) => false,
        (_, ",", _, _) => true,
        (Kind::Open('{'), _, Kind::Close('}'), _) => false,
        (Kind::Open('{'), ..) | (_, _, Kind::Close('}'), _) => true,
        (Kind::Open(_), ..) | (_, _, Kind::Close(_), _) => false,
        // A call, an index; but `for x in [..]` is apart (and `in(..)` is not: so it is in Terraform).
        (Kind::Word, "in" | "if", Kind::Open('['), _) => true,
        (Kind::Word, _, Kind::Open('('), _) => false,
        (Kind::Word | Kind::Close(_) | Kind::Text, _, Kind::Open('['), _) => false,
        (_, "-", _, _) => is_operand_end(before),
        _ => true,
    }
}

/// Whether an expression may end here, so that a `-` behind it is a subtraction and no sign.
fn is_operand_end(token: Option<Token<'_>>) -> bool {
    token.is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Text | Kind::Close(_)))
}
