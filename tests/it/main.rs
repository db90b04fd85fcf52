//! The one test binary: what needs files, processes or the built command.

mod fmt;
mod ledger;
mod transcripts;
mod ui;
