//! The one test binary: what needs files, processes or the built command.

#![allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")]

mod action;
mod authorities;
mod budgets;
mod crash;
mod databases;
mod fmt;
mod github;
mod hostile;
mod hurt;
mod layers;
mod leaks;
mod ledger;
mod literals;
mod log;
mod manual;
mod plans;
mod reliability;
mod runner;
mod saved_plans;
mod secrets;
mod story;
#[allow(clippy::indexing_slicing, clippy::panic, reason = "what Terraform prints has a known form")]
mod terraform;
mod transcripts;
mod tree;
mod ui;
