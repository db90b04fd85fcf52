//! A product whose deployments, records and checks are shell scripts: what they do is a line of a file each, and what
//! is live is a file each, so that everything can be seen without asking relplan.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::harm::Runner;
use crate::random::Random;
use crate::scene::Relplan;

/// Begins to deploy, takes its time, makes the version live in one step, and says so.
const DEPLOY: &str = r#"read -r pace < pace
printf 'begin %s %s %s\n' "$RELPLAN_IDEMPOTENCY_KEY" "$RELPLAN_ADDRESS" "$2" >> effects
sleep "$pace"
printf '%s\n' "$2" > "new-$1-$$"
mv "new-$1-$$" "live-$1"
printf 'end %s %s %s\n' "$RELPLAN_IDEMPOTENCY_KEY" "$RELPLAN_ADDRESS" "$2" >> effects
"#;

const OBSERVE: &str = r#"if [ -e "live-$1" ]; then cat "live-$1"; fi
"#;

const DESTROY: &str = r#"read -r pace < pace
printf 'begin %s %s -\n' "$RELPLAN_IDEMPOTENCY_KEY" "$RELPLAN_ADDRESS" >> effects
sleep "$pace"
rm -f "live-$1"
printf 'end %s %s -\n' "$RELPLAN_IDEMPOTENCY_KEY" "$RELPLAN_ADDRESS" >> effects
"#;

/// Says what it sees live before it gives the verdict that the version was made for.
const CHECK: &str = r#"read -r pace < pace
saw=
for name in a b c d; do
  if [ -e "live-$name" ]; then read -r live < "live-$name"; else live=-; fi
  saw="$saw$name=$live,"
done
sleep "$pace"
printf 'check %s %s %s %s\n' "$RELPLAN_IDEMPOTENCY_KEY" "$RELPLAN_ADDRESS" "$2" "$saw" >> effects
[ "$3" = pass ]
"#;

const NOTE: &str = r#"read -r pace < pace
sleep "$pace"
printf 'end %s %s %s\n' "$RELPLAN_IDEMPOTENCY_KEY" "$RELPLAN_ADDRESS" "$1" >> effects
"#;

const PENDING: &str = r#"grep -qs "^end [0-9a-f]* exec_migration.notes $1\$" effects || echo note
"#;

/// The names of live resources, as many as there may be.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A deployment.
pub(super) struct Live {
    pub(super) name: &'static str,
    /// Those that it is deployed after.
    needs: Vec<&'static str>,
    /// Whether only every second version changes it.
    slow: bool,
}

impl Live {
    pub(super) fn address(&self) -> String {
        format!("exec_deployment.{}", self.name)
    }

    /// What is live of it once a version is.
    pub(super) fn content(&self, version: usize) -> String {
        named(if self.slow { version - version % 2 } else { version })
    }
}

/// A check.
pub(super) struct Check {
    pub(super) name: &'static str,
    /// The names of what it judges.
    pub(super) judges: Vec<&'static str>,
}

/// How the checks of a version end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quality {
    /// All pass.
    Good,
    /// One fails, and nothing follows from that.
    Fails,
    /// One fails, and turns back what it judged.
    TurnsBack,
}

/// A version as it is written: `1.2.0`.
pub(super) fn named(version: usize) -> String {
    format!("1.{version}.0")
}

/// The product in its folder.
pub(super) struct Shop {
    folder: tempfile::TempDir,
    pub(super) lives: Vec<Live>,
    pub(super) checks: Vec<Check>,
    /// Whether each check judges everything that is live, so that what is live is always one version.
    pub(super) joined: bool,
    /// Whether the record of each version is made before the deployments, or after the checks.
    notes_first: bool,
    /// The check that fails in a version that is not good.
    fails: usize,
    versions: BTreeSet<usize>,
}

impl Shop {
    pub(super) fn new(random: &mut Random) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let scripts = [
            ("deploy.sh", DEPLOY),
            ("observe.sh", OBSERVE),
            ("destroy.sh", DESTROY),
            ("check.sh", CHECK),
            ("note.sh", NOTE),
            ("pending.sh", PENDING),
        ];
        for (name, text) in scripts {
            std::fs::write(folder.path().join(name), text)?;
        }
        let names = NAMES.get(..2 + random.index(3)).unwrap_or(&NAMES);
        let mut lives: Vec<Live> = Vec::new();
        for name in names {
            let needs = lives.iter().map(|live| live.name).filter(|_| random.below(3) == 0).collect();
            lives.push(Live { name, needs, slow: random.below(6) == 0 });
        }
        let joined = random.below(10) < 7;
        let checks = checks(names, joined, random);
        let shop = Self {
            notes_first: random.below(2) == 0,
            fails: random.index(checks.len()),
            folder,
            lives,
            checks,
            joined,
            versions: BTreeSet::new(),
        };
        shop.pace(0)?;
        Ok(shop)
    }

    /// What runs relplan here; each command has a number.
    pub(super) fn runner<'r>(&'r self, relplan: &'r Relplan, number: u32) -> Runner<'r> {
        Runner { relplan, folder: self.folder(), ledger: self.ledger(), environment: &[], number }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How long each script takes from now on.
    pub(super) fn pace(&self, milliseconds: u64) -> io::Result<()> {
        let text = format!("{}.{:03}\n", milliseconds / 1000, milliseconds % 1000);
        // In one step: a script may just be reading it.
        let new = self.folder().join("pace.new");
        std::fs::write(&new, text)?;
        std::fs::rename(new, self.folder().join("pace"))
    }

    /// Writes the release file of a version.
    pub(super) fn write(&mut self, version: usize, quality: Quality) -> io::Result<()> {
        self.versions.insert(version);
        let text = self.release(version, quality);
        std::fs::write(self.folder().join(file(version)), text)
    }

    /// The versions that were written, oldest first.
    pub(super) fn versions(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.versions.iter().copied()
    }

    /// What a check that fails judges in a version that turns it back.
    pub(super) fn turned_back(&self) -> &[&'static str] {
        self.checks.get(self.fails).map_or(&[], |check| &check.judges)
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.folder().join(".relplan/shop/ledger.jsonl")
    }

    /// What is live of each, as its file says; `-` for nothing.
    pub(super) fn live(&self) -> Vec<String> {
        let read = |live: &Live| std::fs::read_to_string(self.folder().join(format!("live-{}", live.name)));
        let text = |live| read(live).map_or_else(|_| "-".to_owned(), |text| text.trim().to_owned());
        self.lives.iter().map(text).collect()
    }

    /// Somebody changes what is live behind relplan's back; `-` takes it away.
    pub(super) fn drift(&self, name: &str, content: &str) -> io::Result<()> {
        let path = self.folder().join(format!("live-{name}"));
        if content == "-" {
            std::fs::remove_file(path)?;
        } else {
            std::fs::write(path, format!("{content}\n"))?;
        }
        let line = format!("end drift exec_deployment.{name} {content}\n");
        let mut file = std::fs::OpenOptions::new().append(true).open(self.folder().join("effects"))?;
        io::Write::write_all(&mut file, line.as_bytes())
    }

    /// What is live of each once a version is.
    pub(super) fn contents(&self, version: usize) -> Vec<String> {
        self.lives.iter().map(|live| live.content(version)).collect()
    }

    /// Whether a script of this product is still at work: a killed relplan cannot end what it started.
    pub(super) fn at_work(&self) -> bool {
        let Ok(processes) = std::fs::read_dir("/proc") else { return false };
        let folders = processes.filter_map(|entry| std::fs::read_link(entry.ok()?.path().join("cwd")).ok());
        folders.into_iter().any(|folder| folder == self.folder())
    }

    fn release(&self, version: usize, quality: Quality) -> String {
        let name = named(version);
        let mut text = format!("release \"shop\" {{\n  version = \"{name}\"\n}}\n");
        let checks: Vec<String> =
            self.checks.iter().map(|check| format!("exec_test.{}", check.name)).collect();
        let after = if self.notes_first { String::new() } else { checks.join(", ") };
        let _ = write!(
            text,
            "\nresource \"exec_migration\" \"notes\" {{\n  command    = [\"sh\", \"note.sh\", \"{name}\"]\n  \
             pending    = [\"sh\", \"pending.sh\", \"{name}\"]\n  depends_on = [{after}]\n}}\n"
        );
        for live in &self.lives {
            let (own, content) = (live.name, live.content(version));
            let mut needs: Vec<String> =
                live.needs.iter().map(|need| format!("exec_deployment.{need}")).collect();
            if self.notes_first && live.needs.is_empty() {
                needs.push("exec_migration.notes".to_owned());
            }
            let _ = write!(
                text,
                "\nresource \"exec_deployment\" \"{own}\" {{\n  version    = \"{content}\"\n  \
                 deploy     = [\"sh\", \"deploy.sh\", \"{own}\", \"{content}\"]\n  \
                 observe    = [\"sh\", \"observe.sh\", \"{own}\"]\n  \
                 destroy    = [\"sh\", \"destroy.sh\", \"{own}\"]\n  depends_on = [{}]\n}}\n",
                needs.join(", ")
            );
        }
        for (number, check) in self.checks.iter().enumerate() {
            let fails = number == self.fails && quality != Quality::Good;
            let verdict = if fails { "fail" } else { "pass" };
            let judged: Vec<String> =
                check.judges.iter().map(|live| format!("exec_deployment.{live}")).collect();
            let _ = write!(
                text,
                "\nresource \"exec_test\" \"{own}\" {{\n  \
                 command    = [\"sh\", \"check.sh\", \"{own}\", \"{name}\", \"{verdict}\"]\n  depends_on = [{}]\n",
                judged.join(", "),
                own = check.name,
            );
            if quality != Quality::Fails {
                text.push_str("\n  lifecycle {\n    on_failure = \"rollback\"\n  }\n");
            }
            text.push_str("}\n");
        }
        text
    }
}

/// The name of a version's file.
pub(super) fn file(version: usize) -> String {
    format!("v{version}.hcl")
}

/// One or two checks that judge everything together: each all of it, or each some of it.
fn checks(names: &[&'static str], joined: bool, random: &mut Random) -> Vec<Check> {
    let two = !joined || random.below(2) == 0;
    let mut checks = vec![Check { name: "first", judges: Vec::new() }];
    if two {
        checks.push(Check { name: "second", judges: Vec::new() });
    }
    for (number, name) in names.iter().enumerate() {
        // The first two are judged by one each, so that each check has something to judge.
        let by = if number < 2 { number } else { random.index(3) };
        for (at, check) in checks.iter_mut().enumerate() {
            if joined || at == by || by == 2 {
                check.judges.push(name);
            }
        }
    }
    checks
}
