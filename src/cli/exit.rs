//! How a command ends: exit codes, and the one place that turns errors into them. See `docs/exit-codes.md`.

use std::io::Write as _;

use super::terminal::Terminal;
use crate::diag::Diagnostics;
use crate::event::Ending;
use crate::ledger::LedgerError;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// An error.
    Error,
    /// There are changes (only with `-detailed-exitcode`).
    Changes,
    /// The command line is wrong.
    Usage,
    /// A check failed.
    CheckFailed,
    /// A check failed, and the live resources were turned back.
    RolledBack,
    /// Waits at a gate.
    Waiting,
    /// The plan is stale, or not the one that was reviewed.
    StalePlan,
    /// Somebody else holds the lock.
    Locked,
    /// Interrupted.
    Interrupted,
    /// Some actions may or may not have been done.
    Uncertain,
    /// The ledger is damaged or cannot be written.
    Ledger,
    /// A person said no.
    Declined,
    /// A backup is not what was taken, or cannot be restored.
    Damaged,
    /// A check could not tell, or could not be made.
    Inconclusive,
}

impl Exit {
    /// The number for the shell.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Usage => 3,
            Self::CheckFailed => 4,
            Self::RolledBack => 5,
            Self::Waiting => 6,
            Self::StalePlan => 7,
            Self::Locked => 8,
            Self::Interrupted => 9,
            Self::Uncertain => 10,
            Self::Ledger => 11,
            Self::Declined => 12,
            Self::Damaged => 13,
            Self::Inconclusive => 14,
        }
    }

    /// A stable word for it, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "error",
            Self::Changes => "changes",
            Self::Usage => "usage",
            Self::CheckFailed => "check_failed",
            Self::RolledBack => "rolled_back",
            Self::Waiting => "waiting",
            Self::StalePlan => "stale_plan",
            Self::Locked => "locked",
            Self::Interrupted => "interrupted",
            Self::Uncertain => "uncertain",
            Self::Ledger => "ledger",
            Self::Declined => "declined",
            Self::Damaged => "damaged",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The exit of a run.
    #[must_use]
    pub const fn of_run(ending: Ending) -> Self {
        match ending {
            Ending::Complete => Self::Done,
            Ending::Failed => Self::Error,
            Ending::CheckFailed => Self::CheckFailed,
            Ending::RolledBack => Self::RolledBack,
            Ending::Waiting => Self::Waiting,
            Ending::Inconclusive => Self::Inconclusive,
            Ending::Interrupted => Self::Interrupted,
            Ending::Uncertain => Self::Uncertain,
        }
    }
}

/// Why a command could not be carried out.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something is wrong with the files or what they describe.
    Found(Diagnostics, Exit),
    /// The ledger refused.
    Ledger(LedgerError),
    /// Anything else, in a full sentence, with how to mend it.
    Message { exit: Exit, message: String, help: String },
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Message { exit, message: message.into(), help: String::new() }
    }

    pub(super) fn error(message: impl Into<String>) -> Self {
        Self::new(Exit::Error, message)
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        if let Self::Message { help, .. } = &mut self {
            *help = text.into();
        }
        self
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Found(_, exit) | Self::Message { exit, .. } => *exit,
            Self::Ledger(LedgerError::Lock(_)) => Exit::Locked,
            Self::Ledger(_) => Exit::Ledger,
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<Diagnostics> for Failure {
    fn from(found: Diagnostics) -> Self {
        Self::Found(found, Exit::Error)
    }
}

/// What clap says, and the exit that goes with it: help and version are no errors.
pub(super) fn of_clap(error: &clap::Error) -> Exit {
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    if error.use_stderr() {
        return Exit::Usage;
    }
    if let Err(error) = printed {
        Terminal::lose(error);
    }
    Exit::Done
}

/// The exit of a command whose output may have been lost: with an error it cannot be taken for the whole. An exit that
/// is none of success tells more, and stays.
pub(super) fn with_output(exit: Exit) -> Exit {
    let Some(error) = Terminal::lost() else { return exit };
    let is_success = matches!(exit, Exit::Done | Exit::Changes);
    let help = if is_success { "Everything but that was done." } else { "It failed for another reason too." };
    Terminal::warn(&format!("Error: The output could not be written: {error}.\n\n{help}\n"));
    if is_success { Exit::Error } else { exit }
}

/// The command could not even begin.
pub(super) fn failed_to_start(message: &str) -> Exit {
    let _ = writeln!(std::io::stderr(), "Error: {message}");
    Exit::Error
}
