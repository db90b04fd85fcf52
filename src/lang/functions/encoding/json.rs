//! JSON, with exact numbers of any length: the reader and writer of `jsondecode` and `jsonencode`.

use std::sync::Arc;

use relplan_contract::{Kind, Map, Number, Value};

use super::super::{Arguments, Exceeded, Fault};
use crate::lang::eval::{Budget, MAX_VALUE_DEPTH};

/// The value on one line, as Terraform writes it: keys sorted, `<`, `>`, `&`, U+2028 and U+2029 escaped.
pub(in crate::lang::functions) fn encode(value: &Value) -> String {
    let mut out = String::new();
    // Only a budget refuses, and none is asked here.
    let _ = write(value, &mut out, &mut |_| Ok(()));
    out
}

/// The same, refused when the budget has no room for it.
pub(super) fn encode_within(value: &Value, budget: &Budget) -> Result<String, Exceeded> {
    let mut out = String::new();
    write(value, &mut out, &mut |length| budget.bytes(length))?;
    Ok(out)
}

type Pay<'p> = dyn FnMut(usize) -> Result<(), Exceeded> + 'p;

fn write(value: &Value, out: &mut String, pay: &mut Pay<'_>) -> Result<(), Exceeded> {
    match value.kind() {
        Kind::Null | Kind::Unknown | Kind::Sealed(_) => out.push_str("null"),
        Kind::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Kind::Number(number) => {
            let digits = number.to_string();
            pay(digits.len())?;
            out.push_str(&digits);
        }
        Kind::String(text) => {
            pay(text.len())?;
            write_string(text, out);
        }
        Kind::List(items) | Kind::Set(items) => {
            pay(items.len())?;
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                write(item, out, pay)?;
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Kind::Map(map) => {
            pay(map.len())?;
            for (index, (key, item)) in map.iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                write_string(key, out);
                out.push(':');
                write(item, out, pay)?;
            }
            out.push_str(if map.is_empty() { "{}" } else { "}" });
        }
    }
    Ok(())
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `jsondecode`.
pub(super) fn decode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    arguments.read_slowly(0, READING)?;
    let mut reader = Reader { text: arguments.text(0), at: 0, budget: arguments.budget() };
    let refuse = |reader: &Reader<'_>, wrong: Wrong| match wrong {
        Wrong::Exceeded(exceeded) => Fault::Exceeded(exceeded),
        Wrong::Syntax(what) => {
            let before = reader.text.get(..reader.at).unwrap_or(reader.text);
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let at = arguments.detail(|| format!(" at line {line}, column {column}"));
            Fault::argument(
                0,
                format!("It is no valid JSON{at}: {what}."),
                "Check the text; JSON wants double quotes and no comma at an end.",
            )
        }
    };
    let decoded = reader.value(0).and_then(|value| match reader.peek() {
        None => Ok(value),
        Some(_) => Err(Wrong::Syntax("something follows behind the value")),
    });
    decoded.map_err(|wrong| refuse(&reader, wrong))
}

/// How many times as much as a look at a text it costs to read it as JSON.
const READING: u64 = 8;

enum Wrong {
    Syntax(&'static str),
    Exceeded(Exceeded),
}

impl From<Exceeded> for Wrong {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    budget: &'t Budget,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character that is no white space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        self.peek();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn value(&mut self, depth: u32) -> Result<Value, Wrong> {
        if depth > MAX_VALUE_DEPTH {
            return Err(Exceeded::ValueDepth.into());
        }
        self.budget.elements(1)?;
        match self.peek() {
            None => Err(Wrong::Syntax("it ends too early")),
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => Ok(Value::string(self.string()?)),
            Some('-' | '0'..='9') => self.number(),
            Some(_) if self.eat("true") => Ok(Value::from(true)),
            Some(_) if self.eat("false") => Ok(Value::from(false)),
            Some(_) if self.eat("null") => Ok(Value::NULL),
            Some(_) => Err(Wrong::Syntax("no value begins with this character")),
        }
    }

    fn array(&mut self, depth: u32) -> Result<Value, Wrong> {
        let mut items = Vec::new();
        self.eat("[");
        if self.eat("]") {
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat("]") {
                return Ok(Value::list(items));
            }
            if !self.eat(",") {
                return Err(Wrong::Syntax("a comma or `]` is needed"));
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Value, Wrong> {
        let mut map = Map::new();
        self.eat("{");
        if self.eat("}") {
            return Ok(Value::new(Kind::Map(Arc::new(map))));
        }
        loop {
            if self.peek() != Some('"') {
                return Err(Wrong::Syntax("a key in double quotes is needed"));
            }
            let key = self.string()?;
            if !self.eat(":") {
                return Err(Wrong::Syntax("a colon is needed behind the key"));
            }
            map.insert(key.into(), self.value(depth + 1)?);
            if self.eat("}") {
                return Ok(Value::new(Kind::Map(Arc::new(map))));
            }
            if !self.eat(",") {
                return Err(Wrong::Syntax("a comma or `}` is needed"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, Wrong> {
        let rest = self.rest();
        let length = rest.len()
            - rest.trim_start_matches(|c: char| matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).len();
        let text = rest.get(..length).unwrap_or_default();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let leading_zero =
            digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let number = Number::parse(text).ok().filter(|_| !leading_zero);
        let number = number.ok_or(Wrong::Syntax("the number is malformed, or has too many digits"))?;
        self.at += length;
        Ok(number.into())
    }

    fn string(&mut self) -> Result<String, Wrong> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(['"', '\\']).ok_or(Wrong::Syntax("a closing quote is missing"))?;
            let (text, behind) = rest.split_at(plain);
            if text.bytes().any(|byte| byte < 0x20) {
                return Err(Wrong::Syntax("a control character in a string must be escaped"));
            }
            self.budget.bytes(plain)?;
            out.push_str(text);
            self.at += plain + 1;
            if behind.starts_with('"') {
                return Ok(out);
            }
            out.push(self.escape()?);
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
            _ => Err(Wrong::Syntax("there is no such escape")),
        }
    }

    /// A lone half of a surrogate pair is replaced, as in Terraform.
    fn unicode(&mut self) -> Result<char, Wrong> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) || !self.rest().starts_with("\\u") {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        self.at += 2;
        let second = self.unit()?;
        if (0xdc00..0xe000).contains(&second) {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.at = before;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn unit(&mut self) -> Result<u32, Wrong> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or(Wrong::Syntax("four hexadecimal digits are needed behind \\u"))
    }
}
