//! Arguments that several types have, read and checked.

use relplan_contract::{Path, Problem, Value};

/// The longest name of a ref that is taken.
const LONGEST_REF: usize = 250;

/// A problem when a known text is no name of a tag, by git's rules (`git check-ref-format`).
pub(crate) fn check_tag(object: &Value, attribute: &str) -> Option<Problem> {
    let name = object.get(attribute).as_str()?;
    let why = match name {
        "HEAD" => "has a meaning of its own in git",
        name if name.starts_with("refs/") => "is a tag's name with too much before it",
        name if is_ref_name(name) => return None,
        _ => "is no name that git allows for a tag",
    };
    Some(Problem::invalid(attribute, format!("{name:.200?} {why}.")).hint("Give one such as \"v1.2.0\"."))
}

/// A problem when a known text cannot lead to a commit.
pub(crate) fn check_reference(object: &Value, attribute: &str) -> Option<Problem> {
    let name = object.get(attribute).as_str()?;
    // A colon would name a file, a caret or tilde a commit before: GitHub's APIs do not agree about these.
    (!is_ref_name(name)).then(|| {
        Problem::invalid(attribute, format!("{name:.200?} is no branch, tag or commit."))
            .hint("Give the name of a branch or tag, or a commit's forty digits.")
    })
}

fn is_ref_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || " ~^:?*[\\".contains(c);
    !name.is_empty()
        && name.len() <= LONGEST_REF
        && !name.starts_with(['-', '/', '.'])
        && !name.ends_with(['/', '.'])
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains("//")
        && !name.contains("/.")
        && name != "@"
        && !name.chars().any(forbidden)
        && !name
            .split('/')
            .any(|part| std::path::Path::new(part).extension().is_some_and(|extension| extension == "lock"))
}

/// A text argument that is given and known.
pub(crate) fn text(object: &Value, name: &str) -> Option<String> {
    object.get(name).as_str().map(str::to_owned)
}

/// A flag; false where it is not given.
pub(crate) fn flag(object: &Value, name: &str) -> bool {
    object.get(name).as_bool() == Some(true)
}

/// Whether any of the arguments is known only after apply.
pub(crate) fn any_unknown(object: &Value, names: &[&str]) -> bool {
    names.iter().any(|name| object.get(name).has_unknown())
}

/// The problem of an object of which something is still unknown, or of which only a fingerprint was kept.
pub(crate) fn not_known() -> Problem {
    Problem::refused("An argument is still unknown or was sealed.").hint("Plan again from the release file.")
}

/// The problem of a repository that cannot be changed.
pub(crate) fn archived(repository: &impl std::fmt::Display) -> Problem {
    Problem::refused(format!("The repository {repository} is archived, so that nothing can be made in it."))
        .hint("Leave archived repositories out: data \"github_repositories\" does so by itself.")
        .about(Path::attribute("repository"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_gits_rules() {
        for good in ["v1.2.0", "release/v1", "a@b", "v1.2.0-hotfix.1"] {
            assert!(is_ref_name(good), "{good}");
        }
        for bad in
            ["", "-x", "a b", "a..b", "a.lock", "x.lock/y", "a/", "/a", "a\nb", "a:b", "@", "a@{1}", ".a"]
        {
            assert!(!is_ref_name(bad), "{bad}");
        }
    }
}
