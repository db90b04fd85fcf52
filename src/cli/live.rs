//! What a run shows while it goes on: lines that stay, and on a terminal one live line below them for each action
//! under way.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Context;
use super::screen::Screen;
use crate::event::EntryKey;
use crate::run::report::Notice;
use crate::view::{self, escape};

/// How often the times of the live lines are drawn anew.
const TICK: Duration = Duration::from_millis(250);

/// Shows the notices of one run.
pub(super) struct Live<'c> {
    context: &'c Context,
    /// None where live lines would be noise: in files, pipes, CI and JSON.
    lines: Option<MultiProgress>,
    under_way: BTreeMap<EntryKey, ProgressBar>,
}

impl<'c> Live<'c> {
    pub(super) fn new(context: &'c Context) -> Self {
        let lines = context.terminal.live && !context.json;
        let lines = lines.then(|| {
            MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::<Screen>::default()))
        });
        Self { context, lines, under_way: BTreeMap::new() }
    }

    /// Shows that something happened.
    pub(super) fn show(&mut self, notice: &Notice) {
        let Some(lines) = self.lines.clone() else { return self.context.print(&self.text(notice)) };
        match notice {
            Notice::Started { key, .. } => {
                let line = ProgressBar::new_spinner().with_style(style());
                let line = lines.add(line.with_prefix(self.context.masked(&escape::shown(&key.address))));
                keep_ticking(line.clone());
                self.under_way.insert(key.clone(), line);
            }
            Notice::Line { key, text } => {
                if let Some(line) = self.under_way.get(key) {
                    line.set_message(self.context.masked(&escape::shown(text)));
                }
            }
            Notice::Finished { key, .. } => {
                if let Some(line) = self.under_way.remove(key) {
                    line.finish_and_clear();
                }
            }
            // The live line shows the time itself.
            Notice::Still { .. } => return,
            Notice::Retrying { .. }
            | Notice::RollingBack { .. }
            | Notice::Stopping { .. }
            | Notice::Aborting { .. } => {}
        }
        lines.suspend(|| self.context.print(&self.text(notice)));
    }

    fn text(&self, notice: &Notice) -> String {
        if self.context.json {
            view::json::to_line(&view::json::notice(notice))
        } else {
            view::progress::notice(notice, &self.context.palette())
        }
    }
}

/// Draws a live line anew until it is done; as a task, since a thread for each might not be had any more.
fn keep_ticking(line: ProgressBar) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            if line.is_finished() {
                return;
            }
            line.tick();
        }
    });
}

fn style() -> ProgressStyle {
    let template = "{spinner} {prefix}: {elapsed} {wide_msg:.dim}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
