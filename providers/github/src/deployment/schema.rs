//! The schema of `github_workflow_deployment`.

use std::time::Duration;

use relplan_contract::{Attribute, Lifetime, Repeat, ResourceSchema, Type, Value};

use crate::tag;

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_workflow_deployment";

/// The workflow's input that carries the key of a deployment, unless the release file names another.
const KEY_INPUT: &str = "relplan_key";

const DOCS: &str = r#"Deploys a version by a workflow of GitHub Actions:

```hcl
resource "github_workflow_deployment" "production" {
  repository  = "acme/shop"
  workflow    = "deploy.yml"
  version     = release.version
  ref         = github_tag.shop.name
  inputs      = { environment = "production", version = release.version }
  environment = "production"
}
```

```yaml
# .github/workflows/deploy.yml
name: Deploy
run-name: Deploy ${{ inputs.version }} to ${{ inputs.environment }} (${{ inputs.relplan_key }})
on:
  workflow_dispatch:
    inputs:
      environment: { required: true }
      version: { required: true }
      relplan_key: { required: false }
```

**Found for sure.** Each deployment has a key. It goes into the workflow's input `key_input`, from where the workflow's `run-name` shows it; the
plan looks whether it does. GitHub also answers a dispatch with the number of the run, where the server is new enough. So a run whose dispatching
process died is found again by its number or its key, and is followed to its end by the next `plan` or `apply`; nothing is dispatched twice. With
`key_input = ""` only the number is left: a process that dies between request and answer leaves an uncertain action that a person must look at.

**Looked at in the plan**, before a tag is made for it: whether the repository is archived and the workflow active; and whether the workflow at `ref` (on the
default branch, where `ref` is not there yet) has the trigger `workflow_dispatch`, declares each of `inputs`, requires none that is missing,
and has their values among its options. An Enterprise Server up to 3.19 takes ten inputs, the key among them; newer ones and github.com take 25.
The token must be allowed to read contents and actions.

**Followed.** Its state is asked for every `poll_seconds`, unchanged answers cost nothing of the rate limit. Where an environment must be approved, it is
said who can do that. A run that fails shows its failing job, with the end of its log.

**Interrupted.** A run that is under way is let finish, unless `on_interrupt = "cancel"`.

**What is live** is read from `version_url` (its whole answer, or the member `version_field` of its JSON), else from the last successful
deployment to `environment`, else nobody can tell, and no drift is found. A workflow whose job names an `environment` makes GitHub record such
deployments; for one that does not, `record_deployment` makes relplan record them, with their statuses."#;

/// The schema.
pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: TYPE_NAME,
        lifetime: Lifetime::Live,
        summary: "A version that a workflow of GitHub Actions deploys.",
        docs: DOCS,
        attributes: attributes(),
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "dispatch the workflow with the previous version",
        headline: Some("version"),
        // A request takes half a minute at most, and a run may take as long to show in the list.
        settle: Duration::from_secs(60),
        timeout: Duration::from_secs(2 * 3_600),
    }
}

fn attributes() -> Vec<Attribute> {
    let mut attributes = vec![
        tag::repository_argument(),
        Attribute::required("workflow", Type::String, "File name of the workflow, such as `deploy.yml`."),
        Attribute::required("version", Type::String, "The version that is to be live."),
        Attribute::required("ref", Type::String, "Branch or tag whose workflow file is run."),
        Attribute::optional("inputs", Type::map(Type::String), "Inputs of the workflow."),
        Attribute::optional(
            "key_input",
            Type::String,
            "The workflow's input for the key by which a run is found again; empty for none.",
        )
        .or(KEY_INPUT),
        Attribute::optional("environment", Type::String, "The environment that it deploys to."),
        Attribute::optional("environment_url", Type::String, "Where the environment can be seen."),
        Attribute::optional(
            "record_deployment",
            Type::Bool,
            "Whether relplan records a deployment to `environment` and its statuses.",
        )
        .or(false),
        Attribute::optional("version_url", Type::String, "A URL that answers with the live version."),
        Attribute::optional("version_field", Type::String, "Member of its JSON that holds the version."),
        Attribute::optional(
            "version_seconds",
            Type::Number,
            "How long after the run the version may take to show at `version_url`, in seconds.",
        )
        .or(Value::integer(60)),
        Attribute::optional("poll_seconds", Type::Number, "How often the run is looked at, in seconds.")
            .or(Value::integer(5)),
        Attribute::optional(
            "on_interrupt",
            Type::String,
            "What an interrupt does to a run: `finish` lets it end, `cancel` cancels it.",
        )
        .or("finish"),
    ];
    attributes.extend([
        Attribute::computed("run_id", Type::Number, "Number of the run."),
        Attribute::computed("run_url", Type::String, "Its page."),
        Attribute::computed(
            "live_version",
            Type::String,
            "The version that was seen live; null where nobody can tell.",
        ),
        Attribute::computed(
            "deployment_id",
            Type::Number,
            "The deployment that relplan recorded; null without.",
        ),
    ]);
    attributes
}
