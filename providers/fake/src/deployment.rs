//! `fake_deployment`: one current version, across the releases of a product.

use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, Problem, ReconcileRequest,
    Reconciled, Repeat, Resource, ResourceSchema, Type, Value, as_found,
};

use crate::script::{self, Ending, Player};
use crate::world;

const DOCS: &str = r#"For tests and trials. Keeps its version in a file of the folder `world`, named like its address
(`ADDRESS@SLOT` where it has a slot):

```hcl
resource "fake_deployment" "production" {
  version = release.version
  world   = "world"
  effects = "effects.txt"
}
```

Write another version into that file, or remove it, to see how relplan finds drift."#;

/// The type `fake_deployment`.
#[derive(Debug)]
pub struct FakeDeployment {
    schema: ResourceSchema,
    prefix: String,
    player: Player,
}

impl FakeDeployment {
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
        Attribute::required("version", Type::String, "The version that is to be live."),
        Attribute::optional("value", Type::Any, "What else belongs to it, of any type."),
        Attribute::optional("slot", Type::String, "Where it runs; another slot needs a new deployment.")
            .immutable(),
        Attribute::optional(
            "destroyable",
            Type::Bool,
            "Whether it can be destroyed; it can unless this is false.",
        ),
        Attribute::optional(
            "world",
            Type::String,
            "Folder, relative to the release file, where the current version is kept in a file named like the address.",
        ),
    ];
    attributes.extend(script::attributes());
    ResourceSchema {
        type_name: "fake_deployment",
        lifetime: Lifetime::Live,
        summary: "A deployment for tests and trials.",
        docs: DOCS,
        attributes,
        repeat: Repeat::AskFirst,
        destroyable: true,
        backup: false,
        preview: false,
        gate: false,
        undo: "deploy the previous version again",
        headline: Some("version"),
        settle: Duration::ZERO,
        timeout: Duration::from_secs(600),
    }
}

impl Resource for FakeDeployment {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = script::validate(config);
        if config
            .get("version")
            .as_str()
            .is_some_and(|version| version.trim() != version || version.is_empty())
        {
            problems
                .push(Problem::invalid("version", "A version has no spaces around it, and is not empty."));
        }
        problems
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            let Some(path) = world::live_file(context, prior) else { return Ok(Observed::Same) };
            Ok(match world::live(&path)? {
                None => Observed::Absent,
                Some(version) if Some(&*version) == prior.get("version").as_str() => Observed::Same,
                Some(version) => Observed::Present(prior.clone().with("version", version.into())),
            })
        })
    }

    fn discover<'a>(
        &'a self,
        context: &'a Context,
        config: &'a Value,
    ) -> Answer<'a, Result<Option<Value>, Problem>> {
        Box::pin(async move {
            let Some(path) = world::live_file(context, config) else { return Ok(None) };
            let object = as_found(&self.schema.attributes, config);
            Ok(world::live(&path)?.map(|version| object.with("version", version.into())))
        })
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
            let version = planned.get("version").as_str().unwrap_or_default();
            world::append_effect(context, planned, request.key, version)?;
            world::set_live(context, planned, version)?;
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
            let config =
                if request.destroy { request.prior.unwrap_or(request.planned) } else { request.planned };
            world::reconcile(context, config, request.key, || {
                let gone = Applied::new(Value::NULL);
                Reconciled::Done(if request.destroy { gone } else { self.done(request.planned, request.key) })
            })
        })
    }

    fn can_destroy(&self, object: &Value) -> bool {
        object.get("destroyable").as_bool() != Some(false)
    }

    fn destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: &'a Value,
        key: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async move {
            if !self.can_destroy(prior) {
                return Err(Problem::refused("This deployment cannot be destroyed: `destroyable` is false."));
            }
            let ending = self.player.before(context, prior, key).await?;
            if let Ending::Fails(problem) = ending {
                return Err(problem);
            }
            world::append_effect(context, prior, key, "destroyed")?;
            world::remove_live(context, prior)?;
            self.player.after(context, prior).await;
            match ending {
                Ending::Lost(problem) | Ending::Fails(problem) => Err(problem),
                Ending::Done => Ok(()),
            }
        })
    }
}
