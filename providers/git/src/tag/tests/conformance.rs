//! The contract's own suite, on a real repository.

use std::sync::Arc;

use relplan_contract::conformance::{self, Fixture};
use relplan_contract::{Context, Resource, Value};

use crate::Git;
use crate::testing::{Sandbox, tag_arguments, tag_type, text};

struct Tags {
    sandbox: Sandbox,
    tag: Arc<dyn Resource>,
}

impl Default for Tags {
    fn default() -> Self {
        let sandbox = Sandbox::new();
        sandbox.repository("shop", &["One", "Two"]);
        Self { sandbox, tag: tag_type() }
    }
}

impl Fixture for Tags {
    fn resource(&self) -> &dyn Resource {
        &*self.tag
    }

    fn context(&self) -> Context {
        self.sandbox.context()
    }

    fn config(&self) -> Value {
        let arguments = [("repository", "shop"), ("name", "v1"), ("message", "One")];
        tag_arguments(&arguments.map(|(name, value)| (name, Value::from(value))))
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("name", self.config().with("name", "-x".into())),
            ("ref", self.config().with("ref", "--all".into())),
        ]
    }

    fn effects(&self) -> Option<usize> {
        Some(self.sandbox.git("shop", &["tag", "--list"]).lines().count())
    }

    fn change_outside(&self, object: &Value) -> bool {
        self.sandbox.git("shop", &["commit", "--allow-empty", "--message", "Two"]);
        self.sandbox.git("shop", &["tag", "--force", "--annotate", "--message", "Two", text(object, "name")]);
        true
    }

    fn remove_outside(&self, object: &Value) -> bool {
        self.sandbox.git("shop", &["tag", "--delete", text(object, "name")]);
        true
    }
}

#[tokio::test]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Git), []);
    assert_eq!(conformance::check(Tags::default).await, []);
}
