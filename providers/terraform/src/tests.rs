//! The behaviour of Terraform 1.11's `terraform_data`, as seen there, and the conformance suite.

use relplan_contract::conformance::{self, Fixture, Planted, context_in};
use relplan_contract::{ApplyRequest, Context, Path, PlanRequest, Planned, Provider, Resource, Value};

use super::{Terraform, TerraformData};

#[derive(Default)]
struct DataFixture {
    data: TerraformData,
}

fn object(entries: &[(&str, Value)]) -> Value {
    let names = ["id", "input", "output", "triggers_replace"];
    let nulls = Value::map(names.map(|name| (name, Value::NULL)));
    entries.iter().fold(nulls, |object, (name, value)| object.with(name, value.clone()))
}

impl Fixture for DataFixture {
    fn resource(&self) -> &dyn Resource {
        &self.data
    }

    fn context(&self) -> Context {
        context_in(std::path::Path::new("."), "terraform_data.it")
    }

    fn config(&self) -> Value {
        object(&[("input", Value::list(["a".into(), true.into()])), ("triggers_replace", 1.into())])
    }

    fn changed(&self) -> Option<Value> {
        Some(object(&[("input", Value::map([("b", Value::NULL)])), ("triggers_replace", 2.into())]))
    }

    fn planted(&self) -> Vec<Planted> {
        let secret = "correct-horse-battery";
        vec![Planted { config: object(&[("input", Value::from(secret).mark(true))]), secret }]
    }
}

async fn plan(prior: Option<&Value>, config: &Value) -> Planned {
    let fixture = DataFixture::default();
    let request = PlanRequest { config, prior };
    fixture.data.plan(&fixture.context(), request).await.expect("a plan")
}

async fn apply(planned: &Value, prior: Option<&Value>, key: &str) -> Value {
    let fixture = DataFixture::default();
    let request = ApplyRequest { planned, prior, key };
    fixture.data.apply(&fixture.context(), request).await.expect("done").value
}

#[tokio::test]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Terraform), []);
    assert_eq!(conformance::check(DataFixture::default).await, []);
}

#[tokio::test]
async fn output_is_known_after_apply_and_absent_without_input() {
    let made = plan(None, &object(&[("input", "x".into())])).await.value;
    assert!(made.get("output").is_unknown() && made.get("id").is_unknown());
    assert_eq!(apply(&made, None, "key").await.get("output"), &Value::from("x"));
    let empty = plan(None, &object(&[])).await.value;
    assert!(empty.get("output").is_null());
}

#[tokio::test]
async fn input_changes_in_place_and_a_trigger_replaces() {
    let first = apply(&plan(None, &object(&[("input", "x".into())])).await.value, None, "key").await;
    let changed = plan(Some(&first), &object(&[("input", "y".into())])).await;
    assert_eq!((changed.replace, changed.value.get("id")), (vec![], first.get("id")));
    let removed = plan(Some(&first), &object(&[])).await;
    assert!(removed.replace.is_empty() && removed.value.get("output").is_null());
    let triggered =
        plan(Some(&first), &object(&[("input", "x".into()), ("triggers_replace", "t".into())])).await;
    assert_eq!(triggered.replace, [Path::attribute("triggers_replace")]);
    assert!(triggered.value.get("id").is_unknown() && triggered.value.get("output").is_unknown());
}

#[tokio::test]
async fn the_id_is_a_uuid_of_the_action() {
    let planned = plan(None, &object(&[])).await.value;
    let id = |object: &Value| object.get("id").as_str().expect("an id").to_owned();
    let first = id(&apply(&planned, None, "one").await);
    assert_eq!(first, id(&apply(&planned, None, "one").await), "a repeat finds the same");
    assert_ne!(first, id(&apply(&planned, None, "two").await));
    let groups: Vec<usize> = first.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert_eq!(first.get(14..15), Some("8"), "version 8: made from a hash");
}

#[tokio::test]
async fn an_id_can_be_imported() {
    let fixture = DataFixture::default();
    let context = fixture.context();
    assert_eq!(fixture.data.import(&context, "abc").await, Ok(object(&[("id", "abc".into())])));
    assert!(fixture.data.import(&context, " ").await.is_err());
    assert_eq!(Terraform.schema().resources.len(), 1);
}
