//! The life of an object without accidents: planned, made, planned again, read, changed and destroyed.

use super::Fixture;
use super::bench::{Bench, KEY, NEXT_KEY, Report};
use super::compare::misfits;
use super::drive::Fault;
use crate::provider::{Applied, Observed, Planned};
use crate::schema::{Lifetime, attribute_at};
use crate::value::Value;

pub(super) async fn check<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let config = bench.config(report);
    let Some(planned) = check_plan(bench, &config, report).await else { return };
    let answer = bench.apply(&planned.value, None, KEY).await;
    let Some(applied) = report.expect("apply.good", answer) else { return };
    look_at_applied(bench, &planned.value, &applied, report);
    check_settled(bench, &config, &applied.value, report).await;
    check_read(bench, &applied.value, report).await;
}

/// Planning changes nothing, says the same twice, and takes the arguments as they are.
async fn check_plan<F: Fixture>(bench: &Bench<F>, config: &Value, report: &mut Report) -> Option<Planned> {
    let before = bench.fixture.effects();
    let planned = report.expect("plan.good", bench.plan(config, None).await)?;
    let again = report.expect("plan.good", bench.plan(config, None).await)?;
    bench.unchanged("plan.pure", "Planning", before, report);
    if planned != again {
        report.add("plan.deterministic", format!("{planned:?} at first, then {again:?}."));
    }
    look_at_planned(bench, config, &planned, report);
    if !planned.replace.is_empty() {
        report.add("plan.replace", "A new object asks for a replacement.");
    }
    Some(planned)
}

fn look_at_planned<F: Fixture>(bench: &Bench<F>, config: &Value, planned: &Planned, report: &mut Report) {
    let attributes = &bench.schema().attributes;
    report.all("plan.fits", misfits(attributes, &planned.value));
    for attribute in attributes {
        let (given, promised) = (config.get(attribute.name), planned.value.get(attribute.name));
        if !attribute.is_computed() && promised.has_unknown() && !given.has_unknown() {
            report.add(
                "plan.unknown",
                format!("The argument {} is known, but planned unknown.", attribute.name),
            );
        }
        if given.has_sensitive() && !promised.has_sensitive() && !promised.is_null() {
            report.add("plan.sensitive", format!("The mark of {} is lost.", attribute.name));
        }
    }
    for path in planned.replace.iter().filter(|path| attribute_at(attributes, path).is_none()) {
        report.add("plan.replace", format!("{path} is not in the schema."));
    }
    if planned.preview.is_some() && !bench.schema().preview {
        report.add("plan.preview", "The type declares no preview, but gives one.");
    }
}

fn look_at_applied<F: Fixture>(bench: &Bench<F>, planned: &Value, applied: &Applied, report: &mut Report) {
    bench.look_at_object("apply.object", Some(planned), &applied.value, report);
    match (&applied.verdict, bench.schema().lifetime) {
        (None, Lifetime::Check) => report.add("apply.verdict", "A check ended without a verdict."),
        (Some(_), Lifetime::Record | Lifetime::Live) => {
            report.add("apply.verdict", "Only a check gives a verdict.");
        }
        (Some(verdict), Lifetime::Check) if verdict.summary.trim().is_empty() => {
            report.add("apply.verdict", "The verdict has no summary.");
        }
        _ => {}
    }
}

/// With the same arguments there is nothing more to do.
async fn check_settled<F: Fixture>(bench: &Bench<F>, config: &Value, object: &Value, report: &mut Report) {
    let Some(planned) = report.expect("plan.again", bench.plan(config, Some(object)).await) else { return };
    if planned.value != *object || !planned.replace.is_empty() {
        let message = format!("It was just made, and yet a change is planned: {object:?}, then {planned:?}.");
        report.add("plan.settled", message);
    }
}

/// Reading changes nothing and finds what was made.
async fn check_read<F: Fixture>(bench: &Bench<F>, object: &Value, report: &mut Report) {
    let before = bench.fixture.effects();
    for _ in 0..2 {
        let Some(observed) = report.expect("read.good", bench.read(object).await) else { return };
        look_at_settled(bench, "read.settled", object, &observed, report);
    }
    bench.unchanged("read.pure", "Reading", before, report);
}

/// Reports when something else was found than what was made.
pub(super) fn look_at_settled<F: Fixture>(
    bench: &Bench<F>,
    rule: &'static str,
    object: &Value,
    observed: &Observed,
    report: &mut Report,
) {
    match observed {
        Observed::Same => {}
        Observed::Present(seen) if seen == object => {
            bench.look_at_object("read.object", None, seen, report);
        }
        Observed::Present(seen) => report.add(rule, format!("{object:?} was made, {seen:?} found.")),
        Observed::Absent => report.add(rule, "What was just made is not found."),
    }
}

/// The arguments change: in place, or by a new object in the old one's place.
pub(super) async fn check_update<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let Some(changed) = bench.fixture.changed() else { return };
    let config = bench.fit(&changed, report);
    let Some((_, object)) = bench.make(report).await else { return };
    let before = bench.fixture.effects();
    let Some(mut planned) = report.expect("update.plan", bench.plan(&config, Some(&object)).await) else {
        return;
    };
    bench.unchanged("update.pure", "Planning a change", before, report);
    look_at_planned(bench, &config, &planned, report);
    if planned.value == object && planned.replace.is_empty() {
        report.add("update.plan", "The arguments changed, and yet nothing is planned.");
    }
    let mut prior = Some(&object);
    if !planned.replace.is_empty() {
        if bench.resource().can_destroy(&object) {
            report.expect("update.destroy", bench.destroy(&object, NEXT_KEY).await);
        }
        let Some(fresh) = report.expect("update.plan", bench.plan(&config, None).await) else { return };
        (planned, prior) = (fresh, None);
    }
    let answer = bench.apply(&planned.value, prior, NEXT_KEY).await;
    let Some(applied) = report.expect("update.apply", answer) else { return };
    look_at_applied(bench, &planned.value, &applied, report);
    check_settled(bench, &config, &applied.value, report).await;
    check_read(bench, &applied.value, report).await;
}

/// Destroying twice is no problem; what cannot be destroyed is left as it is.
pub(super) async fn check_destroy<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let Some((_, object)) = bench.make(report).await else { return };
    let before = bench.fixture.effects();
    if !bench.resource().can_destroy(&object) {
        match bench.destroy(&object, NEXT_KEY).await {
            Ok(()) => report.add("destroy.refused", "It cannot be destroyed, and yet it says it was."),
            Err(Fault::Problem(problem)) => bench.look_at_problem(&problem, report),
            Err(fault) => report.add("destroy.refused", fault.to_string()),
        }
        bench.unchanged("destroy.refused", "A refused destroy", before, report);
        return;
    }
    if report.expect("destroy.good", bench.destroy(&object, NEXT_KEY).await).is_none() {
        return;
    }
    if let Some(Observed::Present(seen)) = report.expect("destroy.read", bench.read(&object).await) {
        report.add("destroy.read", format!("It was destroyed, and yet {seen:?} is found."));
    }
    report.expect("destroy.twice", bench.destroy(&object, NEXT_KEY).await);
}
