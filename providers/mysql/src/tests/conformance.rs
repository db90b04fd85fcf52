//! The contract's suite.

use relplan_contract::conformance::{self, Fixture, Planted};
use relplan_contract::{Context, Resource, Value};

use super::{Bench, PASSWORD};
use crate::Mysql;

/// No password of the server.
const WRONG: &str = "n:w\\d-9f3k\"2m7q'x#";

/// A snapshot whose folder is looked into.
struct Taken(Bench);

impl Fixture for Taken {
    fn resource(&self) -> &dyn Resource {
        &*self.0.resource
    }

    fn context(&self) -> Context {
        self.0.context()
    }

    fn config(&self) -> Value {
        self.0.config(&[])
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        let with = |name, value| (name, self.config().with(name, value));
        vec![
            with("ssl_mode", "perhaps".into()),
            with("host", "beside-a-url".into()),
            with("counts", "many".into()),
            with("lock_timeout_ms", 0.into()),
            with("tables", Value::set(["shop.orders".into()])),
            with("verify", "hope".into()),
            ("database", self.config().with("url", Value::NULL)),
        ]
    }

    fn planted(&self) -> Vec<Planted> {
        let wrong = self.0.server.url("shop").replace("%6D%3A", "%6E%3A");
        vec![
            Planted { secret: PASSWORD, config: self.config() },
            Planted { secret: WRONG, config: self.config().with("url", Value::from(wrong)) },
        ]
    }

    fn slow(&self) -> Option<Value> {
        // Who holds a lock on a table to write holds up the lock on all of them.
        std::mem::forget(self.0.hold("LOCK TABLES orders WRITE; SELECT SLEEP(60)"));
        Some(self.config().with("lock_timeout_ms", 600_000.into()))
    }

    fn effects(&self) -> Option<usize> {
        Some(self.0.files().iter().filter(|file| file.ends_with("manifest.json")).count())
    }

    fn remove_outside(&self, object: &Value) -> bool {
        let name = object.get("snapshot").as_str().unwrap_or_default();
        std::fs::remove_dir_all(self.0.folder.path().join("snapshots").join(name)).is_ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Mysql), []);
    assert_eq!(conformance::check(|| Taken(Bench::new(200))).await, []);
}
