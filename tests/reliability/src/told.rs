//! What was told against what is kept: whatever a command has said is in the ledger, and was durable when it was said.

use std::collections::{BTreeMap, BTreeSet};

use crate::kept::Record;

/// What a command said that it did, by address: how often it was told as done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    done: BTreeMap<String, usize>,
    /// How the run ended, where it said so.
    endings: Vec<&'static str>,
}

const ENDINGS: [(&str, &str); 5] = [
    ("Apply complete!", "complete"),
    ("Rollback complete!", "complete"),
    ("Destroy complete!", "complete"),
    ("Refresh complete!", "complete"),
    ("A check failed, and what it judged was turned back.", "rolled_back"),
];

/// What stands for the end of a run among the addresses.
const THE_RUN: &str = "the run";

impl Told {
    pub(crate) fn by(said: &str) -> Self {
        let mut told = Self::default();
        // One row stands for both, what was done and what turned it back; the lines tell each apart.
        let mut rows: BTreeMap<String, usize> = BTreeMap::new();
        for line in said.lines() {
            if let Some(address) = done(line) {
                *told.done.entry(address.to_owned()).or_default() += 1;
            } else if let Some(address) = row(line) {
                rows.insert(address.to_owned(), 1);
            }
            let ending = ENDINGS.iter().find(|(words, _)| line.starts_with(words));
            told.endings.extend(ending.map(|(_, name)| *name));
        }
        for (address, count) in rows {
            let known = told.done.entry(address).or_default();
            *known = (*known).max(count);
        }
        told
    }

    /// What was told and is not among the records that were written since.
    pub(crate) fn unkept(&self, since: &[Record]) -> Vec<String> {
        let mut findings = Vec::new();
        for (address, told) in &self.done {
            let kept = since.iter().filter(|record| record.is_done() && record.address() == address).count();
            if kept < *told {
                findings.push(format!(
                    "{address} was told as done {told} times, and {kept} of them are in the ledger"
                ));
            }
        }
        for ending in &self.endings {
            let kept = |record: &Record| record.kind == "run_closed" && record.ending() == *ending;
            if !since.iter().any(kept) {
                findings.push(format!("it said that the run is {ending}, and the ledger does not"));
            }
        }
        findings
    }
}

/// The address in a line that says that something was done: `exec_deployment.a: Creation complete after 0s`.
fn done(line: &str) -> Option<&str> {
    let (address, rest) = line.split_once(": ")?;
    let is_address = address.contains('_') && address.contains('.') && !address.contains(' ');
    // A check that failed has its verdict; a deployment that failed was not done.
    let begins =
        ["passed after ", "failed after ", "Turned back to "].iter().any(|word| rest.starts_with(word));
    let deed = rest.split(" [").next().unwrap_or_default();
    (is_address && (begins || deed.contains(" complete after "))).then_some(address)
}

/// The address in a row of the closing table that says the same.
fn row(line: &str) -> Option<&str> {
    let rest = ["  done  ", "  turned back  "].iter().find_map(|word| line.strip_prefix(word))?;
    rest.split_whitespace().next()
}

/// Reads the log of strace, and gives what was told before the record of it was durable.
pub(crate) fn too_early(log: &str) -> Vec<String> {
    let mut trace = Trace::default();
    for line in log.lines() {
        trace.line(line);
    }
    let early: Vec<String> = trace.early.into_iter().collect();
    if early.is_empty() {
        return Vec::new();
    }
    vec![format!("told as done before that was durable: {}", early.join(", "))]
}

#[derive(Default)]
struct Trace {
    /// Calls that another thread's line came between, by process.
    unfinished: BTreeMap<String, String>,
    /// Outcomes by address that were written, and those that a sync has covered.
    written: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    told: BTreeMap<String, usize>,
    /// What was told too early.
    early: BTreeSet<String>,
}

impl Trace {
    fn line(&mut self, line: &str) {
        let Some((process, call)) = line.trim_start().split_once(' ') else { return };
        let call = call.trim_start();
        if call.starts_with("<... ") {
            // What began it counts, now that it is over.
            if let Some(begun) = self.unfinished.remove(process) {
                self.ended(&begun);
            }
        } else if call.contains("<unfinished ...>") {
            // What is told may be read as soon as the call begins.
            self.told(call);
            self.unfinished.insert(process.to_owned(), call.to_owned());
        } else {
            self.told(call);
            self.ended(call);
        }
    }

    fn ended(&mut self, call: &str) {
        if call.contains(" = -1 ") || !call.contains("/ledger.jsonl>") {
            return;
        }
        if call.starts_with("fdatasync(") || call.starts_with("fsync(") {
            self.durable.clone_from(&self.written);
        } else if call.starts_with("pwrite64(") || call.starts_with("write(") {
            // A backslash of the record itself is no end of a line.
            for record in call.replace(r"\\", "/").split(r"\n") {
                let kinds = [r#"\"kind\":\"ended\""#, r#"\"kind\":\"judged\""#, r#"\"kind\":\"adopted\""#];
                if record.contains(r#"\"kind\":\"run_closed\""#) {
                    *self.written.entry(THE_RUN.to_owned()).or_default() += 1;
                }
                if kinds.iter().any(|kind| record.contains(kind))
                    && let Some((_, rest)) = record.split_once(r#"\"key\":{\"address\":\""#)
                    && let Some((address, _)) = rest.split_once('\\')
                {
                    *self.written.entry(address.to_owned()).or_default() += 1;
                }
            }
        }
    }

    fn told(&mut self, call: &str) {
        let Some(said) = call.strip_prefix("write(1<").and_then(|call| call.split_once(", \"")) else {
            return;
        };
        for line in said.1.split(r"\n") {
            let ends = ENDINGS.iter().any(|(words, _)| line.starts_with(words));
            let Some(address) = ends.then_some(THE_RUN).or_else(|| done(line)) else { continue };
            let told = self.told.entry(address.to_owned()).or_default();
            *told += 1;
            if self.durable.get(address).copied().unwrap_or_default() < *told {
                self.early.insert(address.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"1 pwrite64(7</s/ledger.jsonl>, "ab {\"body\":{\"key\":{\"address\":\"exec_test.c\",\"version\":null},\"value\":\"x\\ny\"},\"kind\":\"judged\"}\n", 9, 0) = 9"#;
    const SYNC: &str = "1 fdatasync(7</s/ledger.jsonl>) = 0";
    const SAID: &str = r#"1 write(1</s/out-1>, "exec_test.c: passed after 0s: Exit code 0.\n", 9) = 9"#;

    fn of(lines: &[&str]) -> usize {
        too_early(&lines.join("\n")).len()
    }

    #[test]
    fn what_is_told_was_synced_before() {
        assert_eq!(of(&[RECORD, SYNC, SAID]), 0);
        assert_eq!(of(&[RECORD, SAID, SYNC]), 1);
        assert_eq!(of(&[SYNC, RECORD, SAID]), 1);
        assert_eq!(of(&[SAID]), 1);
        // The second verdict has its own record.
        assert_eq!(of(&[RECORD, SYNC, SAID, SAID]), 1);
        let closed = RECORD.replace("judged", "run_closed");
        let said =
            SAID.replace("exec_test.c: passed after 0s: Exit code 0.", "Apply complete! Resources: 1 added.");
        assert_eq!(of(&[&closed, SYNC, &said]), 0);
        assert_eq!(of(&[&closed, &said, SYNC]), 1);
    }

    #[test]
    fn a_sync_that_is_not_over_or_failed_covers_nothing() {
        let (begun, over) =
            ("1 fdatasync(7</s/ledger.jsonl> <unfinished ...>", "1 <... fdatasync resumed>) = 0");
        assert_eq!(of(&[RECORD, begun, over, SAID]), 0);
        assert_eq!(of(&[RECORD, begun, &SAID.replace('1', "2"), over]), 0, "another process's output");
        assert_eq!(of(&[RECORD, begun, &SAID.replacen('1', "2", 1), over]), 1);
        let refused = "1 fdatasync(7</s/ledger.jsonl>) = -1 EIO (Input/output error) (INJECTED)";
        assert_eq!(of(&[RECORD, refused, SAID]), 1);
    }

    #[test]
    fn what_was_told_is_kept() {
        let said =
            "exec_deployment.a: Creation complete after 0s [1]\n\nApply complete! Resources: 1 added.\n";
        assert_eq!(Told::by(said).unkept(&[]).len(), 2);
        let said = "exec_deployment.a: Creation failed after 0s: It broke.\n  failed       exec_deployment.a  It broke.\n";
        assert_eq!(Told::by(said), Told::default());
        let said = "  done         exec_migration.notes (record of 1.0.0)  created\n";
        assert_eq!(Told::by(said).unkept(&[]).len(), 1);
    }
}
