//! The ordeals at small counts. Each finds its planted bug first.

use std::path::Path;

use relplan_reliability::scene::{Relplan, Shape};
use relplan_reliability::simulate::{self, Weather};
use relplan_reliability::verbs::{Bug, Only, verbs};
use relplan_reliability::{
    Tally, crash, damage, faults, outlive, planted, providers, pulls, races, rogue, snapshots, syscalls, tags,
};

fn built() -> Relplan {
    Relplan::built(Path::new(env!("CARGO_BIN_EXE_relplan")))
}

/// This very program can be told to be a relplan, by the test below.
const OWN: [&str; 4] = ["--ignored", "--exact", "reliability::ordeals::a_relplan_with_a_bug", "--nocapture"];

/// A relplan that acts before its intents.
fn early() -> Relplan {
    planted::acts_too_early(&OWN).expect("this program")
}

#[test]
#[ignore = "no test: what the ordeals start to see whether they find its bug"]
#[allow(clippy::exit, reason = "it stands for a whole program")]
fn a_relplan_with_a_bug() {
    if let Some(code) = planted::run_if_asked() {
        std::process::exit(code.into());
    }
}

#[track_caller]
fn holds(tally: std::io::Result<Tally>) {
    let tally = tally.expect("an ordeal that can be held");
    assert!(tally.holds(), "{tally}");
}

#[test]
fn nothing_is_lost_or_doubled_by_kill_9() {
    let shape = Shape { records: 30, deployments: 8, checks: 2, action_ms: 6 };
    holds(crash::crash(&built(), &early(), shape, 8, 1));
}

#[test]
fn no_tag_is_half_made_by_kill_9_of_relplan_alone() {
    holds(tags::tags(&built(), &planted::with_late_input(&OWN).expect("this program"), 6, 1));
}

#[test]
fn a_deployment_that_prints_outlives_relplan() {
    holds(outlive::outlive(&built(), &planted::with_frail_commands(&OWN).expect("this program"), 6, 1));
}

#[test]
fn nothing_is_lost_or_doubled_by_a_kill_at_a_system_call() {
    holds(syscalls::syscalls(&built(), &early(), 11, 8, 1));
}

#[test]
fn what_the_disk_refuses_is_said_and_stops_everything() {
    holds(faults::faults(&built(), &early(), &["ENOSPC"], 4));
}

#[test]
fn damage_is_noticed() {
    holds(damage::damage(&built(), 997, 200, 1));
}

#[test]
fn of_two_at_once_one_waits_or_is_told_who_holds_the_lock() {
    holds(races::races(&built(), 12, 2, 1));
}

#[test]
fn what_rogue_providers_do_is_bounded() {
    holds(rogue::rogues(&planted::with_rogues(&OWN).expect("this program")));
}

#[test]
fn a_rogue_in_any_verb_is_bounded() {
    holds(rogue::verbs(&planted::with_rogues(&OWN).expect("this program")));
}

#[test]
fn simulated_releases_end_well() {
    holds(simulate::simulate(Weather::Everything, 2000, 1));
}

#[test]
fn simulated_releases_outlive_power_cuts() {
    holds(simulate::simulate(Weather::PowerCuts, 300, 1));
}

#[test]
fn no_snapshot_is_recorded_as_good_that_does_not_restore() {
    holds(snapshots::snapshots(Path::new(env!("CARGO_BIN_EXE_relplan")), 19, 1));
}

#[test]
fn hostile_pull_requests_do_no_harm() {
    let leaking = pulls::leaking(&OWN).expect("this program");
    // Twice all families. A debug build takes longer than what is promised.
    let limits = pulls::Limits { time: 3 * pulls::Limits::PROMISED.time, ..pulls::Limits::PROMISED };
    let runs = 2 * pulls::families().len() as u64;
    holds(pulls::pulls(&built(), &leaking, limits, runs, 1, None));
}

/// A relplan with each of the bugs that the ordeal of the verbs looks for.
fn buggy() -> Vec<Relplan> {
    Bug::all(&built(), &OWN).expect("this program")
}

#[test]
fn a_rollback_that_is_cut_off_can_be_repeated() {
    holds(verbs(&built(), &buggy(), &[Only::Rollback], 15, 4, 1));
}

#[test]
fn a_destroy_that_is_cut_off_can_be_repeated() {
    holds(verbs(&built(), &[], &[Only::Destroy], 15, 4, 1));
}

#[test]
fn a_refresh_that_is_cut_off_can_be_repeated() {
    holds(verbs(&built(), &[], &[Only::Refresh], 15, 4, 1));
}

#[test]
fn a_failed_check_turns_everything_back_however_often_it_is_cut_off() {
    holds(verbs(&built(), &[], &[Only::WayBack], 15, 4, 1));
}

#[test]
fn what_a_killed_provider_had_begun_is_there_once() {
    holds(providers::providers(&built(), "", 3, 4, 1));
}
