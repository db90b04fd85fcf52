//! The arguments of `git_tag`, checked.

use relplan_contract::{Context, Kind, Path, Problem, Value};

use crate::arguments::{check_repository, check_revision, parse_location};
use crate::forge::Signing;
use crate::location::Location;
use crate::oid::Oid;
use crate::refname::{check_remote, check_tag, is_deceptive};
use crate::tag_object::{Kind as TagKind, Person, Wanted, looks_signed};

const FORMATS: [&str; 3] = ["openpgp", "ssh", "x509"];

/// The arguments, with what must be known to look at the repository.
pub(super) struct Arguments {
    pub(super) location: Location,
    pub(super) name: String,
    pub(super) reference: String,
    pub(super) remote: Option<String>,
    /// The branch that must have the commit.
    pub(super) branch: Option<String>,
    pub(super) signing: Signing,
    message: Option<String>,
    sign: bool,
    tagger: Option<Person>,
    /// Whether what the tag says is told only by apply.
    pub(super) is_open: bool,
}

impl Arguments {
    /// Reads and checks an object; none where the place, the name or the ref is not known yet.
    pub(super) fn read(object: &Value) -> Result<Option<Self>, Problem> {
        if let Some(problem) = check(object).into_iter().next() {
            return Err(problem);
        }
        let text = |name: &str| object.get(name).as_str().map(str::to_owned);
        let (Some(repository), Some(name), Some(reference)) = (text("repository"), text("name"), text("ref"))
        else {
            return Ok(None);
        };
        if ["remote", "branch", "sign"].iter().any(|name| object.get(name).is_unknown()) {
            return Ok(None);
        }
        let tagger = object.get("tagger");
        let part = |name: &str| tagger.get(name).as_str().map(str::to_owned);
        Ok(Some(Self {
            location: parse_location(&repository)?,
            name,
            reference,
            remote: text("remote"),
            branch: text("branch"),
            signing: Signing { key: text("signing_key"), format: text("signing_format") },
            message: text("message"),
            sign: object.get("sign").as_bool() == Some(true),
            tagger: part("name").zip(part("email")).map(|(name, email)| Person { name, email }),
            is_open: ["message", "tagger"].iter().any(|name| object.get(name).has_unknown()),
        }))
    }

    /// The kind of tag that is asked for, where it is known.
    pub(super) fn kind(&self) -> Option<TagKind> {
        let known = self.sign || self.message.is_some() || !self.is_open;
        known.then(|| TagKind::of(self.message.is_some(), self.sign))
    }

    /// The tag that is asked for, at a commit.
    pub(super) fn wanted(&self, commit: Oid) -> Wanted {
        Wanted {
            name: self.name.clone(),
            commit,
            message: self.message.clone(),
            sign: self.sign,
            tagger: self.tagger.clone(),
            object: None,
        }
    }

    /// How to sign; a relative path of an ssh key starts at the release file's folder.
    pub(super) fn signing(&self, context: &Context) -> Result<Signing, Problem> {
        let is_path = |key: &&String| {
            self.signing.format.as_deref() == Some("ssh")
                && !["key::", "ssh-", "sk-", "ecdsa-"].iter().any(|prefix| key.starts_with(prefix))
        };
        let key = self.signing.key.as_ref();
        let home = context.environment.get("HOME").map(String::as_str);
        let input = |key: &String| {
            let below_home = key.strip_prefix("~/").zip(home).map(|(rest, home)| format!("{home}/{rest}"));
            let path = context.input("signing", below_home.as_deref().unwrap_or(key))?;
            Ok(path.to_string_lossy().into_owned())
        };
        let path = key.filter(is_path).map(input).transpose()?;
        Ok(Signing { key: path.or_else(|| key.cloned()), format: self.signing.format.clone() })
    }
}

/// What is wrong with the known parts.
pub(super) fn check(object: &Value) -> Vec<Problem> {
    let mut problems: Vec<Problem> = check_repository(object).into_iter().collect();
    problems.extend(check_pushed_to(object));
    problems.extend(check_name(object.get("name")));
    problems.extend(check_revision(object, "ref"));
    problems.extend(check_branch(object.get("branch")));
    problems.extend(check_signing(object));
    problems.extend(check_message(object));
    problems.extend(check_tagger(object.get("tagger")));
    problems
}

fn check_pushed_to(object: &Value) -> Option<Problem> {
    let remote = object.get("remote").as_str()?;
    if let Err(error) = check_remote(remote) {
        let message = format!("This cannot be the name of a remote: {error}.");
        return Some(Problem::invalid("remote", message));
    }
    let location = Location::parse(object.get("repository").as_str()?).ok()?;
    matches!(location, Location::Url(_)).then(|| {
        Problem::invalid("remote", "A remote can be named only for a repository in a folder.")
            .hint("Leave it out: the URL is where the tag goes.")
    })
}

fn check_name(name: &Value) -> Option<Problem> {
    let error = check_tag(name.as_str()?).err()?;
    Some(Problem::invalid("name", format!("This cannot be the name of a tag: {error}.")))
}

fn check_branch(branch: &Value) -> Option<Problem> {
    let error = check_tag(branch.as_str()?).err()?;
    Some(Problem::invalid("branch", format!("This cannot be the name of a branch: {error}.")))
}

fn check_signing(object: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if object.get("sign").as_bool() == Some(true) && object.get("message").is_null() {
        problems.push(Problem::invalid("message", "A signed tag needs a message."));
    }
    if let Some(format) = object.get("signing_format").as_str()
        && !FORMATS.contains(&format)
    {
        let message = "The format of a signature is `openpgp`, `ssh` or `x509`.";
        problems.push(Problem::invalid("signing_format", message));
    }
    if let Some(key) = object.get("signing_key").as_str()
        && (key.is_empty() || key.starts_with('-') || key.chars().any(is_deceptive))
    {
        let message = "A signing key must not be empty, begin with a dash or hold control characters.";
        problems.push(Problem::invalid("signing_key", message));
    }
    problems
}

fn check_message(object: &Value) -> Option<Problem> {
    let message = object.get("message").as_str()?;
    let wrong = if message.trim().is_empty() {
        "The message of a tag must not be empty; leave it out for a lightweight tag."
    } else if message.contains('\0') {
        "The message of a tag must not hold a NUL."
    } else if looks_signed(message) {
        "The message of a tag must not hold the first line of a signature."
    } else {
        return None;
    };
    Some(Problem::invalid("message", wrong))
}

fn check_tagger(tagger: &Value) -> Vec<Problem> {
    let bad =
        |text: &str| text.trim().is_empty() || text.chars().any(|c| is_deceptive(c) || "<>".contains(c));
    let wrong = |name: &&str| matches!(tagger.get(name).kind(), Kind::String(text) if bad(text));
    let problem = |name: &str| {
        let message = "A tagger's name and address must not be empty or hold `<`, `>` or control characters.";
        Problem::invalid("tagger", message).about(Path::attribute("tagger").key(name))
    };
    ["name", "email"].iter().filter(|name| wrong(name)).map(|name| problem(name)).collect()
}
