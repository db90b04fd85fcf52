//! Which of a repository's tags are versions, and which of these came before the release's own.

use semver::Version;

/// What counts as a version before this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The release's version; empty where there is none, and then every version counts.
    pub(crate) version: String,
    /// What stands before the version in the names of tags.
    pub(crate) prefix: Option<String>,
    /// Only these, the highest first, whatever their names say.
    pub(crate) among: Option<Vec<String>>,
}

/// What the names of tags say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told<'t> {
    /// The tag of the release's own version.
    pub(super) own: Option<&'t str>,
    /// Those of the versions before it, the highest first.
    pub(super) before: Vec<&'t str>,
    /// Whether any is a version at all.
    pub(super) any: bool,
}

impl Names {
    /// Those that are named as the tag of this version is.
    pub(crate) fn beside(tag: &str, version: &str) -> Self {
        let prefix = tag.strip_suffix(version.strip_prefix('v').unwrap_or(version));
        let prefix = prefix.filter(|prefix| !version.is_empty() && !["", "v"].contains(prefix));
        Self { version: version.to_owned(), prefix: prefix.map(str::to_owned), among: None }
    }

    /// Reads the names. Without a `prefix`, those that are `v` or nothing before a version count, and where there is
    /// none of these, those with anything before it. Prereleases come before a prerelease only.
    pub(super) fn told<'t>(&'t self, tags: &'t [String]) -> Told<'t> {
        if let Some(among) = &self.among {
            return Told { own: None, before: among.iter().map(String::as_str).collect(), any: true };
        }
        let own = self.own();
        let mut versions = self.versions(tags);
        let any = !versions.is_empty();
        let is_own = |version: &Version| own.as_ref().is_some_and(|own| version.cmp_precedence(own).is_eq());
        let own_tag = versions.iter().find(|(version, _)| is_own(version)).map(|(_, name)| *name);
        let prereleases = own.as_ref().is_some_and(|own| !own.pre.is_empty());
        versions.retain(|(version, _)| {
            (prereleases || version.pre.is_empty())
                && own.as_ref().is_none_or(|own| version.cmp_precedence(own).is_lt())
        });
        versions.sort_by(|(left, _), (right, _)| right.cmp(left));
        Told { own: own_tag, before: versions.into_iter().map(|(_, name)| name).collect(), any }
    }

    /// The release's version, as a version.
    fn own(&self) -> Option<Version> {
        Version::parse(self.version.strip_prefix('v').unwrap_or(&self.version)).ok()
    }

    fn versions<'t>(&self, tags: &'t [String]) -> Vec<(Version, &'t str)> {
        let after = |strip: &dyn Fn(&'t str) -> Option<&'t str>| -> Vec<(Version, &'t str)> {
            let read = |name: &'t String| Some((version(strip(name)?)?, name.as_str()));
            tags.iter().filter_map(read).collect()
        };
        if let Some(prefix) = &self.prefix {
            return after(&|name| name.strip_prefix(prefix.as_str()));
        }
        let usual = after(&|name| Some(name.strip_prefix('v').unwrap_or(name)));
        if usual.is_empty() { after(&|name| Some(tail(name))) } else { usual }
    }
}

/// `1.2.0`; also `1.2`, which many write, and which stands for it.
fn version(text: &str) -> Option<Version> {
    let numbers = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at_checked(numbers)?;
    match numbers.split('.').count() {
        2 => Version::parse(&format!("{numbers}.0{rest}")).ok(),
        _ => Version::parse(text).ok(),
    }
}

/// What of a name begins with the first digit that stands before a dot: the version of `shop-2/v1.2.0-rc.1`.
fn tail(name: &str) -> &str {
    let starts = name.char_indices().filter(|(index, c)| {
        let before = name.get(..*index).and_then(|text| text.chars().next_back());
        c.is_ascii_digit() && !before.is_some_and(|before| before.is_ascii_digit() || before == '.')
    });
    let dotted = |index: &usize| {
        let rest = name.get(*index..).unwrap_or_default();
        rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('.')
    };
    starts.map(|(index, _)| index).find(dotted).and_then(|index| name.get(index..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(version: &str, prefix: Option<&str>, tags: &[&str]) -> (Option<String>, Vec<String>) {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let names = Names { version: version.to_owned(), prefix: prefix.map(str::to_owned), among: None };
        let told = names.told(&tags);
        (told.own.map(str::to_owned), told.before.iter().map(|tag| (*tag).to_owned()).collect())
    }

    fn check(version: &str, prefix: Option<&str>, tags: &[&str], own: Option<&str>, expected: &[&str]) {
        let (found, versions) = before(version, prefix, tags);
        assert_eq!(
            (found.as_deref(), versions),
            (own, expected.iter().map(|tag| (*tag).to_owned()).collect())
        );
    }

    #[test]
    fn what_came_before_this_version() {
        let tags = ["v1.9.0", "v1.10.0", "v1.10.1", "v2.0.0-rc.1", "v2.0.0", "v2.1.0", "nightly", "2.0.0.1"];
        check("2.0.0", None, &tags, Some("v2.0.0"), &["v1.10.1", "v1.10.0", "v1.9.0"]);
        check("v2.0.0", None, &tags, Some("v2.0.0"), &["v1.10.1", "v1.10.0", "v1.9.0"]);
        check("1.10.1", None, &tags, Some("v1.10.1"), &["v1.10.0", "v1.9.0"]);
        check("2.0.0-rc.2", None, &tags, None, &["v2.0.0-rc.1", "v1.10.1", "v1.10.0", "v1.9.0"]);
        check("", None, &tags, None, &["v2.1.0", "v2.0.0", "v1.10.1", "v1.10.0", "v1.9.0"]);
        check("1.0.0", None, &tags, None, &[]);
    }

    #[test]
    fn names_with_something_before_the_version() {
        let tags = ["shop-v1.1.0", "shop-v1.2.0", "cart-v9.0.0"];
        check("1.2.0", Some("shop-v"), &tags, Some("shop-v1.2.0"), &["shop-v1.1.0"]);
        check("1.3.0", None, &tags, None, &["shop-v1.2.0", "shop-v1.1.0"]);
        check("1.3.0", None, &["v1.2", "1.1.0", "release-1.2.9"], None, &["v1.2", "1.1.0"]);
        check("1.2.0", None, &["v1.2", "v1.1"], Some("v1.2"), &["v1.1"]);
        check("1.2.0", None, &["build-2026", "1", "v", "", "latest.1"], None, &[]);
    }

    #[test]
    fn tags_are_named_as_that_of_this_version() {
        let prefix = |tag: &str, version: &str| Names::beside(tag, version).prefix;
        assert_eq!(prefix("shop-v1.2.0", "1.2.0").as_deref(), Some("shop-v"));
        assert_eq!(prefix("shop/v1.2.0", "v1.2.0").as_deref(), Some("shop/v"));
        for (tag, version) in [("v1.2.0", "1.2.0"), ("1.2.0", "1.2.0"), ("shop", "1.2.0"), ("shop", "")] {
            assert_eq!(prefix(tag, version), None, "{tag}");
        }
    }

    #[test]
    fn the_version_of_a_long_name() {
        assert_eq!(tail("shop-2/v1.2.0-rc.1"), "1.2.0-rc.1");
        assert_eq!(tail("release_1.2.0"), "1.2.0");
        assert_eq!(tail("äö"), "");
    }
}
