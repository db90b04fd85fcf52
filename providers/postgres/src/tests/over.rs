//! `restore -over`: the restored database has what the one had that is put aside, or says what it lacks.

use std::sync::{Arc, Mutex};

use postgres_server::Server;
use relplan_contract::{Progress, RestoreRequest, Restored, Value};

use super::Bench;

/// What a restore tells while it works.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn line(&self, line: &str) {
        self.0.lock().expect("no panic").push(line.to_owned());
    }

    fn reference(&self, _: &str) {}
}

/// All that a database has beside its content.
const LOOK: &str = "SELECT pg_get_userbyid(datdba), datlocprovider, coalesce(daticulocale, ''), datcollate, datconnlimit, \
    (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(coalesce(datacl, acldefault('d', datdba))) a), \
    shobj_description(d.oid, 'pg_database'), \
    (SELECT string_agg(setrole::regrole || ' ' || one, ' | ' ORDER BY setrole::regrole::text, one) FROM pg_db_role_setting, unnest(setconfig) one WHERE setdatabase = d.oid) \
    FROM pg_database d WHERE datname = ";

fn looks(server: &Server, name: &str) -> String {
    server.sql("postgres", &format!("{LOOK} '{}'", name.replace('\'', "''")))
}

/// Makes a database of this name, with what a dump does not hold.
fn furnish(server: &Server, name: &str) {
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    server.sql(
        "postgres",
        &format!("CREATE DATABASE {quoted} TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"),
    );
    for statement in [
        "OWNER TO keeper",
        "CONNECTION LIMIT 7",
        "SET search_path = app, \"My \"\"Schema\", \"$user\"",
        "SET timezone = 'Europe/Berlin'",
        "SET default_transaction_read_only = on",
        "SET app.motto = 'it''s = here, and \"there\"'",
    ] {
        server.sql("postgres", &format!("ALTER DATABASE {quoted} {statement}"));
    }
    for statement in [
        "REVOKE ALL ON DATABASE {} FROM PUBLIC, keeper",
        "GRANT CONNECT ON DATABASE {} TO \"the app\" WITH GRANT OPTION",
        "GRANT TEMPORARY, CREATE ON DATABASE {} TO keeper",
        "ALTER ROLE \"the app\" IN DATABASE {} SET work_mem = '8MB'",
        "ALTER ROLE keeper IN DATABASE {} SET search_path = ''",
        "COMMENT ON DATABASE {} IS 'it''s ours'",
    ] {
        server.sql("postgres", &statement.replace("{}", &quoted));
    }
}

async fn restored(bench: &Bench, object: &Value, into: &str) -> (Restored, Vec<String>) {
    let told = Arc::new(Told::default());
    let mut context = bench.context();
    context.progress = told.clone();
    let request = RestoreRequest { object, into, folder: bench.folder.path(), over: true };
    let restored =
        bench.resource.restore(&context, request).await.unwrap_or_else(|problem| panic!("{problem}"));
    let lines = told.0.lock().expect("no panic").clone();
    (restored, lines)
}

#[tokio::test]
async fn what_is_in_no_dump_is_carried_over() {
    let bench = Bench::new(10);
    let server = &bench.server;
    server.sql("postgres", "CREATE ROLE keeper; CREATE ROLE \"the app\"");
    let object = bench.take(&bench.config(&[("verify", "restore".into())]), "key").await.expect("a snapshot");
    let long = "n".repeat(63);
    for name in ["furnished", "Odd \"name; --", "it's %41", &long] {
        furnish(server, name);
        let before = looks(server, name);
        assert!(
            before.contains("keeper|i|sv-SE|C|7|") && before.contains("\"the app\" work_mem=8MB"),
            "{before}"
        );
        let encoded = name.replace('%', "%25").replace(' ', "%20").replace('"', "%22").replace(';', "%3B");
        let (restored, told) = restored(&bench, &object, &server.url(&encoded)).await;
        assert_eq!(looks(server, name), before, "{restored:?}");
        assert!(
            restored.notes.iter().any(|note| note.contains("are those of the database that was there")),
            "{restored:?}"
        );
        assert!(!told.iter().any(|line| line.contains("by hand")), "{told:?}");
        assert_eq!(
            server.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE '%restored%'"),
            "0"
        );
    }
    // A database without any of it has none of it afterwards.
    let before = looks(server, "shop");
    restored(&bench, &object, &server.url("shop")).await;
    assert_eq!(looks(server, "shop"), before);
    // The encoding stays that of the rows.
    server.sql("postgres", "CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'; ");
    let (result, _) = restored(&bench, &object, &server.url("latin")).await;
    assert!(
        result.notes.iter().any(|note| note.contains("It was made with ENCODING 'LATIN1'")),
        "{result:?}"
    );
    assert_eq!(server.sql("latin", "SHOW server_encoding"), "UTF8");
}

#[tokio::test]
async fn what_a_role_may_not_carry_over_is_told_before_and_after() {
    let bench = Bench::new(10);
    let server = &bench.server;
    server.sql(
        "postgres",
        "CREATE ROLE ops LOGIN CREATEDB PASSWORD 'ops'; CREATE ROLE keeper; CREATE ROLE app; GRANT keeper TO ops",
    );
    server.sql("postgres", "CREATE DATABASE theirs");
    for statement in
        ["OWNER TO keeper", "CONNECTION LIMIT 9", "SET log_statement = 'ddl'", "SET work_mem = '9MB'"]
    {
        server.sql("postgres", &format!("ALTER DATABASE theirs {statement}"));
    }
    server.sql("postgres", "ALTER ROLE app IN DATABASE theirs SET work_mem = '8MB'");
    // What belongs to another role, only a superuser can give to it.
    server.sql("postgres", "CREATE DATABASE small");
    server.sql("small", "CREATE TABLE t (n int); ALTER TABLE t OWNER TO ops");
    let config = bench.config(&[("url", server.url("small").into())]);
    let small = bench.take(&config, "small").await.expect("a snapshot");
    let into = format!("postgres://ops:ops@127.0.0.1:{}/theirs", server.port());
    let (restored, told) = restored(&bench, &small, &into).await;
    let by_hand = restored.notes.iter().find(|note| note.contains("By hand: ")).expect("told after");
    for statement in [
        "ALTER DATABASE \"theirs\" SET \"log_statement\" TO 'ddl';",
        "ALTER ROLE \"app\" IN DATABASE \"theirs\" SET \"work_mem\" TO '8MB';",
    ] {
        assert!(by_hand.contains(statement), "{by_hand}");
        let before = told.iter().find(|line| line.contains(statement)).expect("told before");
        assert!(before.contains("-- The database refused: ERROR:  "), "{before}");
    }
    assert!(!by_hand.contains("CONNECTION LIMIT") && !by_hand.contains("9MB"), "{by_hand}");
    for statement in by_hand.split("By hand: ").nth(1).expect("statements").split_inclusive(';') {
        server.sql("postgres", statement);
    }
    assert!(looks(server, "theirs").starts_with("keeper|c||C.UTF-8|9|"), "{}", looks(server, "theirs"));
    assert!(looks(server, "theirs").ends_with("app work_mem=8MB"), "{}", looks(server, "theirs"));
}

#[tokio::test]
async fn a_new_database_is_told_what_the_one_had_that_was_taken() {
    let bench = Bench::new(10);
    bench.server.sql("postgres", "CREATE ROLE keeper; CREATE ROLE \"the app\"");
    furnish(&bench.server, "furnished");
    let config = bench.config(&[("url", bench.server.url("furnished").into()), ("verify", "restore".into())]);
    let object = bench.take(&config, "key").await.expect("a snapshot");
    let restored = bench.restore(&object, "new", false).await.expect("restored");
    let told = restored
        .notes
        .iter()
        .find(|note| note.contains("none of the owner, rights and settings"))
        .expect("told");
    let statements = told.split("taken: ").nth(1).expect("statements");
    bench.server.sql("postgres", statements);
    assert_eq!(looks(&bench.server, "new"), looks(&bench.server, "furnished"));
}
