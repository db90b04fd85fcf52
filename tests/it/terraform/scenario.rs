//! Scenarios as they are written: a heading, a file or several, steps with what became of each.

use std::path::{Path, PathBuf};

use super::outcome::Outcome;

/// One file of scenarios.
pub(super) struct Document {
    pub path: PathBuf,
    lines: Vec<String>,
}

/// What happens one after the other in one folder.
#[derive(Clone)]
pub(super) struct Scenario {
    pub document: PathBuf,
    pub name: String,
    /// Whether relplan differs on purpose: a line `Differs: ` says why.
    pub differs: bool,
    pub parts: Vec<Part>,
}

#[derive(Clone)]
pub(super) enum Part {
    /// A file without its extension, and its text.
    File(String, String),
    /// A command, and what is recorded of it.
    Step(String, Vec<String>),
}

pub(super) fn read_all(folder: &Path) -> Vec<Document> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("scenarios");
        Document { path, lines: text.lines().map(str::to_owned).collect() }
    };
    paths.into_iter().map(read).collect()
}

impl Document {
    pub(super) fn scenarios(&self) -> Vec<Scenario> {
        let mut found: Vec<Scenario> = Vec::new();
        let mut lines = self.lines.iter();
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("## ") {
                found.push(Scenario {
                    document: self.path.clone(),
                    name: name.to_owned(),
                    differs: false,
                    parts: Vec::new(),
                });
                continue;
            }
            let Some(scenario) = found.last_mut() else { continue };
            scenario.differs |= line.starts_with("Differs: ");
            let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
            let block: Vec<String> = lines.by_ref().take_while(|line| *line != "```").cloned().collect();
            scenario.parts.push(match info.strip_prefix("hcl ") {
                Some(name) => Part::File(name.to_owned(), block.join("\n") + "\n"),
                None => {
                    assert_eq!(info, "step", "{}: {}", self.path.display(), scenario.name);
                    let (command, recorded) = block.split_first().expect("a command");
                    Part::Step(command.trim_start_matches("$ ").to_owned(), recorded.to_vec())
                }
            });
        }
        found
    }

    /// Takes the outcomes of a scenario's steps over.
    pub(super) fn record(&mut self, name: &str, outcomes: &[Outcome]) {
        let mut outcomes = outcomes.iter();
        let mut written = Vec::with_capacity(self.lines.len());
        let (mut inside, mut skipping) = (false, false);
        for line in &self.lines {
            if let Some(heading) = line.strip_prefix("## ") {
                inside = heading == name;
            }
            if skipping && line != "```" {
                continue;
            }
            skipping = false;
            written.push(line.clone());
            if inside && line.starts_with("$ ") {
                written.extend(outcomes.next().expect("an outcome for each step").lines.iter().cloned());
                skipping = true;
            }
        }
        self.lines = written;
    }

    pub(super) fn write(&self) {
        std::fs::write(&self.path, self.lines.join("\n") + "\n").expect("written");
    }
}
