//! Reading single arguments, for the release file's check as for the action.

use std::time::Duration;

use relplan_contract::{Kind, Path, Problem, Value};
use reqwest::header::{HeaderName, HeaderValue};

use crate::target;
use crate::template::Template;

/// The longest time that can be asked for: a day.
const LONGEST_SECONDS: f64 = 86_400.0;

/// A number of seconds, fractions included.
pub(crate) fn seconds(value: &Value) -> Option<Duration> {
    if let Kind::Number(number) = value.kind() {
        Duration::try_from_secs_f64(number.to_f64()).ok()
    } else {
        None
    }
}

/// A problem when the argument is known and is no number of seconds from `least` on.
pub(crate) fn check_seconds(config: &Value, attribute: &str, least: f64, problems: &mut Vec<Problem>) {
    let value = config.get(attribute);
    let fits = if let Kind::Number(number) = value.kind() {
        (least..=LONGEST_SECONDS).contains(&number.to_f64())
    } else {
        !is_known(value)
    };
    if !fits {
        let message =
            format!("The argument {attribute} is a number of seconds from {least} to {LONGEST_SECONDS}.");
        problems.push(Problem::invalid(attribute, message));
    }
}

/// A problem when the argument is known and is no whole number in the range.
pub(crate) fn check_whole(
    config: &Value,
    attribute: &str,
    least: i64,
    most: i64,
    problems: &mut Vec<Problem>,
) {
    let value = config.get(attribute);
    let fits = value.as_i64().is_some_and(|number| (least..=most).contains(&number));
    if is_known(value) && !fits {
        let message = format!("The argument {attribute} is a whole number from {least} to {most}.");
        problems.push(Problem::invalid(attribute, message));
    }
}

/// Whether it was given and can be judged.
pub(crate) const fn is_known(value: &Value) -> bool {
    !matches!(value.kind(), Kind::Null | Kind::Unknown | Kind::Sealed(_))
}

/// What is wrong with the arguments of every connection.
pub(crate) fn check_connection(config: &Value, problems: &mut Vec<Problem>) {
    check_seconds(config, "request_timeout_seconds", 0.001, problems);
    check_whole(config, "max_body_bytes", 0, 1 << 30, problems);
    if config.get("ca_file").as_str().is_some_and(|path| path.trim().is_empty() || path.contains('\0')) {
        problems
            .push(Problem::invalid("ca_file", "The path of ca_file is empty or contains a NUL character."));
    }
}

/// Headers as they were given, with what is wrong with them.
pub(crate) fn headers(map: &Value, at: &Path, problems: &mut Vec<Problem>) -> Vec<(HeaderName, Template)> {
    let mut headers = Vec::new();
    for (name, value) in map.as_map().into_iter().flatten() {
        let mut wrong = |message: String, hint: &str| {
            let problem = Problem::invalid(at.root().unwrap_or_default(), message).hint(hint);
            problems.push(problem.about(at.key(name)));
        };
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            wrong(format!("{name:.80?} is no name of a header."), "");
            continue;
        };
        if matches!(
            header.as_str(),
            "content-length" | "transfer-encoding" | "connection" | "upgrade" | "te" | "trailer"
        ) {
            wrong(format!("The header {header} is set by the connection itself."), "Leave it out.");
            continue;
        }
        let Some(text) = value.as_str() else { continue };
        if HeaderValue::from_str(text).is_err() {
            // The value is not shown: it may be a secret.
            let hint = "A secret that was read from a file often ends with one: use trimspace().";
            wrong(format!("The header {header} contains a line break or another control character."), hint);
            continue;
        }
        headers.push((header, Template::parse(text)));
    }
    headers
}

/// A problem when the argument is known and is no URL. References may stand in it.
pub(crate) fn check_url(text: &str, at: Path, problems: &mut Vec<Problem>) {
    let names = Template::parse(text);
    let filled = names
        .render(&names.names().into_iter().map(|name| (name.into(), "x".into())).collect(), str::to_owned);
    if let Err(message) = target::parse(&filled.unwrap_or_default()) {
        let problem = Problem::invalid(at.root().unwrap_or_default(), message);
        problems.push(problem.hint("Give one such as https://shop.example/health.").about(at));
    }
}
