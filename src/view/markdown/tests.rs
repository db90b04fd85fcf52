#![allow(
    clippy::needless_raw_string_hashes,
    clippy::too_many_lines,
    reason = "snapshots are written by snapbox"
)]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use relplan_contract::{Lifetime, Value};
use snapbox::{IntoData, assert_data_eq, str};

use super::{LIMIT, plan, plan_within, topic};
use crate::plan::{Action, Caution, CautionKind, Plan, Reason};
use crate::view::samples;

fn shown(of: &Plan) -> String {
    plan(of, &samples::digest())
}

#[test]
fn a_plan_with_one_of_each() {
    assert_data_eq!(shown(&samples::plan()), str![[r#"
<!-- relplan_plan_markdown:1 digest=sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525 product=shop version=1.2.0 mode=apply config=sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910 state=sha256:4ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e lineage=0123456789abcdef -->
### Plan: release `shop` `1.2.0`

**Cautions**

- **would stop** `github_merged.all`: The run would stop here: 2 pull requests open.
- **destructive** `exec_deployment.old`: It is destroyed.
- **partial**: Only a part is planned (-target).

**Plan: 2 to add, 1 to change, 2 to destroy.** 1 check to run. 1 to let go. 4 objects unchanged.

| # | Action | Object | Why | Undo |
|--:|---|---|---|---|
| 1 | create | `git_tag.app` (record of 1.2.0) | not made yet for version 1.2.0<br>Commit 3f2a1c9 "Fix the cart" by Ann, 12 ahead of v1.1.0.<br>Signed by nobody. | delete the tag by hand |
| 2 | judge | `github_merged.all` | never made<br>**would stop here: 2 pull requests open.** | – |
| 3 | update | `exec_deployment.production` (1.1.0 -&gt; 1.2.0) | input changed: version | deploy 1.1.0 again |
| 4 | replace | `sqlite_database.über["a \"b\""]` | cannot be changed in place: path | – |
| 5 | destroy | `exec_deployment.old` | no longer in the file | – |
| 6 | forget | `module.shop["eu"].exec_deployment.legacy` | a removed block names it | import it again |
| 7 | read | `data.git_ref.head` | its arguments are known only during apply | – |

<details><summary>create <code>git_tag.app</code></summary>

```diff
+ commit  = "3f2a1c9d"
+ id      = (known after apply)
+ message = <<-EOT
    Release 1.2.0
    
    The cart is quicker.
  EOT
+ name    = "v1.2.0"
```

</details>

<details><summary>judge <code>github_merged.all</code></summary>

```diff
+ label = "1.2.0"
+ open  = (known after apply)
```

</details>

<details><summary>update <code>exec_deployment.production</code></summary>

```diff
  id      = "production"
! version = "1.1.0" -> "1.2.0"
  # (2 unchanged attributes hidden)
```

</details>

<details><summary>replace <code>sqlite_database.über[&quot;a \&quot;b\&quot;&quot;]</code></summary>

```diff
! id   = "db-1" -> (known after apply)
! path = "shop.db" -> "cart.db" # forces replacement
```

</details>

<details><summary>destroy <code>exec_deployment.old</code></summary>

```diff
- id       = "old" -> null
- password = (sensitive value) -> null
```

</details>

<details><summary>read <code>data.git_ref.head</code></summary>

```diff
+ commit = (known after apply)
+ ref    = (known after apply)
```

</details>

<details><summary>changed outside of relplan: <code>exec_deployment.production</code></summary>

```diff
  id       = "production"
! replicas = 3 -> 2
```

</details>

<details><summary>deleted outside of relplan: <code>git_tag.app</code></summary>

```diff
- name = "v1.1.0" -> null
```

</details>

<details><summary>changes to outputs</summary>

```diff
+ password = (sensitive value)
! url      = "a" -> (known after apply)
```

</details>

Plan digest: `sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525`

"#]].raw());
}

#[test]
fn a_plan_without_changes() {
    assert_data_eq!(shown(&samples::empty()), str![[r#"
<!-- relplan_plan_markdown:1 digest=sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525 product=shop version=1.2.0 mode=apply config=sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910 state=sha256:4ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e lineage=0123456789abcdef -->
### Plan: release `shop` `1.2.0`

**No changes.** 4 objects unchanged.

Plan digest: `sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525`

"#]].raw());
}

#[test]
fn what_does_not_fit_goes_in_a_fixed_order() {
    let plan = samples::plan();
    let stage = |limit: usize| {
        let text = plan_within(&plan, &samples::digest(), limit);
        assert!(text.len() <= limit, "{} bytes do not fit in {limit}", text.len());
        let has = |part: &str| text.contains(part);
        match () {
            () if has("unchanged attribute") => "whole",
            () if has("3f2a1c9d") => "terse",
            () if has("! version") => "without the largest diff",
            () if has("| # |") => "without diffs",
            () if has("| Block |") => "folded table",
            () if has("destructive") => "summary",
            () if has("more caution") => "summary with fewer cautions",
            () => "too short",
        }
    };
    let mut stages: Vec<&str> = (800..=shown(&plan).len()).rev().map(stage).collect();
    stages.dedup();
    let expected = [
        "whole",
        "terse",
        "without the largest diff",
        "without diffs",
        "folded table",
        "summary",
        "summary with fewer cautions",
    ];
    assert_eq!(stages, expected);
}

#[test]
fn an_output_that_is_too_long_goes_alone_and_is_named() {
    let output = |name: &str, after: String| crate::plan::OutputChange {
        name: name.into(),
        before: Value::NULL,
        after: after.into(),
    };
    let of = Plan {
        outputs: vec![
            output("before", "kept".to_owned()),
            output("big\n`x`", "line\n".repeat(50_000)),
            output("url", "https://shop.example".to_owned()),
        ],
        ..samples::plan()
    };
    let text = shown(&of);
    assert!(text.len() <= LIMIT);
    assert!(text.contains("+ before") && text.contains("\"kept\"") && text.contains("https://shop.example"));
    assert!(text.contains("  # \"big\\n`x`\": left out, 350028 bytes"), "{text}");
    assert!(text.contains("_The output `` big\\n`x` `` (350028 "), "{text}");
    assert!(
        text.contains("bytes) is left out: too long for a comment. `relplan plan` shows all._"),
        "{text}"
    );
    // The changes were not too long.
    assert!(text.contains("Release 1.2.0"), "{text}");
    // Many of them go one by one.
    let many = (0..40).map(|number| output(&format!("o{number:02}"), "line\n".repeat(1_000 + number)));
    let text = shown(&Plan { outputs: many.collect(), ..samples::plan() });
    let left_out = text.matches(": left out, ").count();
    assert!(
        text.len() <= LIMIT && text.len() > LIMIT * 3 / 4 && left_out > 20 && left_out < 40,
        "{left_out}"
    );
    assert!(text.contains("`o39` (") && !text.contains("# o00: left out"), "the largest go first");
}

#[test]
fn ten_thousand_changes_fold_within_the_limit_in_time() {
    let plan = samples::large(10_000);
    let start = Instant::now();
    let text = shown(&plan);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(text.len() <= LIMIT && text.contains("| create | `git_tag.app` | 10000 |"), "{text}");
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "`",
        "```",
        "|",
        "-->",
        "<!--",
        "<img src=x>",
        "</details>",
        "@ann",
        "#1",
        "\n",
        "\u{202e}",
        "\u{1b}[2J",
        "[x](y)",
        "https://e.example",
        "\\",
        "~",
        "&lt;",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn hostile_text_stays_inside_its_place(text in hostile(), limit in 1_500_usize..4_000) {
        let mut plan = samples::empty();
        let mut change = samples::change("git_tag.a", Lifetime::Record, Action::Create, Reason::NeverMade);
        change.key.version = Some(text.as_str().into());
        change.key.address.key = Some(crate::addr::Key::Name(text.as_str().into()));
        change.after = Value::map([("message", Value::from(text.as_str())), ("token", samples::secret())]);
        change.notes.push(text.clone());
        change.undo.clone_from(&text);
        plan.version = text.as_str().into();
        plan.cautions.push(Caution { kind: CautionKind::Drift, key: Some(change.key.clone()), text });
        plan.changes.push(change);

        let shown = plan_within(&plan, &samples::digest(), limit);
        prop_assert!(shown.len() <= limit);
        prop_assert!(!shown.contains(samples::SECRET));
        prop_assert!(!shown.chars().any(|c| c != '\n' && crate::addr::is_deceptive(c)));
        let header = shown.lines().next().unwrap_or_default();
        prop_assert_eq!(header.find("-->"), Some(header.len() - 3), "{}", header);
        let outside = outside_of_code(shown.split_once('\n').map_or("", |(_, rest)| rest));
        prop_assert!(!outside.contains(['@', '#', '[']), "{}", outside);
        prop_assert!(!outside.contains("<img") && !outside.contains("<!--") && !outside.contains("://"), "{}", outside);
        for row in shown.lines().filter(|line| line.starts_with("| 1 |")) {
            prop_assert_eq!(row.replace("\\\\", "").replace("\\|", "").matches('|').count(), 6, "{}", row);
        }
    }
}

/// The text without code: fenced blocks and spans, as a reader of Markdown finds them, without the table's head
/// and the title's mark.
fn outside_of_code(text: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        if let Some(open) = &fence {
            if line.trim_end() == open {
                fence = None;
            }
        } else if ticks.len() >= 3 && line.get(ticks.len()..).is_some_and(|rest| !rest.contains('`')) {
            fence = Some(ticks);
        } else if !line.starts_with("| # |") {
            out.push_str(&without_spans(line.trim_start_matches("### ")));
            out.push('\n');
        }
    }
    out
}

fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(['`', '\\', '<']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        if let Some(escaped) = rest.strip_prefix('\\') {
            rest = escaped.get(1..).unwrap_or_default();
        } else if rest.starts_with("<code>") {
            rest = rest.find("</code>").map_or("", |end| &rest[end..]);
        } else if rest.starts_with('<') {
            out.push('<');
            rest = &rest[1..];
        } else {
            let ticks = rest.len() - rest.trim_start_matches('`').len();
            let delimiter = &rest[..ticks];
            let inside = &rest[ticks..];
            let mut pieces = inside
                .match_indices(delimiter)
                .filter(|(at, _)| !inside[at + ticks..].starts_with('`') && !inside[..*at].ends_with('`'));
            rest = pieces.next().map_or("UNCLOSED [", |(at, _)| &inside[at + ticks..]);
        }
    }
    out + rest
}

/// What names a release may have, such that reviewers or programs would not tell some of them apart.
const ODD: [&str; 16] = [
    "shop",
    "Shop",
    "my shop",
    "my-shop",
    "my--shop",
    "my  shop",
    "käse",
    "ka\u{308}se",
    "kase",
    "🚀",
    "shop -->",
    "\"shop\"",
    "shop\nversion=1.2.0",
    "-shop-",
    "shop version=1.2.0 ",
    "",
];

#[test]
fn a_plan_is_found_again_by_its_release_and_by_no_other() {
    let long = |end: &str| format!("{}{end}", "long ".repeat(100));
    let products: Vec<String> =
        ODD.iter().map(|name| (*name).to_owned()).chain([long("a"), long("b")]).collect();
    let releases: Vec<(&str, &str)> = products
        .iter()
        .flat_map(|product| ["1.2.0", "1.2.0-rc.1", "1.2", ""].map(|version| (&**product, version)))
        .collect();
    for (product, version) in &releases {
        let of = Plan { product: (*product).into(), version: (*version).into(), ..samples::plan() };
        let text = shown(&of);
        let first = text.lines().next().expect("a line");
        assert!(first.starts_with("<!-- relplan_") && first.ends_with(" -->"), "{first}");
        assert_eq!(first.matches("--").count(), 2, "{first}");
        assert_eq!(first.matches("digest=").count(), 1, "{first}");
        let found: Vec<_> =
            releases.iter().filter(|(product, version)| first.contains(&topic(product, version))).collect();
        assert_eq!(found, [&(*product, *version)], "{first}");
    }
}
