use super::*;
use crate::migration::statements::split;

fn line_of(text: &str) -> Option<usize> {
    down_section(&split(text)).map(|comment| comment.line)
}

#[test]
fn the_marks_of_every_tool_are_known() {
    for mark in [
        "-- +goose Down",
        "--+goose down",
        "-- +migrate Down",
        "-- +migrate Down notransaction",
        "-- +micrate Down",
        "-- migrate:down",
        "--migrate:down transaction:false",
        "-- Down Migration",
        "--- down migration",
        "-- rambler down",
        "-- ==== DOWN ====",
        "---- create above / drop below ----",
        "-- //@UNDO",
        "--@UNDO",
        "-- @down",
        "# --- !Downs",
        "-- !Downs",
        "-- Down",
        "-- DOWN:",
        "/* down */",
        "-- rollback",
        "-- Rollback script",
        "-- Undo",
        "-- downgrade",
    ] {
        let text = format!("CREATE TABLE a (i int);\r\n\r\n{mark}\r\nDROP TABLE a;\r\n");
        assert_eq!(line_of(&text), Some(3), "{mark}");
    }
    assert_eq!(line_of("-- Revert shop:users from pg\n\nBEGIN;\nDROP TABLE a;"), Some(1));
    let liquibase = "--liquibase formatted sql\n--changeset ann:1\nCREATE TABLE a (i int);\n";
    for rollback in
        ["--rollback DROP TABLE a;", "-- rollback drop table a", "/* liquibase rollback\nDROP TABLE a;\n*/"]
    {
        assert_eq!(line_of(&format!("{liquibase}{rollback}")), Some(4), "{rollback}");
    }
    assert_eq!(line_of("SELECT 1;\n--rollback DROP TABLE a;"), Some(2));
    assert_eq!(line_of("-- UP: users\nSELECT 1;\n-- DOWN: no users\nDROP TABLE a;"), Some(3));
    // A remark between the heading and what it stands over.
    assert_eq!(line_of("-- Up\nSELECT 1;\n-- Rollback\n-- as it was\nDROP TABLE a;"), Some(3));
}

#[test]
fn what_only_speaks_of_a_way_back_is_none() {
    for text in [
        "-- +goose Up\nCREATE TABLE a (i int);",
        "-- +goose Up\nCREATE TABLE a (i int);\n-- +goose Down\n",
        "-- Rollback: ALTER TABLE a DROP COLUMN b;\nALTER TABLE a ADD COLUMN b int;",
        "-- Rollback:\n--   ALTER TABLE a DROP COLUMN b;\n\nALTER TABLE a ADD COLUMN b int;",
        "-- rollback DROP TABLE a\nCREATE TABLE a (i int);",
        "-- Down the line this goes away.\nCREATE TABLE a (i int);",
        "-- There is no rollback for this.\nCREATE TABLE a (i int);",
        "INSERT INTO a VALUES ('-- +goose Down');\nSELECT $$\n-- migrate:down\n$$;\nSELECT 1;",
        "CREATE TABLE a (i int, -- down\n  j int);\nSELECT 1;",
        "/* See\n-- migrate:down\n*/ SELECT 1;",
        "-- Note: down for an hour.\nSELECT 1;",
    ] {
        assert_eq!(line_of(text), None, "{text}");
    }
}

#[test]
fn names_of_files_that_undo_are_known() {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for names in [
        &["1_users.down.sql"][..],
        &["1_users.DOWN.SQL"],
        &["20240101_x.tx.down.sql"],
        &["001.undo.sql"],
        &["x.rollback.sql"],
        &["down.sql"],
        &["001_down.sql"],
        &["U2__users.sql"],
        &["U1.2__users.sql"],
        &["undo_users.sql"],
        &["R__views.sql"],
        &["afterMigrate.sql"],
        &["beforeEachMigrate__log.sql"],
        &["20240101-users-down.sql", "20240101-users-up.sql"],
        &["1_users_rollback.sql", "1_users.sql"],
        &["1_down_users.sql", "1_up_users.sql"],
        &["3_scale_down.sql", "3_scale_up.sql"],
    ] {
        assert!(of_name(names[0], &all(names)).is_some(), "{names:?}");
    }
    for names in [
        &["1_users.up.sql", "1_users.down.sql"][..],
        &["3_scale_down.sql"],
        &["0042_revert_prices.sql", "0041_prices.sql"],
        &["7_add_rollback.sql"],
        &["V2__undo_log.sql"],
        &["users.sql"],
        &["U__x.sql"],
        &["after_release.sql"],
        &["markdown.sql"],
    ] {
        assert_eq!(of_name(names[0], &all(names)), None, "{names:?}");
    }
}
