//! What a provider answers at once, without waiting: `configure`, `validate`, `can_destroy`. What is waited for goes
//! through the run's guarded calls.

use std::panic::{AssertUnwindSafe, catch_unwind};

use relplan_contract::Problem;

/// Carries out such a call. A panic in it is the provider's fault, and told as a problem.
pub(super) fn at_once<T>(call: impl FnOnce() -> T) -> Result<T, Problem> {
    // What the call shares with others is the provider's own: nothing of the planner is changed in it.
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| panicked())
}

/// What is told of a provider that panicked.
pub(crate) fn panicked() -> Problem {
    Problem::refused("The provider failed: this is a fault in it. Please report it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_problem() {
        assert_eq!(at_once(|| 7).ok(), Some(7));
        let problem = at_once(|| panic!("of a provider")).expect_err("a problem");
        assert!(problem.message.contains("a fault in it"), "{problem}");
    }
}
