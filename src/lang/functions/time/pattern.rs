//! The formats of `formatdate`.

use jiff::civil::Weekday;
use relplan_contract::Value;

use super::super::{Arguments, Fault};
use super::{Moment, offset_text, parse};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `formatdate`.
pub(super) fn formatdate(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let moment = parse(arguments, 1)?;
    let mut out = String::new();
    let mut rest = arguments.text(0);
    while let Some(c) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            rest = literal(quoted, &mut out)?;
        } else if c.is_ascii_alphabetic() {
            let length = rest.len() - rest.trim_start_matches(c).len();
            let (verb, behind) = rest.split_at(length);
            out.push_str(&written(verb, moment).ok_or_else(|| unknown_verb(verb))?);
            rest = behind;
        } else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    arguments.string(out)
}

/// Writes a text up to its closing quote, where two quotes stand for one, and returns what stands behind it.
fn literal<'f>(quoted: &'f str, out: &mut String) -> Result<&'f str, Fault> {
    let mut rest = quoted;
    loop {
        let (text, behind) = rest.split_once('\'').ok_or_else(|| {
            Fault::argument(
                0,
                "A closing quote is missing in it.",
                "Put literal text between two single quotes.",
            )
        })?;
        out.push_str(text);
        let Some(again) = behind.strip_prefix('\'') else { return Ok(behind) };
        out.push('\'');
        rest = again;
    }
}

fn unknown_verb(verb: &str) -> Fault {
    Fault::argument(
        0,
        format!("`{}` is no part of a date.", verb.get(..12).unwrap_or(verb)),
        "Write for example YYYY-MM-DD hh:mm:ss, and put literal letters between single quotes.",
    )
}

/// One part of a date; none where there is no such part.
fn written(verb: &str, moment: Moment) -> Option<String> {
    let (date, time) = (moment.local.date(), moment.local.time());
    let month = usize::try_from(date.month()).ok().and_then(|month| MONTHS.get(month.checked_sub(1)?))?;
    let weekday = weekday(date.weekday());
    let short = |name: &str| name.get(..3).unwrap_or(name).to_owned();
    let utc = moment.offset.seconds() == 0;
    let hour = if time.hour() % 12 == 0 { 12 } else { time.hour() % 12 };
    Some(match verb {
        "YYYY" => format!("{:04}", date.year()),
        "YY" => format!("{:02}", date.year() % 100),
        "MMMM" => (*month).to_owned(),
        "MMM" => short(month),
        "MM" => format!("{:02}", date.month()),
        "M" => date.month().to_string(),
        "DD" => format!("{:02}", date.day()),
        "D" => date.day().to_string(),
        "EEEE" => weekday.to_owned(),
        "EEE" => short(weekday),
        "hh" => format!("{:02}", time.hour()),
        "h" => time.hour().to_string(),
        "HH" => format!("{hour:02}"),
        "H" => hour.to_string(),
        "AA" => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "aa" => if time.hour() < 12 { "am" } else { "pm" }.to_owned(),
        "mm" => format!("{:02}", time.minute()),
        "m" => time.minute().to_string(),
        "ss" => format!("{:02}", time.second()),
        "s" => time.second().to_string(),
        "Z" if utc => "Z".to_owned(),
        "ZZZ" if utc => "UTC".to_owned(),
        "ZZZ" | "ZZZZ" => offset_text(moment.offset, ""),
        "Z" | "ZZZZZ" => offset_text(moment.offset, ":"),
        _ => return None,
    })
}

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
