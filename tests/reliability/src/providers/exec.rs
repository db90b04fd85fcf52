//! Commands that change something, and cannot do it in one step.

use std::io::{self, Write as _};
use std::path::Path;

use super::{Outside, count, idle};
use crate::scene::Relplan;

/// Makes three changes, each once; takes its time for each.
const CAREFUL: &str = r#"for step in 1 2 3; do
  if ! grep -qsx "$1 $step" changes; then
    sleep 0.04
    printf '%s %s\n' "$1" "$step" >> changes
  fi
done
"#;

/// Makes them again when it is run again.
const CARELESS: &str = r#"for step in 1 2 3; do
  sleep 0.04
  printf '%s %s\n' "$1" "$step" >> changes
done
"#;

const PENDING: &str = r#"for step in 1 2 3; do
  grep -qsx "$1 $step" changes || echo "step $step"
done
"#;

/// The three changes of a version.
fn changes(folder: &Path, version: &str) -> [usize; 3] {
    [1, 2, 3].map(|step| count(&folder.join("changes"), &format!("{version} {step}")))
}

fn wrong(folder: &Path, version: &str) -> Vec<String> {
    let made = changes(folder, version);
    if made == [1; 3] { Vec::new() } else { vec![format!("its three changes were made {made:?} times")] }
}

fn again(folder: &Path, version: &str) -> io::Result<bool> {
    let mut file = std::fs::OpenOptions::new().append(true).open(folder.join("changes"))?;
    writeln!(file, "{version} 2")?;
    Ok(true)
}

/// A migration, with a way to ask what is pending or without one.
pub(super) struct Migration {
    folder: tempfile::TempDir,
    asks: bool,
}

impl Migration {
    pub(super) fn new(asks: bool) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("tool.sh"), if asks { CAREFUL } else { CARELESS })?;
        std::fs::write(folder.path().join("pending.sh"), PENDING)?;
        Ok(Self { folder, asks })
    }
}

impl Outside for Migration {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn release(&mut self, version: &str) -> io::Result<String> {
        let pending = format!("  pending = [\"sh\", \"pending.sh\", \"{version}\"]\n");
        let pending = if self.asks { pending } else { String::new() };
        Ok(format!(
            "resource \"exec_migration\" \"it\" {{\n  command = [\"sh\", \"tool.sh\", \"{version}\"]\n{pending}}}\n"
        ))
    }

    fn wrong(&self, _: &Relplan, version: &str) -> io::Result<Vec<String>> {
        Ok(wrong(self.folder(), version))
    }

    fn double(&mut self, version: &str) -> io::Result<bool> {
        again(self.folder(), version)
    }

    fn was_done(&self, version: &str) -> Option<bool> {
        idle(self.folder());
        (!self.asks).then(|| changes(self.folder(), version) != [0; 3])
    }
}

/// A deployment that nobody can observe.
pub(super) struct Deployment {
    folder: tempfile::TempDir,
}

impl Deployment {
    pub(super) fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("tool.sh"), CARELESS)?;
        Ok(Self { folder })
    }
}

impl Outside for Deployment {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn release(&mut self, version: &str) -> io::Result<String> {
        Ok(format!(
            "resource \"exec_deployment\" \"it\" {{\n  version = \"{version}\"\n  \
             deploy  = [\"sh\", \"tool.sh\", \"{version}\"]\n}}\n"
        ))
    }

    fn wrong(&self, _: &Relplan, version: &str) -> io::Result<Vec<String>> {
        Ok(wrong(self.folder(), version))
    }

    fn double(&mut self, version: &str) -> io::Result<bool> {
        again(self.folder(), version)
    }

    fn was_done(&self, version: &str) -> Option<bool> {
        idle(self.folder());
        Some(changes(self.folder(), version) != [0; 3])
    }
}
