//! Each file begins with the session that the database gives, and so does the row that remembers it.

use super::*;

/// What a file leaves behind in its session.
const LEAVES: [&str; 9] = [
    "SET statement_timeout = 0;\nSET lock_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.dumped (i int);",
    "CREATE SCHEMA tenant;\nSET search_path = tenant;\nCREATE TABLE of_tenant (i int);",
    "CREATE ROLE app_user;\nSET ROLE app_user;",
    "SET SESSION AUTHORIZATION app_user;",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;\nSET TimeZone = 'Asia/Tokyo';\nSET session_replication_role = replica;",
    "CREATE TEMP TABLE seen (i int);\nPREPARE kept AS SELECT 1;\nLISTEN news;\nSELECT pg_advisory_lock(7);\nSELECT pg_advisory_unlock_all();\nSELECT pg_advisory_lock(8);",
    "SET client_encoding = 'LATIN1';\nCREATE TABLE public.words AS SELECT 'caf\u{e9}'::text AS word;",
    "-- relplan: no transaction\nSET search_path = tenant;\nSET default_transaction_read_only = on;",
    "-- relplan: no transaction\nSET ROLE app_user;",
];

/// What the next one finds.
const FINDS: &str = "SELECT concat_ws(' ', current_user, session_user, current_setting('search_path'), current_setting('TimeZone'), \
    current_setting('default_transaction_read_only'), current_setting('session_replication_role'), current_setting('lock_timeout'), \
    (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_listening_channels()), \
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid IN (7, 8)), to_regclass('pg_temp.seen'))";

#[tokio::test]
async fn a_file_does_the_same_alone_and_behind_others() {
    let site = Site::new(&[]);
    let finds = format!("INSERT INTO public.found {FINDS};");
    let names: Vec<(String, String)> =
        LEAVES.iter().enumerate().map(|(at, _)| (format!("{at}_a.sql"), format!("{at}_b.sql"))).collect();
    let mut files = vec![("0.sql", "CREATE TABLE found (what text);")];
    for (text, (leaves, after)) in LEAVES.iter().zip(&names) {
        files.push((leaves, text));
        files.push((after, &finds));
    }
    site.write(&files);
    let object = site.run(&[]).await.expect("run");
    assert_eq!(object.get("applied").as_list().map(<[Value]>::len), Some(19));
    let zone = site.sql("SHOW TimeZone");
    let usual = format!("relplan relplan \"$user\", public {zone} off origin 10s 0 0 0");
    assert_eq!(site.sql("SELECT DISTINCT what FROM found"), usual);
    assert_eq!(site.sql("SELECT count(*) FROM found"), "9");
    assert_eq!(site.sql("SELECT word = U&'caf\\00e9' FROM words"), "t");
    assert_eq!(site.sql("SELECT to_regclass('tenant.of_tenant') IS NOT NULL"), "t");
    assert_eq!(site.sql("SELECT count(*) FROM relplan_migrations WHERE done_at IS NOT NULL"), "19");
}

#[tokio::test]
async fn what_a_file_puts_off_is_checked_as_it_is_set() {
    let tables = "CREATE TABLE parent (id int PRIMARY KEY);\n\
        CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);\n\
        CREATE SCHEMA own; CREATE TABLE own.log (who text, path text);\n\
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (current_user, current_setting('search_path')); RETURN NULL; END $$;\n\
        CREATE CONSTRAINT TRIGGER t AFTER INSERT ON parent DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION noted();";
    let site = Site::new(&[
        ("1.sql", tables),
        (
            "2.sql",
            "SET search_path = own, public;\nINSERT INTO child VALUES (1);\nINSERT INTO parent VALUES (1);",
        ),
    ]);
    site.run(&[]).await.expect("run");
    assert_eq!(site.sql("SELECT who || ' ' || path FROM own.log"), "relplan own, public");
    site.write(&[("3.sql", "INSERT INTO child VALUES (2);")]);
    let problem = site.run(&[]).await.expect_err("no parent");
    assert!(
        problem.message.starts_with("3.sql, at its end: ") && problem.message.contains("23503"),
        "{problem}"
    );
    assert_eq!(site.sql("SELECT count(*) FROM child"), "1");
    assert_eq!(site.sql("SELECT count(*) FROM relplan_migrations"), "2");
}
