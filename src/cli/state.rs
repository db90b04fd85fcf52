//! `relplan state`: looking at the state, and changing what it knows.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use super::args::{LockArgs, StateArgs, StateVerb};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::{history, ledger, planning};
use crate::addr::{Address, Target};
use crate::canonical::Digest;
use crate::event::{Ending, EntryKey, Event, RunMode};
use crate::ledger::file;
use crate::plan::asked;
use crate::state::State;
use crate::view;
use crate::view::json::Deed;

pub(super) fn run(context: &Context, args: &StateArgs) -> Result<Exit, Failure> {
    let (folder, product) = ledger::find(context, &args.ledger)?;
    match &args.verb {
        StateVerb::List { addresses } => list(context, &folder, &product, addresses),
        StateVerb::Show { address } => show(context, &folder, &product, address),
        StateVerb::History { address, filter } => {
            history::run(context, &folder, &product, address.as_deref(), filter)
        }
        StateVerb::Verify { head } => verify(context, &folder, &product, head.as_deref()),
        StateVerb::Pull => pull(context, &folder, &product),
        StateVerb::Rm { addresses } => remove(context, &folder, &product, addresses),
        StateVerb::Mv { from, to } => rename(context, &folder, &product, from, to),
        StateVerb::Release { address, reason } => release(context, &folder, &product, address, reason),
    }
}

fn list(context: &Context, folder: &Path, product: &str, addresses: &[String]) -> Result<Exit, Failure> {
    let mut state = planning::read_state(context, folder, product)?;
    if !addresses.is_empty() {
        let targets = planning::targets(addresses)?;
        for target in &targets {
            must_be_there(context, &state, target)?;
        }
        state.entries.retain(|key, _| crate::plan::covers(&targets, &key.address));
    }
    context.print(&if context.json {
        view::json::to_line(&view::json::state(&state))
    } else {
        view::state::list(&state)
    });
    Ok(Exit::Done)
}

fn show(context: &Context, folder: &Path, product: &str, address: &str) -> Result<Exit, Failure> {
    let state = planning::read_state(context, folder, product)?;
    for key in keys(context, &state, address)? {
        let Some(entry) = state.entries.get(&key) else { continue };
        context.print(&if context.json {
            view::json::to_line(&view::json::entry(&key, entry))
        } else {
            view::state::show(&state, &key, entry, &context.palette())
        });
    }
    Ok(Exit::Done)
}

fn verify(context: &Context, folder: &Path, product: &str, head: Option<&str>) -> Result<Exit, Failure> {
    let head =
        head.map(Digest::from_str).transpose().map_err(|error| Failure::usage(format!("-head: {error}.")))?;
    let directory = folder.join(file::ROOT).join(file::directory_name(product)?);
    let report = file::verify(&directory, head)?;
    context.print(&if context.json {
        view::json::to_line(&view::json::verified(&report))
    } else {
        view::state::report(&report, &context.palette())
    });
    Ok(Exit::Done)
}

fn pull(context: &Context, folder: &Path, product: &str) -> Result<Exit, Failure> {
    let path = folder.join(file::ROOT).join(file::directory_name(product)?).join("ledger.jsonl");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::error(format!("The ledger {} cannot be read: {error}.", path.display())))?;
    context.print_exactly(&text);
    Ok(Exit::Done)
}

fn remove(context: &Context, folder: &Path, product: &str, addresses: &[String]) -> Result<Exit, Failure> {
    change(context, folder, product, "state rm", |state| {
        let mut changes = Vec::new();
        for address in addresses {
            for key in keys(context, state, address)? {
                let deed = Deed { key: Some(key.clone()), text: format!("Let go of {key}") };
                let reason = "A person removed it from the state.".to_owned();
                changes.push((Event::Forgotten { key, reason }, deed));
            }
        }
        Ok(changes)
    })
}

fn rename(context: &Context, folder: &Path, product: &str, from: &str, to: &str) -> Result<Exit, Failure> {
    let (from, to) = (parse(from)?, parse(to)?);
    if from.resource.ty != to.resource.ty {
        return Err(Failure::usage("An object cannot become one of another type."));
    }
    change(context, folder, product, "state mv", |state| {
        let found: Vec<EntryKey> = state.entries.keys().filter(|key| key.address == from).cloned().collect();
        if found.is_empty() {
            return Err(absent(
                context,
                state.entries.keys().map(|key| &key.address),
                &from.to_string(),
                STATE,
            ));
        }
        let moved = found.into_iter().map(|key| {
            let target = EntryKey { address: to.clone(), version: key.version.clone() };
            if state.entries.contains_key(&target) {
                return Err(Failure::error(format!("There is a {target} already.")));
            }
            let deed = Deed { key: Some(target.clone()), text: format!("Moved {key} to {target}") };
            Ok((Event::Moved { from: key, to: target }, deed))
        });
        moved.collect()
    })
}

fn release(
    context: &Context,
    folder: &Path,
    product: &str,
    address: &str,
    reason: &str,
) -> Result<Exit, Failure> {
    let address = parse(address)?;
    if reason.trim().is_empty() {
        return Err(Failure::usage("A reason is needed: it goes into the ledger."));
    }
    change(context, folder, product, "state release", |state| {
        if !state.holds.contains_key(&address) {
            let known = state.entries.keys().map(|key| &key.address);
            if !known.clone().chain(state.holds.keys()).any(|known| *known == address) {
                return Err(absent(context, state.holds.keys().chain(known), &address.to_string(), STATE));
            }
            return Err(Failure::error(format!("{address} is not on hold.")));
        }
        let key = Some(EntryKey { address: address.clone(), version: None });
        let deed = Deed { key, text: format!("Released {address}") };
        Ok(vec![(Event::Released { address: address.clone(), reason: reason.to_owned() }, deed)])
    })
}

/// Records what a verb changes, as a run of its own, and says it when it is durable.
pub(super) fn change(
    context: &Context,
    folder: &Path,
    product: &str,
    verb: &str,
    changes: impl FnOnce(&State) -> Result<Vec<(Event, Deed)>, Failure>,
) -> Result<Exit, Failure> {
    let lock = LockArgs { lock_timeout: "0s".to_owned() };
    let mut ledger = ledger::open(context, folder, product, &lock)?;
    let mut all = vec![Event::RunOpened {
        mode: RunMode::State,
        version: "".into(),
        config: None,
        plan: None,
        versions: BTreeMap::from([("relplan".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        command: context.command.clone(),
    }];
    let (events, deeds): (Vec<Event>, Vec<Deed>) = changes(ledger.state())?.into_iter().unzip();
    let counts = BTreeMap::from([("done".to_owned(), events.len() as u64)]);
    all.extend(events);
    all.push(Event::RunClosed { ending: Ending::Complete, complete: false, counts });
    ledger.append(context.now_ms(), all)?;
    ledger.sync()?;
    context.print_done(verb, &deeds);
    Ok(Exit::Done)
}

/// What objects are looked for in.
const STATE: &str = "the state";

/// The objects that an address means, with `@VERSION` only that of one version.
pub(super) fn keys(context: &Context, state: &State, text: &str) -> Result<Vec<EntryKey>, Failure> {
    let (address, version) = match text.rsplit_once('@') {
        Some((address, version)) if !version.contains(['"', ']']) => (address, Some(version)),
        _ => (text, None),
    };
    let target = target(address)?;
    let covered: Vec<EntryKey> =
        state.entries.keys().filter(|key| target.covers(&key.address)).cloned().collect();
    let of_version = |key: &&EntryKey| version.is_none_or(|version| key.version.as_deref() == Some(version));
    let found: Vec<EntryKey> = covered.iter().filter(of_version).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let Some(version) = version.filter(|_| !covered.is_empty()) else {
        return Err(absent(context, state.entries.keys().map(|key| &key.address), address, STATE));
    };
    let names: Vec<String> = covered.iter().map(ToString::to_string).collect();
    let failure = Failure::error(format!("There is no {address} of the version {version} in the state."));
    Err(failure.help(format!("There is {}.", names.join(", "))))
}

/// Refuses an address that names nothing.
pub(super) fn must_be_there(context: &Context, state: &State, target: &Target) -> Result<(), Failure> {
    let mut known = state.entries.keys().map(|key| &key.address);
    if known.clone().any(|address| target.covers(address)) {
        return Ok(());
    }
    Err(absent(context, &mut known, &target.to_string(), STATE))
}

fn absent<'a>(
    context: &Context,
    known: impl IntoIterator<Item = &'a Address>,
    text: &str,
    place: &str,
) -> Failure {
    let help = asked::near(text, known).map_or_else(
        || format!("See `{}`.", context.typed("state list", &[])),
        |near| format!("Did you mean {near}?"),
    );
    Failure::error(format!("There is no {text} in {place}.")).help(help)
}

fn target(text: &str) -> Result<Target, Failure> {
    Target::from_str(text).map_err(|error| Failure::usage(format!("{error}.")))
}

fn parse(text: &str) -> Result<Address, Failure> {
    Address::from_str(text).map_err(|error| Failure::usage(format!("{error}.")))
}
