//! Secrets in the arguments: nothing that leaves a provider may show one, not even half of it, after the engine
//! has masked it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::bench::{Bench, KEY, PATIENCE, Report};
use super::compare::broken_promises;
use super::drive::{Fault, bounded};
use super::{Fixture, Planted};
use crate::context::Context;
use crate::provider::ApplyRequest;
use crate::secret::Redactor;
use crate::value::Value;

/// What is looked for: the secret, and any run of its characters of at least half its length. A text that was
/// cut or split before it was masked shows such a run.
struct Hunt<'s> {
    secret: &'s str,
    redactor: Redactor,
}

impl Hunt<'_> {
    fn finds(&self, text: &str) -> bool {
        let chars: Vec<char> = self.secret.chars().collect();
        let half = chars.len().div_ceil(2).max(5);
        chars.windows(half.min(chars.len())).any(|run| text.contains(&run.iter().collect::<String>()))
    }

    fn look(&self, rule: &'static str, what: &str, text: &str, report: &mut Report) {
        if self.finds(&self.redactor.mask(text)) {
            report.add(rule, format!("The secret, or half of it, stands in {what}."));
        }
    }
}

pub(super) async fn check<F: Fixture>(bench: &Bench<F>, index: usize, report: &mut Report) {
    let Some(Planted { config, secret }) = bench.fixture.planted().into_iter().nth(index) else { return };
    let redactor = Redactor::new([secret]);
    let hunt = Hunt { secret, redactor: redactor.clone() };
    let context = Context { redactor: Arc::new(redactor), ..bench.context.clone() };
    let config = hunt.redactor.mark(&bench.fit(&config, report));
    let Some(planned) = report.expect("secret.plan", bench.plan(&config, None).await) else { return };
    planned.notes.iter().for_each(|note| hunt.look("secret.note", "a note of the plan", note, report));

    let request = ApplyRequest { planned: &planned.value, prior: None, key: KEY };
    let call = async { bench.resource().apply(&context, request).await };
    match bounded(&*context.clock, PATIENCE, call).await {
        Ok(applied) => {
            // Marks must come back by themselves too: texts under four characters are not masked.
            report.all("secret.mark", broken_promises(&planned.value, &applied.value));
            look_at_value(&hunt, &applied.value, report);
            let verdict = applied.verdict.iter();
            let texts = verdict.flat_map(|verdict| std::iter::once(&verdict.summary).chain(&verdict.details));
            texts.for_each(|text| hunt.look("secret.verdict", "the verdict", text, report));
        }
        Err(Fault::Problem(problem)) => {
            bench.look_at_problem(&problem, report);
            let masked = problem.map_text(&|text| hunt.redactor.mask(text).into_owned());
            hunt.look("secret.problem", "a problem", &masked.to_string(), report);
            hunt.look("secret.problem", "a problem's debug text", &format!("{masked:?}"), report);
        }
        Err(fault) => report.add("secret.apply", fault.to_string()),
    }
    for line in bench.recorder.lines() {
        hunt.look("secret.progress", "a line of progress", &line, report);
    }
    for reference in bench.recorder.references() {
        // It goes to the ledger as it is, so it is not masked here either.
        if hunt.finds(&reference) {
            report.add("secret.reference", "The secret stands in the external reference.");
        }
    }
    look_at_files(&hunt, &context.keep, report);
}

/// After the redactor has marked the echoes, what is not marked holds no part of the secret.
fn look_at_value(hunt: &Hunt<'_>, value: &Value, report: &mut Report) {
    let marked = hunt.redactor.mark(value);
    marked.leaves(&mut |path, part| {
        if !part.is_sensitive() && hunt.finds(&format!("{part:?}")) {
            report.add("secret.value", format!("The secret, or half of it, stands unmarked in {path}."));
        }
    });
}

/// What the provider keeps is masked already: nobody does it afterwards.
fn look_at_files(hunt: &Hunt<'_>, folder: &Path, report: &mut Report) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            look_at_files(hunt, &path, report);
        } else if fs::read(&path).is_ok_and(|bytes| hunt.finds(&String::from_utf8_lossy(&bytes))) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            report.add("secret.kept", format!("The secret, or half of it, stands in the kept file {name}."));
        }
    }
}
