//! [`Account`]: in whose name an outside system is asked.

use crate::context::{Answer, Context};
use crate::problem::Problem;

/// The account that a configured provider acts with.
pub trait Account: Send + Sync {
    /// Its name, as the outside system tells it.
    fn login<'a>(&'a self, context: &'a Context) -> Answer<'a, Result<String, Problem>>;
}
