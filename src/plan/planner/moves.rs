//! Moved addresses: what `moved` blocks say, and what `count` that comes or goes means. A record of the run begins
//! with them, and the plan shows them.
//!
//! Each object follows the blocks from where it is to where none applies any more, whatever their order in the files;
//! of several that apply the innermost comes first, as in Terraform. No two blocks are compared with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Planner;
use crate::addr::{Address, Key, ModuleStep, ResourceName, Target};
use crate::diag::{Diagnostic, Diagnostics};
use crate::event::{EntryKey, Event, RunMode};
use crate::graph::Graph;
use crate::lang::config::Repetition;
use crate::plan::change::{Caution, CautionKind, Move};
use crate::plan::setup::covers;
use crate::source::Span;
use crate::world::World;

/// At most so many addresses are named in a message.
const SHOWN: usize = 10;

/// What a target names, without keys: the calls on the way, and the block unless it is a whole module.
type Place = (Vec<Arc<str>>, Option<ResourceName>);

/// A `moved` block, its addresses seen from the root module.
struct Statement {
    from: Target,
    to: Target,
    span: Span,
}

/// Which instances a block moves: for each call on the way and for the block itself one key, or the lack of one; none
/// for all.
type Pattern = Vec<Option<Option<Key>>>;

/// Every `moved` block, to be found by what it moves.
#[derive(Default)]
pub(super) struct Statements {
    list: Vec<Statement>,
    by_place: BTreeMap<Place, Named>,
    /// By exactly what a block says.
    by_begin: BTreeMap<(Place, Vec<Option<Key>>), usize>,
    /// Every place that a block names, be it as the old or as the new one.
    mentioned: BTreeSet<Place>,
}

/// The blocks about one place.
#[derive(Default)]
struct Named {
    /// At which places they mean one instance only, those with most of them first.
    masks: BTreeSet<std::cmp::Reverse<Vec<bool>>>,
    by_pattern: BTreeMap<Pattern, usize>,
}

impl Planner {
    /// Follows the `moved` blocks of all modules, and moves what `count` came to or went from.
    pub(super) fn move_addresses(&mut self) {
        let statements = match Statements::of(&self.graph) {
            Ok(statements) => statements,
            Err(errors) => return self.found.extend(errors),
        };
        let mut moving: Vec<(usize, EntryKey, EntryKey)> = Vec::new();
        let mut taken: BTreeSet<EntryKey> = BTreeSet::new();
        for key in self.state.entries.keys() {
            let (steps, address) = statements.follow(&key.address);
            let address = if steps == 0 {
                implied(&self.world, &statements, &key.address).unwrap_or(address)
            } else {
                address
            };
            if address == key.address {
                taken.insert(key.clone());
            } else {
                moving.push((steps, key.clone(), EntryKey { address, version: key.version.clone() }));
            }
        }
        // Who has the shorter way is there first, as if the blocks were followed one by one.
        moving.sort();
        let mut moves = BTreeSet::new();
        for (steps, from, to) in moving {
            if taken.insert(to.clone()) {
                moves.insert(Move { from: from.address.clone(), to: to.address.clone() });
                self.move_entry(from, to);
            } else {
                taken.insert(from.clone());
                if steps > 0 {
                    self.place_is_taken(&from, &to);
                }
            }
        }
        self.refuse_half_targeted(&moves);
        self.statements = statements;
        // What is destroyed is shown by the address that it is destroyed by.
        if self.options.mode != RunMode::Destroy {
            self.moves = moves.into_iter().collect();
        }
    }

    /// What a block says moved away, and the files have all the same.
    pub(super) fn still_defined(&self, address: &Address, block: Span) -> Option<Diagnostic> {
        let (statement, _) = self.statements.about(address)?;
        let detail =
            format!("{address} is said to be moved to {}, but these files still have it.", statement.to);
        let diagnostic = Diagnostic::error("Still defined", detail).at(statement.span);
        Some(diagnostic.label(block, "still defined here").help("Delete one of the two blocks, or the key."))
    }

    fn move_entry(&mut self, from: EntryKey, to: EntryKey) {
        let open = self.state.entries.get(&from).is_some_and(|entry| entry.open().is_some());
        if !open {
            return self.precede(Event::Moved { from, to });
        }
        let detail = format!(
            "{from} moves to {to}, but an earlier run was cut off while it worked on it, and it is not known yet what became of that."
        );
        let help = "Apply once without the move, so that it is found out; or, if you looked yourself, do that with `-accept` or `-retry`.";
        self.uncertain.push(from);
        self.found.push(Diagnostic::error("Uncertain", detail).help(help));
    }

    fn place_is_taken(&mut self, from: &EntryKey, to: &EntryKey) {
        let text = format!(
            "It is not moved to {to}, as a `moved` block asks, since there is an object already. What is in no file goes."
        );
        self.cautions.push(Caution { kind: CautionKind::Destructive, key: Some(from.clone()), text });
    }

    /// A plan for a part that leaves one end of a move out would destroy what moved, or make it twice.
    fn refuse_half_targeted(&mut self, moves: &BTreeSet<Move>) {
        let (targets, excludes) = (&self.options.targets, &self.options.excludes);
        let left_out = |address: &&Address| {
            (!targets.is_empty() && !covers(targets, address)) || covers(excludes, address)
        };
        let ends = moves.iter().flat_map(|moved| [&moved.from, &moved.to]);
        let missing: BTreeSet<String> = ends.filter(left_out).map(ToString::to_string).collect();
        if missing.is_empty() {
            return;
        }
        let flag = if targets.is_empty() { "-exclude" } else { "-target" };
        let rest = missing.len().saturating_sub(SHOWN);
        let mut shown: Vec<String> = missing.iter().take(SHOWN).map(|it| format!("  {it}")).collect();
        shown.extend((rest > 0).then(|| format!("  and {rest} more")));
        let detail = format!(
            "Objects of the state have other addresses in these files, which every plan must follow. But {flag} leaves these out:\n{}",
            shown.join("\n")
        );
        let help = if targets.is_empty() {
            "Apply the moves first, without -exclude.".to_owned()
        } else {
            "Apply the moves first, without -target; or name both the old and the new address with -target as well."
                .to_owned()
        };
        self.found.push(Diagnostic::error("A move is only half planned", detail).help(help));
    }
}

impl Statements {
    /// The blocks of every module; an error where they contradict each other.
    fn of(graph: &Graph) -> Result<Self, Diagnostics> {
        let mut statements = Self::default();
        let mut found = Diagnostics::default();
        let mut by_end: BTreeMap<(Place, Vec<Option<Key>>), usize> = BTreeMap::new();
        for node in graph.modules() {
            for moved in &node.module.moved {
                let outer = |target: &Target| seen_from_root(&node.path, target);
                let statement =
                    Statement { from: outer(&moved.from), to: outer(&moved.to), span: moved.span };
                let index = statements.list.len();
                let (begin, end) = (place_of(&statement.from), place_of(&statement.to));
                let said = |index: Option<&usize>| index.and_then(|index| statements.list.get(*index));
                let onwards = said(statements.by_begin.get(&begin)).filter(|it| it.to != statement.to);
                let backwards = said(by_end.get(&end)).filter(|it| it.from != statement.from);
                if let Some(other) = onwards.or(backwards) {
                    found.push(ambiguous(&statement, other));
                    continue;
                }
                let pattern = pattern(&statement);
                let named = statements.by_place.entry(begin.0.clone()).or_default();
                named.masks.insert(std::cmp::Reverse(pattern.iter().map(Option::is_some).collect()));
                named.by_pattern.insert(pattern, index);
                statements.mentioned.extend([begin.0.clone(), end.0.clone()]);
                statements.by_begin.insert(begin, index);
                by_end.insert(end, index);
                statements.list.push(statement);
            }
        }
        found.extend(statements.cycles());
        found.unless_errors(statements).map(|(statements, _)| statements)
    }

    /// Blocks that lead back to where they began.
    fn cycles(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        let mut seen = vec![false; self.list.len()];
        for start in 0..self.list.len() {
            let mut way: Vec<usize> = Vec::new();
            let mut inside = BTreeSet::new();
            let mut next = Some(start);
            while let Some(index) = next {
                if !inside.insert(index) {
                    found.0.extend(self.cycle(way.iter().skip_while(|it| **it != index)));
                    break;
                }
                if std::mem::replace(seen.get_mut(index).unwrap_or(&mut true), true) {
                    break;
                }
                way.push(index);
                next = self.list.get(index).and_then(|statement| self.that_moves(&statement.to));
            }
        }
        found
    }

    fn cycle<'i>(&self, way: impl Iterator<Item = &'i usize>) -> Option<Diagnostic> {
        let blocks: Vec<&Statement> = way.filter_map(|index| self.list.get(*index)).collect();
        let (first, rest) = blocks.split_first()?;
        let names: Vec<String> = blocks.iter().map(|block| block.from.to_string()).collect();
        let detail = format!("These moves lead in a circle: {} -> {}.", names.join(" -> "), first.from);
        let diagnostic = Diagnostic::error("Circle of moves", detail).at(first.span);
        let diagnostic = rest
            .iter()
            .take(SHOWN)
            .fold(diagnostic, |diagnostic, block| diagnostic.label(block.span, "and this leads on"));
        Some(diagnostic.help("Delete the blocks that are not true any more: only the last name is defined."))
    }

    /// The block that is about exactly what a target names.
    fn that_moves(&self, target: &Target) -> Option<usize> {
        self.by_begin.get(&place_of(target)).copied()
    }

    /// Where an object comes to, and over how many blocks.
    fn follow(&self, address: &Address) -> (usize, Address) {
        let mut address = address.clone();
        let mut been = BTreeSet::from([address.clone()]);
        let mut steps = 0;
        while let Some((_, to)) = self.about(&address) {
            if !been.insert(to.clone()) {
                break;
            }
            steps += 1;
            address = to;
        }
        (steps, address)
    }

    /// The block that an object at an address follows next, and where to; none when no block is about it.
    fn about(&self, address: &Address) -> Option<(&Statement, Address)> {
        if self.list.is_empty() {
            return None;
        }
        let names: Vec<Arc<str>> = address.module.0.iter().map(|step| Arc::clone(&step.name)).collect();
        let mut keys: Vec<Option<Key>> = address.module.0.iter().map(|step| step.key.clone()).collect();
        keys.push(address.key.clone());
        let resource = std::iter::once((names.clone(), Some(address.resource.clone())));
        let modules =
            (1..=names.len()).rev().map(|length| (names.iter().take(length).cloned().collect(), None));
        for place in resource.chain(modules) {
            let Some(named) = self.by_place.get(&place) else { continue };
            for std::cmp::Reverse(mask) in &named.masks {
                let exactly = |(one, key): (&bool, &Option<Key>)| one.then(|| key.clone());
                let wanted: Pattern = mask.iter().zip(&keys).map(exactly).collect();
                let statement = named.by_pattern.get(&wanted).and_then(|index| self.list.get(*index));
                let moved = statement.and_then(|it| Some((it, it.from.moved(&it.to, address)?)));
                if let Some(found) = moved.filter(|(_, to)| to != address) {
                    return Some(found);
                }
            }
        }
        None
    }

    /// Whether a block says something of a resource block, or of a module that it is in.
    fn mention(&self, names: &[Arc<str>], resource: &ResourceName) -> bool {
        let itself = (names.to_vec(), Some(resource.clone()));
        let mut modules =
            (1..=names.len()).map(|length| (names.iter().take(length).cloned().collect(), None));
        self.mentioned.contains(&itself) || modules.any(|place| self.mentioned.contains(&place))
    }
}

/// An instance moves by itself when `count` comes to its block or goes from it; not where a `moved` block says how.
fn implied(world: &World, statements: &Statements, address: &Address) -> Option<Address> {
    let module = world.module_of(&address.module)?;
    let node = world.graph().module(module);
    let repetition = &node.module.resources.get(&address.resource)?.repetition;
    let key = match (repetition, &address.key) {
        (None, Some(Key::Index(0))) => None,
        (Some(Repetition::Count(_)), None) => Some(Key::Index(0)),
        _ => return None,
    };
    (!statements.mention(&node.path, &address.resource)).then(|| Address { key, ..address.clone() })
}

fn seen_from_root(path: &[Arc<str>], target: &Target) -> Target {
    let outer = path.iter().map(|name| ModuleStep { name: Arc::clone(name), key: None });
    let module = crate::addr::ModulePath(outer.chain(target.module.0.iter().cloned()).collect());
    Target { module, ..target.clone() }
}

/// A key that is not named means all instances where the new address does not name one either; else the instance that
/// has none, as in Terraform.
fn pattern(statement: &Statement) -> Pattern {
    let Statement { from, to, .. } = statement;
    let modules = from.module.0.iter().enumerate().map(|(index, step)| {
        let all = step.key.is_none() && to.module.0.get(index).is_some_and(|step| step.key.is_none());
        (!all).then(|| step.key.clone())
    });
    let instance = from.resource.iter().map(|_| {
        let all = from.key.is_none() && to.key.is_none();
        (!all).then(|| from.key.clone())
    });
    modules.chain(instance).collect()
}

fn place_of(target: &Target) -> (Place, Vec<Option<Key>>) {
    let names = target.module.0.iter().map(|step| Arc::clone(&step.name)).collect();
    let mut keys: Vec<Option<Key>> = target.module.0.iter().map(|step| step.key.clone()).collect();
    if target.resource.is_some() {
        keys.push(target.key.clone());
    }
    ((names, target.resource.clone()), keys)
}

/// Two blocks move one thing to two places, or two things to one.
fn ambiguous(statement: &Statement, other: &Statement) -> Diagnostic {
    let Statement { from, to, .. } = statement;
    let what = if other.to == *to {
        format!("{to} is said to come from {from}, and from {} as well.", other.from)
    } else {
        format!("{from} is said to move to {to}, and to {} as well.", other.to)
    };
    Diagnostic::error("Ambiguous move", what)
        .at(statement.span)
        .label(other.span, "said here")
        .help("Delete one of the two blocks, or name instances by their keys.")
}
