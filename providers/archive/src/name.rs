//! Names of series and snapshots.

use relplan_contract::{Context, Problem, Value};

/// Whether a character is at home in a name.
pub(crate) const fn is_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The text with every character that is not at home in a name replaced.
#[must_use]
pub fn safe(text: &str) -> String {
    let safe: String = text.chars().map(|c| if is_safe(c) { c } else { '_' }).collect();
    safe.trim_start_matches('.').to_owned()
}

/// The series of a resource's snapshots: its argument `name`, else product and address.
#[must_use]
pub fn series(context: &Context, object: &Value) -> String {
    match object.get("name").as_str() {
        Some(name) => name.to_owned(),
        None => format!("{}-{}", safe(&context.product), safe(&context.address)),
    }
}

/// The name of a database that is thrown away, on a server that others use, too. A process number does not tell two
/// containers apart.
pub fn scratch_name(purpose: &str) -> Result<String, Problem> {
    let chance = getrandom::u64()
        .map_err(|error| Problem::refused(format!("The system gives no random numbers: {error}.")))?;
    Ok(format!("relplan_{purpose}_{chance:016x}"))
}

/// The name of a snapshot: series, version, and the beginning of the action's key, so that no two are the same.
pub(crate) fn snapshot(context: &Context, series: &str, key: &str) -> String {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("{series}-{}-{key}", safe(&context.version))
}
