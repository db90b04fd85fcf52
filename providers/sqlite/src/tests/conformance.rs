//! The contract's suite.

use relplan_contract::conformance::{self, Fixture};
use relplan_contract::{Context, Resource, Value};

use super::Bench;
use crate::Sqlite;

impl Fixture for Bench {
    fn resource(&self) -> &dyn Resource {
        &self.resource
    }

    fn context(&self) -> Context {
        Self::context(self)
    }

    fn config(&self) -> Value {
        Self::config(self, &[])
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        let with = |name, value| (name, Fixture::config(self).with(name, value));
        vec![
            with("name", "../x".into()),
            with("busy_timeout_ms", Value::integer(-1)),
            with("verify", "hope".into()),
            with("encrypt_to", Value::set(["nobody".into()])),
        ]
    }

    fn effects(&self) -> Option<usize> {
        Some(self.snapshots())
    }

    fn remove_outside(&self, object: &Value) -> bool {
        let name = object.get("snapshot").as_str().unwrap_or_default();
        std::fs::remove_dir_all(self.path("snapshots").join(name)).is_ok()
    }
}

#[tokio::test]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Sqlite), []);
    assert_eq!(conformance::check(Bench::default).await, []);
}
