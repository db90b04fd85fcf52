//! What is refused while planning, and what is told of the order.

use super::*;

#[tokio::test]
async fn nothing_runs_backwards_and_nothing_waits_for_a_client() {
    let site = Site::new(&[FIRST]);
    let goose =
        "-- +goose Up\nCREATE TABLE IF NOT EXISTS orders (id int);\n\n-- +goose Down\nDROP TABLE orders;\n";
    let dbmate = "-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE orders;\n";
    let copy = "ALTER TABLE orders ADD n int;\nCOPY orders (id) FROM stdin;\n1\n\\.\nSELECT 1;\n";
    let cases: [(&str, &str, &str); 10] = [
        ("002_orders.down.sql", "DROP TABLE orders;", "002_orders.down.sql is named as one that undoes"),
        ("U2__orders.sql", "DROP TABLE orders;", "U2__orders.sql is named as one that undoes"),
        ("002.sql", goose, "002.sql, line 4: \"-- +goose Down\""),
        ("002.sql", dbmate, "002.sql, line 3: \"-- migrate:down\""),
        ("002.sql", "SELECT 1;\n-- Down Migration\nDROP TABLE orders;", "002.sql, line 2"),
        ("002.sql", copy, "002.sql, line 2: COPY reads"),
        (
            "002.sql",
            "COPY orders FROM STDIN WITH (FORMAT csv);\n1,it's\n\\.\n",
            "002.sql, line 1: COPY reads",
        ),
        ("002.sql", "SELECT 1;\n\\prompt 'Go on?' answer\n", "002.sql, line 2: commands of psql"),
        ("002.sql", "SELECT 1;\nSELECT 2;\0", "002.sql, line 2: a NUL"),
        ("._1.sql", "\0\u{5}\u{16}\u{7}", "._1.sql is a hidden file"),
    ];
    for (name, text, why) in cases {
        site.only(&[FIRST, (name, text)]);
        let problem = site.plan(&site.config(&[])).await.expect_err(name);
        assert!(problem.message.starts_with(why) && !problem.hint.is_empty(), "{problem}");
    }
    // All that is wrong is told at once.
    site.only(&[("002.sql", dbmate), ("003.sql", copy), ("004.sql", "COMMIT")]);
    let problem = site.plan(&site.config(&[])).await.expect_err("three");
    assert!(problem.message.starts_with("002.sql, line 3"), "{problem}");
    assert!(
        problem.detail.contains("003.sql, line 2") && problem.detail.contains("004.sql, line 1"),
        "{problem:?}"
    );
    // What was run once is left in peace: it could not be mended, since it may not change.
    site.sql("CREATE TABLE relplan_migrations (name text PRIMARY KEY, sha256 text NOT NULL, release text NOT NULL, key text NOT NULL, begun_at timestamptz NOT NULL DEFAULT now(), done_at timestamptz)");
    let sum = relplan_archive::Sum::of(goose.as_bytes()).sha256;
    site.sql(&format!("INSERT INTO relplan_migrations VALUES ('000.sql', '{sum}', '1', 'k', now(), now())"));
    site.only(&[("000.sql", goose), FIRST]);
    assert_eq!(texts(site.run(&[]).await.expect("run").get("applied")), [FIRST.0]);
    assert_eq!(site.sql("SELECT count(*) FROM orders"), "10");
}

#[tokio::test]
async fn files_run_in_the_order_of_their_numbers() {
    let step = |number: usize| format!("INSERT INTO steps VALUES ({number});");
    let (two, ten, eleven) = (step(2), step(10), step(11));
    let site = Site::new(&[
        ("10_c.sql", &ten),
        ("1_a.sql", "CREATE TABLE steps (number int, at serial);"),
        ("2_b.sql", &two),
        ("011_D.SQL", &eleven),
    ]);
    let planned = site.plan(&site.config(&[])).await.expect("planned");
    assert_eq!(
        planned.notes,
        [
            "These will run: 1_a.sql, 2_b.sql, 10_c.sql, 011_D.SQL.",
            "The files run in the order of their numbers: 2_b.sql before 10_c.sql, though their letters say otherwise."
        ]
    );
    site.apply(&planned.value, "key").await.expect("run");
    assert_eq!(site.sql("SELECT string_agg(number::text, ',' ORDER BY at) FROM steps"), "2,10,11");
    site.write(&[("9_late.sql", "SELECT 1;"), ("12_x.sql", "SELECT 1;"), ("12_y.sql", "SELECT 1;")]);
    let planned = site.plan(&site.config(&[])).await.expect("planned");
    assert_eq!(
        planned.notes,
        [
            "These will run: 9_late.sql, 12_x.sql, 12_y.sql.",
            "The files run in the order of their numbers: 9_late.sql before 12_x.sql, though their letters say otherwise.",
            "12_x.sql and 12_y.sql have the same number: they run in this order.",
            "9_late.sql comes before 10_c.sql, which was run already: it runs behind it."
        ]
    );
}
