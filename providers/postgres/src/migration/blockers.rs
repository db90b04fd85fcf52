//! Who holds up a session: enough to find them, and nothing of what they run, which may hold secrets.

use relplan_contract::Problem;
use serde::Deserialize;

use crate::psql::Session;

/// How many are named.
const NAMED: usize = 3;

/// How much of an application's name is shown.
const SHOWN: usize = 40;

/// A session that another one waits for.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Party {
    /// Its process; 0 for a prepared transaction, which has none.
    pid: i64,
    user: Option<String>,
    application: Option<String>,
    /// As in `pg_stat_activity`; missing where we may not see it.
    state: Option<String>,
    /// For how long it has been in that state, and in its transaction.
    state_s: Option<i64>,
    transaction_s: Option<i64>,
    /// Whether it waits for a lock itself.
    #[serde(default)]
    waits: bool,
}

/// What a look at a session found.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Seen {
    /// Those that it waits for, and those that they wait for.
    pub(super) parties: Vec<Party>,
    /// Whether it waits for what its client would send.
    pub(super) waits_for_client: bool,
}

/// The columns that make a [`Party`] of `pid`, and where they come from.
const PARTY: &str = "jsonb_build_object('pid', pid, 'user', a.usename, 'application', a.application_name, 'state', a.state, \
    'state_s', extract(epoch FROM clock_timestamp() - a.state_change)::bigint, \
    'transaction_s', extract(epoch FROM clock_timestamp() - a.xact_start)::bigint, \
    'waits', coalesce(a.wait_event_type = 'Lock', false))";

/// Looks what the session `pid` waits for.
pub(super) fn look(session: &mut Session<'_>, pid: i64) -> Result<Seen, Problem> {
    let json = session.json(&format!(
        "WITH RECURSIVE held(pid) AS (SELECT unnest(pg_blocking_pids({pid})) UNION SELECT unnest(pg_blocking_pids(pid)) FROM held), \
         parties AS (SELECT {PARTY} AS party FROM held LEFT JOIN pg_stat_activity a USING (pid) WHERE pid <> {pid} LIMIT 20) \
         SELECT jsonb_build_object('parties', (SELECT coalesce(jsonb_agg(party), '[]') FROM parties), 'waits_for_client', \
         EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid} AND state = 'active' AND wait_event = 'ClientRead'))"
    ))?;
    Ok(serde_json::from_value(json).unwrap_or_default())
}

/// Who holds the advisory lock with a number, which is an expression.
pub(super) fn holders(session: &mut Session<'_>, number: &str) -> Result<Vec<Party>, Problem> {
    let json = session.json(&format!(
        "SELECT coalesce(jsonb_agg({PARTY}), '[]') FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid) \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND (l.classid::bigint << 32) | l.objid::bigint = {number}"
    ))?;
    Ok(serde_json::from_value(json).unwrap_or_default())
}

/// Them in words, those who wait for nobody first; nothing where there are none.
pub(super) fn told(parties: &[Party]) -> Option<String> {
    let (waiting, roots): (Vec<&Party>, Vec<&Party>) = parties.iter().partition(|party| party.waits);
    let all: Vec<String> = roots.into_iter().chain(waiting).map(Party::told).collect();
    let (named, more) = all.split_at(all.len().min(NAMED));
    match (named, more.len()) {
        ([], _) => None,
        (named, 0) => Some(named.join(" and ")),
        (named, more) => Some(format!("{} and {more} more", named.join(", "))),
    }
}

impl Party {
    fn told(&self) -> String {
        if self.pid == 0 {
            return "a prepared transaction (see pg_prepared_xacts)".to_owned();
        }
        let plain = |text: &Option<String>| {
            let text: String =
                text.iter().flat_map(|text| text.chars()).filter(|c| !c.is_control()).take(SHOWN).collect();
            Some(text).filter(|text| !text.is_empty())
        };
        let mut facts = Vec::new();
        facts.extend(plain(&self.user).map(|user| format!("user {user}")));
        facts.extend(plain(&self.application).map(|name| format!("application {name}")));
        let since = |seconds: Option<i64>| {
            seconds.map_or_else(String::new, |seconds| format!(" for {}", duration(seconds)))
        };
        match self.state.as_deref() {
            Some("active") => facts.push(format!("its statement runs{}", since(self.state_s))),
            Some(state) => facts.push(format!("{state}{}", since(self.state_s))),
            None => {}
        }
        if self.transaction_s > self.state_s {
            facts.push(format!("its transaction{}", since(self.transaction_s)));
        }
        if self.waits {
            facts.push("waits itself".to_owned());
        }
        format!("the process {} ({})", self.pid, facts.join(", "))
    }
}

/// A time in words.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_blocks_is_told_without_what_they_run() {
        let party = |json| serde_json::from_value::<Party>(json).expect("a party");
        let idle = party(
            serde_json::json!({"pid": 7, "user": "app", "application": "web\u{1b}[1m", "state": "idle in transaction",
            "state_s": 75, "transaction_s": 4000, "query": "SELECT 'secret'"}),
        );
        let waiting = party(
            serde_json::json!({"pid": 8, "user": "ann", "state": "active", "state_s": 3, "transaction_s": 3, "waits": true}),
        );
        let hidden = party(serde_json::json!({"pid": 9, "user": null}));
        let prepared = party(serde_json::json!({"pid": 0}));
        assert_eq!(
            told(&[waiting.clone(), idle.clone()]).expect("two"),
            "the process 7 (user app, application web[1m, idle in transaction for 1 min 15 s, its transaction for 1 h 6 min) and \
             the process 8 (user ann, its statement runs for 3 s, waits itself)"
        );
        assert_eq!(
            told(std::slice::from_ref(&prepared)).expect("one"),
            "a prepared transaction (see pg_prepared_xacts)"
        );
        assert!(told(&[hidden, prepared, idle, waiting]).expect("four").ends_with(" and 1 more"));
        assert_eq!(told(&[]), None);
    }
}
