//! [`Line`]: a line of a diff before it is known where it will be shown. Terminal and Markdown lay the same lines
//! out in their own way.

use super::style::{Palette, Tone};

/// What happens to what stands on a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    #[default]
    Same,
    /// It is made.
    Add,
    /// It changes in place.
    Change,
    /// It goes.
    Remove,
    /// It goes, and a new one takes its place.
    Replace,
    /// A new one takes its place, and then it goes.
    ReplaceCreateFirst,
    /// It is read during apply.
    Read,
    /// It is judged.
    Judge,
    /// It is let go.
    Forget,
}

impl Mark {
    /// The characters for it, at most three; none for what stays.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Add => "+",
            Self::Change => "~",
            Self::Remove => "-",
            Self::Replace => "-/+",
            Self::ReplaceCreateFirst => "+/-",
            Self::Read => "<=",
            Self::Judge => "?",
            Self::Forget => ".",
        }
    }

    /// Its colour.
    #[must_use]
    pub const fn tone(self) -> Tone {
        match self {
            Self::Same => Tone::Normal,
            Self::Add => Tone::Good,
            Self::Change => Tone::Notice,
            Self::Remove | Self::Replace | Self::ReplaceCreateFirst => Tone::Bad,
            Self::Read | Self::Judge | Self::Forget => Tone::Strong,
        }
    }
}

/// A line of a diff. Its texts are escaped already and hold no line break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How deep it is nested, from 0.
    pub depth: usize,
    /// What happens to it.
    pub mark: Mark,
    /// What stands on it.
    pub text: String,
    /// A remark behind it, such as `# forces replacement`.
    pub remark: Option<&'static str>,
    /// Whether it is an aside of relplan's and no content.
    pub aside: bool,
}

impl Line {
    /// The column at which the text begins.
    const fn column(&self) -> usize {
        4 * (self.depth + 1)
    }
}

/// The lines as a terminal shows them, each with a line break: the symbol stands left of the text, indented with it.
pub fn write(lines: &[Line], palette: &Palette, out: &mut String) {
    for line in lines {
        let symbol = line.mark.symbol();
        if symbol.is_empty() && line.text.is_empty() && line.remark.is_none() {
            out.push('\n');
            continue;
        }
        let indent = line.column() - symbol.len() - 1;
        out.push_str(&" ".repeat(indent));
        if symbol.is_empty() {
            out.push(' ');
        } else {
            out.push_str(&format!("{} ", palette.paint(line.mark.tone(), symbol)));
        }
        let tone = if line.aside { Tone::Faint } else { Tone::Normal };
        out.push_str(&palette.paint(tone, &line.text).to_string());
        if let Some(remark) = line.remark {
            out.push_str(&format!(" {}", palette.paint(Tone::Bad, remark)));
        }
        out.push('\n');
    }
}

/// The lines for a `diff` fence of Markdown, where the first character of a line decides its colour.
#[must_use]
pub fn fenced(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let first = match line.mark {
            Mark::Same => ' ',
            Mark::Add => '+',
            Mark::Remove => '-',
            Mark::Change
            | Mark::Replace
            | Mark::ReplaceCreateFirst
            | Mark::Read
            | Mark::Judge
            | Mark::Forget => '!',
        };
        let indent = 2 * line.depth.saturating_sub(1);
        out.push_str(&format!("{first} {}{}", " ".repeat(indent), line.text));
        if let Some(remark) = line.remark {
            out.push_str(&format!(" {remark}"));
        }
        out.push('\n');
    }
    out
}
