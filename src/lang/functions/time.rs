//! Time. Texts are RFC 3339, as `2018-01-02T23:12:01Z`; the present time is the [`Host`](super::Host)'s to tell.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use relplan_contract::Value;

use super::Accepts::String as Text;
use super::{Arguments, Fault, Function, Timestamp, parameter};

mod pattern;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "formatdate",
        &[parameter("format", Text), parameter("time", Text)],
        pattern::formatdate,
        "The time as the format says: YYYY MM DD hh mm ss and others; text between single quotes stays.",
        ("formatdate(\"DD MMM YYYY hh:mm\", \"2018-01-02T23:12:01Z\")", "\"02 Jan 2018 23:12\""),
    ),
    Function::new(
        "plantimestamp",
        &[],
        |arguments| Ok(moment(arguments.host().run_time())),
        "The time at which the run began, the same for all of it. Known when applying; Terraform knows it when planning, but then no plan would be equal to an earlier one.",
        ("can(plantimestamp())", "true"),
    ),
    Function::new(
        "timeadd",
        &[parameter("time", Text), parameter("duration", Text)],
        timeadd,
        "The time, later by a duration such as \"1h30m\"; earlier by one that begins with a minus.",
        ("timeadd(\"2017-11-22T00:00:00Z\", \"10m\")", "\"2017-11-22T00:10:00Z\""),
    ),
    Function::new(
        "timecmp",
        &[parameter("time_a", Text), parameter("time_b", Text)],
        timecmp,
        "-1, 0 or 1: whether the first time is before, at or after the second one.",
        ("timecmp(\"2017-11-22T00:00:00Z\", \"2017-11-22T01:00:00+01:00\")", "0"),
    ),
    Function::new(
        "timestamp",
        &[],
        |arguments| Ok(moment(arguments.host().now())),
        "The present time, in UTC. It is known when applying, never when planning.",
        ("can(timestamp())", "true"),
    ),
];

/// A point in time with the offset that it was written with.
#[derive(Clone, Copy)]
struct Moment {
    local: DateTime,
    offset: Offset,
}

impl Moment {
    fn timestamp(self) -> Option<Timestamp> {
        self.offset.to_timestamp(self.local).ok()
    }

    /// RFC 3339, without a fraction of a second.
    fn text(self) -> String {
        let (date, time) = (self.local.date(), self.local.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            if self.offset == Offset::UTC { "Z".to_owned() } else { offset_text(self.offset, ":") },
        )
    }
}

/// `+02:00`, with the given separator.
fn offset_text(offset: Offset, separator: &str) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{separator}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn moment(timestamp: Option<Timestamp>) -> Value {
    let written = |timestamp: Timestamp| {
        Moment { local: Offset::UTC.to_datetime(timestamp), offset: Offset::UTC }.text()
    };
    timestamp.map_or(Value::UNKNOWN, |timestamp| Value::string(written(timestamp)))
}

/// The time that an argument stands for.
fn parse(arguments: &Arguments<'_>, index: usize) -> Result<Moment, Fault> {
    read(arguments.text(index)).filter(|moment| moment.timestamp().is_some()).ok_or_else(|| {
        let message =
            format!("It must be a time such as 2018-01-02T23:12:01Z, but this is {}.", arguments.show(index));
        Fault::argument(
            index,
            message,
            "Write date, `T`, time, and `Z` or an offset such as `+02:00` (RFC 3339).",
        )
    })
}

fn read(text: &str) -> Option<Moment> {
    let field = |range: std::ops::Range<usize>| -> Option<i16> {
        text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    };
    let small = |range: std::ops::Range<usize>| i8::try_from(field(range)?).ok();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let bytes = text.as_bytes();
    if !separators.iter().all(|(at, separator)| bytes.get(*at) == Some(separator)) {
        return None;
    }
    let day = Date::new(field(0..4)?, small(5..7)?, small(8..10)?).ok()?;
    let time = Time::new(small(11..13)?, small(14..16)?, small(17..19)?, 0).ok()?;
    let behind = text.get(19..)?;
    let (fraction, zone) = match behind.strip_prefix('.') {
        Some(digits) => digits.split_at(digits.find(|c: char| !c.is_ascii_digit())?),
        None => ("0", behind),
    };
    // A fraction is cut off: no result shows one.
    if fraction.is_empty() {
        return None;
    }
    Some(Moment { local: day.to_datetime(time), offset: read_offset(zone)? })
}

fn read_offset(zone: &str) -> Option<Offset> {
    if zone == "Z" {
        return Some(Offset::UTC);
    }
    let sign = match zone.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let part = |digits: &str, most: i32| {
        let number = digits.parse::<i32>().ok().filter(|_| digits.len() == 2 && digits.is_ascii());
        number.filter(|number| (0..=most).contains(number))
    };
    Offset::from_seconds(sign * (part(hours, 23)? * 3600 + part(minutes, 59)? * 60)).ok()
}

fn timeadd(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let moment = parse(arguments, 0)?;
    let duration = duration(arguments.text(1)).ok_or_else(|| {
        let message = format!("It must be a duration such as 1h30m, but this is {}.", arguments.show(1));
        Fault::argument(1, message, "The units are h, m, s, ms, us and ns; write a day as 24h.")
    })?;
    let later = moment
        .local
        .checked_add(duration)
        .map_err(|_| Fault::call("The time would be out of range.", "Use a shorter duration."))?;
    arguments.string(Moment { local: later, offset: moment.offset }.text())
}

fn timecmp(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (a, b) = (parse(arguments, 0)?.timestamp(), parse(arguments, 1)?.timestamp());
    Ok(Value::integer(match a.cmp(&b) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    }))
}

/// A duration as Go writes it: `-1h30m`, `1.5s`, `0`.
fn duration(text: &str) -> Option<SignedDuration> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut total: i128 = 0;
    let mut rest = unsigned;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let nanoseconds: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        total = total.checked_add(amount(number, nanoseconds)?)?;
        rest = behind;
    }
    let nanoseconds = i64::try_from(total).ok().filter(|_| !unsigned.is_empty())?;
    Some(SignedDuration::from_nanos(if text.starts_with('-') { -nanoseconds } else { nanoseconds }))
}

/// `1.5` of a unit of so many nanoseconds.
fn amount(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || whole.len() > 19 || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = fraction.get(..18).unwrap_or(fraction);
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    whole.checked_mul(unit)?.checked_add(part.checked_mul(unit)? / scale)
}
