//! Where snapshots of databases are kept, so that each is known to be whole: shared by the providers of databases.
//!
//! A snapshot is a few streams, its [parts](PartWriter), and a [`Manifest`] that is written last and names them all with
//! their sums. Each part is compressed and, where recipients are given, encrypted on its way into the [`Store`], so that no
//! part is ever in memory as a whole, nor on a disk in clear. What has no manifest is no snapshot: a run that is cut off
//! leaves nothing that looks like one. The sum of the manifest is in relplan's ledger, so that nobody who can write to
//! the store can put another snapshot in the place of the one that was taken.
//!
//! - [`Engine`]: what a provider tells of its kind of database; [`Snapshots`]: its type of snapshots, with all that every kind does alike
//! - [`Settings`]: the arguments that all types share
//! - [`Draft`]: a snapshot while it is made; [`Archive`]: one that is there
//! - [`Ground`]: where a server is started for one verification; [`secret_file`], [`private_file`]: what nobody else may read
//! - [`asserts`], [`Depth`]: what is compared in a restored copy
//! - [`before`]: the snapshot that a migration depends on
//! - [`Job`], [`Tool`], [`Conversation`]: work on a thread of its own, with a database's own programs, that ends when nobody waits for it

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod arguments;
pub mod asserts;
pub mod before;
mod bucket;
mod cipher;
mod compression;
mod conversation;
mod counts;
mod draft;
mod engine;
mod folder;
mod job;
mod manifest;
mod name;
mod part;
mod place;
mod retention;
mod secret;
mod server;
mod several;
mod snapshot;
mod snapshots;
mod store;
mod sum;
mod tool;

pub use arguments::{Settings, Verify, whole_number};
pub use cipher::{Identities, Recipients};
pub use compression::Compression;
pub use conversation::Conversation;
pub use counts::Depth;
pub use draft::{Draft, Facts};
pub use engine::{Engine, Wanted};
pub use job::{Job, side_thread};
pub use manifest::{Manifest, Part, Table, Verified};
pub use name::{safe, scratch_name, series};
pub use part::{PartReader, PartWriter};
pub use retention::{Kept, Retain};
pub use secret::{private_file, secret_file};
pub use server::{Ground, Served};
pub use several::several;
pub use snapshot::{Archive, Checked};
pub use snapshots::{Snapshots, schema};
pub use store::{Store, failed};
pub use sum::Sum;
pub use tool::{Ender, Failed, Flow, OnLine, Tool, ToolSpec};

#[cfg(test)]
mod tests;
