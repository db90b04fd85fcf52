//! A database with sixty kinds of what a schema may hold, taken while somebody writes, and brought back under another name. What came
//! back is compared here, from the server's catalogue and all rows, by nothing that relplan itself compares with.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Bench;

/// Features that snapshots of one moment carry, and those that need a lock on all tables.
const ZOO: &str = include_str!("zoo/zoo.sql");
const UNSAFE: &str = include_str!("zoo/locked.sql");

/// Statements as the client splits them: a body with `BEGIN` on a line of its own ends with `END;`.
fn statements(text: &str) -> String {
    let mut all = "DELIMITER ~~\n".to_owned();
    let mut statement = String::new();
    let is_title =
        |line: &str| line.len() > 6 && line.starts_with("-- ") && line.as_bytes()[3].is_ascii_digit();
    for line in text.lines().filter(|line| !is_title(line)) {
        statement.push_str(line);
        let in_body = statement.lines().any(|line| line == "BEGIN") && line != "END;";
        if line.ends_with(';') && !in_body {
            statement.pop();
            statement.push_str("\n~~");
            all.push_str(&std::mem::take(&mut statement));
        }
        if !statement.is_empty() || all.ends_with("~~") {
            let open = if statement.is_empty() { &mut all } else { &mut statement };
            open.push('\n');
        }
    }
    all
}

fn run(bench: &Bench, database: &str, text: &str) {
    let mut client = Command::new("mariadb")
        .args(["--no-defaults", "--user=root", "--default-character-set=utf8mb4", "--comments", "--batch"])
        .arg(format!("--socket={}", bench.server.socket().display()))
        .arg(format!("--database={database}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a client");
    client.stdin.take().expect("a pipe").write_all(statements(text).as_bytes()).expect("written");
    let ended = client.wait_with_output().expect("ended");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// What the catalogue says, one query for each kind; `DB` is the database. Counts of rows, times and sizes are left out.
const CATALOGUE: [(&str, &str); 15] = [
    (
        "database",
        "SELECT default_character_set_name, default_collation_name, schema_comment FROM information_schema.schemata WHERE schema_name = 'DB'",
    ),
    (
        "table",
        "SELECT table_name, table_type, engine, row_format, table_collation, create_options, table_comment FROM information_schema.tables WHERE table_schema = 'DB'",
    ),
    (
        "column",
        "SELECT table_name, column_name, ordinal_position, column_default, is_nullable, column_type, character_set_name, collation_name, column_key, extra, column_comment, is_generated, generation_expression FROM information_schema.columns WHERE table_schema = 'DB'",
    ),
    (
        "index",
        "SELECT table_name, index_name, non_unique, seq_in_index, column_name, collation, sub_part, index_type, index_comment, ignored FROM information_schema.statistics WHERE table_schema = 'DB'",
    ),
    (
        "constraint",
        "SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_schema = 'DB'",
    ),
    (
        "key",
        "SELECT table_name, constraint_name, column_name, ordinal_position, referenced_table_name, referenced_column_name, referenced_table_schema = 'DB' FROM information_schema.key_column_usage WHERE table_schema = 'DB'",
    ),
    (
        "reference",
        "SELECT table_name, constraint_name, unique_constraint_name, update_rule, delete_rule, referenced_table_name FROM information_schema.referential_constraints WHERE constraint_schema = 'DB'",
    ),
    (
        "check",
        "SELECT table_name, constraint_name, level, check_clause FROM information_schema.check_constraints WHERE constraint_schema = 'DB'",
    ),
    (
        "partition",
        "SELECT table_name, partition_name, subpartition_name, partition_ordinal_position, partition_method, subpartition_method, partition_expression, subpartition_expression, partition_description, partition_comment FROM information_schema.partitions WHERE table_schema = 'DB'",
    ),
    (
        "view",
        "SELECT table_name, view_definition, check_option, is_updatable, definer, security_type, character_set_client, collation_connection, algorithm FROM information_schema.views WHERE table_schema = 'DB'",
    ),
    (
        "trigger",
        "SELECT trigger_name, event_manipulation, event_object_table, action_order, action_statement, action_timing, sql_mode, definer, character_set_client, collation_connection, database_collation FROM information_schema.triggers WHERE trigger_schema = 'DB'",
    ),
    (
        "routine",
        "SELECT routine_name, routine_type, dtd_identifier, routine_definition, is_deterministic, sql_data_access, security_type, sql_mode, routine_comment, definer, character_set_client, collation_connection, database_collation FROM information_schema.routines WHERE routine_schema = 'DB'",
    ),
    (
        "parameter",
        "SELECT specific_name, ordinal_position, parameter_mode, parameter_name, dtd_identifier, routine_type, collation_name FROM information_schema.parameters WHERE specific_schema = 'DB'",
    ),
    (
        "event",
        "SELECT event_name, definer, time_zone, event_definition, event_type, execute_at, interval_value, interval_field, sql_mode, starts, ends, status, on_completion, event_comment, character_set_client, collation_connection, database_collation FROM information_schema.events WHERE event_schema = 'DB'",
    ),
    (
        "next number",
        "SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema = 'DB' AND table_name NOT LIKE 'load\\_%'",
    ),
];

/// Sorted lines: what comes in any order is compared in one.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// What the server answers to each of several queries.
fn asked(bench: &Bench, database: &str, queries: &[String]) -> Vec<String> {
    let all: Vec<String> = queries.iter().map(|sql| format!("{sql};; SELECT '=== end'")).collect();
    let text = bench.server.sql(database, &all.join(";; "));
    let mut answers: Vec<String> =
        text.split("=== end").map(|answer| answer.trim_matches('\n').to_owned()).collect();
    answers.truncate(queries.len());
    assert_eq!(answers.len(), queries.len());
    answers
}

/// All of a database that can be told, by what it is.
fn told(bench: &Bench, database: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let queries = CATALOGUE.map(|(_, sql)| sql.replace("DB", database));
    for ((kind, _), text) in CATALOGUE.iter().zip(asked(bench, "", &queries)) {
        // The server writes the database before each name of a view.
        let text = text.replace(&format!("`{database}`."), "`zoo`.");
        for line in sorted(&text) {
            let name = line.split('\t').next().unwrap_or_default();
            let told: &mut String = all.entry(format!("{kind} {name}")).or_default();
            told.push_str(line);
            told.push('\n');
        }
    }
    let tables = format!(
        "SELECT CONCAT('`', REPLACE(t.table_name, '`', '``'), '`'), t.table_type = 'SYSTEM VERSIONED', \
         GROUP_CONCAT('HEX(`', REPLACE(c.column_name, '`', '``'), '`)' ORDER BY c.ordinal_position) \
         FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name) WHERE t.table_schema = '{database}' \
         AND t.table_type <> 'VIEW' AND t.table_name NOT LIKE 'load\\_%' AND t.engine <> 'MRG_MyISAM' GROUP BY BINARY t.table_name"
    );
    let tables =
        asked(bench, "", &["SET SESSION group_concat_max_len = 1000000".to_owned(), tables]).remove(1);
    // The client writes a backslash twice.
    let tables = tables.replace("\\\\", "\\");
    let mut queries = Vec::new();
    for line in tables.lines() {
        let [name, versioned, columns] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let hidden = if versioned == "1" && !columns.contains("begun") { ", row_start, row_end" } else { "" };
        let history = if versioned == "1" { " FOR SYSTEM_TIME ALL" } else { "" };
        queries.push(format!("SELECT {columns}{hidden} FROM {name}{history}"));
    }
    for (query, rows) in queries.iter().zip(asked(bench, database, &queries)) {
        all.insert(format!("rows of {query}"), sorted(&rows).join("\n"));
    }
    all
}

/// What is not the same in the copy, by name.
fn lost(source: &BTreeMap<String, String>, copy: &BTreeMap<String, String>) -> Vec<String> {
    let names = source.keys().chain(copy.keys().filter(|name| !source.contains_key(*name)));
    let differs = names.filter(|name| source.get(*name) != copy.get(*name));
    let short = |text: Option<&String>| text.map(|text| text.chars().take(300).collect::<String>());
    differs
        .map(|name| format!("{name}: {:?} -> {:?}", short(source.get(name)), short(copy.get(name))))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_zoo_is_lost_or_condemned_while_somebody_writes() {
    let titles = |text: &str| {
        text.lines().filter(|line| line.starts_with("-- ") && line.as_bytes()[3].is_ascii_digit()).count()
    };
    assert!(titles(ZOO) + titles(UNSAFE) >= 60);
    let bench = Bench::new(1);
    bench.server.sql(
        "",
        "CREATE DATABASE zoo CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;; CREATE USER app@'%';; CREATE ROLE keepers",
    );
    run(&bench, "zoo", ZOO);
    bench
        .server
        .sql("zoo", "CREATE TABLE load_a (n INT PRIMARY KEY);; CREATE TABLE load_b (n INT PRIMARY KEY)");
    let wanted = Arc::new(AtomicBool::new(true));
    let (writes, mut client) = (Arc::clone(&wanted), bench.client(&["--database=zoo"]));
    let writer = std::thread::spawn(move || {
        let mut input = client.stdin.take().expect("a pipe");
        for n in 1.. {
            if !writes.load(Ordering::SeqCst) {
                break;
            }
            let sql =
                format!("BEGIN; INSERT INTO load_a VALUES ({n}); INSERT INTO load_b VALUES ({n}); COMMIT;\n");
            input.write_all(sql.as_bytes()).expect("written");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        drop(input);
        client.wait().expect("ended");
    });
    for (round, more) in [("zoo_one", &[][..]), ("zoo_two", &[("lock_all_tables", true.into())])] {
        if round == "zoo_two" {
            run(&bench, "zoo", UNSAFE);
        }
        let mut given = vec![("url", bench.server.url("zoo").into()), ("verify", "restore".into())];
        given.extend(more.iter().cloned());
        let object =
            bench.take(&bench.config(&given), round).await.unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(object.get("verified").as_str(), Some("restore"));
        bench.verify(&object, "read").await.unwrap_or_else(|problem| panic!("{problem}"));
        let before = told(&bench, "zoo");
        let restored =
            bench.restore(&object, round, false).await.unwrap_or_else(|problem| panic!("{problem}"));
        let notes = restored.notes.join("\n");
        assert!(notes.contains("procedure p;roc, trigger qualified") && notes.contains("`once`"), "{notes}");
        assert_eq!(lost(&before, &told(&bench, round)), Vec::<String>::new());
        assert_eq!(lost(&before, &told(&bench, "zoo")), Vec::<String>::new(), "what was taken was changed");
        let counted = "SELECT (SELECT COUNT(*) FROM load_a) > 0, (SELECT COUNT(*) FROM load_a) = (SELECT MAX(n) FROM load_b), (SELECT COUNT(*) FROM load_a) = (SELECT COUNT(*) FROM load_b)";
        assert_eq!(bench.server.sql(round, counted), "1\t1\t1");
        bench.server.sql("", "DROP DATABASE IF EXISTS zoo_one");
    }
    wanted.store(false, Ordering::SeqCst);
    writer.join().expect("no panic");
    // And it does find what is lost.
    let before = told(&bench, "zoo_two");
    bench.server.sql(
        "zoo_two",
        "DELETE FROM twice WHERE a IS NULL LIMIT 1;; ALTER TABLE egg COMMENT 'x';; DROP TRIGGER g_one;; ALTER EVENT zoned ENABLE",
    );
    assert_eq!(lost(&before, &told(&bench, "zoo_two")).len(), 5);
}
