//! relplan: Terraform's plan and apply, for releases.
//!
//! # The way of the data
//!
//! ```text
//! source files -> Config -> Graph -> World (+ State, + what providers observe) -> Plan
//! Plan -> Machine <-> loop -> Event -> Ledger -> State
//! ```
//!
//! 1. [`lang::lower`] reads source texts ([`source`]) into a [`lang::config::Config`]: checked for form, not evaluated.
//!    [`lang::syntax`] alone knows the parser. All errors are collected as [`diag::Diagnostics`].
//! 2. [`graph::Graph`] says what depends on what, and in which order blocks can be visited.
//! 3. [`world::World`] evaluates block by block ([`lang::eval`], [`lang::functions`]): what every name stands for so
//!    far, with unknown and sensitive values through all of it.
//! 4. [`plan::Planner`] walks the graph over a [`state::State`]. It waits for nobody: it hands out questions for
//!    providers ([`plan::Ask`]), takes the answers, and ends with a [`plan::Plan`], a plain value with a
//!    [digest](plan::digest). [`run::observe`] is the loop that asks. Whatever is asked of a provider, also to act, goes
//!    through the guarded calls of `run::call`.
//! 5. [`run::machine::Machine`] carries a plan out, as a pure function of what it is told. It never lets an action
//!    begin before the ledger has acknowledged its intent. The loop around it performs and records.
//! 6. [`ledger`] keeps [`event::Event`]s: one line each, chained by hashes, synced before every effect. The
//!    [`state::State`] is a fold of them and nothing else.
//! 7. [`view`] turns plans, runs and states into text for people and JSON for programs; [`cli`] prints it.
//!
//! # What each part may not do
//!
//! - `lang`, `graph`, `world`, `state`, `plan`, `run::machine` and `view` touch no file, clock, environment, process
//!   or async: what they need is handed in ([`lang::functions::Host`], [`lang::lower::Files`], [`plan::Setup`]).
//! - `state` and `ledger` know nothing of `run` or `plan`; `plan` knows nothing of `run`.
//! - No type of the domain derives its file format: wire forms are in `ledger::record`, `ledger::checkpoint`,
//!   [`plan::file`] and [`view::json`], each with a version number.
//! - The library names no provider. Providers implement the traits of `relplan_contract`; `main` hands them in.
//! - Only [`cli`] prints, knows clap and picks exit codes.
//!
//! A test (`tests/it/layers.rs`) checks these rules from the sources.
//!
//! # Secrets
//!
//! A value that is marked sensitive stays so through every expression. It leaves memory only as a keyed fingerprint
//! ([`ledger::Sealer`]), and whatever is printed passes a redactor that knows every secret of the run.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

pub mod addr;
pub mod canonical;
pub mod cli;
pub mod diag;
pub mod event;
pub mod graph;
pub mod lang;
pub mod ledger;
pub mod plan;
pub mod run;
pub mod shell;
pub mod source;
pub mod state;
pub mod view;
pub mod world;
