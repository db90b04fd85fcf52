//! Who is at work, as far as the environment tells: the account that the CI names, the user, the machine, the job.

use std::collections::BTreeMap;

use crate::event::Actor;

/// The variables in which CI systems name the account that a job runs for, the most exact first.
///
/// GitHub's triggering actor is who pressed "re-run", its actor who ran it first. Bitbucket tells only the number of
/// the account. Jenkins needs its plug-in for build users, `TeamCity` a parameter that is given this name.
const LOGINS: [&str; 12] = [
    "GITHUB_TRIGGERING_ACTOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_USER_ID",
    "CIRCLE_USERNAME",
    "BUILDKITE_BUILD_CREATOR",
    "BUILD_REQUESTEDFOR",
    "RELEASE_REQUESTEDFOR",
    "DRONE_BUILD_TRIGGER",
    "CI_PIPELINE_AUTHOR",
    "TEAMCITY_BUILD_TRIGGEREDBY_USERNAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
];

/// The variables in which CI systems give the address of a job.
const JOBS: [&str; 7] = [
    "CI_JOB_URL",
    "BUILD_URL",
    "BUILDKITE_BUILD_URL",
    "CIRCLE_BUILD_URL",
    "DRONE_BUILD_LINK",
    "CI_STEP_URL",
    "CI_PIPELINE_URL",
];

/// The largest list of users that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// Who is at work.
pub(super) fn actor(environment: &BTreeMap<String, String>) -> Actor {
    let first = |names: &[&str]| names.iter().find_map(|name| given(environment, name)).unwrap_or_default();
    let uid = rustix::process::getuid().as_raw();
    let mut user = first(&["USER", "LOGNAME"]);
    if user.is_empty() {
        user = name_of(uid).unwrap_or_else(|| format!("uid {uid}"));
    }
    if let Some(person) = given(environment, "SUDO_USER").filter(|person| *person != user) {
        user = format!("{person} as {user}");
    }
    Actor {
        user,
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        job: job(environment),
        author: first(&["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "EMAIL"]),
        login: login(environment),
    }
}

fn given(environment: &BTreeMap<String, String>, name: &str) -> Option<String> {
    environment.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn login(environment: &BTreeMap<String, String>) -> String {
    // Drone names a hook in the place of a person.
    let person = |name: &&str| given(environment, name).filter(|login| !login.starts_with('@'));
    let named = LOGINS.iter().find_map(person).or_else(|| given(environment, "DRONE_COMMIT_AUTHOR"));
    named.unwrap_or_default()
}

/// The CI job, as its address or name.
fn job(environment: &BTreeMap<String, String>) -> String {
    let variable = |name: &str| given(environment, name).unwrap_or_default();
    let joined = |parts: &[&str], between: &str| {
        let all: Option<Vec<String>> = parts.iter().map(|name| given(environment, name)).collect();
        all.map(|all| all.join(between))
    };
    if let Some(run) = given(environment, "GITHUB_RUN_ID") {
        let (server, repository) = (variable("GITHUB_SERVER_URL"), variable("GITHUB_REPOSITORY"));
        return format!("{server}/{repository}/actions/runs/{run}");
    }
    let told = JOBS.iter().find_map(|name| given(environment, name));
    let bitbucket =
        || joined(&["BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_BUILD_NUMBER"], "/pipelines/results/");
    let azure = || {
        let project = joined(&["SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT"], "")?;
        Some(format!("{project}/_build/results?buildId={}", given(environment, "BUILD_BUILDID")?))
    };
    told.or_else(bitbucket).or_else(azure).unwrap_or_default()
}

/// The name of a user of this machine, where its list of users has it.
fn name_of(uid: u32) -> Option<String> {
    let list = super::files::read_bounded(std::path::Path::new("/etc/passwd"), LARGEST).ok()?;
    let number = uid.to_string();
    let found = std::str::from_utf8(&list).ok()?.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    found.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[(&str, &str)]) -> Actor {
        actor(&given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn each_ci_names_a_person_in_its_own_way() {
        for (variables, login) in [
            (&[("GITHUB_ACTOR", "ann")][..], "ann"),
            (&[("GITHUB_ACTOR", "dependabot[bot]"), ("GITHUB_TRIGGERING_ACTOR", "ann")], "ann"),
            (&[("GITLAB_USER_LOGIN", "bob")], "bob"),
            (&[("BUILD_USER_ID", "cy")], "cy"),
            (&[("CIRCLE_USERNAME", "di")], "di"),
            (&[("BUILDKITE_BUILD_CREATOR", "Ed Es")], "Ed Es"),
            (&[("BUILD_REQUESTEDFOR", "Flo")], "Flo"),
            (&[("DRONE_BUILD_TRIGGER", "gus")], "gus"),
            (&[("DRONE_BUILD_TRIGGER", "@hook"), ("DRONE_COMMIT_AUTHOR", "hal")], "hal"),
            (&[("CI_PIPELINE_AUTHOR", "ida")], "ida"),
            (&[("TEAMCITY_BUILD_TRIGGEREDBY_USERNAME", "jo")], "jo"),
            (&[("BITBUCKET_STEP_TRIGGERER_UUID", "{0-1}")], "{0-1}"),
            (&[("GITHUB_ACTOR", " ")], ""),
            (&[], ""),
        ] {
            assert_eq!(of(variables).login, login, "{variables:?}");
        }
    }

    #[test]
    fn a_job_is_known_by_its_address() {
        let github =
            [("GITHUB_SERVER_URL", "https://g"), ("GITHUB_REPOSITORY", "a/b"), ("GITHUB_RUN_ID", "7")];
        assert_eq!(of(&github).job, "https://g/a/b/actions/runs/7");
        assert_eq!(of(&[("CI_JOB_URL", "https://l/1")]).job, "https://l/1");
        let azure =
            [("SYSTEM_COLLECTIONURI", "https://z/o/"), ("SYSTEM_TEAMPROJECT", "p"), ("BUILD_BUILDID", "9")];
        assert_eq!(of(&azure).job, "https://z/o/p/_build/results?buildId=9");
        let bitbucket = [("BITBUCKET_GIT_HTTP_ORIGIN", "https://b/w/r"), ("BITBUCKET_BUILD_NUMBER", "3")];
        assert_eq!(of(&bitbucket).job, "https://b/w/r/pipelines/results/3");
        assert_eq!(of(&azure[..2]).job, "");
    }

    #[test]
    fn a_user_has_a_name_where_the_machine_knows_one() {
        assert_eq!(of(&[("USER", "ann")]).user, "ann");
        assert_eq!(of(&[("USER", "root"), ("SUDO_USER", "ann")]).user, "ann as root");
        assert_eq!(name_of(0).as_deref(), Some("root"));
        assert_eq!(name_of(4_000_000_001), None);
        assert_eq!(of(&[("GIT_COMMITTER_NAME", "Ann")]).author, "Ann");
    }
}
