//! What verifying a ledger found.

use crate::ledger::{CheckpointVerdict, Report};
use crate::view::escape;
use crate::view::style::{Palette, Tone};
use crate::view::words::amount;

/// The report for a person.
#[must_use]
pub fn report(report: &Report, palette: &Palette) -> String {
    let mut text = format!(
        "{} The ledger of {} verifies.\n\n",
        palette.paint(Tone::Good, "Success!"),
        escape::shown(&report.product)
    );
    let records = usize::try_from(report.records).unwrap_or(usize::MAX);
    let batches =
        if report.batches == 1 { "1 batch".to_owned() } else { format!("{} batches", report.batches) };
    text.push_str(&format!("  {} in {batches}, {} bytes\n", amount(records, "record"), report.bytes));
    text.push_str(&format!("  {}, {} not closed\n", amount(report.runs, "run"), report.unclosed));
    if let Some(head) = &report.head {
        text.push_str(&format!("  head: record {}, {}\n", head.seq, head.hash));
    }
    if let Some(seq) = report.noted {
        text.push_str(&format!("  the hash that was given is that of record {seq}\n"));
    }
    for epoch in &report.epochs {
        let reason = escape::shown(&epoch.reason);
        text.push_str(&format!(
            "  record {}: the lock was forced, epoch {}: {reason}\n",
            epoch.seq, epoch.epoch
        ));
    }
    if let CheckpointVerdict::Ignored { reason } = &report.checkpoint {
        text.push_str(&format!("  the checkpoint is not used: {}\n", escape::shown(reason)));
    }
    if let Some(reason) = &report.head_ignored {
        text.push_str(&format!("  the head beside it is not used: {}\n", escape::shown(reason)));
    }
    for key in &report.uncertain {
        text.push_str(&format!("  uncertain: {}\n", escape::shown(key)));
    }
    text
}
