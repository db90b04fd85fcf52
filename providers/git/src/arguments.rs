//! The arguments that the types share: `repository`, and those that name a commit.

use relplan_contract::{Problem, Value};

use crate::location::Location;
use crate::refname::check_reference;

/// The location that a `repository` argument names.
pub(crate) fn parse_location(repository: &str) -> Result<Location, Problem> {
    Location::parse(repository).map_err(|error| {
        Problem::invalid("repository", format!("This cannot be a repository: {error}."))
            .hint("Give a folder, or an https, http, ssh, git or file URL, or host:path.")
    })
}

/// What is wrong with `repository`, as far as it is known.
pub(crate) fn check_repository(object: &Value) -> Option<Problem> {
    let given = object.get("repository");
    match parse_location(given.as_str()?) {
        Err(problem) => Some(problem),
        Ok(location) if location.has_password() && !given.is_sensitive() => {
            let message = "The URL holds a password, which plan and ledger would show.";
            let hint = "Leave it to git's credential helper, or pass the URL through a sensitive variable.";
            Some(Problem::invalid("repository", message).hint(hint))
        }
        Ok(_) => None,
    }
}

/// What is wrong with an argument that names a commit, as far as it is known.
pub(crate) fn check_revision(object: &Value, attribute: &str) -> Option<Problem> {
    let error = check_reference(object.get(attribute).as_str()?).err()?;
    let message = format!("This cannot name a branch, a tag or a commit: {error}.");
    Some(Problem::invalid(attribute, message))
}
