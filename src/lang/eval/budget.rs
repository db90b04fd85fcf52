//! What one evaluation may cost. A hostile expression ends in a diagnostic, never in a full memory or a full stack.

use std::cell::Cell;
use std::sync::Arc;

use relplan_contract::{Measure, Outgrown, Value};

use super::allowance::Allowance;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;

/// Deepest nesting of lists and maps in a value.
pub const MAX_VALUE_DEPTH: u32 = relplan_contract::MAX_DEPTH;

/// How many parts of a value are looked at for the price of one step.
pub(super) const PARTS_PER_STEP: u64 = 8;

/// How many bytes are read for the price of one step.
const BYTES_PER_STEP: u64 = 64;

/// The steps that reading so many bytes costs.
pub(in crate::lang) const fn work(bytes: u64) -> u64 {
    bytes / BYTES_PER_STEP
}

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
    /// Too many steps, of all evaluations together.
    AllSteps,
    /// Too much text, of all evaluations together.
    AllBytes,
    /// Too many elements, of all evaluations together.
    AllElements,
    /// Too much time, of all evaluations together.
    AllTime,
}

impl From<Outgrown> for Exceeded {
    fn from(outgrown: Outgrown) -> Self {
        match outgrown {
            Outgrown::Parts => Self::Elements,
            Outgrown::Bytes => Self::Bytes,
            Outgrown::Depth => Self::ValueDepth,
        }
    }
}

/// What is left of the [`Limits`] of one expression. What it takes is taken from the [`Allowance`] of all, too.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    all: Arc<Allowance>,
    depth: Cell<u32>,
    steps: Cell<u64>,
    bytes: Cell<u64>,
    elements: Cell<u64>,
    exceeded: Cell<Option<(Exceeded, Span)>>,
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
    /// A budget of which nothing is used, for one expression of all that the allowance is for.
    #[must_use]
    pub fn within(all: &Arc<Allowance>) -> Self {
        Self { all: Arc::clone(all), ..Self::new(all.limits()) }
    }

    /// A budget of which nothing is used, for an expression by itself.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            all: Arc::default(),
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
        take(&self.steps, count, self.limits.steps).then_some(()).ok_or(Exceeded::Steps)?;
        self.all.steps(count)
    }

    /// Takes text; asked before it is made.
    pub(in crate::lang) fn bytes(&self, count: usize) -> Result<(), Exceeded> {
        take(&self.bytes, count as u64, self.limits.bytes).then_some(()).ok_or(Exceeded::Bytes)?;
        self.all.bytes(count as u64)
    }

    /// Takes elements of a collection; asked before it is made.
    pub(in crate::lang) fn elements(&self, count: usize) -> Result<(), Exceeded> {
        take(&self.elements, count as u64, self.limits.elements).then_some(()).ok_or(Exceeded::Elements)?;
        self.all.elements(count as u64)
    }

    /// The most elements that one evaluation may make.
    pub(in crate::lang) const fn most_elements(&self) -> u64 {
        self.limits.elements
    }

    /// Looks through a whole value, up to the limit.
    pub(in crate::lang) fn survey(&self, value: &Value) -> Result<Measure, Exceeded> {
        self.survey_times(value, 1)
    }

    /// The same, for work on each part that costs so many times as much as a look.
    pub(in crate::lang) fn survey_times(&self, value: &Value, times: u64) -> Result<Measure, Exceeded> {
        let Limits { elements, bytes, .. } = self.limits;
        let most = Measure { parts: elements, bytes, depth: MAX_VALUE_DEPTH, ..Measure::default() };
        let found = value.measure(&most)?;
        self.steps(times.saturating_mul(found.parts / PARTS_PER_STEP + work(found.bytes)))?;
        Ok(found)
    }

    /// Takes the price of putting the elements of a collection in order, or of finding equal ones.
    pub(in crate::lang) fn sorting(&self, value: &Value) -> Result<(), Exceeded> {
        let count = value.as_list().map_or(1, <[Value]>::len);
        self.survey_times(value, u64::from(count.max(2).ilog2())).map(drop)
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

    /// The time is measured, and nothing is begun when all that there is was used up before.
    pub(super) fn spend<T>(&self, work: impl FnOnce() -> Result<T, Diagnostics>) -> Result<T, Diagnostics> {
        self.all.check()?;
        self.all.timed(work)
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
            Exceeded::AllSteps | Exceeded::AllBytes | Exceeded::AllElements | Exceeded::AllTime => {
                return self.all.diagnose(exceeded, span);
            }
        };
        Diagnostic::error(summary, detail)
            .at(span)
            .help("Split it into smaller `locals`, or go through fewer elements.")
    }
}

fn take(used: &Cell<u64>, count: u64, limit: u64) -> bool {
    used.set(used.get().saturating_add(count));
    used.get() <= limit
}
