//! The table in which the database itself remembers its migrations: what a killed run had done is read there.

use std::collections::BTreeMap;

use relplan_contract::Problem;
use serde::Deserialize;

use super::files::Script;
use crate::psql::{Session, identifier, literal};

/// The table, by its schema and name.
#[derive(Clone, Debug)]
pub(crate) struct History {
    schema: String,
    table: String,
}

/// What it knows of a file.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Known {
    /// SHA-256 of the file as it was run.
    pub(crate) sha256: String,
    /// Whether it was run to its end.
    pub(crate) done: bool,
    /// The action that ran it.
    pub(crate) key: String,
}

impl History {
    /// Reads `schema.table`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (schema, table) = text.split_once('.')?;
        let good = |part: &str| !part.is_empty() && !part.contains(['"', '\0', '\n', '.']);
        (good(schema) && good(table)).then(|| Self { schema: schema.to_owned(), table: table.to_owned() })
    }

    fn name(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.table))
    }

    /// The number of the lock under which migrations run, as an expression of SQL.
    pub(crate) fn lock_number(&self) -> String {
        format!("pg_catalog.hashtextextended({}, 0)", literal(&self.name()))
    }

    /// That of the lock which the session holds that runs a file.
    pub(crate) fn file_lock_number(&self) -> String {
        format!("pg_catalog.hashtextextended({}, 1)", literal(&self.name()))
    }

    /// Makes the table where it is missing.
    pub(crate) fn prepare(&self, session: &mut Session<'_>) -> Result<(), Problem> {
        session
            .run(&format!(
                "SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS {} (name text PRIMARY KEY, sha256 text NOT NULL, \
                 release text NOT NULL, key text NOT NULL, begun_at timestamptz NOT NULL DEFAULT now(), done_at timestamptz)",
                self.name()
            ))
            .map(drop)
    }

    /// All that it knows; nothing where it is missing.
    pub(crate) fn known(&self, session: &mut Session<'_>) -> Result<BTreeMap<String, Known>, Problem> {
        let there = session.run(&format!("SELECT to_regclass({}) IS NOT NULL", literal(&self.name())))?;
        if there.concat() != "t" {
            return Ok(BTreeMap::new());
        }
        let sql = format!(
            "SELECT coalesce(jsonb_object_agg(name, jsonb_build_object('sha256', sha256, 'key', key, \
             'done', done_at IS NOT NULL)), '{{}}') FROM {}",
            self.name()
        );
        session.asked(&sql, &format!("The table {} is not as it should be", self.name()))
    }

    /// The statement that remembers a file: as done, or as begun.
    pub(crate) fn remembering(&self, script: &Script, release: &str, key: &str, done: bool) -> String {
        let done = if done { "pg_catalog.clock_timestamp()" } else { "NULL" };
        format!(
            "INSERT INTO {} (name, sha256, release, key, done_at) VALUES ({}, {}, {}, {}, {done})",
            self.name(),
            literal(&script.name),
            literal(&script.sha256),
            literal(release),
            literal(key)
        )
    }

    /// The statement that remembers that a file which was begun is done.
    pub(crate) fn finishing(&self, script: &str) -> String {
        format!(
            "UPDATE {} SET done_at = pg_catalog.clock_timestamp() WHERE name = {}",
            self.name(),
            literal(script)
        )
    }

    /// The statement with which a person says that a file which was begun was not done.
    pub(crate) fn forgetting(&self, script: &str) -> String {
        format!("DELETE FROM {} WHERE name = {}", self.name(), literal(script))
    }

    /// Which of the files are still to run, in their order; or why none may.
    pub(crate) fn pending<'s>(
        &self,
        scripts: &'s [Script],
        known: &BTreeMap<String, Known>,
    ) -> Result<Vec<&'s Script>, Problem> {
        for script in scripts {
            let Some(known) = known.get(&script.name) else { continue };
            if known.sha256 != script.sha256 {
                return Err(Problem::conflict(format!(
                    "{} was run already, and was another file then: its sha256 was {}.",
                    script.name, known.sha256
                ))
                .hint("What was run stays as it is. Put the change into a new file."));
            }
            if !known.done {
                return Err(Problem::conflict(format!(
                    "{} was begun without a transaction, and it is not known whether it was done.",
                    script.name
                ))
                .hint(format!(
                    "Look yourself. If it was done, run: {}; if it was not: {}",
                    self.finishing(&script.name),
                    self.forgetting(&script.name)
                )));
            }
        }
        let pending: Vec<&Script> =
            scripts.iter().filter(|script| !known.contains_key(&script.name)).collect();
        let refused: Vec<&Problem> = pending.iter().filter_map(|script| script.refusal.as_ref()).collect();
        match refused.as_slice() {
            [] => Ok(pending),
            [first, others @ ..] => {
                let others: Vec<&str> = others.iter().map(|other| &*other.message).collect();
                Err((*first).clone().detail(others.join("\n")))
            }
        }
    }
}
