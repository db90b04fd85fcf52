//! [`Context`]: what every verb works with: where we are, what stands ready, how to print.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relplan_contract::{Clock, Masks, Place, Provider, Redactor, Usage};

use super::args::Global;
use super::clock::SystemClock;
use super::exit::{Exit, Failure};
use super::log;
use super::terminal::Terminal;
use super::threads::Runtime;
use crate::diag::{Diagnostic, Diagnostics, render};
use crate::event::Actor;
use crate::ledger::lock::Holder;
use crate::plan::Registry;
use crate::source::Sources;
use crate::view::annotations;
use crate::view::escape::inert;
use crate::view::json::{self, Deed};
use crate::view::style::Palette;

/// What the names of environment variables begin with that give values to the variables of a release.
pub(super) const VARIABLE_PREFIX: &str = "RELPLAN_VAR_";

/// What the names of environment variables begin with that say which key the ledger's fingerprints are made with.
pub(super) const KEY_PREFIX: &str = "RELPLAN_LEDGER_KEY";

/// What every verb works with.
pub(super) struct Context {
    /// The folder that relative paths start in.
    pub directory: PathBuf,
    /// The folder that the command line goes to first, as it was typed.
    pub chdir: Option<PathBuf>,
    /// The environment of the process, but for what is in `given` and `key`.
    pub environment: Arc<BTreeMap<String, String>>,
    /// The variables of the environment that begin with [`VARIABLE_PREFIX`].
    pub given: BTreeMap<String, String>,
    /// Those that begin with [`KEY_PREFIX`].
    pub key: BTreeMap<String, String>,
    pub terminal: Terminal,
    pub json: bool,
    pub clock: Arc<dyn Clock>,
    pub registry: Arc<Registry>,
    pub sources: Sources,
    /// The command as typed, for the ledger and the lock.
    pub command: String,
    /// What was asked of outside systems.
    pub usage: Arc<Usage>,
    /// Masks what is printed and logged: what is learned of secrets on the way counts at once.
    pub masks: Arc<Masks>,
}

impl Context {
    pub(super) fn new(global: &Global, providers: Vec<Arc<dyn Provider>>) -> Result<Self, String> {
        #[expect(clippy::disallowed_methods, reason = "the one place that finds out where we are")]
        let current = std::env::current_dir()
            .map_err(|error| format!("The current folder cannot be found: {error}."))?;
        let directory = global.chdir.as_ref().map_or(current.clone(), |folder| current.join(folder));
        if !directory.is_dir() {
            return Err(format!("There is no folder {}.", directory.display()));
        }
        #[allow(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment, for all others"
        )]
        let everything = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        // Values for the release's variables are for nobody else: no command that is started gets to see them.
        let (given, environment): (BTreeMap<_, _>, BTreeMap<_, _>) =
            everything.partition(|(name, _)| name.starts_with(VARIABLE_PREFIX));
        let (key, environment): (BTreeMap<_, _>, BTreeMap<_, _>) =
            environment.into_iter().partition(|(name, _)| name.starts_with(KEY_PREFIX));
        let no_color = global.no_color || environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        let masks = Arc::default();
        log::start(global.verbose, &environment, &directory, &masks)?;
        let ci = environment.get("CI").is_some_and(|value| !value.is_empty() && value != "false");
        Ok(Self {
            directory,
            chdir: global.chdir.clone(),
            terminal: Terminal::new(no_color || global.json, ci),
            json: global.json,
            clock: Arc::new(SystemClock),
            registry: Arc::new(Registry::new(providers)),
            sources: Sources::default(),
            command: command_line(),
            environment: Arc::new(environment),
            given,
            key,
            usage: Arc::default(),
            masks,
        })
    }

    pub(super) fn palette(&self) -> Palette {
        Palette::new(self.terminal.colour)
    }

    /// For programs, prints what was asked of outside systems; nothing where nobody counts.
    pub(super) fn print_usage(&self) {
        let totals = self.usage.totals();
        if self.json && !totals.is_empty() {
            self.print(&json::to_line(&json::usage(&totals)));
        }
    }

    /// Masks these texts in whatever is printed from now on.
    pub(super) fn mask(&self, secrets: &BTreeSet<String>) {
        self.masks.set(Arc::new(Redactor::new(secrets.iter().map(String::as_str))));
    }

    /// Prints text with every known secret masked, and no line in it that is a command to a CI's runner.
    pub(super) fn print(&self, text: &str) {
        Terminal::print(&inert(&self.masks.mask(text)));
    }

    /// Prints what a program wants byte for byte, with every known secret masked.
    pub(super) fn print_exactly(&self, text: &str) {
        Terminal::print(&self.masks.mask(text));
    }

    /// The text with every known secret masked.
    pub(super) fn masked(&self, text: &str) -> String {
        self.masks.mask(text)
    }

    pub(super) fn print_line(&self, text: &str) {
        self.print(&format!("{text}\n"));
    }

    /// Says what a verb did.
    pub(super) fn print_done(&self, verb: &str, deeds: &[Deed]) {
        if self.json {
            return self.print(&json::to_line(&json::done(verb, deeds)));
        }
        for deed in deeds {
            self.print_line(&deed.text);
        }
    }

    /// Says that there is nothing to do.
    pub(super) fn print_nothing(&self, prepared: &super::planning::Prepared) {
        let format = if self.json { super::args::PlanFormat::Json } else { super::args::PlanFormat::Text };
        super::plan::show(self, prepared, format);
    }

    pub(super) fn warn(&self, text: &str) {
        Terminal::warn(&inert(&self.masks.mask(text)));
    }

    /// A path from the command line.
    pub(super) fn path(&self, argument: &Path) -> PathBuf {
        self.directory.join(argument)
    }

    /// Prints warnings to standard error.
    pub(super) fn show(&self, found: &Diagnostics) {
        if !found.is_empty() {
            self.warn(&self.rendered(found));
            self.annotate(found);
        }
    }

    fn rendered(&self, found: &Diagnostics) -> String {
        let style = render::Style { color: self.terminal.colour, ..render::Style::PLAIN };
        render::text(found, &self.sources, style)
    }

    /// Marks findings on their lines: the only commands to a runner that are meant.
    fn annotate(&self, found: &Diagnostics) {
        if self.environment.get("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
            let top = self.environment.get("GITHUB_WORKSPACE").map(Path::new);
            let folder = top.and_then(|top| self.directory.strip_prefix(top).ok()).unwrap_or(Path::new(""));
            let text = annotations::annotations(found, &self.sources, folder);
            Terminal::warn(&self.masks.mask(&text));
        }
    }

    /// Prints why the command failed, and gives its exit.
    pub(super) fn fail(&self, failure: Failure) -> Exit {
        let exit = failure.exit();
        if self.json {
            self.print(&self.failure_json(&failure, exit));
            return exit;
        }
        let text = match failure {
            Failure::Found(found, _) => {
                self.show(&found);
                return exit;
            }
            Failure::Ledger(error) => error_text(&format!("{}.", sentence(&error.to_string())), error.help()),
            Failure::Message { message, help, .. } => error_text(&message, &help),
        };
        self.warn(&text);
        exit
    }

    fn failure_json(&self, failure: &Failure, exit: Exit) -> String {
        let found = match failure {
            Failure::Found(found, _) => found.clone(),
            Failure::Ledger(error) => {
                let message = format!("{}.", sentence(&error.to_string()));
                Diagnostic::error("Ledger", message).help(error.help()).into()
            }
            Failure::Message { message, help, .. } => {
                Diagnostic::error("Error", message.clone()).help(help.clone()).into()
            }
        };
        let mut json = json::diagnostics(&found, &self.sources);
        if let Some(map) = json.as_object_mut() {
            map.insert("exit".to_owned(), exit.name().into());
            map.insert("code".to_owned(), exit.code().into());
        }
        json::to_line(&json)
    }

    /// Who is at work, as far as that can be found out.
    pub(super) fn actor(&self) -> Actor {
        super::actor::actor(&self.environment)
    }

    /// What the lock file tells others of us.
    pub(super) fn holder(&self, id: String) -> Holder {
        let Actor { user, host, job, login, .. } = self.actor();
        let user = if login.is_empty() { user } else { format!("{login} ({user})") };
        Holder {
            id,
            user,
            host,
            pid: std::process::id(),
            namespace: Place::here().map(|place| place.namespace().to_owned()).unwrap_or_default(),
            command: self.command.clone(),
            since_ms: self.now_ms(),
            job,
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// A runtime for what waits: providers, signals. Up to `parallelism` calls at the same time may block their
    /// thread, which providers should not do, and the deadlines of all are still kept.
    pub(super) fn runtime(parallelism: usize) -> Result<Runtime, Failure> {
        Runtime::start(parallelism)
    }
}

/// The command as typed; values of variables are left out, since they may be secrets.
fn command_line() -> String {
    let mut words = Vec::new();
    let mut hide = false;
    for argument in std::env::args_os().skip(1) {
        let text = without_password(&argument.to_string_lossy());
        let name = text.trim_start_matches('-').split('=').next().unwrap_or_default();
        if hide {
            words.push(format!("{}=...", text.split('=').next().unwrap_or_default()));
            hide = false;
        } else if text.starts_with('-') && name == "var" && text.matches('=').count() >= 2 {
            let shown: Vec<&str> = text.splitn(3, '=').take(2).collect();
            words.push(format!("{}=...", shown.join("=")));
        } else {
            hide = text.starts_with('-') && name == "var";
            words.push(text);
        }
    }
    format!("relplan {}", words.join(" "))
}

/// A URL without the password in it.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (server, path) = rest.split_at(end);
    match server.rsplit_once('@').map(|(who, server)| (who.split_once(':'), server)) {
        Some((Some((user, _)), server)) => format!("{scheme}://{user}:...@{server}{path}"),
        _ => text.to_owned(),
    }
}

/// A failure as it is printed.
fn error_text(message: &str, help: &str) -> String {
    if help.is_empty() { format!("Error: {message}\n") } else { format!("Error: {message}\n\n{help}\n") }
}

/// The clause as a sentence without its full stop.
fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str().trim_end_matches('.'))
}
