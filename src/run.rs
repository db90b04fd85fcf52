//! Carrying out a plan: a pure machine decides, a thin loop performs.

pub mod report;
