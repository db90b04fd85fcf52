#![allow(
    clippy::needless_raw_string_hashes,
    clippy::too_many_lines,
    reason = "snapshots are written by snapbox"
)]

use snapbox::{IntoData, assert_data_eq, str};

use super::{data, provider, resource};
use crate::view::samples;
use crate::view::style::Palette;

#[test]
fn a_provider_lists_its_types() {
    assert_data_eq!(
        provider(&samples::provider(), 80, &Palette::PLAIN),
        str![[r#"
NAME
    git 0.1.0 - Tags and commits of git repositories.

CONFIGURATION: provider "git" { ... }
    token  string, optional, sensitive
        Password for the remote side.

RESOURCES
    git_tag  record
        A tag in a git repository.
    git_smoke_test  check
        Asks a service whether it works.

DATA SOURCES
    git_ref  data
        The commit that a branch or tag points at.

"#]]
        .raw()
    );
}

#[test]
fn a_resource_type_has_a_manual_page() {
    let schema = samples::provider();
    assert_data_eq!(
        resource(&schema.resources[0], 80, &Palette::PLAIN),
        str![[r#"
NAME
    git_tag - A tag in a git repository.

KIND
    record. Made once for one version of the release, and then a fact: later
    versions make their own and leave this one alone.

DESCRIPTION
    The tag is made at the commit that the plan has pinned, and never moved.

        resource "git_tag" "app" {
          name = "v1.2.0"
        }

ARGUMENTS
    name  string, required, a change replaces the object
        Name of the tag.
    ref  string, default "HEAD"
        What it points at.

RESULTS
    commit  string, stays over updates
        The commit that it points at.

BEHAVIOUR
    What undoes it: delete the tag by hand, and make a new version.
    When it leaves the file, what was made stays.
    After a crash the other side is asked what became of it, 30s after the
    process died at the earliest.
    One action may take 5m0s, unless `timeouts` says otherwise.

"#]]
        .raw()
    );
    assert_data_eq!(
        resource(&schema.resources[1], 80, &Palette::PLAIN),
        str![[r#"
NAME
    git_smoke_test - Asks a service whether it works.

KIND
    check. A verdict on exactly what it judged: it holds until an input, or a
    live resource that it depends on, changes.

ARGUMENTS
    within  string, optional, else filled in
        How long it may take to become healthy.
    step  blocks, any number
        Requests, one after the other.
        url  string, required
            What is asked for.
        status  number, default 200
            The status that is expected.

BEHAVIOUR
    When it leaves the file, its verdict is forgotten.
    It is read at plan time too, so that the plan tells how it would end.
    After a crash it is simply done again: that does no harm.
    One action may take 1m0s, unless `timeouts` says otherwise.

"#]]
        .raw()
    );
}

#[test]
fn a_data_source_has_a_manual_page() {
    assert_data_eq!(
        data(&samples::provider().data_sources[0], 60, &Palette::PLAIN),
        str![[r#"
NAME
    data "git_ref" - The commit that a branch or tag points
    at.

ARGUMENTS
    ref  string, required
        Branch, tag or commit.

RESULTS
    commit  string
        The commit's full hash.

"#]]
        .raw()
    );
}
