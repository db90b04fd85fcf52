//! The key of the ledger's fingerprints, where the operator gives it: for a machine that has the ledger but not the
//! file with its key, and for a ledger that is yet to begin.
//!
//! `RELPLAN_LEDGER_KEY` holds it, or `RELPLAN_LEDGER_KEY_COMMAND` is a command that prints it. Both come from the
//! operator's environment alone, never from a file of the release, and no command that a release starts gets to see
//! either. Under `-no-exec` neither is looked at.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::context::{Context, KEY_PREFIX};
use super::exit::Failure;
use crate::ledger::Sealer;

/// How long the command that prints the key may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long its output may stay open after its end.
const LEFT_BEHIND: Duration = Duration::from_secs(5);

/// No text of a key is longer, in bytes.
const MOST: u64 = 4096;

/// The key that the operator gives; none where they give none.
pub(super) fn given(context: &Context) -> Result<Option<Sealer>, Failure> {
    let variable = |name: &str| context.key.get(name).filter(|text| !text.trim().is_empty());
    let command_name = format!("{KEY_PREFIX}_COMMAND");
    match (variable(KEY_PREFIX), variable(&command_name)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Failure::usage(format!("{KEY_PREFIX} and {command_name} are both set."))
                .help("Set one of them."))
        }
        (Some(text), None) => parse(text, KEY_PREFIX).map(Some),
        (None, Some(command)) => {
            let printed = printed(context, command).map_err(|why| {
                Failure::error(format!("The key of the ledger cannot be had: {command_name} {why}."))
                    .help("Run it by hand: it must print the key and nothing else.")
            })?;
            parse(&printed, &command_name).map(Some)
        }
    }
}

fn parse(text: &str, name: &str) -> Result<Sealer, Failure> {
    Sealer::parse(text).map_err(|error| {
        Failure::usage(format!("What {name} gives cannot be used: {error}."))
            .help("`openssl rand -hex 32` makes one; that of a ledger is in its file `key`: `xxd -p -c 32 .relplan/PRODUCT/key`.")
    })
}

/// What a command of the operator prints, or in words why it cannot be had.
fn printed(context: &Context, command: &str) -> Result<Zeroizing<String>, String> {
    #[expect(clippy::disallowed_methods, reason = "the operator's own command, bounded in time and output")]
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).current_dir(&context.directory);
    shell.env_clear().envs(context.environment.iter());
    shell.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = shell.spawn().map_err(|error| format!("could not be started: {error}"))?;
    let Some(output) = child.stdout.take() else { return Err("has no output".to_owned()) };
    let (read, reading) = std::sync::mpsc::channel();
    let reader = std::thread::Builder::new().spawn(move || {
        let mut text = Zeroizing::new(String::new());
        let outcome = output.take(MOST).read_to_string(&mut text).map(|_| text);
        // Nobody listens any more when the command did not end in time.
        let _ = read.send(outcome);
    });
    reader.map_err(|error| format!("could not be read: {error}"))?;
    wait(&mut child)?;
    // What it left behind may hold its output open.
    match reading.recv_timeout(LEFT_BEHIND) {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(format!("could not be read: {error}")),
        Err(_) => Err("left something behind that goes on writing".to_owned()),
    }
}

/// Waits for the end of the command, for so long and no longer.
fn wait(child: &mut Child) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("failed ({status})")),
            Ok(None) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // It may have ended just now: then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not end within {} seconds", PATIENCE.as_secs()));
            }
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    }
}
