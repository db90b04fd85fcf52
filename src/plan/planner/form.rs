//! What is wrong with a block whatever its values are, also where no instance of it is evaluated: names that its type
//! does not know, and what means nothing for its kind.

use relplan_contract::Lifetime;

use super::Planner;
use super::whom::Whom;
use crate::diag::{Diagnostic, Diagnostics};
use crate::event::RunMode;
use crate::graph::NodeId;
use crate::lang::body;
use crate::lang::config::{OnFailure, Resource};

impl Planner {
    /// Checks a block once for all its instances; `evaluated` where instances are looked at one by one as well, and
    /// their arguments with them. What is destroyed need not be written well.
    pub(super) fn check_form(&mut self, id: NodeId, resource: &Resource, whom: &Whom, evaluated: bool) {
        if self.options.mode == RunMode::Destroy {
            return;
        }
        let mut found = Diagnostics::default();
        match whom {
            Whom::Resource(_, schema) => {
                found.extend(means_nothing(resource, schema.lifetime));
                if !evaluated {
                    found.extend(body::check(&resource.body, &schema.attributes));
                }
            }
            Whom::Data(source) if !evaluated => {
                found.extend(body::check(&resource.body, &source.schema().attributes));
            }
            Whom::Data(_) => {}
        }
        self.note(id, found);
    }
}

/// Arguments of `lifecycle` that a resource of this kind takes no notice of.
fn means_nothing(resource: &Resource, lifetime: Lifetime) -> Diagnostics {
    let lifecycle = &resource.lifecycle;
    if lifecycle.on_failure != OnFailure::Rollback || lifetime == Lifetime::Check {
        return Diagnostics::default();
    }
    Diagnostic::error(
        "Unsupported argument",
        "`on_failure = \"rollback\"` belongs to a check: its verdict decides.",
    )
    .at(resource.span)
    .help("Put it into the `lifecycle` block of a check that depends on this.")
    .into()
}
