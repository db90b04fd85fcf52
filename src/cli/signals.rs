//! Ctrl-C and SIGTERM, as wishes to a run.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::run::Signal;

/// Listens for the rest of the command; needs a runtime.
pub(super) fn listen() -> std::io::Result<UnboundedReceiver<Signal>> {
    let (sender, receiver) = unbounded_channel();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut signals = signal(kind)?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if sender.send(Signal::Stop).is_err() {
                    return;
                }
            }
        });
    }
    Ok(receiver)
}
