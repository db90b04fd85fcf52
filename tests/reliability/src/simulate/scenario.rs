//! Release files from random numbers, and what must be there outside when each is done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use relplan::graph::Graph;
use relplan::lang::config::Config;
use relplan::source::Sources;
use relplan_contract::Lifetime;

use super::provider::TYPES;
use crate::random::Random;
use crate::release::read;

/// A release file, read.
pub(super) struct Release {
    pub version: String,
    pub config: Arc<Config>,
    pub graph: Arc<Graph>,
    /// What must be there when it is done, by name outside; what earlier versions left is not listed.
    pub wanted: BTreeMap<String, String>,
}

struct Block {
    ty: usize,
    name: String,
    needs: BTreeSet<usize>,
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
        let needs = (0..random.below(3)).filter(|_| before > 0);
        let needs = needs.map(|_| random.index(before));
        let needs = needs.collect::<Vec<_>>().into_iter();
        // A check makes nothing that could be needed.
        let needs = needs.filter(|need| blocks.get(*need).is_some_and(|block| !is_check(block))).collect();
        blocks.push(Block {
            ty,
            name: format!("r{index}"),
            needs,
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
    for block in blocks {
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
        if is_check(block) && block.turns_back {
            text.push_str("  lifecycle {\n    on_failure = \"rollback\"\n  }\n");
        }
        text.push_str("}\n");
        wanted.insert(outside(block, version), content(value, &there));
    }
    let (config, graph) = match read(&mut Sources::default(), text.as_bytes()) {
        Ok(read) => read,
        Err(found) => panic!("the simulation writes a bad file: {found:?}\n{text}"),
    };
    Release { version: version.to_owned(), config, graph, wanted }
}

/// What is there outside for a value and what it needs.
pub(super) fn content(value: &str, needs: &[String]) -> String {
    format!("{value} with {}", needs.join(", "))
}
