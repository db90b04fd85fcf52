//! What a command must not say: secrets, orders to the runner of a workflow, characters that deceive, a fault.

use crate::pulls::canary::Canaries;
use crate::pulls::verb::Verb;
use crate::pulls::watch::{PRINTED, Seen};

/// The exit codes that a plan, a validation or a formatting may end with: done, error, changes, usage, ledger.
const EXITS: [i32; 5] = [0, 1, 2, 3, 11];

/// The properties of an annotation of relplan's own.
const PROPERTIES: [&str; 5] = ["file", "line", "col", "endLine", "title"];

/// Every promise that the output breaks, as `[kind] what`.
pub(super) fn output(verb: Verb, canaries: &Canaries, seen: &Seen) -> Vec<String> {
    let said = seen.said();
    let text = String::from_utf8_lossy(&said);
    let mut found: Vec<String> =
        canaries.told(&said).into_iter().map(|what| format!("[secret] it says {what}")).collect();
    found.extend(orders(&String::from_utf8_lossy(&seen.stdout), false));
    found.extend(orders(&String::from_utf8_lossy(&seen.stderr), true));
    if let Some(c) = text.chars().find(|c| deceives(*c)) {
        let line = text.lines().find(|line| line.contains(c)).unwrap_or_default();
        found.push(format!(
            "[characters] it prints {c:?}, as in {:?}",
            line.chars().take(120).collect::<String>()
        ));
    }
    if text.contains("panicked at")
        || text.contains("this is an error in relplan")
        || text.contains("RUST_BACKTRACE")
    {
        found.push(format!("[fault] {}", text.chars().take(300).collect::<String>()));
    }
    if said.len() as u64 > PRINTED {
        found.push(format!("[size] it prints {} bytes and more", said.len()));
    }
    if text.contains("could not be written into the pull request") {
        found.push("[review] the stand-in does not get the comment, so that none is judged".to_owned());
    }
    found.extend(ending(verb, seen, text.trim().is_empty()));
    found
}

/// The same for a comment in a pull request.
pub(super) fn comment(canaries: &Canaries, text: &str) -> Vec<String> {
    let told =
        canaries.told(text.as_bytes()).into_iter().map(|what| format!("[secret] the comment says {what}"));
    let deceptive = text.chars().find(|c| deceives(*c));
    told.chain(deceptive.map(|c| format!("[characters] the comment has {c:?}"))).collect()
}

fn ending(verb: Verb, seen: &Seen, silent: bool) -> Option<String> {
    if seen.ended {
        return None;
    }
    let Some(code) = seen.status.code() else { return Some(format!("[exit] it ends with {}", seen.status)) };
    if !EXITS.contains(&code) {
        return Some(format!("[exit] it ends with {code}"));
    }
    if code != 0 && silent {
        return Some(format!("[exit] it ends with {code} and does not say why"));
    }
    let json = verb == Verb::Json && !seen.stdout.is_empty();
    let lines = || seen.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let valid = !json || lines().all(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok());
    (!valid).then(|| "[exit] what it prints is no JSON".to_owned())
}

/// Lines that GitHub's runner takes for orders. It ends lines at each CR and LF. Annotations are orders too: relplan gives
/// them, on standard error, in one form only.
fn orders(text: &str, annotations: bool) -> Vec<String> {
    let lines = text.split(['\r', '\n']);
    let orders = lines.filter(|line| is_order(line) && !(annotations && is_annotation(line)));
    orders.take(2).map(|line| format!("[runner] {:?}", line.chars().take(120).collect::<String>())).collect()
}

/// `::NAME PROPERTIES::TEXT` behind any spaces, where NAME may be the token of a `stop-commands`; and `##[` anywhere.
fn is_order(line: &str) -> bool {
    let named = line.trim_start().strip_prefix("::").and_then(|rest| rest.split_once("::")).is_some_and(
        |(name, _)| {
            let name = name.split(' ').next().unwrap_or_default();
            !name.is_empty() && !name.contains(':')
        },
    );
    named || line.contains("##[")
}

/// `::error file=F,line=L,col=C,endLine=E,title=T::MESSAGE`
fn is_annotation(line: &str) -> bool {
    let rest = line.strip_prefix("::error ").or_else(|| line.strip_prefix("::warning "));
    let Some((properties, _)) = rest.and_then(|rest| rest.split_once("::")) else { return false };
    let named = |property: &str| property.split_once('=').is_some_and(|(name, _)| PROPERTIES.contains(&name));
    properties.split(',').all(named)
}

/// What moves the cursor, hides, or turns the direction of reading around.
fn deceives(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_to_the_runner_are_seen_and_annotations_are_none() {
        for order in [
            "::stop-commands::x",
            "a\r::error::x",
            "\u{a0} ::add-mask::x",
            "a ##[error]x",
            "::error file=a,x=y::",
        ] {
            assert_eq!(orders(order, true).len(), 1, "{order}");
        }
        // What the runner does not know, and how a diagnostic shows a second file.
        for text in [" ::: a.hcl:1:2", "::::", "a ::error::b", "::error"] {
            assert_eq!(orders(text, false), [] as [String; 0], "{text}");
        }
        let own = "::error file=a.hcl,line=1,col=2,endLine=1,title=Bad::why::not\nplain :: text";
        assert_eq!(orders(own, true), [] as [String; 0]);
        assert_eq!(orders(own, false).len(), 1, "not on standard output");
    }
}
