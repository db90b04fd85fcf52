//! `relplan verify`: a backup that a record holds, proven once more.

use relplan_contract::{Problem, ProblemKind, Value, VerifyRequest};

use super::args::VerifyArgs;
use super::backups::{Backup, failure};
use super::context::Context;
use super::exit::{Exit, Failure};
use crate::event::Event;
use crate::view::json::Deed;

pub(super) fn run(context: &Context, args: &VerifyArgs) -> Result<Exit, Failure> {
    let backup = Backup::find(context, &args.ledger, &args.address, &[])?.by_means(&args.means)?;
    let request = VerifyRequest { object: &backup.entry.value, how: args.how.as_deref() };
    let verified = backup.call(context, async |call| backup.resource.verify(call, request).await)?;
    match verified {
        Ok(verification) => {
            let reason = format!("Verified: {}", verification.notes.join(" "));
            let adopted = Event::Adopted { key: backup.key.clone(), value: verification.value, reason };
            backup.record(context, &args.lock, adopted)?;
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
                let value = unproven(&backup.entry.value);
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

/// Whether the backup itself is at fault, and not the way to it.
const fn is_damage(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::Conflict | ProblemKind::Missing)
}

/// The object as one that counts as proven no more.
fn unproven(object: &Value) -> Value {
    let known = ["verified", "verified_at", "verified_ms"];
    let there = known.iter().filter(|name| object.as_map().is_some_and(|map| map.contains_key(**name)));
    there.fold(object.clone(), |object, name| object.with(name, Value::NULL))
}
