//! Signals that ask a command to end, as wishes to a run: Ctrl-C, and what the system sends for a terminal that is closed
//! or a machine that goes down.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::run::Signal;

/// How many have come that count. What blocks its thread looks here.
static ASKED: AtomicU32 = AtomicU32::new(0);

/// How long a command may take to end by itself once it was asked twice.
const PATIENCE: Duration = Duration::from_millis(1_900);

/// Listens for the rest of the command; needs a runtime. The first signal asks to stop and the second to give up; a command
/// that has not ended soon after that is ended, and the third ends it at once. Its ledger says what was under way.
pub(super) fn listen() -> Result<UnboundedReceiver<Signal>, Failure> {
    let (sender, receiver) = unbounded_channel();
    let impatient = watch().map_err(|error| unheard(&error))?;
    let wishes = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
    let hangup = (!is_hangup_ignored()).then(SignalKind::hangup);
    for kind in wishes.into_iter().chain(hangup) {
        let mut signals = signal(kind).map_err(|error| unheard(&error))?;
        let (sender, impatient) = (sender.clone(), impatient.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // A terminal that goes tells it two or three times, and it is nobody's wish to give up.
                if kind == SignalKind::hangup() && asked() {
                    continue;
                }
                match ASKED.fetch_add(1, Ordering::SeqCst) {
                    0 => {}
                    // Nobody watches any more when the command is at its end.
                    1 => drop(impatient.send(())),
                    _ => give_up(),
                }
                // Nor does anybody listen.
                let _ = sender.send(Signal::Stop);
            }
        });
    }
    Ok(receiver)
}

/// Ends the command when it takes too long after the word. On a thread of its own: calls to providers may block all others.
fn watch() -> std::io::Result<mpsc::Sender<()>> {
    let (impatient, word) = mpsc::channel();
    std::thread::Builder::new().name("watch".to_owned()).spawn(move || {
        if word.recv().is_ok() {
            std::thread::sleep(PATIENCE);
            give_up();
        }
    })?;
    Ok(impatient)
}

/// Ends the command where it stands, as a kill would: what was intended and has no outcome is found out by the next one.
#[expect(clippy::exit, reason = "what blocks its thread would keep the command for ever")]
fn give_up() -> ! {
    Terminal::warn(
        "Given up. If something was under way, it is uncertain: the next command finds out what became of it.\n",
    );
    std::process::exit(i32::from(Exit::Interrupted.code()))
}

fn unheard(error: &std::io::Error) -> Failure {
    Failure::error(format!("Signals cannot be listened for: {error}."))
}

/// Whether somebody asked to end.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst) > 0
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
