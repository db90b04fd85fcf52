//! Carrying out a plan: a pure [`machine`] decides, a thin loop performs, a [`journal`] remembers.

pub mod backoff;
mod bounds;
pub(crate) mod call;
mod dispatch;
pub mod journal;
pub mod machine;
mod message;
pub mod observe;
mod perform;
mod prepare;
mod record;
pub mod report;
mod session;
pub mod surroundings;

pub use dispatch::Signal;
pub use session::{Run, apply};
