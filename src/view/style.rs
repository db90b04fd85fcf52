//! Colour: which words of a view are painted, and how. [`Palette::PLAIN`] writes no escape sequence at all.
//!
//! Whether colour is wanted is decided by whoever prints; views only ask the palette they were handed.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary text.
    Normal,
    /// Something that is made, or went well.
    Good,
    /// Something that changes, or needs a look.
    Notice,
    /// Something that goes away, or went wrong.
    Bad,
    /// A heading.
    Strong,
    /// An aside.
    Faint,
}

/// The style of each [`Tone`].
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    good: Style,
    notice: Style,
    bad: Style,
    strong: Style,
    faint: Style,
}

impl Palette {
    /// Without colour.
    pub const PLAIN: Self = Self {
        good: Style::new(),
        notice: Style::new(),
        bad: Style::new(),
        strong: Style::new(),
        faint: Style::new(),
    };

    /// With the sixteen colours that every terminal has.
    pub const COLOR: Self = Self {
        good: AnsiColor::Green.on_default(),
        notice: AnsiColor::Yellow.on_default(),
        bad: AnsiColor::Red.on_default(),
        strong: Style::new().bold(),
        faint: Style::new().dimmed(),
    };

    /// The coloured palette, or the plain one.
    #[must_use]
    pub const fn new(color: bool) -> Self {
        if color { Self::COLOR } else { Self::PLAIN }
    }

    /// The text between the escape sequences of its tone; nothing is added to empty or ordinary text.
    #[must_use]
    pub fn paint<T: Display>(&self, tone: Tone, text: T) -> Painted<T> {
        Painted { style: self.style(tone), text }
    }

    const fn style(&self, tone: Tone) -> Style {
        match tone {
            Tone::Normal => Style::new(),
            Tone::Good => self.good,
            Tone::Notice => self.notice,
            Tone::Bad => self.bad,
            Tone::Strong => self.strong,
            Tone::Faint => self.faint,
        }
    }
}

/// Text with its style, to be written with `{}`.
#[derive(Clone, Copy, Debug)]
pub struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of an empty style both renderings are empty.
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_palette_writes_no_escapes() {
        assert_eq!(Palette::PLAIN.paint(Tone::Bad, "gone").to_string(), "gone");
        assert_eq!(Palette::COLOR.paint(Tone::Normal, "gone").to_string(), "gone");
    }

    #[test]
    fn a_coloured_text_ends_with_a_reset() {
        assert_eq!(Palette::new(true).paint(Tone::Bad, "gone").to_string(), "\u{1b}[31mgone\u{1b}[0m");
    }
}
