//! `required_version`: which versions of relplan a file asks for, in Terraform's notation.

use semver::Version;

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;

/// The version of this program.
const OWN: &str = env!("CARGO_PKG_VERSION");

/// Checks a requirement such as `>= 0.1, < 2.0` against this program.
pub(super) fn check(requirement: &str, span: Span, diagnostics: &mut Diagnostics) {
    let Ok(own) = Version::parse(OWN) else { return };
    match satisfies(&own, requirement) {
        Some(true) => {}
        Some(false) => diagnostics.push(
            Diagnostic::error(
                "Another version needed",
                format!("This release needs relplan {requirement}, but this is version {OWN}."),
            )
            .at(span)
            .help("Use a version that is asked for, or change the requirement if this one will do."),
        ),
        None => diagnostics.push(
            Diagnostic::error("Invalid version requirement", "This does not say which versions are meant.")
                .at(span)
                .help("Write it as in \">= 1.2.0\", \"~> 1.2\" or \">= 1.0, < 2.0\"."),
        ),
    }
}

/// Whether a version satisfies all the comma-separated conditions; none where one is not valid.
fn satisfies(version: &Version, requirement: &str) -> Option<bool> {
    let mut all = true;
    for condition in requirement.split(',') {
        let condition = condition.trim();
        let operator_end = condition.find(|c: char| c.is_ascii_digit())?;
        let (operator, number) = condition.split_at(operator_end);
        let (wanted, parts) = parse(number)?;
        all &= match operator.trim() {
            "" | "=" => *version == wanted,
            "!=" => *version != wanted,
            ">" => *version > wanted,
            ">=" => *version >= wanted,
            "<" => *version < wanted,
            "<=" => *version <= wanted,
            "~>" => *version >= wanted && *version < next(&wanted, parts),
            _ => return None,
        };
    }
    Some(all)
}

/// A version of which parts may be left out, and how many were given.
fn parse(text: &str) -> Option<(Version, usize)> {
    let (numbers, suffix) = match text.find(['-', '+']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let parts = numbers.split('.').count();
    let padding = match parts {
        1 => ".0.0",
        2 => ".0",
        3 => "",
        _ => return None,
    };
    Some((Version::parse(&format!("{numbers}{padding}{suffix}")).ok()?, parts))
}

/// The first version that `~>` excludes: the last given part may grow.
fn next(version: &Version, parts: usize) -> Version {
    if parts >= 3 {
        Version::new(version.major, version.minor.saturating_add(1), 0)
    } else {
        Version::new(version.major.saturating_add(1), 0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_terraforms() {
        let version = Version::new(1, 4, 2);
        let cases = [
            ("1.4.2", Some(true)),
            ("1.4", Some(false)),
            (">= 1.0, < 2.0", Some(true)),
            ("~> 1.2", Some(true)),
            ("~> 1.4.0", Some(true)),
            ("~> 1.3.0", Some(false)),
            ("~> 2", Some(false)),
            ("!= 1.4.2", Some(false)),
            ("> 1.4.2-rc1", Some(true)),
            ("", None),
            ("latest", None),
            (">> 1", None),
            ("1.2.3.4", None),
        ];
        for (requirement, wanted) in cases {
            assert_eq!(satisfies(&version, requirement), wanted, "{requirement}");
        }
    }
}
