//! The backups that the state knows, as a table.

use jiff::Timestamp;
use relplan_contract::Value;

use super::escape;
use super::style::{Palette, Tone};
use crate::event::EntryKey;
use crate::state::Entry;

const HEADS: [&str; 4] = ["SNAPSHOT", "TAKEN", "SIZE", "VERIFIED"];

/// The backups with age, size, and how and when each was verified last. `now_ms` is the time, in milliseconds since 1970.
#[must_use]
pub fn table(found: &[(&EntryKey, &Entry)], now_ms: i64, palette: &Palette) -> String {
    if found.is_empty() {
        return "There are no snapshots yet.\n".to_owned();
    }
    let rows: Vec<[String; 4]> = found.iter().map(|(key, entry)| row(key, &entry.value, now_ms)).collect();
    let mut widths = HEADS.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String; 4]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut out = format!("{}\n", palette.paint(Tone::Strong, line(&HEADS.map(str::to_owned))));
    for row in &rows {
        out.push_str(&format!("{}\n", line(row)));
    }
    out
}

fn row(key: &EntryKey, object: &Value, now_ms: i64) -> [String; 4] {
    let verified = match (object.get("verified").as_str(), moment(object, "verified_at")) {
        (Some(how), Some(at)) => {
            let took = object.get("verified_ms").as_i64().unwrap_or_default();
            format!("{how}, {}, in {}.{} s", ago(now_ms - at), took / 1_000, took % 1_000 / 100)
        }
        _ => "-".to_owned(),
    };
    [
        escape::shown(key),
        moment(object, "created_at").map_or_else(|| "-".to_owned(), |at| ago(now_ms - at)),
        object.get("bytes").as_i64().map_or_else(|| "-".to_owned(), size),
        escape::line(&verified).into_owned(),
    ]
}

/// A time that stands in an attribute, in milliseconds since 1970.
fn moment(object: &Value, name: &str) -> Option<i64> {
    object.get(name).as_str()?.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

fn ago(ms: i64) -> String {
    match ms / 60_000 {
        ..1 => "just now".to_owned(),
        minutes @ 1..120 => format!("{minutes} min ago"),
        minutes @ 120..2_880 => format!("{} h ago", minutes / 60),
        minutes => format!("{} days ago", minutes / 1_440),
    }
}

/// Bytes with three digits that count.
fn size(bytes: i64) -> String {
    let (unit, name) = match bytes {
        ..1_000 => return format!("{bytes} B"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}
