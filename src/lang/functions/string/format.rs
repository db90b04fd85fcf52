//! `format` and `formatlist`: the verbs of Terraform's format strings.

use relplan_contract::{Kind, Number, Type, Value};

use super::super::encoding::json;
use super::super::{Arguments, Fault};

mod number;

/// Widest field and most digits.
const WIDEST: usize = 1_000;

/// `%[2]-08.3f`, taken apart.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Verb {
    text: String,
    argument: Option<usize>,
    /// Those of `+-# 0` that are given.
    flags: String,
    width: Option<usize>,
    precision: Option<usize>,
    letter: char,
}

/// A piece of a format string.
#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Verb(Verb),
}

/// Marks and unknowns are the framework's: all parts are read.
pub(super) fn format(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let pieces = parse(arguments.text(0))?;
    let values: Vec<&Value> = arguments.from(1).iter().collect();
    arguments.string(render(&pieces, &values, arguments)?)
}

pub(super) fn formatlist(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let pieces = parse(arguments.text(0))?;
    let mut length = None;
    for (index, value) in (1..).zip(arguments.from(1)) {
        let Some(items) = value.as_list() else { continue };
        match length {
            None => length = Some((index, items.len())),
            Some((_, first)) if first == items.len() => {}
            Some((other, first)) => {
                let message = format!(
                    "It has {} elements, but the list given as argument {} has {first}.",
                    items.len(),
                    other + 1
                );
                return Err(Fault::argument(index, message, "Give lists of one length, or single values."));
            }
        }
    }
    let rounds = length.map_or(1, |(_, length)| length);
    arguments.budget().elements(rounds)?;
    arguments.budget().steps((rounds as u64).saturating_mul(1 + pieces.len() as u64))?;
    let mut texts = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let values: Vec<&Value> = arguments
            .from(1)
            .iter()
            .map(|value| value.as_list().and_then(|items| items.get(round)).unwrap_or(value))
            .collect();
        texts.push(arguments.string(render(&pieces, &values, arguments)?)?);
    }
    Ok(Value::list(texts))
}

fn render(pieces: &[Piece], values: &[&Value], arguments: &Arguments<'_>) -> Result<String, Fault> {
    let mut out = String::new();
    let (mut next, mut used) = (0, 0);
    for piece in pieces {
        let verb = match piece {
            Piece::Text(text) => {
                out.push_str(text);
                continue;
            }
            Piece::Verb(verb) => verb,
        };
        let index = verb.argument.unwrap_or(next);
        next = index + 1;
        used = used.max(next);
        let value = values.get(index).ok_or_else(|| {
            let given = values.len();
            let message = format!(
                "`{}` needs value number {}, but the number of values is {given}.",
                verb.text,
                index + 1
            );
            Fault::argument(0, message, "Give a value for each `%`, or write `%%` for a percent sign.")
        })?;
        let written = verb.write(value, index + 1)?;
        arguments.budget().bytes(written.len())?;
        out.push_str(&written);
    }
    if used < values.len() {
        let message = format!("It uses {used} of the {} values.", values.len());
        return Err(Fault::argument(
            0,
            message,
            "Write a `%` verb for each value, or leave out those too many.",
        ));
    }
    Ok(out)
}

impl Verb {
    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// The value as the verb writes it, padded to its width.
    fn write(&self, value: &Value, index: usize) -> Result<String, Fault> {
        let written = match self.letter {
            'v' if self.has('#') => json::encode(value),
            'v' => match value.kind() {
                Kind::Bool(truth) => truth.to_string(),
                Kind::Number(number) => number::shortest_of(self, number),
                Kind::String(text) => self.cut(text),
                Kind::Null
                | Kind::List(_)
                | Kind::Set(_)
                | Kind::Map(_)
                | Kind::Sealed(_)
                | Kind::Unknown => json::encode(value),
            },
            't' => {
                return Ok(self
                    .convert(value, &Type::Bool, index)?
                    .as_bool()
                    .unwrap_or_default()
                    .to_string());
            }
            's' => self.cut(self.convert(value, &Type::String, index)?.as_str().unwrap_or_default()),
            'q' => json::encode(&Value::string(
                self.cut(self.convert(value, &Type::String, index)?.as_str().unwrap_or_default()),
            )),
            letter => {
                let fitted = self.convert(value, &Type::Number, index)?;
                let Kind::Number(number) = fitted.kind() else { return Err(self.misfit("a number", index)) };
                self.number(letter, number, index)?
            }
        };
        Ok(self.pad(written))
    }

    fn number(&self, letter: char, number: &Number, index: usize) -> Result<String, Fault> {
        match letter {
            'e' | 'E' | 'f' | 'g' | 'G' => Ok(number::decimal(self, letter, number)),
            'd' | 'b' | 'o' | 'x' | 'X' => {
                number::integer(self, letter, number).ok_or_else(|| self.misfit("a whole number", index))
            }
            _ => {
                let message = format!("`{}` is no verb.", self.text);
                Err(Fault::argument(0, message, "The verbs are v, s, q, d, t, b, o, x, X, e, E, f, g and G."))
            }
        }
    }

    fn convert(&self, value: &Value, ty: &Type, index: usize) -> Result<Value, Fault> {
        let wanted = format!("a {ty}");
        match ty.convert(value) {
            Ok(fitted) if !fitted.is_null() => Ok(fitted),
            _ => Err(self.misfit(&wanted, index)),
        }
    }

    fn misfit(&self, wanted: &str, index: usize) -> Fault {
        let message = format!("`{}` needs {wanted} here.", self.text);
        Fault::argument(index, message, "Use `%v` for a value of any type, or convert the value first.")
    }

    /// The text, cut to the precision.
    fn cut(&self, text: &str) -> String {
        use unicode_segmentation::UnicodeSegmentation as _;
        self.precision.map_or_else(|| text.to_owned(), |most| text.graphemes(true).take(most).collect())
    }

    fn pad(&self, written: String) -> String {
        use unicode_segmentation::UnicodeSegmentation as _;
        let Some(width) = self.width else { return written };
        let missing = width.saturating_sub(written.graphemes(true).take(width).count());
        if missing == 0 {
            return written;
        }
        if self.has('-') {
            return format!("{written}{}", " ".repeat(missing));
        }
        if self.has('0') {
            let digits = written.trim_start_matches(['+', '-', ' ']);
            let sign = written.get(..written.len() - digits.len()).unwrap_or_default();
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        format!("{}{written}", " ".repeat(missing))
    }
}

fn parse(format: &str) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        if let Some(behind) = from.strip_prefix("%%") {
            text.push('%');
            rest = behind;
            continue;
        }
        let (verb, behind) = parse_verb(from)?;
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(Piece::Verb(verb));
        rest = behind;
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

/// Reads the verb at the start of the text.
fn parse_verb(from: &str) -> Result<(Verb, &str), Fault> {
    let refuse = |why: &str| {
        Fault::argument(0, why, "Write for example `%s`, `%05d` or `%.2f`; `%%` is a percent sign.")
    };
    let mut verb = Verb::default();
    let mut rest = from.get(1..).unwrap_or_default();
    let number = |rest: &mut &str| -> Option<usize> {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, behind) = rest.split_at_checked(digits)?;
        *rest = behind;
        number.parse().ok()
    };
    loop {
        let c = rest.chars().next().ok_or_else(|| refuse("It ends within a `%` verb."))?;
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '+' | '-' | '#' | ' ' | '0' => verb.flags.push(c),
            '1'..='9' => {
                verb.width = number(&mut rest).filter(|width| *width <= WIDEST);
                verb.width.ok_or_else(|| refuse("A field may be 1000 characters wide."))?;
                continue;
            }
            '.' => {
                rest = behind;
                let precision =
                    if rest.starts_with(|c: char| c.is_ascii_digit()) { number(&mut rest) } else { Some(0) };
                verb.precision = precision.filter(|precision| *precision <= WIDEST);
                verb.precision.ok_or_else(|| refuse("A number may have 1000 digits."))?;
                continue;
            }
            '[' => {
                rest = behind;
                let position = number(&mut rest).and_then(|number| number.checked_sub(1));
                verb.argument = Some(position.ok_or_else(|| refuse("Values are numbered from 1: `%[1]s`."))?);
                rest = rest.strip_prefix(']').ok_or_else(|| refuse("A `]` is missing in a `%` verb."))?;
                continue;
            }
            letter if letter.is_ascii_alphabetic() => {
                verb.letter = letter;
                from.get(..from.len() - behind.len()).unwrap_or_default().clone_into(&mut verb.text);
                return Ok((verb, behind));
            }
            _ => return Err(refuse("A character in a `%` verb has no meaning there.")),
        }
        rest = behind;
    }
}
