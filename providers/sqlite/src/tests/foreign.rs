//! Databases that need what only their application has, and tables with names like SQLite's own.

use std::cmp::Ordering;

use relplan_contract::Value;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::Bench;

/// A database that an application made, which knows an order, a function and more.
fn application(bench: &Bench, name: &str, sql: &str) {
    let connection = Connection::open(bench.path(name)).expect("a database");
    let order = |one: &str, other: &str| -> Ordering { other.to_lowercase().cmp(&one.to_lowercase()) };
    connection.create_collation("localized", order).expect("an order");
    connection
        .create_scalar_function("slug", 1, FunctionFlags::SQLITE_DETERMINISTIC, |context| {
            context.get::<Option<String>>(0).map(|text| text.map(|text| text.to_lowercase()))
        })
        .expect("a function");
    connection.execute_batch(sql).expect("made");
}

/// A name, how it is made, and the rows of its tables.
type Kind = (&'static str, &'static str, &'static [(&'static str, i64)]);

/// Every kind of what SQLite alone cannot look at, and how many rows are counted.
const KINDS: [Kind; 9] = [
    ("order", "CREATE TABLE t (a TEXT UNIQUE COLLATE localized); INSERT INTO t VALUES ('x'), ('Y')", &[("t", 2)]),
    ("index", "CREATE TABLE t (a TEXT); CREATE INDEX i ON t (slug(a)); INSERT INTO t VALUES ('X')", &[("t", 1)]),
    ("partial", "CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a) WHERE slug(a) > 'a'; INSERT INTO t VALUES ('X')", &[("t", 1)]),
    ("check", "CREATE TABLE t (a TEXT CHECK (slug(a) <> 'no')); INSERT INTO t VALUES ('X')", &[("t", 1)]),
    ("generated", "CREATE TABLE t (a TEXT, b TEXT NOT NULL AS (slug(a)) VIRTUAL, c TEXT AS (slug(a)) STORED); INSERT INTO t VALUES ('X')", &[("t", 1)]),
    ("key", "CREATE TABLE t (a TEXT COLLATE localized PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES ('a'), ('b'), ('C')", &[("t", 3)]),
    ("view", "CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT slug(a) FROM t; CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT slug(new.a); END; INSERT INTO t VALUES ('X')", &[("t", 1)]),
    ("module", "CREATE TABLE x (a); INSERT INTO x VALUES (1); PRAGMA writable_schema = ON;
       INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', 'vec', 'vec', 0, 'CREATE VIRTUAL TABLE vec USING vec0(embedding float[3])')", &[("x", 1)]),
    ("names", "CREATE TABLE sqlite3_users (a); INSERT INTO sqlite3_users VALUES (1); CREATE TABLE sqlitex (a); CREATE TABLE \"a.b\" (a);
       CREATE TABLE a (b); CREATE TABLE \"q\"\"t\" (a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO \"q\"\"t\" VALUES (7)",
       &[("a", 0), ("a.b", 0), ("q\"t", 1), ("sqlite3_users", 1), ("sqlitex", 0)]),
];

#[tokio::test]
async fn what_only_the_application_knows_is_no_damage() {
    let bench = Bench::default();
    for (name, sql, counted) in KINDS {
        let file = format!("{name}.sqlite");
        application(&bench, &file, sql);
        let config = bench.config(&[("database", file.as_str().into()), ("verify", "restore".into())]);
        let object = bench
            .take(&config, &format!("{name}0123"))
            .await
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let rows = object.get("rows").as_map().expect("tables").clone();
        let rows: Vec<(&str, i64)> =
            rows.iter().map(|(name, rows)| (&**name, rows.as_i64().expect("rows"))).collect();
        assert_eq!(rows, counted, "{name}");
        let notes = bench.verify(&object, "restore").await.expect(name).notes.join(" ");
        let wants = ["order", "index", "partial", "generated", "key"].contains(&name);
        assert_eq!(!notes.contains("integrity_check: ok"), wants, "{name}: {notes}");
        let restored = bench.restore(&object, &format!("{name}.back"), false).await.expect(name);
        assert!(!restored.notes.is_empty());
    }
}

#[tokio::test]
async fn damage_is_found_in_them_all_the_same() {
    let bench = Bench::default();
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT 'text ' || i FROM n";
    for (name, sql) in [
        ("order", "CREATE TABLE t (a TEXT UNIQUE COLLATE localized)"),
        ("index", "CREATE TABLE t (a TEXT); CREATE INDEX i ON t (slug(a))"),
        ("key", "CREATE TABLE t (a TEXT COLLATE localized PRIMARY KEY) WITHOUT ROWID"),
    ] {
        let file = format!("{name}.sqlite");
        application(&bench, &file, &format!("{sql}; {fill}"));
        let whole = std::fs::read(bench.path(&file)).expect("a database");
        let pages = whole.len() / 4_096;
        for page in [3, pages / 2, pages - 1] {
            let mut damaged = whole.clone();
            damaged[page * 4_096..page * 4_096 + 100].fill(0xff);
            std::fs::write(bench.path(&file), damaged).expect("written");
            let config = bench.config(&[("database", Value::from(file.as_str()))]);
            let problem = bench.take(&config, &format!("{name}{page}")).await.expect_err(name);
            assert!(problem.message.contains("damaged"), "{name} {page}: {problem}");
        }
    }
}
