//! What people and programs read: a [plan](crate::plan::Plan), a [run](crate::run::report), a state, schemas and
//! a graph in; text out.
//!
//! Everything here is a pure function of what it is given: no file, no clock, no environment, and nothing is
//! printed. Whether there is colour is told by a [`style::Palette`]. Three promises hold in every view, and
//! `tests` checks them on random input: what is sensitive never appears, no character of a user's or an outside
//! system's text can deceive a reader ([`escape`]), and the time taken grows with the input and not faster.

pub mod annotations;
pub mod diff;
pub mod escape;
pub mod graph;
pub mod json;
pub mod markdown;
pub mod progress;
#[cfg(test)]
pub(crate) mod samples;
pub mod schema;
pub mod sheet;
pub mod snapshots;
pub mod state;
pub mod style;
pub mod text;
pub mod value;
pub mod words;

#[cfg(test)]
mod tests;
