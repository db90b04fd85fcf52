//! The names that `for` binds, innermost first.

use relplan_contract::Value;

/// A bound name, and those bound around it.
#[derive(Clone, Copy)]
pub(super) struct Names<'n> {
    pub(super) outer: Option<&'n Names<'n>>,
    pub(super) name: &'n str,
    pub(super) value: &'n Value,
}

/// What a name is bound to, if it is.
pub(super) fn find<'n>(names: Option<&'n Names<'n>>, name: &str) -> Option<&'n Value> {
    let mut at = names;
    while let Some(bound) = at {
        if bound.name == name {
            return Some(bound.value);
        }
        at = bound.outer;
    }
    None
}
