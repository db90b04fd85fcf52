//! [`Configuration`]: what is let through of a repository's own configuration.
//!
//! git knows some fifty keys that name a program, and more that send requests or credentials elsewhere; each new version
//! may bring others. So nothing is passed on but what stands here: where the remotes are, who is at work, which key
//! signs, what a server of a given name is told, and how the objects are stored. The rest is for the operator to
//! configure, as `git config --global` does.

use crate::location::host;
use crate::ssh_command;

/// The forms of a repository that change how it must be read. `worktreeConfig` is known as well: it only names another
/// file of configuration, which is not read.
const EXTENSIONS: [&str; 8] = [
    "compatobjectformat",
    "noop",
    "noop-v1",
    "objectformat",
    "partialclone",
    "preciousobjects",
    "refstorage",
    "relativeworktrees",
];

/// What a repository's own configuration says, as far as it is heeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// How it is stored: what git reads before anything else.
    pub(crate) form: Vec<(String, String)>,
    /// What else is heeded, in order.
    pub(crate) pairs: Vec<(String, String)>,
    /// Keys that are not, and could be missed: those of access and signatures. Sorted.
    pub(crate) withheld: Vec<String>,
    /// An extension of the repository's form that this relplan does not know.
    pub(crate) unknown_form: Option<String>,
}

impl Configuration {
    /// Sorts pairs in the order of the file; keys are as git prints them: all in lower case but for the middle part.
    pub(crate) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut configuration = Self::default();
        for (key, value) in pairs {
            configuration.add(key, value);
        }
        configuration.withheld.sort();
        configuration.withheld.dedup();
        configuration
    }

    /// The URLs of a remote, for fetching and for pushing; none where there is no such remote.
    pub(crate) fn remote(&self, name: &str) -> Vec<&str> {
        let is_url = |key: &str| {
            let key = Key::of(key);
            key.section == "remote" && key.middle == Some(name) && matches!(key.name, "url" | "pushurl")
        };
        self.pairs.iter().filter(|(key, _)| is_url(key)).map(|(_, value)| value.as_str()).collect()
    }

    fn add(&mut self, key: String, value: String) {
        match Key::of(&key).meaning(&value) {
            Meaning::Form => self.form.push((key, value)),
            Meaning::Heeded => self.pairs.push((key, value)),
            Meaning::Rewritten(value) => self.pairs.push((key, value)),
            Meaning::Withheld => self.withheld.push(key),
            Meaning::UnknownForm => self.unknown_form = Some(key),
            Meaning::Ignored => {}
        }
    }
}

enum Meaning {
    Form,
    UnknownForm,
    Heeded,
    Rewritten(String),
    Withheld,
    Ignored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key<'k> {
    section: &'k str,
    middle: Option<&'k str>,
    name: &'k str,
}

impl<'k> Key<'k> {
    fn of(key: &'k str) -> Self {
        let (section, rest) = key.split_once('.').unwrap_or((key, ""));
        let (middle, name) =
            rest.rsplit_once('.').map_or((None, rest), |(middle, name)| (Some(middle), name));
        Self { section, middle, name }
    }

    fn meaning(self, value: &str) -> Meaning {
        match (self.section, self.middle, self.name) {
            ("core", None, "repositoryformatversion") => Meaning::Form,
            ("extensions", None, "worktreeconfig") => Meaning::Ignored,
            ("extensions", None, name) if EXTENSIONS.contains(&name) => Meaning::Form,
            ("extensions", ..) => Meaning::UnknownForm,
            ("core", None, "ignorecase" | "precomposeunicode" | "sharedrepository")
            | ("user" | "author" | "committer", None, "name" | "email")
            | ("user", None, "signingkey")
            | ("remote", Some(_), "url" | "pushurl" | "promisor" | "partialclonefilter")
            | ("credential", _, "username" | "usehttppath") => Meaning::Heeded,
            ("gpg", None, "format") if matches!(value, "openpgp" | "ssh" | "x509") => Meaning::Heeded,
            // What CI leaves for its own server; without a server's name, it would be sent to any.
            ("http", Some(url), "extraheader") if host(url).is_some() => Meaning::Heeded,
            ("url", Some(to), "insteadof" | "pushinsteadof")
                if host(to).is_some() && host(to) == host(value) =>
            {
                Meaning::Heeded
            }
            ("core", None, "sshcommand") => {
                ssh_command::plain(value).map_or(Meaning::Withheld, Meaning::Rewritten)
            }
            ("core", None, "askpass" | "gitproxy")
            | ("credential" | "http" | "url" | "gpg" | "include" | "ssh", ..) => Meaning::Withheld,
            ("remote", _, "uploadpack" | "receivepack" | "proxy" | "proxyauthmethod" | "vcs") => {
                Meaning::Withheld
            }
            _ => Meaning::Ignored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Configuration {
        Configuration::of(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())))
    }

    fn heeds(key: &str, value: &str) -> bool {
        of(&[(key, value)]).pairs == [(key.to_owned(), value.to_owned())]
    }

    #[test]
    fn what_a_checkout_needs_is_let_through() {
        for (key, value) in [
            ("remote.origin.url", "git@github.com:acme/shop.git"),
            ("remote.a.b.pushurl", "https://h/x"),
            ("http.https://github.com/.extraheader", "AUTHORIZATION: basic x"),
            ("url.https://github.com/.insteadof", "git@github.com:"),
            ("url.https://github.com/.insteadof", "ssh://git@github.com/"),
            ("user.email", "a@x"),
            ("credential.https://dev.azure.com.usehttppath", "true"),
            ("gpg.format", "ssh"),
        ] {
            assert!(heeds(key, value), "{key}");
        }
        let partial = of(&[("core.repositoryformatversion", "1"), ("extensions.partialclone", "origin")]);
        assert_eq!(partial.form.len(), 2);
        assert_eq!(of(&[("remote.a.b.url", "x"), ("remote.a.url", "y")]).remote("a.b"), ["x"]);
        assert_eq!(of(&[("remote.a.fetch", "x")]).remote("a"), [""; 0]);
    }

    #[test]
    fn what_runs_a_program_or_leads_elsewhere_is_not() {
        for (key, value) in [
            ("core.sshcommand", "touch x"),
            ("core.askpass", "x"),
            ("core.gitproxy", "x"),
            ("credential.helper", "!x"),
            ("credential.https://github.com.helper", "!x"),
            ("http.proxy", "h:1"),
            ("http.extraheader", "X: to anybody"),
            ("http.https://*.example.org/.extraheader", "X: to many"),
            ("http.https://github.com/.sslverify", "false"),
            ("http.cookiefile", "x"),
            ("url.ext::x .insteadof", "https://github.com/"),
            ("url.https://evil.example/.insteadof", "https://github.com/"),
            ("url.https://evil.example/.insteadof", "gh:"),
            ("url.https://evil.example#@github.com/.insteadof", "https://github.com/"),
            ("url.file:///tmp/.insteadof", "file:///srv/"),
            ("gpg.program", "x"),
            ("gpg.format", "other"),
            ("gpg.ssh.program", "x"),
            ("gpg.ssh.defaultkeycommand", "x"),
            ("include.path", "x"),
            ("remote.origin.uploadpack", "x"),
            ("remote.origin.receivepack", "x"),
            ("remote.origin.vcs", "x"),
            ("remote.origin.proxy", "x"),
        ] {
            let configuration = of(&[(key, value)]);
            assert_eq!((configuration.pairs.len(), configuration.withheld.len()), (0, 1), "{key}");
        }
        for key in [
            "alias.tag",
            "core.fsmonitor",
            "core.hookspath",
            "core.worktree",
            "core.alternaterefscommand",
            "diff.external",
            "filter.x.clean",
            "uploadpack.packobjectshook",
            "protocol.ext.allow",
            "extensions.worktreeconfig",
            "x",
            "",
            "remote.url",
            "a.key.of.tomorrow",
        ] {
            assert_eq!(of(&[(key, "x")]), Configuration::default(), "{key}");
        }
        assert_eq!(of(&[("extensions.new", "1")]).unknown_form.as_deref(), Some("extensions.new"));
    }
}
