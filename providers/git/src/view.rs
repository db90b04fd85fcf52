//! [`View`]: a repository on this machine without its own configuration.
//!
//! Whoever can write a repository's configuration has git run programs, at the first look. git cannot be told to leave it
//! out, but it can be shown another one in its place: `GIT_COMMON_DIR` names a temporary folder with links to the
//! objects and refs of the repository, and a configuration of relplan's. What else the repository's own says is
//! passed on as far as [`Configuration`] lets it through. Hooks, grafts, attributes and remotes of old have no link either.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use relplan_contract::{Context, Problem};
use tempfile::TempDir;

use crate::command::Call;
use crate::configuration::Configuration;
use crate::failure::presentable;
use crate::program::Program;
use crate::tree::{self, Tree};

/// What of a repository is shown. A link may lead to what is not there yet.
const SHOWN: [&str; 5] = ["objects", "packed-refs", "refs", "reftable", "shallow"];

/// How many keys that are not heeded are named.
const NAMED: usize = 5;

/// A repository, as git is shown it.
pub(crate) struct View {
    /// Where git is started: relative URLs of remotes start there.
    pub(crate) folder: PathBuf,
    /// What is heeded of its own configuration.
    pub(crate) configuration: Configuration,
    /// Its own folder: with `HEAD`.
    git: PathBuf,
    /// The folder that stands for what its work trees have in common.
    common: TempDir,
}

/// Where a repository is.
struct Found {
    /// With `HEAD`, and for a linked work tree nothing else.
    git: PathBuf,
    /// With the refs, the objects and the configuration.
    common: PathBuf,
}

impl View {
    /// Opens the repository that `folder` is in, which messages call `label`.
    pub(crate) async fn open(
        program: &Program,
        context: &Context,
        folder: &Path,
        label: &str,
    ) -> Result<Self, Problem> {
        let missing = || {
            Problem::missing(format!("There is no folder `{label}`."))
                .hint("Relative paths start at the folder of the release file.")
        };
        let folder = folder.canonicalize().ok().filter(|folder| folder.is_dir()).ok_or_else(missing)?;
        let found = find(program, context, &folder, label).await?;
        let tree = Tree::around(&context.base);
        if tree.can_hold(&found.git) || tree.can_hold(&found.common) {
            return Err(brought_along(label));
        }
        let configuration = read(program, context, &folder, &found, &tree, label).await?;
        let common = show(&found, &configuration).map_err(|error| {
            Problem::refused(format!("No view of the repository `{label}` could be made: {error}."))
        })?;
        let top = if folder.starts_with(&found.git) { None } else { tree::top(&folder) };
        let folder = top.unwrap_or_else(|| found.git.clone());
        Ok(Self { folder, configuration, git: found.git, common })
    }

    /// A call that sees it.
    pub(crate) fn shown_to<'a>(&'a self, call: Call<'a>) -> Call<'a> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        call.env("GIT_DIR", path(&self.git))
            .env("GIT_COMMON_DIR", path(self.common.path()))
            .of_repository(&self.configuration.pairs)
    }

    /// Where its objects are.
    pub(crate) fn objects(&self) -> PathBuf {
        self.common.path().join("objects")
    }

    /// What was withheld of its own configuration and could be missed; none where there is no such thing.
    pub(crate) fn withheld(&self) -> Option<String> {
        let keys = &self.configuration.withheld;
        let named = keys.iter().take(NAMED).map(|key| format!("`{}`", presentable(key)));
        let mut named = named.collect::<Vec<_>>().join(", ");
        if let Some(more @ 1..) = keys.len().checked_sub(NAMED) {
            named.push_str(&format!(" and {more} more"));
        }
        (!keys.is_empty()).then(|| {
            format!(
                "Of the repository's own configuration relplan does not heed {named}: set with `git config --global` what \
                 is needed."
            )
        })
    }
}

/// The problem of a repository that came with the files.
pub(crate) fn brought_along(label: &str) -> Problem {
    Problem::refused(format!(
        "The repository `{label}` lies in the work tree of the release file, where anybody's commit can put one."
    ))
    .hint("Give the folder of a work tree, a bare repository outside of this work tree, or a URL.")
}

/// Has git look for the repository: it also checks whose it is.
async fn find(program: &Program, context: &Context, folder: &Path, label: &str) -> Result<Found, Problem> {
    // A bare one is taken only where the folder itself was named, never for lying around it.
    let is_named = ["HEAD", "objects", "refs"].iter().all(|part| folder.join(part).exists());
    let bare = if is_named { "all" } else { "explicit" };
    let arguments = ["rev-parse", "--absolute-git-dir", "--path-format=absolute", "--git-common-dir"];
    let call = program.call(context, folder).config("safe.bareRepository", bare).args(arguments);
    let printed = call.succeed(&format!("open the repository `{label}`")).await?;
    let mut paths = printed.lines().map(|line| Path::new(line).canonicalize().ok());
    let (Some(Some(git)), Some(Some(common)), None) = (paths.next(), paths.next(), paths.next()) else {
        return Err(Problem::refused(format!("git does not tell where the repository `{label}` is."))
            .hint("Its path must hold no line end."));
    };
    // A git that does not know `safe.bareRepository` finds those around it all the same.
    if folder.starts_with(&git) && !(is_named && folder == git) {
        return Err(Problem::refused(format!("`{label}` is inside of a bare repository."))
            .hint("Name the repository itself."));
    }
    Ok(Found { git, common })
}

/// Reads the repository's own configuration, with the files that it includes where nobody's commit can put them.
async fn read(
    program: &Program,
    context: &Context,
    folder: &Path,
    found: &Found,
    tree: &Tree,
    label: &str,
) -> Result<Configuration, Problem> {
    if !found.common.join("config").exists() {
        return Ok(Configuration::default());
    }
    let arguments = ["config", "--local", "--includes", "--show-origin", "--null", "--list"];
    let call = program.call(context, folder).args(arguments).env("GIT_DIR", found.git.to_string_lossy());
    let printed = call.succeed(&format!("read the configuration of the repository `{label}`")).await?;
    let mut parts = printed.split('\0');
    let mut pairs = Vec::new();
    while let (Some(origin), Some(entry)) = (parts.next(), parts.next()) {
        let file = origin.strip_prefix("file:").map(|path| folder.join(path));
        if file.is_none_or(|file| tree.can_hold(&file)) {
            continue;
        }
        // A key alone says yes.
        let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
        pairs.push((key.to_owned(), value.to_owned()));
    }
    let configuration = Configuration::of(pairs);
    match &configuration.unknown_form {
        Some(key) => Err(Problem::refused(format!(
            "The repository `{label}` is stored in a form that this relplan does not know: `{key}` is set."
        ))
        .hint("Use a newer relplan, or another clone.")),
        None => Ok(configuration),
    }
}

/// Makes the folder that stands for the common one.
fn show(found: &Found, configuration: &Configuration) -> std::io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("relplan-git-").tempdir()?;
    for part in SHOWN {
        symlink(found.common.join(part), folder.path().join(part))?;
    }
    write(&folder.path().join("config"), &configuration_file(&configuration.form))?;
    Ok(folder)
}

/// Makes a repository whose objects are elsewhere: refs that are made in it name nothing for others.
pub(crate) fn aside(object_format: &str) -> std::io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("relplan-git-").tempdir()?;
    std::fs::create_dir(folder.path().join("refs"))?;
    write(&folder.path().join("HEAD"), "ref: refs/heads/main\n")?;
    let form = [("core.repositoryformatversion", "1"), ("extensions.objectformat", object_format)];
    let form = form.map(|(key, value)| (key.to_owned(), value.to_owned()));
    write(&folder.path().join("config"), &configuration_file(&form))?;
    Ok(folder)
}

/// A file of git's configuration. The keys are known ones, without a middle part.
fn configuration_file(form: &[(String, String)]) -> String {
    let mut text = "[core]\n\tbare = true\n".to_owned();
    for (key, value) in form {
        let (section, name) = key.split_once('.').unwrap_or((key, ""));
        let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        text.push_str(&format!("[{section}]\n\t{name} = \"{value}\"\n"));
    }
    text
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a temporary folder of this module's")]
    std::fs::write(path, text)
}
