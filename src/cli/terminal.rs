//! Printing, and asking.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::io::Errno;

/// Why something that was to be printed was not; what comes after it may have been.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Whether standard output was a terminal when the command began.
static ON_TERMINAL: OnceLock<bool> = OnceLock::new();

/// What is known of where the output goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// Whether text may have colours.
    pub colour: bool,
    /// Whether somebody can be asked.
    pub interactive: bool,
    /// Whether lines can be drawn anew.
    pub live: bool,
}

impl Terminal {
    pub(super) fn new(no_color: bool, ci: bool) -> Self {
        let stdout = io::stdout().is_terminal();
        let _ = ON_TERMINAL.set(stdout);
        Self {
            colour: stdout && !no_color,
            interactive: io::stdin().is_terminal() && !ci,
            live: stdout && !ci,
        }
    }

    /// Prints text to standard output. Work goes on when that fails; [`lost`](Self::lost) tells it in the end.
    pub(super) fn print(text: &str) {
        let mut out = io::stdout().lock();
        // What others printed stands before it.
        let printed = out.flush().and_then(|()| write(&out, text.as_bytes()));
        if let Err(error) = printed {
            Self::lose(error);
        }
    }

    /// Notes that something could not be printed, unless it is the reader who went away: that is their choice.
    pub(super) fn lose(error: io::Error) {
        let hung_up =
            ON_TERMINAL.get() == Some(&true) && error.raw_os_error() == Some(Errno::IO.raw_os_error());
        if error.kind() != io::ErrorKind::BrokenPipe && !hung_up {
            let _ = LOST.set(error);
        }
    }

    /// Why not all was printed; none when it was.
    pub(super) fn lost() -> Option<&'static io::Error> {
        LOST.get()
    }

    /// Prints text to standard error.
    pub(super) fn warn(text: &str) {
        // There is nobody left to tell.
        let _ = write(&io::stderr().lock(), text.as_bytes());
    }

    /// Asks, and gives the line that was typed; none at the end of the input, and where the question was not seen.
    pub(super) fn ask(question: &str) -> Option<String> {
        Self::print(question);
        if Self::lost().is_some() {
            return None;
        }
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }
}

/// Writes all of it, also to a pipe that its other user has told not to wait.
fn write(to: &impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => std::thread::sleep(PAUSE),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
