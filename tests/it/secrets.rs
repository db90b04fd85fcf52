//! A planted secret is found nowhere: not in what is printed, not in any file, in no encoding.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

const SECRET: &str = "s3cr3t/Zauberwort+42";

const RELEASE: &str = r#"
release "shop" {
  version = "1.0.0"
}

variable "token" {
  type      = string
  sensitive = true
}

resource "fake_record" "note" {
  value = { text = "token is ${var.token}", (var.token) = 1 }
  echo  = var.token
}

resource "exec_deployment" "prod" {
  version     = "1"
  deploy      = ["sh", "-c", "echo deploying with $TOKEN; printf %s $TOKEN | base64; printf %s $TOKEN | od -An -tx1 | tr -d ' \n'"]
  environment = { TOKEN = var.token }
  depends_on  = [fake_record.note]
}

resource "exec_test" "failing" {
  command     = ["sh", "-c", "echo wrong: $TOKEN >&2; exit 1"]
  environment = { TOKEN = var.token }
  depends_on  = [exec_deployment.prod]
}

resource "http_smoke_test" "refused" {
  base_url = "http://127.0.0.1:1"
  headers  = { authorization = "Bearer ${var.token}" }

  step {
    path = "/?key=${var.token}"
    body = var.token
  }
}

resource "fake_deployment" "refusing" {
  version = "1"
  fail    = "no access"
  echo    = var.token
}

output "token" {
  value     = var.token
  sensitive = true
}
"#;

/// The secret as it is and in the encodings in which systems echo it.
fn forms() -> Vec<String> {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let url = SECRET.replace('/', "%2F").replace('+', "%2B");
    let base64 = ["czNjcjN0L1phdWJlcndvcnQrND", "MzY3IzdC9aYXViZXJ3b3J0KzQy", "zM2NyM3QvWmF1YmVyd29ydCs0M"];
    let mut forms: Vec<String> = base64.map(str::to_owned).to_vec();
    forms.extend(base64.map(|text| text.replace('+', "-").replace('/', "_")));
    forms.extend([SECRET.to_owned(), hex.to_uppercase(), hex, url.to_lowercase(), url]);
    forms.push(SECRET.replace('/', "\\/"));
    forms.sort();
    forms.dedup();
    forms
}

fn search(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            search(&path, found);
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
        let name = path.to_string_lossy().into_owned();
        found.extend(
            forms()
                .iter()
                .filter(|form| text.contains(*form) || name.contains(*form))
                .map(|form| format!("{name}: {form}")),
        );
    }
}

/// Runs relplan with the secret as a variable, and adds what it prints.
fn run(folder: &Path, arguments: &[&str], printed: &mut String) {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
        .args(arguments)
        .current_dir(folder)
        .env("RELPLAN_VAR_token", SECRET)
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .stdin(Stdio::null())
        .output()
        .expect("relplan");
    printed.push_str(&String::from_utf8_lossy(&output.stdout));
    printed.push_str(&String::from_utf8_lossy(&output.stderr));
}

/// Neither in what was printed nor in any file, in no form.
#[track_caller]
fn nowhere(folder: &Path, printed: &str) {
    for form in forms() {
        let line = printed.lines().find(|line| line.contains(&form));
        assert!(line.is_none(), "printed as {form}: {line:?}");
    }
    let mut found = Vec::new();
    search(folder, &mut found);
    assert_eq!(found, [] as [String; 0]);
}

#[test]
fn a_secret_is_found_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shop.hcl"), RELEASE).expect("a release file");
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
    nowhere(folder.path(), &printed);
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
    nowhere(folder.path(), &printed);
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
            let text = String::from_utf8_lossy(&asked[..length]).into_owned();
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
    let server = echo_server();
    // A git that writes down how it was started, but for its environment.
    std::fs::create_dir(folder.path().join("bin")).expect("a folder");
    let git = folder.path().join("bin/git");
    std::fs::write(&git, "#!/bin/sh\necho \"$0 $*\" >> \"$HOME/started\"\necho \"fatal: no access to $GIT_CONFIG_VALUE_17\" >&2\nexit 128\n")
        .expect("a git");
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    let mut text = "release \"shop\" {\n  version = \"1.0.0\"\n}\n\nvariable \"token\" {\n  type = string\n  sensitive = true\n}\n\n\
                    provider \"fake\" {\n  token = var.token\n}\n"
        .to_owned();
    let report = "printf '<testsuite name=\"%s\"><testcase classname=\"a\" name=\"%s\"><failure message=\"%s\">%s</failure></testcase></testsuite>' \
                  \"$TOKEN\" \"$TOKEN\" \"$TOKEN\" \"$TOKEN\" > report.xml; exit 1";
    let blocks = [
        format!("resource \"exec_test\" \"junit\" {{\n  command = [\"sh\", \"-c\", {report:?}]\n  junit = \"report.xml\"\n  environment = {{ TOKEN = var.token }}\n}}"),
        format!("resource \"http_smoke_test\" \"echo\" {{\n  base_url = \"http://{server}\"\n  headers = {{ authorization = \"Basic ${{base64encode(\"user:${{var.token}}\")}}\", x-key = var.token }}\n  step {{\n    path = \"/${{urlencode(var.token)}}\"\n    body = jsonencode({{ key = var.token }})\n  }}\n}}"),
        "resource \"exec_test\" \"argument\" {\n  command = [\"echo\", var.token]\n}".to_owned(),
        "resource \"exec_test\" \"missing\" {\n  command = [\"true\"]\n  working_directory = \"no/${var.token}\"\n}".to_owned(),
        "resource \"exec_test\" \"stdin\" {\n  command = [\"sh\", \"-c\", \"rev; exit 1\"]\n  stdin = var.token\n}".to_owned(),
        format!("resource \"exec_deployment\" \"killed\" {{\n  version = \"1\"\n  deploy = [\"sh\", \"-c\", \"echo $TOKEN >&2; kill -SEGV $$\"]\n  environment = {{ TOKEN = var.token }}\n}}"),
    ];
    for block in blocks {
        let _ = write!(text, "\n{block}\n");
    }
    std::fs::write(folder.path().join("shop.hcl"), &text).expect("a release file");
    let mut printed = String::new();
    run(folder.path(), &["apply", "-auto-approve", "shop.hcl"], &mut printed);
    run(folder.path(), &["plan", "-out=saved.plan", "shop.hcl"], &mut printed);
    run(folder.path(), &["state", "history", "-json"], &mut printed);
    run(folder.path(), &["show", "-json"], &mut printed);
    let repository = "release \"git\" {\n  version = \"1.0.0\"\n}\n\nvariable \"token\" {\n  type = string\n  sensitive = true\n}\n\n\
                      resource \"git_tag\" \"it\" {\n  repository = \"http://user:${var.token}@127.0.0.1:9/x.git\"\n  name = \"v1\"\n  ref = \"main\"\n}\n";
    std::fs::write(folder.path().join("git.hcl"), repository).expect("a release file");
    run(folder.path(), &["plan", "git.hcl"], &mut printed);
    std::fs::remove_file(folder.path().join("report.xml")).expect("the command's own file");
    nowhere(folder.path(), &printed);
    for word in ["junit", "500", "killed by signal", "fatal: no access"] {
        assert!(printed.contains(word), "nothing says {word:?}:\n{printed}");
    }
}

#[test]
fn the_search_finds_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("leak"), format!("x{SECRET}x")).expect("a leak");
    let mut found = Vec::new();
    search(folder.path(), &mut found);
    assert_eq!(found.len(), 1);
}
