//! Text that came from outside as bytes: in which characters they are written is told, seen, or not known.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far into a text its own word about its characters is looked for, in bytes.
const PROLOGUE: usize = 1_024;

/// A text, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'b> {
    /// The text, without a byte order mark.
    pub text: Cow<'b, str>,
    /// Whether what could not be read was replaced by U+FFFD.
    pub lossy: bool,
    /// Whether somebody told in which characters it is: the caller, a byte order mark or the text itself.
    pub told: bool,
}

/// A name of characters that is not known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("characters of the kind {0:.40?} are not known")]
pub struct UnknownCharset(pub String);

impl<'b> Text<'b> {
    /// Decodes what is told to be in a charset, or is not told.
    ///
    /// A byte order mark is heeded before every word, since nothing else begins so. UTF-16 without one is seen by its
    /// zeros: JSON and XML begin with characters of ASCII. What is neither told nor UTF-8 is asked itself, for
    /// `<?xml encoding="..."?>` and `<meta charset="...">`.
    pub fn decode(bytes: &'b [u8], charset: Option<&str>) -> Result<Self, UnknownCharset> {
        if let Some((encoding, length)) = Encoding::for_bom(bytes) {
            return Ok(Self::of(bytes.get(length..).unwrap_or_default(), encoding, true));
        }
        let named = charset.map(named).transpose()?;
        if named.is_none_or(|named| named == UTF_16LE || named == UTF_16BE) {
            if let Some(encoding) = by_zeros(bytes) {
                return Ok(Self::of(bytes, encoding, true));
            }
            // Some say UTF-16 because that is what they have in memory, and write UTF-8.
            let begun = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
            let plain = matches!(begun, Some(b'{' | b'[' | b'"' | b'<'));
            if named.is_some() && plain && str::from_utf8(bytes).is_ok() {
                return Ok(Self::of(bytes, UTF_8, true));
            }
        }
        if let Some(named) = named {
            return Ok(Self::of(bytes, named, true));
        }
        let text = Self::of(bytes, UTF_8, false);
        if text.lossy {
            return match own_word(bytes) {
                Some(charset) => Ok(Self::of(bytes, self::named(charset)?, true)),
                None => Ok(text),
            };
        }
        Ok(text)
    }

    fn of(bytes: &'b [u8], encoding: &'static Encoding, told: bool) -> Self {
        let (text, lossy) = encoding.decode_without_bom_handling(bytes);
        Self { text, lossy, told }
    }
}

fn named(charset: &str) -> Result<&'static Encoding, UnknownCharset> {
    let encoding = Encoding::for_label_no_replacement(charset.trim().as_bytes());
    encoding.ok_or_else(|| UnknownCharset(charset.trim().to_owned()))
}

/// UTF-16 whose first two characters are of ASCII, as those of JSON and XML are.
fn by_zeros(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0, 1..=255, 0, 1..=255, ..] | [0, 1..=255] => Some(UTF_16BE),
        [1..=255, 0, 1..=255, 0, ..] | [1..=255, 0] => Some(UTF_16LE),
        _ => None,
    }
    .filter(|_| bytes.len().is_multiple_of(2))
}

/// What an XML or HTML text says at its beginning about its own characters.
fn own_word(bytes: &[u8]) -> Option<&str> {
    let beginning = bytes.get(..bytes.len().min(PROLOGUE)).unwrap_or_default();
    let valid = beginning.utf8_chunks().next()?.valid();
    let lower = valid.to_ascii_lowercase();
    let (mark, key) = if lower.trim_start().starts_with("<?xml") {
        (lower.get(..lower.find("?>")?)?, "encoding")
    } else {
        (lower.as_str(), "charset")
    };
    if key == "charset" && !mark.contains("<meta") {
        return None;
    }
    let behind = mark.find(key)? + key.len();
    let rest =
        valid.get(behind..)?.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')))?;
    rest.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], charset: Option<&str>) -> (String, bool, bool) {
        let text = Text::decode(bytes, charset).expect("a known charset");
        (text.text.into_owned(), text.lossy, text.told)
    }

    fn utf16(text: &str, mark: bool, little: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn what_is_told_or_seen_is_decoded() {
        let text = "{\"a\":\"café\"}";
        for little in [true, false] {
            for charset in [None, Some("utf-16"), Some("UTF-8")] {
                assert_eq!(decoded(&utf16(text, true, little), charset), (text.into(), false, true));
            }
            for charset in [None, Some("utf-16"), Some(" UTF-16LE"), Some("utf-16be")] {
                assert_eq!(decoded(&utf16(text, false, little), charset), (text.into(), false, true));
            }
        }
        let marked = format!("\u{feff}{text}");
        assert_eq!(decoded(marked.as_bytes(), None), (text.into(), false, true));
        assert_eq!(decoded(text.as_bytes(), Some("utf-16")), (text.into(), false, true));
        assert_eq!(decoded(b"caf\xe9", Some("ISO-8859-1")), ("café".into(), false, true));
        assert_eq!(decoded(b"\x80", Some("windows-1252")), ("€".into(), false, true));
        assert_eq!(decoded(b"\x83e\x83X\x83g", Some("Shift_JIS")), ("テスト".into(), false, true));
        assert_eq!(decoded("テスト".as_bytes(), None), ("テスト".into(), false, false));
        assert_eq!(decoded(&utf16("テスト", false, true), Some("utf-16le")), ("テスト".into(), false, true));
        assert_eq!(decoded(b"", None), (String::new(), false, false));
    }

    #[test]
    fn what_is_not_told_is_asked_itself() {
        for text in [
            "<?xml version='1.0' encoding='ISO-8859-1'?><a>café</a>",
            "<!doctype html><meta charset=latin1><p>café",
            "<html><META http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1252\"><p>café",
        ] {
            let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
            assert_eq!(decoded(&bytes, None), (text.into(), false, true));
            // UTF-8 that calls itself something else is still UTF-8.
            assert_eq!(decoded(text.as_bytes(), None), (text.into(), false, false));
        }
        for bytes in [&b"caf\xe9"[..], b"<p>caf\xe9", b"\xff", b"<meta charset><p>\xe9", b"<?xml \xe9"] {
            let (_, lossy, told) = decoded(bytes, None);
            assert!(lossy && !told, "{bytes:?}");
        }
        assert!(decoded(b"\xff\xfe\xfd", Some("utf-8")).1);
    }

    #[test]
    fn an_unknown_name_is_told() {
        for name in ["klingon", "utf-7", "utf-32", "iso-2022-kr", ""] {
            assert_eq!(Text::decode(b"{}", Some(name)), Err(UnknownCharset(name.into())));
        }
        let bytes = b"<?xml encoding=\"EBCDIC-XY\"?>\xe9";
        assert_eq!(Text::decode(bytes, None), Err(UnknownCharset("EBCDIC-XY".into())));
    }
}
