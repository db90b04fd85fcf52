//! [`Reviews`]: where people review what will be done, such as the pull requests of a code host.

use crate::context::{Answer, Context};
use crate::problem::Problem;

/// One text in the review of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Review<'a> {
    /// The change under review, as a person names it: `42`, or `acme/shop#42`.
    pub change: &'a str,
    /// Words in the text's first line by which it is told from other texts there.
    pub topic: &'a str,
}

/// A place where people review what will be done.
pub trait Reviews: Send + Sync {
    /// Puts the text where the reviewers see it, once: one that is there for the topic is edited in place, and further
    /// ones are folded away as outdated. Gives where it can be read.
    fn publish<'a>(
        &'a self,
        context: &'a Context,
        review: Review<'a>,
        text: &'a str,
    ) -> Answer<'a, Result<String, Problem>>;

    /// The text that stands there for the topic, if we wrote it: what others wrote counts for nothing.
    fn published<'a>(
        &'a self,
        context: &'a Context,
        review: Review<'a>,
    ) -> Answer<'a, Result<Option<String>, Problem>>;
}
