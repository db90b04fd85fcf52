//! The one suite that every provider passes: a fault in it would otherwise show in the middle of a release.
//!
//! [`check_provider`] looks at what a provider declares. [`check`] drives one resource type through its life, and
//! [`check_data_source`] a data source; a [`Fixture`] says with which arguments, and how to look at the world
//! behind it. Every fault becomes a [`Finding`], so that one run shows them all:
//!
//! ```text
//! #[tokio::test]
//! async fn conforms() {
//!     assert_eq!(conformance::check(TagFixture::new).await, []);
//! }
//! ```
//!
//! No runtime is named: the suite is futures over the traits, driven by whatever the provider's tests use. What
//! it cannot tell is whether a provider does what its documentation says; that stays with the provider's tests.

mod bench;
mod compare;
mod crash;
mod data;
mod drive;
mod inputs;
mod lifecycle;
mod outside;
mod schema;
mod secrets;
mod stop;
mod world;

use std::fmt;

use crate::context::Context;
use crate::provider::Resource;
use crate::value::Value;
use bench::{Bench, Report};

pub use data::check_data_source;
pub use schema::check_provider;
pub use world::{Recorder, ThreadClock, context_in, fitted};

/// One fault that the suite found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Stable name of the rule that was broken: `apply.known`.
    pub rule: &'static str,
    /// What was seen, as a sentence.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}

/// Arguments that hold a secret, to see where it turns up.
#[derive(Clone, Debug)]
pub struct Planted {
    /// The arguments; the secret in them need not be marked.
    pub config: Value,
    /// The secret: ten characters or more, and in no other text that the provider could give.
    pub secret: &'static str,
}

/// What the suite needs to know of one resource type.
///
/// The suite makes a fresh fixture for each part of it, so each must come with a world of its own (a folder, a
/// server), in which nothing was done yet.
pub trait Fixture: Send + Sync {
    /// The type under test.
    fn resource(&self) -> &dyn Resource;

    /// A context in the fixture's world; [`context_in`] makes one. The suite puts its own progress, cancel and
    /// redactor in.
    fn context(&self) -> Context;

    /// Good arguments, wholly known; those with which apply succeeds (a check may end with any verdict).
    fn config(&self) -> Value;

    /// Other good arguments for the same object, such as its next version. Not for records.
    fn changed(&self) -> Option<Value> {
        None
    }

    /// Arguments that `validate` must refuse, each for the attribute named.
    fn invalid(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// Arguments with a secret in them, among them such that make apply fail with the secret in its output.
    fn planted(&self) -> Vec<Planted> {
        Vec::new()
    }

    /// Arguments with which apply takes more than a minute unless it is cancelled; none for a type that never
    /// waits, or that must not be cut.
    fn slow(&self) -> Option<Value> {
        None
    }

    /// How often the outside system was really changed so far; none where nobody can count.
    fn effects(&self) -> Option<usize> {
        None
    }

    /// Whether `reconcile` can find out with these arguments. Asked for types that declare `Repeat::AskFirst`.
    fn can_be_asked(&self) -> bool {
        true
    }

    /// Changes the thing behind the object from outside, so that `read` must find it different. False: cannot be
    /// done for this type.
    fn change_outside(&self, object: &Value) -> bool {
        let _ = object;
        false
    }

    /// Removes the thing behind the object, so that `read` must find it absent. False: cannot be done.
    fn remove_outside(&self, object: &Value) -> bool {
        let _ = object;
        false
    }
}

/// Runs the whole suite on one resource type. An empty list is a pass.
pub async fn check<F: Fixture>(fixture: impl Fn() -> F) -> Vec<Finding> {
    let mut report = Report::default();
    let fresh = || Bench::new(fixture());
    inputs::check(&fresh(), &mut report).await;
    lifecycle::check(&fresh(), &mut report).await;
    lifecycle::check_update(&fresh(), &mut report).await;
    lifecycle::check_destroy(&fresh(), &mut report).await;
    outside::check_change(&fresh(), &mut report).await;
    outside::check_removal(&fresh(), &mut report).await;
    crash::check_lost_before(&fresh(), &mut report).await;
    crash::check_lost_after(&fresh(), &mut report).await;
    crash::check_lost_destroy(&fresh(), &mut report).await;
    crash::check_twice(&fresh(), &mut report).await;
    for polls in 1..=crash::CUTS {
        crash::check_cut(&fresh(), polls, &mut report).await;
    }
    stop::check(&fresh(), &mut report).await;
    let planted = fixture().planted().len();
    for index in 0..planted {
        secrets::check(&fresh(), index, &mut report).await;
    }
    report.finish()
}

#[cfg(test)]
mod tests;
