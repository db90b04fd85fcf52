//! What must hold of a store, a ledger and a server, whatever was done to the run before.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relplan_archive::{Manifest, Sum};
use serde_json::json;

use super::shop::{Run, Shop};

/// How long a backend may take to notice that nobody listens any more.
const NOTICES: Duration = Duration::from_secs(15);

/// After bad luck: nothing is recorded as good that the store does not hold whole, and no backend is left.
pub(super) fn unrecorded(shop: &Shop, run: &Run) -> io::Result<Vec<String>> {
    let mut findings = half_files(&shop.folder.path().join("snapshots"))?;
    findings.extend(half_objects(shop));
    let known = shop.known()?;
    if run.code == Some(0) && !known.proven {
        findings.push("it says that it is done, and the snapshot is not recorded as proven".to_owned());
    }
    if run.code.is_some_and(|code| ![0, 1, 6, 9, 10, 11].contains(&code)) {
        findings.push(format!("it ends with {:?}: {}", run.code, run.said));
    }
    if run.code == Some(1)
        && !["Creation failed after", "error: "].iter().any(|words| run.said.contains(words))
    {
        findings.push(format!("it does not say why: {}", run.said));
    }
    let begun = Instant::now();
    while shop.server.backends() > 0 {
        if begun.elapsed() > NOTICES {
            findings.push("a backend is left".to_owned());
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    if known.proven {
        findings.extend(restores(shop)?);
    }
    Ok(findings)
}

/// After good luck: it is recorded as proven, nothing half is left, and it restores to what the database holds.
pub(super) fn recorded(shop: &Shop) -> io::Result<Vec<String>> {
    let snapshots = shop.folder.path().join("snapshots");
    let mut findings = half_files(&snapshots)?;
    findings.extend(half_objects(shop));
    let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    if std::fs::read_dir(&snapshots)?.filter_map(Result::ok).any(|entry| hidden(&entry.file_name())) {
        findings.push("what was not finished is not removed".to_owned());
    }
    if !shop.known()?.proven {
        findings.push("the snapshot is not recorded as proven".to_owned());
    }
    findings.extend(restores(shop)?);
    Ok(findings)
}

/// Restores the snapshot for good, and asks both databases the same questions.
fn restores(shop: &Shop) -> io::Result<Vec<String>> {
    let into = shop.server.url("copy");
    let run = shop.relplan(&["restore", &shop.address(), "-confirm=copy", "-into", &into])?;
    if run.code != Some(0) {
        return Ok(vec![format!("what is recorded as proven does not restore: {}", run.said)]);
    }
    let [was, is] = ["shop", "copy"].map(|database| shop.server.summed(database));
    shop.server.drop_copy("copy")?;
    if was.is_err() || was != is {
        return Ok(vec![format!("the restored database is another: {was:?} {is:?}")]);
    }
    Ok(Vec::new())
}

/// The same of the bucket: what has a manifest has all its parts, each of the right size.
fn half_objects(shop: &Shop) -> Vec<String> {
    let keys = shop.bucket.keys_in("backups");
    let read = |key: &str| {
        let answer = shop.bucket.call("get_object", json!({ "Bucket": "backups", "Key": key }));
        STANDARD
            .decode(answer.get("Body").and_then(|body| body.as_str()).unwrap_or_default())
            .unwrap_or_default()
    };
    let mut findings = Vec::new();
    for key in keys.iter().filter(|key| key.ends_with("/manifest.json")) {
        let folder = key.trim_end_matches("manifest.json");
        let Ok(manifest) = Manifest::read(&read(key)) else {
            findings.push(format!("{key} is no manifest"));
            continue;
        };
        let not_whole = manifest.parts.iter().map(|part| (format!("{folder}{}", part.name), &part.stored));
        let not_whole =
            not_whole.filter(|(key, stored)| !keys.contains(key) || Sum::of(&read(key)) != **stored);
        findings.extend(not_whole.map(|(key, _)| format!("{key} is not whole")));
    }
    findings
}

/// Everything in the store that looks like a snapshot is one, to the last byte.
fn half_files(store: &Path) -> io::Result<Vec<String>> {
    let mut findings = Vec::new();
    if !store.exists() {
        return Ok(findings);
    }
    for entry in std::fs::read_dir(store)? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A hidden one is known as unfinished by everybody.
        if name.starts_with('.') {
            continue;
        }
        let manifest = std::fs::read(folder.join("manifest.json")).unwrap_or_default();
        let Ok(manifest) = Manifest::read(&manifest) else {
            findings.push(format!("{name} has no manifest"));
            continue;
        };
        for part in &manifest.parts {
            if Sum::of(&std::fs::read(folder.join(&part.name)).unwrap_or_default()) != part.stored {
                findings.push(format!("{name}/{} is not whole", part.name));
            }
        }
    }
    Ok(findings)
}
