//! The arguments, as clap reads them. Terraform's single-dash flags work like those with two.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Terraform's plan and apply, for releases.
///
/// A release file says what a release consists of; `plan` shows exactly what releasing will do, `apply` does it.
#[derive(Debug, Parser)]
#[command(name = "relplan", disable_version_flag = true, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Go to this folder first.
    #[arg(long, global = true, value_name = "DIR")]
    pub chdir: Option<PathBuf>,
    /// No colours.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Log what is done to standard error; twice, in more detail. See `RELPLAN_LOG`.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Write the first release files, from what another tool knows.
    Init(InitArgs),
    /// Show what releasing will do.
    Plan(PlanArgs),
    /// Do what the plan shows.
    Apply(ApplyArgs),
    /// Turn live resources back to the last known good version.
    Rollback(RollbackArgs),
    /// End a version for good: it is not released, nor gone back to, any more.
    Withdraw(WithdrawArgs),
    /// Destroy the live resources.
    Destroy(ApplyArgs),
    /// Show the state, or a saved plan.
    Show(ShowArgs),
    /// Look at the state, and change what it knows.
    State(StateArgs),
    /// Show the outputs of the last run.
    Output(OutputArgs),
    /// Check the files without looking at anything outside.
    Validate(ValidateArgs),
    /// Bring files into the canonical form.
    Fmt(FmtArgs),
    /// Show what depends on what.
    Graph(GraphArgs),
    /// Force the lock open.
    ForceUnlock(ForceUnlockArgs),
    /// Write a backup that a record holds to a new file.
    Restore(RestoreArgs),
    /// Prove a backup that a record holds, once more.
    Verify(VerifyArgs),
    /// Show the backups that the state knows.
    Snapshots(SnapshotsArgs),
    /// Show the types of resources and data sources.
    Providers(ProvidersArgs),
    /// Show the version.
    Version,
    /// Print a completion script for a shell.
    Completion(CompletionArgs),
}

/// Which release, and with which variables.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ReleaseArgs {
    /// Release file or folder. Without one: the file in this folder, else the highest version under releases/ that
    /// is not wholly applied.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Give a variable a value.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub vars: Vec<String>,
    /// Read values of variables from a file.
    #[arg(long = "var-file", value_name = "FILE")]
    pub var_files: Vec<PathBuf>,
    /// Let providers read what the release names in this folder outside of its tree: keys, certificates, databases.
    /// Also from `RELPLAN_ALLOW_READ`, with : between several.
    #[arg(long, value_name = "DIR")]
    pub allow_read: Vec<PathBuf>,
}

/// What is planned.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct SelectArgs {
    /// Plan only this, and what it depends on.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Leave this out, and what depends on it.
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<String>,
    /// Replace this, or make it again, even if nothing changed.
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,
    /// Whether to look at the outside first.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = clap::ArgAction::Set)]
    pub refresh: bool,
    /// Only take what is found outside into the state.
    #[arg(long)]
    pub refresh_only: bool,
    /// Destroy the live resources.
    #[arg(long)]
    pub destroy: bool,
    /// How many at the same time.
    #[arg(long, value_name = "N", default_value = "10")]
    pub parallelism: usize,
}

/// How to wait for the lock.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct LockArgs {
    /// How long to wait for the lock: 30s, 5m.
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
}

#[derive(Clone, Debug, Args)]
pub(super) struct InitArgs {
    /// Take organisations, topics and versions from blastoff's file.
    #[arg(long, value_name = "org-versions.json")]
    pub from_blastoff: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub release: ReleaseArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    /// Save the plan for `relplan apply PLANFILE`.
    #[arg(long, value_name = "PLANFILE")]
    pub out: Option<PathBuf>,
    /// Leave with 2 when there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Run no command and open no connection: for files that nobody has read yet.
    #[arg(long)]
    pub no_exec: bool,
    /// Write the plan into this pull request, as one comment that is edited in place.
    #[arg(long, value_name = "[OWNER/NAME#]NUMBER")]
    pub pr: Option<String>,
    /// Show the plan with a warning where the token may not write into the pull request, as for one from a fork.
    #[arg(long, requires = "pr")]
    pub pr_optional: bool,
    /// How to show the plan.
    #[arg(long, value_enum, default_value = "text")]
    pub format: PlanFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// For a terminal.
    Text,
    /// For a pull request.
    Markdown,
    /// For programs.
    Json,
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    pub release: ReleaseArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Refuse unless this is the digest of what would be done, and the fingerprint of its secrets.
    #[arg(long, value_name = "sha256:...[+hmac-sha256:...]")]
    pub plan_digest: Option<String>,
    /// Refuse unless what would be done is what was reviewed in this pull request, in relplan's own comment.
    #[arg(long, value_name = "[OWNER/NAME#]NUMBER", conflicts_with = "plan_digest")]
    pub reviewed_pr: Option<String>,
    /// Take secrets that the review did not see, as when it was planned without the key of the ledger. Recorded.
    #[arg(long)]
    pub accept_unseen_secrets: bool,
    /// Wait at gates, for at most this long: 30m, 2h.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "1h")]
    pub wait: Option<String>,
    /// Do this again although the outcome of the last try is not known: you have looked.
    #[arg(long, value_name = "ADDRESS")]
    pub retry: Vec<String>,
    /// Take this as done although the outcome is not known, or take over what is live there: you have looked.
    #[arg(long, value_name = "ADDRESS")]
    pub accept: Vec<String>,
}

/// Whose state.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct LedgerArgs {
    /// Folder of the release files, in which .relplan is.
    #[arg(long, value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
    /// Name of the product, where there are several.
    #[arg(long, value_name = "NAME", global = true)]
    pub product: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Turn back to what this version had made.
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Only this live resource.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Do it again although the outcome of the last try is not known: you have looked, and it was not done.
    #[arg(long, value_name = "ADDRESS")]
    pub retry: Vec<String>,
    /// Take it as done although the outcome is not known: you have looked, and it was done.
    #[arg(long, value_name = "ADDRESS")]
    pub accept: Vec<String>,
    /// Whether to look at the live resources first.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = clap::ArgAction::Set)]
    pub refresh: bool,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Show what would be done, and stop.
    #[arg(long)]
    pub plan: bool,
    #[command(flatten)]
    pub lock: LockArgs,
    /// How many at the same time.
    #[arg(long, value_name = "N", default_value = "10")]
    pub parallelism: usize,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ShowArgs {
    /// A saved plan; without one the state is shown.
    #[arg(value_name = "PLANFILE")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct StateArgs {
    #[command(subcommand)]
    pub verb: StateVerb,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum StateVerb {
    /// List every object.
    List {
        /// Only these.
        #[arg(value_name = "ADDRESS")]
        addresses: Vec<String>,
    },
    /// Show one object.
    Show {
        /// Which.
        #[arg(value_name = "ADDRESS")]
        address: String,
    },
    /// Show what happened.
    History {
        /// Only to this object.
        #[arg(value_name = "ADDRESS")]
        address: Option<String>,
        #[command(flatten)]
        filter: HistoryFilter,
    },
    /// Check every record of the ledger.
    Verify {
        /// The ledger must contain the record with this hash.
        #[arg(long, value_name = "sha256:...")]
        head: Option<String>,
    },
    /// Let go of objects without touching them.
    Rm {
        /// Which; a record's version is given as ADDRESS@VERSION.
        #[arg(value_name = "ADDRESS", required = true)]
        addresses: Vec<String>,
    },
    /// Give an object another address.
    Mv {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// Print the ledger.
    Pull,
    /// Release a live resource that is on hold.
    Release {
        /// Which.
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// Why it may be touched again.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct OutputArgs {
    /// Only this one.
    pub name: Option<String>,
    /// Print a text or number as it is.
    #[arg(long)]
    pub raw: bool,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    pub release: ReleaseArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct FmtArgs {
    /// Files and folders; - reads standard input. Without any: this folder.
    pub paths: Vec<PathBuf>,
    /// Change nothing; leave with 1 when something is not in the canonical form.
    #[arg(long)]
    pub check: bool,
    /// Show what changes.
    #[arg(long)]
    pub diff: bool,
    /// Also folders below.
    #[arg(long)]
    pub recursive: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct GraphArgs {
    #[command(flatten)]
    pub release: ReleaseArgs,
    /// In which language.
    #[arg(long, value_enum, default_value = "dot")]
    pub format: GraphFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// Graphviz.
    Dot,
    /// Mermaid, as GitHub shows it.
    Mermaid,
}

#[derive(Clone, Debug, Args)]
pub(super) struct WithdrawArgs {
    /// Which.
    pub version: String,
    /// Why; goes into the ledger.
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ForceUnlockArgs {
    /// The lock's id, as the message says that refused you.
    pub id: String,
    /// Why the holder is forced out; goes into the ledger.
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// What stands in the place of arguments that the record was made with.
#[derive(Clone, Debug, Args)]
pub(super) struct MeansArgs {
    /// Another value for an argument that says how the record is reached: `identity_file=/mnt/key`, `scratch.directory=/mnt`.
    #[arg(long = "with", value_name = "NAME=VALUE")]
    pub with: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RestoreArgs {
    /// The record that holds the backup; its version is given as ADDRESS@VERSION.
    pub address: String,
    /// The new file, or the URL of the database. A password in it goes into no ledger.
    #[arg(long, value_name = "FILE|URL")]
    pub into: String,
    /// Put a database or file that is there aside, under another name.
    #[arg(long)]
    pub over: bool,
    /// The name of the database or file, typed once more: where nobody can be asked.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    #[command(flatten)]
    pub means: MeansArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct VerifyArgs {
    /// The record that holds the backup; its version is given as ADDRESS@VERSION.
    pub address: String,
    /// How: `checksum`, `read` or `restore`. Default: as it was verified when it was taken.
    #[arg(long, value_name = "WAY")]
    pub how: Option<String>,
    #[command(flatten)]
    pub means: MeansArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct SnapshotsArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ProvidersArgs {
    /// Only this provider or type.
    pub name: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct CompletionArgs {
    /// For which shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// The arguments with `-name` written as `--name`, as Terraform's users type them. What stands behind `--` and what
/// is only one letter stays as it is.
pub(super) fn normalised(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut literal = false;
    let normalise = |argument: OsString| {
        let Some(text) = argument.to_str() else { return argument };
        literal |= text == "--";
        let flag = text
            .strip_prefix('-')
            .filter(|name| name.len() > 1 && name.starts_with(|c: char| c.is_ascii_lowercase()));
        match flag {
            // -v, -vv: short ones, which can be given more than once.
            Some(name) if name.bytes().all(|byte| byte == b'v') => argument,
            Some(name) if !literal => format!("--{name}").into(),
            _ => argument,
        }
    };
    arguments.into_iter().map(normalise).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        let typed = ["relplan", "plan", "-var", "a=-b", "-out=x", "-vv", "-h", "-", "--", "-x.hcl"]
            .map(OsString::from);
        let read = ["relplan", "plan", "--var", "a=-b", "--out=x", "-vv", "-h", "-", "--", "-x.hcl"]
            .map(OsString::from);
        assert_eq!(normalised(typed.to_vec()), read);
    }
}

/// Which runs of a history are shown.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct HistoryFilter {
    /// Only runs of this version of the release.
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// Only what was recorded at or after this time: 2026-05-01, 2026-05-01T12:00Z, or a duration before now, as 12h.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only what was recorded before this time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only what this person did or approved: a login, a user, an author, or part of one.
    #[arg(long, value_name = "PERSON")]
    pub by: Option<String>,
}
