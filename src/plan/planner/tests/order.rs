//! The order of replacements, over random releases: what depends on what is destroyed to be made anew goes before it.

use std::collections::{BTreeMap, BTreeSet};

use super::shop::{Script, Story, draft};
use crate::plan::{Action, Options, Plan, Reason};

/// A resource as two versions of the file have it.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is chosen by itself")]
struct Block {
    /// What it depends on: places of earlier ones.
    on: BTreeSet<usize>,
    replaced: bool,
    updated: bool,
    create_first: bool,
    leaves: bool,
}

/// Numbers that look random, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

fn blocks(dice: &mut Dice) -> Vec<Block> {
    let count = 2 + dice.below(9);
    (0..count)
        .map(|at| Block {
            on: (0..at).filter(|_| dice.one_in(3)).map(|it| usize::try_from(it).expect("small")).collect(),
            replaced: dice.one_in(2),
            updated: dice.one_in(3),
            create_first: dice.one_in(9),
            leaves: dice.one_in(5),
        })
        .collect()
}

fn file(blocks: &[Block], second: bool) -> String {
    let mut text = "release \"shop\" {\n  version = \"1.0.0\"\n}\n".to_owned();
    for (at, block) in blocks.iter().enumerate().filter(|(_, block)| !(second && block.leaves)) {
        let on = block.on.iter().filter(|on| !(second && blocks[**on].leaves));
        let on: Vec<String> = on.map(|on| format!("shop_app.a{on}")).collect();
        let (slot, value) = (second && block.replaced, second && block.updated);
        text += &format!(
            "resource \"shop_app\" \"a{at}\" {{\n  slot = \"{slot}\"\n  value = \"{value}\"\n  depends_on = [{}]\n  lifecycle {{\n    create_before_destroy = {}\n  }}\n}}\n",
            on.join(", "),
            block.create_first
        );
    }
    text
}

/// Everything that a block depends on, directly or not.
fn all_below(blocks: &[Block], at: usize, second: bool) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut stack = vec![at];
    while let Some(at) = stack.pop() {
        for on in blocks[at].on.iter().filter(|on| !(second && blocks[**on].leaves)) {
            if found.insert(*on) {
                stack.push(*on);
            }
        }
    }
    found
}

/// For each change the changes that have ended before it begins.
fn waits(plan: &Plan) -> Vec<BTreeSet<usize>> {
    let mut before: Vec<BTreeSet<usize>> = Vec::new();
    let mut waits = vec![BTreeSet::new(); plan.changes.len()];
    let mut seen = BTreeSet::new();
    for (index, group) in plan.groups.iter().enumerate() {
        let mut own = BTreeSet::new();
        for need in &group.needs {
            assert!(*need < index, "the group {} needs one behind it", group.name);
            own.extend(before[*need].iter().copied());
            own.extend(plan.groups[*need].changes.iter().copied());
        }
        for change in &group.changes {
            assert!(seen.insert(*change), "a change is in two groups");
            waits[*change].clone_from(&own);
        }
        before.push(own);
    }
    assert_eq!(seen.len(), plan.changes.len(), "a change is in no group");
    waits
}

#[test]
fn what_depends_on_a_replacement_goes_before_it_and_comes_back_behind_it() {
    let mut dice = Dice(7);
    let (mut early, mut orphans, mut first) = (0, 0, 0);
    for round in 0..400 {
        let blocks = blocks(&mut dice);
        let mut story = Story::new();
        story.apply(&file(&blocks, false));
        let text = file(&blocks, true);
        let plan =
            draft(&text, &story.state, Options::default(), &Script::new(), &|_| 0).expect("a plan").plan;
        let waits = waits(&plan);
        let mut half = BTreeMap::new();
        let mut whole = BTreeMap::new();
        for (index, change) in plan.changes.iter().enumerate().filter(|(_, it)| !it.key.is_deposed()) {
            let name: usize = change.address().resource.name[1..].parse().expect("a number");
            let halves = change.action == Action::Destroy && change.reasons == [Reason::MakesRoom];
            let other = if halves { half.insert(name, index) } else { whole.insert(name, index) };
            assert_eq!(other, None, "round {round}: twice the same");
        }
        let is = |at: usize, create_first: bool| {
            whole
                .get(&at)
                .is_some_and(|index| plan.changes[*index].action == Action::Replace { create_first })
        };
        for (at, block) in blocks.iter().enumerate() {
            let goes_first = half.get(&at).or_else(|| whole.get(&at));
            for below in all_below(&blocks, at, !block.leaves) {
                if !block.leaves && block.create_first {
                    assert!(
                        !is(below, false),
                        "round {round}: a{below} is used by a{at}, which is made first"
                    );
                    first += usize::from(is(below, true));
                }
                if !is(below, false) || !(block.leaves || is(at, false)) {
                    continue;
                }
                let (base, mine) =
                    (half.get(&below).unwrap_or(&whole[&below]), goes_first.expect("a change"));
                assert!(waits[*base].contains(mine), "round {round}: a{at} stands on a{below}\n{text}");
                if block.leaves {
                    orphans += 1;
                } else {
                    early += 1;
                    assert!(
                        waits[whole[&at]].contains(&whole[&below]),
                        "round {round}: a{at} is made too early"
                    );
                }
            }
        }
    }
    assert!(early > 100 && orphans > 50 && first > 20, "{early} {orphans} {first}");
}
