//! The snapshot that a change of a database depends on: named in its failure, and required where that is wanted.

use relplan_contract::{Attribute, Problem, Type, Value};

use crate::arguments::Verify;

/// The arguments that name it.
#[must_use]
pub fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "snapshot",
            Type::Any,
            "The snapshot that was taken before: `postgres_snapshot.before`. A failure names it.",
        )
        .means(),
        Attribute::optional(
            "require_snapshot",
            Type::Bool,
            "Whether nothing is run without a snapshot that was verified.",
        )
        .or(false)
        .means(),
        Attribute::optional(
            "require_verified",
            Type::String,
            "How it must have been verified at least: `checksum`, `read` or `restore`.",
        )
        .or("read")
        .means(),
    ]
}

/// What is wrong with them; parts may be unknown.
#[must_use]
pub fn check(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let snapshot = config.get("snapshot");
    if config.get("require_snapshot").as_bool() == Some(true) && snapshot.is_null() {
        problems.push(
            Problem::invalid("require_snapshot", "There is no snapshot that could be required.")
                .hint("Name it, as in `snapshot = postgres_snapshot.before`."),
        );
    }
    if !snapshot.is_null()
        && !snapshot.is_unknown()
        && snapshot.as_map().is_none_or(|map| !map.contains_key("snapshot"))
    {
        problems.push(
            Problem::invalid("snapshot", "This is no snapshot.")
                .hint("Name the whole resource, as in `snapshot = postgres_snapshot.before`."),
        );
    }
    if config.get("require_verified").as_str().is_some_and(|text| Verify::parse(text).is_none()) {
        problems.push(Problem::invalid("require_verified", "Write `checksum`, `read` or `restore`."));
    }
    problems
}

/// Refuses to go on without a snapshot that was proven as it must be.
pub fn required(planned: &Value) -> Result<(), Problem> {
    if planned.get("require_snapshot").as_bool() != Some(true) {
        return Ok(());
    }
    let snapshot = planned.get("snapshot");
    let least = planned.get("require_verified").as_str().and_then(Verify::parse).unwrap_or(Verify::Read);
    let verified = snapshot.get("verified").as_str().and_then(Verify::parse);
    if verified >= Some(least) {
        return Ok(());
    }
    let name = snapshot.get("snapshot").as_str().unwrap_or("no name");
    let how = verified.map_or("not verified", Verify::name);
    Err(Problem::refused(format!(
        "The snapshot {name} counts as {how}, and `{}` is required before anything is migrated.",
        least.name()
    ))
    .hint("Run `relplan verify` on it, or take another one.")
    .about(relplan_contract::Path::attribute("require_snapshot")))
}

/// The way back after a failure, for people; empty where no snapshot was named.
#[must_use]
pub fn way_back(planned: &Value) -> String {
    let snapshot = planned.get("snapshot");
    let text = |name: &str| snapshot.get(name).as_str().unwrap_or("-").to_owned();
    if snapshot.is_null() {
        return String::new();
    }
    format!(
        " Before it the snapshot {} was taken ({}, {}): `relplan snapshots` has its address, `relplan restore ADDRESS -into URL` brings it back.",
        text("snapshot"),
        text("verified"),
        text("verified_at")
    )
}
