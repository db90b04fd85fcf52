//! Canonical form: what `relplan fmt` makes of a file. The same as Terraform's.
//!
//! A pass over tokens, not over meaning: white space between tokens is chosen anew, everything else stays byte for
//! byte. Line breaks stay where they are. Text that is no HCL comes out as good as it can, and never panics.

mod align;
mod indent;
mod lines;
mod spaces;
mod templates;
mod tokens;

use lines::Line;

/// The text in canonical form.
#[must_use]
pub fn format(source: &str) -> String {
    let text = templates::normalised(&source.replace("\r\n", "\n"));
    let tokens = tokens::scan(&text);
    let mut lines: Vec<Line<'_>> = lines::split(tokens);
    for line in &mut lines {
        spaces::choose(line);
    }
    indent::choose(&mut lines);
    align::choose(&mut lines);
    lines::write(&lines)
}

#[cfg(test)]
mod tests;
