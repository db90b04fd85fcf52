//! What a failed `git` meant, told from its messages, and text made fit to be shown.
//!
//! git has one exit code for almost everything, so the messages must be read. They are stable in the C locale
//! that `command` asks for; what is not recognised becomes a plain refusal with git's own words as its detail.

use relplan_contract::{Problem, ProblemKind};

use crate::refname::is_deceptive;

/// What stands where a URL had a user name or a password.
const MASKED_USER: &str = "***";

/// The most lines of git's output that a problem carries.
const DETAIL_LINES: usize = 12;

/// The kinds of failure, from the most telling words to the least: the first that matches counts.
const SIGNS: &[(Cause, &[&str])] = &[
    (Cause::Declined, &["archived so it is read-only"]),
    (Cause::Ownership, &["detected dubious ownership"]),
    (Cause::HostKey, &["Host key verification failed"]),
    (
        Cause::Authentication,
        &[
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "Permission denied (",
            "returned error: 401",
            "returned error: 403",
            "terminal prompts disabled",
            "unable to get password from user",
            "Too many authentication failures",
            "Write access to repository not granted",
            "service not enabled",
        ],
    ),
    (Cause::Protocol, &["' not allowed"]),
    (Cause::Declined, &["hook declined", "protected branch", "rule violations", "deny updating"]),
    (Cause::Occupied, &OCCUPIED),
    (
        Cause::NoRepository,
        &[
            "does not appear to be a git repository",
            "not a git repository",
            "Repository not found",
            "repository not exported",
            "returned error: 404",
            "' not found",
            "' does not exist",
        ],
    ),
    (Cause::Locked, &LOCKED),
    (Cause::Unwritable, &UNWRITABLE),
    (Cause::Locked, &["cannot lock ref", "failed to lock"]),
    (
        Cause::Network,
        &[
            "Could not resolve host",
            "Couldn't connect to server",
            "Connection refused",
            "Connection timed out",
            "Connection reset",
            "Connection closed",
            "Failed to connect",
            "unable to connect",
            "Unable to look up",
            "Operation timed out",
            "Operation too slow",
            "Network is unreachable",
            "No route to host",
            "Temporary failure in name resolution",
            "Could not resolve hostname",
            "early EOF",
            "RPC failed",
            "hung up unexpectedly",
            "Broken pipe",
            "unexpected disconnect",
            "transfer closed",
            "returned error: 429",
            "returned error: 5",
            "gnutls_handshake() failed",
            "SSL_ERROR_SYSCALL",
            "Could not read from remote repository",
        ],
    ),
];

/// A ref's name is a path: no name can go on where another one ends.
const OCCUPIED: [&str; 2] = ["exists; cannot create", "blocking reference"];

/// Somebody else is at it.
const LOCKED: [&str; 4] = ["File exists.", "Another git process", "but expected", "reference already exists"];

/// The file system does not let git write.
const UNWRITABLE: [&str; 6] = [
    "Permission denied",
    "insufficient permission",
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "File name too long",
];

/// With these a server's git says no more than that it could not write: why stands in the lines before.
const NOT_WRITTEN: [&str; 3] = ["failed to update ref", "failed to write", "unpacker error"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Ownership,
    HostKey,
    Authentication,
    Protocol,
    Declined,
    Occupied,
    NoRepository,
    Locked,
    Unwritable,
    Network,
    Other,
}

impl Cause {
    fn told_by(stderr: &str) -> Self {
        let any = |signs: &[&str]| signs.iter().any(|sign| stderr.contains(sign));
        match rejection(stderr) {
            // Whoever rejects a push was reached and let us in. What hooks print around it is their own.
            Some(reason) if NOT_WRITTEN.iter().any(|words| reason.starts_with(words)) => {
                let causes = [
                    (Self::Occupied, &OCCUPIED[..]),
                    (Self::Locked, &LOCKED),
                    (Self::Unwritable, &UNWRITABLE),
                ];
                causes.into_iter().find(|(_, signs)| any(signs)).map_or(Self::Locked, |(cause, _)| cause)
            }
            Some(_) => Self::Declined,
            None => SIGNS.iter().find(|(_, signs)| any(signs)).map_or(Self::Other, |(cause, _)| *cause),
        }
    }
}

/// Why a server rejected a push, from the line that git itself writes: ` ! [remote rejected] v1 -> v1 (hook declined)`.
fn rejection(stderr: &str) -> Option<&str> {
    let line = stderr.lines().find(|line| line.starts_with(" ! [remote rejected] "))?;
    line.trim_end().strip_suffix(')')?.rsplit_once(" (").map(|(_, reason)| reason)
}

/// The problem that git's messages tell of. `doing` completes "git could not ...".
pub(crate) fn problem(doing: &str, stderr: &str) -> Problem {
    let (kind, why, hint) = match Cause::told_by(stderr) {
        Cause::Ownership => (
            ProblemKind::Refused,
            "the repository belongs to another user",
            "Add the folder to git's `safe.directory`, or run relplan as its owner.",
        ),
        Cause::HostKey => (
            ProblemKind::Refused,
            "the server's host key is not known or has changed",
            "Check the key, then add it to `known_hosts`.",
        ),
        Cause::Authentication => (
            ProblemKind::Refused,
            "the server did not accept the credentials, or there were none",
            "git asks for nothing here: set up a credential helper, an ssh agent or a token with the needed rights.",
        ),
        Cause::Protocol => (
            ProblemKind::Refused,
            "git's configuration leads to a transport that is not allowed",
            "Use an https, http, ssh, git or file URL; look for `insteadOf` in git's configuration.",
        ),
        Cause::Declined => (
            ProblemKind::Refused,
            "the server's rules forbid it",
            "Its words are below; tag protection or a hook must let this user create the tag.",
        ),
        Cause::Occupied => (
            ProblemKind::Conflict,
            "there is a name already that ends where this one goes on, or goes on where this one ends",
            "git keeps names as paths, so that `a` and `a/b` cannot be side by side. Give the tag another name.",
        ),
        Cause::Unwritable => (
            ProblemKind::Refused,
            "the file system did not let git write there",
            "Its words are below; check who owns the repository, and its disk.",
        ),
        Cause::NoRepository => (
            ProblemKind::Missing,
            "there is no such repository, or it is hidden from this user",
            "Check `repository`, and whether this user may see it.",
        ),
        Cause::Locked => (
            ProblemKind::Retry,
            "another git process holds a lock",
            "If no git runs there any more, one was killed: remove the file `.lock` that git names.",
        ),
        Cause::Network => (ProblemKind::Retry, "the server could not be reached or broke off", ""),
        Cause::Other => (ProblemKind::Refused, "git refused", ""),
    };
    Problem::new(kind, format!("Could not {doing}: {why}.")).hint(hint).detail(last_lines(stderr))
}

/// Whether a failure came before anything was sent: no connection ever stood.
pub(crate) fn never_connected(text: &str) -> bool {
    let signs = ["Could not resolve host", "Connection refused", "Failed to connect", "Couldn't connect"];
    signs.iter().any(|sign| text.contains(sign))
}

/// The last lines of git's messages, without its advice.
pub(crate) fn last_lines(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
        .collect();
    lines.get(lines.len().saturating_sub(DETAIL_LINES)..).unwrap_or_default().join("\n")
}

/// The text with user names and passwords in URLs masked. The bare user of an ssh URL, `git@`, is no secret.
pub(crate) fn mask_userinfo(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find("://") {
        let (before, after) = rest.split_at(position + 3);
        masked.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "'\"<>`".contains(c)).unwrap_or(after.len());
        let (url, behind) = after.split_at(end);
        match userinfo_end(url) {
            Some(at) if is_secret(before, url, at) => {
                masked.push_str(MASKED_USER);
                masked.push_str(url.get(at..).unwrap_or_default());
            }
            Some(_) | None => masked.push_str(url),
        }
        rest = behind;
    }
    masked.push_str(rest);
    masked
}

/// The position of the `@` that ends the credentials of a URL told without its scheme.
fn userinfo_end(url: &str) -> Option<usize> {
    let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    // A password with an unescaped slash in it: what follows the colon is no port.
    let port = authority.rsplit_once(':').map(|(_, port)| port)?;
    if port.bytes().all(|byte| byte.is_ascii_digit()) || port.contains(']') { None } else { url.rfind('@') }
}

fn is_secret(before: &str, url: &str, at: usize) -> bool {
    let user = url.get(..at).unwrap_or_default();
    !before.ends_with("ssh://") || user.contains(':')
}

/// Text of a stranger made harmless for a terminal and a report: no control or invisible character but line
/// ends and tabs, and no credentials.
pub(crate) fn presentable(text: &str) -> String {
    let harmless = |c: char| if is_deceptive(c) && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    mask_userinfo(&text.chars().map(harmless).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_what_to_conclude() {
        for (stderr, kind) in [
            ("fatal: unable to access 'https://h/': Could not resolve host: h", ProblemKind::Retry),
            ("fatal: unable to connect to 127.0.0.1: Connection refused", ProblemKind::Retry),
            ("error: RPC failed; HTTP 500 curl 22 The requested URL returned error: 500", ProblemKind::Retry),
            ("fatal: Authentication failed for 'https://h/x/'", ProblemKind::Refused),
            (
                "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                ProblemKind::Refused,
            ),
            (
                "Host key verification failed.\nfatal: Could not read from remote repository.",
                ProblemKind::Refused,
            ),
            (
                "fatal: could not read Username for 'https://h': terminal prompts disabled",
                ProblemKind::Refused,
            ),
            (
                "remote: Repository not found.\nfatal: repository 'https://h/x/' not found",
                ProblemKind::Missing,
            ),
            (
                "fatal: '/x.git' does not appear to be a git repository\nfatal: Could not read from remote repository.",
                ProblemKind::Missing,
            ),
            ("fatal: Unable to create '/r/.git/packed-refs.lock': File exists.", ProblemKind::Retry),
            ("fatal: transport 'ext' not allowed", ProblemKind::Refused),
            (" ! [remote rejected] v1 -> v1 (pre-receive hook declined)", ProblemKind::Refused),
            (
                " ! [remote rejected] v1 -> v1 (prohibited by the server: not permitted: create)",
                ProblemKind::Refused,
            ),
            (
                "remote: Could not resolve host: ci\n ! [remote rejected] v1 -> v1 (hook declined)",
                ProblemKind::Refused,
            ),
            (
                "remote: error: cannot lock ref 'refs/tags/a/b': 'refs/tags/a' exists; cannot create 'refs/tags/a/b'\n \
                 ! [remote rejected] 12 -> a/b (failed to update ref)",
                ProblemKind::Conflict,
            ),
            (
                "remote: error: cannot lock ref 'refs/tags/v1': Unable to create '/r/refs/tags/v1.lock': File exists.\n \
                 ! [remote rejected] 12 -> v1 (failed to update ref)",
                ProblemKind::Retry,
            ),
            (
                "remote: error: cannot lock ref 'refs/tags/v1': Unable to create '/r/refs/tags/v1.lock': Permission \
                 denied\n ! [remote rejected] 12 -> v1 (failed to update ref)",
                ProblemKind::Refused,
            ),
            (
                "fatal: cannot lock ref 'refs/tags/v1': Unable to create '/r/refs/tags/v1.lock': Read-only file system",
                ProblemKind::Refused,
            ),
            ("fatal: cannot lock ref 'refs/tags/v1': reference already exists", ProblemKind::Retry),
            (
                "remote: This repository was archived so it is read-only.\nfatal: unable to access 'https://h/x/': The \
                 requested URL returned error: 403",
                ProblemKind::Refused,
            ),
            ("fatal: something new", ProblemKind::Refused),
        ] {
            assert_eq!(problem("push", stderr).kind, kind, "{stderr}");
        }
    }

    #[test]
    fn credentials_in_urls_are_masked() {
        for (text, masked) in [
            ("at 'https://ann:pw@h/x': no", "at 'https://***@h/x': no"),
            ("https://TOKEN@h/x and http://a:b@c/d", "https://***@h/x and http://***@c/d"),
            ("https://ann:p/w@h/x", "https://***@h/x"),
            ("ssh://git@h/x", "ssh://git@h/x"),
            ("ssh://git:pw@h/x", "ssh://***@h/x"),
            ("https://h:8080/@scope/x", "https://h:8080/@scope/x"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(mask_userinfo(text), masked);
        }
    }

    #[test]
    fn text_of_strangers_is_made_harmless() {
        assert_eq!(presentable("a\u{1b}[31mb\u{202e}c\nd"), "a\u{fffd}[31mb\u{fffd}c\nd");
    }

    #[test]
    fn details_are_the_last_lines_without_advice() {
        assert_eq!(last_lines("remote: no\nhint: try\n\nfatal: end\n"), "remote: no\nfatal: end");
        assert_eq!(last_lines(&"x\n".repeat(100)).lines().count(), DETAIL_LINES);
    }
}
