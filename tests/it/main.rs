//! The one test binary: what needs files, processes or the built command.

mod crash;
mod fmt;
mod layers;
mod ledger;
mod transcripts;
mod ui;
