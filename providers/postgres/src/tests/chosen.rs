//! Which tables a snapshot holds: what the author meant, or a refusal.

use relplan_contract::{Problem, Value};

use super::Bench;

/// Tables with partitions and heirs, in several schemas; each with a known number of rows.
const FAMILY: &str = r#"
CREATE SCHEMA parts; CREATE SCHEMA "a.b"; CREATE SCHEMA a; CREATE EXTENSION citext SCHEMA parts;
CREATE TABLE one (id int); INSERT INTO one VALUES (1);
CREATE TABLE days (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE parts.days_2025 PARTITION OF days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY RANGE (day);
CREATE TABLE "Days 2025 b" PARTITION OF parts.days_2025 DEFAULT;
CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO days SELECT g, date '2025-12-31' + g % 2 FROM generate_series(1, 500) g;
CREATE TABLE base (id int); CREATE TABLE parts.heir (more text) INHERITS (base); CREATE TABLE grandchild () INHERITS (parts.heir);
INSERT INTO base VALUES (1); INSERT INTO parts.heir VALUES (2, 'x'), (3, 'y'); INSERT INTO grandchild VALUES (4), (5), (6);
CREATE TABLE "a.b".c (n int); CREATE TABLE a."b.c" (n int); INSERT INTO "a.b".c VALUES (1); INSERT INTO a."b.c" VALUES (1), (2);
CREATE TYPE state AS ENUM ('x'); CREATE TABLE parts.typed (s state); CREATE TABLE parts.loose (id serial PRIMARY KEY, c parts.citext); INSERT INTO parts.loose (c) VALUES ('Ab');
CREATE TABLE parts.refers (loose int REFERENCES parts.loose); INSERT INTO parts.refers VALUES (1);
CREATE VIEW seen AS SELECT * FROM one;
"#;

struct Family(Bench, std::cell::Cell<usize>);

impl Family {
    fn new() -> Self {
        let bench = Bench::new(10);
        bench.server.sql("postgres", "CREATE DATABASE family");
        bench.server.sql("family", FAMILY);
        Self(bench, std::cell::Cell::default())
    }

    /// Takes a snapshot of what these lists choose.
    async fn try_take(
        &self,
        lists: &[(&'static str, &[&str])],
        verify: &str,
        jobs: i64,
    ) -> Result<Value, Problem> {
        let mut given: Vec<(&str, Value)> = lists
            .iter()
            .map(|(name, list)| (*name, Value::set(list.iter().map(|text| Value::from(*text)))))
            .collect();
        given.extend([
            ("url", self.0.server.url("family").into()),
            ("verify", verify.into()),
            ("jobs", jobs.into()),
        ]);
        self.1.set(self.1.get() + 1);
        self.0.take(&self.0.config(&given), &format!("key{}", self.1.get())).await
    }

    /// The same, proven by a restore: its tables with their rows.
    async fn taken(&self, lists: &[(&'static str, &[&str])], jobs: i64) -> String {
        let object = self
            .try_take(lists, "restore", jobs)
            .await
            .unwrap_or_else(|problem| panic!("{lists:?}: {problem}"));
        let rows = object.get("rows").as_map().expect("tables").iter();
        rows.map(|(name, rows)| format!("{name} {}", rows.as_i64().unwrap_or(-1)))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Refused before anything was dumped, whatever the proof.
    async fn refused(&self, lists: &[(&'static str, &[&str])], told: &[&str]) {
        let problem = self.try_take(lists, "checksum", 1).await.expect_err("refused");
        for told in told {
            assert!(problem.to_string().contains(told), "{told:?} in {problem}");
        }
        assert_eq!(self.0.server.backends(), 0);
    }
}

#[tokio::test]
async fn a_parent_means_its_partitions_and_heirs() {
    let family = Family::new();
    let days = "public.Days 2025 b 250, public.days_2026 250";
    assert_eq!(
        family.taken(&[("tables", &["public.one", "public.days"])], 1).await,
        format!("{days}, public.one 1")
    );
    assert_eq!(
        family.taken(&[("tables", &["public.da?s", "public.base"])], 3).await,
        "parts.heir 2, public.Days 2025 b 250, public.base 1, public.days_2026 250, public.grandchild 3"
    );
    let others = ("exclude_schemas", &["a*"][..]);
    let rest = "parts.loose 1, parts.refers 1, parts.typed 0";
    assert_eq!(
        family.taken(&[others, ("exclude_table_data", &["public.days"])], 2).await,
        format!("parts.heir 2, {rest}, public.base 1, public.grandchild 3, public.one 1")
    );
    assert_eq!(
        family.taken(&[others, ("exclude_tables", &["public.base"])], 1).await,
        format!("{rest}, {days}, public.one 1")
    );
    // What is excluded wins, and a partition may be left out by itself.
    assert_eq!(
        family.taken(&[("tables", &["public.days"]), ("exclude_table_data", &["public.days_*"])], 1).await,
        "public.Days 2025 b 250"
    );
    assert_eq!(
        family
            .taken(
                &[
                    ("tables", &["public.base"]),
                    ("exclude_schemas", &["parts"]),
                    ("exclude_tables", &["public.grandchild"])
                ],
                1
            )
            .await,
        "public.base 1"
    );
}

#[tokio::test]
async fn what_could_not_be_restored_is_refused() {
    let family = Family::new();
    family
        .refused(
            &[("tables", &["public.one", "public.oen"])],
            &["\"public.oen\" of `tables` matches nothing"],
        )
        .await;
    family
        .refused(
            &[("exclude_tables", &["public.Days"]), ("exclude_schemas", &["gone*"])],
            &["\"public.Days\"", "\"gone*\"", "match nothing"],
        )
        .await;
    family.refused(&[("exclude_table_data", &["parts.none_*"])], &["of `exclude_table_data`"]).await;
    family.refused(&[("tables", &["*.pg_class"])], &["matches nothing"]).await;
    family.refused(&[("schemas", &["Public"])], &["\"Public\" of `schemas`"]).await;
    family
        .refused(
            &[("schemas", &["public"])],
            &["public.days has a part in parts.days_2025", "public.base has a part in parts.heir"],
        )
        .await;
    family.refused(&[("tables", &["public.days_2026"])], &["public.days_2026 needs public.days"]).await;
    family.refused(&[("tables", &["parts.typed"])], &["parts.typed needs public.state"]).await;
    family.refused(&[("exclude_tables", &["public.one"])], &["public.seen needs public.one"]).await;
    family.refused(&[("tables", &["parts.refers"])], &["parts.refers needs parts.loose"]).await;
    family
        .refused(
            &[("exclude_table_data", &["parts.loose"])],
            &["rows of parts.refers refer to rows of parts.loose", "refers_loose_fkey"],
        )
        .await;
    // Nobody refers to it any more.
    family.0.server.sql("family", "UPDATE parts.refers SET loose = NULL");
    let lists =
        [("tables", &["parts.refers", "parts.loose"][..]), ("exclude_table_data", &["parts.loose"][..])];
    assert_eq!(family.taken(&lists, 1).await, "parts.refers 1");
}

#[tokio::test]
async fn what_a_chosen_table_needs_is_made_first() {
    let family = Family::new();
    // A schema that is not in the dump, and an extension in it.
    let object = family.try_take(&[("tables", &["parts.loose"])], "restore", 1).await.expect("proven");
    family.0.restore(&object, "copy", false).await.expect("restored");
    assert_eq!(
        family.0.server.sql(
            "copy",
            "SET search_path = parts; INSERT INTO loose (c) VALUES ('x'); SELECT id FROM loose WHERE c = 'X'"
        ),
        "2"
    );
    // `pg_dump` makes a schema anew that is chosen by name; everybody may still use it.
    family.0.server.sql("family", "DROP TABLE days, base CASCADE; CREATE ROLE app; ALTER SCHEMA public OWNER TO app; COMMENT ON SCHEMA public IS 'ours'; GRANT SELECT ON one TO PUBLIC");
    for (number, schemas) in [&["public"][..], &["p*"], &["public", "a"]].into_iter().enumerate() {
        let verify = if number == 0 { "restore" } else { "read" };
        let jobs = 1 + i64::try_from(number).expect("small");
        let object = family.try_take(&[("schemas", schemas)], verify, jobs).await;
        let object = object.unwrap_or_else(|problem| panic!("{schemas:?} {verify}: {problem}"));
        let into = format!("copy_{number}");
        let restored = family.0.restore(&object, &into, false).await;
        restored.unwrap_or_else(|problem| panic!("{schemas:?} {verify}: {problem}"));
        let asked = "SELECT count(*), pg_get_userbyid(nspowner), obj_description(n.oid), has_schema_privilege('app', 'public', 'CREATE'), \
            has_schema_privilege('pg_monitor', 'public', 'USAGE') FROM one, pg_namespace n WHERE nspname = 'public' GROUP BY n.oid, nspowner";
        assert_eq!(family.0.server.sql(&into, asked), "1|app|ours|t|t", "{schemas:?}");
    }
}

#[tokio::test]
async fn names_with_dots_are_kept_apart() {
    let family = Family::new();
    assert_eq!(family.taken(&[("schemas", &["a", "\"a.b\""])], 2).await, "\"a.b\".c 1, a.\"b.c\" 2");
    assert_eq!(family.taken(&[("tables", &["\"a.b\".c"])], 1).await, "\"a.b\".c 1");
    assert_eq!(family.taken(&[("tables", &["a.\"b.c\""])], 1).await, "a.\"b.c\" 2");
    assert_eq!(family.taken(&[("tables", &["a.*"])], 1).await, "a.\"b.c\" 2");
    assert_eq!(family.taken(&[("tables", &["a*.*c"])], 1).await, "\"a.b\".c 1, a.\"b.c\" 2");
    family.refused(&[("tables", &["a.b*\"*\""])], &["matches nothing"]).await;
}
