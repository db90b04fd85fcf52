//! [`Engine`]: what the provider of a kind of database tells, so that its snapshots are like all others.

use std::path::PathBuf;

use relplan_contract::{Context, Problem, ResourceSchema, RestoreRequest, Restored, Sends, Value};

use crate::arguments::Settings;
use crate::job::Job;
use crate::snapshot::Archive;

/// A kind of database. All but `schema` and `check` run where they may block.
pub trait Engine: Send + Sync + 'static {
    /// The type: its name, its manual, and its own arguments. See [`crate::schema`].
    fn schema() -> ResourceSchema;

    /// What is wrong with its own arguments; parts may be unknown.
    fn check(config: &Value) -> Vec<Problem>;

    /// Which credentials of the environment the database is sent, and sentences about those that it is not sent; parts may be unknown.
    fn credentials(context: &Context, config: &Value) -> Result<(Vec<Sends>, Option<String>), Problem> {
        let _ = (context, config);
        Ok((Vec::new(), None))
    }

    /// Those of its own arguments that name files to read: a plan that cannot be carried out because one of them lies
    /// outside of the release's tree is refused at once.
    #[must_use]
    fn inputs() -> &'static [&'static str] {
        &[]
    }

    /// Takes the snapshot of an action.
    fn take(job: &Job, settings: &Settings, planned: &Value, key: &str) -> Result<Archive, Problem>;

    /// Reads all of a snapshot with the database's own program; gives sentences for people. The stored bytes were found to be
    /// right. `object` is what the state knows, where no secret of the source is any more.
    fn read(
        job: &Job,
        settings: &Settings,
        object: &Value,
        archive: &Archive,
    ) -> Result<Vec<String>, Problem>;

    /// Restores it where that harms nobody, and compares; else the same.
    fn rehearse(
        job: &Job,
        settings: &Settings,
        object: &Value,
        archive: &Archive,
    ) -> Result<Vec<String>, Problem>;

    /// Brings a snapshot back for a person; the stored bytes were found to be right.
    fn restore(
        job: &Job,
        settings: &Settings,
        archive: &Archive,
        wanted: &Wanted,
    ) -> Result<Restored, Problem>;
}

/// What a person who restores asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The object that holds the snapshot.
    pub object: Value,
    /// Where it goes, as it was written: a file, or the URL of a database.
    pub into: String,
    /// The folder that relative files start in.
    pub folder: PathBuf,
    /// Whether what is there may be put aside.
    pub over: bool,
}

impl Wanted {
    pub(crate) fn of(request: &RestoreRequest<'_>) -> Self {
        Self {
            object: request.object.clone(),
            into: request.into.to_owned(),
            folder: request.folder.to_path_buf(),
            over: request.over,
        }
    }

    /// The folder of the database's programs, where the resource names one.
    #[must_use]
    pub fn programs(&self, context: &Context) -> Option<PathBuf> {
        self.object.get("program_folder").as_str().map(|folder| context.unread(folder))
    }
}
