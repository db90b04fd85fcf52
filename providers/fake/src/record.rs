//! `fake_record`: made once for one version of a release.

use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Problem, ReconcileRequest, Reconciled,
    Repeat, Resource, ResourceSchema, Type, Value,
};

use crate::script::{self, Ending, Player};
use crate::world;

const DOCS: &str = r#"For tests and trials. Makes a record that is nothing but a line in the file `effects`:

```hcl
resource "fake_record" "tag" {
  value   = "v${release.version}"
  effects = "effects.txt"
}
```"#;

/// The type `fake_record`.
#[derive(Debug)]
pub struct FakeRecord {
    schema: ResourceSchema,
    prefix: String,
    player: Player,
}

impl FakeRecord {
    /// The type, with what its ids begin with.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { schema: schema(), prefix: prefix.into(), player: Player::default() }
    }

    fn done(&self, planned: &Value, key: &str) -> Applied {
        Applied::new(script::object(&self.prefix, planned, key))
    }
}

pub(crate) fn schema() -> ResourceSchema {
    let mut attributes = vec![
        Attribute::optional("value", Type::Any, "What the record says, of any type."),
        Attribute::optional("secret", Type::String, "A part of it that is always sensitive.").sensitive(),
    ];
    attributes.extend(script::attributes());
    ResourceSchema {
        type_name: "fake_record",
        lifetime: Lifetime::Record,
        summary: "A record for tests and trials.",
        docs: DOCS,
        attributes,
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(600),
    }
}

impl Resource for FakeRecord {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        script::validate(config)
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned;
            let ending = self.player.before(context, planned, request.key).await?;
            if let Ending::Fails(problem) = ending {
                return Err(problem);
            }
            world::append_effect(context, planned, request.key, &world::text_of(planned.get("value")))?;
            self.player.after(context, planned).await;
            match ending {
                Ending::Lost(problem) | Ending::Fails(problem) => Err(problem),
                Ending::Done => Ok(self.done(planned, request.key)),
            }
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            world::reconcile(context, request.planned, request.key, || {
                Reconciled::Done(self.done(request.planned, request.key))
            })
        })
    }
}
