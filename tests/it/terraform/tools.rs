//! The two that are compared: how each is asked for a step, and what it says of it.

use std::process::{Command, Output};

use serde_json::Value as Json;

use super::outcome::{Outcome, Planned, list, text};

/// A folder for one scenario.
pub(super) struct Ground {
    folder: tempfile::TempDir,
    extension: &'static str,
}

impl Ground {
    pub(super) fn new(extension: &'static str) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), extension }
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(format!("{name}.{}", self.extension));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn has_modules(&self) -> bool {
        let mut entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        entries.any(|entry| {
            let entry = entry.expect("an entry");
            entry.file_type().is_ok_and(|kind| kind.is_dir())
                && !entry.file_name().to_string_lossy().starts_with('.')
        })
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        Command::new(program)
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var("PATH").expect("a PATH"))
            .env("HOME", self.folder.path())
            .env("USER", "ann")
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(std::process::Stdio::null())
            .output()
            .expect("it starts")
    }
}

pub(super) trait Tool {
    /// Of its source files.
    fn extension(&self) -> &'static str;

    /// Plans, and carries the plan out. Before the arguments stands `apply`, `order` (for an apply whose order counts),
    /// `plan` (which is not carried out), `destroy`, or `state`.
    fn step(&self, ground: &Ground, command: &str) -> Outcome;
}

/// The built command.
pub(super) struct Relplan;

/// `terraform` from PATH.
pub(super) struct Terraform;

/// What a step is for.
struct Step<'c> {
    verb: &'c str,
    args: Vec<&'c str>,
}

impl<'c> Step<'c> {
    fn of(command: &'c str) -> Self {
        let mut words = command.split(' ');
        let verb = words.next().expect("a verb");
        assert!(["apply", "order", "plan", "destroy", "state"].contains(&verb), "{verb:?} is no verb");
        let mut args: Vec<&str> = words.collect();
        if verb == "destroy" {
            args.insert(0, "-destroy");
        }
        Self { verb, args }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json_lines(output: &Output) -> Vec<Json> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// How planning ended: as with `-detailed-exitcode`, every other code being an error.
fn ended(output: &Output, outcome: &mut Outcome) -> bool {
    match output.status.code() {
        Some(0) => outcome.line("no changes"),
        Some(2) => outcome.line("changes"),
        _ => {
            outcome.line("error");
            outcome.said = said(output);
            return false;
        }
    }
    true
}

impl Terraform {
    pub(super) fn is_installed() -> bool {
        Command::new("terraform").arg("version").env("CHECKPOINT_DISABLE", "1").output().is_ok()
    }

    fn planned(ground: &Ground) -> Planned {
        let shown = ground.run("terraform", &["show", "-json", "p.plan"]);
        let shown: Json = serde_json::from_slice(&shown.stdout).expect("the plan as JSON");
        let mut planned = Planned::default();
        for change in list(&shown, "resource_changes").iter().filter(|it| text(it, "deposed").is_empty()) {
            let address = text(change, "address");
            let actions = list(&change["change"], "actions").iter().map(|it| it.as_str().unwrap_or_default());
            match actions.collect::<Vec<_>>().as_slice() {
                ["no-op"] => {}
                ["delete", "create"] => planned.add("replace", address),
                ["create", "delete"] => planned.add("replace, create first,", address),
                [action] => planned.add(action, address),
                other => panic!("{other:?}"),
            }
            let before = text(change, "previous_address");
            if !before.is_empty() {
                planned.add(&format!("move {before} to"), address);
            }
        }
        planned
    }

    fn order(applied: &Output, outcome: &mut Outcome) {
        for line in json_lines(applied).iter().filter(|line| text(line, "type") == "apply_start") {
            outcome.line(format!(
                "- {} {}",
                text(&line["hook"], "action"),
                text(&line["hook"]["resource"], "addr")
            ));
        }
    }
}

impl Tool for Terraform {
    fn extension(&self) -> &'static str {
        "tf"
    }

    fn step(&self, ground: &Ground, command: &str) -> Outcome {
        let step = Step::of(command);
        let mut outcome = Outcome::default();
        if step.verb == "state" {
            let done = ground.run("terraform", &[&["state"], step.args.as_slice()].concat());
            outcome.line(if done.status.success() { "done" } else { "error" });
            return outcome;
        }
        if ground.has_modules() {
            ground.run("terraform", &["get"]);
        }
        let plan = ["plan", "-no-color", "-out=p.plan", "-detailed-exitcode"];
        let plan = ground.run("terraform", &[plan.as_slice(), &step.args].concat());
        if !ended(&plan, &mut outcome) {
            return outcome;
        }
        outcome.planned(Self::planned(ground));
        if step.verb == "plan" {
            return outcome;
        }
        let applied = ground.run("terraform", &["apply", "-json", "p.plan"]);
        if step.verb == "order" {
            Self::order(&applied, &mut outcome);
        }
        outcome.line(if applied.status.success() { "applied" } else { "failed" });
        if !applied.status.success() {
            outcome.said = said(&applied);
        }
        let state = ground.run("terraform", &["show", "-json"]);
        let state: Json = serde_json::from_slice(&state.stdout).expect("the state as JSON");
        let mut addresses = Vec::new();
        addresses_in(&state["values"]["root_module"], &mut addresses);
        outcome.addresses(addresses);
        let outputs = state["values"]["outputs"].as_object().cloned().unwrap_or_default();
        outcome.outputs(outputs.into_iter().map(|(name, it)| (name, it["value"].clone())));
        outcome
    }
}

impl Relplan {
    fn planned(plan: &Output) -> Planned {
        let plan: Json = serde_json::from_slice(&plan.stdout).expect("the plan as JSON");
        let changes = list(&plan, "changes");
        let replaced: Vec<&str> = changes
            .iter()
            .filter(|change| text(change, "action") == "replace")
            .map(|change| text(change, "address"))
            .collect();
        let mut planned = Planned::default();
        for change in changes {
            let address = text(change, "address");
            match text(change, "action") {
                "replace" if change["create_first"] == true => planned.add("replace, create first,", address),
                // The old object of a replacement is a step of its own.
                "destroy" if replaced.contains(&address) => {}
                "destroy" => planned.add("delete", address),
                action => planned.add(action, address),
            }
        }
        for moved in list(&plan, "moves") {
            planned.add(&format!("move {} to", text(moved, "from")), text(moved, "to"));
        }
        planned
    }

    fn order(plan: &Output, applied: &Output, outcome: &mut Outcome) {
        let plan: Json = serde_json::from_slice(&plan.stdout).expect("the plan as JSON");
        let first = |address: &str| {
            let of = |change: &&Json| text(change, "address") == address && change["create_first"] == true;
            list(&plan, "changes").iter().any(|change| of(&change))
        };
        let mut deleted = Vec::new();
        for notice in json_lines(applied).iter().filter(|line| text(line, "event") == "started") {
            let address = text(notice, "address");
            match text(notice, "action") {
                "destroy" => {
                    deleted.push(address.to_owned());
                    outcome.line(format!("- delete {address}"));
                }
                "replace" => {
                    if !first(address) && !deleted.contains(&address.to_owned()) {
                        outcome.line(format!("- delete {address}"));
                    }
                    outcome.line(format!("- create {address}"));
                }
                action => outcome.line(format!("- {action} {address}")),
            }
        }
    }
}

impl Tool for Relplan {
    fn extension(&self) -> &'static str {
        "hcl"
    }

    fn step(&self, ground: &Ground, command: &str) -> Outcome {
        let relplan = env!("CARGO_BIN_EXE_relplan");
        let step = Step::of(command);
        let mut outcome = Outcome::default();
        if step.verb == "state" {
            let done = ground.run(relplan, &[&["state"], step.args.as_slice()].concat());
            outcome.line(if done.status.success() { "done" } else { "error" });
            outcome.said = said(&done);
            return outcome;
        }
        let plan = ["plan", "-json", "-out=p.plan", "-detailed-exitcode"];
        let plan = ground.run(relplan, &[plan.as_slice(), &step.args, &["main.hcl"]].concat());
        if !ended(&plan, &mut outcome) {
            return outcome;
        }
        outcome.planned(Self::planned(&plan));
        if step.verb == "plan" {
            return outcome;
        }
        let applied = ground.run(relplan, &["apply", "-auto-approve", "-json", "p.plan"]);
        if step.verb == "order" {
            Self::order(&plan, &applied, &mut outcome);
        }
        outcome.line(if applied.status.success() { "applied" } else { "failed" });
        if !applied.status.success() {
            outcome.said = said(&applied);
        }
        let state = ground.run(relplan, &["show", "-json"]);
        let state: Json = serde_json::from_slice(&state.stdout).unwrap_or_default();
        let deposed =
            |object: &Json| object["record_version"].as_str().map_or(String::new(), |it| format!("@{it}"));
        let objects = list(&state, "objects").iter();
        outcome.addresses(objects.map(|it| text(it, "address").to_owned() + &deposed(it)).collect());
        let outputs = state.get("outputs").and_then(Json::as_object).cloned().unwrap_or_default();
        outcome.outputs(outputs.into_iter().map(|(name, value)| (name, plain(value))));
        outcome
    }
}

/// The addresses of a module's objects and of those of the modules inside.
fn addresses_in(module: &Json, found: &mut Vec<String>) {
    found.extend(list(module, "resources").iter().map(|it| text(it, "address").to_owned()));
    for child in list(module, "child_modules") {
        addresses_in(child, found);
    }
}

/// A set is a list in Terraform's JSON.
fn plain(value: Json) -> Json {
    match value {
        Json::Object(mut map) if map.len() == 1 && map.contains_key("$set") => {
            plain(map.remove("$set").unwrap_or_default())
        }
        Json::Object(map) => map.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        Json::Array(items) => items.into_iter().map(plain).collect(),
        other => other,
    }
}
