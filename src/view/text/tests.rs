#![allow(
    clippy::needless_raw_string_hashes,
    clippy::too_many_lines,
    reason = "snapshots are written by snapbox"
)]

use std::time::Instant;

use snapbox::{IntoData, assert_data_eq, str};

use super::plan;
use crate::event::RunMode;
use crate::plan::{OutputChange, Plan};
use crate::view::samples;
use crate::view::style::Palette;

fn shown(of: &Plan) -> String {
    plan(of, &samples::digest(), &Palette::PLAIN)
}

#[test]
fn a_plan_with_one_of_each() {
    assert_data_eq!(
        shown(&samples::plan()),
        str![[r#"

Note: Objects have changed outside of relplan

Since they were last seen, relplan found these changes that it did not make:

  # exec_deployment.production has changed
  ~ resource "exec_deployment" "production" {
        id       = "production"
      ~ replicas = 3 -> 2
    }

  # git_tag.app (record of 1.1.0) has been deleted
  - resource "git_tag" "app" {
      - name = "v1.1.0" -> null
    }

Where the files say otherwise, the plan below turns them back; where they leave it open,
the state takes them over.

─────────────────────────────────────────────────────────────────────────────

Actions are marked with these symbols:
  + create
  ~ update in-place
-/+ destroy and then create replacement
  - destroy
  ? judge (a check)
  . let go, without destroying it
 <= read during apply

relplan will do the following to release shop 1.2.0:

  # git_tag.app will be created (record of 1.2.0)
  # because: not made yet for version 1.2.0
  # note: Commit 3f2a1c9 "Fix the cart" by Ann, 12 ahead of v1.1.0.
  #       Signed by nobody.
  # undo: delete the tag by hand
  + resource "git_tag" "app" {
      + commit  = "3f2a1c9d"
      + id      = (known after apply)
      + message = <<-EOT
            Release 1.2.0

            The cart is quicker.
        EOT
      + name    = "v1.2.0"
    }

  # github_merged.all will be judged
  # because: never made
  # would stop here: 2 pull requests open.
  #   #12 Fix the cart
  #   #14 Quicker \u202esearch
  ? resource "github_merged" "all" {
      + label = "1.2.0"
      + open  = (known after apply)
    }

  # exec_deployment.production will be updated in-place (1.1.0 -> 1.2.0)
  # because: input changed: version
  # undo: deploy 1.1.0 again
  ~ resource "exec_deployment" "production" {
        id      = "production"
      ~ version = "1.1.0" -> "1.2.0"
        # (2 unchanged attributes hidden)
    }

  # sqlite_database.über["a \"b\""] must be replaced
  # because: cannot be changed in place: path
-/+ resource "sqlite_database" "über" {
      ~ id   = "db-1" -> (known after apply)
      ~ path = "shop.db" -> "cart.db" # forces replacement
    }

  # exec_deployment.old will be destroyed
  # because: no longer in the file
  - resource "exec_deployment" "old" {
      - id       = "old" -> null
      - password = (sensitive value) -> null
    }

  # module.shop["eu"].exec_deployment.legacy will no longer be managed by relplan, but will not be destroyed
  # because: a removed block names it
  # undo: import it again
  . resource "exec_deployment" "legacy" {
        id = "legacy"
    }

  # data.git_ref.head will be read during apply
  # because: its arguments are known only during apply
 <= data "git_ref" "head" {
      + commit = (known after apply)
      + ref    = (known after apply)
    }

Cautions:
  ! github_merged.all: The run would stop here: 2 pull requests open.
  ! exec_deployment.old: It is destroyed.
  ! Only a part is planned (-target).

Plan: 2 to add, 1 to change, 2 to destroy.
1 check to run. 1 to let go.

Changes to Outputs:
  + password = (sensitive value)
  ~ url      = "a" -> (known after apply)

Plan digest: sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525

"#]]
        .raw()
    );
}

#[test]
fn a_plan_without_changes_says_so() {
    assert_data_eq!(
        shown(&samples::empty()),
        str![[r#"
No changes. Everything in release 1.2.0 of shop is as the files say.

Plan digest: sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525

"#]]
        .raw()
    );
    let nameless = Plan { version: "".into(), ..samples::empty() };
    assert!(shown(&nameless).starts_with("No changes. Everything in shop is as the files say.\n"));
    let destroy = Plan { mode: RunMode::Destroy, ..samples::empty() };
    assert!(shown(&destroy).starts_with("No changes. There is nothing of shop to destroy.\n"));
}

#[test]
fn outputs_alone_are_a_change() {
    let output = OutputChange { name: "url".into(), before: "a".into(), after: "b".into() };
    let plan = Plan { outputs: vec![output], ..samples::empty() };
    assert_data_eq!(
        shown(&plan),
        str![[r#"

Changes to Outputs:
  ~ url = "a" -> "b"

Plan digest: sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525

"#]]
        .raw()
    );
}

#[test]
fn a_refresh_takes_over_what_was_found() {
    let plan = Plan { mode: RunMode::Refresh, drift: samples::plan().drift, ..samples::empty() };
    assert_data_eq!(
        shown(&plan),
        str![[r#"

Note: Objects have changed outside of relplan

Since they were last seen, relplan found these changes that it did not make:

  # exec_deployment.production has changed
  ~ resource "exec_deployment" "production" {
        id       = "production"
      ~ replicas = 3 -> 2
    }

  # git_tag.app (record of 1.1.0) has been deleted
  - resource "git_tag" "app" {
      - name = "v1.1.0" -> null
    }

Applying this plan takes them over into the state, and does nothing else.

─────────────────────────────────────────────────────────────────────────────

Plan: 0 to add, 0 to change, 0 to destroy.
2 objects to take over into the state.

Plan digest: sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525

"#]]
        .raw()
    );
    let quiet = Plan { mode: RunMode::Refresh, ..samples::empty() };
    assert!(shown(&quiet).starts_with("No changes. The state of shop is what was found.\n"));
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    let colored = plan(&samples::plan(), &samples::digest(), &Palette::COLOR);
    assert!(colored.contains("\u{1b}[32m+\u{1b}[0m resource"));
    let stripped: String = anstream::adapter::strip_str(&colored).collect();
    assert_eq!(stripped, shown(&samples::plan()));
}

#[test]
fn ten_thousand_changes_take_ten_times_as_long_as_a_thousand() {
    let time = |changes: usize| {
        let plan = samples::large(changes);
        let start = Instant::now();
        let length = shown(&plan).len();
        (start.elapsed(), length)
    };
    let (small, small_length) = time(1_000);
    let (large, large_length) = time(10_000);
    assert!(large_length > 9 * small_length);
    assert!(large < 60 * small, "{small:?} for 1,000 changes, {large:?} for 10,000");
}
