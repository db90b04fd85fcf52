//! The contract's suite on each type.

use relplan_contract::conformance::{self, Fixture, Planted};
use relplan_contract::{Context, Resource, Value};

use super::{Bench, PASSWORD};
use crate::Postgres;

/// No password of the server.
const WRONG: &str = "q:w\\d-9f3k2m7q'x";

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
            with("jobs", 0.into()),
            with("sslmode", "perhaps".into()),
            with("host", "beside-a-url".into()),
            with("counts", "many".into()),
            with("tables", Value::set(["orders".into()])),
            with("verify", "hope".into()),
        ]
    }

    fn planted(&self) -> Vec<Planted> {
        let url = self.0.server.url("shop");
        let wrong = url.replace("%70", "%71");
        vec![
            Planted { secret: PASSWORD, config: self.config() },
            Planted { secret: WRONG, config: self.config().with("url", Value::from(wrong)) },
        ]
    }

    fn slow(&self) -> Option<Value> {
        self.0.server.sql("shop", "CREATE TABLE IF NOT EXISTS held (a int)");
        self.0.hold("held");
        Some(self.config().with("lock_timeout_ms", 600_000.into()))
    }

    fn effects(&self) -> Option<usize> {
        Some(self.0.files(None).iter().filter(|file| file.ends_with("manifest.json")).count())
    }

    fn remove_outside(&self, object: &Value) -> bool {
        let name = object.get("snapshot").as_str().unwrap_or_default();
        std::fs::remove_dir_all(self.0.folder.path().join("snapshots").join(name)).is_ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Postgres), []);
    assert_eq!(conformance::check(|| Taken(Bench::new(200))).await, []);
}
