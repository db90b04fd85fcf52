//! The order in which files run: by the numbers in their names, as their authors count.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use super::files::Script;
use super::history::Known;

/// Which of two names comes first: `2_b.sql` before `10_a.sql`, `V1__a.sql` before `V1_1__b.sql`.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (left, right) = (plain(one), plain(other));
    by_numbers(&mut left.chars().peekable(), &mut right.chars().peekable()).then_with(|| one.cmp(other))
}

/// A name that is compared by its letters and numbers. In one with a version of several numbers up to `__`, what stands between
/// these and behind them comes before all letters, and the end of the version first.
fn plain(name: &str) -> Cow<'_, str> {
    let Some((version, rest)) = name.split_once("__") else { return Cow::Borrowed(name) };
    let numbers = version.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let counts = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !numbers.split(['.', '_']).all(counts) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("{}\u{1}{rest}", version.replace(['.', '_'], "\u{2}")))
}

fn by_numbers(left: &mut Peekable<Chars<'_>>, right: &mut Peekable<Chars<'_>>) -> Ordering {
    loop {
        let (Some(one), Some(other)) = (left.peek().copied(), right.peek().copied()) else {
            return left.peek().is_some().cmp(&right.peek().is_some());
        };
        let order = if one.is_ascii_digit() && other.is_ascii_digit() {
            let (one, other) = (number(left), number(right));
            one.len().cmp(&other.len()).then(one.cmp(&other))
        } else {
            left.next();
            right.next();
            one.cmp(&other)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The number that begins here, without zeros before it.
fn number(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    digits.trim_start_matches('0').to_owned()
}

/// The number that a name begins with.
fn leading(name: &str) -> Option<String> {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(rest.len());
    let version: Vec<&str> = rest
        .get(..end)?
        .trim_end_matches(['.', '_'])
        .split(['.', '_'])
        .map(|part| part.trim_start_matches('0'))
        .collect();
    Some(version.join("."))
}

/// What a reviewer should know of the order of those that will run.
pub(super) fn notes(scripts: &[Script], pending: &[&Script], known: &BTreeMap<String, Known>) -> Vec<String> {
    let mut notes = Vec::new();
    let by_letters = pending.windows(2).find(|pair| matches!(pair, [one, two] if one.name > two.name));
    if let Some([one, two]) = by_letters {
        notes.push(format!(
            "The files run in the order of their numbers: {} before {}, though their letters say otherwise.",
            one.name, two.name
        ));
    }
    let twice = pending.windows(2).find_map(|pair| match pair {
        [one, two] => leading(&one.name)
            .filter(|number| leading(&two.name).as_ref() == Some(number))
            .map(|_| (one, two)),
        _ => None,
    });
    if let Some((one, two)) = twice {
        notes.push(format!("{} and {} have the same number: they run in this order.", one.name, two.name));
    }
    let done = |script: &&Script| known.contains_key(&script.name);
    let late = pending.iter().find_map(|late| {
        let behind = scripts.iter().skip_while(|script| script.name != late.name);
        behind.into_iter().find(done).map(|done| (late, done))
    });
    if let Some((late, done)) = late {
        notes.push(format!(
            "{} comes before {}, which was run already: it runs behind it.",
            late.name, done.name
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        for names in [
            &["1_a.sql", "2_b.sql", "10_c.sql", "011_d.sql"][..],
            &["V1__a.sql", "V1_1__b.sql", "V1.2__c.sql", "V1.10__d.sql", "V2__a.sql"],
            &["20240101_b.sql", "20250101_a.sql", "20240101120000_c.sql"],
            &["2024-1-5-b.sql", "2024-01-12-a.sql"],
            &["a.sql", "a2.sql", "a10.sql", "b.sql"],
            &["007_x.sql", "7_y.sql", "18446744073709551616_z.sql", "100000000000000000000_a.sql"],
        ] {
            let mut sorted = names.to_vec();
            sorted.reverse();
            sorted.sort_by(|one, other| compare(one, other));
            assert_eq!(sorted, names);
        }
    }

    #[test]
    fn numbers_are_the_same_whatever_stands_around_them() {
        for (one, other, same) in [
            ("1_a.sql", "01-b.sql", true),
            ("V1__a.sql", "1_b.sql", true),
            ("V1_1__a.sql", "V1.1__b.sql", true),
            ("1_a.sql", "10_a.sql", false),
        ] {
            assert_eq!(leading(one) == leading(other), same, "{one} {other}");
        }
        assert_eq!(leading("users.sql"), None);
    }
}
