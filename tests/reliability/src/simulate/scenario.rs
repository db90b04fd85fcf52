//! Release files from random numbers, and what must be there outside when each is done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use relplan::graph::Graph;
use relplan::lang::config::Config;
use relplan::source::Sources;
use relplan_contract::Lifetime;

use super::outside::Guarded;
use super::provider::{GATE, TYPES};
use crate::random::Random;
use crate::release::read;

/// A release file, read.
pub(super) struct Release {
    pub version: String,
    pub config: Arc<Config>,
    pub graph: Arc<Graph>,
    /// What must be there when it is done, by name outside; what earlier versions left is not listed.
    pub wanted: BTreeMap<String, String>,
    /// What is made behind gates.
    pub guarded: Guarded,
    /// What each check directly depends on that is no check, by its address: names outside.
    pub judged: BTreeMap<String, Vec<String>>,
}

struct Block {
    ty: usize,
    name: String,
    needs: BTreeSet<usize>,
    /// The checks behind which it is.
    behind: BTreeSet<usize>,
    turns_back: bool,
    /// Whether its value changes with each version.
    versioned: bool,
}

/// A few versions of one release, each with the same blocks or a few less.
pub(super) fn releases(random: &mut Random) -> Vec<Release> {
    let count = 2 + random.below(6);
    let mut blocks: Vec<Block> = Vec::new();
    for index in 0..count {
        let ty = random.index(TYPES.len());
        let before = blocks.len();
        let others = (0..random.below(3)).filter(|_| before > 0).map(|_| random.index(before));
        let others = others.collect::<Vec<_>>().into_iter();
        // A check makes nothing that could be needed: what comes behind it only waits.
        let (behind, needs) = others.partition(|other| blocks.get(*other).is_some_and(is_check));
        blocks.push(Block {
            ty,
            name: format!("r{index}"),
            needs,
            behind,
            turns_back: random.below(2) == 0,
            versioned: random.below(3) > 0,
        });
    }
    let versions = 1 + random.below(2);
    (1..=versions)
        .map(|version| {
            // Now and then the last block has left the file: what lives is destroyed then.
            if version > 1 && random.below(4) == 0 && blocks.len() > 1 {
                blocks.pop();
            }
            release(&format!("{version}.0.0"), &blocks)
        })
        .collect()
}

fn is_check(block: &Block) -> bool {
    TYPES.get(block.ty).is_some_and(|(_, lifetime, _)| *lifetime == Lifetime::Check)
}

fn address(block: &Block) -> String {
    format!("{}.{}", TYPES.get(block.ty).map_or("", |(name, ..)| name), block.name)
}

/// The name of a block's object outside.
fn outside(block: &Block, version: &str) -> String {
    let record = TYPES.get(block.ty).is_some_and(|(_, lifetime, _)| *lifetime == Lifetime::Record);
    if record { format!("{}@{version}", address(block)) } else { address(block) }
}

fn release(version: &str, blocks: &[Block]) -> Release {
    let mut text = format!("release \"sim\" {{\n  version = \"{version}\"\n}}\n");
    let mut wanted = BTreeMap::new();
    let (mut guarded, mut judged) = (Guarded::new(), BTreeMap::new());
    let gates = gates_before(blocks);
    for (block, gates) in blocks.iter().zip(gates) {
        let address = address(block);
        let (ty, name) = address.split_once('.').unwrap_or_default();
        let value = if block.versioned { version } else { "the same" };
        let needed: Vec<&Block> = block.needs.iter().filter_map(|need| blocks.get(*need)).collect();
        let needs: Vec<String> = needed.iter().map(|need| format!("{}.id", self::address(need))).collect();
        let there: Vec<String> = needed.iter().map(|need| outside(need, version)).collect();
        let _ = write!(
            text,
            "\nresource \"{ty}\" \"{name}\" {{\n  value = \"{value}\"\n  needs = [{}]\n",
            needs.join(", ")
        );
        let behind = block.behind.iter().filter_map(|other| blocks.get(*other)).map(self::address);
        let _ = writeln!(text, "  depends_on = [{}]", behind.collect::<Vec<_>>().join(", "));
        if is_check(block) && block.turns_back {
            text.push_str("  lifecycle {\n    on_failure = \"rollback\"\n  }\n");
        }
        text.push_str("}\n");
        if is_check(block) {
            judged.insert(address, there.clone());
        } else {
            guarded.insert(outside(block, version), (content(value, &there), gates));
        }
        wanted.insert(outside(block, version), content(value, &there));
    }
    let (config, graph) = match read(&mut Sources::default(), text.as_bytes()) {
        Ok(read) => read,
        Err(found) => panic!("the simulation writes a bad file: {found:?}\n{text}"),
    };
    Release { version: version.to_owned(), config, graph, wanted, guarded, judged }
}

/// The gates on which each block depends, directly or not.
fn gates_before(blocks: &[Block]) -> Vec<BTreeSet<String>> {
    let mut gates: Vec<BTreeSet<String>> = Vec::new();
    for block in blocks {
        let mut before = BTreeSet::new();
        for other in block.needs.union(&block.behind) {
            before.extend(gates.get(*other).into_iter().flatten().cloned());
            let gate = blocks.get(*other).filter(|other| TYPES.get(other.ty).is_some_and(|ty| ty.0 == GATE));
            before.extend(gate.map(address));
        }
        gates.push(before);
    }
    gates
}

/// What is there outside for a value and what it needs.
pub(super) fn content(value: &str, needs: &[String]) -> String {
    format!("{value} with {}", needs.join(", "))
}
