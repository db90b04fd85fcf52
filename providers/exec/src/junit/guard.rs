//! What a reader of XML must not be given: characters that are none, and documents that would take it minutes.

/// The most attributes of one element. The reader compares each with all others, and takes minutes for ten thousands.
const MOST_ATTRIBUTES: usize = 1_000;

/// The most namespaces. Each element gets those of all around it.
const MOST_NAMESPACES: usize = 5_000;

/// The text as it can be read; the error is a clause.
pub(super) fn checked(text: &str) -> Result<String, String> {
    let text = without_illegal(text.trim_start_matches('\u{feff}').trim_start());
    if most_attributes(&text) > MOST_ATTRIBUTES {
        return Err(format!("an element has more than {MOST_ATTRIBUTES} attributes"));
    }
    if text.matches("xmlns").count() > MOST_NAMESPACES {
        return Err(format!("it names more than {MOST_NAMESPACES} namespaces"));
    }
    Ok(text)
}

/// The number of attributes of the element that has most: signs of equality outside of values.
fn most_attributes(text: &str) -> usize {
    let mut most = 0;
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('<') {
        let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")].iter().find_map(|(open, close)| {
            let inside = behind.strip_prefix(open)?;
            Some(inside.split_once(close).map_or("", |(_, after)| after))
        });
        if let Some(after) = skipped {
            rest = after;
            continue;
        }
        let (mut count, mut quote, mut length) = (0, None, behind.len());
        for (at, byte) in behind.bytes().enumerate() {
            match (quote, byte) {
                (None, b'>') => {
                    length = at;
                    break;
                }
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (None, b'=') => count += 1,
                _ => {}
            }
        }
        most = most.max(count);
        rest = behind.get(length..).unwrap_or_default();
    }
    most
}

/// The text without the characters that XML has no place for, as they are or as references such as `&#27;`. Many
/// tools write them: colours in the output of a test are no reason to lose its verdict.
pub(super) fn without_illegal(text: &str) -> String {
    let mut legal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("&#") {
        let (before, reference) = rest.split_at(start);
        legal.extend(before.chars().map(legal_or_replaced));
        let end = reference.bytes().take(12).position(|byte| byte == b';').map_or(2, |end| end + 1);
        let (reference, after) = reference.split_at(end);
        let number = reference.trim_start_matches("&#").trim_end_matches(';');
        let number = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        let meant = number.ok().and_then(char::from_u32);
        legal.push_str(if meant.is_some_and(is_legal) { reference } else { "\u{fffd}" });
        rest = after;
    }
    legal.extend(rest.chars().map(legal_or_replaced));
    legal
}

const fn legal_or_replaced(c: char) -> char {
    if is_legal(c) { c } else { '\u{fffd}' }
}

const fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}
