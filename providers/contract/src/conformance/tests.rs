//! A sound little provider passes, and each fault that is planted in it is found under its rule.

mod store;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::Thread;

use super::*;
use crate::value::Value;
use store::{Fault, StoreFixture, StoreProvider};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn rules(fault: Fault) -> Vec<&'static str> {
    let mut rules: Vec<&str> =
        block_on(check(|| StoreFixture::new(fault))).into_iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

#[test]
fn a_sound_provider_passes() {
    assert_eq!(block_on(check(|| StoreFixture::new(Fault::None))), []);
    assert_eq!(check_provider(&StoreProvider { fault: Fault::None }), []);
}

#[test]
fn each_planted_fault_is_found() {
    for (fault, rule) in [
        (Fault::PanicsOnUnknown, "validate.panic"),
        (Fault::RefusesGood, "validate.good"),
        (Fault::AcceptsBad, "validate.invalid"),
        (Fault::PlanActs, "plan.pure"),
        (Fault::PlanGuesses, "apply.object"),
        (Fault::PlanWanders, "plan.deterministic"),
        (Fault::NeverSettles, "plan.settled"),
        (Fault::LeavesUnknown, "apply.object"),
        (Fault::DropsAttribute, "apply.object"),
        (Fault::DropsMark, "secret.mark"),
        (Fault::ReadActs, "read.pure"),
        (Fault::BlindToChange, "drift.found"),
        (Fault::BlindToRemoval, "removal.found"),
        (Fault::ClaimsDone, "reconcile.before"),
        (Fault::ForgetsDone, "reconcile.after"),
        (Fault::ForgetsDone, "cut.effect"),
        (Fault::ForgetsDone, "reconcile.destroy"),
        (Fault::DestroyNeedsObject, "destroy.twice"),
        (Fault::IgnoresCancel, "cancel.prompt"),
        (Fault::SplitsSecret, "secret.progress"),
        (Fault::TellsInReference, "secret.reference"),
        (Fault::KeepsSecret, "secret.kept"),
        (Fault::TruncatesSecret, "secret.problem"),
        (Fault::MumblesProblem, "problem.wording"),
        (Fault::PanicsInApply, "apply.good"),
    ] {
        let found = rules(fault);
        assert!(found.contains(&rule), "{fault:?} should be found as {rule}, not as {found:?}");
    }
}

#[test]
fn a_careless_schema_is_found() {
    let findings = check_provider(&StoreProvider { fault: Fault::CarelessSchema });
    let rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    for rule in [
        "configure.types",
        "schema.attribute",
        "schema.default",
        "schema.docs",
        "schema.name",
        "schema.twice",
    ] {
        assert!(rules.contains(&rule), "{rule} is not among {findings:?}");
    }
}

#[test]
fn a_promise_is_kept_by_what_was_left_open() {
    let planned =
        Value::map([("id", Value::UNKNOWN), ("tags", Value::list([Value::from("a"), Value::UNKNOWN]))]);
    let kept = Value::map([("id", "7".into()), ("tags", Value::list(["a".into(), "b".into()]))]);
    assert_eq!(compare::broken_promises(&planned, &kept), Vec::<String>::new());
    let broken = kept.with("tags", Value::list(["x".into(), "b".into()]));
    assert_eq!(
        compare::broken_promises(&planned, &broken),
        ["tags[0] was planned as \"a\" and came out as \"x\"."]
    );
}
