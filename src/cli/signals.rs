//! Signals that ask a command to end, as wishes to a run: Ctrl-C, and what the system sends for a terminal that is closed
//! or a machine that goes down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::exit::{Exit, Failure};
use crate::run::Signal;

/// Whether one has come. What blocks its thread looks here.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for the rest of the command; needs a runtime.
pub(super) fn listen() -> std::io::Result<UnboundedReceiver<Signal>> {
    let (sender, receiver) = unbounded_channel();
    let first = Arc::new(AtomicBool::new(true));
    let wishes = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
    let hangup = (!is_hangup_ignored()).then(SignalKind::hangup);
    for kind in wishes.into_iter().chain(hangup) {
        let mut signals = signal(kind)?;
        let (sender, first) = (sender.clone(), Arc::clone(&first));
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                ASKED.store(true, Ordering::SeqCst);
                let is_first = first.swap(false, Ordering::SeqCst);
                // A terminal that goes tells it two or three times, and it is nobody's wish to give up.
                if kind == SignalKind::hangup() && !is_first {
                    continue;
                }
                if sender.send(Signal::Stop).is_err() {
                    return;
                }
            }
        });
    }
    Ok(receiver)
}

/// Whether somebody asked to end.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// What a command fails with that was asked to end while it was `doing` something that changes nothing.
pub(super) fn interrupted(doing: &str) -> Failure {
    Failure::new(Exit::Interrupted, format!("Interrupted while {doing}: nothing was done."))
}

/// Works until it is done or somebody asks to end, which fails as told.
pub(super) async fn unless_asked<T>(
    signals: &mut UnboundedReceiver<Signal>,
    interrupted: impl FnOnce() -> Failure,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        _ = signals.recv() => Err(interrupted()),
    }
}

/// Whether whoever started the command wants it to outlive the terminal, as `nohup` does.
fn is_hangup_ignored() -> bool {
    // The lowest bit stands for the first signal, which is this one.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).is_some_and(|bits| bits & 1 == 1)
}
