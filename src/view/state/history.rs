//! The ledger's records in words, run by run.

use jiff::Timestamp;
use relplan_contract::Value;

use crate::event::{Act, ActOutcome, Actor, EntryKey, Event, Recorded, SecretReview};
use crate::view::style::{Palette, Tone};
use crate::view::{escape, words};

/// The records with a line each, under a heading for each run.
#[must_use]
pub fn history<'r>(records: impl IntoIterator<Item = &'r Recorded>, palette: &Palette) -> String {
    let mut out = String::new();
    let mut run = None;
    for record in records {
        if run != Some(&record.run) {
            let gap = if run.is_some() { "\n" } else { "" };
            out.push_str(&format!("{gap}{}\n", palette.paint(Tone::Strong, heading(record))));
            run = Some(&record.run);
        }
        let clock = clock(record.time_ms, "%H:%M:%S");
        let subject =
            subject(&record.event).map_or_else(String::new, |key| format!("{}: ", escape::shown(&key)));
        let text = palette.paint(tone(&record.event), tell(&record.event));
        out.push_str(&format!("{:>6}  {clock}  {subject}{text}\n", record.seq));
    }
    if out.is_empty() { "The ledger has no records.\n".to_owned() } else { out }
}

fn heading(record: &Recorded) -> String {
    let when = clock(record.time_ms, "%Y-%m-%d %H:%M:%S UTC");
    let who = who(&record.actor);
    let by = if who.is_empty() { String::new() } else { format!(" by {who}") };
    format!("{when}  run {}{by}", escape::line(&record.run.0))
}

/// The time of day, always in UTC, so that the same ledger reads the same anywhere.
fn clock(time_ms: i64, format: &str) -> String {
    Timestamp::from_millisecond(time_ms)
        .map_or_else(|_| "(no time)".to_owned(), |time| time.strftime(format).to_string())
}

fn who(actor: &Actor) -> String {
    let mut parts = Vec::new();
    if !actor.login.is_empty() {
        parts.push(escape::line(&actor.login).into_owned());
    }
    if !actor.user.is_empty() {
        let host =
            if actor.host.is_empty() { String::new() } else { format!("@{}", escape::line(&actor.host)) };
        let user = format!("{}{host}", escape::line(&actor.user));
        // A number is nobody, and root may be anybody.
        let nameless = actor.user.starts_with("uid ") || actor.user == "root";
        let is_known = !nameless || !actor.login.is_empty() || !actor.author.is_empty();
        parts.push(if is_known { user } else { format!("{user} (nobody is named)") });
    }
    if !actor.author.is_empty() {
        parts.push(format!("git author {}", escape::line(&actor.author)));
    }
    if !actor.job.is_empty() {
        parts.push(format!("in {}", escape::line(&actor.job)));
    }
    parts.join(", ")
}

/// The object that an event is of.
pub(in crate::view) fn subject(event: &Event) -> Option<EntryKey> {
    match event {
        Event::Intended(intent) => Some(intent.key.clone()),
        Event::Referenced { key, .. }
        | Event::Ended { key, .. }
        | Event::Judged { key, .. }
        | Event::Adopted { key, .. }
        | Event::Forgotten { key, .. }
        | Event::Verified { key, .. }
        | Event::Restored { key, .. }
        | Event::Moved { from: key, .. } => Some(key.clone()),
        Event::Held { address, .. } | Event::Released { address, .. } => {
            Some(EntryKey { address: address.clone(), version: None })
        }
        Event::LedgerBegan { .. }
        | Event::KeyNamed { .. }
        | Event::SecretsReviewed { .. }
        | Event::RunOpened { .. }
        | Event::Sourced { .. }
        | Event::Identified { .. }
        | Event::TurningBack { .. }
        | Event::VersionWithdrawn { .. }
        | Event::OutputsSet { .. }
        | Event::ProvidersSet { .. }
        | Event::EpochBegan { .. }
        | Event::Checkpointed { .. }
        | Event::RunClosed { .. } => None,
    }
}

/// The objects that an event is of: for the history of one object.
#[must_use]
pub fn objects(event: &Event) -> Vec<EntryKey> {
    let moved_here = if let Event::Moved { to, .. } = event { Some(to.clone()) } else { None };
    subject(event).into_iter().chain(moved_here).collect()
}

/// What happened, in words, without the object.
pub(in crate::view) fn tell(event: &Event) -> String {
    let line = |text: &str| escape::line(text).into_owned();
    match event {
        Event::LedgerBegan { product, .. } => format!("The ledger of {} began", line(product)),
        Event::KeyNamed { key } => format!("Fingerprints are made with the key {} from here on", line(key)),
        Event::SecretsReviewed { review, unseen, .. } => secrets_reviewed(*review, unseen),
        Event::RunOpened { mode, version, command, .. } => {
            let version = if version.is_empty() { String::new() } else { format!(" {}", line(version)) };
            format!("Run opened: {}{version} ({})", words::mode(*mode), line(command))
        }
        Event::Sourced { commit, changed, review, reviewers } => {
            sourced(commit.as_deref(), *changed, review.as_deref(), reviewers)
        }
        Event::Identified { accounts } => {
            let of: Vec<String> = accounts
                .iter()
                .map(|(provider, names)| {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    format!("{} as {}", line(provider), line(&names.join(", ")))
                })
                .collect();
            format!("Acting outside: {}", of.join("; "))
        }
        Event::TurningBack { to } => {
            let to: Vec<String> = to
                .iter()
                .map(|(live, version)| format!("{} to {}", escape::shown(live), line(version)))
                .collect();
            format!("Turning back: {}", to.join(", "))
        }
        Event::VersionWithdrawn { version, reason } => {
            format!("Version {} was withdrawn: {}", line(version), line(reason))
        }
        Event::Intended(intent) => format!("to {}, because: {}", act(intent.act), line(&intent.reason)),
        Event::Referenced { reference, .. } => format!("known outside as {}", line(reference)),
        Event::Ended { outcome, .. } => outcome_text(outcome),
        Event::Judged { judgement, .. } => {
            format!("{}: {}", judgement.outcome.name(), line(&judgement.summary))
        }
        Event::Adopted { value, reason, .. } if value.is_null() => format!("found gone: {}", line(reason)),
        Event::Adopted { reason, .. } => format!("taken over as found: {}", line(reason)),
        Event::Forgotten { reason, .. } => format!("let go: {}", line(reason)),
        Event::Verified { notes, .. } => format!("verified: {}", line(notes)),
        Event::Restored { into, outcome, .. } => {
            format!("restored into {}: {}", line(into), line(outcome))
        }
        Event::Moved { to, .. } => format!("moved to {}", escape::shown(to)),
        Event::OutputsSet { outputs } => format!("Outputs set: {}", words::amount(outputs.len(), "value")),
        Event::ProvidersSet { providers } => {
            format!("Providers configured: {}", words::amount(providers.len(), "block"))
        }
        Event::EpochBegan { epoch, reason } => format!("Epoch {epoch} began: {}", line(reason)),
        Event::Held { reason, .. } => format!("held: {}", line(reason)),
        Event::Released { reason, .. } => format!("released: {}", line(reason)),
        Event::Checkpointed { state } => format!("Checkpoint of the state {state}"),
        Event::RunClosed { ending, complete, counts } => {
            let counts: Vec<String> =
                counts.iter().map(|(word, count)| format!("{count} {}", line(word))).collect();
            let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
            let all = if *complete { ", the release is complete" } else { "" };
            format!("Run closed: {}{counts}{all}", words::ending(*ending).replace('_', " "))
        }
    }
}

/// `From commit 3f2a1c9, with changes; reviewed in acme/shop#12, approved by ann, bob`.
fn sourced(commit: Option<&str>, changed: bool, review: Option<&str>, reviewers: &[String]) -> String {
    let line = |text: &str| escape::line(text).into_owned();
    let mut parts = Vec::new();
    parts.extend(commit.map(|commit| {
        let with = if changed { ", where the release file differs" } else { "" };
        format!("from commit {}{with}", line(commit))
    }));
    parts.extend(review.map(|review| {
        let by: Vec<String> = reviewers.iter().map(|name| line(name)).collect();
        let by = if by.is_empty() { "by nobody".to_owned() } else { format!("by {}", by.join(", ")) };
        format!("reviewed in {}, approved {by}", line(review))
    }));
    format!("The release file is {}", parts.join("; "))
}

fn secrets_reviewed(review: SecretReview, unseen: &[String]) -> String {
    match review {
        SecretReview::Compared => "Its secrets are those that were reviewed".to_owned(),
        SecretReview::Unreviewed => "Its secrets were not reviewed".to_owned(),
        SecretReview::AcceptedUnseen => {
            let shown: Vec<String> = unseen.iter().map(|place| escape::line(place).into_owned()).collect();
            format!("The review did not see its secrets, which was accepted: {}", shown.join(", "))
        }
    }
}

fn outcome_text(outcome: &ActOutcome) -> String {
    match outcome {
        ActOutcome::Done { value } if is_gone(value) => "done: it is gone".to_owned(),
        ActOutcome::Done { .. } => "done".to_owned(),
        ActOutcome::Failed { kind, message } => {
            format!("failed ({}): {}", kind.name(), escape::line(message))
        }
        ActOutcome::Unknown { message } => format!("outcome unknown: {}", escape::line(message)),
    }
}

const fn is_gone(value: &Value) -> bool {
    value.is_null()
}

fn tone(event: &Event) -> Tone {
    match event {
        Event::Judged { judgement, .. } => words::verdict_tone(judgement.outcome),
        Event::Ended { outcome: ActOutcome::Failed { .. } | ActOutcome::Unknown { .. }, .. }
        | Event::Held { .. } => Tone::Bad,
        Event::LedgerBegan { .. }
        | Event::KeyNamed { .. }
        | Event::SecretsReviewed { .. }
        | Event::RunOpened { .. }
        | Event::Sourced { .. }
        | Event::Identified { .. }
        | Event::TurningBack { .. }
        | Event::VersionWithdrawn { .. }
        | Event::Intended(_)
        | Event::Referenced { .. }
        | Event::Ended { outcome: ActOutcome::Done { .. }, .. }
        | Event::Adopted { .. }
        | Event::Forgotten { .. }
        | Event::Verified { .. }
        | Event::Restored { .. }
        | Event::Moved { .. }
        | Event::OutputsSet { .. }
        | Event::ProvidersSet { .. }
        | Event::EpochBegan { .. }
        | Event::Released { .. }
        | Event::Checkpointed { .. }
        | Event::RunClosed { .. } => Tone::Normal,
    }
}

/// The verb of an act.
pub(super) const fn act(act: Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Update => "update",
        Act::Judge => "judge",
        Act::Destroy => "destroy",
    }
}

/// The stable word for a kind of event.
pub(in crate::view) const fn name_of_event(event: &Event) -> &'static str {
    match event {
        Event::LedgerBegan { .. } => "ledger_began",
        Event::KeyNamed { .. } => "key_named",
        Event::SecretsReviewed { .. } => "secrets_reviewed",
        Event::RunOpened { .. } => "run_opened",
        Event::Sourced { .. } => "sourced",
        Event::Identified { .. } => "identified",
        Event::TurningBack { .. } => "turning_back",
        Event::VersionWithdrawn { .. } => "version_withdrawn",
        Event::Intended(_) => "intended",
        Event::Referenced { .. } => "referenced",
        Event::Ended { .. } => "ended",
        Event::Judged { .. } => "judged",
        Event::Adopted { .. } => "adopted",
        Event::Forgotten { .. } => "forgotten",
        Event::Moved { .. } => "moved",
        Event::OutputsSet { .. } => "outputs_set",
        Event::ProvidersSet { .. } => "providers_set",
        Event::Verified { .. } => "verified",
        Event::Restored { .. } => "restored",
        Event::EpochBegan { .. } => "epoch_began",
        Event::Held { .. } => "held",
        Event::Released { .. } => "released",
        Event::Checkpointed { .. } => "checkpointed",
        Event::RunClosed { .. } => "run_closed",
    }
}
