//! Numbers as the verbs of `format` write them.

use std::cmp::Ordering;

use relplan_contract::Number;

use super::Verb;

/// `%d`, `%b`, `%o`, `%x`, `%X`; none for a number that is not whole.
pub(super) fn integer(verb: &Verb, letter: char, number: &Number) -> Option<String> {
    use bigdecimal::num_bigint::BigInt;
    if !number.is_integer() {
        return None;
    }
    let whole: BigInt = number.to_string().parse().ok()?;
    let (radix, prefix) = match letter {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let digits = whole.magnitude().to_str_radix(radix);
    let digits = if letter == 'X' { digits.to_uppercase() } else { digits };
    let prefix = if verb.has('#') { prefix } else { "" };
    Some(format!("{}{prefix}{digits}", sign(verb, *number < Number::from(0))))
}

/// `%v`: like `%g` without a precision.
pub(super) fn shortest_of(verb: &Verb, number: &Number) -> String {
    let decimal = Decimal::of(number);
    format!("{}{}", sign(verb, decimal.negative), shortest(&decimal, None))
}

/// `%e`, `%E`, `%f`, `%g`, `%G`.
pub(super) fn decimal(verb: &Verb, letter: char, number: &Number) -> String {
    let decimal = Decimal::of(number);
    let unsigned = match letter {
        'f' => decimal.rounded_at(verb.precision.unwrap_or(6)).plain(verb.precision.unwrap_or(6)),
        'e' | 'E' => {
            let precision = verb.precision.unwrap_or(6);
            decimal.rounded_to(precision + 1).scientific(Some(precision))
        }
        _ => shortest(&decimal, verb.precision),
    };
    let unsigned = if letter.is_ascii_uppercase() { unsigned.to_uppercase() } else { unsigned };
    format!("{}{unsigned}", sign(verb, decimal.negative))
}

/// `%g`: with an exponent where that is below -4, or not below the precision; without one, not below 6.
fn shortest(decimal: &Decimal, precision: Option<usize>) -> String {
    let rounded = precision.map_or_else(|| decimal.clone(), |digits| decimal.rounded_to(digits.max(1)));
    let exponent = rounded.exponent();
    let count = i64::try_from(rounded.digits.len()).unwrap_or(i64::MAX);
    let limit = match precision.map(|digits| i64::try_from(digits.max(1)).unwrap_or(i64::MAX)) {
        None => 6,
        Some(digits) if digits > count && count >= rounded.point => count,
        Some(digits) => digits,
    };
    if exponent < -4 || exponent >= limit.max(1) {
        return rounded.scientific(None);
    }
    rounded.plain(usize::try_from(count - rounded.point).unwrap_or(0))
}

fn sign(verb: &Verb, negative: bool) -> &'static str {
    match (negative, verb.has('+'), verb.has(' ')) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
}

/// `0.d1d2d3... * 10^point`, without zeros at either end; no digits for zero.
#[derive(Clone, Debug)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    fn of(number: &Number) -> Self {
        let text = number.to_string();
        let unsigned = text.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
        let leading = all.iter().take_while(|digit| **digit == 0).count();
        let point = i64::try_from(whole.len()).unwrap_or(i64::MAX) - i64::try_from(leading).unwrap_or(0);
        let digits = all.into_iter().skip(leading).collect();
        Self { negative: text.len() > unsigned.len(), digits, point }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.point = 1;
        }
        self
    }

    /// The power of ten of the first digit.
    const fn exponent(&self) -> i64 {
        self.point - 1
    }

    /// Rounded half to even, to so many digits behind the decimal point.
    fn rounded_at(&self, fraction: usize) -> Self {
        let kept = self.point.saturating_add(i64::try_from(fraction).unwrap_or(i64::MAX));
        usize::try_from(kept).map_or_else(
            |_| Self { negative: self.negative, digits: Vec::new(), point: 1 },
            |kept| self.rounded_to(kept),
        )
    }

    /// Rounded half to even, to so many digits.
    fn rounded_to(&self, count: usize) -> Self {
        let (kept, cut) = self.digits.split_at_checked(count).unwrap_or((&self.digits, &[]));
        let mut rounded = Self { negative: self.negative, digits: kept.to_vec(), point: self.point };
        let odd = kept.last().is_some_and(|digit| digit % 2 == 1);
        let up = match cut.split_first() {
            None => false,
            Some((first, rest)) => match first.cmp(&5) {
                Ordering::Less => false,
                Ordering::Greater => true,
                Ordering::Equal => odd || rest.iter().any(|digit| *digit > 0),
            },
        };
        if up {
            rounded.count_up();
        }
        rounded.trimmed()
    }

    fn count_up(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
        self.point += 1;
    }

    fn digit(&self, index: i64) -> char {
        let digit =
            usize::try_from(index).ok().and_then(|index| self.digits.get(index)).copied().unwrap_or(0);
        char::from(b'0' + digit)
    }

    fn plain(&self, fraction: usize) -> String {
        let fraction = i64::try_from(fraction).unwrap_or(i64::MAX);
        let whole: String = if self.point <= 0 {
            "0".to_owned()
        } else {
            (0..self.point).map(|index| self.digit(index)).collect()
        };
        if fraction == 0 {
            return whole;
        }
        let behind: String = (self.point..self.point + fraction).map(|index| self.digit(index)).collect();
        format!("{whole}.{behind}")
    }

    fn scientific(&self, precision: Option<usize>) -> String {
        let count = precision.unwrap_or_else(|| self.digits.len().max(1) - 1);
        let behind: String = (1..=i64::try_from(count).unwrap_or(0)).map(|index| self.digit(index)).collect();
        let dot = if behind.is_empty() { "" } else { "." };
        let exponent = if self.digits.is_empty() { 0 } else { self.exponent() };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}{dot}{behind}e{sign}{:02}", self.digit(0), exponent.unsigned_abs())
    }
}
