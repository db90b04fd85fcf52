//! Questions that a person wrote, asked where nothing can be changed.

use std::collections::BTreeMap;

use relplan_archive::Job;
use relplan_contract::{Kind, Number, Problem, Value};
use serde_json::value::RawValue;

use crate::connection::Connection;
use crate::psql::{Session, literal};

/// The most that one answer may hold, in bytes: it goes through plan and ledger.
const LARGEST: usize = 1 << 20;

/// An answer: rows as objects, and whether there were more.
pub(crate) struct Rows {
    /// Each row by the names of its columns.
    pub(crate) rows: Vec<Value>,
    /// Whether the limit left rows out.
    pub(crate) truncated: bool,
}

/// Asks one question in a session of its own, as the database's settings have it.
pub(crate) fn ask_once(
    job: &Job,
    connection: &Connection,
    sql: &str,
    most: usize,
    timeout_ms: i64,
) -> Result<Rows, Problem> {
    let connection = connection.with_options(&[("statement_timeout", timeout_ms.to_string())]);
    let mut session = Session::open(job, &connection)?;
    let rows = ask(&mut session, sql, most)?;
    session.close()?;
    Ok(rows)
}

/// Asks one question in a read-only transaction that is rolled back.
///
/// The question runs within a block of PL/pgSQL: there is no way out of the transaction from there, whatever it says.
pub(crate) fn ask(session: &mut Session<'_>, sql: &str, most: usize) -> Result<Rows, Problem> {
    let inner = sql.trim().trim_end_matches(';');
    let limited = format!(
        "SELECT coalesce(jsonb_agg(to_jsonb(q)), '[]') FROM (SELECT * FROM (\n{inner}\n) q LIMIT {}) q",
        most.saturating_add(1)
    );
    let block = format!(
        "DECLARE answer text; BEGIN EXECUTE {} INTO answer; \
         IF octet_length(answer) > {LARGEST} THEN RAISE EXCEPTION 'the answer has more than {LARGEST} bytes'; END IF; \
         PERFORM set_config('relplan.answer', answer, true); END",
        literal(&limited)
    );
    // Names are looked for where a person's own session would.
    session.run("BEGIN READ ONLY; SET LOCAL search_path = DEFAULT")?;
    session.run(&format!("DO {}", literal(&block)))?;
    let text = session.run("SELECT current_setting('relplan.answer')")?.concat();
    session.run("ROLLBACK")?;
    let unread = |error| Problem::refused(format!("The answer of the query cannot be read: {error}."));
    let read: Vec<&RawValue> = serde_json::from_str(&text).map_err(unread)?;
    let mut rows = read.into_iter().map(value).collect::<Result<Vec<Value>, _>>().map_err(unread)?;
    let truncated = rows.len() > most;
    rows.truncate(most);
    Ok(Rows { rows, truncated })
}

/// The first column of the first row, as text; the columns are in the order of their names.
pub(crate) fn first(rows: &Rows) -> Option<String> {
    let row = rows.rows.first()?.as_map()?;
    let value = row.values().next()?;
    (!value.is_null()).then(|| shown(value))
}

/// A value as people and `equals` write it.
pub(crate) fn shown(value: &Value) -> String {
    match (value.as_str(), value.as_map(), value.as_list()) {
        (Some(text), ..) => text.to_owned(),
        (None, Some(map), _) => {
            let members = map.iter().map(|(name, value)| format!("{name}={}", shown(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        (None, None, Some(items)) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        (None, None, None) => match (value.as_bool(), number(value)) {
            (Some(truth), _) => truth.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => "null".to_owned(),
        },
    }
}

/// A value that is a number.
pub(crate) fn number(value: &Value) -> Option<&Number> {
    if let Kind::Number(number) = value.kind() { Some(number) } else { None }
}

/// What a part of an answer is. Its text is read, since a number of JSON as a float would be another one from 17 digits on.
fn value(json: &RawValue) -> Result<Value, serde_json::Error> {
    let text = json.get().trim();
    Ok(match text.as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            Value::list(items.into_iter().map(value).collect::<Result<Vec<_>, _>>()?)
        }
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            let members = members.into_iter().map(|(name, member)| Ok((name, value(member)?)));
            Value::map(members.collect::<Result<Vec<(String, Value)>, serde_json::Error>>()?)
        }
        Some(b'"') => Value::from(serde_json::from_str::<String>(text)?),
        Some(b't' | b'f') => (text == "true").into(),
        Some(b'-' | b'0'..=b'9') => Number::parse(text).map_or_else(|_| Value::from(text), Value::from),
        Some(_) | None => Value::NULL,
    })
}
