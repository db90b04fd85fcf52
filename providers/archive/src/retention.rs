//! Which snapshots of a series are kept.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::Offset;
use relplan_contract::{Problem, Value};

use crate::arguments::Settings;
use crate::manifest::Verified;
use crate::snapshot::Archive;
use crate::store::{Store, failed};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A snapshot that is kept so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// When it was begun, in milliseconds since 1970.
    pub created_ms: i64,
    /// How many bytes are stored.
    pub bytes: u64,
    /// When it was verified last.
    pub verified: Option<Verified>,
}

impl Kept {
    /// The snapshots of a series, the oldest first. One whose manifest cannot be read is left alone.
    pub fn list(settings: &Settings) -> Result<Vec<Self>, Problem> {
        let Settings { store, series, .. } = settings;
        let names = store.0.list(&format!("{series}-"));
        let names = names.map_err(|error| failed(&format!("{} cannot be read", store.shown()), &error))?;
        let read = |name: &String| Archive::find(store, name).ok().flatten();
        let archives = names.iter().filter_map(read).filter(|archive| archive.manifest.series == *series);
        let mut all: Vec<Self> = archives
            .map(|archive| Self {
                verified: archive.verified(),
                bytes: archive.manifest.stored_bytes(),
                created_ms: archive.manifest.created_ms,
                name: archive.manifest.name,
            })
            .collect();
        all.sort_by(|left, right| (left.created_ms, &left.name).cmp(&(right.created_ms, &right.name)));
        Ok(all)
    }

    /// What keeps a snapshot from being deleted now, in words.
    pub(crate) fn held(store: &Store, name: &str) -> Result<Option<String>, Problem> {
        let held = store.0.held(name);
        held.map_err(|error| {
            failed(&format!("Whether the snapshot {name} may be deleted cannot be seen"), &error)
        })
    }

    /// Deletes it, unless something holds it.
    pub fn delete(store: &Store, name: &str) -> Result<(), Problem> {
        if let Some(held) = Self::held(store, name)? {
            return Err(Problem::conflict(format!("The snapshot {name} is {held}: it cannot be deleted.")));
        }
        store
            .0
            .delete(name)
            .map_err(|error| failed(&format!("The old snapshot {name} cannot be deleted"), &error))
    }
}

/// What is kept; what any of the rules wants stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retain {
    /// That many, the newest.
    pub count: usize,
    /// Those of the last days.
    pub days: i64,
    /// The newest of each of that many weeks.
    pub weekly: usize,
    /// The newest of each of that many months.
    pub monthly: usize,
}

impl Retain {
    pub(crate) fn read(block: &Value) -> Option<Self> {
        let number = |name: &str| block.get(name).as_i64().unwrap_or(0).max(0);
        let count = |name: &str| usize::try_from(number(name)).unwrap_or(usize::MAX);
        let read = Self {
            count: count("count"),
            days: number("days"),
            weekly: count("weekly"),
            monthly: count("monthly"),
        };
        (!block.is_null()).then_some(read)
    }

    /// Those that no rule wants once a new one is there, the oldest first. The last verified one always stays.
    #[must_use]
    pub fn surplus(&self, kept: &[Kept], now_ms: i64) -> Vec<Kept> {
        let mut wanted = BTreeSet::new();
        let newest: Vec<&Kept> = kept.iter().rev().collect();
        // The new one, of this week and month, counts in each of the rules.
        wanted.extend(newest.iter().take(self.count.saturating_sub(1)).map(|one| &one.name));
        let young = |one: &&&Kept| now_ms.saturating_sub(one.created_ms) < self.days.saturating_mul(DAY_MS);
        wanted.extend(newest.iter().filter(young).map(|one| &one.name));
        for (rule, period) in [(self.weekly, week as fn(i64) -> (i32, i32)), (self.monthly, month)] {
            let mut seen = BTreeSet::from([period(now_ms)]);
            for one in &newest {
                if seen.len() < rule && seen.insert(period(one.created_ms)) {
                    wanted.insert(&one.name);
                }
            }
        }
        let verified = newest.iter().filter(|one| one.verified.is_some());
        wanted.extend(
            verified
                .max_by_key(|one| one.verified.as_ref().map(|verified| verified.at_ms))
                .map(|one| &one.name),
        );
        kept.iter().filter(|one| !wanted.contains(&one.name)).cloned().collect()
    }
}

fn date(ms: i64) -> jiff::civil::Date {
    let moment = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::UTC.to_datetime(moment).date()
}

/// The ISO week of a moment in UTC.
fn week(ms: i64) -> (i32, i32) {
    let week = date(ms).iso_week_date();
    (week.year().into(), week.week().into())
}

fn month(ms: i64) -> (i32, i32) {
    let date = date(ms);
    (date.year().into(), date.month().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One a day, the last of them yesterday.
    fn daily(days: i64) -> (Vec<Kept>, i64) {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a moment");
        let now = now.as_millisecond();
        let one = |ago: i64| Kept {
            name: format!("shop-{:03}", days - ago),
            created_ms: now - ago * DAY_MS,
            bytes: 1,
            verified: (ago == days).then(|| Verified {
                how: "restore".into(),
                at_ms: now - ago * DAY_MS,
                took_ms: 1,
            }),
        };
        ((1..=days).rev().map(one).collect(), now)
    }

    #[test]
    fn each_rule_keeps_its_own() {
        let (kept, now) = daily(400);
        let left = |retain: Retain| kept.len() - retain.surplus(&kept, now).len();
        let rule = Retain::default();
        // The last verified one, which is the oldest here, and what the rule wants beside the new one.
        assert_eq!(left(rule), 1);
        assert_eq!(left(Retain { count: 3, ..rule }), 1 + 2);
        assert_eq!(left(Retain { days: 7, ..rule }), 1 + 6);
        assert_eq!(left(Retain { weekly: 5, ..rule }), 1 + 4);
        assert_eq!(left(Retain { monthly: 12, ..rule }), 1 + 11);
        assert_eq!(left(Retain { count: 3, days: 7, weekly: 5, monthly: 12 }), 1 + 6 + 3 + 11);
    }

    #[test]
    fn the_last_verified_one_stays() {
        let (mut kept, now) = daily(10);
        for one in &mut kept {
            one.verified = None;
        }
        let rule = Retain { count: 1, ..Retain::default() };
        assert_eq!(rule.surplus(&kept, now).len(), 10);
        kept[4].verified = Some(Verified { how: "read".into(), at_ms: 5, took_ms: 1 });
        assert!(rule.surplus(&kept, now).iter().all(|one| one.name != kept[4].name));
    }
}
