//! Commands to type next, as they can be typed: with the folder that this one went to, what it was given for variables,
//! and the part that it was for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use relplan_contract::{Tree, Type, Value};

use super::args::ReleaseArgs;
use super::context::Context;
use super::ledger;
use super::load::Loaded;
use crate::addr::Target;
use crate::event::RunMode;
use crate::lang::config::Config;
use crate::plan::{Commands, Options};
use crate::shell;

impl Context {
    /// A command with words that are quoted already.
    pub(super) fn typed(&self, verb: &str, words: &[String]) -> String {
        let mut all = vec![format!("relplan {verb}")];
        all.extend(self.chdir.as_ref().map(|folder| shell::word(&format!("-chdir={}", folder.display()))));
        all.extend(words.iter().cloned());
        all.join(" ")
    }
}

/// Commands about a release: again what is done now, and those about its ledger.
pub(super) fn of_release(context: &Context, loaded: &Loaded, options: &Options) -> Commands {
    let verb = match options.mode {
        RunMode::Destroy => "destroy",
        RunMode::Refresh => "apply -refresh-only",
        RunMode::Apply | RunMode::Rollback | RunMode::State => "apply",
    };
    let mut words = loaded.again.clone();
    words.extend(parts("target", &options.targets));
    words.extend(parts("exclude", &options.excludes));
    Commands {
        again: context.typed(verb, &words),
        ledger: Arc::new(of_ledger(context, loaded.folder(), &loaded.config.product)),
    }
}

/// `-target 'ADDRESS'`, for each.
pub(super) fn parts(flag: &str, targets: &[Target]) -> Vec<String> {
    targets.iter().map(|target| format!("-{flag} {}", shell::quoted(&target.to_string()))).collect()
}

/// The words by which a release and its variables are given again; a secret is left for the person to fill in.
pub(super) fn release(args: &ReleaseArgs, config: &Config) -> Vec<String> {
    let mut words = variables(args, config, false);
    let folders = args.allow_read.iter();
    words.extend(folders.map(|folder| shell::word(&format!("-allow-read={}", folder.display()))));
    words.extend(args.file.as_deref().map(shell::path));
    words
}

/// The words that give variables; with `secrets_only`, what a saved plan does not hold.
pub(super) fn variables(args: &ReleaseArgs, config: &Config, secrets_only: bool) -> Vec<String> {
    let is_secret = |name: &str| config.root.variables.get(name).is_some_and(|variable| variable.sensitive);
    let has_secrets = config.root.variables.values().any(|variable| variable.sensitive);
    let mut words = Vec::new();
    for text in &args.vars {
        let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name.trim());
        if is_secret(name) {
            words.push(format!("-var {}", shell::quoted(&format!("{name}=..."))));
        } else if !secrets_only {
            words.push(format!("-var {}", shell::word(text)));
        }
    }
    if has_secrets || !secrets_only {
        let files = args.var_files.iter();
        words.extend(files.map(|file| shell::word(&format!("-var-file={}", file.display()))));
    }
    words
}

/// The words that give a value of a saved plan again, where it can be written as a text.
pub(super) fn variable(name: &str, value: &Value) -> Option<String> {
    let text = Type::String.convert(value).ok()?;
    Some(format!("-var {}", shell::word(&format!("{name}={}", text.as_str()?))))
}

/// Gives the words that lead a command to a ledger, with a space before each; none where it is found by itself.
pub(super) fn of_ledger(
    context: &Context,
    folder: &Path,
    product: &str,
) -> impl Fn() -> String + Send + Sync + 'static {
    let chdir = context.chdir.as_ref().map(|folder| shell::word(&format!("-chdir={}", folder.display())));
    let here = Tree::lexical(&context.directory);
    let (folder, product) = (Tree::lexical(folder), product.to_owned());
    move || {
        let mut words: Vec<String> = chdir.iter().cloned().collect();
        let is_found =
            folder == here || (folder == here.join("releases") && ledger::products(&here).is_empty());
        if !is_found {
            let near = folder.strip_prefix(&here).map_or_else(|_| folder.clone(), PathBuf::from);
            words.push(shell::word(&format!("-dir={}", near.display())));
        }
        if ledger::products(&folder).iter().any(|other| *other != product) {
            words.push(shell::word(&format!("-product={product}")));
        }
        words.iter().flat_map(|word| [" ", word]).collect()
    }
}
