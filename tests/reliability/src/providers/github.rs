//! What is made at GitHub with more than one request. The stand-in shows in the end what is there.

use std::io;
use std::path::Path;

use github_stand_in::{StandIn, TOKEN};
use serde_json::{Value as Json, json};

use super::Outside;
use crate::scene::Relplan;

const WORKFLOW: &str = "name: Deploy
run-name: Deploy ${{ inputs.version }} (${{ inputs.relplan_key }})
on:
  workflow_dispatch:
    inputs:
      version: { required: true }
      relplan_key: { required: false }
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: echo deploying
";

/// A repository at GitHub.
struct Hub {
    folder: tempfile::TempDir,
    stand_in: StandIn,
}

impl Hub {
    fn new() -> io::Result<Self> {
        let repository = json!({
            "owner": "acme", "name": "shop",
            "commits": [{ "id": "c1", "message": "Open the shop" }, { "id": "c2", "message": "Fix the cart" }],
            "workflows": [{ "path": ".github/workflows/deploy.yml", "name": "Deploy", "text": WORKFLOW }],
        });
        let stand_in = StandIn::with(&[repository]);
        let script = json!({ "queued_ms": 20, "running_ms": 150 });
        stand_in.settings(&json!({ "script": script, "latency_ms": 8, "limit": 1_000_000 }));
        Ok(Self { folder: tempfile::tempdir()?, stand_in })
    }

    fn environment(&self) -> Vec<(String, String)> {
        let names = ["GITHUB_API_URL", "GH_TOKEN", "CI"].map(str::to_owned);
        let values = [self.stand_in.url(), TOKEN, "true"].map(str::to_owned);
        names.into_iter().zip(values).collect()
    }

    /// A part of what is there now.
    fn there(&self, pointer: &str) -> Json {
        self.stand_in.state().pointer(&format!("/acme~1shop{pointer}")).cloned().unwrap_or_default()
    }

    /// What is wrong with the tag of a version.
    fn tag(&self, version: &str, message: &Json) -> Option<String> {
        let tag = self.there(&format!("/tags/v{version}"));
        let fits =
            tag.get("commit") == Some(&self.there("/commits/c2")) && tag.get("message") == Some(message);
        (!fits).then(|| format!("its tag is {tag}"))
    }
}

/// An annotated tag.
pub(super) struct Tag(Hub);

impl Tag {
    pub(super) fn new() -> io::Result<Self> {
        Hub::new().map(Self)
    }
}

impl Outside for Tag {
    fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.0.environment()
    }

    fn release(&mut self, version: &str) -> io::Result<String> {
        Ok(format!(
            "resource \"github_tag\" \"it\" {{\n  repository = \"acme/shop\"\n  name       = \"v{version}\"\n  \
             message    = \"Shop {version}\"\n}}\n"
        ))
    }

    fn wrong(&self, _: &Relplan, version: &str) -> io::Result<Vec<String>> {
        Ok(self.0.tag(version, &json!(format!("Shop {version}"))).into_iter().collect())
    }
}

/// A release with an asset.
pub(super) struct Release(Hub);

impl Release {
    pub(super) fn new() -> io::Result<Self> {
        let hub = Hub::new()?;
        std::fs::write(hub.folder.path().join("shop.tar"), vec![7; 50_000])?;
        Ok(Self(hub))
    }
}

impl Outside for Release {
    fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.0.environment()
    }

    fn release(&mut self, version: &str) -> io::Result<String> {
        Ok(format!(
            "resource \"github_release\" \"it\" {{\n  repository = \"acme/shop\"\n  tag        = \"v{version}\"\n  \
             notes      = \"What is new in {version}\"\n\n  asset {{\n    path = \"shop.tar\"\n  }}\n}}\n"
        ))
    }

    fn wrong(&self, _: &Relplan, version: &str) -> io::Result<Vec<String>> {
        let mut findings: Vec<String> = self.0.tag(version, &Json::Null).into_iter().collect();
        let tag = json!(format!("v{version}"));
        let releases = self.0.there("/releases");
        let own = releases.as_array().into_iter().flatten().filter(|one| one.get("tag") == Some(&tag));
        let own: Vec<&Json> = own.collect();
        let whole = |one: &&Json| {
            let assets = one.get("assets").and_then(Json::as_array).map_or(0, Vec::len);
            assets == 1 && one.get("draft") == Some(&json!(false))
        };
        if own.len() != 1 || !own.iter().all(whole) {
            findings.push(format!("its releases are {own:?}"));
        }
        Ok(findings)
    }
}

/// A deployment by a workflow.
pub(super) struct Deployment(Hub);

impl Deployment {
    pub(super) fn new() -> io::Result<Self> {
        Hub::new().map(Self)
    }
}

impl Outside for Deployment {
    fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.0.environment()
    }

    fn release(&mut self, version: &str) -> io::Result<String> {
        Ok(format!(
            "resource \"github_workflow_deployment\" \"it\" {{\n  repository   = \"acme/shop\"\n  \
             workflow     = \"deploy.yml\"\n  version      = \"{version}\"\n  ref          = \"main\"\n  \
             environment  = \"production\"\n  poll_seconds = 1\n  inputs       = {{ version = \"{version}\" }}\n}}\n"
        ))
    }

    fn wrong(&self, _: &Relplan, version: &str) -> io::Result<Vec<String>> {
        let runs = self.0.there("/runs");
        let own = |run: &&Json| run.pointer("/inputs/version").and_then(Json::as_str) == Some(version);
        let count = runs.as_array().into_iter().flatten().filter(own).count();
        Ok(if count == 1 { Vec::new() } else { vec![format!("it was dispatched {count} times")] })
    }
}
