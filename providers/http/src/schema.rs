//! What `http_smoke_test` declares, and its page of the manual.

use std::time::Duration;

use relplan_contract::{Attribute, Lifetime, Repeat, ResourceSchema, Type, Value};

/// Name of the resource type.
pub(crate) const SMOKE_TEST: &str = "http_smoke_test";

const DOCS: &str = r#"Asks a service that was just deployed whether it works:

```hcl
resource "http_smoke_test" "production" {
  base_url         = "https://shop.example"
  deadline_seconds = 120
  depends_on       = [exec_deployment.production]

  step {
    name        = "version"
    path        = "/version"
    expect_json = { "$.version" = release.version }
  }

  step {
    name    = "login"
    method  = "POST"
    path    = "/login"
    json    = { user = "smoke", password = var.smoke_password }
    capture = { token = "$.token" }
  }

  step {
    name           = "cart"
    path           = "/cart"
    headers        = { Authorization = "Bearer {{token}}" }
    max_latency_ms = 500
  }

  lifecycle {
    on_failure = "rollback"
  }
}
```

The steps are made in order; the first that is not as expected ends the attempt. A bad attempt is repeated after
`interval_seconds`, from the first step on, until `consecutive` good ones came in a row or `deadline_seconds` are
over. Each request uses a connection of its own, so that a load balancer may send each to another server.

## What is sent again

GET, HEAD, OPTIONS, TRACE, PUT and DELETE are, since asking twice is the same as asking once. **A POST, a PATCH or any
other method is sent once** each time the test is made, unless its step says `repeatable = true`: when it is not answered as expected, the test
ends there, and when a later step is not, the next attempt begins behind it, with what it captured. One that never
reached the service (the connection was refused) is tried again. Where a service takes a while to come up, put a
GET that waits for it first. `repeatable = false` makes any other request one that is sent once.

## Verdicts

| what happened until the deadline | verdict |
|---|---|
| enough good attempts in a row | passed |
| an answer that is not as expected, too late or too large; no connection; a timeout; a name that does not exist; a certificate that is expired or for another name | **failed** |
| a certificate from an authority that is not trusted *here*; no DNS server or no network reachable from here; a URL that is none | error |
| all else as expected, and a body that something is expected of, and that cannot be read: see below | error |
| good attempts in the end, but too few of them in a row | inconclusive |

A service that is down after a deployment is a failed test: only *failed* rolls back. Where the reason lies with
the machine that asks, nothing is known about the service, and a person must look.

## Bodies

A body is judged as it was before it was packed for the way: `Content-Encoding` gzip, deflate and zstd are undone,
asked for or not. Its characters are those that a byte order mark, the charset in `Content-Type`, or the text itself
(`<?xml encoding=...?>`, `<meta charset=...>`) name, else UTF-8; a byte order mark is no part of it. What cannot be read
(brotli, a charset that is not known, a body that is not what it calls itself, one of more than `max_body_bytes` when
unpacked, JSON of more than 1,000 levels) is not judged: the verdict is *error*, never *failed*.

Numbers in JSON are compared digit by digit, however many they are, and captured as they are written. `1`, `1.0` and
`1e0` are equal. Of members with the same name the last one counts.

## Captures

`capture = { token = "$.token" }` keeps a part of the answer for later steps, which write it as `{{token}}` in
`path`, `url` (percent-encoded), `headers`, `body` and the texts in `json`. The part is named by a JSON path,
`header:NAME`, `regex:PATTERN` (its first group, or all of it) or `status`. Captured values are treated as secrets.

## JSON paths

The part of RFC 9535 that names one place: `$`, `.name`, `["name"]`, `[0]`, `[-1]` for the last, and `[*]` or `.*`
for all. A path with `*` gives a list. Filters, slices and `..` are not there. Nothing at the place fails the step.

## Redirects

They are followed, at most ten. To another scheme, host or port only `Accept`, `Accept-Language` and `User-Agent`
go along, never other headers, and never a body; from https to http none is followed. With
`follow_redirects = false` the redirect itself is the answer. Cookies that they set go along with what follows in the
same step, to the server that set them and nowhere else; the next step begins without.

## Proxies and certificates

`HTTPS_PROXY`, `http_proxy`, `ALL_PROXY` and `NO_PROXY` (or in lower case; `http_proxy` only so) are heeded, never
for this machine's own addresses. Certificates are checked against the system's authorities, or with `ca_file`
against those alone. The check cannot be turned off."#;

/// The schema of `http_smoke_test`.
pub(crate) fn smoke_test() -> ResourceSchema {
    let mut attributes = arguments();
    attributes.push(Attribute::blocks("step", step(), "A request and what is expected of its answer."));
    attributes.extend(results());
    ResourceSchema {
        type_name: SMOKE_TEST,
        lifetime: Lifetime::Check,
        summary: "Requests whose answers must be as expected.",
        docs: DOCS,
        attributes,
        repeat: Repeat::Harmless,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(2 * 3_600),
    }
}

fn arguments() -> Vec<Attribute> {
    let mut arguments = vec![
        Attribute::optional("base_url", Type::String, "What the steps' `path` is appended to."),
        Attribute::optional("headers", Type::map(Type::String), "Headers of every step's request."),
        Attribute::optional("deadline_seconds", Type::Number, "How long to try, in seconds.")
            .or(Value::integer(60)),
        Attribute::optional(
            "interval_seconds",
            Type::Number,
            "How long to wait between two attempts, in seconds; fractions are allowed.",
        )
        .or(Value::integer(2)),
        Attribute::optional("consecutive", Type::Number, "How many attempts in a row must be good.")
            .or(Value::integer(1)),
    ];
    arguments.extend(connection());
    arguments
}

/// The arguments of every request, for the data source too.
pub(crate) fn connection() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "request_timeout_seconds",
            Type::Number,
            "How long one request may take with its whole answer, in seconds; fractions are allowed.",
        )
        .or(Value::integer(10)),
        Attribute::optional("follow_redirects", Type::Bool, "Whether redirects are followed.").or(true),
        Attribute::optional(
            "max_body_bytes",
            Type::Number,
            "How large an answer may be, in bytes; unpacked too.",
        )
        .or(Value::integer(10_000_000)),
        Attribute::optional(
            "ca_file",
            Type::String,
            "PEM file with the certificate authorities to trust in place of the system's, relative to the release \
             file's folder.",
        ),
    ]
}

fn step() -> Vec<Attribute> {
    let strings = || Type::map(Type::String);
    vec![
        Attribute::required("name", Type::String, "What the step is called in reports."),
        Attribute::optional("method", Type::String, "The request's method.").or("GET"),
        Attribute::optional("url", Type::String, "Where to ask, with http:// or https://; this or `path`."),
        Attribute::optional("path", Type::String, "Where to ask, behind `base_url`; begins with `/`."),
        Attribute::optional("headers", strings(), "Headers of the request, over those of the test."),
        Attribute::optional("body", Type::String, "Body of the request."),
        Attribute::optional("json", Type::Any, "Body of the request as a value, sent as JSON."),
        Attribute::optional(
            "follow_redirects",
            Type::Bool,
            "Whether redirects are followed; as for the test unless given.",
        ),
        Attribute::optional(
            "repeatable",
            Type::Bool,
            "Whether the request may be sent again; unless given, all but POST, PATCH and unknown methods may.",
        ),
        Attribute::optional(
            "expect_status",
            Type::Any,
            "The status that is expected, or a list of them; 200 to 299 unless given.",
        ),
        Attribute::optional("expect_headers", strings(), "Headers of the answer and their exact values."),
        Attribute::optional("expect_body_contains", Type::String, "A text that the answer contains."),
        Attribute::optional(
            "expect_body_matches",
            Type::String,
            "A regular expression that matches in the answer.",
        ),
        Attribute::optional(
            "expect_json",
            Type::map(Type::Any),
            "JSON paths and the values that are expected there.",
        ),
        Attribute::optional("capture", strings(), "Names and the parts of the answer that are kept as them."),
        Attribute::optional(
            "max_latency_ms",
            Type::Number,
            "How long request, redirects and answer may take together, in milliseconds.",
        ),
    ]
}

fn results() -> Vec<Attribute> {
    let steps = relplan_contract::object_type(&[
        Attribute::computed("name", Type::String, "Name of the step."),
        Attribute::computed("status", Type::Number, "Status of the answer; null when there was none."),
        Attribute::computed("duration_ms", Type::Number, "How long it took, in milliseconds."),
        Attribute::computed("passed", Type::Bool, "Whether all was as expected."),
    ]);
    vec![
        Attribute::computed("status", Type::Number, "Status of the last answer; null when there was none."),
        Attribute::computed("attempts", Type::Number, "How many attempts were made."),
        Attribute::computed("duration_ms", Type::Number, "How long all attempts took, in milliseconds."),
        Attribute::computed("captured", Type::map(Type::String), "What the last attempt captured.")
            .sensitive(),
        Attribute::computed("steps", Type::list(steps), "How the steps of the last attempt ended."),
    ]
}
