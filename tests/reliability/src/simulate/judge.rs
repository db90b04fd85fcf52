//! What must hold after a run, and when a release is done.

use std::collections::BTreeMap;

use relplan::event::{Act, ActOutcome, Ending, EntryKey, Event, Recorded};
use relplan::ledger::{self, Reading};
use relplan::plan::Action;
use relplan::run::report::{Row, RowResult, Summary};
use relplan::state::State;
use relplan::view;
use relplan_contract::{Lifetime, Outcome};

use super::outside::Outside;
use super::provider::{content, is_check};
use super::scenario::Release;
use crate::disk::Disk;

/// The ledger on the disk, read again, tells the same as the run that wrote it: the same state, in every view, and of
/// each change the same end as in the closing table.
pub(super) fn after_a_run(disk: &Disk, number: u64, summary: &Summary, state: &State) -> Vec<String> {
    let mut findings = Vec::new();
    let records = match Reading::records(&mut disk.clone()) {
        Ok(records) => records,
        Err(error) => return vec![format!("the ledger cannot be read: {error}")],
    };
    let mut replayed = State::default();
    for record in &records {
        if let Err(error) = replayed.apply(record) {
            findings.push(format!("the ledger cannot be replayed: {error}"));
        }
    }
    let palette = view::style::Palette::PLAIN;
    let shown =
        |state: &State| format!("{}{}", view::state::table(state, &palette), view::state::outputs(state));
    if replayed.digest() != state.digest() || shown(&replayed) != shown(state) {
        findings.push("replayed, the ledger tells another state".to_owned());
    }
    let run = format!("run {number}");
    let own = records.iter().filter(|record| *record.run.0 == *run);
    let ends = ends(own);
    // Of what was turned back there are two rows; the second may say that it was not begun.
    let mut rows: BTreeMap<_, &Row> = BTreeMap::new();
    for row in &summary.rows {
        if !rows.contains_key(&row.key) || !matches!(row.result, RowResult::Skipped { .. }) {
            rows.insert(&row.key, row);
        }
    }
    for row in rows.into_values() {
        let recorded = ends.get(&row.key).map_or("", |end| *end);
        let told = match &row.result {
            RowResult::Done { .. } => "done",
            RowResult::Failed { .. } => "failed",
            RowResult::NotPassed { .. } if is_check(&row.key.to_string()) => "not passed",
            // A gate has stopped it before it began.
            RowResult::NotPassed { .. } => "",
            RowResult::Uncertain { .. } => "unknown",
            RowResult::Skipped { .. } => "",
            // Two acts: what was done, and what turned it back.
            RowResult::TurnedBack { .. } => "done",
        };
        // What could not be begun failed without a record.
        let unrecorded = told == "failed" && recorded.is_empty();
        // When something was turned back, what judges it is judged once more.
        let again = row.action == Action::Judge && recorded == "done" && summary.ending == Ending::RolledBack;
        if told != recorded && !unrecorded && !again {
            findings.push(format!("{} was shown as {told:?} and recorded as {recorded:?}", row.key));
        }
    }
    findings
}

/// How the last action on each object ended, as the records tell.
fn ends<'r>(records: impl Iterator<Item = &'r Recorded>) -> BTreeMap<EntryKey, &'static str> {
    let mut ends = BTreeMap::new();
    for record in records {
        match &record.event {
            Event::Intended(intent) => ends.insert(intent.key.clone(), "intended"),
            // What an earlier run left open is ended first, without an intent of this run.
            Event::Ended { key, .. } | Event::Judged { key, .. } if !ends.contains_key(key) => None,
            Event::Ended { key, outcome, .. } => ends.insert(
                key.clone(),
                match outcome {
                    ActOutcome::Done { .. } => "done",
                    ActOutcome::Failed { .. } => "failed",
                    ActOutcome::Unknown { .. } => "unknown",
                },
            ),
            Event::Judged { key, judgement, .. } => {
                let passed = judgement.outcome == Outcome::Passed;
                ends.insert(key.clone(), if passed { "done" } else { "not passed" })
            }
            _ => None,
        };
    }
    ends
}

/// What is live is what the ledger says, and known good wherever there is such a version to go back to.
pub(super) fn rolled_back(disk: &Disk, outside: &Outside) -> Vec<String> {
    let mut findings = Vec::new();
    let reading = match Reading::of(&mut disk.clone()) {
        Ok(reading) => reading,
        Err(error) => return vec![format!("the ledger cannot be read: {error}")],
    };
    let state = reading.state();
    let objects = outside.objects();
    for (key, entry) in &state.entries {
        if entry.lifetime != Lifetime::Live || !entry.exists() || key.is_deposed() {
            continue;
        }
        let recorded = content(&entry.value);
        if objects.get(&key.to_string()) != Some(&recorded) {
            findings.push(format!(
                "rolled back, {key} is {:?} and not {recorded:?}",
                objects.get(&key.to_string())
            ));
        }
        if entry.open().is_some() {
            findings.push(format!("rolled back, and {key} is uncertain"));
        }
        if state.is_in_doubt(&key.address) && state.rollback_target(&key.address).is_some() {
            findings.push(format!("rolled back, and {key} is not known good"));
        }
    }
    findings
}

/// Nothing that lives is there any more.
pub(super) fn destroyed(outside: &Outside) -> Vec<String> {
    let objects = outside.objects();
    let left = objects.keys().filter(|name| name.starts_with("sim_app."));
    left.map(|name| format!("destroyed, {name} is still there")).collect()
}

/// Everything is there as the file wants it, and the ledger verifies.
pub(super) fn at_the_end(disk: &Disk, outside: &Outside, release: &Release) -> Vec<String> {
    let mut findings = Vec::new();
    if let Err(error) = ledger::verify(&disk.log(), disk.checkpoint().as_deref(), None) {
        findings.push(format!("the ledger does not verify: {error}"));
    }
    let objects = outside.objects();
    findings.extend(verdicts(disk, release));
    // A check of a run that was given up may still land: what it says counts for nobody.
    for (name, value) in release.wanted.iter().filter(|(name, _)| !release.judged.contains_key(*name)) {
        if objects.get(name) != Some(value) {
            findings.push(format!("{name} is {:?} and not {value:?}", objects.get(name)));
        }
    }
    let left = objects.keys().filter(|name| !name.contains('@') && !release.wanted.contains_key(*name));
    let left = left.filter(|name| !is_check(name));
    findings.extend(left.map(|name| format!("{name} has left the file, and is still there")));
    findings
}

/// Each check has passed in this version, with the arguments that it has now, on exactly what it depends on now. As the
/// records alone tell it.
fn verdicts(disk: &Disk, release: &Release) -> Vec<String> {
    let Ok(records) = Reading::records(&mut disk.clone()) else { return Vec::new() };
    let mut versions = BTreeMap::new();
    let mut made: BTreeMap<String, String> = BTreeMap::new();
    let mut intended = BTreeMap::new();
    let mut passed = BTreeMap::new();
    for record in &records {
        match &record.event {
            Event::RunOpened { version, .. } => drop(versions.insert(record.run.clone(), version.clone())),
            Event::Intended(intent) if intent.act == Act::Judge => {
                let ground = (content(&intent.inputs), made.clone(), versions.get(&record.run).cloned());
                intended.insert(intent.key.clone(), ground);
            }
            Event::Judged { key, judgement, .. } => {
                let ground = intended.remove(key).filter(|_| judgement.outcome == Outcome::Passed);
                passed.remove(&key.to_string());
                passed.extend(ground.map(|ground| (key.to_string(), ground)));
            }
            Event::Ended { key, outcome: ActOutcome::Done { value }, .. }
            | Event::Adopted { key, value, .. } => {
                made.insert(key.to_string(), content(value));
            }
            _ => {}
        }
    }
    let mut findings = Vec::new();
    for (check, needs) in &release.judged {
        let Some((inputs, was, version)) = passed.get(check) else {
            findings.push(format!("done, and {check} has not passed"));
            continue;
        };
        if version.as_deref() != Some(&*release.version) {
            findings.push(format!("done, and {check} was judged in {version:?}"));
        }
        if release.wanted.get(check) != Some(inputs) {
            findings.push(format!("done, and {check} was judged with {inputs:?}"));
        }
        for need in needs.iter().filter(|need| was.get(*need) != made.get(*need)) {
            findings.push(format!("done, and {check} was judged on {:?} of {need}", was.get(need)));
        }
    }
    findings
}
