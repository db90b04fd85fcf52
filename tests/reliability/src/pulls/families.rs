//! The families of hostile pull requests, one file each. A family is data: its variations, and what each brings along.

mod blocks;
mod budgets;
mod commands;
mod configuration;
mod files;
mod hosts;
mod ledgers;
mod links;
mod markdown;
mod names;
mod programs;
mod repositories;
mod syntax;
mod text;

use crate::pulls::pull::Pull;

/// A family: its name and all its variations.
pub(super) type Family = (&'static str, fn() -> Vec<Pull>);

/// Every family.
pub(super) const ALL: &[Family] = &[
    ("files", files::all),
    ("links", links::all),
    ("repositories", repositories::all),
    ("configuration", configuration::all),
    ("hosts", hosts::all),
    ("programs", programs::all),
    ("markdown", markdown::all),
    ("commands", commands::all),
    ("names", names::all),
    ("budgets", budgets::all),
    ("syntax", syntax::all),
    ("blocks", blocks::all),
    ("ledgers", ledgers::all),
];
