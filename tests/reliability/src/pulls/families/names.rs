//! Characters that move the cursor, hide text or turn the direction of reading around, and names that look like others.

use crate::pulls::families::text;
use crate::pulls::pull::Pull;

const TEXTS: &[&str] = &[
    "a\u{202e}lch.v\u{202c}b",
    "\u{2066}a\u{2069}\u{2067}b",
    "a\u{200b}b\u{200d}c\u{2060}d",
    "\u{feff}a",
    "\u{1b}[2J\u{1b}[1;1HNo changes.",
    "\u{1b}]0;EVIL\u{7}",
    "\u{1b}]8;;http://evil.example\u{1b}\\EVIL\u{1b}]8;;\u{1b}\\",
    "\u{1b}[8mEVIL\u{1b}[0m",
    "a\u{8}\u{8}\u{8}b",
    "a\rb",
    "a\u{7f}b\u{9b}31mc",
    "a\u{85}b\u{2028}c\u{2029}d",
    "\u{e0041}\u{e0042}",
    "a\u{ad}b\u{61c}c\u{180e}d",
    "\u{0}",
    "a\u{0}b",
    "\u{ffff}\u{fffe}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}",
    "аdmin \u{430}",
    "\u{fff9}a\u{fffa}b\u{fffb}",
    "\u{1f1e9}\u{1f1ea}\u{1f468}\u{200d}\u{1f469}",
    "\u{202a}\u{202b}\u{202c}\u{202d}",
    "\u{3164}\u{115f}\u{2800}",
];

/// Names of files and folders.
const FILES: &[&str] = &[
    "a\u{202e}lch.hcl",
    "a\nb.hcl",
    "a\u{1b}[2Jb.hcl",
    "a b\tc.hcl",
    "-recursive.hcl",
    "--help.hcl",
    "a\"b'c.hcl",
    "a`b$(touch x).hcl",
    "\u{200b}.hcl",
    "a%s%n.hcl",
    "a\u{7}.hcl",
    "ü\u{308}.hcl",
    "a\\u202eb.hcl",
];

pub(super) fn all() -> Vec<Pull> {
    let mut all = text::everywhere(TEXTS);
    for name in FILES {
        let pull = Pull::new(format!("a file {name:?}"))
            .file(format!("new/{name}"), "output \"o\" {\n    value = nothing\n}\n");
        all.push(pull.clone().named(format!("new/{name}")));
        all.push(pull.named("new"));
    }
    // No UTF-8.
    for bytes in [
        &b"\xff\xfeo\0u\0t\0"[..],
        b"output \"o\" {\n  value = \"\xc3\x28\xa0\xa1\"\n}\n",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbfoutput \"o\" {\n  value = 1\n}\n",
    ] {
        all.push(Pull::new(format!("bytes {bytes:?}")).file("releases/pr.hcl", bytes));
    }
    all
}
