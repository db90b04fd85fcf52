//! Orders to the runner of a workflow, in whatever comes out of a command.

use crate::pulls::families::text;
use crate::pulls::pull::Pull;

const TEXTS: &[&str] = &[
    "::set-output name=digest::EVIL",
    "::add-mask::a",
    "::stop-commands::EVIL",
    "::error file=v1.0.hcl,line=1,title=EVIL::Approved",
    "::warning::EVIL",
    "::notice title=EVIL::all is well",
    "::group::EVIL",
    "::endgroup::",
    "::debug::EVIL",
    "::save-state name=x::EVIL",
    "::add-path::/tmp/EVIL",
    "::set-env name=PATH::EVIL",
    "::echo::on",
    "::add-matcher::EVIL.json",
    "::remove-matcher owner=x::",
    "::internal-set-repo-path x=y::EVIL",
    "##[error]EVIL",
    "##[group]EVIL",
    "a ##[add-mask]b",
    "##[set-output name=x;]EVIL",
    "##[command]EVIL",
    "\t \u{a0}::set-output name=x::EVIL",
    "\u{3000}::error::EVIL",
    "\u{85}::error::EVIL",
    "\u{feff}::error::EVIL",
    "x\r::set-output name=x::EVIL",
    "x\n::set-output name=x::EVIL\n::stop-commands::y",
    "x\u{2028}::error::EVIL",
    "x\u{b}::error::EVIL",
    "x\u{c}::error::EVIL",
    "x\u{1b}[1G::error::EVIL",
    "%0A::error::EVIL",
    "%250A::error::EVIL",
    "EVIL%0D%0A::add-mask::x",
    "a,title=EVIL::b",
    "title=a::error::EVIL",
    "::EVIL::",
    "::::",
    "vso ##vso[task.setvariable variable=x]EVIL",
];

pub(super) fn all() -> Vec<Pull> {
    let mut all = text::everywhere(TEXTS);
    // Names of files are shown in errors and annotations.
    for name in [
        "::error::EVIL.hcl",
        "a\n::set-output name=x::EVIL.hcl",
        "##[error]EVIL.hcl",
        "a,line=1::EVIL.hcl",
        "%0A::error::.hcl",
        "a\r::error::.hcl",
    ] {
        let pull = Pull::new(format!("a file {name:?}"))
            .file(format!("releases/{name}"), "output \"o\" {\n  value = nothing\n}\n");
        all.push(pull.clone().named(format!("releases/{name}")));
        all.push(pull.named("releases"));
    }
    let variables = "variable \"v\" {\n  type = number\n  default = 1\n}\n";
    for name in
        ["::error::EVIL.auto.vars.hcl", "a\n::add-mask::EVIL.auto.vars.hcl", "##[error]EVIL.auto.vars.hcl"]
    {
        all.push(
            Pull::new(format!("variables {name:?}"))
                .blocks(variables)
                .file(format!("releases/{name}"), "v = nothing\n"),
        );
    }
    for folder in ["::error::EVIL", "x\n::error::EVIL", "##[error]EVIL"] {
        let quoted = folder.replace('\n', "\\n");
        all.push(
            Pull::new(format!("a module {folder:?}"))
                .blocks(format!("module \"m\" {{\n  source = \"./{quoted}\"\n}}\n"))
                .file(format!("releases/{folder}/main.hcl"), "output \"o\" {\n  value = nothing\n}\n"),
        );
    }
    all
}
