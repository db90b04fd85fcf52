//! What one evaluation may cost. A hostile expression ends in a diagnostic, never in a full memory or a full stack.

use std::cell::Cell;

use relplan_contract::{Kind, Parts, Value};

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;

/// Deepest nesting of lists and maps in a value.
pub const MAX_VALUE_DEPTH: u32 = 100;

/// How many parts of a value are looked at for the price of one step.
const PARTS_PER_STEP: u64 = 8;

/// The most that one evaluation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of expressions inside each other.
    pub depth: u32,
    /// Expressions evaluated, each as often as it is.
    pub steps: u64,
    /// Bytes of text made, intermediate texts included.
    pub bytes: u64,
    /// Elements of collections made, intermediate ones included, and elements of the result.
    pub elements: u64,
}

impl Default for Limits {
    /// Far above what releases need, and used up within a second.
    fn default() -> Self {
        Self { depth: 200, steps: 3_000_000, bytes: 32 << 20, elements: 1_000_000 }
    }
}

/// A limit that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lang) enum Exceeded {
    /// Too deep an expression.
    Depth,
    /// Too many steps.
    Steps,
    /// Too much text.
    Bytes,
    /// Too many elements.
    Elements,
    /// Too deep a value.
    ValueDepth,
}

/// What is left of the [`Limits`]. Shared by several evaluations, it bounds all of them together.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    depth: Cell<u32>,
    steps: Cell<u64>,
    bytes: Cell<u64>,
    elements: Cell<u64>,
    exceeded: Cell<Option<(Exceeded, Span)>>,
}

/// What a look through a whole value found.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::lang) struct Survey {
    /// A part must not be shown.
    pub(in crate::lang) sensitive: bool,
    /// A part is known after apply.
    pub(in crate::lang) unknown: bool,
    /// How many parts it has, itself among them.
    pub(in crate::lang) parts: u64,
    bytes: u64,
}

/// One level of nesting; left when dropped.
pub(super) struct Level<'b>(&'b Cell<u32>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Budget {
    /// A budget of which nothing is used.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            depth: Cell::new(0),
            steps: Cell::new(0),
            bytes: Cell::new(0),
            elements: Cell::new(0),
            exceeded: Cell::new(None),
        }
    }

    /// Begins an expression inside the present one.
    pub(super) fn enter(&self, span: Span) -> Result<Level<'_>, Diagnostics> {
        self.depth.set(self.depth.get().saturating_add(1));
        let level = Level(&self.depth);
        if self.depth.get() > self.limits.depth {
            return Err(self.diagnose(Exceeded::Depth, span).into());
        }
        self.steps(1).map_err(|exceeded| self.diagnose(exceeded, span))?;
        Ok(level)
    }

    /// Takes steps.
    pub(in crate::lang) fn steps(&self, count: u64) -> Result<(), Exceeded> {
        take(&self.steps, count, self.limits.steps).then_some(()).ok_or(Exceeded::Steps)
    }

    /// Takes text; asked before it is made.
    pub(in crate::lang) fn bytes(&self, count: usize) -> Result<(), Exceeded> {
        take(&self.bytes, count as u64, self.limits.bytes).then_some(()).ok_or(Exceeded::Bytes)
    }

    /// Takes elements of a collection; asked before it is made.
    pub(in crate::lang) fn elements(&self, count: usize) -> Result<(), Exceeded> {
        take(&self.elements, count as u64, self.limits.elements).then_some(()).ok_or(Exceeded::Elements)
    }

    /// Looks through a whole value. Values share their parts, so that a few lines can make one with more parts
    /// than there are atoms: the look stops at the limit.
    pub(in crate::lang) fn survey(&self, value: &Value) -> Result<Survey, Exceeded> {
        let mut survey = Survey::default();
        self.survey_part(value, 0, &mut survey)?;
        self.steps(survey.parts / PARTS_PER_STEP)?;
        Ok(survey)
    }

    fn survey_part(&self, value: &Value, depth: u32, survey: &mut Survey) -> Result<(), Exceeded> {
        survey.parts += 1;
        survey.sensitive |= value.is_sensitive();
        survey.unknown |= matches!(value.kind(), Kind::Unknown | Kind::Sealed(_));
        survey.bytes += text_length(value);
        if depth > MAX_VALUE_DEPTH {
            return Err(Exceeded::ValueDepth);
        }
        if survey.parts > self.limits.elements {
            return Err(Exceeded::Elements);
        }
        if survey.bytes > self.limits.bytes {
            return Err(Exceeded::Bytes);
        }
        match value.parts() {
            Parts::Leaf => Ok(()),
            Parts::Items(items) => {
                items.iter().try_for_each(|item| self.survey_part(item, depth + 1, survey))
            }
            Parts::Entries(map) => map.iter().try_for_each(|(key, item)| {
                survey.bytes += key.len() as u64;
                self.survey_part(item, depth + 1, survey)
            }),
        }
    }

    /// Fails when a limit was passed on the way, even if that finding was dropped since.
    pub(super) fn check(&self) -> Result<(), Diagnostics> {
        self.exceeded.get().map_or(Ok(()), |(exceeded, span)| Err(self.describe(exceeded, span).into()))
    }

    /// Refuses a result that is too large.
    pub(super) fn admit(&self, value: &Value, span: Span) -> Result<(), Diagnostics> {
        self.survey(value).map(drop).map_err(|exceeded| self.diagnose(exceeded, span).into())
    }

    /// The finding that a limit was passed at a place; remembered for the whole evaluation.
    pub(in crate::lang) fn diagnose(&self, exceeded: Exceeded, span: Span) -> Diagnostic {
        let (exceeded, span) = self.exceeded.get().unwrap_or((exceeded, span));
        self.exceeded.set(Some((exceeded, span)));
        self.describe(exceeded, span)
    }

    fn describe(&self, exceeded: Exceeded, span: Span) -> Diagnostic {
        let limits = &self.limits;
        let (summary, detail) = match exceeded {
            Exceeded::Depth => (
                "Expression nested too deeply",
                format!("Expressions may be nested {} levels deep; this one is nested deeper.", limits.depth),
            ),
            Exceeded::Steps => (
                "Expression takes too long",
                format!("Evaluating this takes more than {} steps, and was stopped.", limits.steps),
            ),
            Exceeded::Bytes => (
                "Text too large",
                format!(
                    "Evaluating this makes more than {} KiB of text, and was stopped.",
                    limits.bytes >> 10
                ),
            ),
            Exceeded::Elements => (
                "Collection too large",
                format!("Evaluating this makes more than {} elements, and was stopped.", limits.elements),
            ),
            Exceeded::ValueDepth => (
                "Value nested too deeply",
                format!(
                    "Lists and maps may be nested {MAX_VALUE_DEPTH} levels deep; these are nested deeper."
                ),
            ),
        };
        Diagnostic::error(summary, detail)
            .at(span)
            .help("Split it into smaller `locals`, or go through fewer elements.")
    }
}

/// Bytes of a value as text: numbers too, since a short one in the source may have a thousand digits.
fn text_length(value: &Value) -> u64 {
    match value.kind() {
        Kind::String(text) => text.len() as u64,
        Kind::Number(number) if number.to_i64().is_none() => number.to_string().len() as u64,
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::List(_)
        | Kind::Set(_)
        | Kind::Map(_)
        | Kind::Sealed(_)
        | Kind::Unknown => 0,
    }
}

fn take(used: &Cell<u64>, count: u64, limit: u64) -> bool {
    used.set(used.get().saturating_add(count));
    used.get() <= limit
}
