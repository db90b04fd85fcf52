//! The effects, and what the verdicts in the ledger prove of them.

use std::collections::{BTreeMap, BTreeSet};

use super::shop::{Shop, named};
use crate::kept::Record;

/// A line of the effects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    /// `begin`, `end` or `check`.
    pub(super) what: String,
    /// The idempotency key that it was made under, or `drift`.
    pub(super) key: String,
    pub(super) address: String,
    /// The version, or `-` where it was taken away.
    pub(super) content: String,
    /// What a check saw live.
    pub(super) saw: String,
}

/// Every effect so far, in order.
pub(super) fn effects(shop: &Shop) -> Vec<Effect> {
    let text = std::fs::read_to_string(shop.folder().join("effects")).unwrap_or_default();
    let effect = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let (what, key, address, content) = (words.next()?, words.next()?, words.next()?, words.next()?);
        Some(Effect { what, key, address, content, saw: words.next().unwrap_or_default() })
    };
    text.lines().filter_map(effect).collect()
}

/// What the verdicts in the ledger prove.
pub(super) struct Proven {
    /// By check, the versions that it passed in.
    passed: BTreeMap<String, BTreeSet<String>>,
}

impl Proven {
    pub(super) fn by(records: &[Record]) -> Self {
        let mut asked: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
        let mut passed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for record in records {
            match &*record.kind {
                "intended" => {
                    let (check, version) =
                        (record.text("/inputs/command/2"), record.text("/inputs/command/3"));
                    asked.insert(record.key(), (check, version));
                }
                "judged" if record.text("/judgement/outcome") == "passed" => {
                    let Some((check, version)) = asked.get(record.key()) else { continue };
                    passed.entry((*check).to_owned()).or_default().insert((*version).to_owned());
                }
                _ => {}
            }
        }
        Self { passed }
    }

    /// Whether all checks of a version passed that judge a live resource.
    fn proves(&self, shop: &Shop, live: &str, version: usize) -> bool {
        let mut judges = shop.checks.iter().filter(|check| check.judges.contains(&live));
        let passed = |check: &str| self.passed.get(check).is_some_and(|all| all.contains(&named(version)));
        judges.all(|check| passed(check.name))
    }

    /// The contents of a live resource that are known good.
    pub(super) fn good(&self, shop: &Shop, live: usize) -> BTreeSet<String> {
        let Some(live) = shop.lives.get(live) else { return BTreeSet::new() };
        let good = shop.versions().filter(|version| self.proves(shop, live.name, *version));
        good.map(|version| live.content(version)).collect()
    }
}
