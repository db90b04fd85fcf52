//! Diagnostics: what is wrong, where, and how to mend it. Rendering lives in [`render`].

pub mod render;

pub use relplan_contract::did_you_mean;

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is done.
    Error,
    /// It goes on.
    Warning,
}

/// A marked place in the source with what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Words beside it; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A few words, without a full stop: `Unsupported argument`.
    pub summary: String,
    /// What is wrong, in full sentences.
    pub detail: String,
    /// How to mend it, in a full sentence; may be empty.
    pub help: String,
    /// The place at fault first; then others that explain it. May be empty.
    pub labels: Vec<Label>,
    /// Address of the resource instance that it came up in.
    pub address: Option<String>,
    /// Whether it is said once, however often it comes up.
    pub once: bool,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            help: String::new(),
            labels: Vec::new(),
            address: None,
            once: false,
        }
    }

    /// A warning.
    #[must_use]
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// The same finding with a place; the first one is the place at fault.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.labels.push(Label { span, text: String::new() });
        self
    }

    /// The same finding with a place and words beside it.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The same finding with a sentence on how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same finding, said once: whatever comes up after it is likely to have the same fault.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The same finding with the instance that it came up in.
    #[must_use]
    pub fn in_instance(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}

/// How many findings are looked at for one that is said once.
const LOOKED_BACK: usize = 1_000;

/// All findings of a stage, in the order in which they came up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Takes one in.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_same = |other: &Diagnostic| other.once && other.summary == diagnostic.summary;
        if !(diagnostic.once && self.0.iter().rev().take(LOOKED_BACK).any(is_same)) {
            self.0.push(diagnostic);
        }
    }

    /// Takes all of another's.
    pub fn extend(&mut self, other: Self) {
        other.0.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether one of them stops the work.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, with the warnings, when there is no error among the findings.
    pub fn unless_errors<T>(self, value: T) -> Result<(T, Self), Self> {
        if self.has_errors() { Err(self) } else { Ok((value, self)) }
    }
}

impl From<Box<Diagnostic>> for Diagnostics {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self(vec![*diagnostic])
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}
