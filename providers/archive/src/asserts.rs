//! What a release file wants to be so in a restored copy.

use relplan_contract::{Attribute, Problem, Type, Value};

/// The blocks `assert`, and the block `scratch` that says where the copy is.
#[must_use]
pub fn attributes(scratch: Vec<Attribute>) -> Vec<Attribute> {
    let asserts = vec![
        Attribute::required("query", Type::String, "A query whose first value counts."),
        Attribute::required("equals", Type::String, "What that must be, as text."),
    ];
    vec![
        Attribute::blocks(
            "assert",
            asserts,
            "What must be so in the restored copy, with verify = \"restore\".",
        ),
        Attribute::block("scratch", scratch, "Where a snapshot is restored to for verify = \"restore\".")
            .means(),
    ]
}

/// What the block `scratch` holds for a kind of database that needs a server.
#[must_use]
pub fn scratch_server() -> Vec<Attribute> {
    let text = |name, docs| Attribute::optional(name, Type::String, docs);
    vec![
        text("url", "A server to make the scratch database on, in the place of one that is started.")
            .sensitive(),
        text("directory", "Folder for the files of the server that is started: best on an encrypted disk."),
    ]
}

/// What is wrong with them; parts may be unknown.
#[must_use]
pub fn check(config: &Value) -> Option<Problem> {
    let any = config.get("assert").as_list().is_some_and(|list| !list.is_empty());
    let elsewhere = config.get("verify").as_str().is_some_and(|verify| verify != "restore");
    (any && elsewhere).then(|| {
        Problem::invalid("assert", "An assert is asked of a restored copy.")
            .hint("Write verify = \"restore\".")
    })
}

/// Asks each query, and gives what is not so, in words.
pub fn failing(
    config: &Value,
    mut ask: impl FnMut(&str) -> Result<Option<String>, Problem>,
) -> Result<Vec<String>, Problem> {
    let mut failing = Vec::new();
    for block in config.get("assert").as_list().unwrap_or_default() {
        let pair = block.get("query").as_str().zip(block.get("equals").as_str());
        let Some((query, expected)) = pair else { continue };
        let found = ask(query)?;
        if found.as_deref() != Some(expected) {
            let found = found.unwrap_or_else(|| "nothing".to_owned());
            failing.push(format!("the assert {query:?} gives {found}, not {expected}"));
        }
    }
    Ok(failing)
}

/// Refuses a restored copy that differs from what the snapshot should be.
pub fn agree(differences: &[String]) -> Result<(), Problem> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(Problem::conflict(format!("The restored copy is not what was taken: {}.", differences.join("; ")))
        .hint("This snapshot cannot be trusted. Take another one.")
        .detail(differences.join("\n")))
}
