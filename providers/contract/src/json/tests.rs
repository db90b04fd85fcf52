//! JSON as servers send it, and as they should not.

use super::*;

fn read(text: &str) -> Result<String, String> {
    Json::read(text, 10).map(|json| json.to_string()).map_err(|error| error.to_string())
}

#[test]
fn what_is_written_is_what_was_read() {
    for (text, written) in [
        (" [ 1 , -0 , 1.50 , 1e2, 1E+02 ] ", "[1,-0,1.50,1e2,1E+02]"),
        (r#"{"b": {}, "a": [], "a": null}"#, r#"{"a":null,"b":{}}"#),
        (r#""\ud83d\ude00\u0041\/\b\f\n\r\t\"\\""#, "\"\u{1f600}A/\\u0008\\u000c\\n\\r\\t\\\"\\\\\""),
        (r#""\ud83d\ud83d\ude00 \udc00 \ud800x""#, "\"\u{fffd}\u{1f600} \u{fffd} \u{fffd}x\""),
        ("true", "true"),
        ("100000000000000000001", "100000000000000000001"),
        (r#"{"ü":{"deep":[[["x"]]]}}"#, r#"{"ü":{"deep":[[["x"]]]}}"#),
    ] {
        assert_eq!(read(text).as_deref(), Ok(written), "{text}");
    }
}

#[test]
fn what_is_no_json_is_refused_where_it_stops_to_be() {
    for (text, told) in [
        ("", "at line 1, column 1, it ends too early"),
        ("[1,\n 2", "at line 2, column 3, a comma or `]` is needed"),
        ("[1,]", "at line 1, column 4, no value begins with this character"),
        ("{\"ü\" 1}", "at line 1, column 6, a colon is needed behind the key"),
        ("{a: 1}", "at line 1, column 2, a key in double quotes is needed"),
        ("{\"a\": 1,}", "at line 1, column 9, a key in double quotes is needed"),
        ("{\"a\": NaN}", "at line 1, column 7, no value begins with this character"),
        ("{\"a\": 1", "at line 1, column 8, a comma or `}` is needed"),
        ("1 2", "at line 1, column 3, something follows behind the value"),
        ("{}{}", "at line 1, column 3, something follows behind the value"),
        ("\"a\nb\"", "at line 1, column 2, a control character in a string must be escaped"),
        ("\"a", "at line 1, column 2, a closing quote is missing"),
        ("\"\\x\"", "at line 1, column 4, there is no such escape"),
        ("\u{feff}1", "at line 1, column 1, no value begins with this character"),
    ] {
        assert_eq!(read(text), Err(told.into()), "{text}");
    }
    for bad in
        ["-", "+1", "01", "1.", ".5", "1e", "1e+", "--1", "1.2.3", "0x1", "tru", "\"\\u12\"", "'a'", "[}"]
    {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn levels_are_counted_and_never_called() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Json::read(&nested(200), 1_000).is_ok());
    assert!(Json::read(&nested(1_001), 1_001).is_ok());
    // The innermost is empty, and so is never open.
    assert_eq!(Json::read(&nested(12), 10), Err(JsonError::Depth(10)));
    assert_eq!(Json::read(&"[".repeat(5_000_000), 10), Err(JsonError::Depth(10)));
    assert_eq!(Json::read(&"{\"a\":".repeat(1_000_000), 10), Err(JsonError::Depth(10)));
}

#[test]
fn parts_are_counted_while_they_are_read() {
    assert!(Json::read_within("[1, {\"a\": 2}]", 10, 4).is_ok());
    assert_eq!(Json::read_within("[1, {\"a\": 2}]", 10, 3), Err(JsonError::Parts(3)));
    // Nobody gets to what comes behind.
    assert_eq!(Json::read_within("[1, 2, what comes behind", 10, 2), Err(JsonError::Parts(2)));
}

#[test]
fn numbers_have_all_their_digits() {
    let value = |text: &str| Json::read(text, 10).expect("JSON").value();
    let number = |text: &str| Value::from(Number::parse(text).expect("a number"));
    for (text, same, other) in [
        ("100000000000000000001", "100000000000000000001", "100000000000000000000"),
        ("19.990000000000000001", "19.990000000000000001", "19.99"),
        ("-9223372036854775809", "-9223372036854775809", "-9223372036854775808"),
        ("9007199254740993", "9007199254740993", "9007199254740992"),
        ("1.0", "1", "1.1"),
        ("1E+2", "100", "1e3"),
        ("0.1", "0.1", "0.10000000000000001"),
    ] {
        assert_eq!(value(text), Ok(number(same)), "{text}");
        assert_ne!(value(text), Ok(number(other)), "{text}");
    }
    assert_eq!(value(&format!("1.{}", "0".repeat(5_000))), Ok(1.into()));
    assert_eq!(value(&format!("0.{}e3", "0".repeat(5_000))), Ok(0.into()));
    for long in ["1e99999999999999999999", "1e-5000", &"9".repeat(5_000)] {
        assert_eq!(value(&format!("[{long}]")), Err(NumberError::Overflow));
    }
    assert_eq!(
        value(r#"{"a": [true, null, "x"], "a": [0.5]}"#),
        Ok(Value::map([("a", Value::list([number("0.5")]))]))
    );
}
