//! What tells that a file, or a part of it, leads backwards: the names and comments of the tools that run migrations in both
//! directions. relplan runs all of a file, so such a part would undo what stands before it.
//!
//! Known are golang-migrate, sqlx, goose, dbmate, sql-migrate, node-pg-migrate, tern, Flyway, Liquibase, sqitch, db-migrate,
//! postgrator, Diesel, yoyo, bun, rambler, shmig, micrate, `MyBatis`, dbdeploy and Play; others mostly say it with the same words.

use super::statements::{Comment, Parts};

/// Words for the way back.
const BACKWARD: [&str; 10] = [
    "down",
    "downs",
    "downgrade",
    "undo",
    "rollback",
    "revert",
    "backward",
    "backwards",
    "unapply",
    "reverse",
];

/// Words for the way on.
const FORWARD: [&str; 10] =
    ["up", "ups", "upgrade", "do", "redo", "apply", "deploy", "forward", "forwards", "migrate"];

/// Words that may stand beside these in the heading of a part.
const BESIDE: [&str; 20] = [
    "migrate",
    "migration",
    "migrations",
    "script",
    "scripts",
    "section",
    "part",
    "sql",
    "begin",
    "start",
    "step",
    "steps",
    "statement",
    "statements",
    "rambler",
    "goose",
    "dbmate",
    "changes",
    "to",
    "the",
];

fn is_backward(word: &str) -> bool {
    BACKWARD.contains(&word)
}

/// Why a file with this name is not one to be run once and forwards; `all` are the names beside it.
pub(super) fn of_name(name: &str, all: &[String]) -> Option<&'static str> {
    const BACK: &str = "is named as one that undoes another";
    let (stem, _) = name.rsplit_once('.')?;
    if let Some((version, _)) = stem.split_once("__") {
        let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        if version.strip_prefix('U').is_some_and(digits) {
            return Some(BACK);
        }
        if version == "R" {
            return Some(
                "is named as one that Flyway runs whenever it changes, and relplan runs each file once",
            );
        }
    }
    if is_callback(stem) {
        return Some("is named as one that Flyway runs at every migration, and relplan runs each file once");
    }
    let parts = parts(stem);
    let dotted = stem.to_lowercase().split('.').skip(1).any(is_backward);
    let (first, last) = (parts.first()?, parts.last()?);
    let numbered = |part: &String| part.trim_start_matches('v').bytes().all(|byte| byte.is_ascii_digit());
    let only = is_backward(last) && parts.iter().rev().skip(1).all(numbered);
    let paired = || {
        parts.iter().enumerate().filter(|(_, part)| is_backward(part)).any(|(at, _)| {
            let mut without = parts.clone();
            without.remove(at);
            all.iter().filter(|other| *other != name).any(|other| leads_on(other, &without))
        })
    };
    (dotted || only || is_backward(first) || paired()).then_some(BACK)
}

/// The words of a name.
fn parts(stem: &str) -> Vec<String> {
    let parts = stem.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

/// Whether a name has these words, and beside them at most one for the way on.
fn leads_on(name: &str, words: &[String]) -> bool {
    let mut parts = parts(name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    if parts != words
        && let Some(at) = parts.iter().position(|part| FORWARD.contains(&part.as_str()))
    {
        parts.remove(at);
    }
    parts == words
}

/// Whether Flyway calls it at some moment of its own.
fn is_callback(stem: &str) -> bool {
    const MOMENTS: [&str; 13] = [
        "Migrate",
        "EachMigrate",
        "Clean",
        "Undo",
        "EachUndo",
        "Validate",
        "Baseline",
        "Repair",
        "Info",
        "Repeatables",
        "Versioned",
        "Connect",
        "CreateSchema",
    ];
    let stem = stem.split("__").next().unwrap_or_default();
    let rest = stem.strip_prefix("before").or_else(|| stem.strip_prefix("after"));
    rest.is_some_and(|rest| {
        let plain = ["Error", "Applied", "OperationFinish"]
            .iter()
            .find_map(|end| rest.strip_suffix(end))
            .unwrap_or(rest);
        MOMENTS.iter().any(|moment| plain == *moment || plain.strip_suffix("Statement") == Some(moment))
    })
}

/// What a comment says of the direction of what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// What is behind it leads backwards.
    Back,
    /// It may be a heading of such a part, or a remark on how to go back.
    PerhapsBack,
    /// It is a heading of such a part where the file has parts, and else a remark.
    BackInParts,
    /// What is behind it leads on.
    On,
    /// It is a way back itself, for Liquibase.
    Rollback,
    Nothing,
}

/// The comment that begins a part of a file which leads backwards.
pub(super) fn down_section(parts: &Parts) -> Option<&Comment> {
    let said: Vec<Says> = parts.comments.iter().map(says).collect();
    let for_liquibase = parts
        .comments
        .iter()
        .map(text_of)
        .any(|text| text.starts_with("liquibase formatted") || text.starts_with("changeset "));
    let has_sections = said.contains(&Says::On);
    let found = parts.comments.iter().zip(&said).enumerate().find(|(at, (comment, said))| {
        let followed = parts.statements.len() > comment.behind;
        let next = parts.comments.get(at + 1).is_none_or(|next| next.behind > comment.behind);
        match said {
            Says::Back => followed,
            Says::PerhapsBack => followed && (next || has_sections),
            Says::BackInParts => followed && has_sections,
            Says::Rollback => for_liquibase || comment.text.starts_with("--rollback"),
            Says::On | Says::Nothing => false,
        }
    });
    found.map(|(_, (comment, _))| comment)
}

/// The text of a comment without the signs before it, in small letters.
fn text_of(comment: &Comment) -> String {
    let text = comment.text.trim_end_matches('/');
    text.trim_matches(|c: char| c.is_whitespace() || "-#/*=".contains(c)).to_lowercase()
}

fn says(comment: &Comment) -> Says {
    let text = text_of(comment);
    if !comment.alone || text.len() > 200 {
        return Says::Nothing;
    }
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let marked = text.strip_prefix(['+', '@', '!']);
    // `+tool down`, `@down`, `!Downs`, `tool:down`.
    let (before, after) = text.split_once(':').unwrap_or((&text, ""));
    let named = match marked {
        Some(_) if text.starts_with('+') => words.get(1).copied(),
        Some(_) => words.first().copied(),
        None if before.chars().all(is_of_name) && after.starts_with(is_of_name) => {
            after.split(|c| !is_of_name(c)).next()
        }
        None => None,
    };
    match (named, words.as_slice()) {
        (Some(word), _) if is_backward(word) => Says::Back,
        (Some(word), _) if FORWARD.contains(&word) => Says::On,
        (_, ["down", "migration", ..] | ["create", "above", "drop", "below"]) => Says::Back,
        (_, ["up", "migration", ..]) => Says::On,
        // The header of a file that sqitch reverts with.
        (_, ["revert", .., "from", _]) if comment.line == 1 => Says::Back,
        (_, ["liquibase", "rollback", ..]) => Says::Rollback,
        (_, ["rollback", first, ..]) if !text.starts_with("rollback:") && is_verb(first) => Says::Rollback,
        (_, words) => match heading(words) {
            Says::Nothing if is_backward(before) => Says::BackInParts,
            Says::Nothing if ["up", "ups"].contains(&before) => Says::On,
            said => said,
        },
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Whether a statement that changes something can begin with it.
fn is_verb(word: &str) -> bool {
    ["drop", "alter", "delete", "truncate", "update", "insert", "create", "rename", "revoke", "grant"]
        .contains(&word)
}

/// What the few words of a heading say.
fn heading(words: &[&str]) -> Says {
    let has = |wanted: &[&str]| {
        words.len() <= 4
            && words.iter().any(|word| wanted.contains(word))
            && words.iter().all(|word| wanted.contains(word) || BESIDE.contains(word))
    };
    if has(&["down", "downs", "downgrade"]) {
        Says::Back
    } else if has(&BACKWARD) {
        Says::PerhapsBack
    } else if has(&["up", "ups", "upgrade", "do", "apply", "forward", "forwards"]) {
        Says::On
    } else {
        Says::Nothing
    }
}

#[cfg(test)]
mod tests;
