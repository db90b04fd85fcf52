//! Loading a release definition, up to a [`World`] in which nothing is visited yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use relplan_contract::{Tree, Value};

use super::args::ReleaseArgs;
use super::context::{Context, VARIABLE_PREFIX};
use super::exit::Failure;
use super::files::SourceFiles;
use super::host::FileHost;
use super::locate::{self, Located};
use super::{named, typed, variables};
use crate::graph::Graph;
use crate::lang::config::Config;
use crate::lang::functions::Host;
use crate::lang::lower;
use crate::world::{Given, World};

/// A release definition with the values of its variables.
pub(super) struct Loaded {
    pub located: Located,
    pub config: Arc<Config>,
    pub graph: Arc<Graph>,
    pub given: BTreeMap<Arc<str>, Given>,
    /// Files and the time, for the language.
    pub host: Arc<FileHost>,
    /// The variables whose values stand in files of the tree; the operator gave all others.
    from_tree: BTreeSet<Arc<str>>,
    /// What the operator lets providers read elsewhere.
    allowed: Vec<PathBuf>,
    home: Option<String>,
    /// How the release and its variables are given again, as words of a shell.
    pub again: Vec<String>,
}

impl Loaded {
    /// Leaves open what the environment gives for variables: whoever wrote the file could show it, in whatever pieces.
    pub(super) fn withhold_environment(&mut self) {
        let of_environment = |given: &&mut Given| given.origin.starts_with(VARIABLE_PREFIX);
        self.given.values_mut().filter(of_environment).for_each(|given| given.value = Value::UNKNOWN);
    }

    /// Folder of the release file: the ledger is in it, and relative paths start there.
    pub(super) fn folder(&self) -> &PathBuf {
        &self.located.folder
    }

    /// The files that providers may read: those of the tree, and what the operator named.
    pub(super) fn tree(&self) -> Tree {
        let given = self.given.iter().filter(|(name, _)| !self.from_tree.contains(*name));
        let named = given.flat_map(|(_, given)| named::paths(&given.value, self.home.as_deref()));
        self.located.tree.with_named(&self.allowed.iter().cloned().chain(named).collect::<Vec<_>>())
    }

    /// A world in which nothing is visited yet.
    pub(super) fn world(&self, context: &Context) -> Result<World, Failure> {
        let host: Arc<dyn Host> = self.host.clone();
        let (world, warnings) =
            World::new(Arc::clone(&self.config), Arc::clone(&self.graph), self.given.clone(), host)?;
        context.show(&warnings);
        Ok(world)
    }
}

/// Loads the release that the command line names, or else the one to be found.
pub(super) fn load(context: &mut Context, args: &ReleaseArgs) -> Result<Loaded, Failure> {
    let located = locate::release(context, args.file.as_deref())?;
    let files = SourceFiles { tree: &located.tree, directory: context.directory.clone() };
    let (config, warnings) = lower::load(&mut context.sources, &files, &located.entry())?;
    context.show(&warnings);
    let graph = Arc::new(Graph::build(&config)?);
    let variables::Values { given, from_tree } = variables::given(context, &config, &located.tree, args)?;
    if located.guessed && !context.json {
        let version =
            config.release.as_ref().map_or_else(String::new, |release| format!(" of {}", release.name));
        context.warn(&format!("Using {}{version}.\n", located.shown));
    }
    let home = context.environment.get("HOME").cloned();
    let host = FileHost::new(located.tree.clone(), home.clone()).with_budget(budget(context)?);
    let host = Arc::new(host);
    let allowed = named::allowed(context, &args.allow_read);
    let again = typed::release(args, &config);
    Ok(Loaded { again, located, config: Arc::new(config), graph, given, host, from_tree, allowed, home })
}

/// What the environment variable is called that lets evaluations cost more, or less.
const BUDGET: &str = "RELPLAN_EVALUATION_BUDGET";

/// How many times as much as usual evaluations may cost.
fn budget(context: &Context) -> Result<f64, Failure> {
    let Some(text) = context.environment.get(BUDGET).filter(|text| !text.is_empty()) else { return Ok(1.0) };
    let factor = text.parse::<f64>().ok().filter(|factor| (0.001..=1_000.0).contains(factor));
    factor.ok_or_else(|| {
        let said = crate::view::escape::line(text);
        Failure::usage(format!("{BUDGET} must be a number from 0.001 to 1000, but it is \"{said}\"."))
    })
}
