//! Hashes of texts and files. Text is hashed as UTF-8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relplan_contract::Value;
use sha2::{Digest as _, Sha256, Sha512};

use super::Accepts::String as Text;
use super::{Function, file, parameter};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "base64sha256",
        &[parameter("text", Text)],
        |arguments| Ok(base64(&Sha256::digest(arguments.text(0)))),
        "The SHA-256 of the text's bytes, in base64 (not of its hexadecimal form).",
        ("base64sha256(\"a\")", "\"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=\""),
    ),
    Function::new(
        "base64sha512",
        &[parameter("text", Text)],
        |arguments| Ok(base64(&Sha512::digest(arguments.text(0)))),
        "The SHA-512 of the text's bytes, in base64 (not of its hexadecimal form).",
        (
            "base64sha512(\"a\")",
            "\"H0D8ktokFpR1CXnubPWC8tXX0o4YM13gWrxU0FYOD1MChgxlK/CNVgJSql50IQVG82n7u86MEs/HlXsmUv6adQ==\"",
        ),
    ),
    Function::new(
        "filebase64sha256",
        &[parameter("path", Text)],
        |arguments| Ok(base64(&Sha256::digest(file::bytes(arguments, 0)?))),
        "The SHA-256 of a file's bytes, in base64.",
        ("filebase64sha256(\"a.txt\")", "base64sha256(file(\"a.txt\"))"),
    ),
    Function::new(
        "filesha256",
        &[parameter("path", Text)],
        |arguments| Ok(hex(&Sha256::digest(file::bytes(arguments, 0)?))),
        "The SHA-256 of a file's bytes, in hexadecimal digits.",
        ("filesha256(\"a.txt\")", "sha256(file(\"a.txt\"))"),
    ),
    Function::new(
        "filesha512",
        &[parameter("path", Text)],
        |arguments| Ok(hex(&Sha512::digest(file::bytes(arguments, 0)?))),
        "The SHA-512 of a file's bytes, in hexadecimal digits.",
        ("filesha512(\"a.txt\")", "sha512(file(\"a.txt\"))"),
    ),
    Function::new(
        "sha256",
        &[parameter("text", Text)],
        |arguments| Ok(hex(&Sha256::digest(arguments.text(0)))),
        "The SHA-256 of the text, in hexadecimal digits.",
        ("sha256(\"a\")", "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\""),
    ),
    Function::new(
        "sha512",
        &[parameter("text", Text)],
        |arguments| Ok(hex(&Sha512::digest(arguments.text(0)))),
        "The SHA-512 of the text, in hexadecimal digits.",
        (
            "sha512(\"a\")",
            "\"1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75\"",
        ),
    ),
];

fn hex(bytes: &[u8]) -> Value {
    Value::string(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}

fn base64(bytes: &[u8]) -> Value {
    Value::string(STANDARD.encode(bytes))
}
