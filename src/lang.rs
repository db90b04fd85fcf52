//! The language: from source texts to a [`config::Config`], and from expressions to values.

pub mod ast;
pub mod body;
pub mod config;
pub mod eval;
pub mod format;
pub mod functions;
pub mod lower;
pub mod refs;
pub mod scope;
pub mod syntax;
pub mod vars;
