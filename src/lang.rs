//! The language: from source texts to a [`config::Config`], and from expressions to values.

pub mod ast;
pub mod config;
pub mod eval;
pub mod functions;
pub mod lower;
pub mod refs;
pub mod syntax;
pub mod vars;
