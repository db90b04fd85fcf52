//! Texts without what writers put around and into them: quotes, backslashes, escapes.
//!
//! There are too many ways to quote for each to be a pattern: `set -x` prints `it's` as `'it'\''s'`, `printf %q` as
//! `it\'s`, Python as `"it's"`, and each character may be escaped or not. So secrets and texts are both reduced to what
//! is left without quoting, and compared there. Each byte that is left knows where it came from.

/// A text reduced, with the place in the original that each byte came from.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) bytes: Vec<u8>,
    /// Where each byte begins and ends in the original.
    places: Vec<(u32, u32)>,
}

impl Folded {
    /// The range of the original that a range of the reduced text came from.
    pub(super) fn origin(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let first = self.places.get(start)?;
        let last = self.places.get(end.checked_sub(1)?)?;
        Some((first.0 as usize, last.1 as usize))
    }

    fn push(&mut self, byte: u8, start: usize, end: usize) {
        self.bytes.push(byte);
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.places.push((place(start), place(end)));
    }

    fn push_char(&mut self, c: char, start: usize, end: usize) {
        let mut buffer = [0; 4];
        for byte in c.encode_utf8(&mut buffer).bytes() {
            self.push(byte, start, end);
        }
    }
}

/// Whether a text has anything that one of the folds changes.
pub(super) fn changes(text: &str) -> bool {
    text.bytes().any(|byte| is_quote(byte) || matches!(byte, b'%' | b'&' | b'+' | b'='))
}

const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'\'' | b'"' | b'\\' | b'$')
}

/// Without quotes, backslashes and dollar signs.
pub(super) fn bare(text: &str) -> Folded {
    let mut folded = Folded::default();
    for (at, byte) in text.bytes().enumerate() {
        if !is_quote(byte) {
            folded.push(byte, at, at + 1);
        }
    }
    folded
}

/// With escapes replaced by what they stand for (`\n`, `\047`, `\x27`, `\u0027`, `%27`, `=27`, `&#39;`), then bare. However
/// often a text was escaped, and whether the secret itself has something that looks like an escape: both are
/// reduced to the same.
pub(super) fn unescaped(text: &str) -> Folded {
    let bytes = text.as_bytes();
    let mut folded = Folded::default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let found = match byte {
            b'\\' => backslash(rest),
            b'%' => percent(rest, b'%'),
            b'=' => percent(rest, b'='),
            b'&' => entity(rest),
            _ => None,
        };
        match found {
            Some((Meant::Byte(meant), length)) => {
                if !is_quote(meant) {
                    folded.push(space(meant), at, at + length);
                }
                at += length;
            }
            Some((Meant::Char(meant), length)) => {
                if !meant.is_ascii() || !is_quote(meant as u8) {
                    folded.push_char(meant, at, at + length);
                }
                at += length;
            }
            None => {
                if !is_quote(*byte) {
                    folded.push(space(*byte), at, at + 1);
                }
                at += 1;
            }
        }
    }
    folded
}

/// What may be left of a secret when a text is freed of escapes: it may itself have what looks like one, and be written
/// in a way that escapes the rest (`%5C14` for `\\14`).
pub(super) fn unescaped_forms(text: &str) -> [Vec<u8>; 2] {
    [unescaped(text).bytes, bare(text).bytes.into_iter().map(space).collect()]
}

/// A plus is how forms write a space.
const fn space(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte }
}

/// What an escape stands for.
enum Meant {
    Byte(u8),
    Char(char),
}

/// What a backslash, or several of them, and what follows stand for, with the length of it all.
fn backslash(rest: &[u8]) -> Option<(Meant, usize)> {
    let run = rest.iter().take_while(|byte| **byte == b'\\').count();
    let behind = rest.get(run..)?;
    let one = |meant: u8| Some((Meant::Byte(meant), run + 1));
    match behind.first()? {
        b'n' => one(b'\n'),
        b'r' => one(b'\r'),
        b't' => one(b'\t'),
        b'a' => one(7),
        b'b' => one(8),
        b'v' => one(11),
        b'f' => one(12),
        b'e' | b'E' => one(27),
        b'x' => {
            let digits = behind.get(1..)?;
            let braced = digits.first() == Some(&b'{');
            if braced {
                return braced_number(digits).map(|(meant, length)| (meant, run + 1 + length));
            }
            let (number, length) = number(digits, 16, 2)?;
            Some((Meant::Byte(u8::try_from(number).ok()?), run + 1 + length))
        }
        b'u' | b'U' => unicode(behind, run),
        b'0'..=b'7' => {
            let (number, length) = number(behind, 8, 3)?;
            Some((Meant::Byte(u8::try_from(number).ok()?), run + length))
        }
        _ => None,
    }
}

/// `uXXXX`, two of them for a character beyond the first 65,536, `UXXXXXXXX`, or `u{X}`.
fn unicode(behind: &[u8], run: usize) -> Option<(Meant, usize)> {
    let digits = behind.get(1..)?;
    if digits.first() == Some(&b'{') {
        return braced_number(digits).map(|(meant, length)| (meant, run + 1 + length));
    }
    let most = if behind.first() == Some(&b'U') { 8 } else { 4 };
    let (first, length) = number(digits, 16, most)?;
    if (0xd800..0xdc00).contains(&first) {
        let next = digits.get(length..)?;
        let slashes = next.iter().take_while(|byte| **byte == b'\\').count();
        let low = next.get(slashes..)?.strip_prefix(b"u")?;
        let (second, more) = number(low, 16, 4)?;
        let low_half = second.checked_sub(0xdc00).filter(|half| *half < 0x400)?;
        let c = char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low_half)?;
        return Some((Meant::Char(c), run + 1 + length + slashes + 1 + more));
    }
    Some((Meant::Char(char::from_u32(first)?), run + 1 + length))
}

fn braced_number(digits: &[u8]) -> Option<(Meant, usize)> {
    let (number, length) = number(digits.get(1..)?, 16, 8)?;
    (digits.get(1 + length) == Some(&b'}')).then_some(())?;
    Some((Meant::Char(char::from_u32(number)?), length + 2))
}

/// `%27` and `=27`; `%2527` is an escaped escape.
fn percent(rest: &[u8], sign: u8) -> Option<(Meant, usize)> {
    let mut at = 1;
    while sign == b'%' && rest.get(at..at + 2) == Some(b"25") && number_of_two(rest.get(at + 2..)?).is_some()
    {
        at += 2;
    }
    let byte = number_of_two(rest.get(at..)?)?;
    Some((Meant::Byte(byte), at + 2))
}

fn number_of_two(digits: &[u8]) -> Option<u8> {
    let (number, length) = number(digits, 16, 2)?;
    if length == 2 { u8::try_from(number).ok() } else { None }
}

/// `&#39;`, `&#x27;` and the named characters that every writer of HTML or XML escapes.
fn entity(rest: &[u8]) -> Option<(Meant, usize)> {
    const NAMED: [(&[u8], u8); 6] = [
        (b"&amp;", b'&'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&quot;", b'"'),
        (b"&apos;", b'\''),
        (b"&nbsp;", b' '),
    ];
    if let Some((name, meant)) = NAMED.iter().find(|(name, _)| rest.starts_with(name)) {
        // `&amp;lt;` is an escaped escape.
        if *meant == b'&'
            && let Some((inner, length)) = nested(rest.get(name.len()..)?)
        {
            return Some((inner, name.len() + length));
        }
        return Some((Meant::Byte(*meant), name.len()));
    }
    let digits = rest.strip_prefix(b"&#")?;
    let (radix, digits, skipped) = match digits.first()? {
        b'x' | b'X' => (16, digits.get(1..)?, 3),
        _ => (10, digits, 2),
    };
    let (number, length) = number(digits, radix, 7)?;
    (digits.get(length) == Some(&b';')).then_some(())?;
    Some((Meant::Char(char::from_u32(number)?), skipped + length + 1))
}

/// What follows an `&amp;`, read as if it were an `&`.
fn nested(behind: &[u8]) -> Option<(Meant, usize)> {
    let longest = behind.get(..behind.len().min(10))?;
    let (meant, length) = entity(&[b"&", longest].concat())?;
    Some((meant, length - 1))
}

/// The number that the first digits stand for, `most` at most, and how many there are.
fn number(digits: &[u8], radix: u32, most: usize) -> Option<(u32, usize)> {
    let value = |byte: &u8| char::from(*byte).to_digit(radix);
    let digits: Vec<u32> = digits.iter().take(most).map_while(value).collect();
    let number = digits.iter().try_fold(0_u32, |sum, digit| sum.checked_mul(radix)?.checked_add(*digit))?;
    (!digits.is_empty()).then_some((number, digits.len()))
}
