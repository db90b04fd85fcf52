//! Every release definition under `plans/` is valid.

use std::path::Path;
use std::process::Command;

#[test]
fn every_plan_is_valid() {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
    let mut count = 0;
    for plan in std::fs::read_dir(plans).expect("plans") {
        let releases = plan.expect("a plan").path().join("releases");
        for release in std::fs::read_dir(&releases).expect("releases") {
            let path = release.expect("a release").path();
            let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
                .arg("validate")
                .arg(&path)
                .output()
                .expect("relplan");
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{}:\n{text}", path.display());
            count += 1;
        }
    }
    assert!(count >= 3, "the plans are gone");
}
