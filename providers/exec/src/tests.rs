//! Real commands: what they print, how they end, and what is left of them.

mod conformance;
mod deployment;
mod migration;
mod process;
mod snapshot;
mod suite;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relplan_contract::conformance::{Recorder, context_in, fitted};
use relplan_contract::{Applied, ApplyRequest, Context, Problem, Redactor, Resource, Value};
use tempfile::TempDir;

pub(super) const SECRET: &str = "correct-horse-battery";

/// A folder with a context in it that remembers what it is told.
pub(super) struct Place {
    pub(super) folder: TempDir,
    pub(super) context: Context,
    pub(super) recorder: Arc<Recorder>,
    /// One for each place: commands are found by it, also those of other tests.
    pub(super) key: String,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let recorder = Arc::new(Recorder::default());
        let progress = Arc::<Recorder>::clone(&recorder);
        let redactor = Arc::new(Redactor::new([SECRET]));
        let context = Context { progress, redactor, ..context_in(folder.path(), "exec_it.main") };
        let key = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { folder, context, recorder, key }
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

/// The arguments `["sh", "-c", script]`.
pub(super) fn sh(script: &str) -> Value {
    Value::list(["sh".into(), "-c".into(), script.into()])
}

/// The object of the arguments, with every attribute and the computed ones unknown.
pub(super) fn planned(resource: &dyn Resource, arguments: &[(&str, Value)]) -> Value {
    let attributes = &resource.schema().attributes;
    let computed = attributes.iter().filter(|attribute| attribute.is_computed());
    let given = fitted(attributes, arguments);
    computed.fold(given, |object, attribute| object.with(attribute.name, Value::UNKNOWN))
}

pub(super) async fn apply(
    place: &Place,
    resource: &dyn Resource,
    arguments: &[(&str, Value)],
) -> Result<Applied, Problem> {
    let planned = planned(resource, arguments);
    let request = ApplyRequest { planned: &planned, prior: None, key: &place.key };
    resource.apply(&place.context, request).await
}

/// Waits until the file has a line and gives it as a process number.
pub(super) async fn process_in(path: &Path) -> i32 {
    let start = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if let Some(number) = text.strip_suffix('\n') {
            return number.parse().expect("a process number");
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{} was never written", path.display());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether the process runs; one that only waits to be collected does not.
pub(super) fn runs(process: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub(super) async fn ends(process: i32) -> bool {
    for _ in 0..400 {
        if !runs(process) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}
