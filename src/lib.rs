//! relplan: Terraform's plan and apply, for releases.

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
pub mod source;
pub mod state;
pub mod view;
pub mod world;
