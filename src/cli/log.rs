//! The debug log: what relplan does, for whoever looks for a fault or waits for a hang. Off unless it is asked for.
//!
//! Only relplan's own crates write to it: those below them know headers and bodies, and nobody would have masked them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

use relplan_contract::Masks;
use serde_json::Value as Json;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt as _, FilterFn, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::files::open_private;
use super::terminal::Terminal;
use crate::view::escape;

/// What is logged: `debug`, or levels by target, as `relplan::run=trace,relplan_git=debug`.
const FILTER: &str = "RELPLAN_LOG";

/// A file to log to in the place of standard error.
const FILE: &str = "RELPLAN_LOG_FILE";

/// `text`, or `json` with one object a line.
const FORMAT: &str = "RELPLAN_LOG_FORMAT";

/// The beginning of the names of relplan's crates.
const OURS: &str = "relplan";

/// Begins the log, where the command line or the environment asks for one.
pub(super) fn start(
    verbose: u8,
    environment: &BTreeMap<String, String>,
    directory: &Path,
    masks: &Arc<Masks>,
) -> Result<(), String> {
    let given = |name: &str| environment.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let filter = given(FILTER).map(filter).transpose()?;
    let wanted = match (verbose, filter) {
        (0, None) => return Ok(()),
        (0, Some(filter)) => filter,
        (1, _) => Targets::new().with_default(LevelFilter::DEBUG),
        (_, _) => Targets::new().with_default(LevelFilter::TRACE),
    };
    let is_json = match given(FORMAT) {
        None | Some("text") => false,
        Some("json") => true,
        Some(other) => return Err(format!("{FORMAT}={other} is no format. Give text or json.")),
    };
    let file = given(FILE).map(|path| open(&directory.join(path))).transpose()?;
    let output = Output { masks: Arc::clone(masks), file: file.map(Arc::new), is_json };
    let ours = FilterFn::new(|metadata| metadata.target().starts_with(OURS));
    let layer = fmt::layer().with_writer(output).with_ansi(false);
    let layer = if is_json { layer.json().flatten_event(true).boxed() } else { layer.boxed() };
    let started = tracing_subscriber::registry().with(layer.with_filter(wanted.and(ours))).try_init();
    started.map_err(|error| format!("The log cannot be begun: {error}."))
}

fn filter(text: &str) -> Result<Targets, String> {
    Targets::from_str(text).map_err(|error| {
        format!("{FILTER}={text} is no filter: {error}. Give a level (error, warn, info, debug, trace), or TARGET=LEVEL,...")
    })
}

fn open(path: &Path) -> Result<File, String> {
    open_private(path, File::options().append(true))
        .map_err(|why| format!("The log cannot be written to {}: {why}.", path.display()))
}

/// Where the log goes.
#[derive(Clone)]
struct Output {
    masks: Arc<Masks>,
    file: Option<Arc<File>>,
    is_json: bool,
}

impl Output {
    /// One event as one line, masked. Of JSON, only texts are looked at.
    fn line(&self, event: &str) -> String {
        match serde_json::from_str::<Json>(event) {
            Ok(mut json) if self.is_json => {
                self.mask(&mut json);
                json.to_string()
            }
            _ => escape::line(&self.masks.mask(event)).into_owned(),
        }
    }

    fn mask(&self, json: &mut Json) {
        match json {
            Json::String(text) => *text = self.masks.mask(text),
            Json::Array(all) => all.iter_mut().for_each(|one| self.mask(one)),
            Json::Object(all) => all.values_mut().for_each(|one| self.mask(one)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

impl<'w> MakeWriter<'w> for Output {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Write for Output {
    /// Writes one event: masked, on one line, and no command to a CI's runner.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = format!("{}\n", escape::inert(&self.line(text.trim_end_matches('\n'))));
        match &self.file {
            // In one piece, so that the lines of two threads do not mix. Work goes on when the disk is full.
            Some(file) => drop((&**file).write_all(line.as_bytes())),
            None => Terminal::warn(&line),
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
