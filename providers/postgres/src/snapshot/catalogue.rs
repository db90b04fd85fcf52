//! [`Catalogue`]: what a snapshot knows of its database beside the dump, as a part of its own: encrypted like all of it.

use std::io::{Read as _, Write as _};

use relplan_archive::{Archive, Draft, Identities, Part, failed};
use relplan_contract::Problem;
use serde::{Deserialize, Serialize};

use crate::chosen::{Chosen, Needs};
use crate::facts::{self, Facts};
use crate::properties::Properties;
use crate::psql::Session;
use crate::selection::Selection;

/// The parts: what the catalogue knows, and the schema as a text.
pub(crate) const CATALOGUE: &str = "catalogue.json";
pub(crate) const TEXT: &str = "schema.sql";

/// A role of the source's server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// Some objects can belong to superusers alone.
    pub(crate) superuser: bool,
}

/// What a snapshot knows of its database beside the dump.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Catalogue {
    /// What must be there before it is restored.
    pub(crate) needs: Needs,
    /// What told `pg_dump` what to dump: a copy is asked for the same.
    pub(crate) arguments: Vec<String>,
    /// All roles of the server.
    pub(crate) roles: Vec<Role>,
    /// The names of those that own something in the database, or have a right to it.
    pub(crate) used_roles: Vec<String>,
    /// What belongs to the database and is in no dump.
    pub(crate) properties: Properties,
    /// What the catalogue knows of each object.
    pub(crate) facts: Facts,
    /// How many large objects there are, and a sum over them; none where they were not looked at.
    pub(crate) large_objects: Option<String>,
    /// Subscriptions that were enabled.
    pub(crate) subscriptions: Vec<String>,
}

/// The roles, those that are used, and the subscriptions.
const ASKED: &str = "SELECT jsonb_build_object(\
    'roles', (SELECT jsonb_agg(jsonb_build_object('name', rolname, 'superuser', rolsuper) ORDER BY rolname) FROM pg_roles WHERE rolname !~ '^pg_'), \
    'used_roles', (SELECT coalesce(jsonb_agg(DISTINCT pg_get_userbyid(s.refobjid)), '[]') FROM pg_shdepend s \
       WHERE s.refclassid = 'pg_authid'::regclass AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())), \
    'subscriptions', (SELECT coalesce(jsonb_agg(s.subname ORDER BY s.subname), '[]') FROM pg_subscription s \
       WHERE s.subenabled AND s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())))";

/// How many large objects there are, and a sum over them; none where the role may not look.
pub(crate) fn large_objects(session: &mut Session<'_>) -> Result<Option<String>, Problem> {
    if session.run(facts::MAY_READ_LARGE_OBJECTS)?.concat() != "t" {
        return Ok(None);
    }
    session.run(facts::LARGE_OBJECTS).map(|lines| Some(lines.concat()))
}

impl Catalogue {
    /// What it knows, in the session's own view of the database. `compared` where a restored copy will be.
    pub(crate) fn look(
        session: &mut Session<'_>,
        selection: &Selection,
        chosen: &Chosen,
        database: &str,
        compared: bool,
    ) -> Result<Self, Problem> {
        let asked: Self = session.asked(ASKED, "The roles cannot be listed")?;
        let large_objects = if compared && !selection.is_named() { large_objects(session)? } else { None };
        let facts = facts::of(session, selection)?;
        let properties = Properties::of(session, database)?;
        let (needs, arguments) = (chosen.needs.clone(), chosen.arguments.clone());
        Ok(Self { needs, arguments, properties, facts, large_objects, ..asked })
    }

    /// Writes it as a part.
    pub(crate) fn write(&self, draft: &Draft<'_>) -> Result<Part, Problem> {
        write(draft, CATALOGUE, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// That of a snapshot; none where an older relplan took it.
    pub(crate) fn read(archive: &Archive, identities: Option<&Identities>) -> Result<Option<Self>, Problem> {
        let Some(text) = read(archive, CATALOGUE, identities)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            Problem::refused(format!("What the snapshot knows of its database cannot be read: {error}."))
                .hint("Use a newer relplan.")
        })
    }
}

/// Writes a text as a part.
pub(crate) fn write(draft: &Draft<'_>, name: &str, text: &[u8]) -> Result<Part, Problem> {
    let mut writer = draft.part(name)?;
    let written = writer.write_all(text).and_then(|()| writer.finish());
    written.map_err(|error| failed("The snapshot cannot be written", &error))
}

/// The text of a part; none where it has none of this name.
pub(crate) fn read(
    archive: &Archive,
    name: &str,
    identities: Option<&Identities>,
) -> Result<Option<String>, Problem> {
    let Some(part) = archive.manifest.parts.iter().find(|part| part.name.starts_with(name)) else {
        return Ok(None);
    };
    let mut text = String::new();
    archive.reader(part, identities)?.read_to_string(&mut text).map_err(|error| part.unreadable(&error))?;
    Ok(Some(text))
}
