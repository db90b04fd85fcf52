//! What must hold after each command, and when a verb has come to its end.

use std::collections::{BTreeMap, BTreeSet};

use super::effects::{self, Effect, Proven};
use super::shop::{Live, Shop, named};
use crate::harm::Run;
use crate::kept::{self, Record};

/// After every command, whatever was done to it.
pub(super) fn always(shop: &Shop, run: &Run, drifted: bool) -> Vec<String> {
    let effects = effects::effects(shop);
    let mut findings = unintended(&effects, &run.records);
    findings.extend(doubled(&effects));
    if shop.joined && !drifted {
        let since = run.records.get(run.before..).unwrap_or_default();
        findings.extend(over_a_mix(shop, &effects, since));
    }
    findings
}

/// Effects that no intent announced.
fn unintended(effects: &[Effect], records: &[Record]) -> Vec<String> {
    let intended: BTreeSet<&str> =
        records.iter().filter(|record| record.kind == "intended").map(Record::key).collect();
    let known = |effect: &&Effect| effect.key == "drift" || intended.contains(&*effect.key);
    let unknown = effects.iter().filter(|effect| !known(effect));
    unknown
        .map(|effect| {
            format!("{} {} was done without an intent in the ledger", effect.address, effect.content)
        })
        .collect()
}

/// Effects that were made again: under the same key, or the same once more with nothing in between.
fn doubled(effects: &[Effect]) -> Vec<String> {
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    let mut last: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut findings = Vec::new();
    for effect in effects.iter().filter(|effect| effect.what == "end") {
        let again = keys.entry(&effect.key).or_default();
        *again += 1;
        let before = last.entry(&effect.address).or_default();
        let record = effect.address.starts_with("exec_migration.");
        let same = if record {
            before.contains(&&*effect.content)
        } else {
            before.last() == Some(&&*effect.content)
        };
        if effect.key != "drift" && (*again > 1 || same) {
            findings.push(format!("{} {} was done twice", effect.address, effect.content));
        }
        before.push(&effect.content);
    }
    findings
}

/// Checks that passed on something else than the version that they judged, where all that is live is one version.
fn over_a_mix(shop: &Shop, effects: &[Effect], since: &[Record]) -> Vec<String> {
    let passed = |record: &&Record| {
        let outcome = record.body.pointer("/judgement/outcome").and_then(|outcome| outcome.as_str());
        record.kind == "judged" && outcome == Some("passed")
    };
    let mut findings = Vec::new();
    for record in since.iter().filter(passed) {
        let checked =
            effects.iter().rev().find(|effect| effect.what == "check" && effect.key == record.key());
        let Some(effect) = checked else { continue };
        let wanted = |version: &usize| named(*version) == effect.content;
        let Some(version) = shop.versions().find(wanted) else { continue };
        let saw = |live: &Live| effect.saw.contains(&format!("{}={},", live.name, live.content(version)));
        if !shop.lives.iter().all(saw) {
            findings
                .push(format!("{} passed for {} over a mix: {}", effect.address, effect.content, effect.saw));
        }
    }
    findings
}

/// What was live, and what of it was known good, before something began that may turn it back.
pub(super) struct Before {
    /// Keys of everything that was intended by then.
    keys: BTreeSet<String>,
    good: Vec<BTreeSet<String>>,
    /// The versions that were wholly known good.
    whole: Vec<Vec<String>>,
}

/// How a verb came to its end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Way {
    /// The exit code; none where it never ended.
    pub(super) code: Option<i32>,
    /// Whether another verb was cut off between.
    pub(super) cut_off_between: bool,
    /// Whether it was done once already, and killed before it could say so.
    pub(super) ended_unheard: bool,
}

/// The same for one live resource once everything has settled.
pub(super) struct Standing {
    /// What was live.
    pub(super) now: String,
    /// What is to be live once it is turned back; none where nothing ever was known good.
    pub(super) last_good: Option<String>,
}

impl Before {
    pub(super) fn of(shop: &Shop) -> Self {
        let records = kept::read(&shop.ledger());
        let proven = Proven::by(&records);
        let keys = records.iter().filter(|record| record.kind == "intended");
        let good: Vec<BTreeSet<String>> = (0..shop.lives.len()).map(|at| proven.good(shop, at)).collect();
        let versions = shop.versions().map(|version| shop.contents(version));
        let is_good =
            |contents: &Vec<String>| contents.iter().zip(&good).all(|(one, good)| good.contains(one));
        Self {
            keys: keys.map(|record| record.key().to_owned()).collect(),
            whole: versions.filter(is_good).collect(),
            good,
        }
    }

    /// How everything stood: what was under way then has ended since.
    pub(super) fn standings(&self, shop: &Shop) -> Vec<Standing> {
        let effects = effects::effects(shop);
        let of = |live: &Live, good: &BTreeSet<String>| {
            let address = live.address();
            let own = |effect: &&Effect| {
                effect.what == "end"
                    && effect.address == address
                    && (effect.key == "drift" || self.keys.contains(&effect.key))
            };
            let contents: Vec<&Effect> = effects.iter().filter(own).collect();
            let last = contents.iter().rev().find(|effect| good.contains(&effect.content));
            Standing {
                now: contents.last().map_or_else(|| "-".to_owned(), |effect| effect.content.clone()),
                last_good: last.map(|effect| effect.content.clone()),
            }
        };
        shop.lives.iter().zip(&self.good).map(|(live, good)| of(live, good)).collect()
    }

    /// What is wrong with what is live after a completed rollback. Where other verbs were cut off between, only that it
    /// is one version, and good.
    pub(super) fn turned_back(&self, shop: &Shop, way: &Way) -> Option<String> {
        let live = shop.live();
        let standings = self.standings(shop);
        let good = |at: usize, one: &String| self.good.get(at).is_some_and(|good| good.contains(one));
        let all_good = live.iter().enumerate().all(|(at, one)| good(at, one));
        let was_good = standings.iter().enumerate().all(|(at, standing)| good(at, &standing.now));
        let last_good: Option<Vec<String>> =
            standings.iter().map(|standing| standing.last_good.clone()).collect();
        let now: Vec<String> = standings.into_iter().map(|standing| standing.now).collect();
        if way.cut_off_between {
            let one = !shop.joined || self.whole.contains(&live);
            return (!all_good || !one)
                .then(|| format!("{live:?} is live, and not one version that was good"));
        }
        if was_good {
            return self.stepped_back(shop, &live, &now, way.ended_unheard);
        }
        let last_good = last_good.unwrap_or_default();
        if way.ended_unheard && self.is_older(&live, &last_good) {
            return None;
        }
        (live != last_good).then(|| format!("{live:?} is live, {now:?} was, and {last_good:?} was good"))
    }

    /// The versions that were wholly good before one.
    fn older<'s>(&'s self, than: &'s [String]) -> impl DoubleEndedIterator<Item = &'s Vec<String>> {
        let below = self.whole.iter().position(|whole| whole == than).unwrap_or(self.whole.len());
        self.whole.iter().take(below).filter(move |whole| *whole != than)
    }

    /// Whether what is live is one of them: a rollback that was done and could not say so was done once more.
    fn is_older(&self, live: &[String], than: &[String]) -> bool {
        self.older(than).any(|whole| whole == live)
    }

    /// Everything was good: there was nothing to do, or it went back to the good version before, however often it had
    /// to be typed. Never forth again. One that was done and could not say so any more has gone back one version, and
    /// the next goes back another one.
    fn stepped_back(
        &self,
        shop: &Shop,
        live: &[String],
        now: &[String],
        ended_unheard: bool,
    ) -> Option<String> {
        let effects = effects::effects(shop);
        let acted = effects.iter().any(|effect| {
            effect.what == "end"
                && effect.address.starts_with("exec_deployment.")
                && !self.keys.contains(&effect.key)
        });
        if !acted {
            return (live != now).then(|| format!("{live:?} is live without an effect, {now:?} was"));
        }
        let before = self.older(now).next_back();
        if ended_unheard && self.is_older(live, now) {
            return None;
        }
        let fits = match (shop.joined, before) {
            (true, before) => before.is_some_and(|before| before == live),
            (false, _) => {
                let good = live.iter().zip(&self.good).all(|(one, good)| good.contains(one));
                // Versions here have one digit each, so that they are ordered as texts.
                good && live != now && live.iter().zip(now).all(|(is, was)| is <= was)
            }
        };
        (!fits).then(|| format!("{live:?} is live, {now:?} was, and {before:?} was good before that"))
    }
}

/// When a verb has come to its end: nothing is open, and nobody is at work.
pub(super) fn left_open(records: &[Record]) -> Vec<String> {
    let open = kept::open(records);
    // A verdict that was lost is simply given again when it is needed.
    let open = open.into_iter().filter(|address| !address.starts_with("exec_test."));
    open.map(|address| format!("it ends, and what became of {address} is still open")).collect()
}
