//! The one test binary: what needs files, processes or the built command.

mod crash;
mod fmt;
mod layers;
mod ledger;
mod literals;
mod plans;
mod secrets;
mod transcripts;
mod ui;
