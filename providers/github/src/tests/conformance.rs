//! The contract's own suite.

use std::sync::Arc;

use github_stand_in::StandIn;
use relplan_contract::conformance::{self, Fixture};
use relplan_contract::{Context, Resource, Value};
use serde_json::json;

use super::{arguments, context, resource, shop};
use crate::Github;

struct Tags {
    stand_in: StandIn,
    tag: Arc<dyn Resource>,
}

impl Default for Tags {
    fn default() -> Self {
        let stand_in = StandIn::with(&[shop()]);
        let tag = resource(&stand_in, "github_tag");
        Self { stand_in, tag }
    }
}

impl Fixture for Tags {
    fn resource(&self) -> &dyn Resource {
        &*self.tag
    }

    fn context(&self) -> Context {
        context()
    }

    fn config(&self) -> Value {
        let given =
            [("repository", "acme/shop".into()), ("name", "v1.2.0".into()), ("message", "One".into())];
        arguments(&*self.tag, given)
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("repository", self.config().with("repository", "shop".into())),
            ("name", self.config().with("name", "-x".into())),
            ("ref", self.config().with("ref", "a..b".into())),
            ("message", self.config().with("message", " ".into())),
        ]
    }

    fn effects(&self) -> Option<usize> {
        self.stand_in.state()["acme/shop"]["tags"].as_object().map(serde_json::Map::len)
    }

    fn change_outside(&self, _: &Value) -> bool {
        let tag = json!({ "name": "v1.2.0", "commit": "c1", "message": "Two" });
        self.stand_in.change(&json!({ "repository": "acme/shop", "set_tag": tag }));
        true
    }

    fn remove_outside(&self, _: &Value) -> bool {
        self.stand_in.change(&json!({ "repository": "acme/shop", "delete_tag": "v1.2.0" }));
        true
    }
}

#[tokio::test]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Github), []);
    assert_eq!(conformance::check(Tags::default).await, []);
}
