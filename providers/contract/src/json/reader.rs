//! The reader: a loop over an explicit stack of what is open.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Json, JsonError};

/// An array or object that is not closed yet.
enum Open<'t> {
    List(Vec<Json<'t>>),
    /// With the name of the member whose value comes next.
    Map(BTreeMap<Cow<'t, str>, Json<'t>>, Cow<'t, str>),
}

/// What is wrong at the place where the reader stands.
type Wrong = &'static str;

pub(super) fn read(text: &str, most_levels: u32, most_parts: u64) -> Result<Json<'_>, JsonError> {
    let mut reader = Reader { text, at: 0 };
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut parts = 0_u64;
    loop {
        parts += 1;
        if parts > most_parts {
            return Err(JsonError::Parts(most_parts));
        }
        let value = match reader.begin() {
            Err(what) => return Err(reader.syntax(what)),
            Ok(Begun::Open(inner)) => {
                open.push(inner);
                None
            }
            Ok(Begun::Whole(value)) => Some(value),
        };
        if open.len() > usize::try_from(most_levels).unwrap_or(usize::MAX) {
            return Err(JsonError::Depth(most_levels));
        }
        let Some(value) = value else { continue };
        match reader.close(value, &mut open) {
            Err(what) => return Err(reader.syntax(what)),
            Ok(Some(all)) if reader.peek().is_none() => return Ok(all),
            Ok(Some(_)) => return Err(reader.syntax("something follows behind the value")),
            Ok(None) => {}
        }
    }
}

/// What stands at the beginning of a value.
enum Begun<'t> {
    Whole(Json<'t>),
    Open(Open<'t>),
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += space;
        rest.get(space).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn syntax(&self, what: Wrong) -> JsonError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        JsonError::Syntax { line, column, what }
    }

    fn begin(&mut self) -> Result<Begun<'t>, Wrong> {
        let whole = match self.peek() {
            None => return Err("it ends too early"),
            Some(b'{') => {
                self.at += 1;
                if !self.eat(b'}') {
                    return Ok(Begun::Open(Open::Map(BTreeMap::new(), self.name()?)));
                }
                Json::Map(BTreeMap::new())
            }
            Some(b'[') => {
                self.at += 1;
                if !self.eat(b']') {
                    return Ok(Begun::Open(Open::List(Vec::new())));
                }
                Json::List(Vec::new())
            }
            Some(b'"') => Json::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Json::Number(self.number()?),
            Some(_) => self.word()?,
        };
        Ok(Begun::Whole(whole))
    }

    /// Puts a whole value where it belongs, and closes what ends behind it. The value of the text, when all is closed.
    fn close(&mut self, mut value: Json<'t>, open: &mut Vec<Open<'t>>) -> Result<Option<Json<'t>>, Wrong> {
        loop {
            match open.pop() {
                None => return Ok(Some(value)),
                Some(Open::List(mut items)) => {
                    items.push(value);
                    if self.eat(b',') {
                        open.push(Open::List(items));
                        return Ok(None);
                    }
                    if !self.eat(b']') {
                        return Err("a comma or `]` is needed");
                    }
                    value = Json::List(items);
                }
                Some(Open::Map(mut map, name)) => {
                    map.insert(name, value);
                    if self.eat(b',') {
                        open.push(Open::Map(map, self.name()?));
                        return Ok(None);
                    }
                    if !self.eat(b'}') {
                        return Err("a comma or `}` is needed");
                    }
                    value = Json::Map(map);
                }
            }
        }
    }

    /// The name of a member, with the colon behind it.
    fn name(&mut self) -> Result<Cow<'t, str>, Wrong> {
        if self.peek() != Some(b'"') {
            return Err("a key in double quotes is needed");
        }
        let name = self.string()?;
        if self.eat(b':') { Ok(name) } else { Err("a colon is needed behind the key") }
    }

    fn word(&mut self) -> Result<Json<'t>, Wrong> {
        let words = [("true", Json::Bool(true)), ("false", Json::Bool(false)), ("null", Json::Null)];
        let found = words.into_iter().find(|(word, _)| self.rest().starts_with(word));
        let (word, value) = found.ok_or("no value begins with this character")?;
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<&'t str, Wrong> {
        let rest = self.rest();
        let in_number = |c: char| matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E');
        let length = rest.find(|c| !in_number(c)).unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default();
        if !is_number(text) {
            return Err("the number is malformed");
        }
        self.at += length;
        Ok(text)
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Wrong> {
        self.at += 1;
        let mut out = Cow::Borrowed("");
        loop {
            let rest = self.rest();
            let plain = rest.find(['"', '\\']).ok_or("a closing quote is missing")?;
            let (text, behind) = rest.split_at(plain);
            if text.bytes().any(|byte| byte < 0x20) {
                return Err("a control character in a string must be escaped");
            }
            out += text;
            self.at += plain + 1;
            if behind.starts_with('"') {
                return Ok(out);
            }
            out.to_mut().push(self.escape()?);
        }
    }

    /// The character of the escape behind a backslash.
    fn escape(&mut self) -> Result<char, Wrong> {
        let letter = self.rest().chars().next();
        self.at += letter.map_or(0, char::len_utf8);
        match letter {
            Some(c @ ('"' | '\\' | '/')) => Ok(c),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => self.unicode(),
            _ => Err("there is no such escape"),
        }
    }

    /// A lone half of a surrogate pair is replaced, as by `jsondecode`.
    fn unicode(&mut self) -> Result<char, Wrong> {
        let first = self.unit()?;
        let replaced = char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
        if !(0xd800..0xdc00).contains(&first) || !self.rest().starts_with("\\u") {
            return Ok(replaced);
        }
        let before = self.at;
        self.at += 2;
        let second = self.unit()?;
        if (0xdc00..0xe000).contains(&second) {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.at = before;
        Ok(replaced)
    }

    fn unit(&mut self) -> Result<u32, Wrong> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or("four hexadecimal digits are needed behind \\u")
    }
}

/// Whether a text is a number of JSON: no plus before it, no zero before other digits, digits around the point.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && digits(fraction)
        && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}
