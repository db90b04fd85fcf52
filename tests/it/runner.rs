//! What a CI's runner reads of ours: its commands in a log, outputs and options of the action, Markdown.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Commands that GitHub's runner knows.
const KNOWN: [&str; 12] = [
    "add-mask",
    "stop-commands",
    "set-output",
    "set-env",
    "add-path",
    "save-state",
    "error",
    "warning",
    "notice",
    "debug",
    "group",
    "add-matcher",
];

/// The command that GitHub's runner takes a line for, as `ActionCommand` of `actions/runner` reads it; or Azure's.
fn command(line: &str) -> Option<String> {
    let known = |info: &str| {
        let name = info.split(' ').next().unwrap_or_default();
        KNOWN.contains(&name).then(|| name.to_owned())
    };
    let second = line.trim_start().strip_prefix("::").and_then(|rest| known(rest.split_once("::")?.0));
    let first = || known(line.split_once("##[")?.1.split_once(']')?.0);
    second.or_else(first).or_else(|| line.contains("##vso[").then(|| "vso".to_owned()))
}

fn folder(release: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.hcl"), release).expect("a release file");
    folder
}

/// What relplan prints on both outputs, under GitHub Actions.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
        .args(arguments)
        .current_dir(folder)
        .env("GITHUB_ACTIONS", "true")
        .stdin(Stdio::null())
        .output()
        .expect("relplan");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

const HOSTILE: &str = r####"release "shop" {
  version = "1.0.0"
}
locals {
  commands = [
    "::add-mask::a", "  ::stop-commands::x", "##[add-mask]x", "a ##[error]b", "::error::c", "##vso[task.x]d",
    "\t::set-output name=digest::sha256:0", "\u00a0::debug::e", "x\r::notice::f", "::group::", "###[group]g",
  ]
}
resource "terraform_data" "text" {
  input = join("\n", local.commands)
}
resource "terraform_data" "each" {
  for_each = toset(local.commands)
  input    = { "${each.key}" = each.key }
}
resource "exec_test" "loud" {
  command = ["sh", "-c", "printf '::add-mask::s\\n  ::stop-commands::x\\n##[error]y\\n##vso[a]z\\n'; exit 1"]
}
output "text" {
  value = join("\n", local.commands)
}
"####;

#[test]
fn nothing_that_is_printed_is_a_command_to_the_runner() {
    let folder = folder(HOSTILE);
    let mut seen = 0;
    for arguments in [
        &["plan", "-no-exec", "a.hcl"][..],
        &["plan", "-no-exec", "-format=markdown", "a.hcl"],
        &["plan", "-no-exec", "-json", "a.hcl"],
        &["validate", "a.hcl"],
        &["fmt", "-diff", "-check", "a.hcl"],
        &["apply", "-auto-approve", "a.hcl"],
        &["apply", "-auto-approve", "-json", "a.hcl"],
        &["state", "list"],
        &["show"],
        &["show", "-json"],
        &["output"],
        &["state", "history"],
        &["graph", "a.hcl"],
    ] {
        let said = said(folder.path(), arguments);
        let commands: Vec<&str> = said
            .split(['\n', '\r'])
            .filter(|line| command(line).is_some_and(|name| name != "error"))
            .collect();
        assert_eq!(commands, [""; 0], "{arguments:?}");
        let errors = said.split(['\n', '\r']).filter(|line| command(line).is_some());
        for line in errors {
            // Ours: a file, a line, a title.
            assert!(
                line.starts_with("::error file=") || line.starts_with("::error title="),
                "{arguments:?}: {line}"
            );
        }
        seen += usize::from(said.contains("stop-commands"));
    }
    assert!(seen > 5, "they are shown all the same");
}

#[test]
fn json_says_the_same_with_and_without_commands() {
    let folder = folder(HOSTILE);
    let said = said(folder.path(), &["plan", "-no-exec", "-json", "a.hcl"]);
    let plan: serde_json::Value =
        serde_json::from_str(said.lines().find(|line| line.starts_with('{')).expect("a document"))
            .expect("JSON");
    let text = plan.to_string();
    assert!(text.contains("##[add-mask]x") && text.contains("::add-mask::a"), "{text}");
}

#[test]
fn mistakes_are_marked_and_cannot_break_out() {
    let folder = folder(
        "release \"s\" {\n  version = \"1.0.0\"\n}\noutput \"o\" {\n  value = tobool(\"a\\n::add-mask::b ##[add-mask]c\")\n}\n",
    );
    let said = said(folder.path(), &["validate", "a.hcl"]);
    let commands: Vec<&str> = said.lines().filter(|line| command(line).is_some()).collect();
    assert_eq!(commands.len(), 1, "{said}");
    assert!(commands[0].starts_with("::error file=a.hcl,line=5,"), "{said}");
}

#[test]
fn what_a_program_asks_for_is_exact() {
    let folder = folder(
        "release \"s\" {\n  version = \"1.0.0\"\n}\nresource \"terraform_data\" \"d\" {}\noutput \"o\" {\n  value = \"::add-mask::a ##[error]\"\n}\n",
    );
    said(folder.path(), &["apply", "-auto-approve", "a.hcl"]);
    assert!(said(folder.path(), &["output", "-raw", "o"]).starts_with("::add-mask::a ##[error]"));
    let ledger = std::fs::read_to_string(folder.path().join(".relplan/s/ledger.jsonl")).expect("a ledger");
    assert_eq!(said(folder.path(), &["state", "pull"]), ledger);
}

/// How a script of the action ended: its exit code, what it printed, and the outputs that it told.
fn action(mode: &str, folder: &Path, inputs: &[(&str, &str)]) -> (i32, String, String) {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let outputs = folder.join("outputs");
    std::fs::write(&outputs, "").expect("a file");
    std::fs::write(folder.join("event.json"), "{}").expect("an event");
    let output = Command::new("bash")
        .arg(top.join(format!("action/{mode}.sh")))
        .current_dir(folder)
        .env("ACTION", top)
        .env("RELPLAN", env!("CARGO_BIN_EXE_relplan"))
        .env("RELEASE", "a.hcl")
        .env("ARGUMENTS", "-no-exec")
        .env("PULL_REQUEST", "7")
        .env("GH_TOKEN", "")
        .env("GITHUB_SHA", "0")
        .env("GITHUB_EVENT_PATH", folder.join("event.json"))
        .env("GITHUB_OUTPUT", &outputs)
        .env("GITHUB_STEP_SUMMARY", folder.join("summary"))
        .envs(inputs.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.code().unwrap_or(-1), printed, std::fs::read_to_string(outputs).expect("outputs"))
}

#[test]
fn the_action_takes_no_option_for_a_file_and_no_line_for_a_number() {
    let folder = folder(HOSTILE);
    let (code, printed, outputs) = action("plan", folder.path(), &[]);
    assert_eq!(code, 0, "{printed}");
    assert!(outputs.starts_with("exit-code=2\npr=7\ndigest=sha256:"), "{outputs}");
    for (input, value) in [
        ("RELEASE", "-out=made"),
        ("RELEASE", "--out=made"),
        ("RELEASE", "-chdir=/"),
        ("RELEASE", "a.hcl\n-out=made"),
        ("PULL_REQUEST", "7\ndigest=sha256:0"),
        ("PULL_REQUEST", "7 -out=made"),
        ("PULL_REQUEST", "../8"),
        ("PULL_REQUEST", "-1"),
    ] {
        for mode in ["plan", "apply"] {
            let (code, printed, outputs) = action(mode, folder.path(), &[(input, value)]);
            assert_eq!((code, outputs.as_str()), (3, ""), "{mode} {value:?}: {printed}");
            assert!(!folder.path().join("made").exists(), "{value:?}");
        }
    }
}

#[test]
fn the_summary_of_an_apply_is_one_block_whatever_was_printed() {
    let ticks = "`".repeat(9);
    let folder = folder(&format!("{HOSTILE}output \"ticks\" {{\n  value = \"{ticks}\\n# heading\"\n}}\n"));
    // Nothing was reviewed and nobody can be asked: it fails, and says what it says.
    let (code, ..) =
        action("apply", folder.path(), &[("ARGUMENTS", ""), ("GITHUB_API_URL", "http://127.0.0.1:1")]);
    assert_ne!(code, 0);
    let summary = std::fs::read_to_string(folder.path().join("summary")).expect("a summary");
    let fences: Vec<&str> = summary.lines().filter(|line| line.starts_with("```")).collect();
    assert_eq!(fences.len(), 2, "{summary}");
    assert_eq!(fences[0], fences[1]);
}
