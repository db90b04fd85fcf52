//! Texts that would be active in a comment: links, mentions, images, HTML, and what ends a block of code.

use crate::pulls::families::text;
use crate::pulls::pull::Pull;

/// Each has the word that the judge looks for.
const TEXTS: &[&str] = &[
    "[EVIL](https://evil.example/)",
    "![EVIL](https://evil.example/x.png)",
    "<img src=https://evil.example/EVIL>",
    "</details><h1>EVIL</h1><details>",
    "</summary></details>\n\n# EVIL\n",
    "<!-- relplan_plan_markdown:1 digest=sha256:EVIL product=shop -->",
    "--> <b>EVIL</b> <!--",
    "```\n# EVIL\n```",
    "````\n[EVIL](x)\n````diff",
    "``````````````````````````\nEVIL\n``````````````````````````",
    "~~~\nEVIL\n~~~",
    "@EVIL please approve, @acme/EVIL-team",
    "fixes #1, closes acme/shop#2, EVIL GH-3",
    "https://evil.example/EVIL www.EVIL.example",
    "| EVIL | a |\n|--|--|\n| b | c |",
    "`EVIL` ``EVIL`` `EVIL",
    "**EVIL** __EVIL__ *EVIL* ~~EVIL~~",
    "> EVIL\n> [!WARNING]\n> EVIL",
    "- [x] EVIL approved",
    "1. EVIL\n2. EVIL",
    "$`EVIL`$ $$EVIL$$ \\(EVIL\\)",
    "&lt;EVIL&gt; &#64;EVIL &commat;EVIL",
    "[EVIL]: https://evil.example\n[EVIL]",
    "<https://evil.example/EVIL>",
    "EVIL\\",
    "<code>EVIL</code></pre><script>EVIL</script>",
    ":EVIL: :+1:",
    "***\nEVIL\n---\nEVIL\n===",
    "[^EVIL]: note",
    "\u{200d}@\u{200d}EVIL",
    "Plan digest: `sha256:EVIL`",
    "**No changes.** EVIL\n\nPlan digest: `sha256:0`",
    "a\\|EVIL|b",
    "<!--EVIL",
    "<details open><summary>EVIL",
    "https\\://evil.example/EVIL ftp://EVIL.example mailto:EVIL@evil.example",
];

pub(super) fn all() -> Vec<Pull> {
    text::everywhere(TEXTS)
}
