//! The `git` provider: tags as records of a release, refs and logs as data.
//!
//! It calls the `git` program and no library, so that every transport, credential helper and signing key that
//! works on the command line works here. What the program may do is narrowed in `command`: no hook, no
//! fsmonitor, no prompt, no transport helper, no variable that points it at another repository.
//!
//! | file | what it holds |
//! |---|---|
//! | `command` | running the program: environment, limits, interruption |
//! | `failure` | what the program's messages mean; credentials taken out of text |
//! | `arguments`, `location`, `refname`, `oid` | what an argument may name |
//! | `disk`, `remote`, `place` | a repository on disk, one behind a remote, and which of them an argument means |
//! | `tag_object`, `commit` | what git keeps in a tag and in a commit |
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
mod disk;
mod failure;
mod git_ref;
mod location;
mod log;
mod oid;
mod place;
mod refname;
mod remote;
mod tag;
mod tag_object;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{
    Attribute, Configured, DataSource, Problem, Provider, ProviderSchema, Resource, Type, Value,
};

use crate::command::Program;

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
                    "The git program: a name that is looked up in PATH, or an absolute path. Version 2.32 or later.",
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
        _environment: &BTreeMap<String, String>,
    ) -> Result<Configured, Problem> {
        let name = configuration.get("program").as_str().unwrap_or("git");
        if name.is_empty() || name.contains('\0') {
            return Err(Problem::invalid("program", "The name of the git program must not be empty."));
        }
        let program = Program::new(name);
        let tag: Arc<dyn Resource> = Arc::new(tag::Tag::new(program.clone()));
        let git_ref: Arc<dyn DataSource> = Arc::new(git_ref::GitRef::new(program.clone()));
        let log: Arc<dyn DataSource> = Arc::new(log::Log::new(program));
        Ok(Configured {
            resources: BTreeMap::from([("git_tag", tag)]),
            data_sources: BTreeMap::from([("git_ref", git_ref), ("git_log", log)]),
            reviews: None,
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
