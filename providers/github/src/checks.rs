//! [`Checks`]: how the checks of a commit stand, and whether the token may know.

use serde::Deserialize;
use serde_json::json;

use crate::client::{Data, GraphqlError};

/// How the checks of a commit stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    Passed,
    Failed,
    Running,
    /// There are none.
    Absent,
    /// The token may not read them: they may have failed.
    Unreadable,
}

/// What the token needs to read checks: they are made of check runs and of commit statuses.
pub(crate) const PERMISSIONS: &str = "Give the token read access to checks and to commit statuses (`checks: read` and `statuses: read` in a workflow).";

/// The name of the field that tells them.
const FIELD: &str = "statusCheckRollup";

/// What is written into an answer in the place of checks that may not be read.
const UNREADABLE: &str = "UNREADABLE";

/// The checks of a commit as the GraphQL API tells them. Without any there is none.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Rollup {
    state: String,
}

impl Checks {
    /// How they stand.
    pub(crate) fn of(rollup: Option<&Rollup>) -> Self {
        match rollup.map(|rollup| rollup.state.as_str()) {
            None => Self::Absent,
            Some("SUCCESS") => Self::Passed,
            Some("FAILURE" | "ERROR") => Self::Failed,
            Some(UNREADABLE) => Self::Unreadable,
            Some(_) => Self::Running,
        }
    }
}

/// Whether an error says no more than that checks may not be read. GitHub then gives null for them, as for a commit that
/// has none: only the error tells the two apart.
pub(crate) fn are_unreadable(error: &GraphqlError) -> bool {
    error.is_at(FIELD) && matches!(error.kind.as_str(), "FORBIDDEN" | "INSUFFICIENT_SCOPES")
}

/// Writes down in an answer which checks may not be read, so that they are not taken for none.
pub(crate) fn mark_unreadable(data: &mut Data) {
    for error in data.errors.iter().filter(|error| are_unreadable(error)) {
        if let Some(place) = data.data.pointer_mut(&error.pointer()).filter(|place| place.is_null()) {
            *place = json!({ "state": UNREADABLE });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_told_to_have_passed_has_passed() {
        let of = |state: &str| Checks::of(Some(&Rollup { state: state.to_owned() }));
        assert_eq!(of("SUCCESS"), Checks::Passed);
        for state in ["FAILURE", "ERROR"] {
            assert_eq!(of(state), Checks::Failed);
        }
        // A check that is required and has not begun is EXPECTED.
        for state in ["PENDING", "EXPECTED", "SOMETHING_NEW"] {
            assert_eq!(of(state), Checks::Running);
        }
        assert_eq!(Checks::of(None), Checks::Absent);
    }

    #[test]
    fn only_an_error_about_them_makes_checks_unreadable() {
        let marked = |kind: &str, field: &str| {
            let errors = json!([{ "type": kind, "path": ["r0", 1, field], "message": "no" }]);
            let answer = json!({ "data": { "r0": [null, { "statusCheckRollup": null }] }, "errors": errors });
            let mut data: Data = serde_json::from_value(answer).expect("an answer");
            mark_unreadable(&mut data);
            data.data.pointer("/r0/1/statusCheckRollup/state").is_some()
        };
        assert!(marked("FORBIDDEN", "statusCheckRollup"));
        assert!(marked("INSUFFICIENT_SCOPES", "statusCheckRollup"));
        assert!(!marked("FORBIDDEN", "labels") && !marked("SERVICE_UNAVAILABLE", "statusCheckRollup"));
    }
}
