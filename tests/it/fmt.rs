//! `tests/fmt/*.in.hcl` come out as `*.out.hcl`, which is what Terraform 1.11.4 makes of them too.

use std::path::Path;

use relplan::lang::format::format;

#[test]
fn files_come_out_in_the_canonical_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fmt");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("pairs") {
        let path = entry.expect("an entry").path();
        let Some(name) = path.to_str().and_then(|path| path.strip_suffix(".in.hcl")) else { continue };
        let source = std::fs::read_to_string(&path).expect("a source");
        let expected = std::fs::read_to_string(format!("{name}.out.hcl")).expect("what it becomes");
        assert_eq!(format(&source), expected, "{}", path.display());
        assert_eq!(format(&expected), expected, "{} twice", path.display());
        count += 1;
    }
    assert!(count >= 20, "only {count} pairs are left");
}

#[test]
fn our_own_plans_are_in_the_canonical_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/quickstart/releases");
    for entry in std::fs::read_dir(folder).expect("plans") {
        let path = entry.expect("an entry").path();
        let source = std::fs::read_to_string(&path).expect("a source");
        assert_eq!(format(&source), source, "{}", path.display());
    }
}
