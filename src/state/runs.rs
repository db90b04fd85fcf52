//! Folding of runs: how they open and close, and what that says of a release.

use std::sync::Arc;

use super::{Closed, IllegalTransition, ReleaseStatus, RunSummary, State};
use crate::canonical::Digest;
use crate::event::{Ending, Event, Recorded, RunId, RunMode};

impl State {
    /// The run that forces the lock lives on in the new epoch; all others are outlived.
    pub(super) fn begin_epoch(&mut self, epoch: u64, by: &RunId) {
        self.epoch = epoch;
        if let Some(run) = self.runs.iter_mut().rev().find(|run| run.id == *by) {
            run.epoch = epoch;
        }
    }

    pub(super) fn open_run(&mut self, recorded: &Recorded) -> Result<(), IllegalTransition> {
        let Event::RunOpened { mode, version, config, plan, command, .. } = &recorded.event else {
            return Ok(());
        };
        if self.run(&recorded.run).is_some() {
            return Err(IllegalTransition::RunTwice { run: recorded.run.clone() });
        }
        self.runs.push(RunSummary {
            id: recorded.run.clone(),
            mode: *mode,
            version: Arc::clone(version),
            config: *config,
            plan: *plan,
            command: command.clone(),
            actor: recorded.actor.clone(),
            epoch: recorded.epoch,
            seq: recorded.seq,
            time_ms: recorded.time_ms,
            closed: None,
        });
        if *mode == RunMode::Apply {
            // Until it closes, what the run before it said of completeness holds.
            let complete = self.releases.get(version).is_some_and(|release| release.complete);
            self.set_release(version, complete, *config, recorded);
        }
        Ok(())
    }

    pub(super) fn close_run(&mut self, recorded: &Recorded) {
        let Event::RunClosed { ending, complete, counts } = &recorded.event else { return };
        let Some(run) = self.runs.iter_mut().rev().find(|run| run.id == recorded.run) else { return };
        run.closed = Some(Closed {
            ending: *ending,
            complete: *complete,
            counts: counts.clone(),
            seq: recorded.seq,
            time_ms: recorded.time_ms,
        });
        if run.mode.acts() && *ending == Ending::Complete {
            self.turning_back.clear();
        }
        if run.mode == RunMode::Apply {
            let (version, config) = (Arc::clone(&run.version), run.config);
            self.set_release(&version, *complete, config, recorded);
        }
    }

    fn set_release(&mut self, version: &Arc<str>, complete: bool, config: Option<Digest>, by: &Recorded) {
        let closes = matches!(by.event, Event::RunClosed { .. });
        let before = self.releases.get(version).and_then(|release| release.completed_seq);
        let completed_seq = if complete && closes { Some(by.seq) } else { before };
        let status = ReleaseStatus { complete, completed_seq, config, run: by.run.clone(), seq: by.seq };
        self.releases.insert(Arc::clone(version), status);
    }

    /// The version that a run is about.
    pub(super) fn version_of(&self, run: &RunId) -> Arc<str> {
        self.run(run).map_or_else(|| Arc::from(""), |run| Arc::clone(&run.version))
    }
}
