//! The operator's ground: a checkout with a token in its git configuration and a ledger with a sealed secret, a home with
//! credentials, files outside, servers that wait, and what is in the environment. All of it is canaries.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::pulls::canary::{self, Canaries};
use crate::pulls::listeners::Listeners;
use crate::scene::Relplan;

/// What the operator released before: it makes the ledger, its key, and a sealed secret.
const RELEASED: &str = "release \"shop\" {\n  version = \"1.0.0\"\n}\n\nvariable \"pin\" {\n  type = string\n  sensitive = true\n}\n\n\
     resource \"terraform_data\" \"d\" {\n  input = var.pin\n}\n\n\
     resource \"exec_deployment\" \"live\" {\n  version = release.version\n  deploy = [\"true\"]\n  observe = [\"echo\", \"1.0.0\"]\n}\n";

/// The folder of the operator's ledger, from the top of the checkout.
pub(super) const LEDGER: &str = "releases/.relplan/shop";

/// A ground that pull requests are tried on, each on a copy of its own.
pub(super) struct Ground {
    top: PathBuf,
    listeners: Listeners,
    _own: tempfile::TempDir,
}

impl Ground {
    /// A new one: the product is really released once.
    pub(super) fn new(relplan: &Relplan, listeners: Listeners) -> io::Result<Self> {
        let own = tempfile::tempdir()?;
        let ground = Self { top: own.path().canonicalize()?, listeners, _own: own };
        for folder in ["checkout/releases", "home", "outside/module", "tmp"] {
            fs::create_dir_all(ground.top.join(folder))?;
        }
        for (path, text) in canary::FILES {
            let path = ground.top.join(path);
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        }
        ground.write("README.md", "# Shop\n")?;
        ground.write("releases/v1.0.hcl", RELEASED)?;
        ground.release(relplan)?;
        ground.commit()?;
        Ok(ground)
    }

    fn write(&self, path: &str, text: &str) -> io::Result<()> {
        fs::write(self.checkout().join(path), text)
    }

    fn release(&self, relplan: &Relplan) -> io::Result<()> {
        let mut command = relplan.command(&self.checkout(), &["apply", "-auto-approve", "releases/v1.0.hcl"]);
        let output = command
            .env("RELPLAN_VAR_pin", canary::PIN)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("the operator's release: {}", String::from_utf8_lossy(&output.stderr))))
    }

    /// A repository as `actions/checkout` leaves it.
    fn commit(&self) -> io::Result<()> {
        let git = |arguments: &[&str]| {
            let identity =
                ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.templateDir="];
            let mut command = Command::new("git");
            command
                .args(identity)
                .args(arguments)
                .current_dir(self.checkout())
                .env("HOME", self.top.join("tmp"));
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            let failed = || io::Error::other(format!("git {arguments:?} failed"));
            status.success().then_some(()).ok_or_else(failed)
        };
        git(&["init", "-q", "-b", "main"])?;
        git(&["add", "README.md", "releases/v1.0.hcl"])?;
        git(&["commit", "-q", "-m", "first"])?;
        let header = format!("AUTHORIZATION: basic {}", canary::CHECKOUT_TOKEN);
        git(&["config", "http.https://github.com/.extraheader", &header])?;
        git(&["config", "remote.origin.url", "https://github.com/acme/shop"])
    }

    /// A copy, to be spoiled.
    pub(super) fn copy(&self) -> io::Result<Self> {
        let own = tempfile::tempdir()?;
        let top = own.path().canonicalize()?;
        copy(&self.top, &top)?;
        Ok(Self { top, listeners: self.listeners.clone(), _own: own })
    }

    /// Everything is below it.
    pub(super) fn top(&self) -> &Path {
        &self.top
    }

    /// The git work tree.
    pub(super) fn checkout(&self) -> PathBuf {
        self.top.join("checkout")
    }

    /// Who waits to be contacted.
    pub(super) fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    /// The text with what stands for things of the ground replaced by them.
    pub(super) fn fill(&self, text: &str) -> String {
        let path = |name: &str| self.top.join(name).display().to_string();
        text.replace("@CHECKOUT@", &path("checkout"))
            .replace("@OUTSIDE@", &path("outside"))
            .replace("@HOME@", &path("home"))
            .replace("@MARKER@", &path("marker"))
            .replace("@SOCKET@", &self.listeners.socket().display().to_string())
            .replace("@PORT6@", &self.listeners.port6().to_string())
            .replace("@PORT@", &self.listeners.port().to_string())
    }

    /// Everything that must be told to nobody.
    pub(super) fn canaries(&self) -> io::Result<Canaries> {
        let key = fs::read(self.checkout().join(LEDGER).join("key"))?;
        let ledger = fs::read_to_string(self.checkout().join(LEDGER).join("ledger.jsonl"))?;
        Ok(Canaries::new(&key, &ledger, &[("GH_TOKEN", github_stand_in::TOKEN)]))
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy(&from, &to)?;
            fs::set_permissions(&to, entry.metadata()?.permissions())?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}
