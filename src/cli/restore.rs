//! `relplan restore`: a backup that a record holds, into a new file or database. Never automatic.

use std::sync::Arc;

use relplan_contract::{ProblemKind, RestoreRequest};

use super::args::RestoreArgs;
use super::backups::{Backup, failure};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::event::Event;
use crate::view::json::Deed;

pub(super) fn run(context: &Context, args: &RestoreArgs) -> Result<Exit, Failure> {
    let target = Target::read(&args.into, args.over);
    let backup =
        Backup::find(context, &args.ledger, &args.address, &target.secrets)?.by_means(&args.means)?;
    agree(context, args, &target)?;
    let folder = context.path(std::path::Path::new(""));
    let (resource, object) = (Arc::clone(&backup.resource), backup.object.clone());
    let (into, over) = (args.into.clone(), args.over);
    let restored = backup.call(context, move |call| {
        Box::pin(async move {
            let request = RestoreRequest { object: &object, into: &into, folder: &folder, over };
            resource.restore(call, request).await
        })
    })?;
    let outcome = match &restored {
        Ok(restored) => restored.notes.join(" "),
        Err(problem) => format!("failed: {}", problem.message),
    };
    // What was refused before anything was done is not worth a record.
    let refused = restored
        .as_ref()
        .is_err_and(|problem| matches!(problem.kind, ProblemKind::Conflict | ProblemKind::Invalid));
    if !refused {
        let event = Event::Restored { key: backup.key.clone(), into: target.shown.clone(), outcome };
        backup.record(context, &args.lock, event)?;
    }
    let restored = restored.map_err(failure)?;
    let text = format!("Restored {} into {}", backup.key, target.shown);
    let mut deeds = vec![Deed { key: Some(backup.key.clone()), text }];
    deeds.extend(restored.notes.into_iter().map(|note| Deed { key: None, text: format!("  {note}") }));
    context.print_done("restore", &deeds);
    Ok(Exit::Done)
}

/// Where a backup goes: a file, or a database by its URL.
struct Target {
    /// Without a password.
    shown: String,
    /// The name of the database or file that a person types once more; none for a file that is new.
    name: Option<String>,
    secrets: Vec<String>,
}

impl Target {
    fn read(into: &str, over: bool) -> Self {
        let Some((scheme, rest)) = into.split_once("://") else {
            let name = into.rsplit('/').next().filter(|_| over).map(str::to_owned);
            return Self { shown: into.to_owned(), name, secrets: Vec::new() };
        };
        let (path, _) = rest.split_once('?').unwrap_or((rest, ""));
        let (server, database) = path.split_once('/').unwrap_or((path, ""));
        let (who, server) = server.rsplit_once('@').unwrap_or(("", server));
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        let at = if user.is_empty() { "" } else { "@" };
        Self {
            shown: format!("{scheme}://{user}{at}{server}/{database}"),
            name: Some(database.to_owned()),
            secrets: (!password.is_empty()).then(|| password.to_owned()).into_iter().collect(),
        }
    }
}

/// What may be put aside is named twice: a wrong name is found out too late otherwise.
fn agree(context: &Context, args: &RestoreArgs, target: &Target) -> Result<(), Failure> {
    let Some(name) = &target.name else { return Ok(()) };
    let typed = match &args.confirm {
        Some(typed) => Some(typed.clone()),
        None if !context.terminal.interactive || context.json => {
            return Err(Failure::new(Exit::Declined, "Nobody can be asked here, so nothing was done.").help(
                format!(
                    "Give {}: what it goes into, named once more.",
                    crate::shell::word(&format!("-confirm={name}"))
                ),
            ));
        }
        None => Terminal::ask(&format!(
            "This restores into {}.\nType the name of the database or file to go on.\n\n  Enter a value: ",
            target.shown
        )),
    };
    if typed.as_deref() == Some(name) {
        return Ok(());
    }
    Err(Failure::new(Exit::Declined, "That is another name, so nothing was done."))
}
