//! What searching with a regular expression costs.
//!
//! One search is linear in the text, but finding all matches is not: `.*?b|a` reads all of the rest again for each
//! `a`. How far a search looks is told by no match. So the automaton is run beforehand, and counts.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::super::super::{Arguments, Exceeded, Fault};
use super::PROGRAM;
use crate::lang::eval::budget::work;

/// Steps for each state of the compiled program.
const STEPS_PER_STATE: u64 = 4;

/// How many bytes of the automaton's memory are made for the price of one step.
const MEMORY_PER_STEP: usize = 16;

/// How many states are gone through for the price of one step, where there is no automaton.
const STATES_PER_STEP: u64 = 16;

/// Counts what the searches in one text cost.
pub(super) struct Price {
    states: u64,
    groups: bool,
    automaton: Option<(DFA, Cache)>,
}

impl Price {
    /// Pays for compiling the pattern. `groups` tells whether it has groups, which cost more to find.
    pub(super) fn of(arguments: &Arguments<'_>, pattern: &str, groups: bool) -> Result<Self, Fault> {
        let program = thompson::Compiler::new()
            .syntax(syntax::Config::new().octal(true))
            .configure(
                thompson::Config::new().nfa_size_limit(Some(PROGRAM)).which_captures(WhichCaptures::Implicit),
            )
            .build(pattern);
        let Ok(program) = program else {
            // It was compiled before: this one alone counts more. Then the dearest is assumed.
            return Ok(Self { states: PROGRAM as u64 / 32, groups, automaton: None });
        };
        let states = program.states().len() as u64;
        arguments.budget().steps(states * STEPS_PER_STATE)?;
        let config = DFA::config()
            .cache_capacity(PROGRAM)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(8))
            .unicode_word_boundary(true);
        let automaton = DFA::builder().configure(config).build_from_nfa(program).ok();
        let automaton = automaton.map(|automaton| {
            let cache = automaton.create_cache();
            (automaton, cache)
        });
        Ok(Self { states, groups, automaton })
    }

    /// Pays for the search that begins at a place of the text.
    pub(super) fn search(&mut self, arguments: &Arguments<'_>, text: &str, from: usize) -> Result<(), Fault> {
        let left = text.len().saturating_sub(from);
        let Some((automaton, cache)) = &mut self.automaton else {
            return Ok(arguments.budget().steps(self.dearest(left))?);
        };
        let before = cache.memory_usage();
        let walked = walk(automaton, cache, text, from, &mut |bytes| arguments.budget().steps(work(bytes)));
        let made = cache.memory_usage().saturating_sub(before) / MEMORY_PER_STEP;
        arguments.budget().steps(1 + made as u64)?;
        match walked {
            Ok(()) => Ok(()),
            Err(Stop::Exceeded(exceeded)) => Err(exceeded.into()),
            Err(Stop::GaveUp) => {
                self.automaton = None;
                Ok(arguments.budget().steps(self.dearest(left))?)
            }
        }
    }

    /// Pays for finding the groups of a match.
    pub(super) fn found(&self, arguments: &Arguments<'_>, length: usize) -> Result<(), Fault> {
        let cost = if self.groups { self.dearest(length) } else { work(length as u64) };
        Ok(arguments.budget().steps(cost)?)
    }

    /// Every state at every byte.
    const fn dearest(&self, bytes: usize) -> u64 {
        (bytes as u64).saturating_mul(self.states + STATES_PER_STEP) / STATES_PER_STEP
    }
}

enum Stop {
    /// There is nothing left to pay with.
    Exceeded(Exceeded),
    /// The automaton has too many states, or cannot tell.
    GaveUp,
}

/// Goes as far through the text as a search would.
fn walk(
    automaton: &DFA,
    cache: &mut Cache,
    text: &str,
    from: usize,
    pay: &mut dyn FnMut(u64) -> Result<(), Exceeded>,
) -> Result<(), Stop> {
    const BLOCK: usize = 4_096;
    let input = Input::new(text).range(from..).anchored(Anchored::No);
    let mut state = automaton.start_state_forward(cache, &input).map_err(|_| Stop::GaveUp)?;
    for block in text.as_bytes().get(from..).unwrap_or_default().chunks(BLOCK) {
        for (index, byte) in block.iter().enumerate() {
            state = automaton.next_state(cache, state, *byte).map_err(|_| Stop::GaveUp)?;
            if state.is_tagged() && state.is_dead() {
                return pay(index as u64 + 1).map_err(Stop::Exceeded);
            }
            if state.is_tagged() && state.is_quit() {
                return Err(Stop::GaveUp);
            }
        }
        pay(block.len() as u64).map_err(Stop::Exceeded)?;
    }
    Ok(())
}
