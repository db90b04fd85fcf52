//! What fuzzing found, and what it started from: none of it does harm any more.

use std::path::{Path, PathBuf};
use std::time::Instant;

use relplan_reliability::fuzz::TARGETS;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a corpus").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn the_corpus_of_the_fuzzers_does_no_harm() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, target, folders) in TARGETS {
        let mut seen = 0;
        for path in folders.iter().flat_map(|folder| files(&root.join(folder))) {
            let begun = Instant::now();
            target(&std::fs::read(&path).expect("bytes"));
            assert!(begun.elapsed().as_secs() < 10, "{} takes too long", path.display());
            seen += 1;
        }
        assert!(seen > 0, "the corpus of {name} is gone");
    }
}
