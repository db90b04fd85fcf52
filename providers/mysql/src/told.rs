//! What a person must know of a database that was restored: what in it still means another one, what begins to happen in it.

use relplan_archive::several;
use relplan_contract::Problem;

use crate::moved::names;
use crate::session::{Session, identifier, literal};

/// At most this many are named.
const NAMED: usize = 10;

/// Sentences about a database that holds what was taken of another one.
pub(crate) fn of_copy(
    session: &mut Session<'_>,
    taken_of: &str,
    database: &str,
) -> Result<Vec<String>, Problem> {
    let name = literal(database);
    let texts = session.run(&format!(
        "SELECT LOWER(routine_type), routine_name, routine_definition, '' FROM information_schema.routines WHERE routine_schema = {name} \
         UNION ALL SELECT 'trigger', trigger_name, action_statement, '' FROM information_schema.triggers WHERE trigger_schema = {name} \
         UNION ALL SELECT 'event', event_name, event_definition, status FROM information_schema.events WHERE event_schema = {name} ORDER BY 1, 2"
    ))?;
    let (mut naming, mut enabled) = (Vec::new(), Vec::new());
    for text in &texts {
        let [kind, object, body, status] = text.as_slice() else { continue };
        if taken_of != database && !taken_of.is_empty() && names(body, taken_of) {
            naming.push(format!("{kind} {object}"));
        }
        if status == "ENABLED" {
            enabled.push(identifier(object));
        }
    }
    let mut told = Vec::new();
    if !naming.is_empty() {
        told.push(format!(
            "These name the database {taken_of} in their texts, and mean that one also in {database}: {}.",
            several(&naming, NAMED)
        ));
    }
    if let Some(first) = enabled.first() {
        told.push(format!(
            "These events are enabled in {database}, and happen there too where the server's scheduler runs: {}. `ALTER EVENT {}.{first} DISABLE` ends that.",
            several(&enabled, NAMED),
            identifier(database)
        ));
    }
    Ok(told)
}
