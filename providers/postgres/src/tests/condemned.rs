//! Good snapshots that a comparison by text, by position, or with a bare server would condemn; and bad ones that it must.

use relplan_contract::{Problem, Value};

use super::Bench;

/// What is written otherwise after one round, each in a schema of its own; the last ones need roles.
const GOOD: [(&str, &str); 14] = [
    (
        "checks",
        "CREATE TABLE o (id int, s varchar(20) CHECK (s IN ('new', 'paid')), t varchar CHECK (t NOT IN ('a')), c char(3)[] CHECK (c <@ ARRAY['a', 'b']::char(3)[]))",
    ),
    (
        "and_or",
        "CREATE TABLE o (a int, b int, CHECK (((a > 0 AND b > 0) AND a < 9) AND (a BETWEEN 1 AND 5 OR NOT (b = 1 OR b = 2))))",
    ),
    (
        "indexes",
        "CREATE TABLE o (id int, s varchar(20), t varchar(9)); CREATE INDEX i ON o (id) WHERE s IN ('new', 'paid') AND id BETWEEN 1 AND 9; CREATE UNIQUE INDEX j ON o ((CASE WHEN s IN ('a', 'b') THEN 1 ELSE 2 END), lower(t)); CREATE STATISTICS st ON (s IN ('a', 'b')), id FROM o",
    ),
    (
        "views",
        "CREATE TABLE o (id int, s varchar(20)); CREATE VIEW v AS SELECT * FROM o WHERE s IN ('new', 'paid') AND id BETWEEN 1 AND 9; CREATE MATERIALIZED VIEW m AS SELECT s IN ('x', 'y') AS q FROM v; CREATE RULE r AS ON UPDATE TO v WHERE OLD.s IN ('a', 'b') DO INSTEAD NOTHING",
    ),
    (
        "domains",
        "CREATE DOMAIN d AS varchar(20) DEFAULT 'a' CHECK (VALUE IN ('a', 'b')); CREATE TABLE o (d d, e varchar(9) DEFAULT 'x', g bool GENERATED ALWAYS AS (d IN ('a', 'b')) STORED); INSERT INTO o VALUES ('a')",
    ),
    (
        "triggers",
        "CREATE TABLE o (s varchar(9)); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE UPDATE ON o FOR EACH ROW WHEN (OLD.s IN ('a', 'b')) EXECUTE FUNCTION f(); CREATE FUNCTION g(x varchar) RETURNS bool LANGUAGE sql RETURN x IN ('a', 'b')",
    ),
    (
        "heirs",
        "CREATE TABLE base (id int); CREATE TABLE child (note text) INHERITS (base); ALTER TABLE base ADD made date; INSERT INTO child VALUES (1, 'x', '2026-01-01'); CREATE TABLE p (a int, b text) PARTITION BY LIST (a); CREATE TABLE q (b text, x int, a int); ALTER TABLE q DROP x; ALTER TABLE p ATTACH PARTITION q DEFAULT; INSERT INTO p VALUES (1, 'x')",
    ),
    (
        "money",
        "CREATE TABLE o (m money, f float8, t timestamptz, i interval, b bytea); INSERT INTO o VALUES ('1.50', 0.1, now(), '1 mon', '\\x00')",
    ),
    ("its name", "CREATE TABLE o (n int CHECK (current_database() = 'its name')); INSERT INTO o VALUES (1)"),
    (
        "policies",
        "CREATE TABLE o (id int, who text, s varchar(9)); ALTER TABLE o ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON o TO \"app user\", big USING (who = current_user AND s IN ('a', 'b')); ALTER TABLE o FORCE ROW LEVEL SECURITY; INSERT INTO o VALUES (1, 'x', 'a')",
    ),
    (
        "mappings",
        "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h'); CREATE USER MAPPING FOR \"app user\" SERVER s OPTIONS (user 'u'); CREATE FOREIGN TABLE f (n int) SERVER s",
    ),
    (
        "regroles",
        "CREATE TABLE o (r regrole, n regnamespace, c regclass, p regprocedure); INSERT INTO o VALUES ('\"app user\"', 'public', 'o', 'now()')",
    ),
    (
        "owners",
        "CREATE TABLE o (id int); ALTER TABLE o OWNER TO \"app user\"; GRANT SELECT ON o TO big WITH GRANT OPTION; GRANT USAGE ON SCHEMA owners TO big; SET ROLE big; GRANT SELECT ON o TO PUBLIC; RESET ROLE; CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER ev ON ddl_command_start EXECUTE FUNCTION e(); ALTER EVENT TRIGGER ev OWNER TO big; ALTER DEFAULT PRIVILEGES FOR ROLE \"app user\" GRANT SELECT ON TABLES TO big",
    ),
    (
        "subscriptions",
        "CREATE TABLE o (id int PRIMARY KEY); CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false, slot_name = 'x'); ALTER SUBSCRIPTION s OWNER TO big; CREATE PUBLICATION p FOR TABLE o WHERE (id BETWEEN 1 AND 9); CREATE PUBLICATION every FOR ALL TABLES; ALTER PUBLICATION every OWNER TO big",
    ),
];

fn with_roles() -> Bench {
    let bench = Bench::new(10);
    bench.server.sql("postgres", "CREATE ROLE \"app user\"; CREATE ROLE big SUPERUSER");
    bench
}

async fn take(bench: &Bench, database: &str, more: &[(&str, Value)]) -> Result<Value, Problem> {
    let url = bench.server.url(&database.replace(' ', "%20"));
    let mut given = vec![("url", Value::from(url)), ("verify", "restore".into())];
    given.extend(more.iter().cloned());
    bench.take(&bench.config(&given), &format!("key{database}{}", more.len())).await
}

#[tokio::test]
async fn good_ones_are_proven() {
    let bench = with_roles();
    bench.server.sql("postgres", "CREATE DATABASE \"its name\"");
    for setting in
        ["DateStyle = 'German'", "bytea_output = escape", "IntervalStyle = iso_8601", "lc_monetary = 'C'"]
    {
        bench.server.sql("postgres", &format!("ALTER DATABASE \"its name\" SET {setting}"));
    }
    for (schema, sql) in GOOD {
        let place = format!("CREATE SCHEMA \"{schema}\"; SET search_path = \"{schema}\"");
        bench.server.sql("its name", &format!("{place}; {sql}"));
    }
    for jobs in [1, 2] {
        let config = bench.config(&[
            ("url", bench.server.url("its%20name").into()),
            ("verify", "restore".into()),
            ("jobs", jobs.into()),
        ]);
        let object = bench.take(&config, &format!("key{jobs}")).await;
        object.unwrap_or_else(|problem| panic!("{problem}"));
    }
}

#[tokio::test]
async fn on_a_lent_server_is_said_what_it_lacks() {
    let bench = with_roles();
    let lent = postgres_server::Server::start();
    bench.server.sql("shop", "GRANT SELECT ON orders TO \"app user\"; ALTER TABLE orders ADD CHECK (item NOT IN ('a', 'b') AND price BETWEEN 0 AND 999999)");
    let scratch =
        || ("scratch", Value::map([("url", lent.url("postgres").into()), ("directory", Value::NULL)]));
    let object = take(&bench, "shop", &[scratch()]).await.expect("proven");
    let verification = bench.verify(&object, "restore").await.expect("proven again");
    assert!(
        verification
            .notes
            .iter()
            .any(|note| note.starts_with("Owners, rights, publications and subscriptions were not compared")),
        "{:?}",
        verification.notes
    );
    bench.server.sql("shop", "CREATE POLICY own ON orders TO \"app user\" USING (true)");
    let problem = take(&bench, "shop", &[scratch(), ("jobs", 2.into())]).await.expect_err("no such role");
    assert!(
        problem.hint.contains("lacks a role of the source's") && !problem.to_string().contains("trusted"),
        "{problem:?}"
    );
    assert_eq!(lent.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'relplan%'"), "0");
}

#[tokio::test]
async fn a_role_that_may_little_takes_what_is_its_own() {
    let bench = with_roles();
    bench.server.sql("postgres", "CREATE ROLE plain LOGIN CREATEDB PASSWORD 'plain'");
    bench.server.sql("postgres", "CREATE DATABASE theirs OWNER plain");
    let url = format!("postgres://plain:plain@127.0.0.1:{}/theirs", bench.server.port());
    bench.server.sql("theirs", "SET ROLE plain; CREATE TABLE t (id serial, s varchar(9) CHECK (s IN ('a', 'b'))); INSERT INTO t (s) VALUES ('a'); SELECT lo_from_bytea(7, 'x')");
    let config = bench.config(&[("url", Value::from(url.as_str())), ("verify", "restore".into())]);
    let object = bench.take(&config, "plain").await.unwrap_or_else(|problem| panic!("{problem}"));
    let verification = bench.verify(&object, "restore").await.expect("proven again");
    assert!(
        verification.notes.iter().any(|note| note.starts_with("Large objects were not compared")),
        "{:?}",
        verification.notes
    );
    let request = relplan_contract::RestoreRequest {
        object: &object,
        into: &url,
        folder: bench.folder.path(),
        over: true,
    };
    bench.resource.restore(&bench.context(), request).await.unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(bench.server.sql("theirs", "SELECT convert_from(lo_get(7), 'UTF8'), pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'theirs'"), "x|plain");
}

#[tokio::test]
async fn what_is_lost_is_found() {
    let bench = with_roles();
    bench.server.sql("shop", "CREATE TABLE strict (id int); CREATE FUNCTION few() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.orders'; CREATE TABLE judged (n int CHECK (n <> few())); INSERT INTO judged VALUES (0)");
    // A constraint that looks at another table is not true while that one is empty: no restore gets past it.
    let problem = take(&bench, "shop", &[]).await.expect_err("it cannot be restored");
    assert!(
        problem.message.contains("The snapshot cannot be restored") && problem.message.contains("judged"),
        "{problem}"
    );
    bench.server.sql("shop", "DROP TABLE judged");
    // Names that a restore does not find, since it has no search path: in a function, and in a query that is a text.
    for (make, drop) in [
        (
            "CREATE FUNCTION known(int) RETURNS bool LANGUAGE sql AS 'SELECT $1 < (SELECT count(*) + 5 FROM customers)'; CREATE TABLE zz (n int CHECK (known(n))); INSERT INTO zz VALUES (1)",
            "DROP TABLE zz",
        ),
        (
            "CREATE TABLE docs (t tsvector); CREATE MATERIALIZED VIEW words AS SELECT word FROM ts_stat('SELECT t FROM docs')",
            "DROP MATERIALIZED VIEW words",
        ),
    ] {
        bench.server.sql("shop", make);
        let problem = take(&bench, "shop", &[]).await.expect_err("it cannot be restored");
        assert!(
            problem.message.contains("cannot be restored") && problem.hint.contains("SET search_path"),
            "{problem}"
        );
        bench.server.sql("shop", drop);
    }
    // An assert, which is the author's word.
    let assert = Value::map([("query", "SELECT count(*) FROM orders".into()), ("equals", "11".into())]);
    let problem = take(&bench, "shop", &[("assert", Value::list([assert]))]).await.expect_err("there are 10");
    assert!(problem.message.contains("gives 10, not 11"), "{problem}");
}
