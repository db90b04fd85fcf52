//! `relplan init`: the first release files, from what another tool knows.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use semver::{Prerelease, Version};
use serde_json::Value as Json;

use super::args::InitArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::files::read_bounded;
use crate::addr;
use crate::view::json::Deed;

/// The most bytes of a file of versions.
const LARGEST: usize = 4 << 20;

const RELEASE: &str = include_str!("init/release.hcl");
const HOTFIX: &str = include_str!("init/hotfix.hcl");

/// What blastoff knows of a group of repositories.
#[derive(Debug)]
struct Alias {
    name: String,
    organization: String,
    topic: String,
    next: Version,
    last: Option<Version>,
    /// Whether hotfixes are `-hotfix.N` of the last version, in the place of its next patch.
    suffixed: bool,
    prerelease: bool,
}

pub(super) fn run(context: &Context, args: &InitArgs) -> Result<Exit, Failure> {
    let Some(path) = &args.from_blastoff else {
        return Err(Failure::usage("There is nothing to begin with.").help(
            "Give -from-blastoff=org-versions.json; to begin without another tool, copy a file from plans/.",
        ));
    };
    let text = read_bounded(&context.path(path), LARGEST)
        .map_err(|why| Failure::error(format!("The file {} cannot be read: {why}.", path.display())))?;
    let json: Json =
        serde_json::from_slice(&text).map_err(|error| wrong(path, &format!("it is no JSON ({error})")))?;
    let entries = json.get("organizations").and_then(Json::as_array);
    let entries = entries.ok_or_else(|| wrong(path, "it has no list `organizations`"))?;
    let aliases = entries.iter().enumerate().map(|(index, entry)| {
        Alias::read(entry).map_err(|why| wrong(path, &format!("entry {} of organizations: {why}", index + 1)))
    });
    let aliases = aliases.collect::<Result<Vec<Alias>, Failure>>()?;
    let files: Vec<(PathBuf, String)> =
        aliases.iter().flat_map(|alias| alias.files(aliases.len() > 1)).collect();
    for (file, _) in &files {
        if context.path(file).exists() {
            return Err(Failure::error(format!("There is a file {} already.", file.display()))
                .help("Nothing was written. Move it away, or run this in another folder with -chdir."));
        }
    }
    let mut deeds = Vec::new();
    for (file, text) in files {
        write(&context.path(&file), &text)
            .map_err(|error| Failure::error(format!("{} cannot be written: {error}.", file.display())))?;
        deeds.push(Deed { key: None, text: format!("Wrote {}", file.display()) });
    }
    context.print_done("init", &deeds);
    Ok(Exit::Done)
}

fn wrong(path: &Path, why: &str) -> Failure {
    Failure::error(format!("{} is not as blastoff writes it: {why}.", path.display())).help(
        "`blastoff version check` tells more; of .innoday/project.yml, write release_configs as JSON first.",
    )
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

impl Alias {
    fn read(entry: &Json) -> Result<Self, String> {
        let text = |name: &str| {
            entry.get(name).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty())
        };
        let required = |name: &str| text(name).map(str::to_owned).ok_or_else(|| format!("it has no {name}"));
        let alias = required("alias")?;
        if !alias.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            || alias.starts_with('.')
        {
            return Err(format!("the alias {alias:?} can name no folder"));
        }
        let next = version(&required("next_version")?)?;
        let last = text("last_released_version").map(version).transpose()?;
        // blastoff's manual says hotfix_mode, and its own files say hotfix.
        let mode = text("hotfix_mode").or_else(|| text("hotfix")).unwrap_or("increment");
        if !["increment", "hotfix"].contains(&mode) {
            return Err(format!("its hotfix_mode is {mode:?}, neither increment nor hotfix"));
        }
        Ok(Self {
            name: alias,
            organization: required("organization")?,
            topic: required("label")?,
            prerelease: text("prerelease").is_some() || !next.pre.is_empty(),
            suffixed: mode == "hotfix",
            next,
            last,
        })
    }

    /// The version of the next hotfix; none while nothing was released.
    fn hotfix(&self) -> Option<Version> {
        let last = self.last.as_ref()?;
        if !self.suffixed {
            return Some(Version::new(last.major, last.minor, last.patch + 1));
        }
        let before =
            last.pre.strip_prefix("hotfix.").and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
        let pre = Prerelease::new(&format!("hotfix.{}", before + 1)).ok()?;
        Some(Version { pre, ..Version::new(last.major, last.minor, last.patch) })
    }

    /// The release file and, once there was a release, one for a hotfix. Several aliases get a folder each.
    fn files(&self, several: bool) -> Vec<(PathBuf, String)> {
        let folder = if several { PathBuf::from(&self.name) } else { PathBuf::new() };
        let release = folder.join("releases").join(format!("v{}.hcl", self.next));
        let mut files = vec![(release.clone(), self.fill(RELEASE, &release, &self.next))];
        if let Some(version) = self.hotfix() {
            let hotfix = folder.join("hotfixes").join(format!("v{version}.hcl"));
            files.push((hotfix.clone(), self.fill(HOTFIX, &hotfix, &version)));
        }
        files
    }

    fn fill(&self, template: &str, file: &Path, version: &Version) -> String {
        let bare = |text: &str| {
            let quoted = addr::quoted(text);
            quoted.trim_matches('"').to_owned()
        };
        let places = [
            ("{{alias_comment}}", self.name.clone()),
            ("{{file}}", file.display().to_string()),
            ("{{product}}", addr::quoted(&self.name)),
            ("{{version}}", addr::quoted(&version.to_string())),
            ("{{owner}}", addr::quoted(&self.organization)),
            ("{{owner_text}}", bare(&self.organization)),
            ("{{topic}}", addr::quoted(&self.topic)),
            ("{{prerelease}}", self.prerelease.to_string()),
        ];
        places.iter().fold(template.to_owned(), |text, (place, value)| text.replace(place, value))
    }
}

/// A version as blastoff writes it: `v1.2.0`, `v1.2.0-rc.1`.
fn version(text: &str) -> Result<Version, String> {
    let bare = text.strip_prefix('v').unwrap_or(text);
    Version::parse(bare).map_err(|error| format!("{text:?} is no version ({error})"))
}
