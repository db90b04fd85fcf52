//! Terraform's built-in provider, as far as it makes sense for releases: `terraform_data`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Configured, Context, Lifetime, PlanRequest, Planned, Problem,
    Provider, ProviderSchema, ReconcileRequest, Reconciled, Repeat, Resource, ResourceSchema, Type, Value,
    propose,
};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terraform;

impl Provider for Terraform {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "terraform",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Values with a life of their own, as in Terraform.",
            configuration: Vec::new(),
            resources: vec![schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let data: Arc<dyn Resource> = Arc::new(Data { schema: schema() });
        Ok(Configured {
            resources: BTreeMap::from([("terraform_data", data)]),
            data_sources: BTreeMap::new(),
        })
    }
}

fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: "terraform_data",
        lifetime: Lifetime::Live,
        summary: "Keeps a value, and is replaced when another one changes.",
        docs: DOCS,
        attributes: vec![
            Attribute::optional("input", Type::Any, "A value of any type to keep."),
            Attribute::computed(
                "output",
                Type::Any,
                "The kept value: `input`, known after apply while it changes.",
            ),
            Attribute::optional(
                "triggers_replace",
                Type::Any,
                "A value of any type whose change replaces the object.",
            )
            .immutable(),
            Attribute::computed(
                "id",
                Type::String,
                "A name of its own, which stays as long as the object does.",
            )
            .stable(),
        ],
        repeat: Repeat::Harmless,
        destroyable: true,
        preview: false,
        undo: "apply with the value of before",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60),
    }
}

const DOCS: &str = r#"It does nothing outside of relplan. Use it to keep a value, to give other resources something
to refer to in `replace_triggered_by`, or to try out a release file.

```hcl
resource "terraform_data" "revision" {
  input = var.revision
}
```"#;

struct Data {
    schema: ResourceSchema,
}

impl Resource for Data {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn plan<'a>(&'a self, _: &'a Context, request: PlanRequest<'a>) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            let kept = request.prior.is_some_and(|prior| prior.get("input") == request.config.get("input"));
            if let (true, true, Some(prior)) = (kept, planned.replace.is_empty(), request.prior) {
                planned.value = planned.value.with("output", prior.get("output").clone());
            } else if request.config.get("input").is_null() {
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
            let input = request.planned.get("input").clone();
            let planned = request.planned.clone().with("output", input);
            let id = planned.get("id").clone();
            // The same action has the same key, also after a crash, and so makes the same name.
            let id = if id.is_unknown() { Value::string(name(request.key)) } else { id };
            Ok(Applied::new(planned.with("id", id)))
        })
    }

    fn reconcile<'a>(
        &'a self,
        _: &'a Context,
        _: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async { Ok(Reconciled::NotDone) })
    }

    fn destroy<'a>(&'a self, _: &'a Context, _: &'a Value, _: &'a str) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async { Ok(()) })
    }
}

/// A name in the form of a UUID from an idempotency key.
fn name(key: &str) -> String {
    let hex: String =
        key.chars().filter(char::is_ascii_hexdigit).chain(std::iter::repeat('0')).take(32).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_makes_a_name_in_the_form_of_a_uuid() {
        assert_eq!(name("0123456789abcdef0123456789abcdef99"), "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(name("xyz").len(), 36);
    }
}
