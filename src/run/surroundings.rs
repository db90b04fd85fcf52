//! [`Surroundings`]: what every call to a provider is given of the outside, made once for each command.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use relplan_contract::{Cancel, Clock, Context, Masks, Progress, Redactor, Silent, Tree, Usage};

use crate::event::EntryKey;

/// What every call to a provider is given of the outside.
#[derive(Clone)]
pub struct Surroundings {
    /// Name of the product.
    pub product: String,
    /// Version of the release.
    pub version: String,
    /// Folder of the release file.
    pub base: PathBuf,
    /// The files that may be read.
    pub tree: Tree,
    /// Folder for output to keep; each object gets one of its own in it.
    pub keep: PathBuf,
    /// The environment of the process.
    pub environment: Arc<BTreeMap<String, String>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Masks secrets.
    pub redactor: Arc<Redactor>,
    /// What everything printed and logged is masked with: it learns what this learns.
    pub masks: Arc<Masks>,
    /// Counts what is asked of outside systems.
    pub usage: Arc<Usage>,
}

impl Surroundings {
    /// The context of a call about one object.
    #[must_use]
    pub fn context(&self, key: &EntryKey, progress: Arc<dyn Progress>, cancel: Cancel) -> Context {
        Context {
            address: key.address.to_string(),
            keep: self.keep.join(folder_name(&key.to_string())),
            progress,
            cancel,
            ..self.outside_any_object()
        }
    }

    /// The context of a call that is about no object.
    #[must_use]
    pub fn outside_any_object(&self) -> Context {
        Context {
            address: String::new(),
            product: self.product.clone(),
            version: self.version.clone(),
            base: self.base.clone(),
            tree: self.tree.clone(),
            keep: self.keep.clone(),
            environment: Arc::clone(&self.environment),
            clock: Arc::clone(&self.clock),
            progress: Arc::new(Silent),
            cancel: Cancel::default(),
            redactor: Arc::clone(&self.redactor),
            usage: Arc::clone(&self.usage),
        }
    }

    /// Masks these texts from now on.
    pub fn mask(&mut self, secrets: &BTreeSet<String>) {
        self.redactor = Arc::new(Redactor::new(secrets.iter().map(String::as_str)));
        self.masks.set(Arc::clone(&self.redactor));
    }
}

/// A name for a folder: letters, digits and a few marks stay, the rest is written as its code, so that different
/// addresses have different folders.
fn folder_name(address: &str) -> String {
    let mut name = String::with_capacity(address.len());
    for byte in address.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'@' => {
                name.push(char::from(byte));
            }
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    // Longer names than file systems take are told apart by their digest.
    if name.len() > 200 {
        let digest = crate::canonical::Digest::of(address.as_bytes()).hex();
        name.truncate(150);
        name.push_str(&digest);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::folder_name;

    #[test]
    fn folders_are_named_safely_and_apart() {
        assert_eq!(folder_name("a.b[\"x/../y\"]"), "a.b%5b%22x%2f..%2fy%22%5d");
        assert_ne!(folder_name("a.b[1]"), folder_name("a.b%5b1%5d"));
        assert!(folder_name(&"x/".repeat(500)).len() < 255);
    }
}
