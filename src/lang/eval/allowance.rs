//! What everything that is evaluated together may cost: all blocks, modules, instances, functions and conversions.
//!
//! A [`Budget`](super::Budget) bounds one expression. A release file of ten thousand expressions, each just within its
//! bounds, would still take hours and all memory: so every budget takes from one allowance, too. Steps, text and
//! elements are counted, so that the same files end at the same place on every machine; the time, where somebody
//! measures it, is the last resort for what the counting does not see.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relplan_contract::{Measure, Value};

use super::budget::{Exceeded, Limits, PARTS_PER_STEP, work};
use crate::diag::Diagnostic;
use crate::source::Span;

/// How long the present thread has been computing.
pub type Clock = fn() -> Duration;

/// How many steps are taken between two looks at the clock.
const STEPS_PER_LOOK: u64 = 4_096;

/// What a part of a value counts that is kept in a plan: it is compared, hashed, written and shown.
const KEPT: u64 = 4;

/// What an instance of a resource counts.
const PLANNED: u64 = 80;

/// The most that evaluations may use together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Totals {
    /// Expressions evaluated, and what functions do, in the same measure.
    pub steps: u64,
    /// Bytes of text made.
    pub bytes: u64,
    /// Elements of collections made, and instances of blocks.
    pub elements: u64,
    /// Time spent on it by the processor.
    pub time: Duration,
}

impl Default for Totals {
    /// Far above what releases need; used up within seconds, and with less than 1 GiB of memory.
    fn default() -> Self {
        Self { steps: 20_000_000, bytes: 128 << 20, elements: 4_000_000, time: Duration::from_secs(8) }
    }
}

impl Totals {
    /// So many times as much.
    #[must_use]
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "limits are round numbers, and casts of floats saturate"
    )]
    pub fn times(self, factor: f64) -> Self {
        let of = |limit: u64| (limit as f64 * factor) as u64;
        let time = Duration::try_from_secs_f64(self.time.as_secs_f64() * factor).unwrap_or(Duration::MAX);
        Self { steps: of(self.steps), bytes: of(self.bytes), elements: of(self.elements), time }
    }
}

/// What is left of the [`Totals`].
#[derive(Debug, Default)]
pub struct Allowance {
    totals: Totals,
    clock: Option<Clock>,
    steps: AtomicU64,
    bytes: AtomicU64,
    elements: AtomicU64,
    time_us: AtomicU64,
    /// What was used up first, and where.
    exceeded: OnceLock<(Exceeded, Span)>,
}

impl Allowance {
    /// An allowance of which nothing is used.
    #[must_use]
    pub const fn new(totals: Totals, clock: Option<Clock>) -> Self {
        Self {
            totals,
            clock,
            steps: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            elements: AtomicU64::new(0),
            time_us: AtomicU64::new(0),
            exceeded: OnceLock::new(),
        }
    }

    /// A new one of the same size.
    #[must_use]
    pub const fn renewed(&self) -> Self {
        Self::new(self.totals, self.clock)
    }

    /// What one expression may use: never more than all together.
    pub(super) fn limits(&self) -> Limits {
        let limits = Limits::default();
        let wider = |limit: u64, total: u64, usual: u64| {
            if total > usual { total.max(limit) } else { total.min(limit) }
        };
        let usual = Totals::default();
        Limits {
            depth: limits.depth,
            steps: wider(limits.steps, self.totals.steps, usual.steps),
            bytes: wider(limits.bytes, self.totals.bytes, usual.bytes),
            elements: wider(limits.elements, self.totals.elements, usual.elements),
        }
    }

    pub(super) fn steps(&self, count: u64) -> Result<(), Exceeded> {
        let before = self.steps.fetch_add(count, Ordering::Relaxed);
        let after = before.saturating_add(count);
        if after > self.totals.steps {
            return Err(Exceeded::AllSteps);
        }
        if after / STEPS_PER_LOOK > before / STEPS_PER_LOOK && self.time_is_up() {
            return Err(Exceeded::AllTime);
        }
        Ok(())
    }

    pub(super) fn bytes(&self, count: u64) -> Result<(), Exceeded> {
        take(&self.bytes, count, self.totals.bytes, Exceeded::AllBytes)
    }

    pub(super) fn elements(&self, count: u64) -> Result<(), Exceeded> {
        take(&self.elements, count, self.totals.elements, Exceeded::AllElements)
    }

    fn time_is_up(&self) -> bool {
        let begun = BEGUN.get();
        let spent = match (self.clock, begun) {
            (Some(clock), Some(begun)) => clock().saturating_sub(begun),
            _ => Duration::ZERO,
        };
        self.spent().saturating_add(spent) > self.totals.time
    }

    fn spent(&self) -> Duration {
        Duration::from_micros(self.time_us.load(Ordering::Relaxed))
    }

    /// Does `work`, measuring the time that it takes.
    pub(super) fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(clock) = self.clock else { return work() };
        let begun = clock();
        let outer = BEGUN.replace(Some(begun));
        let result = work();
        BEGUN.set(outer);
        if outer.is_none() {
            let spent = clock().saturating_sub(begun).as_micros();
            self.time_us.fetch_add(u64::try_from(spent).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        result
    }

    /// Takes what a block costs that is looked at in an instance of its module, whatever is in it.
    pub fn visit(&self, span: Span) -> Result<(), Box<Diagnostic>> {
        self.check()?;
        self.steps(4)
            .and_then(|()| self.elements(2))
            .map_err(|exceeded| Box::new(self.diagnose(exceeded, span)))
    }

    /// Takes what a value costs that is kept: in a plan, or for each instance of a block.
    pub fn keep(&self, value: &Value, span: Span) -> Result<(), Box<Diagnostic>> {
        self.take(value, KEPT).map_err(|exceeded| Box::new(self.diagnose(exceeded, span)))
    }

    /// Takes what the instances of a block cost by themselves. Those of a resource have a place in the plan each, in
    /// which more is said of them than stands in the file.
    pub fn instances(&self, count: u64, planned: bool, span: Span) -> Result<(), Box<Diagnostic>> {
        let each = count.saturating_mul(if planned { PLANNED } else { KEPT });
        let taken = self.steps(each).and_then(|()| self.elements(each));
        taken.map_err(|exceeded| Box::new(self.diagnose(exceeded, span)))
    }

    /// Takes what converting a value costs.
    pub fn convert(&self, value: &Value, span: Span) -> Result<(), Box<Diagnostic>> {
        self.take(value, 1).map_err(|exceeded| Box::new(self.diagnose(exceeded, span)))
    }

    fn take(&self, value: &Value, times: u64) -> Result<(), Exceeded> {
        let most = Measure {
            parts: self.totals.elements,
            bytes: self.totals.bytes,
            depth: u32::MAX,
            ..Measure::default()
        };
        let found = value.measure(&most).map_err(|outgrown| match outgrown {
            relplan_contract::Outgrown::Bytes => Exceeded::AllBytes,
            relplan_contract::Outgrown::Parts | relplan_contract::Outgrown::Depth => Exceeded::AllElements,
        })?;
        self.steps(times * (found.parts / PARTS_PER_STEP + work(found.bytes)))?;
        self.bytes(times * found.bytes)?;
        self.elements(times * found.parts)
    }

    /// Whether it was used up, which was told then.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.exceeded.get().is_some()
    }

    /// Fails when it was used up before.
    pub(super) fn check(&self) -> Result<(), Box<Diagnostic>> {
        match self.exceeded.get() {
            Some((exceeded, span)) => Err(Box::new(self.describe(*exceeded, *span))),
            None => Ok(()),
        }
    }

    /// The finding that it is used up; the first place is remembered, and told ever after.
    pub(super) fn diagnose(&self, exceeded: Exceeded, span: Span) -> Diagnostic {
        let (exceeded, span) = *self.exceeded.get_or_init(|| (exceeded, span));
        self.describe(exceeded, span)
    }

    fn describe(&self, exceeded: Exceeded, span: Span) -> Diagnostic {
        let totals = &self.totals;
        let detail = match exceeded {
            Exceeded::AllBytes => format!("makes more than {} MiB of text", totals.bytes >> 20),
            Exceeded::AllElements => format!("makes more than {} elements and instances", totals.elements),
            Exceeded::AllTime => format!("takes more than {} seconds", totals.time.as_secs_f64()),
            Exceeded::AllSteps
            | Exceeded::Depth
            | Exceeded::Steps
            | Exceeded::Bytes
            | Exceeded::Elements
            | Exceeded::ValueDepth => format!("takes more than {} steps", totals.steps),
        };
        let detail = format!(
            "Evaluating the whole release {detail}, and was stopped. This is where it had used up what it may."
        );
        Diagnostic::error("Evaluation budget used up", detail)
            .at(span)
            .help("Look for large values that are made, copied or searched many times. If it must be so, RELPLAN_EVALUATION_BUDGET=2 in the environment allows twice as much.")
            .once()
    }
}

std::thread_local! {
    /// When the evaluation under way on this thread began, by its clock.
    static BEGUN: std::cell::Cell<Option<Duration>> = const { std::cell::Cell::new(None) };
}

fn take(used: &AtomicU64, count: u64, limit: u64, exceeded: Exceeded) -> Result<(), Exceeded> {
    let before = used.fetch_add(count, Ordering::Relaxed);
    if before.saturating_add(count) > limit { Err(exceeded) } else { Ok(()) }
}
