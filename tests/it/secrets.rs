//! A planted secret is found nowhere: not in what is printed, not in any file, in no encoding.

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
    vec![SECRET.to_owned(), hex, url, "czNjcjN0L1phdWJlcndvcnQrNDI".to_owned()]
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

#[test]
fn a_secret_is_found_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shop.hcl"), RELEASE).expect("a release file");
    let commands: [&[&str]; 10] = [
        &["plan", "-out=saved.plan", "shop.hcl"],
        &["plan", "-json", "shop.hcl"],
        &["plan", "-format=markdown", "shop.hcl"],
        &["apply", "-auto-approve", "shop.hcl"],
        &["apply", "-auto-approve", "-json", "shop.hcl"],
        &["show", "saved.plan"],
        &["show", "-json"],
        &["state", "history"],
        &["output"],
        &["output", "-json"],
    ];
    let mut printed = String::new();
    for arguments in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
            .args(arguments)
            .current_dir(folder.path())
            .env("RELPLAN_VAR_token", SECRET)
            .stdin(Stdio::null())
            .output()
            .expect("relplan");
        printed.push_str(&String::from_utf8_lossy(&output.stdout));
        printed.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    assert!(printed.contains("(sensitive value)"), "it was used:\n{printed}");
    assert!(printed.contains("no access"), "and echoed:\n{printed}");
    for form in forms() {
        let line = printed.lines().find(|line| line.contains(&form));
        assert!(line.is_none(), "printed as {form}: {line:?}");
    }
    let mut found = Vec::new();
    search(folder.path(), &mut found);
    assert_eq!(found, [] as [String; 0]);
}

#[test]
fn the_search_finds_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("leak"), format!("x{SECRET}x")).expect("a leak");
    let mut found = Vec::new();
    search(folder.path(), &mut found);
    assert_eq!(found.len(), 1);
}
