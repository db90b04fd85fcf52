//! Unknown and sensitive values through every kind of expression.

use relplan_contract::Kind;

use super::*;

fn unknown() -> Value {
    Value::UNKNOWN
}

fn secret(value: impl Into<Value>) -> Value {
    value.into().mark(true)
}

/// The value of a text in which `u` is unknown, `s` the sensitive text "hunter2", `n` the sensitive number 7,
/// `l` a sensitive list and `m` a map with one sensitive entry.
fn mixed(text: &str) -> Value {
    let variables = [
        ("u", unknown()),
        ("s", secret("hunter2")),
        ("n", secret(7)),
        ("l", Value::list([Value::integer(1), Value::integer(2)]).mark(true)),
        ("m", Value::map([("open", Value::from("x")), ("token", secret("hunter2"))])),
        ("part", Value::list([Value::UNKNOWN, Value::integer(2)])),
        ("sealed", Value::new(Kind::Sealed("print".into())).mark(true)),
        ("set", Value::set([Value::UNKNOWN, Value::integer(2)])),
    ];
    with(variables, text).unwrap_or_else(|findings| panic!("{text}: {findings:?}"))
}

#[test]
fn what_is_computed_from_unknowns_is_unknown() {
    for text in [
        "var.u + 1",
        "-var.u",
        "!var.u",
        "var.u == 1",
        "var.u == null",
        "var.u ? 1 : 2",
        "\"a${var.u}\"",
        "var.u.a.b",
        "var.u[0]",
        "[1, 2][var.u]",
        "{ a = 1 }[var.u]",
        "var.u[*].a",
        "var.u.*.a",
        "[for x in var.u : x]",
        "{ for x in [1] : var.u => x }",
        "[for x in [1] : x if var.u]",
        "{ (var.u) = 1 }",
        "upper(var.u)",
        "join(\",\", [var.u])",
        "max([1, var.u]...)",
        "concat(var.u...)",
        "try(var.u, 1)",
        "can(var.u)",
        "true && var.u",
        "var.u || false",
        "coalesce(var.u, 1)",
        "jsonencode({ a = var.u })",
        "length(var.set)",
        "[for x in var.set : x]",
        "toset(var.part)",
        "flatten([var.u])",
        "try([var.u], 1)",
        "alltrue([var.u, true])",
        "\"%{ if var.u }a%{ endif }\"",
        "\"%{ for x in var.u }a%{ endfor }\"",
        "[var.u] == [1]",
        "sort([var.u])",
        "var.u ? 1 : [][0]",
        "var.u && [][0]",
        "timestamp()",
        "lookup({ a = var.u }, \"a\")",
        "merge({ a = 1 }, var.u)",
    ] {
        assert!(mixed(text).is_unknown(), "{text}: {:?}", mixed(text));
    }
}

#[test]
fn what_unknowns_cannot_change_is_known() {
    for (text, result) in [
        ("var.u && false", "false"),
        ("false && var.u", "false"),
        ("var.u || true", "true"),
        ("var.u ? 1 : 1", "1"),
        ("var.part[1]", "2"),
        ("length(var.part)", "2"),
        ("[var.u, 1] == [var.u, 2]", "false"),
        ("[var.u] == []", "false"),
        ("keys({ a = var.u })", "[\"a\"]"),
        ("alltrue([var.u, false])", "false"),
        ("anytrue([var.u, true])", "true"),
        ("coalesce(1, var.u)", "1"),
        ("try({}.a, 5)", "5"),
        ("[for i, x in var.part : i]", "[0, 1]"),
        ("concat(var.part, [3])[2]", "3"),
        ("reverse(var.part)[0]", "2"),
        ("lookup({ a = var.u, b = 2 }, \"b\")", "2"),
        ("can({ a = 1 }.b)", "false"),
    ] {
        assert_eq!(mixed(text), value(result), "{text}");
    }
    let list = mixed("[var.u, 1]");
    assert!(!list.is_unknown() && list.has_unknown());
    let merged = mixed("merge({ a = var.u }, { b = 1 })");
    assert_eq!(merged.get("b"), &Value::integer(1));
}

#[test]
fn what_is_computed_from_secrets_is_sensitive() {
    for text in [
        "var.s",
        "\"a${var.s}\"",
        "var.n + 1",
        "1 - var.n",
        "-var.n",
        "var.n > 3",
        "var.s == \"a\"",
        "[var.s] == [\"a\"]",
        "var.n > 3 && true",
        "true && var.n > 3",
        "!(var.n > 3)",
        "var.n > 3 ? 1 : 2",
        "var.l",
        "var.l[0]",
        "[1, 2, 3, 4, 5, 6, 7, 8][var.n]",
        "{ hunter2 = 1 }[var.s]",
        "var.l[*]",
        "[for x in var.l : x]",
        "{ for x in var.l : x => x }",
        "{ (var.s) = 1 }",
        "[for x in [1, 7] : x if x == var.n]",
        "{ for x in [1] : var.s => x }",
        "upper(var.s)",
        "length(var.l)",
        "jsonencode(var.m)",
        "join(\",\", [var.s])",
        "sha256(var.s)",
        "var.m.token",
        "var.m[\"token\"]",
        "concat(var.l, [1])",
        "merge({ a = 1 }, { for x in var.l : x => x })",
        "keys({ (var.s) = 1 })",
        "toset([var.s])",
        "lookup({}, var.s, 1)",
        "\"%{ if var.n > 3 }a%{ endif }\"",
        "\"%{ for x in var.l }${x}%{ endfor }\"",
        "max(var.l...)",
        "sensitive(1)",
        "try(var.s, 1)",
        "can(var.s)",
        "coalesce(null, var.s)",
        "contains([var.s], \"a\")",
        "zipmap([var.s], [1])",
        "var.n > 3 ? var.u : 1",
        "upper(\"${var.s}${var.u}\")",
        "flatten([var.l])",
        "[for x in [var.s] : x][0]",
        "alltrue([var.n > 3])",
        "semver_compare(\"1.${var.n}.0\", \"1.2.3\")",
        "element(var.l, 0)",
        "one([for x in [1] : var.s])",
        "var.sealed",
        "\"a${var.sealed}\"",
        "var.sealed.a",
        "{ a = { b = var.l } }.a.b[0]",
        "format(\"%v\", var.m)",
    ] {
        assert!(mixed(text).is_sensitive(), "{text}: {:?}", mixed(text));
    }
}

#[test]
fn a_mark_stays_with_its_part() {
    for text in [
        "[var.s, 1]",
        "{ a = var.s }",
        "var.m",
        "merge(var.m, { b = 1 })",
        "concat([var.s], [1])",
        "values(var.m)",
        "tolist([var.s])",
        "reverse([var.s])",
        "[for k, x in var.m : x]",
    ] {
        let value = mixed(text);
        assert!(!value.is_sensitive() && value.has_sensitive(), "{text}: {value:?}");
    }
    for text in [
        "var.m.open",
        "keys(var.m)",
        "length(var.m)",
        "length([var.s])",
        "nonsensitive(var.s)",
        "issensitive(var.s)",
        "merge(var.m, { b = 1 }).b",
        "[var.s, 1][1]",
    ] {
        assert!(!mixed(text).has_sensitive(), "{text}");
    }
}

#[test]
fn no_finding_shows_a_secret() {
    for text in [
        "tonumber(var.s)",
        "var.s + 1",
        "{ a = 1 }[var.s]",
        "regex(\"z\", var.s)",
        "regex(\"[${var.s}\", \"a\")",
        "timeadd(var.s, \"1h\")",
        "[for x in sensitive([\"hunter2\"]) : x + 1]",
        "sensitive([{ hunter2 = 1 }])[*].x",
        "sensitive({ hunter2 = 1 }).hunter",
        "{ for x in sensitive([\"hunter2\", \"hunter2\"]) : x => 1 }",
        "parseint(var.s, 10)",
        "file(var.s)",
        "jsondecode(var.s)",
        "csvdecode(\"${var.s},${var.s}\\n1,2\")",
        "base64decode(var.s)",
        "var.s ? 1 : 2",
        "formatdate(var.s, \"2018-01-02T23:12:01Z\")",
        "index([\"a\"], var.s)",
        "lookup({ hunter3 = 1 }, var.s)",
        "semver_parse(var.s)",
        "semver_bump(\"1.2.3\", var.s)",
        "tobool(var.s)",
        "{ for x in [\"a\", \"b\"] : var.s => x }",
        "textencodebase64(\"a\", var.s)",
        "try(tonumber(var.s))",
        "format(var.s, 1)",
        "[for x in var.l : { hunter2 = x }.y]",
        "fileset(\".\", \"[${var.s}\")",
        "abs(\"${var.s}\")",
        "format(\"%d\", var.s)",
    ] {
        let variables = [("s", secret("hunter2")), ("l", Value::list([Value::integer(1)]).mark(true))];
        let found = with(variables, text).expect_err(text);
        for finding in &found.0 {
            // What stands in the text itself is no secret: only `var.s` is.
            let shown = format!("{} {} {}", finding.summary, finding.detail, finding.help);
            assert!(!shown.contains("hunter2"), "{text}: {shown}");
        }
    }
}
