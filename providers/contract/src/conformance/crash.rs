//! The process dies between the intent and the outcome, or the call is dropped on its way: no second effect
//! may come of the way back, and `reconcile` may not tell a tale.

use super::Fixture;
use super::bench::{Bench, KEY, NEXT_KEY, Report};
use super::drive::cut;
use crate::provider::{ApplyRequest, Reconciled};
use crate::schema::{Lifetime, Repeat};
use crate::value::Value;

/// After how many waits a call is dropped, from 1 to this.
pub(super) const CUTS: usize = 4;

/// The process died after the intent was recorded, and before anything was done.
pub(super) async fn check_lost_before<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let config = bench.config(report);
    let Ok(planned) = bench.plan(&config, None).await else { return };
    let before = bench.fixture.effects();
    let Some(answer) = report.expect("reconcile.before", bench.reconcile(&planned.value, None).await) else {
        return;
    };
    bench.unchanged("reconcile.pure", "Reconciling", before, report);
    if let Reconciled::Done(applied) = answer {
        let message = format!("Nothing was done, and yet it is told as done: {:?}.", applied.value);
        report.add("reconcile.before", message);
    }
}

/// The process died after all was done, and before the outcome was recorded.
pub(super) async fn check_lost_after<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let Some((config, _)) = bench.make(report).await else { return };
    let Ok(planned) = bench.plan(&config, None).await else { return };
    let before = bench.fixture.effects();
    let Some(answer) = report.expect("reconcile.after", bench.reconcile(&planned.value, None).await) else {
        return;
    };
    bench.unchanged("reconcile.pure", "Reconciling", before, report);
    let schema = bench.schema();
    let may_be_repeated = schema.repeat == Repeat::Harmless || schema.lifetime == Lifetime::Check;
    match answer {
        Reconciled::Done(applied) => {
            bench.look_at_object("reconcile.object", Some(&planned.value), &applied.value, report);
        }
        Reconciled::NotDone if !may_be_repeated => {
            report.add("reconcile.after", "It was done, and yet it is told as not done.");
        }
        Reconciled::CannotTell if schema.repeat == Repeat::AskFirst && bench.fixture.can_be_asked() => {
            report.add("reconcile.after", "The type says that it can be asked, and yet it cannot tell.");
        }
        Reconciled::NotDone | Reconciled::CannotTell => {}
    }
}

/// The process died while it destroyed: before anything was done, and after.
pub(super) async fn check_lost_destroy<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let Some((_, object)) = bench.make(report).await else { return };
    if !bench.resource().can_destroy(&object) || bench.schema().repeat != Repeat::AskFirst {
        return;
    }
    let known = bench.recorder.references().len();
    let answer = bench.reconcile_destroy(&object, known).await;
    if let Some(Reconciled::Done(_)) = report.expect("reconcile.destroy", answer) {
        report.add("reconcile.destroy", "Nothing was destroyed, and yet it is told as done.");
    }
    if bench.destroy(&object, NEXT_KEY).await.is_err() {
        return;
    }
    let answer = bench.reconcile_destroy(&object, known).await;
    match report.expect("reconcile.destroy", answer) {
        Some(Reconciled::Done(applied)) if applied.value.is_null() => {}
        None => {}
        Some(Reconciled::CannotTell) if !bench.fixture.can_be_asked() => {}
        Some(other) => report.add("reconcile.destroy", format!("It was destroyed, and yet: {other:?}.")),
    }
}

/// What may be repeated without harm is repeated.
pub(super) async fn check_twice<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    if bench.schema().repeat != Repeat::Harmless {
        return;
    }
    let config = bench.config(report);
    let Ok(planned) = bench.plan(&config, None).await else { return };
    let Ok(first) = bench.apply(&planned.value, None, KEY).await else { return };
    let before = bench.fixture.effects();
    let Some(second) = report.expect("twice.apply", bench.apply(&planned.value, None, KEY).await) else {
        return;
    };
    bench.look_at_object("twice.object", Some(&planned.value), &second.value, report);
    // A check is made again, and its measurements may differ.
    if bench.schema().lifetime != Lifetime::Check {
        bench.unchanged("twice.effect", "The second of two equal actions", before, report);
        if first.value != second.value {
            report.add("twice.object", format!("{:?} at first, then {:?}.", first.value, second.value));
        }
    }
}

/// The call is dropped after some waits; then the engine's way back is gone: ask, and do it again only where it
/// is told that it was not done.
pub(super) async fn check_cut<F: Fixture>(bench: &Bench<F>, pauses: usize, report: &mut Report) {
    let schema = bench.schema();
    let config = bench.config(report);
    let Ok(planned) = bench.plan(&config, None).await else { return };
    let before = bench.fixture.effects();
    let request = ApplyRequest { planned: &planned.value, prior: None, key: KEY };
    let call = async { bench.resource().apply(&bench.context, request).await };
    if !cut(pauses, call).await {
        return;
    }
    if schema.repeat == Repeat::Harmless {
        repeat_after_cut(bench, &planned.value, report).await;
    } else {
        let answer = bench.reconcile(&planned.value, None).await;
        match report.expect("cut.reconcile", answer) {
            Some(Reconciled::NotDone) => repeat_after_cut(bench, &planned.value, report).await,
            Some(Reconciled::Done(applied)) => {
                bench.look_at_object("cut.object", Some(&planned.value), &applied.value, report);
            }
            Some(Reconciled::CannotTell) | None => {}
        }
    }
    let (Some(before), Some(after)) = (before, bench.fixture.effects()) else { return };
    if schema.lifetime != Lifetime::Check && after > before + 1 {
        report.add(
            "cut.effect",
            format!("Dropped after {pauses} waits, it was done {} times.", after - before),
        );
    }
}

async fn repeat_after_cut<F: Fixture>(bench: &Bench<F>, planned: &Value, report: &mut Report) {
    if let Some(applied) = report.expect("cut.apply", bench.apply(planned, None, KEY).await) {
        bench.look_at_object("cut.object", Some(planned), &applied.value, report);
    }
}
