//! Ordeals: each hurts relplan in one way, many times, and compares what it promised with what is there.
//!
//! An ordeal is one module with one function that takes its counts and gives a [`Tally`]. It first plants a bug of the
//! kind that it looks for, and fails when it does not find that. `make crash` runs all of them at their full counts;
//! `tests/it` runs the same functions at small counts. `docs/reliability.md` has the table of what was seen.
//!
//! What an ordeal hurts is the built `relplan` (a path handed in), or a part of the library under a seeded scheduler.

#![allow(clippy::disallowed_methods, reason = "ordeals start processes and damage files")]
#![allow(clippy::panic, reason = "a fault of the harness itself ends it")]

mod calls;
pub mod crash;
pub mod damage;
pub mod disk;
pub mod faults;
pub mod fuzz;
mod harm;
pub mod images;
mod kept;
pub mod outlive;
pub mod planted;
pub mod providers;
pub mod pulls;
pub mod races;
pub mod random;
pub mod release;
pub mod rogue;
pub mod scene;
pub mod simulate;
pub mod snapshots;
pub mod strace;
pub mod syscalls;
pub mod tags;
pub mod tally;
mod told;
pub mod verbs;

pub use tally::Tally;
