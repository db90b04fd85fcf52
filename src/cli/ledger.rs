//! Opening the ledger: for writing under its lock, and finding it when no release file is named.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::args::{LedgerArgs, LockArgs};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::files::read_bounded;
use super::{key, signals, tracked, typed};
use crate::event::RunId;
use crate::lang::lower;
use crate::ledger::file::{self, Files, Request};
use crate::ledger::lock::{LockError, Patience};
use crate::ledger::{Ledger, LedgerError, Writer, random_id};
use crate::shell;
use crate::view::escape;

/// How soon who waits for a lock notices that it is asked to end.
const NAP: std::time::Duration = std::time::Duration::from_millis(50);

/// Opens the ledger of a product under its lock, waiting as long as the command line says.
pub(super) fn open(
    context: &Context,
    folder: &Path,
    product: &str,
    lock: &LockArgs,
) -> Result<Ledger<Files>, Failure> {
    tracked::refuse(folder)?;
    let timeout = lower::duration(&lock.lock_timeout).ok_or_else(|| {
        Failure::usage(format!("{:?} is no duration.", lock.lock_timeout))
            .help("Write it as -lock-timeout=5m.")
    })?;
    let mut told = false;
    let mut sleep = |holder: Option<&crate::ledger::lock::Holder>, pause: std::time::Duration| {
        if !told && !timeout.is_zero() {
            let who = holder.map_or_else(|| "somebody".to_owned(), ToString::to_string);
            context.warn(&format!("Waiting for the lock, which is held by {who}.\n"));
            told = true;
        }
        // In short naps: whoever is asked to end does not wait any longer.
        let mut left = pause;
        while !left.is_zero() && !signals::asked() {
            let nap = left.min(NAP);
            std::thread::sleep(nap);
            left -= nap;
        }
        if signals::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let patience = Patience { timeout, sleep: &mut sleep };
    let opened = file::open(request(context, folder, product)?, patience);
    let (ledger, notices) = match opened {
        Err(LedgerError::Lock(_)) if signals::asked() => {
            let message = "Interrupted while waiting for the lock: the ledger was not touched.";
            return Err(Failure::new(Exit::Interrupted, message));
        }
        Err(LedgerError::Lock(LockError::Held { holder: Some(holder) })) => {
            let command = format!(
                "relplan force-unlock{} {} -reason=...",
                typed::of_ledger(context, folder, product)(),
                shell::word(&escape::line(&holder.id))
            );
            let message = format!("The ledger is locked by {holder}.");
            let help = format!("Wait for it, or give -lock-timeout; if it hangs, `{command}`.");
            return Err(Failure::new(Exit::Locked, message).help(help));
        }
        opened => opened?,
    };
    for notice in notices {
        context.warn(&format!("Note: {notice}.\n"));
    }
    Ok(ledger)
}

/// Who writes, and what others are told.
pub(super) fn request<'a>(
    context: &Context,
    folder: &'a Path,
    product: &'a str,
) -> Result<Request<'a>, Failure> {
    let run = RunId(random_id()?.into());
    Ok(Request {
        root: folder,
        product,
        writer: Writer { run, actor: context.actor() },
        holder: context.holder(random_id()?),
        key: key::given(context)?,
        time_ms: context.now_ms(),
    })
}

/// The ledger that a command means which names no release file: in the folder given, here, or under `releases/`.
pub(super) fn find(context: &Context, args: &LedgerArgs) -> Result<(PathBuf, String), Failure> {
    let folders: Vec<PathBuf> = match &args.dir {
        Some(folder) => vec![context.path(folder)],
        None => vec![context.directory.clone(), context.directory.join("releases")],
    };
    for folder in &folders {
        let products = products(folder);
        match (&args.product, products.as_slice()) {
            (Some(wanted), _) if products.contains(wanted) => return Ok((folder.clone(), wanted.clone())),
            (None, [only]) => return Ok((folder.clone(), only.clone())),
            (None, [_, _, ..]) => {
                let message = format!("There are several products here: {}.", products.join(", "));
                return Err(Failure::new(Exit::Usage, message).help("Name one with -product=NAME."));
            }
            (Some(_), _) | (None, []) => {}
        }
    }
    let what =
        args.product.as_ref().map_or_else(|| "no ledger".to_owned(), |name| format!("no ledger of {name:?}"));
    Err(Failure::error(format!("There is {what} here, nor under releases/: nothing was applied yet."))
        .help("Name the folder of the release files with -dir=DIR."))
}

/// No first record of a ledger is longer, in bytes.
const FIRST_RECORD: usize = 1 << 16;

/// The products that have a ledger in a folder: as their own ledgers say.
pub(super) fn products(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder.join(file::ROOT)) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut products: Vec<String> = names
        .filter_map(|name| {
            let log = folder.join(file::ROOT).join(&name).join("ledger.jsonl");
            // The first record names the product; a directory's name may be an escaped form of it.
            let beginning = read_bounded(&log, FIRST_RECORD).ok()?;
            let first = std::str::from_utf8(beginning.split(|byte| *byte == b'\n').next()?).ok()?;
            let json: serde_json::Value = serde_json::from_str(first.split_once(' ')?.1).ok()?;
            Some(json.pointer("/body/product")?.as_str()?.to_owned())
        })
        .collect();
    products.sort();
    products
}
