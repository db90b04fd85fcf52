//! Release files in memory: read, and planned without asking anyone.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan::diag::Diagnostics;
use relplan::graph::Graph;
use relplan::lang::config::Config;
use relplan::lang::functions::NoFiles;
use relplan::lang::lower::{Entry, Files, load};
use relplan::ledger::{KEY_LENGTH, Sealer};
use relplan::plan::{Draft, Options, Planner, Registry, Setup, unasked};
use relplan::source::Sources;
use relplan::state::State;
use relplan::world::World;

struct InMemory<'t>(&'t [u8]);

impl Files for InMemory<'_> {
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        // One level of modules, which are this file again: a tree without an end is a test of its own.
        let depth = folder.split('/').filter(|step| !matches!(*step, "" | "." | "..")).count();
        Ok(if depth < 2 { vec!["a.hcl".to_owned()] } else { Vec::new() })
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.to_vec())
    }
}

/// Reads the bytes of a release file.
pub fn read(sources: &mut Sources, bytes: &[u8]) -> Result<(Arc<Config>, Arc<Graph>), Diagnostics> {
    let entry = Entry { folder: ".".to_owned(), file: Some("a.hcl".to_owned()), name: "memory".to_owned() };
    let (config, _) = load(sources, &InMemory(bytes), &entry)?;
    let graph = Graph::build(&config)?;
    Ok((Arc::new(config), Arc::new(graph)))
}

/// Plans the bytes of a release file over an empty state, with the bundled providers.
pub fn draft(sources: &mut Sources, bytes: &[u8]) -> Result<Draft, Diagnostics> {
    let (config, graph) = read(sources, bytes)?;
    let (world, _) = World::new(config, graph, BTreeMap::new(), Arc::new(NoFiles))?;
    let mut planner = Planner::new(Setup {
        world,
        state: State::default(),
        registry: Arc::new(Registry::new(relplan_bundled::registry())),
        environment: Arc::default(),
        sealer: Sealer::new(&[0; KEY_LENGTH]),
        options: Options::default(),
    });
    unasked::answer_all(&mut planner);
    planner.finish().map_err(|failure| failure.found)
}
