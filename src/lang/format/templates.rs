//! The space inside the interpolations of quoted texts: `"${ a }"` becomes `"${a}"`.

use super::lines::{Line, write};
use super::spaces;
use super::tokens::{self, Kind};

/// The text with every quoted text's interpolations in canonical form.
pub(super) fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for token in tokens::scan(text) {
        if token.kind != Kind::Text || !token.text.contains("${") {
            continue;
        }
        // Tokens are parts of the text, so that their place in it is known.
        let start = token.text.as_ptr() as usize - text.as_ptr() as usize;
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push_str(&quoted(token.text));
        at = start + token.text.len();
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        out.push_str(before);
        out.push_str("${");
        rest = behind;
        // `$${` is no interpolation.
        if before.ends_with('$') {
            continue;
        }
        let Some(end) = closing(behind) else { continue };
        let (inside, after) = behind.split_at(end);
        out.push_str(&inner(inside));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What stands in an interpolation, in canonical form; left alone when it has several lines or a strip mark.
fn inner(text: &str) -> String {
    if text.contains(['\n', '~']) {
        return text.to_owned();
    }
    let inside = normalised(text);
    let mut line = Line { lead: tokens::scan(&inside), ..Line::default() };
    if line.lead.iter().any(|token| token.kind == Kind::Comment) {
        return text.to_owned();
    }
    spaces::choose(&mut line);
    write(&[line]).trim_end_matches('\n').to_owned()
}

/// Where the brace that ends an interpolation stands.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for token in tokens::scan(text) {
        match token.kind {
            Kind::Open('{') => depth += 1,
            Kind::Close('}') if depth == 0 => {
                return Some(token.text.as_ptr() as usize - text.as_ptr() as usize);
            }
            Kind::Close('}') => depth -= 1,
            _ => {}
        }
    }
    None
}
