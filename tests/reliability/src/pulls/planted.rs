//! A relplan with a leak: it does one thing that it must not, and then what it was told to. The judge has to find each.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::pulls::verb::Verb::{self, Format, Json, Markdown, Plan, Review, Validate};

/// The variable that makes a process a relplan with a leak: it holds the arguments, each on a line.
pub(super) const ARGUMENTS: &str = "RELPLAN_THAT_LEAKS";

/// The variable that names its leak.
pub(super) const LEAK: &str = "RELPLAN_LEAK";

/// The variable with the port of a server that it must not contact.
pub(super) const PORT: &str = "RELPLAN_LEAK_PORT";

/// What it says first: whatever is before that comes from a harness of tests around it.
pub(super) const BEGINNING: &[u8] = b"a relplan that leaks begins\n";

/// A leak: its name, the command in which it happens, what the judge calls it, and the deed, in the checkout.
type Leak = (&'static str, Verb, &'static str, fn(&BTreeMap<String, String>));

/// Every leak.
pub(super) const LEAKS: &[Leak] = &[
    ("a file outside", Plan, "[read outside]", |_| read("../outside/secret.txt")),
    ("a file of the user's home", Validate, "[read outside]", |_| read("../home/.pgpass")),
    ("the environment's file", Review, "[read outside]", |_| read("/proc/self/environ")),
    ("the system's users", Format, "[read outside]", |_| read("/etc/passwd")),
    ("a folder outside", Plan, "[read outside]", |_| list("../outside")),
    ("through a link", Validate, "[read outside]", |_| read("out")),
    ("a file written through a link", Format, "[written]", |_| drop(std::fs::write("out", "x"))),
    ("the ledger\'s key, as its own code reads it", Plan, "[read of .relplan]", |_| {
        read_as_own("releases/.relplan/shop");
    }),
    ("git's configuration", Review, "[read of .git]", |_| read(".git/config")),
    ("git's folder", Format, "[read of .git]", |_| list(".git")),
    ("git's index", Plan, "[read of .git]", |_| (0..9).for_each(|_| read(".git/index"))),
    ("the ledger's key", Plan, "[read of .relplan]", |_| read("releases/.relplan/shop/key")),
    ("the ledger", Validate, "[read of .relplan]", |_| read("releases/.relplan/shop/ledger.jsonl")),
    ("a command", Review, "[command started]", |_| drop(std::process::Command::new("true").status())),
    ("a command that is not there", Format, "[command started]", |_| {
        drop(std::process::Command::new("/no/such/program").status());
    }),
    ("a connection", Plan, "[socket]", |given| {
        let port = given.get(PORT).and_then(|port| port.parse::<u16>().ok()).unwrap_or_default();
        drop(std::net::TcpStream::connect(("127.0.0.1", port)));
    }),
    ("a packet", Validate, "[socket]", |_| {
        let _ =
            std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"x", "127.0.0.1:9"));
    }),
    ("a local socket", Review, "[socket]", |given| {
        let folder = given.get("PGHOST").map_or(Path::new("/"), Path::new);
        drop(std::os::unix::net::UnixStream::connect(folder.join(".s.PGSQL.5432")));
    }),
    ("a new file", Format, "[written]", |_| drop(std::fs::write("left-behind", "x"))),
    ("a file written outside", Plan, "[written]", |_| drop(std::fs::write("../outside/secret.txt", "x"))),
    ("a file that is gone", Validate, "[written]", |_| drop(std::fs::remove_file("README.md"))),
    ("a secret", Review, "[secret]", |given| say(text(given, "RELPLAN_VAR_pin").as_bytes())),
    ("a secret in base64", Format, "[secret]", |given| {
        say(STANDARD.encode(format!("x{}y", text(given, "PGPASSWORD"))).as_bytes());
    }),
    ("a secret backwards", Plan, "[secret]", |given| {
        say(text(given, "GITHUB_TOKEN").chars().rev().collect::<String>().as_bytes());
    }),
    ("a secret in pieces", Plan, "[secret]", |given| {
        let each = text(given, "PGPASSWORD").chars().map(|c| {
            format!(
                "+ \"{c}\",
"
            )
        });
        say(each.collect::<Vec<_>>().concat().as_bytes());
    }),
    ("a secret in hex", Validate, "[secret]", |given| {
        let text = text(given, "AWS_SECRET_ACCESS_KEY");
        say(text.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat().as_bytes());
    }),
    ("an order to the runner", Review, "[runner]", |_| say(b"  ::set-output name=a::b")),
    ("an order in a line", Format, "[runner]", |_| say(b"all is well ##[add-mask]well")),
    ("an order behind a return", Plan, "[characters]", |_| say(b"all is well\r::stop-commands::x")),
    ("an escape", Validate, "[characters]", |_| say(b"\x1b[2J")),
    ("a change of direction", Review, "[characters]", |_| say("a\u{202e}b".as_bytes())),
    ("a fault", Format, "[fault]", |_| say(b"thread 'main' panicked at src/x.rs:1:1:")),
    ("a wrong end", Plan, "[exit]", |_| std::process::exit(99)),
    ("a sudden end", Validate, "[exit]", |_| std::process::abort()),
    ("a mention", Markdown, "[markdown]", |_| say(b"@EVIL")),
    ("no JSON", Json, "[exit]", |_| say(b"{")),
    ("time", Review, "[time]", |_| {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            std::hint::spin_loop();
        }
    }),
    ("waiting", Format, "[time]", |_| std::thread::sleep(Duration::from_secs(20))),
    ("memory", Plan, "[memory]", |_| drop(std::hint::black_box(vec![1_u8; 600 << 20]))),
];

/// Leaks, if a variable says so, and then runs the command as it is; gives its exit code.
pub(crate) fn run_if_asked() -> Option<u8> {
    let given: BTreeMap<String, String> = std::env::vars().collect();
    let arguments = given.get(ARGUMENTS)?;
    say(BEGINNING.trim_ascii_end());
    let leak = given.get(LEAK).map(String::as_str).unwrap_or_default();
    if let Some((.., deed)) = LEAKS.iter().find(|(name, ..)| *name == leak) {
        deed(&given);
    }
    let arguments = std::iter::once("relplan").chain(arguments.lines()).map(Into::into).collect();
    Some(relplan::cli::main(arguments, relplan_bundled::registry()).code())
}

fn text<'g>(given: &'g BTreeMap<String, String>, name: &str) -> &'g str {
    given.get(name).map(String::as_str).unwrap_or_default()
}

fn read(path: &str) {
    drop(std::hint::black_box(std::fs::read(path)));
}

fn read_as_own(folder: &str) {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW;
    let opened = openat(CWD, folder, flags | OFlags::DIRECTORY, Mode::empty());
    drop(std::hint::black_box(opened.and_then(|folder| openat(folder, "key", flags, Mode::empty()))));
}

fn list(path: &str) {
    let entries =
        std::fs::read_dir(path).map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()));
    drop(std::hint::black_box(entries.map(Iterator::collect::<Vec<PathBuf>>)));
}

fn say(text: &[u8]) {
    let mut out = std::io::stdout().lock();
    // What cannot be said is not found, and so it fails the ordeal.
    let _ = out.write_all(text).and_then(|()| out.write_all(b"\n"));
}
