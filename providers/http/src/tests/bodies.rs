//! Bodies as servers pack and write them, and numbers with all their digits.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use relplan_contract::{Number, Outcome, Value};

use super::server::{Asked, Reply, Server, bytes, reply};
use super::{apply, context, object, outcome, response, test};

const OK: &str = "{\"status\":\"ok\"}";

const BIG: &str = r#"{"id": 100000000000000000001, "small": 9007199254740993, "amount": 19.990000000000000001,
    "neg": -9223372036854775809, "tiny": 1e-30, "e": 1.50e2, "list": [18446744073709551616, 0.1]}"#;

fn number(text: &str) -> Value {
    Number::parse(text).expect("a number").into()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("written");
    encoder.finish().expect("finished")
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("written");
    encoder.finish().expect("finished")
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn deep(levels: usize) -> String {
    format!("{{\"a\":{}7{},\"status\":\"ok\"}}", "[".repeat(levels), "]".repeat(levels))
}

fn answer(asked: &Asked) -> Reply {
    let json =
        |charset: &str, body: &[u8]| bytes(&format!("Content-Type: application/json{charset}\r\n"), body);
    let packed = |name: &str, body: &[u8]| bytes(&format!("Content-Encoding: {name}\r\n"), body);
    match &*asked.path {
        "/plain" => reply(200, "", OK),
        "/bom" => json("", format!("\u{feff}{OK}").as_bytes()),
        "/bom-gzip" => packed("gzip", &gzip(format!("\u{feff}{OK}").as_bytes())),
        "/gzip" => packed("gzip", &gzip(OK.as_bytes())),
        "/deflate" => packed("deflate", &deflate(OK.as_bytes())),
        "/zstd" => packed("zstd", &zstd::encode_all(OK.as_bytes(), 1).expect("encoded")),
        "/twice" => packed("zstd, gzip", &gzip(&zstd::encode_all(OK.as_bytes(), 1).expect("encoded"))),
        "/br" => packed("br", b"\x0b\x07\x80{\"status\":\"ok\"}\x03"),
        "/no-gzip" => packed("gzip", OK.as_bytes()),
        "/bomb" => packed("gzip", &gzip(format!("{OK}{}", " ".repeat(3_000_000)).as_bytes())),
        "/utf-16" => json("; charset=utf-16", &utf16(&format!("\u{feff}{OK}"))),
        "/utf-16be" => json("", &utf16(OK)),
        "/latin" => json("; charset=ISO-8859-1", b"{\"status\":\"ok\",\"name\":\"caf\xe9\"}"),
        "/klingon" => json("; charset=klingon", OK.as_bytes()),
        "/page" => bytes("Content-Type: text/html; charset=iso-8859-1\r\n", b"<p>caf\xe9 ok</p>"),
        "/page-own" => bytes("Content-Type: text/html\r\n", b"<meta charset='latin1'><p>caf\xe9 ok</p>"),
        "/page-mute" => bytes("Content-Type: text/html\r\n", b"<p>caf\xe9 ok</p>"),
        "/binary" => bytes("", b"\x89PNG\xff\x00ok"),
        "/deep" => reply(200, "", &deep(200)),
        "/deeper" => reply(200, "", &deep(999)),
        "/deepest" => reply(200, "", &deep(100_000)),
        "/digits" => reply(200, "", &format!("{{\"status\":\"ok\",\"n\":{}}}", "9".repeat(5_000))),
        "/big" => reply(200, "", BIG),
        "/none" => reply(200, "", "<p>"),
        path => reply(200, "", &format!("{{\"path\":\"{path}\"}}")),
    }
}

/// One attempt, with a step's arguments.
async fn judged<const N: usize>(
    server: &Server,
    path: &str,
    arguments: [(&str, Value); N],
) -> (Outcome, String) {
    let step =
        object([("name", "it".into()), ("url", server.url(path).into()), ("repeatable", false.into())]);
    let step = arguments.into_iter().fold(step, |step, (name, value)| step.with(name, value));
    outcome(&test([("deadline_seconds", 10.into())], [step])).await
}

fn json<const N: usize>(entries: [(&str, Value); N]) -> (&'static str, Value) {
    ("expect_json", object(entries))
}

#[tokio::test]
async fn a_body_is_judged_as_it_was_before_it_was_packed() {
    let server = Server::start(answer).await;
    let good = [
        "/plain",
        "/bom",
        "/bom-gzip",
        "/gzip",
        "/deflate",
        "/zstd",
        "/twice",
        "/utf-16",
        "/utf-16be",
        "/latin",
        "/deep",
        "/deeper",
        "/digits",
    ];
    let steps = good.map(|path| {
        object([
            ("name", path.into()),
            ("url", server.url(path).into()),
            json([("$.status", "ok".into())]),
            ("expect_body_contains", "\"ok\"".into()),
        ])
    });
    let (outcome, details) = outcome(&test([("deadline_seconds", 10.into())], steps)).await;
    assert_eq!(outcome, Outcome::Passed, "{details}");
    for path in ["/bom-gzip", "/utf-16be", "/deeper"] {
        let (outcome, details) = judged(&server, path, [json([("$.status", "down".into())])]).await;
        assert_eq!(outcome, Outcome::Failed, "{path}: {details}");
        assert!(details.contains("Expected \"down\" at $.status, got \"ok\"."), "{path}: {details}");
    }
    for path in ["/page", "/page-own"] {
        let good = [("expect_body_contains", "café".into()), ("expect_body_matches", "^<.*caf. ok".into())];
        assert_eq!(judged(&server, path, good).await.0, Outcome::Passed, "{path}");
        let bad = [("expect_body_contains", "thé".into())];
        assert_eq!(judged(&server, path, bad).await.0, Outcome::Failed, "{path}");
    }
    let asked =
        [("headers", object([("Accept-Encoding", "gzip".into())])), json([("$.status", "ok".into())])];
    assert_eq!(judged(&server, "/gzip", asked).await.0, Outcome::Passed);
    let captured = [("capture", object([("a", "$.name".into()), ("b", "regex:caf(.)".into())]))];
    assert_eq!(judged(&server, "/latin", captured).await.0, Outcome::Passed);
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_no_failure() {
    let server = Server::start(answer).await;
    let wanted = || json([("$.status", "ok".into())]);
    for (path, told) in [
        ("/br", "The body is encoded as \"br\", and what is decoded is gzip, deflate and zstd"),
        ("/no-gzip", "The body calls itself gzip and is none"),
        ("/klingon", "characters of the kind \"klingon\" are not known"),
        ("/deepest", "it is nested more than 1000 levels deep"),
    ] {
        let (outcome, details) = judged(&server, path, [wanted()]).await;
        assert_eq!(outcome, Outcome::Error, "{path}: {details}");
        assert!(details.contains(told), "{path}: {details}");
        // What is wrong apart from the body is wrong, and where nothing is expected of the body nothing is missing.
        let (outcome, details) = judged(&server, path, [wanted(), ("expect_status", 204.into())]).await;
        assert_eq!(outcome, Outcome::Failed, "{path}: {details}");
        assert_eq!(judged(&server, path, []).await.0, Outcome::Passed, "{path}");
        let capture = [("capture", object([("a", "$.status".into())]))];
        assert_eq!(judged(&server, path, capture).await.0, Outcome::Error, "{path}");
    }
    let text = |text: &str| [("expect_body_contains", Value::from(text))];
    for (path, wanted, expected) in [
        ("/page-mute", "café", Outcome::Error),
        ("/page-mute", "ok", Outcome::Passed),
        ("/page-mute", "nope", Outcome::Failed),
        ("/binary", "ok", Outcome::Passed),
        ("/binary", "nope", Outcome::Failed),
        ("/br", "ok", Outcome::Error),
    ] {
        let (outcome, details) = judged(&server, path, text(wanted)).await;
        assert_eq!(outcome, expected, "{path} {wanted}: {details}");
    }
    let pattern = [("expect_body_matches", r"(?-u)^\x89PNG\xff".into())];
    assert_eq!(judged(&server, "/binary", pattern).await.0, Outcome::Passed);
    // Packed, it is small enough.
    let step = object([("name", "it".into()), ("url", server.url("/bomb").into()), wanted()]);
    let limits = [("deadline_seconds", number("0.3")), ("max_body_bytes", 100_000.into())];
    let (outcome, details) = outcome(&test(limits, [step])).await;
    assert!(outcome == Outcome::Error && details.contains("larger than 100000 bytes"), "{details}");
}

#[tokio::test]
async fn numbers_are_compared_digit_by_digit() {
    let server = Server::start(answer).await;
    let mut right_ones = Vec::new();
    for (path, right, wrong) in [
        ("$.id", "100000000000000000001", "100000000000000000000"),
        ("$.small", "9007199254740993", "9007199254740992"),
        ("$.amount", "19.990000000000000001", "19.99"),
        ("$.neg", "-9223372036854775809", "-9223372036854775808"),
        ("$.tiny", "0.000000000000000000000000000001", "0"),
        ("$.e", "150", "15"),
        ("$.list[0]", "18446744073709551616", "18446744073709551615"),
    ] {
        right_ones.push((path, number(right)));
        let (outcome, details) = judged(&server, "/big", [json([(path, number(wrong))])]).await;
        assert_eq!(outcome, Outcome::Failed, "{path}: {details}");
        assert!(details.contains(&format!("Expected {wrong} at {path}, got ")), "{details}");
    }
    right_ones.push(("$.list", Value::list([number("18446744073709551616"), number("0.1")])));
    let all = ("expect_json", Value::map(right_ones));
    assert_eq!(judged(&server, "/big", [all]).await.0, Outcome::Passed);
    let (outcome, details) = judged(&server, "/digits", [json([("$.n", 9.into())])]).await;
    assert!(outcome == Outcome::Error && details.contains("more than 1024 digits"), "{details}");

    let capture = object([("id", "$.id".into()), ("e", "$.e".into()), ("list", "$.list".into())]);
    let first = object([("name", "a".into()), ("path", "/big".into()), ("capture", capture)]);
    let second = object([
        ("name", "b".into()),
        ("path", "/item/{{id}}/{{e}}".into()),
        json([("$.path", "/item/100000000000000000001/1.50e2".into())]),
    ]);
    let base = [("base_url", server.url("").into()), ("deadline_seconds", 1.into())];
    let (object, verdict) = apply(&context().0, &test(base, [first, second])).await;
    assert_eq!(verdict.outcome, Outcome::Passed, "{verdict:?}");
    assert_eq!(object.get("captured").get("list"), &Value::from("[18446744073709551616,0.1]"));
}

#[tokio::test]
async fn data_is_what_was_answered_or_is_refused() {
    let server = Server::start(answer).await;
    let context = context().0;
    let read = async |path: &str| response(&context, &object([("url", server.url(path).into())])).await;
    for path in ["/bom", "/gzip", "/bom-gzip", "/zstd", "/deflate", "/utf-16", "/utf-16be"] {
        let answer = read(path).await.expect("an answer");
        assert_eq!(answer.get("json"), &object([("status", "ok".into())]), "{path}");
        assert_eq!(
            (answer.get("body"), answer.get("json_error")),
            (&Value::from(OK), &Value::NULL),
            "{path}"
        );
    }
    assert_eq!(read("/latin").await.expect("an answer").get("json").get("name"), &Value::from("café"));
    let big = read("/big").await.expect("an answer").get("json").clone();
    assert_eq!(big.get("id"), &number("100000000000000000001"));
    assert_eq!(big.get("amount"), &number("19.990000000000000001"));
    for (path, told) in [
        ("/br", "encoded as \"br\""),
        ("/no-gzip", "calls itself gzip"),
        ("/klingon", "\"klingon\""),
        ("/deep", "more than 100 levels"),
        ("/digits", "more than 1024 digits"),
    ] {
        let problem = read(path).await.expect_err("it cannot be read");
        assert!(problem.to_string().contains(told), "{path}: {problem}");
    }
    let none = read("/none").await.expect("an answer");
    assert!(none.get("json").is_null(), "{none:?}");
    let told = "The body is no JSON: at line 1, column 1, no value begins with this character.";
    assert_eq!(none.get("json_error"), &Value::from(told));
}
