//! [`Depth`]: how much is found out about the rows of each table, for the databases whose dumps do not tell.

use relplan_contract::{Attribute, Problem, Type, Value};

use crate::arguments::Verify;

/// How much is found out about each table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What the database estimates: costs nothing.
    Estimated,
    /// The rows are counted: reads every table once.
    Counted,
    /// And summed.
    Summed,
}

impl Depth {
    /// The argument that says it.
    #[must_use]
    pub fn attribute() -> Attribute {
        Attribute::optional(
            "counts",
            Type::String,
            "`exact` counts the rows, `estimated` takes the database's own estimates.",
        )
        .or("exact")
    }

    /// What is wrong with it; it may be unknown.
    #[must_use]
    pub fn check(config: &Value) -> Option<Problem> {
        let wrong = config.get("counts").as_str().is_some_and(|text| !["exact", "estimated"].contains(&text));
        wrong.then(|| Problem::invalid("counts", "Rows are counted `exact` or `estimated`."))
    }

    /// What arguments ask for: sums are worth their cost only where a restored copy is compared.
    #[must_use]
    pub fn of(config: &Value, verify: Verify) -> Self {
        match (config.get("counts").as_str(), verify) {
            (Some("estimated"), _) => Self::Estimated,
            (_, Verify::Restore) => Self::Summed,
            _ => Self::Counted,
        }
    }
}
