//! [`Draft`]: a snapshot while it is made. Dropped before its end, nothing of it is left.

use std::collections::BTreeMap;

use relplan_contract::{Context, Problem};

use crate::arguments::Settings;
use crate::job::Job;
use crate::manifest::{Manifest, Part, Table};
use crate::name;
use crate::part::PartWriter;
use crate::snapshot::Archive;
use crate::store::failed;
use crate::tool::{Failed, Tool};

/// What a database tells of a snapshot, for its manifest.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Of which kind of database: `postgres`.
    pub engine: String,
    /// What the database says of itself.
    pub database: BTreeMap<String, String>,
    /// Versions of the programs.
    pub tools: BTreeMap<String, String>,
    /// Its tables.
    pub tables: BTreeMap<String, Table>,
    /// Whether the rows were counted.
    pub exact: bool,
    /// SHA-256 of the schema.
    pub schema_sha256: String,
    /// What the database holds beside rows, where each is summed by itself.
    pub objects: BTreeMap<String, String>,
}

/// A snapshot while it is made.
pub struct Draft<'s> {
    settings: &'s Settings,
    name: String,
    taken_for: [String; 3],
    action: String,
    created_ms: i64,
    published: bool,
}

impl<'s> Draft<'s> {
    /// Begins the snapshot of an action. `bytes` is about how much room it may need.
    pub fn begin(settings: &'s Settings, context: &Context, key: &str, bytes: u64) -> Result<Self, Problem> {
        settings.store.0.prepare(&settings.series, bytes)?;
        let taken_for = [&context.product, &context.version, &context.address].map(Clone::clone);
        let name = name::snapshot(context, &settings.series, key);
        let action = key.to_owned();
        Ok(Self { settings, name, taken_for, action, created_ms: context.clock.now_ms(), published: false })
    }

    /// A new part. Several may be written at the same time.
    pub fn part(&self, name: &str) -> Result<PartWriter, Problem> {
        let Settings { store, compression, recipients, .. } = self.settings;
        let encrypted = if recipients.is_some() { ".age" } else { "" };
        let file = format!("{name}.{}{encrypted}", compression.name());
        let sink = store.0.create(&self.name, &file);
        let writer =
            sink.and_then(|(file, sink)| PartWriter::new(file, sink, *compression, recipients.as_deref()));
        writer.map_err(|error| failed(&format!("{} cannot be written to", store.shown()), &error))
    }

    /// A new part of all that a program writes. `meaning` says what its failure means; `whole`, whether a stream that ends with
    /// these bytes is whole.
    pub fn written_by(
        &self,
        job: &Job,
        name: &str,
        mut tool: Tool<'_>,
        meaning: impl FnOnce(&Failed) -> Problem,
        whole: impl FnOnce(&[u8]) -> Result<(), Problem>,
    ) -> Result<Part, Problem> {
        let unwritable = |error: &std::io::Error| failed("The snapshot cannot be written", error);
        let mut writer = self.part(name)?;
        let copied = tool.output().and_then(|mut output| job.copy(&mut output, &mut writer, name));
        if let Err(error) = copied {
            job.check()?;
            // It ends with its pipe.
            drop(tool);
            return Err(unwritable(&error));
        }
        // A program that failed tells more than the stream that broke off behind it.
        tool.wait().map_err(|failed| meaning(&failed))?;
        whole(writer.end())?;
        writer.finish().map_err(|error| unwritable(&error))
    }

    /// Writes the manifest and gives the snapshot its name.
    pub fn finish(mut self, context: &Context, parts: Vec<Part>, facts: Facts) -> Result<Archive, Problem> {
        let manifest = Manifest {
            format: Manifest::format(),
            engine: facts.engine,
            name: self.name.clone(),
            series: self.settings.series.clone(),
            taken_for: self.taken_for.clone(),
            action: self.action.clone(),
            created_ms: self.created_ms,
            duration_ms: context.clock.now_ms().saturating_sub(self.created_ms),
            database: facts.database,
            tools: facts.tools,
            compression: self.settings.compression.name().to_owned(),
            encrypted_to: self.settings.recipients.as_ref().map_or_else(Vec::new, |to| to.texts().to_vec()),
            parts,
            tables: facts.tables,
            exact: facts.exact,
            schema_sha256: facts.schema_sha256,
            objects: facts.objects,
        };
        let bytes = manifest.to_bytes();
        let store = &self.settings.store;
        store.0.publish(&self.name, &bytes)?;
        self.published = true;
        Ok(Archive::new(store.clone(), manifest, &bytes))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.published {
            self.settings.store.0.discard(&self.name);
        }
    }
}
