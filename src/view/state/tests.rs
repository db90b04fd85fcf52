#![allow(clippy::needless_raw_string_hashes, reason = "snapshots are written by snapbox")]

use snapbox::{IntoData, assert_data_eq, str};

use super::{history, list, objects, outputs, show, table};
use crate::state::State;
use crate::view::samples;
use crate::view::style::Palette;

#[test]
fn a_list_can_be_taken_up_by_other_programs() {
    assert_data_eq!(
        list(&samples::state()),
        str![[r#"
exec_deployment.production
git_tag.app@1.2.0
http_smoke_test.production
slack_message.all@1.2.0

"#]]
        .raw()
    );
    assert_eq!(list(&State::default()), "");
}

#[test]
fn a_table_tells_how_each_object_stands() {
    assert_data_eq!(
        table(&samples::state(), &Palette::PLAIN),
        str![[r#"
OBJECT                      KIND    VERSION  STATUS
exec_deployment.production  live    1.2.0    held
git_tag.app@1.2.0           record  1.2.0    done
http_smoke_test.production  check   1.2.0    failed
slack_message.all@1.2.0     record  1.2.0    uncertain

"#]]
        .raw()
    );
    assert_eq!(table(&State::default(), &Palette::PLAIN), "The state is empty: nothing was released yet.\n");
}

#[test]
fn an_object_is_shown_with_what_is_known_of_it() {
    let state = samples::state();
    let shown = state.entries.iter().map(|(key, entry)| show(&state, key, entry, &Palette::PLAIN));
    assert_data_eq!(shown.collect::<Vec<_>>().join("\n"), str![[r##"
# exec_deployment.production
# live of version 1.2.0, by provider git, in record 8 of the ledger
# held: the rollback failed
resource "exec_deployment" "production" {
    version = "1.2.0"
}

# git_tag.app (record of 1.2.0)
# record of version 1.2.0, by provider git, in record 5 of the ledger
resource "git_tag" "app" {
    name  = "v1.2.0"
    token = (sensitive value)
}

# http_smoke_test.production
# check of version 1.2.0, by provider git, in record 10 of the ledger
# failed: 1 of 3 requests failed.
#   GET /cart: 500
resource "http_smoke_test" "production" {
    ok = false
}

# slack_message.all (record of 1.2.0)
# record of version 1.2.0, by provider git, in record 11 of the ledger
# uncertain: run 00ff began to create it, known there as msg\u0007 1, and the outcome is not known. The answer was lost.
resource "slack_message" "all" {
}

"##]].raw());
}

#[test]
fn outputs_read_like_terraforms() {
    assert_data_eq!(
        outputs(&samples::state()),
        str![[r#"
hosts = [
    "a",
    "b",
]
token = (sensitive value)
url = "https://shop"

"#]]
        .raw()
    );
}

#[test]
fn the_history_has_a_line_for_each_record() {
    assert_data_eq!(
        history(&samples::ledger(), &Palette::PLAIN),
        str![[r#"
2023-11-14 22:13:21 UTC  run 00ff by ann@ci-7, in build 12
     1  22:13:21  The ledger of shop began
     2  22:13:22  Run opened: apply 1.2.0 (relplan apply releases/v1.2.hcl)
     3  22:13:23  The release file is from commit 3f2a1c9d, where the release file differs; reviewed in acme/shop#12, approved by ann, bob\u202e
     4  22:13:24  git_tag.app@1.2.0: to create, because: never made\u202e
     5  22:13:25  git_tag.app@1.2.0: done
     6  22:13:26  exec_deployment.production: to create, because: never made\u202e
     7  22:13:27  exec_deployment.production: known outside as run 7
     8  22:13:28  exec_deployment.production: done
     9  22:13:29  http_smoke_test.production: to judge, because: never made\u202e
    10  22:13:30  http_smoke_test.production: failed: 1 of 3 requests failed.
    11  22:13:31  slack_message.all@1.2.0: to create, because: never made\u202e
    12  22:13:32  slack_message.all@1.2.0: known outside as msg\u0007 1
    13  22:13:33  slack_message.all@1.2.0: outcome unknown: The answer was lost.
    14  22:13:34  exec_deployment.production: held: the rollback failed
    15  22:13:35  Providers configured: 1 block
    16  22:13:36  Outputs set: 3 values
    17  22:13:37  Run closed: uncertain (2 done, 1 uncertain)

"#]]
        .raw()
    );
    assert_data_eq!(history(&samples::recorded(samples::other_events()), &Palette::PLAIN), str![[r#"
2023-11-14 22:13:21 UTC  run 00ff by ann@ci-7, in build 12
     1  22:13:21  Acting outside: github as ann, bob\u202e
     2  22:13:22  exec_deployment.production: failed (refused): No.
     3  22:13:23  exec_deployment.production: done: it is gone
     4  22:13:24  exec_deployment.production: taken over as found: it is there
     5  22:13:25  exec_deployment.production: found gone: it is gone
     6  22:13:26  exec_deployment.production: let go: state rm
     7  22:13:27  exec_deployment.production: moved to exec_deployment.eu
     8  22:13:28  Epoch 2 began: force-unlock: the host died
     9  22:13:29  exec_deployment.production: released: mended by hand
    10  22:13:30  Checkpoint of the state sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525

"#]].raw());
    assert_eq!(history(&[], &Palette::PLAIN), "The ledger has no records.\n");
}

#[test]
fn the_history_of_one_object_is_found() {
    let address = "git_tag.app".parse().expect("an address");
    let of: Vec<u64> = samples::ledger()
        .iter()
        .filter(|record| objects(&record.event).iter().any(|key| key.address == address))
        .map(|record| record.seq)
        .collect();
    assert_eq!(of, [4, 5]);
    let moved = samples::key("exec_deployment.eu", None).address;
    assert_eq!(
        samples::other_events()
            .iter()
            .filter(|event| objects(event).iter().any(|key| key.address == moved))
            .count(),
        1
    );
}
