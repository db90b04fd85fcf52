//! [`Reason`]: why something is done. Every view prints it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{Outcome, Path};

use crate::addr::Address;

/// Why an instance is touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It was never made.
    NeverMade,
    /// A record of another version of the release exists; this version has none yet.
    NewVersion {
        /// This version.
        version: Arc<str>,
    },
    /// The file says something else than when it was last done.
    InputsChanged(Vec<Path>),
    /// It was changed from outside.
    Drifted(Vec<Path>),
    /// It was deleted from outside.
    Gone,
    /// The last try to make it failed half-way.
    Tainted,
    /// What it judged, or something else that it depends on, has changed.
    UpstreamChanged(Vec<Address>),
    /// A check has a verdict, which is of another version of the release.
    VerdictOf {
        /// That version.
        version: Arc<str>,
    },
    /// Its verdict was valid for so long only.
    Expired(Duration),
    /// A gate over the outside: it is looked at again before anything that it guards begins.
    Guards,
    /// Its last verdict was none that holds.
    Unsettled(Outcome),
    /// `-replace` names it.
    Requested,
    /// `replace_triggered_by` names something that changes.
    TriggeredBy(Vec<String>),
    /// A changed part cannot be changed in place.
    Immutable(Vec<Path>),
    /// It left the file.
    LeftFile,
    /// A `removed` block names it.
    Removed,
    /// `-destroy` asks for it.
    DestroyAsked,
    /// It is turned back.
    TurnedBack {
        /// To what this version of the release had made.
        version: Arc<str>,
    },
    /// `-retry` names it after a lost outcome.
    Retried,
    /// An earlier replacement left the old object behind.
    Deposed,
    /// It is destroyed before what it depends on is, and made anew behind that.
    MakesRoom,
    /// Its arguments are known only during apply.
    ArgumentsUnknown,
}

impl fmt::Display for Reason {
    /// A clause for the plan: `input changed: version`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverMade => f.write_str("never made"),
            Self::NewVersion { version } => write!(f, "not made yet for version {version}"),
            Self::InputsChanged(paths) => write!(f, "input changed: {}", list(paths)),
            Self::Drifted(paths) => write!(f, "changed from outside: {}", list(paths)),
            Self::Gone => f.write_str("deleted from outside"),
            Self::Tainted => f.write_str("the last try failed half-way"),
            Self::UpstreamChanged(addresses) if addresses.is_empty() => {
                f.write_str("something that it depends on is gone")
            }
            Self::UpstreamChanged(addresses) => write!(f, "changed since it was judged: {}", list(addresses)),
            Self::VerdictOf { version } => write!(f, "its verdict is of version {version}"),
            Self::Expired(valid_for) => {
                write!(f, "its verdict was valid for {}", humantime(*valid_for))
            }
            Self::Guards => f.write_str("looked at again before what it guards begins"),
            Self::Unsettled(outcome) => write!(f, "the last verdict was {}", outcome.name()),
            Self::Requested => f.write_str("asked for with -replace"),
            Self::TriggeredBy(names) => write!(f, "replacement triggered by {}", list(names)),
            Self::Immutable(paths) => write!(f, "cannot be changed in place: {}", list(paths)),
            Self::LeftFile => f.write_str("no longer in the file"),
            Self::Removed => f.write_str("a removed block names it"),
            Self::DestroyAsked => f.write_str("asked for with -destroy"),
            Self::TurnedBack { version } => write!(f, "turned back to version {version}"),
            Self::Retried => f.write_str("asked for with -retry"),
            Self::Deposed => f.write_str("a new one takes its place"),
            Self::MakesRoom => f.write_str("what it depends on is replaced"),
            Self::ArgumentsUnknown => f.write_str("its arguments are known only during apply"),
        }
    }
}

/// A duration as it is written in a file: `1h30m`.
fn humantime(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts =
        [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let shown: String = parts.flat_map(|(count, unit)| [count.to_string(), (*unit).to_owned()]).collect();
    if shown.is_empty() { format!("{}ms", duration.as_millis()) } else { shown }
}

/// At most this many names are written out.
const SHOWN: usize = 5;

fn list<T: fmt::Display>(items: &[T]) -> String {
    let shown: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    let rest = items.len().saturating_sub(SHOWN);
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}
