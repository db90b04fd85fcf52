//! The words that every view uses for the same thing: actions, kinds, endings, amounts and times.

use std::time::Duration;

use relplan_contract::{Lifetime, Outcome};

use super::escape;
use super::sheet::Mark;
use super::style::Tone;
use crate::event::{Ending, EntryKey, RunMode};
use crate::plan::secrets::Witness;
use crate::plan::{Action, CautionKind};

/// `1 check`, `2 checks`.
#[must_use]
pub fn amount(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A duration as Terraform writes it: whole seconds, with minutes and hours where there are some.
#[must_use]
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}

/// An object for people: its address, and for a record of which version it is.
#[must_use]
pub fn object(key: &EntryKey) -> String {
    let address = escape::shown(&key.address);
    match &key.version {
        Some(_) if key.is_deposed() => format!("{address} (deposed)"),
        Some(version) => format!("{address} (record of {})", escape::line(version)),
        None => address,
    }
}

/// The line about the secrets of a plan; none where there are none.
#[must_use]
pub fn secrets(witness: Witness) -> Option<String> {
    match witness {
        Witness::Absent => None,
        Witness::Unseen => Some(
            "Secrets not compared: the key of the ledger is not at hand, so that another value would not be noticed."
                .to_owned(),
        ),
        Witness::Seen(fingerprint) => Some(format!("Secrets: {fingerprint}")),
    }
}

/// The mark of an action in diffs and legends.
#[must_use]
pub const fn mark(action: Action) -> Mark {
    match action {
        Action::Create => Mark::Add,
        Action::Update => Mark::Change,
        Action::Replace { create_first: false } => Mark::Replace,
        Action::Replace { create_first: true } => Mark::ReplaceCreateFirst,
        Action::Destroy => Mark::Remove,
        Action::Judge => Mark::Judge,
        Action::Forget => Mark::Forget,
        Action::Read => Mark::Read,
    }
}

/// The stable word of an action, for programs and tables.
#[must_use]
pub const fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { .. } => "replace",
        Action::Destroy => "destroy",
        Action::Judge => "judge",
        Action::Forget => "forget",
        Action::Read => "read",
    }
}

/// The stable word of a caution's kind.
#[must_use]
pub const fn caution(kind: CautionKind) -> &'static str {
    match kind {
        CautionKind::Uncertain => "uncertain",
        CautionKind::Held => "held",
        CautionKind::WouldStop => "would_stop",
        CautionKind::Destructive => "destructive",
        CautionKind::Irreversible => "irreversible",
        CautionKind::NewServer => "new_server",
        CautionKind::NoWayBack => "no_way_back",
        CautionKind::Downgrade => "downgrade",
        CautionKind::Kept => "kept",
        CautionKind::Drift => "drift",
        CautionKind::LetGo => "let_go",
        CautionKind::Marking => "marking",
        CautionKind::Partial => "partial",
    }
}

/// The stable word of a mode.
#[must_use]
pub const fn mode(mode: RunMode) -> &'static str {
    match mode {
        RunMode::Apply => "apply",
        RunMode::Destroy => "destroy",
        RunMode::Rollback => "rollback",
        RunMode::Refresh => "refresh",
        RunMode::State => "state",
    }
}

/// The stable word of an ending.
#[must_use]
pub const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Complete => "complete",
        Ending::Failed => "failed",
        Ending::CheckFailed => "check_failed",
        Ending::RolledBack => "rolled_back",
        Ending::Inconclusive => "inconclusive",
        Ending::Waiting => "waiting",
        Ending::Interrupted => "interrupted",
        Ending::Uncertain => "uncertain",
    }
}

/// The colour of a verdict.
#[must_use]
pub const fn verdict_tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Pending | Outcome::Inconclusive => Tone::Notice,
        Outcome::Error | Outcome::Failed => Tone::Bad,
    }
}

/// What a kind of resource means, in one sentence.
#[must_use]
pub const fn lifetime(lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::Record => {
            "Made once for one version of the release, and then a fact: later versions make their own and leave \
             this one alone."
        }
        Lifetime::Live => {
            "One current value of the product across all versions: a new version updates it in place, and an older \
             release file turns it back."
        }
        Lifetime::Check => {
            "A verdict on exactly what it judged: it holds until an input, or a live resource that it depends on, \
             changes."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_terraforms() {
        let written = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!([written(0), written(59), written(60), written(3_725)], ["0s", "59s", "1m0s", "1h2m5s"]);
    }

    #[test]
    fn amounts_agree_in_number() {
        assert_eq!(
            [amount(0, "check"), amount(1, "check"), amount(2, "check")],
            ["0 checks", "1 check", "2 checks"]
        );
    }
}
