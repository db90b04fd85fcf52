//! What the verbs about backups share: which object is meant, and a call about it that a person can interrupt.

use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Answer, Cancel, Context as Call, Problem, ProblemKind, Progress, Resource, Tree, Value,
};

use super::args::{LedgerArgs, LockArgs, MeansArgs};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use super::{ledger, means, planning, signals, state};
use crate::event::{Ending, EntryKey, Event, RunMode};
use crate::plan::Providers;
use crate::run::call::{Fault, Foreign, guarded};
use crate::run::surroundings::Surroundings;
use crate::state::Entry;

/// How long a backup may take to be restored or proven: a person waits for it, and ends it when that is too long.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// An object that holds a backup, and who can handle it.
pub(super) struct Backup {
    pub key: EntryKey,
    pub entry: Entry,
    /// The object, as it is handled today.
    pub object: Value,
    pub resource: Arc<dyn Resource>,
    folder: std::path::PathBuf,
    product: String,
    surroundings: Surroundings,
}

impl Backup {
    /// The object at an address; without a version the newest, which was written last. `secrets` are shown nowhere.
    pub(super) fn find(
        context: &Context,
        args: &LedgerArgs,
        address: &str,
        secrets: &[String],
    ) -> Result<Self, Failure> {
        let (folder, product) = ledger::find(context, args)?;
        let known = planning::read_state(context, &folder, &product)?;
        let keys = state::keys(context, &known, address)?;
        let newest = keys.into_iter().filter_map(|key| known.entries.get(&key).map(|entry| (key, entry)));
        let Some((key, entry)) = newest.max_by_key(|(_, entry)| entry.seq) else {
            return Err(Failure::error(format!("There is no {address} in the state.")));
        };
        let mut providers = Providers::new(Arc::clone(&context.registry), Arc::clone(&context.environment));
        providers.recall(&known.providers);
        let Some(resource) = providers.resource_of_entry(&entry.provider, &key.address.resource.ty) else {
            return Err(Failure::error(format!("The provider {:?} of {key} is not there.", entry.provider)));
        };
        let mut surroundings = Surroundings {
            product: product.clone(),
            version: entry.version.to_string(),
            base: folder.clone(),
            tree: Tree::anywhere(&folder),
            keep: planning::keep_folder(&folder, &product)?,
            environment: Arc::clone(&context.environment),
            clock: Arc::clone(&context.clock),
            redactor: Arc::default(),
            masks: Arc::clone(&context.masks),
            usage: Arc::clone(&context.usage),
        };
        surroundings.mask(&secrets.iter().cloned().collect());
        Ok(Self {
            entry: entry.clone(),
            object: entry.value.clone(),
            key,
            resource,
            folder,
            product,
            surroundings,
        })
    }

    /// The same with what a person put in the place of arguments.
    pub(super) fn by_means(mut self, args: &MeansArgs) -> Result<Self, Failure> {
        for given in &args.with {
            let known = &self.resource.schema().attributes;
            self.object = means::put(known, self.object, given)
                .map_err(|why| Failure::usage(format!("-with={given}: {why}")))?;
        }
        Ok(self)
    }

    /// Carries out a call; the first Ctrl-C asks it to stop, and the second gives it up.
    pub(super) fn call<T: Foreign + Send + 'static>(
        &self,
        context: &Context,
        work: impl for<'a> FnOnce(&'a Call) -> Answer<'a, Result<T, Problem>> + Send + 'static,
    ) -> Result<Result<T, Problem>, Failure> {
        let cancel = Cancel::default();
        let call =
            self.surroundings.context(&self.key, Arc::new(Lines { silent: context.json }), cancel.clone());
        Context::runtime(1)?.block_on(async {
            let mut signals = signals::listen()?;
            let mut work = std::pin::pin!(guarded(&call, "backup", LONGEST, &self.object, work));
            loop {
                tokio::select! {
                    ended = &mut work => return Ok(ended.map_err(Fault::problem)),
                    Some(_) = signals.recv() => {
                        if cancel.is_cancelled() {
                            let text = "It was given up while it was under way.";
                            return Ok(Err(Problem::new(ProblemKind::Cancelled, text)));
                        }
                        cancel.cancel();
                    }
                }
            }
        })
    }

    /// Writes what was done into the ledger.
    pub(super) fn record(&self, context: &Context, lock: &LockArgs, event: Event) -> Result<(), Failure> {
        let mut ledger = ledger::open(context, &self.folder, &self.product, lock)?;
        let opened = Event::RunOpened {
            mode: RunMode::State,
            version: "".into(),
            config: None,
            plan: None,
            versions: [("relplan".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
            command: context.command.clone(),
        };
        let counts = [("done".to_owned(), 1)].into();
        let closed = Event::RunClosed { ending: Ending::Complete, complete: false, counts };
        ledger.append(context.now_ms(), vec![opened, event, closed])?;
        ledger.sync()?;
        Ok(())
    }
}

/// How a command ends that met this problem.
pub(super) fn failure(problem: Problem) -> Failure {
    let exit = match problem.kind {
        ProblemKind::Conflict | ProblemKind::Missing => Exit::Damaged,
        ProblemKind::Cancelled => Exit::Interrupted,
        ProblemKind::Invalid | ProblemKind::Retry | ProblemKind::Refused | ProblemKind::Uncertain => {
            Exit::Error
        }
    };
    let detail = if problem.detail.is_empty() { String::new() } else { format!("\n\n{}", problem.detail) };
    Failure::new(exit, format!("{}{detail}", problem.message)).help(problem.hint)
}

/// Shows what a provider says as it says it.
struct Lines {
    silent: bool,
}

impl Progress for Lines {
    fn line(&self, text: &str) {
        if !self.silent {
            Terminal::warn(&format!("{text}\n"));
        }
    }

    fn reference(&self, _reference: &str) {}
}
