//! Bad release files and what is said of them: each `tests/ui/NAME.hcl` or folder `tests/ui/NAME/` has its expected
//! diagnostics beside it in `NAME.stderr`. `SNAPSHOTS=overwrite` writes them anew.
//!
//! A case goes through the stages parse, lower and check. A stage that comes later, such as evaluating, is added to
//! [`STAGES`]; each gets what the one before made.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use relplan::diag::Diagnostics;
use relplan::diag::render::{self, Style};
use relplan::lang::config::Config;
use relplan::lang::lower::{self, Entry, Files};
use relplan::lang::vars;
use relplan::source::Sources;

mod evaluate;

/// What is done with a configuration that could be loaded.
type Stage = fn(&Config) -> Diagnostics;

/// The stages behind loading, in their order; the first with an error ends the case.
const STAGES: &[Stage] = &[evaluate::root_module];

/// The files under `tests/ui`.
struct Folder(PathBuf);

impl Files for Folder {
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let entries = fs::read_dir(self.0.join(folder)).map_err(|_| "it does not exist".to_owned())?;
        Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(self.0.join(path)).map_err(|_| "it does not exist".to_owned())
    }
}

/// The rendered diagnostics of a case: `NAME.hcl`, `NAME.vars.hcl` or a folder.
fn run(root: &Path, case: &str) -> String {
    let mut sources = Sources::default();
    let files = Folder(root.to_owned());
    if case.ends_with(".vars.hcl") {
        let bytes = files.read(case).expect("a case is a file");
        let diagnostics = vars::variables(&mut sources, case, &bytes).err().unwrap_or_default();
        return render::text(&diagnostics, &sources, Style::PLAIN);
    }
    let entry = if root.join(case).is_file() {
        Entry { folder: String::new(), file: Some(case.to_owned()), name: "ui".to_owned() }
    } else {
        Entry { folder: case.to_owned(), file: None, name: case.to_owned() }
    };
    let diagnostics = match lower::load(&mut sources, &files, &entry) {
        Err(diagnostics) => diagnostics,
        Ok((config, mut diagnostics)) => {
            for stage in STAGES {
                diagnostics.extend(stage(&config));
                if diagnostics.has_errors() {
                    break;
                }
            }
            diagnostics
        }
    };
    render::text(&diagnostics, &sources, Style::PLAIN)
}

#[test]
fn bad_files_get_the_expected_diagnostics() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let entries = fs::read_dir(&root).expect("tests/ui is there").flatten();
    let names: BTreeSet<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let cases: Vec<&String> = names.iter().filter(|name| !name.ends_with(".stderr")).collect();
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite");
    let mut wrong = Vec::new();
    for case in &cases {
        let actual = run(&root, case);
        let stem = case.strip_suffix(".hcl").unwrap_or(case);
        let expected_path = root.join(format!("{stem}.stderr"));
        assert!(!actual.is_empty(), "{case}: nothing is wrong with it");
        if overwrite {
            fs::write(&expected_path, &actual).expect("tests/ui can be written to");
            continue;
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        if actual != expected {
            wrong.push(format!("== {case}\n-- expected\n{expected}-- actual\n{actual}"));
        }
    }
    if overwrite {
        return;
    }
    assert!(wrong.is_empty(), "{}\n(SNAPSHOTS=overwrite writes them anew)", wrong.join("\n"));
    assert!(cases.len() >= 50, "only {} cases", cases.len());
    let stderr = names.iter().filter(|name| name.ends_with(".stderr")).count();
    assert_eq!(stderr, cases.len(), "a .stderr file without its case");
}
