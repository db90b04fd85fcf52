//! A planted secret is found nowhere: not in what is printed, not in any file, in no encoding.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::leaks::nowhere;

const SECRET: &str = "s3cr3t/Zauberwort+42";

/// A release with the secret wherever a value can stand.
const EVERYWHERE: &str = include_str!("secrets/everywhere.hcl");
const ECHOES: &str = include_str!("secrets/echoes.hcl");
const GIT: &str = include_str!("secrets/git.hcl");
const REPORT: &str = include_str!("secrets/report.sh");
const GIT_PROGRAM: &str = include_str!("secrets/git.sh");

/// Runs relplan with the secret as a variable, and adds what it prints.
fn run(folder: &Path, arguments: &[&str], printed: &mut String) {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
        .args(arguments)
        .current_dir(folder)
        .env("RELPLAN_VAR_token", SECRET)
        .env("HOME", folder)
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .stdin(Stdio::null())
        .output()
        .expect("relplan");
    printed.push_str(&String::from_utf8_lossy(&output.stdout));
    printed.push_str(&String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_secret_is_found_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shop.hcl"), EVERYWHERE).expect("a release file");
    let commands: [&[&str]; 12] = [
        &["plan", "-out=saved.plan", "shop.hcl"],
        &["plan", "-json", "shop.hcl"],
        &["plan", "-format=markdown", "shop.hcl"],
        &["apply", "-auto-approve", "shop.hcl"],
        &["apply", "-auto-approve", "-json", "shop.hcl"],
        &["show", "saved.plan"],
        &["show", "-json", "saved.plan"],
        &["show", "-json"],
        &["state", "history"],
        &["state", "history", "-json"],
        &["output"],
        &["output", "-json"],
    ];
    let mut printed = String::new();
    for arguments in commands {
        run(folder.path(), arguments, &mut printed);
    }
    assert!(printed.contains("(sensitive value)"), "it was used:\n{printed}");
    assert!(printed.contains("no access"), "and echoed:\n{printed}");
    nowhere(SECRET, folder.path(), &printed);
}

/// Expressions whose errors would like to quote what they were given.
const FAILING: [&str; 14] = [
    "tonumber(var.token)",
    "jsondecode(var.token)",
    "yamldecode(\"a: [${var.token}\")",
    "base64decode(var.token)",
    "file(\"no/${var.token}\")",
    "parseint(var.token, 10)",
    "timeadd(var.token, \"1h\")",
    "formatdate(var.token, \"x\")",
    "regex(var.token, \"x\")",
    "regex(\"(\", var.token)",
    "var.token + 1",
    "{ a = 1 }[var.token]",
    "[1, 2][var.token]",
    "cidrhost(var.token, 1)",
];

#[test]
fn errors_about_a_secret_do_not_quote_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let variable = "variable \"token\" {\n  type = string\n  sensitive = true\n}\n";
    let mut printed = String::new();
    for expression in FAILING {
        let text = format!("{variable}\nresource \"fake_record\" \"it\" {{\n  value = {expression}\n}}\n");
        std::fs::write(folder.path().join("bad.hcl"), text).expect("a release file");
        let before = printed.len();
        run(folder.path(), &["plan", "bad.hcl"], &mut printed);
        run(folder.path(), &["plan", "-json", "bad.hcl"], &mut printed);
        assert!(printed[before..].contains("rror"), "{expression} is an error: {}", &printed[before..]);
    }
    for block in [
        "for_each = toset([var.token])",
        "count = var.token",
        "lifecycle {\n    precondition {\n      condition = false\n      error_message = \"bad: ${var.token}\"\n    }\n  }",
        "provider = fake.other\n}\nprovider \"fake\" {\n  alias = \"other\"\n  fail = \"refused: ${var.token}\"",
    ] {
        let text = format!("{variable}\nresource \"fake_record\" \"it\" {{\n  {block}\n}}\n");
        std::fs::write(folder.path().join("bad.hcl"), text).expect("a release file");
        let before = printed.len();
        run(folder.path(), &["plan", "bad.hcl"], &mut printed);
        assert!(printed[before..].contains("rror"), "{block} is an error: {}", &printed[before..]);
    }
    nowhere(SECRET, folder.path(), &printed);
}

/// A server that sends back, with an error, whatever it was asked, in several encodings.
fn echo_server() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 4096];
            let length = stream.read(&mut asked).unwrap_or(0);
            let text = String::from_utf8_lossy(asked.get(..length).unwrap_or_default()).into_owned();
            let escaped = text.replace('/', "\\/");
            let body = format!("{text}\n{escaped}\n{}", text.replace('/', "%2F").replace('+', "%2B"));
            let reason = text.lines().next().unwrap_or_default().replace(' ', "_");
            let head = format!(
                "HTTP/1.1 500 {reason}\r\nx-echo: {reason}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

#[test]
fn what_servers_reports_and_commands_echo_is_masked() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    std::fs::create_dir(folder.path().join("bin")).expect("a folder");
    write("bin/git", GIT_PROGRAM);
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("bin/git"), executable).expect("it can be run");
    write("report.sh", REPORT);
    write("shop.hcl", &ECHOES.replace("SERVER", &echo_server().to_string()));
    write("git.hcl", GIT);
    let mut printed = String::new();
    let commands: [&[&str]; 5] = [
        &["apply", "-auto-approve", "shop.hcl"],
        &["plan", "-out=saved.plan", "shop.hcl"],
        &["state", "history", "-json", "-product=shop"],
        &["show", "-json", "-product=shop"],
        &["plan", "git.hcl"],
    ];
    for arguments in commands {
        run(folder.path(), arguments, &mut printed);
    }
    std::fs::remove_file(folder.path().join("report.xml")).expect("the command's own file");
    let started = std::fs::read_to_string(folder.path().join("started")).expect("git was started");
    assert!(started.contains("ls-remote"), "{started}");
    nowhere(SECRET, folder.path(), &printed);
    for word in ["junit", "500", "killed by signal", "fatal: no access"] {
        assert!(printed.contains(word), "nothing says {word:?}:\n{printed}");
    }
}
