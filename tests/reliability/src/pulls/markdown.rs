//! What a plan in Markdown must not contain outside of code: anything that GitHub would make active. Hostile texts have
//! the word [`EVIL`] in them.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The word in hostile texts by which they are found in a form that they must not have.
pub(super) const EVIL: &str = "EVIL";

/// Tags that relplan itself writes.
const TAGS: [&str; 8] =
    ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>", "<br>", "</br>"];

/// Every promise that a plan in Markdown breaks, as `[kind] what`.
pub(super) fn plan(text: &str) -> Vec<String> {
    let mut found = header(text);
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    found.extend(active(rest));
    if text.len() > 65_536 {
        found.push(format!("[markdown] {} bytes are too many for a comment", text.len()));
    }
    found
}

/// The first line is what programs find a plan by: nobody's text may add words to it, or make another one.
fn header(text: &str) -> Vec<String> {
    let first = text.lines().next().unwrap_or_default();
    let Some(inside) =
        first.strip_prefix("<!-- relplan_plan_markdown:").and_then(|rest| rest.strip_suffix(" -->"))
    else {
        return vec![format!("[markdown] it begins with {first:?}")];
    };
    let once = |word: &str| inside.matches(word).count() == 1;
    let mut found = Vec::new();
    if inside.contains("--") || !["digest=", "product=", "version=", "mode="].into_iter().all(once) {
        found.push(format!("[markdown] its header is broken: {first:?}"));
    }
    let told = inside.split(' ').find_map(|word| word.strip_prefix("digest=")).unwrap_or_default();
    // The last such line is relplan's: nothing of a file's comes behind the diffs.
    let last = text.lines().rfind(|line| line.starts_with("Plan digest:")).unwrap_or_default();
    if last != format!("Plan digest: `{told}`") {
        found.push("[markdown] its header has another digest than its end".to_owned());
    }
    found
}

fn active(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside: Vec<&'static str> = Vec::new();
    let mut in_code = false;
    let mut html = String::new();
    for event in
        Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM)
    {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                found.push(format!("[markdown] a link or image to {dest_url}"));
            }
            Event::Start(tag) => inside.push(form(&tag)),
            Event::End(TagEnd::Link | TagEnd::Image) => {}
            Event::End(_) => drop(inside.pop()),
            Event::Html(text) | Event::InlineHtml(text) => html.push_str(&text),
            Event::Text(text) if !in_code => {
                let html_code = html.matches("<code>").count() > html.matches("</code>").count();
                if !html_code {
                    found.extend(mentions(&text));
                }
                let formed = inside.iter().find(|form| !form.is_empty());
                if let Some(form) = formed.filter(|_| text.contains(EVIL)) {
                    found.push(format!("[markdown] a hostile text is {form}: {text:?}"));
                }
            }
            Event::FootnoteReference(_) | Event::TaskListMarker(_) | Event::Rule => {
                found.push("[markdown] a rule, footnote or check box".to_owned());
            }
            _ => {}
        }
    }
    found.extend(tags(&html));
    found
}

/// What relplan never makes of a hostile text.
fn form(tag: &Tag<'_>) -> &'static str {
    match tag {
        Tag::Heading { .. } => "a heading",
        Tag::Emphasis | Tag::Strikethrough => "emphasised",
        Tag::BlockQuote(_) => "a quotation",
        Tag::FootnoteDefinition(_) => "a footnote",
        _ => "",
    }
}

/// What remains of HTML without relplan's own tags must be no HTML, and nobody is mentioned in it outside of code.
fn tags(html: &str) -> Vec<String> {
    let mut rest = html.to_owned();
    while let Some((before, code)) = rest.split_once("<code>") {
        let behind = code.split_once("</code>").map_or("", |(_, behind)| behind);
        let within = code.split_once("</code>").map_or(code, |(within, _)| within);
        // Within code only tags count.
        let tags: String = within.chars().filter(|c| matches!(c, '<' | '>')).collect();
        rest = format!("{before}{tags}{behind}");
    }
    let plain = TAGS.iter().fold(rest, |text, tag| text.replace(tag, " "));
    let mut found = mentions(&plain);
    if plain.contains('<') {
        let at = plain.find('<').unwrap_or_default();
        found.push(format!(
            "[markdown] HTML: {:?}",
            plain.get(at..).unwrap_or_default().chars().take(80).collect::<String>()
        ));
    }
    found
}

/// What GitHub looks for in text that is no code: people, issues, addresses.
fn mentions(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let after = |mark: char, wanted: fn(char) -> bool| {
        text.match_indices(mark).any(|(at, _)| text.get(at + 1..).unwrap_or_default().starts_with(wanted))
    };
    let active = after('@', |c| c.is_ascii_alphanumeric())
        || after('#', |c| c.is_ascii_digit())
        || ["http://", "https://", "www.", "mailto:"].iter().any(|word| lower.contains(word));
    if active {
        vec![format!("[markdown] {:?} is active", text.chars().take(80).collect::<String>())]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_github_makes_active_is_found() {
        for text in [
            "see @EVIL",
            "fixes #12",
            "https://evil.example",
            "[EVIL](x)",
            "![EVIL](x)",
            "<img src=x>",
            "# EVIL",
            "*EVIL*",
            "> EVIL",
            "<details><summary>@EVIL</summary>",
            "<details><summary><code><b>EVIL</b></code></summary>",
            "| a |\n|--|\n| <i> |",
            "***",
        ] {
            assert!(!active(text).is_empty(), "{text}");
        }
        for text in [
            "`@EVIL #12 https://evil.example <b>`",
            "```diff\n# EVIL <b> @EVIL\n```",
            "**create** `a`",
            "a &lt;b&gt;",
            "<details><summary>create <code>x[&lt;@EVIL&gt;]</code></summary>\n\n```diff\nx\n```\n\n</details>",
        ] {
            assert_eq!(active(text), [] as [String; 0], "{text}");
        }
        let digest = "sha256:1";
        let good = format!(
            "<!-- relplan_plan_markdown:1 digest={digest} product=a version=1 mode=apply -->\n\nPlan digest: `{digest}`\n"
        );
        assert_eq!(plan(&good), [] as [String; 0]);
        assert!(!plan(&good.replace("product=a", "product=a digest=b")).is_empty());
        assert!(!plan(&format!("x\n{good}")).is_empty());
    }
}
