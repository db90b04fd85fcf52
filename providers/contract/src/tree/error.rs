//! [`PathError`]: why a path is not followed, as a clause.

use std::io;

use crate::path::Path;
use crate::problem::{Problem, ProblemKind};

/// Why a path is not followed. None of these says what is there outside of the tree, or whether anything is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It leads out.
    #[error("it leads out of the release's tree")]
    Outside,
    /// It is git's or relplan's own.
    #[error("nothing of `.git` and `.relplan` is read for a release")]
    Reserved,
    /// There is nothing.
    #[error("it does not exist")]
    Missing,
    /// A part of it is a file.
    #[error("a part of its path is no folder")]
    NotAFolder,
    /// It is a folder, a pipe, a device.
    #[error("it is no regular file")]
    NotAFile,
    /// Links lead in a circle.
    #[error("its links lead to links without an end")]
    Circle,
    /// It is larger than the limit, in bytes.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// The folder holds more files than the limit.
    #[error("the folder has more than {0} files")]
    TooMany(usize),
    /// Something else, in the system's words.
    #[error("{0}")]
    Other(String),
}

impl PathError {
    pub(super) fn of(error: impl Into<io::Error>) -> Self {
        let error = error.into();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::NotADirectory => Self::NotAFolder,
            io::ErrorKind::PermissionDenied => Self::Other("permission denied".to_owned()),
            _ => Self::Other(error.to_string()),
        }
    }

    /// The same as the problem of an argument.
    #[must_use]
    pub fn problem(&self, attribute: impl Into<Path>, argument: &str) -> Problem {
        let hint = match self {
            Self::Outside => {
                "Only the operator can name what lies elsewhere: with a variable that is given by -var or \
                 RELPLAN_VAR_..., or with -allow-read=FOLDER."
            }
            Self::Reserved => "Name another file: tokens and keys are kept there.",
            Self::Missing
            | Self::NotAFolder
            | Self::NotAFile
            | Self::Circle
            | Self::TooLarge(_)
            | Self::TooMany(_)
            | Self::Other(_) => "Check the path and its permissions.",
        };
        let message = format!("The path {argument:?} cannot be used: {self}.");
        Problem::new(ProblemKind::Invalid, message).hint(hint).about(attribute.into())
    }
}
