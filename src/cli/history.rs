//! `relplan state history`: what happened, all of it or what a filter names. A filter that names nothing is an error:
//! an auditor must not take a typing mistake for an empty history.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::args::HistoryFilter;
use super::context::Context;
use super::exit::{Exit, Failure};
use crate::addr::{Address, Target};
use crate::diag::did_you_mean;
use crate::event::{Event, Recorded, RunId};
use crate::lang::lower;
use crate::ledger::file;
use crate::plan::asked;
use crate::view;

pub(super) fn run(
    context: &Context,
    folder: &Path,
    product: &str,
    address: Option<&str>,
    filter: &HistoryFilter,
) -> Result<Exit, Failure> {
    let records = file::records(folder, product)?;
    let wanted = Wanted::read(&records, address, filter, context.now_ms())?;
    let mut shown = records.iter().filter(|record| wanted.is(record)).peekable();
    context.print(&if context.json {
        view::json::to_line(&view::json::history(shown))
    } else if shown.peek().is_none() && !records.is_empty() {
        "Nothing was recorded that is all of what was asked for.\n".to_owned()
    } else {
        view::state::history(shown, &context.palette())
    });
    Ok(Exit::Done)
}

/// What is asked for.
#[derive(Default)]
struct Wanted {
    /// The address, and the version of a record.
    object: Option<(Target, Option<String>)>,
    runs: Option<BTreeSet<RunId>>,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
}

impl Wanted {
    fn read(
        records: &[Recorded],
        address: Option<&str>,
        filter: &HistoryFilter,
        now_ms: i64,
    ) -> Result<Self, Failure> {
        let time = |name: &str, text: &Option<String>| {
            text.as_deref().map(|text| time_ms(name, text, now_ms)).transpose()
        };
        let (since_ms, until_ms) = (time("since", &filter.since)?, time("until", &filter.until)?);
        if since_ms.zip(until_ms).is_some_and(|(since, until)| since >= until) {
            return Err(Failure::usage("-since is not before -until: nothing can be between them."));
        }
        let object = address.map(|address| object(records, address)).transpose()?;
        let of_version = filter.version.as_deref().map(|version| of_version(records, version)).transpose()?;
        let by = filter.by.as_deref().map(|person| by(records, person)).transpose()?;
        let runs = match (of_version, by) {
            (Some(these), Some(those)) => Some(these.intersection(&those).cloned().collect()),
            (these, those) => these.or(those),
        };
        Ok(Self { object, runs, since_ms, until_ms })
    }

    fn is(&self, record: &Recorded) -> bool {
        let of_object = |(target, version): &(Target, Option<String>)| {
            concerns(&record.event, target, version.as_deref())
        };
        self.object.as_ref().is_none_or(of_object)
            && self.runs.as_ref().is_none_or(|runs| runs.contains(&record.run))
            && self.since_ms.is_none_or(|since| record.time_ms >= since)
            && self.until_ms.is_none_or(|until| record.time_ms < until)
    }
}

/// Whether an event is of an object that the target covers.
fn concerns(event: &Event, target: &Target, version: Option<&str>) -> bool {
    let keys = view::state::objects(event);
    keys.iter().any(|key| {
        let of_version = version.is_none_or(|version| key.version.as_deref() == Some(version));
        target.covers(&key.address) && of_version
    })
}

fn object(records: &[Recorded], text: &str) -> Result<(Target, Option<String>), Failure> {
    let (address, version) = match text.rsplit_once('@') {
        Some((address, version)) if !version.contains(['"', ']']) => (address, Some(version.to_owned())),
        _ => (text, None),
    };
    let target = Target::from_str(address).map_err(|error| Failure::usage(format!("{error}.")))?;
    if records.iter().any(|record| concerns(&record.event, &target, version.as_deref())) {
        return Ok((target, version));
    }
    let known: Vec<Address> = records
        .iter()
        .flat_map(|record| view::state::objects(&record.event))
        .map(|key| key.address)
        .collect();
    if let Some(near) = asked::near(&target.to_string(), &known).filter(|_| version.is_none()) {
        let message = format!("There is no {text} in the ledger.");
        return Err(Failure::error(message).help(format!("Did you mean {near}?")));
    }
    let names: BTreeSet<String> = records
        .iter()
        .flat_map(|record| view::state::objects(&record.event))
        .map(|key| if version.is_some() { key.to_string() } else { key.address.to_string() })
        .collect();
    Err(unknown(&format!("There is no {text} in the ledger."), text, names))
}

/// An error with the nearest of the names, or all where they are few.
fn unknown(message: &str, text: &str, names: BTreeSet<String>) -> Failure {
    const FEW: usize = 12;
    let near = did_you_mean(text, names.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("Did you mean {near}?"),
        None if names.is_empty() => String::new(),
        None => {
            let more = if names.len() > FEW { ", ..." } else { "" };
            let some: Vec<String> = names.into_iter().take(FEW).collect();
            format!("There are: {}{more}.", some.join(", "))
        }
    };
    Failure::error(message).help(help)
}

/// The runs that were about a version.
fn of_version(records: &[Recorded], wanted: &str) -> Result<BTreeSet<RunId>, Failure> {
    let wanted = wanted
        .strip_prefix('v')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(wanted);
    let opened = records.iter().filter_map(|record| match &record.event {
        Event::RunOpened { version, .. } => Some((&record.run, version)),
        _ => None,
    });
    let versions: Vec<(&RunId, &Arc<str>)> = opened.collect();
    let found: BTreeSet<RunId> =
        versions.iter().filter(|(_, version)| ***version == *wanted).map(|(run, _)| (*run).clone()).collect();
    if found.is_empty() {
        let names = versions.iter().map(|(_, version)| version.to_string()).filter(|name| !name.is_empty());
        return Err(unknown(&format!("No run was about version {wanted}."), wanted, names.collect()));
    }
    Ok(found)
}

/// The runs that a person made or approved.
fn by(records: &[Recorded], person: &str) -> Result<BTreeSet<RunId>, Failure> {
    let wanted = person.to_lowercase();
    if wanted.trim().is_empty() {
        return Err(Failure::usage("-by names nobody."));
    }
    let mut people: BTreeMap<String, BTreeSet<RunId>> = BTreeMap::new();
    for record in records {
        let actor = &record.actor;
        let mut names = vec![&actor.user, &actor.author, &actor.login];
        if let Event::Sourced { reviewers, .. } = &record.event {
            names.extend(reviewers);
        }
        if let Event::Identified { accounts } = &record.event {
            names.extend(accounts.values().flatten());
        }
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            people.entry(name.clone()).or_default().insert(record.run.clone());
        }
    }
    let found = people.iter().filter(|(name, _)| name.to_lowercase().contains(&wanted));
    let runs: BTreeSet<RunId> = found.flat_map(|(_, runs)| runs.iter().cloned()).collect();
    if runs.is_empty() {
        let message = format!("Nobody called {person} did or approved anything here.");
        return Err(unknown(&message, person, people.into_keys().collect()));
    }
    Ok(runs)
}

/// A moment in milliseconds since 1970. What says no zone is in UTC, as the history itself.
fn time_ms(name: &str, text: &str, now_ms: i64) -> Result<i64, Failure> {
    let text = text.trim();
    let in_utc = |time: DateTime| Timestamp::from_str(&format!("{time}Z")).ok();
    let ago = || {
        let ago = lower::duration(text)?.as_millis().try_into().ok()?;
        Timestamp::from_millisecond(now_ms.checked_sub(ago)?).ok()
    };
    let found = Timestamp::from_str(text)
        .ok()
        .or_else(|| DateTime::from_str(text).ok().and_then(in_utc))
        .or_else(|| Date::from_str(text).ok().and_then(|date| in_utc(date.at(0, 0, 0, 0))))
        .or_else(ago);
    found.map(Timestamp::as_millisecond).ok_or_else(|| {
        Failure::usage(format!("-{name}: {text:?} is no time.")).help(
            "Write a day (2026-05-01), a time (2026-05-01T12:00Z; without a zone it is UTC), or how long ago (12h, 7d).",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_moments_or_ago() {
        let read = |text| time_ms("since", text, 10_000_000).ok();
        assert_eq!(read("1970-01-02"), Some(86_400_000));
        assert_eq!(read("1970-01-01T01:00"), Some(3_600_000));
        assert_eq!(read("1970-01-01 01:00:00"), Some(3_600_000));
        assert_eq!(read("1970-01-01T01:00Z"), Some(3_600_000));
        assert_eq!(read("1970-01-01T01:00+01:00"), Some(0));
        assert_eq!(read("1s"), Some(9_999_000));
        for bad in ["", "yesterday", "2026-13-01", "12", "-1d", "1970-01-01T25:00", "99999999999d"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
