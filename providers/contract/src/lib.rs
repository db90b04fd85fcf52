//! What a relplan provider is: [values](Value), [schemas](ResourceSchema), [problems](Problem) and the
//! [traits](Provider) that tie them together.
//!
//! A provider crate depends on this crate and on nothing else of relplan. This crate in turn knows no runtime,
//! no HTTP client, no HCL and no command line, so that a provider can be read, tested and replaced alone.
//! `docs/writing-a-provider.md` shows how to write one; [`conformance`] is the suite that each one passes.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod account;
pub mod conformance;
mod context;
mod hosts;
mod json;
mod near;
mod number;
mod operator;
mod path;
mod place;
mod problem;
mod propose;
mod provider;
mod review;
mod schema;
mod secret;
mod text;
mod tree;
mod ty;
mod value;

pub use account::Account;
pub use context::{Answer, Cancel, Clock, Context, Progress, Silent, Usage, Used};
pub use hosts::{CredentialHosts, host_name, server_name};
pub use json::{Json, JsonError, MAX_DEPTH};
pub use near::did_you_mean;
pub use number::{MAX_DIGITS, Number, NumberError, PRECISION};
pub use operator::{home_file, operator_text};
pub use path::{Path, Step, is_identifier};
pub use place::Place;
pub use problem::{Problem, ProblemKind};
pub use propose::{as_found, propose};
pub use provider::{
    Applied, ApplyRequest, Configured, DataSource, Observed, Outcome, PlanRequest, Planned, Provider,
    ReconcileRequest, Reconciled, Resource, RestoreRequest, Restored, Sends, Verdict, Verification,
    VerifyRequest,
};
pub use review::{Review, Reviews, marker_word};
pub use schema::{
    Attribute, DataSchema, Lifetime, OnChange, Presence, ProviderSchema, Repeat, ResourceSchema, Shape,
    attribute_at, object_type,
};
pub use secret::{MASK, Masks, Redactor, Secret, mark_foreign, secrets_of};
pub use text::{Text, UnknownCharset};
pub use tree::{PathError, Tree, check_named, open_named};
pub use ty::{Field, Misfit, Type};
pub use value::{Kind, Map, Measure, Outgrown, Parts, Value};

/// Why no server's certificate can be checked, and how to mend that: for providers that speak TLS.
pub const NO_AUTHORITIES: &str = "this machine has no certificate authorities to check the server's certificate with: install \
    the package ca-certificates, or name a file of them in SSL_CERT_FILE";
