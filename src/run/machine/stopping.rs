//! How a run stops before its end: a person asks for it, the release is turned back, the ledger cannot be written.

use super::vocabulary::{Command, End, Stop};
use super::{Machine, Phase};
use crate::lang::config::When;

impl Machine {
    /// Nothing new is started. What is under way is told, and what only waits for another try ends.
    pub(super) fn halt(&mut self, why: Stop, commands: &mut Vec<Command>) {
        if self.stop.is_none() {
            self.stop = Some(why);
        }
        for index in self.under_way.clone() {
            match self.nodes.get(index).map(|node| node.phase.clone()) {
                Some(Phase::Performing) if why == Stop::Interrupted => commands.push(Command::Cancel(index)),
                // Nothing of it has begun.
                Some(Phase::Preparing) if why == Stop::Interrupted => {
                    commands.push(Command::Cancel(index));
                    self.end(index, End::Skipped(self.why_stopped()));
                }
                Some(Phase::Sleeping | Phase::AtGate) => self.woke(index, commands),
                _ => {}
            }
        }
    }

    pub(super) fn lose_ledger(&mut self, commands: &mut Vec<Command>) {
        self.stop = Some(Stop::LedgerLost);
        for index in self.under_way.clone() {
            match self.nodes.get(index).map(|node| node.phase.clone()) {
                Some(Phase::Performing) => commands.push(Command::Cancel(index)),
                Some(Phase::RecordingIntent | Phase::Preparing) => {
                    self.end(index, End::Skipped(self.why_stopped()));
                }
                Some(_) => self.end(index, End::Unknown),
                None => {}
            }
        }
    }

    pub(super) fn skip_rest(&mut self) {
        let why =
            if self.stop.is_some() { self.why_stopped() } else { "what it waits for never ended".to_owned() };
        for node in &mut self.nodes {
            if !matches!(node.phase, Phase::Ended(_)) {
                let idle = node.when == When::Failure && self.rollbacks.is_empty();
                node.phase = Phase::Ended(if idle { End::NotNeeded } else { End::Skipped(why.clone()) });
            }
        }
    }

    pub(super) fn why_stopped(&self) -> String {
        match self.stop {
            Some(Stop::Rollback) => "the release is being rolled back",
            Some(Stop::LedgerLost) => "the ledger cannot be written",
            Some(Stop::Interrupted) | None => "the run was interrupted",
        }
        .to_owned()
    }
}
