//! The `git` provider: tags as records of a release, refs and logs as data.
//!
//! It calls the `git` program and no library, so that every transport, credential helper and signing key that
//! works on the command line works here, as far as the operator configured it. What the program may do is narrowed in
//! `command`: no hook, no fsmonitor, no prompt, no transport helper, no variable that points it at another repository;
//! and in `view`: no configuration of the repository's own but what `configuration` lists.
//!
//! | file | what it holds |
//! |---|---|
//! | `program` | which git is run |
//! | `command` | running the program: environment, limits, interruption |
//! | `tree`, `view`, `configuration`, `ssh_command` | what a repository may say to git, and which may be used at all |
//! | `failure` | what the program's messages mean; credentials taken out of text |
//! | `arguments`, `location`, `refname`, `oid` | what an argument may name |
//! | `disk`, `remote`, `place` | a repository on disk, one behind a remote, and which of them an argument means |
//! | `tag_object`, `commit` | what git keeps in a tag and in a commit |
//! | `forge` | making the object of a tag, before it has a name |
//! | `tag`, `git_ref`, `log` | `git_tag`, `data "git_ref"`, `data "git_log"` |
//!
//! What it does not do: move or delete a tag, verify signatures, write to a work tree.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod arguments;
mod command;
mod commit;
mod configuration;
mod disk;
mod failure;
mod forge;
mod git_ref;
mod location;
mod log;
mod netrc;
mod oid;
mod place;
mod program;
mod refname;
mod remote;
mod ssh_command;
mod tag;
mod tag_object;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod traps;
mod tree;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{
    Attribute, Configured, DataSource, Problem, Provider, ProviderSchema, Resource, Type, Value,
};

use crate::program::Program;

/// The `git` provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Git;

/// The `git` provider, ready to be registered.
#[must_use]
pub fn provider() -> impl Provider {
    Git
}

impl Provider for Git {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "git",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Tags, refs and logs of any git repository, local or remote.",
            configuration: vec![
                Attribute::optional(
                    "program",
                    Type::String,
                    "The git program: `git` or a version of it, such as `git-2.45`, looked up in PATH; 2.32 or later. \
                     The operator may name any other with RELPLAN_GIT=/PATH/git.",
                )
                .or("git"),
            ],
            resources: vec![tag::schema()],
            data_sources: vec![log::schema(), git_ref::schema()],
        }
    }

    fn configure(
        &self,
        configuration: &Value,
        environment: &BTreeMap<String, String>,
    ) -> Result<Configured, Problem> {
        let program = Program::choose(configuration.get("program").as_str(), environment)?;
        let tag: Arc<dyn Resource> = Arc::new(tag::Tag::new(program.clone()));
        let git_ref: Arc<dyn DataSource> = Arc::new(git_ref::GitRef::new(program.clone()));
        let log: Arc<dyn DataSource> = Arc::new(log::Log::new(program));
        Ok(Configured {
            resources: BTreeMap::from([("git_tag", tag)]),
            data_sources: BTreeMap::from([("git_ref", git_ref), ("git_log", log)]),
            ..Configured::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_type_is_configured() {
        let schema = provider().schema();
        let configured = provider().configure(&Value::NULL, &BTreeMap::new()).expect("configures");
        let resources: Vec<_> = schema.resources.iter().map(|r| r.type_name).collect();
        let data_sources: Vec<_> = schema.data_sources.iter().map(|d| d.type_name).collect();
        assert_eq!(configured.resources.keys().copied().collect::<Vec<_>>(), resources);
        assert_eq!(configured.data_sources.keys().copied().collect::<Vec<_>>(), data_sources);
    }

    #[test]
    fn an_empty_program_is_refused() {
        let configuration = Value::map([("program", Value::from(""))]);
        let problem = provider().configure(&configuration, &BTreeMap::new()).err().expect("a problem");
        assert_eq!(problem.attribute, Some(relplan_contract::Path::attribute("program")));
    }
}
