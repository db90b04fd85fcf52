//! What a database holds beside plain rows: proven for what it is, said where it is not in it.

use relplan_contract::{ProblemKind, Value};

use super::Bench;

impl Bench {
    /// A database made of statements, and the arguments for its snapshot with these beside.
    fn made(&self, database: &str, sql: &str, more: &[(&str, Value)]) -> Value {
        self.server.sql("", &format!("CREATE DATABASE `{database}` CHARACTER SET utf8mb4"));
        self.server.sql(database, sql);
        let mut given = vec![("url", self.server.url(database).into()), ("verify", "restore".into())];
        given.extend(more.iter().cloned());
        self.config(&given)
    }
}

#[tokio::test]
async fn the_history_of_rows_comes_along_or_is_said_not_to() {
    let bench = Bench::new(1);
    let named = "begun TIMESTAMP(6) GENERATED ALWAYS AS ROW START, ended TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (begun, ended)";
    for (database, table) in [
        ("plain", "id INT PRIMARY KEY, price INT) WITH SYSTEM VERSIONING".to_owned()),
        ("named", format!("id INT PRIMARY KEY, price INT, {named}) WITH SYSTEM VERSIONING")),
        (
            "parts",
            "id INT, price INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME LIMIT 2 PARTITIONS 3"
                .to_owned(),
        ),
        (
            "without",
            "id INT, price INT, note TEXT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING".to_owned(),
        ),
    ] {
        let sql = format!(
            "CREATE TABLE prices ({table};; INSERT INTO prices (id, price) VALUES (1, 10), (2, 5);; UPDATE prices SET price = price + 1;; DELETE FROM prices WHERE id = 1"
        );
        let config = bench.made(database, &sql, &[]);
        let object =
            bench.take(&config, database).await.unwrap_or_else(|problem| panic!("{database}: {problem}"));
        assert_eq!(object.get("rows").get("prices").as_i64(), Some(4), "{database}");
        assert_eq!(object.get("source").get("history").as_str(), Some("in it"));
        let copy = format!("{database}_back");
        bench.restore(&object, &copy, false).await.unwrap_or_else(|problem| panic!("{database}: {problem}"));
        let columns =
            if database == "named" { "id, price, begun, ended" } else { "id, price, row_start, row_end" };
        let all = format!("SELECT {columns} FROM prices FOR SYSTEM_TIME ALL ORDER BY 1, 2, 4");
        assert_eq!(bench.server.sql(&copy, &all), bench.server.sql(database, &all));
        bench.server.sql(database, "INSERT INTO prices (id, price) VALUES (3, 3)");
        bench
            .restore(&object, database, true)
            .await
            .unwrap_or_else(|problem| panic!("{database}: {problem}"));
        assert_eq!(bench.server.sql(database, &all), bench.server.sql(&copy, &all));
    }
    // Numbers of transactions are of that server alone.
    let precise = "CREATE TABLE p (id INT, s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START, e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;; \
        INSERT INTO p (id) VALUES (1);; UPDATE p SET id = 2;; CREATE TABLE q (id INT) WITH SYSTEM VERSIONING;; INSERT INTO q VALUES (1)";
    let object = bench.take(&bench.made("precise", precise, &[]), "precise").await.expect("a snapshot");
    let told = "The history of p, q is not in it: mariadb-dump cannot write that of p";
    assert!(
        object.get("source").get("history").as_str().is_some_and(|text| text.starts_with(told)),
        "{object:?}"
    );
    for how in ["read", "restore"] {
        let notes = bench.verify(&object, how).await.expect(how).notes.join("\n");
        assert!(notes.contains(told), "{notes}");
    }
    let notes = bench.restore(&object, "precise_back", false).await.expect("restored").notes.join("\n");
    assert!(notes.contains(told) && bench.server.sql("precise_back", "SELECT id FROM p") == "2", "{notes}");
}

/// Databases whose schemas are written otherwise on another server, or under another name, and mean the same.
const SAME: [(&str, &str); 4] = [
    // Definers: another one, one who has gone, a role; and the name of the database for a table and a column.
    (
        "gone",
        "CREATE TABLE o (id INT PRIMARY KEY, s VARCHAR(9));; CREATE DEFINER = 'app'@'%' VIEW of_app AS SELECT id FROM o WHERE s = 'a';; \
         CREATE TABLE gone (gone INT);; CREATE DEFINER = 'no'@'where' VIEW v AS SELECT gone FROM gone;; \
         CREATE DEFINER = 'no'@'where' SQL SECURITY INVOKER VIEW w AS SELECT g.gone FROM gone g;; CREATE DEFINER = keepers VIEW of_role AS SELECT gone FROM gone;; \
         CREATE DEFINER = keepers TRIGGER r BEFORE INSERT ON gone FOR EACH ROW SET NEW.gone = 1;; CREATE VIEW on_view AS SELECT * FROM of_app",
    ),
    // Names and texts like the database's.
    (
        "users",
        "CREATE TABLE users (id INT PRIMARY KEY, users INT, KEY users (users)) COMMENT 'of `users`';; INSERT INTO users VALUES (1, 2);; \
         CREATE PROCEDURE p() SELECT * FROM `users`.`users`;; CREATE VIEW v AS SELECT users.users, 'users.`users`' AS `users.` FROM users",
    ),
    // What the server names with the database, and what an author did.
    (
        "seq",
        "CREATE SEQUENCE sq;; CREATE TABLE t (i INT DEFAULT NEXTVAL(sq), b INT DEFAULT (NEXTVAL(seq.sq)));; INSERT INTO t () VALUES (), ();; \
         CREATE TRIGGER seq.one AFTER INSERT ON seq.t FOR EACH ROW SET @x = 1;; \
         CREATE TRIGGER `seq` . two\n-- of seq.t\nAFTER DELETE ON `seq`.`t` FOR EACH ROW DELETE FROM seq.t WHERE 0;; \
         CREATE FUNCTION seq(x INT) RETURNS INT DETERMINISTIC RETURN x;; CREATE VIEW v AS SELECT seq(i) AS seq, 'seq.seq(' AS t FROM t;; \
         CREATE PROCEDURE p(a VARCHAR(9)) SELECT a;; ALTER DATABASE seq CHARACTER SET latin2;; CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SET @a = 1",
    ),
    (
        "odd db-ü",
        "CREATE TABLE `odd db-ü` (`odd db-ü` INT);; CREATE SEQUENCE s;; CREATE TABLE t (i INT DEFAULT NEXTVAL(s))",
    ),
];

#[tokio::test]
async fn what_means_the_same_is_proven_whatever_it_is_called() {
    let bench = Bench::new(1);
    bench.server.sql("", "CREATE USER app@'%';; GRANT ALL ON *.* TO app@'%';; CREATE ROLE keepers");
    let lent = Value::map([("url", Value::from(bench.server.url(""))), ("directory", Value::NULL)]);
    for (database, sql) in SAME {
        let config = bench.made(database, sql, &[]);
        let object = bench
            .take(&config, &database.replace(' ', "-").replace('ü', "u"))
            .await
            .unwrap_or_else(|problem| panic!("{database}: {problem}"));
        // On a server that stays, the copy has another name.
        let object = object.with("scratch", lent.clone());
        bench.verify(&object, "restore").await.unwrap_or_else(|problem| panic!("{database} lent: {problem}"));
        let before = bench.server.sql("", &format!("SHOW CREATE DATABASE `{database}`"));
        let copy = format!("{database}_back");
        bench.restore(&object, &copy, false).await.unwrap_or_else(|problem| panic!("{database}: {problem}"));
        assert_eq!(
            bench.server.sql("", &format!("SHOW CREATE DATABASE `{database}`")),
            before,
            "the source was changed"
        );
        for text in [
            "information_schema.columns WHERE column_default LIKE '%`seq`.%' AND table_schema",
            "information_schema.views WHERE view_definition LIKE '%`seq`.`seq`%' AND table_schema",
        ] {
            assert_eq!(
                bench.server.sql("", &format!("SELECT COUNT(*) FROM {text} = '{copy}'")),
                "0",
                "{copy} means {database}"
            );
        }
    }
    assert_eq!(
        bench.server.sql(
            "seq_back",
            "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'seq_back'"
        ),
        "2"
    );
    assert_eq!(bench.server.connections(), 0);
}

#[tokio::test]
async fn what_could_not_be_restored_is_no_snapshot() {
    let bench = Bench::new(1);
    let problem = |config| async {
        let config: Value = config;
        bench.take(&config, "key").await.expect_err("it cannot be restored")
    };
    let tables = "CREATE TABLE a (i INT);; CREATE TABLE b (i INT);; CREATE VIEW v AS SELECT a.i FROM a JOIN b;; CREATE VIEW on_v AS SELECT i FROM v;; \
        CREATE SEQUENCE s;; CREATE TABLE drawn (i INT DEFAULT NEXTVAL(s))";
    let excluded =
        |names: &[&str]| ("exclude_tables", Value::set(names.iter().map(|name| Value::from(*name))));
    let config = bench.made("parts", tables, &[excluded(&["b"])]);
    let told = problem(config.clone()).await;
    assert!(told.kind == ProblemKind::Invalid && told.message.contains("The view v needs b"), "{told}");
    let with = |name: &str, names: &[&str]| {
        config.clone().with(name, Value::set(names.iter().map(|name| Value::from(*name))))
    };
    for (names, what) in [(&["b", "v"][..], "The view on_v needs v"), (&["s"], "The table drawn needs s")] {
        let told = problem(with("exclude_tables", names)).await;
        assert!(told.message.contains(what), "{told}");
    }
    bench.take(&with("exclude_tables", &["b", "*v"]), "fine").await.expect("nothing needs them");
    let event = "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO BEGIN SET @a = ';;'; END";
    let told = problem(bench.made("endless", event, &[])).await;
    assert!(told.message.contains("The event e has `;;`"), "{told}");
    let view = "CREATE VIEW v AS SELECT COUNT(*) AS c FROM parts.a";
    let told = problem(bench.made("across", view, &[])).await;
    assert!(told.hint.contains("another database"), "{told}");
    let lent = Value::map([("url", Value::from(bench.server.url(""))), ("directory", Value::NULL)]);
    let config = bench.config(&[
        ("url", bench.server.url("across").into()),
        ("verify", "restore".into()),
        ("scratch", lent),
    ]);
    bench.take(&config, "across").await.expect("the other database is there");
    let broken = "CREATE TABLE t (i INT);; CREATE VIEW v AS SELECT i FROM t;; DROP TABLE t";
    let told = problem(bench.made("broken", broken, &[])).await;
    assert!(told.message.contains("'broken.v'") || told.message.contains("`v`"), "{told}");
}
