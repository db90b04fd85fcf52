//! What the operator lets providers read outside of the release's tree: `-allow-read`, and the paths among the values
//! that they gave for variables.

use std::path::{Path, PathBuf};

use relplan_contract::Value;

use super::context::Context;

/// The variable of the environment that names folders as `-allow-read` does.
const VARIABLE: &str = "RELPLAN_ALLOW_READ";

/// No path that anybody gives is longer, in bytes.
const LONGEST: usize = 4096;

/// The most paths that are taken from one value.
const MOST: usize = 1_000;

/// The folders that the command line and the environment name.
pub(super) fn allowed(context: &Context, arguments: &[PathBuf]) -> Vec<PathBuf> {
    let variable = context.environment.get(VARIABLE).map(String::as_str).unwrap_or_default();
    let from_environment = variable.split(':').filter(|text| !text.is_empty()).map(Path::new);
    arguments.iter().map(PathBuf::as_path).chain(from_environment).map(|path| context.path(path)).collect()
}

/// The paths in a value that the operator gave. A text such as `/` or `/api` may be the path of a URL, and is not taken
/// for a whole file system: a path has two names at least.
pub(super) fn paths(value: &Value, home: Option<&str>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    value.leaves(&mut |_, leaf| {
        let Some(text) = leaf.as_str().filter(|text| text.len() <= LONGEST && !text.contains(['\0', '\n']))
        else {
            return;
        };
        if found.len() >= MOST {
            return;
        }
        match text.split_once("://") {
            // Parameters of an address: `?sslrootcert=/etc/ssl/company.pem`.
            Some((_, rest)) => {
                let pieces = rest.split(['?', '&']).filter_map(|piece| Some(piece.split_once('=')?.1));
                found.extend(
                    pieces.filter_map(|piece| path(&piece.replace("%2F", "/").replace("%2f", "/"), home)),
                );
            }
            None => found.extend(path(text, home)),
        }
    });
    found
}

fn path(text: &str, home: Option<&str>) -> Option<PathBuf> {
    if let Some((rest, home)) = text.strip_prefix("~/").zip(home) {
        return Some(Path::new(home).join(rest));
    }
    let names = Path::new(text).components().filter(|part| matches!(part, std::path::Component::Normal(_)));
    (text.contains('/') && names.count() >= 2).then(|| PathBuf::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_path_of_a_file_is_one() {
        let taken =
            |text: &str| paths(&Value::map([("a", Value::list([Value::from(text)]))]), Some("/home/ann"));
        for text in ["/etc/relplan/backup.key", "../keys/backup.key", "/run/secrets"] {
            assert_eq!(taken(text), [PathBuf::from(text)], "{text}");
        }
        assert_eq!(taken("~/.ssh/key"), [PathBuf::from("/home/ann/.ssh/key")]);
        assert_eq!(
            taken("postgres://h/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"),
            [PathBuf::from("/etc/ca.pem")]
        );
        for text in ["", "/", "//", "/api", "..", "../..", "1.2.0", "https://example.org/a/b", "a/b\n"] {
            assert!(taken(text).is_empty(), "{text:?}");
        }
    }
}
