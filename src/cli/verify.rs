//! `relplan verify`: a backup that a record holds, proven once more.

use std::sync::Arc;

use relplan_contract::{Problem, ProblemKind, Value, Verification, VerifyRequest};

use super::args::VerifyArgs;
use super::backups::{Backup, failure};
use super::context::Context;
use super::exit::{Exit, Failure};
use crate::event::Event;
use crate::view::json::Deed;

/// What is known of how a backup was verified; the last two mean nothing to a plan.
const PROOF: [&str; 3] = ["verified", "verified_at", "verified_ms"];

pub(super) fn run(context: &Context, args: &VerifyArgs) -> Result<Exit, Failure> {
    let backup = Backup::find(context, &args.ledger, &args.address, &[])?.by_means(&args.means)?;
    let (resource, object, how) = (Arc::clone(&backup.resource), backup.object.clone(), args.how.clone());
    let verified = backup.call(context, move |call| {
        Box::pin(async move {
            resource.verify(call, VerifyRequest { object: &object, how: how.as_deref() }).await
        })
    })?;
    match verified {
        Ok(verification) => {
            backup.record(context, &args.lock, proven(&backup, &verification))?;
            let text = format!("Verified {}", backup.key);
            let mut deeds = vec![Deed { key: Some(backup.key.clone()), text }];
            deeds.extend(
                verification.notes.into_iter().map(|note| Deed { key: None, text: format!("  {note}") }),
            );
            context.print_done("verify", &deeds);
            Ok(Exit::Done)
        }
        Err(problem) => {
            if is_damage(&problem) {
                // It counts as proven no more.
                let value = with_proof(&backup.entry.value, |_| Value::NULL);
                let reason = format!("Verification failed: {}", problem.message);
                backup.record(
                    context,
                    &args.lock,
                    Event::Adopted { key: backup.key.clone(), value, reason },
                )?;
            }
            Err(failure(problem))
        }
    }
}

/// What is recorded: only what changes the state makes plans stale that were reviewed before.
fn proven(backup: &Backup, verification: &Verification) -> Event {
    let (key, notes) = (backup.key.clone(), verification.notes.join(" "));
    let before = &backup.entry.value;
    let value = with_proof(before, |name| verification.value.get(name).clone());
    if value.get("verified") == before.get("verified") {
        Event::Verified { key, value, notes }
    } else {
        Event::Adopted { key, value, reason: format!("Verified: {notes}") }
    }
}

/// Whether the backup itself is at fault, and not the way to it.
const fn is_damage(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::Conflict | ProblemKind::Missing)
}

/// The object with another proof; what else it was made with stays.
fn with_proof(object: &Value, proof: impl Fn(&str) -> Value) -> Value {
    let there = PROOF.iter().filter(|name| object.as_map().is_some_and(|map| map.contains_key(**name)));
    there.fold(object.clone(), |object, name| object.with(name, proof(name)))
}
