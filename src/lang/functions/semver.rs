//! Versions, as Semantic Versioning 2.0 has them. A leading `v`, as tags have it, is read over and kept.

use std::cmp::Ordering;

use relplan_contract::Value;
use semver::{BuildMetadata, Prerelease, Version, VersionReq};

use super::Accepts::String as Text;
use super::{Arguments, Fault, Function, parameter};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "semver_bump",
        &[parameter("version", Text), parameter("part", Text)],
        bump,
        "The next version: \"major\", \"minor\" or \"patch\" counts that part up and drops what is behind it; \"hotfix\" adds `-hotfix.1`, or counts it up.",
        ("semver_bump(\"v1.2.3\", \"minor\")", "\"v1.3.0\""),
    ),
    Function::new(
        "semver_compare",
        &[parameter("version_a", Text), parameter("version_b", Text)],
        compare,
        "-1, 0 or 1: whether the first version comes before, beside or after the second one. Build metadata does not count.",
        ("semver_compare(\"v1.10.0\", \"1.9.3\")", "1"),
    ),
    Function::new(
        "semver_parse",
        &[parameter("version", Text)],
        parse,
        "The parts of a version, as an object.",
        (
            "semver_parse(\"v1.2.3-rc.1+b7\")",
            "{ major = 1, minor = 2, patch = 3, prerelease = \"rc.1\", build = \"b7\" }",
        ),
    ),
    Function::new(
        "semver_satisfies",
        &[parameter("version", Text), parameter("requirement", Text)],
        satisfies,
        "Whether a version meets a requirement such as \">= 1.2, < 2\" or \"~> 1.2\".",
        ("semver_satisfies(\"1.4.2\", \"~> 1.2\")", "true"),
    ),
];

/// The version and the `v` before it, if any.
fn version<'a>(arguments: &'a Arguments<'_>, index: usize) -> Result<(&'a str, Version), Fault> {
    let text = arguments.text(index);
    let (prefix, number) = text.strip_prefix('v').map_or(("", text), |number| ("v", number));
    let version = Version::parse(number).map_err(|error| {
        let why = arguments.detail(|| format!(": {error}"));
        let message =
            format!("It must be a version such as 1.2.3, but this is {}{why}.", arguments.show(index));
        Fault::argument(index, message, "Write three numbers, MAJOR.MINOR.PATCH; a leading `v` is allowed.")
    })?;
    Ok((prefix, version))
}

fn parse(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (_, version) = version(arguments, 0)?;
    let number =
        |part: u64| relplan_contract::Number::parse(&part.to_string()).map_or(Value::NULL, Value::from);
    Ok(Value::map([
        ("major", number(version.major)),
        ("minor", number(version.minor)),
        ("patch", number(version.patch)),
        ("prerelease", Value::from(version.pre.as_str())),
        ("build", Value::from(version.build.as_str())),
    ]))
}

fn compare(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let ((_, a), (_, b)) = (version(arguments, 0)?, version(arguments, 1)?);
    Ok(Value::integer(match a.cmp_precedence(&b) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

fn bump(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (prefix, mut version) = version(arguments, 0)?;
    let too_large =
        || Fault::argument(0, "A part of it is too large to be counted up.", "Use smaller numbers.");
    let up = |part: u64| part.checked_add(1).ok_or_else(too_large);
    let prerelease = std::mem::take(&mut version.pre);
    version.build = BuildMetadata::EMPTY;
    match arguments.text(1) {
        // Of a prerelease, the release itself comes next.
        "major" if !prerelease.is_empty() && (version.minor, version.patch) == (0, 0) => {}
        "major" => (version.major, version.minor, version.patch) = (up(version.major)?, 0, 0),
        "minor" if !prerelease.is_empty() && version.patch == 0 => {}
        "minor" => (version.minor, version.patch) = (up(version.minor)?, 0),
        "patch" if !prerelease.is_empty() && !prerelease.starts_with("hotfix.") => {}
        "patch" => version.patch = up(version.patch)?,
        "hotfix" => {
            let last = prerelease.strip_prefix("hotfix.").and_then(|number| number.parse::<u64>().ok());
            let next = format!("hotfix.{}", up(last.unwrap_or(0))?);
            version.pre = Prerelease::new(&next).map_err(|_| too_large())?;
        }
        _ => {
            let message =
                format!("The part must be major, minor, patch or hotfix, but this is {}.", arguments.show(1));
            return Err(Fault::argument(1, message, "Write one of the four words."));
        }
    }
    arguments.string(format!("{prefix}{version}"))
}

fn satisfies(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (_, version) = version(arguments, 0)?;
    let required = requirement(arguments.text(1)).ok_or_else(|| {
        let message =
            format!("It must be a requirement such as \">= 1.2, < 2\", but this is {}.", arguments.show(1));
        Fault::argument(1, message, "Use `=`, `!=`, `>`, `>=`, `<`, `<=` or `~>`, with commas between.")
    })?;
    Ok(Value::from(required.iter().all(|clause| clause.holds(&version))))
}

/// One clause of a requirement.
enum Clause {
    Meets(VersionReq),
    /// `!=`
    Differs(VersionReq),
}

impl Clause {
    fn holds(&self, version: &Version) -> bool {
        match self {
            Self::Meets(requirement) => requirement.matches(version),
            Self::Differs(requirement) => !requirement.matches(version),
        }
    }
}

/// Terraform's requirements: a bare version means exactly that one, parts left out are 0, and `~>` lets the last
/// part that is given grow.
fn requirement(text: &str) -> Option<Vec<Clause>> {
    text.split(',').map(|part| clause(part.trim())).collect()
}

fn clause(text: &str) -> Option<Clause> {
    let operator = text.find(|c: char| c.is_ascii_digit() || c == 'v')?;
    let (operator, number) = text.split_at_checked(operator)?;
    let number = number.strip_prefix('v').unwrap_or(number);
    let release = number.split(['-', '+']).next().unwrap_or(number);
    let parts: Vec<u64> = release.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let behind = number.get(release.len()..).unwrap_or_default();
    let full = match parts.as_slice() {
        [major] => format!("{major}.0.0{behind}"),
        [major, minor] => format!("{major}.{minor}.0{behind}"),
        [major, minor, patch] => format!("{major}.{minor}.{patch}{behind}"),
        _ => return None,
    };
    let parsed = |requirement: String| VersionReq::parse(&requirement).ok();
    match operator.trim() {
        "~>" => {
            let below = match parts.as_slice() {
                [_] => String::new(),
                [major, _] => format!(", <{}.0.0", major.checked_add(1)?),
                [major, minor, ..] => format!(", <{major}.{}.0", minor.checked_add(1)?),
                [] => return None,
            };
            parsed(format!(">={full}{below}")).map(Clause::Meets)
        }
        "" | "=" => parsed(format!("={full}")).map(Clause::Meets),
        "!=" => parsed(format!("={full}")).map(Clause::Differs),
        operator @ (">" | ">=" | "<" | "<=") => parsed(format!("{operator}{full}")).map(Clause::Meets),
        _ => None,
    }
}
