//! `terraform_data`: a value that is kept, and a trigger that asks for a new object.

use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, PlanRequest, Planned, Problem, Repeat,
    Resource, ResourceSchema, Type, Value, propose,
};
use sha2::{Digest, Sha256};

const DOCS: &str = r#"Keeps a value in the state and does nothing outside.

```hcl
resource "terraform_data" "revision" {
  input = var.revision
}

resource "exec_deployment" "web" {
  version = release.version
  deploy  = ["./deploy.sh", release.version]

  lifecycle {
    replace_triggered_by = [terraform_data.revision]
  }
}
```

`output` is the value of `input` after apply, so that what refers to it waits for it. A change of
`triggers_replace` makes a new object with a new `id`; a change of `input` keeps the object."#;

/// The type `terraform_data`.
#[derive(Debug)]
pub struct TerraformData {
    schema: ResourceSchema,
}

impl Default for TerraformData {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: "terraform_data",
        lifetime: Lifetime::Live,
        summary: "A value that is kept in the state, as in Terraform.",
        docs: DOCS,
        attributes: vec![
            Attribute::computed("id", Type::String, "A unique id, made with the object.").stable(),
            Attribute::optional("input", Type::Any, "The value to keep, of any type."),
            Attribute::computed("output", Type::Any, "The value of `input`, known after apply."),
            Attribute::optional(
                "triggers_replace",
                Type::Any,
                "A value of any type; when it changes, a new object is made.",
            )
            .immutable(),
        ],
        repeat: Repeat::Harmless,
        destroyable: true,
        backup: false,
        preview: false,
        gate: false,
        undo: "keep the previous value again",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60),
    }
}

impl Resource for TerraformData {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn plan<'a>(&'a self, _: &'a Context, request: PlanRequest<'a>) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            // As in Terraform: without an input there is no output to wait for.
            if request.config.get("input").is_null() {
                planned.value = planned.value.with("output", Value::NULL);
            }
            Ok(planned)
        })
    }

    fn apply<'a>(
        &'a self,
        _: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned;
            let id = if planned.get("id").is_unknown() {
                id_of(request.key).into()
            } else {
                planned.get("id").clone()
            };
            Ok(Applied::new(planned.clone().with("id", id).with("output", planned.get("input").clone())))
        })
    }

    fn destroy<'a>(&'a self, _: &'a Context, _: &'a Value, _: &'a str) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async { Ok(()) })
    }

    fn import<'a>(&'a self, _: &'a Context, id: &'a str) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(async move {
            if id.trim().is_empty() {
                return Err(Problem::invalid("id", "An empty text is no id."));
            }
            let nulls = ["input", "output", "triggers_replace"].map(|name| (name, Value::NULL));
            Ok(Value::map(nulls).with("id", id.into()))
        })
    }
}

/// A UUID (version 8, made from a hash) that a repeat of the same action finds again. Terraform draws one at
/// random, which would come out different after a crash.
fn id_of(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let mut hex: Vec<char> = Vec::with_capacity(32);
    for byte in digest.iter().take(16) {
        hex.extend(format!("{byte:02x}").chars());
    }
    for (place, digit) in [(12, '8'), (16, 'a')] {
        if let Some(slot) = hex.get_mut(place) {
            *slot = digit;
        }
    }
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    let groups = groups.map(|group| hex.get(group).unwrap_or_default().iter().collect::<String>());
    groups.join("-")
}
