//! What a database answers, and the verdicts by it.

use relplan_contract::conformance::{self, Fixture, fitted};
use relplan_contract::{
    ApplyRequest, Context, DataSource as _, Outcome, PlanRequest, Problem, Resource, Value, Verdict,
};

use super::Bench;
use crate::query_data::Query;
use crate::query_test::QueryTest;

/// A query block with what is expected of it.
fn query(sql: &str, expected: &[(&str, Value)]) -> Value {
    let none = ["equals", "at_least", "at_most", "above", "below", "row_count", "rows"];
    let block = Value::map([("name", Value::from(sql)), ("sql", sql.into())]);
    let block = none.iter().fold(block, |block, name| block.with(name, Value::NULL));
    expected.iter().fold(block, |block, (name, value)| block.with(name, value.clone()))
}

fn config(bench: &Bench, queries: &[Value]) -> Value {
    let given = [("url", Value::from(bench.server.url("shop"))), ("query", Value::list(queries.to_vec()))];
    fitted(&QueryTest::default().schema().attributes, &given)
}

async fn judge(bench: &Bench, queries: &[Value]) -> Result<Verdict, Problem> {
    let test = QueryTest::default();
    let planned = config(bench, queries);
    assert_eq!(test.validate(&planned), []);
    let request = ApplyRequest { planned: &planned, prior: None, key: "key" };
    test.apply(&bench.context(), request).await.map(|applied| applied.verdict.expect("a verdict"))
}

#[tokio::test]
async fn queries_judge() {
    let bench = Bench::new(50);
    let row = |name: &str, value: Value| Value::map([("name", Value::from(name)), ("value", value)]);
    let two = "SELECT * FROM (VALUES ('a', 1), ('b', NULL)) AS t (name, value)";
    let good = [
        query(
            "SELECT count(*) FROM orders",
            &[("equals", "50".into()), ("above", 49.into()), ("below", 51.into())],
        ),
        query("SELECT count(*) FROM orders -- all", &[("at_least", 50.into()), ("at_most", 50.into())]),
        query("SELECT 1.50::numeric", &[("equals", "1.5".into())]),
        query("SELECT 100000000000000000001", &[("equals", "100000000000000000001".into())]),
        query("SELECT 9223372036854775807", &[("equals", "9223372036854775807".into())]),
        query(
            "SELECT 12345678901234567890123.000000000000000000001",
            &[("equals", "12345678901234567890123.000000000000000000001".into())],
        ),
        query(
            "SELECT '[{\"id\": 36893488147419103233}]'::jsonb",
            &[("equals", "[{id=36893488147419103233}]".into())],
        ),
        query("SELECT count(*) > 0 FROM customers;", &[("equals", "true".into())]),
        query("SELECT * FROM orders WHERE price < 0", &[("row_count", 0.into())]),
        query(two, &[("rows", Value::list([row("a", 1.into()), row("b", Value::NULL)]))]),
    ];
    let verdict = judge(&bench, &good).await.expect("asked");
    assert_eq!((verdict.outcome, &*verdict.summary), (Outcome::Passed, "10 queries as expected."));
    for (bad, why) in [
        (query("SELECT count(*) FROM orders", &[("equals", "51".into())]), "it gives 50, not 51"),
        (query("SELECT 5", &[("above", 5.into())]), "it gives 5, which is not above 5"),
        (
            query("SELECT 100000000000000000001", &[("equals", "100000000000000000000".into())]),
            "it gives 100000000000000000001, not 100000000000000000000",
        ),
        // As floats these would be the same.
        (query("SELECT 36893488147419103233", &[("equals", "36893488147419103232".into())]), "not 3689"),
        (query("SELECT 0.10000000000000000001", &[("at_most", "0.1".into())]), "is not at most"),
        // Nothing is never as expected.
        (query("SELECT 1 WHERE false", &[("at_most", 5.into())]), "no row"),
        (query("SELECT NULL::int", &[("below", 5.into())]), "null"),
        (query("SELECT NULL::text", &[("equals", "null".into())]), "not null"),
        (query("SELECT 1, 2", &[("equals", "1".into())]), "not 1"),
        (query("SELECT id FROM orders", &[("row_count", 49.into())]), "it has 50 rows, not 49"),
        (query(two, &[("rows", Value::list([row("a", 1.into())]))]), "{name=b, value=null}"),
    ] {
        let verdict = judge(&bench, &[bad]).await.expect("asked");
        assert!(verdict.outcome == Outcome::Failed && verdict.details[0].contains(why), "{why}: {verdict:?}");
    }
}

#[tokio::test]
async fn no_query_changes_anything() {
    let bench = Bench::new(50);
    let count = || bench.server.sql("shop", "SELECT count(*) FROM orders");
    for sql in [
        "DELETE FROM orders RETURNING id",
        "SELECT 1) q; COMMIT; DELETE FROM orders; SELECT (1",
        "SELECT 1) q) q; DELETE FROM orders; SELECT to_jsonb(q) FROM (SELECT * FROM (SELECT 1",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone",
        "SELECT nextval('invoice')",
        "SELECT set_config('transaction_read_only', 'off', true), nextval('invoice')",
        "'; DELETE FROM orders; --",
        "\\! touch x",
    ] {
        judge(&bench, &[query(sql, &[("row_count", 1.into())])]).await.expect_err(sql);
        assert_eq!(count(), "50", "{sql}");
    }
    assert_eq!(bench.server.backends(), 0);
}

#[tokio::test]
async fn a_query_takes_no_longer_than_agreed() {
    let bench = Bench::new(1);
    let planned = config(&bench, &[query("SELECT pg_sleep(20)", &[("row_count", 1.into())])]);
    let planned = planned.with("statement_timeout_ms", 50.into());
    let request = ApplyRequest { planned: &planned, prior: None, key: "key" };
    let problem = QueryTest::default().apply(&bench.context(), request).await.expect_err("it sleeps");
    assert!(problem.message.contains("statement timeout"), "{problem}");
}

#[tokio::test]
async fn a_plan_looks_how_it_would_end() {
    let bench = Bench::new(3);
    let test = QueryTest::default();
    let preview = async |config: &Value| {
        let request = PlanRequest { config, prior: None };
        test.plan(&bench.context(), request).await.expect("planned").preview
    };
    let orders =
        |count: i64| config(&bench, &[query("SELECT * FROM orders", &[("row_count", count.into())])]);
    assert_eq!(preview(&orders(3)).await.map(|verdict| verdict.outcome), Some(Outcome::Passed));
    let failed = preview(&orders(4)).await.expect("a verdict");
    assert_eq!((failed.outcome, &*failed.summary), (Outcome::Failed, "1 of 1 query not as expected."));
    let nobody = orders(3).with("url", Value::from("postgres://127.0.0.1:1/shop"));
    assert_eq!(preview(&nobody).await.map(|verdict| verdict.outcome), Some(Outcome::Error));
    assert_eq!(
        preview(&orders(3).with("url", Value::UNKNOWN)).await,
        None,
        "it is not known yet whom to ask"
    );
}

#[tokio::test]
async fn rows_are_read() {
    let bench = Bench::new(20);
    let source = Query::default();
    let read = async |sql: &str, most: i64| {
        let given =
            [("url", Value::from(bench.server.url("shop"))), ("sql", sql.into()), ("max_rows", most.into())];
        let config = fitted(&source.schema().attributes, &given);
        assert_eq!(source.validate(&config), []);
        source.read(&bench.context(), &config).await
    };
    let answer =
        read("SELECT id, item IS NULL AS gone, price FROM orders ORDER BY id", 5).await.expect("read");
    let rows = answer.get("rows").as_list().expect("rows");
    assert_eq!((rows.len(), answer.get("truncated").as_bool()), (5, Some(true)));
    assert_eq!((rows[0].get("id").as_i64(), rows[0].get("gone").as_bool()), (Some(1), Some(false)));
    assert_eq!(
        rows[1].get("price"),
        &Value::from(relplan_contract::Number::parse("0.67").expect("a number"))
    );
    let big = "SELECT 100000000000000000001 AS id, 19.990000000000000001 AS amount, '[18446744073709551616]'::jsonb AS list";
    let answer = read(big, 5).await.expect("read");
    let row = &answer.get("rows").as_list().expect("rows")[0];
    let number = |text: &str| Value::from(relplan_contract::Number::parse(text).expect("a number"));
    assert_eq!(row.get("id"), &number("100000000000000000001"));
    assert_eq!(row.get("amount"), &number("19.990000000000000001"));
    assert_eq!(row.get("list"), &Value::list([number("18446744073709551616")]));
    for (long, told) in [
        ("SELECT repeat('9', 2000)::numeric", "more than 1024 digits"),
        ("SELECT (repeat('[', 200) || repeat(']', 200))::jsonb", "more than 101 levels"),
    ] {
        let problem = read(long, 5).await.expect_err("it does not fit");
        assert!(problem.message.contains(told), "{problem}");
    }
    let answer = read("SELECT 1 WHERE false", 5).await.expect("read");
    assert_eq!(
        (answer.get("rows").as_list().map(<[Value]>::len), answer.get("truncated").as_bool()),
        (Some(0), Some(false))
    );
    let problem = read("SELECT repeat('x', 2000000)", 5).await.expect_err("too much");
    assert!(problem.message.contains("more than 1048576 bytes"), "{problem}");
    let problem = read("SELECT nothing", 5).await.expect_err("no such column");
    assert!(problem.message.contains("column \"nothing\" does not exist"), "{problem}");
}

struct Judging(Bench, QueryTest);

impl Fixture for Judging {
    fn resource(&self) -> &dyn Resource {
        &self.1
    }

    fn context(&self) -> Context {
        self.0.context()
    }

    fn config(&self) -> Value {
        config(&self.0, &[query("SELECT 1", &[("equals", "1".into())])])
    }

    fn changed(&self) -> Option<Value> {
        Some(config(&self.0, &[query("SELECT 2", &[("equals", "1".into())])]))
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("query", self.config().with("query", Value::list([]))),
            ("query", config(&self.0, &[query("SELECT 1", &[])])),
            ("statement_timeout_ms", self.config().with("statement_timeout_ms", 0.into())),
        ]
    }

    fn slow(&self) -> Option<Value> {
        let sleep = query("SELECT pg_sleep(100)", &[("row_count", 1.into())]);
        Some(config(&self.0, &[sleep]).with("statement_timeout_ms", 600_000.into()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    assert_eq!(conformance::check(|| Judging(Bench::new(1), QueryTest::default())).await, []);
}
