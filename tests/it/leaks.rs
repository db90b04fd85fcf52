//! The search for a secret that should be nowhere: in what was printed, and in files with their names, in every encoding
//! in which systems echo things.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The secret as it is and in the encodings in which systems echo it.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let url = secret.replace('/', "%2F").replace('+', "%2B");
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex, url.to_lowercase(), url];
    // Within a longer text, base64 depends on where the secret begins: what its neighbours share is cut off.
    for (before, shared) in [("", 0), ("x", 2), ("xx", 3)] {
        let encoded = STANDARD_NO_PAD.encode(format!("{before}{secret}"));
        let own = encoded.get(shared..(before.len() + secret.len()) * 8 / 6).expect("digits");
        forms.extend([own.to_owned(), own.replace('+', "-").replace('/', "_")]);
    }
    forms.push(secret.replace('/', "\\/"));
    forms.sort();
    forms.dedup();
    forms
}

fn search(folder: &Path, forms: &[String], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            search(&path, forms, found);
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
        let name = path.to_string_lossy().into_owned();
        let there = forms.iter().filter(|form| text.contains(*form) || name.contains(*form));
        found.extend(there.map(|form| format!("{name}: {form}")));
    }
}

/// Asserts that a secret is neither in what was printed nor in any file of a folder.
#[track_caller]
pub(crate) fn nowhere(secret: &str, folder: &Path, printed: &str) {
    let forms = forms(secret);
    for form in &forms {
        let line = printed.lines().find(|line| line.contains(form));
        assert!(line.is_none(), "printed as {form}: {line:?}");
    }
    let mut found = Vec::new();
    search(folder, &forms, &mut found);
    assert_eq!(found, [] as [String; 0]);
}

#[test]
fn the_search_finds_what_is_there() {
    let secret = "s3cr3t/Zauberwort+42";
    let known = ["czNjcjN0L1phdWJlcndvcnQrND", "MzY3IzdC9aYXViZXJ3b3J0KzQy", "zM2NyM3QvWmF1YmVyd29ydCs0M"];
    let forms = forms(secret);
    for form in known.iter().copied().chain([secret]) {
        assert!(forms.iter().any(|own| form.starts_with(own.as_str())), "{form} would be found: {forms:?}");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("leak"), format!("x{form}x")).expect("a leak");
        let mut found = Vec::new();
        search(folder.path(), &forms, &mut found);
        assert_eq!(found.len(), 1);
    }
}
