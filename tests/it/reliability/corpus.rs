//! What fuzzing found, and what it started from: none of it does harm any more.

use std::path::Path;
use std::time::Instant;

use relplan_reliability::fuzz::TARGETS;

#[test]
fn the_corpus_of_the_fuzzers_does_no_harm() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz");
    for (name, target) in TARGETS {
        let mut seen = 0;
        for entry in std::fs::read_dir(root.join(name)).expect("a corpus") {
            let path = entry.expect("an entry").path();
            let begun = Instant::now();
            target(&std::fs::read(&path).expect("bytes"));
            assert!(begun.elapsed().as_secs() < 10, "{} takes too long", path.display());
            seen += 1;
        }
        assert!(seen > 0, "the corpus of {name} is gone");
    }
}
