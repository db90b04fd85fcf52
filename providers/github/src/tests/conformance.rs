//! The contract's own suite, on every type that changes something.

use std::sync::Arc;

use github_stand_in::StandIn;
use relplan_contract::conformance::{self, Finding, Fixture};
use relplan_contract::{Context, Resource, Value};
use serde_json::{Value as Json, json};

use super::{context, resource, shop};
use crate::Github;

/// One type in a world of its own.
struct Case {
    stand_in: StandIn,
    resource: Arc<dyn Resource>,
    what: &'static What,
}

/// What differs from type to type.
struct What {
    name: &'static str,
    config: fn() -> Vec<(&'static str, Value)>,
    changed: Option<(&'static str, &'static str)>,
    invalid: &'static [(&'static str, &'static str)],
    /// How many effects there are in the repository's state.
    effects: fn(&Json) -> usize,
    /// The change from outside, and the removal.
    outside: [Option<fn() -> Json>; 2],
}

impl Case {
    fn of(what: &'static What) -> Self {
        let mut shop = shop();
        shop["issues"] = json!([{ "number": 3, "title": "Release" }]);
        let stand_in = StandIn::with(&[shop]);
        let resource = resource(&stand_in, what.name);
        Self { stand_in, resource, what }
    }

    fn outside(&self, change: Option<fn() -> Json>) -> bool {
        let Some(change) = change else { return false };
        let mut change = change();
        change["repository"] = json!("acme/shop");
        self.stand_in.change(&change);
        true
    }
}

impl Fixture for Case {
    fn resource(&self) -> &dyn Resource {
        &*self.resource
    }

    fn context(&self) -> Context {
        context()
    }

    fn config(&self) -> Value {
        let mut given = (self.what.config)();
        given.push(("repository", "acme/shop".into()));
        if self.what.name == "github_commit_status" {
            let commit = self.stand_in.state()["acme/shop"]["commits"]["c2"].clone();
            given.push(("commit", commit.as_str().expect("a commit").into()));
        }
        let given = Value::map(given);
        Value::map(self.resource.schema().attributes.iter().map(|attribute| {
            (attribute.name, attribute.fit(given.get(attribute.name)).expect("arguments that fit"))
        }))
    }

    fn changed(&self) -> Option<Value> {
        self.what.changed.map(|(name, value)| self.config().with(name, value.into()))
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        let wrong = self.what.invalid.iter().chain([&("repository", "shop")]);
        wrong.map(|(name, value)| (*name, self.config().with(name, (*value).into()))).collect()
    }

    fn effects(&self) -> Option<usize> {
        Some((self.what.effects)(&self.stand_in.state()["acme/shop"]))
    }

    fn change_outside(&self, _: &Value) -> bool {
        self.outside(self.what.outside[0])
    }

    fn remove_outside(&self, _: &Value) -> bool {
        self.outside(self.what.outside[1])
    }
}

fn count(list: &Json) -> usize {
    list.as_array().map_or(0, Vec::len)
}

const TAG: What = What {
    name: "github_tag",
    config: || vec![("name", "v1.2.0".into()), ("message", "One".into())],
    changed: None,
    invalid: &[("name", "-x"), ("ref", "a..b"), ("message", " ")],
    effects: |shop| shop["tags"].as_object().map_or(0, serde_json::Map::len),
    outside: [
        Some(|| json!({ "set_tag": { "name": "v1.2.0", "commit": "c1", "message": "Two" } })),
        Some(|| json!({ "delete_tag": "v1.2.0" })),
    ],
};

const RELEASE: What = What {
    name: "github_release",
    config: || vec![("tag", "v1.2.0".into()), ("notes", "All new.".into())],
    changed: None,
    invalid: &[("tag", "-x"), ("latest", "yes")],
    effects: |shop| count(&shop["releases"]),
    outside: [
        Some(|| json!({ "edit_release": { "tag": "v1.2.0", "body": "Nothing new." } })),
        Some(|| json!({ "delete_release": "v1.2.0" })),
    ],
};

const ISSUE: What = What {
    name: "github_issue",
    config: || vec![("title", "Retrospective".into()), ("body", "What went well?".into())],
    changed: None,
    invalid: &[("title", " ")],
    effects: |shop| count(&shop["issues"]),
    outside: [None, None],
};

const COMMENT: What = What {
    name: "github_comment",
    config: || vec![("number", 3.into()), ("marker", "status".into()), ("body", "Released.".into())],
    changed: Some(("body", "Released and live.")),
    invalid: &[("marker", "a b")],
    effects: |shop| {
        // Each edit is an effect, too.
        let edits =
            |one: &Json| one["edits"].as_u64().and_then(|edits| usize::try_from(edits).ok()).unwrap_or(0);
        shop["comments"].as_array().into_iter().flatten().map(|one| 1 + edits(one)).sum()
    },
    outside: [
        Some(
            || json!({ "edit_comment": { "marker": "status", "body": "Edited.\n\n<!-- relplan:status -->\n" } }),
        ),
        Some(|| json!({ "delete_comment": "status" })),
    ],
};

const STATUS: What = What {
    name: "github_commit_status",
    config: Vec::new,
    changed: None,
    invalid: &[("state", "good"), ("commit", "main")],
    effects: |shop| count(&shop["statuses"]),
    outside: [None, None],
};

async fn findings(what: &'static What) -> Vec<Finding> {
    conformance::check(|| Case::of(what)).await
}

#[test]
fn the_provider_conforms() {
    assert_eq!(conformance::check_provider(&Github), []);
}

#[tokio::test]
async fn tags_conform() {
    assert_eq!(findings(&TAG).await, []);
}

#[tokio::test]
async fn releases_conform() {
    assert_eq!(findings(&RELEASE).await, []);
}

#[tokio::test]
async fn issues_conform() {
    assert_eq!(findings(&ISSUE).await, []);
}

#[tokio::test]
async fn comments_conform() {
    assert_eq!(findings(&COMMENT).await, []);
}

#[tokio::test]
async fn statuses_conform() {
    assert_eq!(findings(&STATUS).await, []);
}
