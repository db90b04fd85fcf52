//! Somebody changes or removes the thing behind an object, and `read` must notice.

use super::Fixture;
use super::bench::{Bench, NEXT_KEY, Report};
use super::drive::Fault;
use super::lifecycle::look_at_settled;
use crate::provider::Observed;
use crate::schema::Lifetime;

/// A change from outside is found, planned away and mended.
pub(super) async fn check_change<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let Some((config, object)) = bench.make(report).await else { return };
    if !bench.fixture.change_outside(&object) {
        return;
    }
    let before = bench.fixture.effects();
    let Some(observed) = report.expect("drift.read", bench.read(&object).await) else { return };
    bench.unchanged("drift.read", "Reading", before, report);
    let Observed::Present(seen) = observed else {
        return report
            .add("drift.found", format!("It was changed from outside, and read says {observed:?}."));
    };
    bench.look_at_object("drift.object", None, &seen, report);
    if seen == object {
        report.add("drift.found", "It was changed from outside, and read finds it as it was.");
    }
    let planned = match bench.plan(&config, Some(&seen)).await {
        Ok(planned) => planned,
        // A record that is not what it was cannot be mended: the provider may say so already here.
        Err(Fault::Problem(problem)) if bench.schema().lifetime == Lifetime::Record => {
            return bench.look_at_problem(&problem, report);
        }
        Err(fault) => return report.add("drift.plan", fault.to_string()),
    };
    // What is a fact stays as it is, also when somebody else made it another one: the person is told, no more.
    if bench.schema().lifetime == Lifetime::Live && planned.value == seen && planned.replace.is_empty() {
        report.add("drift.plan", "It was changed from outside, and the plan leaves it so.");
    }
    if bench.schema().lifetime != Lifetime::Live || !planned.replace.is_empty() {
        return;
    }
    let answer = bench.apply(&planned.value, Some(&seen), NEXT_KEY).await;
    let Some(applied) = report.expect("drift.mend", answer) else { return };
    bench.look_at_object("drift.mend", Some(&planned.value), &applied.value, report);
    if let Some(observed) = report.expect("drift.mend", bench.read(&applied.value).await) {
        look_at_settled(bench, "drift.mend", &applied.value, &observed, report);
    }
}

/// What was removed is found absent.
pub(super) async fn check_removal<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let Some((_, object)) = bench.make(report).await else { return };
    if !bench.fixture.remove_outside(&object) {
        return;
    }
    let Some(observed) = report.expect("removal.read", bench.read(&object).await) else { return };
    if observed != Observed::Absent {
        report.add("removal.found", format!("It was removed from outside, and read says {observed:?}."));
    }
}
