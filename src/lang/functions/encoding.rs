//! Texts in other forms: base64, JSON, CSV, URL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relplan_contract::Value;

use super::Accepts::{Any, String as Text};
use super::{Arguments, Fault, Function, nullable, parameter};

mod csv;
pub(super) mod json;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "base64decode",
        &[parameter("text", Text)],
        base64decode,
        "The text that a base64 text stands for; it must be UTF-8.",
        ("base64decode(\"aGk=\")", "\"hi\""),
    ),
    Function::new(
        "base64encode",
        &[parameter("text", Text)],
        |arguments| arguments.string(STANDARD.encode(arguments.text(0))),
        "The text's UTF-8 bytes in base64.",
        ("base64encode(\"hi\")", "\"aGk=\""),
    ),
    Function::new(
        "csvdecode",
        &[parameter("text", Text)],
        csv::decode,
        "The rows of a CSV text as a list of objects; the first row names the columns.",
        ("csvdecode(\"a,b\\n1,2\")", "[{ a = \"1\", b = \"2\" }]"),
    ),
    Function::new(
        "jsondecode",
        &[parameter("text", Text)],
        json::decode,
        "The value that a JSON text stands for.",
        ("jsondecode(\"{\\\"a\\\": [1, true]}\")", "{ a = [1, true] }"),
    ),
    Function::new(
        "jsonencode",
        &[nullable("value", Any)],
        |arguments| arguments.string(json::encode_within(arguments.value(0), arguments.budget())?),
        "The value as a JSON text on one line, keys sorted, with `<`, `>` and `&` escaped.",
        ("jsonencode({ b = 1, a = \"x\" })", "\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":1}\""),
    ),
    Function::new(
        "textdecodebase64",
        &[parameter("text", Text), parameter("encoding", Text)],
        textdecodebase64,
        "The text that a base64 text stands for, in one of UTF-8, UTF-16LE, UTF-16BE, ISO-8859-1 and US-ASCII.",
        ("textdecodebase64(\"aABpAA==\", \"UTF-16LE\")", "\"hi\""),
    ),
    Function::new(
        "textencodebase64",
        &[parameter("text", Text), parameter("encoding", Text)],
        textencodebase64,
        "The text in base64, in one of UTF-8, UTF-16LE, UTF-16BE, ISO-8859-1 and US-ASCII.",
        ("textencodebase64(\"hi\", \"UTF-16LE\")", "\"aABpAA==\""),
    ),
    Function::new(
        "urlencode",
        &[parameter("text", Text)],
        urlencode,
        "The text as a part of a URL's query.",
        ("urlencode(\"a b/c?\")", "\"a+b%2Fc%3F\""),
    ),
];

fn decode_base64(arguments: &Arguments<'_>) -> Result<Vec<u8>, Fault> {
    let compact: String = arguments.text(0).chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(compact).map_err(|_| {
        let message = format!("It must be valid base64, but this is {}.", arguments.show(0));
        Fault::argument(0, message, "Base64 has letters, digits, `+` and `/`, and is filled up with `=`.")
    })
}

fn base64decode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let text = String::from_utf8(decode_base64(arguments)?).map_err(|_| {
        Fault::argument(
            0,
            "It stands for bytes that are not UTF-8 text.",
            "Use `textdecodebase64(...)` for other encodings.",
        )
    })?;
    arguments.string(text)
}

/// The encodings that texts can be converted to and from.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16 {
        big_endian: bool,
    },
    /// One byte a character, up to the given one.
    Single {
        last: u8,
    },
}

fn encoding(arguments: &Arguments<'_>) -> Result<Encoding, Fault> {
    match arguments.text(1).to_ascii_uppercase().as_str() {
        "UTF-8" => Ok(Encoding::Utf8),
        "UTF-16LE" => Ok(Encoding::Utf16 { big_endian: false }),
        "UTF-16BE" => Ok(Encoding::Utf16 { big_endian: true }),
        "ISO-8859-1" => Ok(Encoding::Single { last: 0xff }),
        "US-ASCII" => Ok(Encoding::Single { last: 0x7f }),
        _ => Err(Fault::argument(
            1,
            format!("It must be the name of an encoding, but this is {}.", arguments.show(1)),
            "Use UTF-8, UTF-16LE, UTF-16BE, ISO-8859-1 or US-ASCII.",
        )),
    }
}

fn textencodebase64(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let text = arguments.text(0);
    let bytes = match encoding(arguments)? {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16 { big_endian } => text
            .encode_utf16()
            .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect(),
        Encoding::Single { last } => {
            let bytes = text.chars().map(|c| u8::try_from(c).ok().filter(|byte| *byte <= last));
            bytes.collect::<Option<Vec<u8>>>().ok_or_else(|| {
                Fault::argument(
                    0,
                    "It has characters that the encoding does not have.",
                    "Use UTF-8 or UTF-16LE.",
                )
            })?
        }
    };
    arguments.string(STANDARD.encode(bytes))
}

fn textdecodebase64(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let encoding = encoding(arguments)?;
    let bytes = decode_base64(arguments)?;
    let text = match encoding {
        Encoding::Utf8 => String::from_utf8(bytes).ok(),
        Encoding::Utf16 { big_endian } => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let unit = |pair: &[u8; 2]| {
                if big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
            };
            let units: Vec<u16> = pairs.iter().map(unit).collect();
            String::from_utf16(&units).ok().filter(|_| rest.is_empty())
        }
        Encoding::Single { last } => bytes
            .iter()
            .all(|byte| *byte <= last)
            .then(|| bytes.iter().map(|byte| char::from(*byte)).collect()),
    };
    let text = text.ok_or_else(|| {
        Fault::argument(
            0,
            "The bytes that it stands for are no text in that encoding.",
            "Check the encoding.",
        )
    })?;
    arguments.string(text)
}

fn urlencode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut encoded = String::new();
    for byte in arguments.text(0).bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    arguments.string(encoded)
}
