//! Names of assets as GitHub writes them.
//!
//! GitHub "renames asset filenames that have special characters, non-alphanumeric characters, and leading or trailing periods"
//! (its page "REST API endpoints for release assets"). How, it does not say; GitHub's own program `gh` expects of
//! `gh release upload` what is done here. What GitHub answers to an upload counts; this is for what must be known before.

/// Whether a character stays as it is.
fn stays(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '@')
}

/// The name that GitHub gives an asset. None for a name with letters other than those of ASCII: for some GitHub knows
/// similar ones, and for others not.
pub(super) fn stored(name: &str) -> Option<String> {
    if !name.is_ascii() {
        return None;
    }
    // A name that is nothing but an ending is given something to stand before it.
    let whole = if name.starts_with('.') { format!("default{name}") } else { name.to_owned() };
    let parts: Vec<&str> = whole.split(|c: char| !stays(c)).filter(|part| !part.is_empty()).collect();
    let stored = parts.join(".");
    Some(if stored != name && parts.len() < 2 { format!("default.{stored}") } else { stored })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_github_writes_them() {
        for (name, expected) in [
            ("app_1.2.0-linux+amd64@x.tgz", Some("app_1.2.0-linux+amd64@x.tgz")),
            ("My App 1.2.0.tgz", Some("My.App.1.2.0.tgz")),
            ("app (2).tgz", Some("app.2.tgz")),
            ("app~rc1.tgz", Some("app.rc1.tgz")),
            ("a..b.tgz", Some("a.b.tgz")),
            (".env", Some("default.env")),
            ("SHA256SUMS", Some("SHA256SUMS")),
            ("(notes)", Some("default.notes")),
            ("app.tgz.", Some("app.tgz")),
            ("größe.tgz", None),
            ("  ", Some("default.")),
        ] {
            assert_eq!(stored(name).as_deref(), expected, "{name}");
        }
    }
}
