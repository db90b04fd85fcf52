//! Exact decimal numbers, as the language and every provider see them.
//!
//! Terraform computes with binary floats of 512 bits; relplan with decimals of the same precision, so that
//! `0.1 + 0.2 == 0.3` and a plan's digest never hangs on a rounding mode. What does not fit is an error, never
//! an infinity.

use std::fmt;
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};

/// Significant decimal digits of an inexact result: what 512 binary digits hold.
pub const PRECISION: u64 = 154;

/// The longest number, in digits before and behind the decimal point together.
pub const MAX_DIGITS: u64 = 1_024;

/// Why an operation on numbers has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// The result, or the text, has more digits than [`MAX_DIGITS`].
    Overflow,
    /// The divisor is zero.
    DivisionByZero,
    /// The text is not a decimal number.
    Malformed,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow => write!(f, "the number has more than {MAX_DIGITS} digits"),
            Self::DivisionByZero => f.write_str("division by zero"),
            Self::Malformed => f.write_str("not a decimal number"),
        }
    }
}

impl std::error::Error for NumberError {}

/// A decimal number, kept in its shortest form so that equal numbers are equal byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(BigDecimal);

impl Number {
    /// Parses `-12`, `1.50` or `1e3`.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        // The exponent is bounded before the library sees it: `1e999999999` must cost nothing.
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let digits = mantissa.strip_prefix('-').unwrap_or(mantissa);
        let well_formed = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.ends_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && digits.bytes().filter(|b| *b == b'.').count() <= 1;
        if !well_formed {
            return Err(NumberError::Malformed);
        }
        let sign_stripped = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if sign_stripped.is_empty() || !sign_stripped.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NumberError::Malformed);
        }
        let exponent: i64 = exponent.parse().map_err(|_| NumberError::Overflow)?;
        if digits.len() as u64 > MAX_DIGITS || exponent.unsigned_abs() > MAX_DIGITS {
            return Err(NumberError::Overflow);
        }
        let decimal = BigDecimal::from_str(text).map_err(|_| NumberError::Malformed)?;
        Self::checked(&decimal)
    }

    /// The sum.
    pub fn add(&self, other: &Self) -> Result<Self, NumberError> {
        Self::checked(&(&self.0 + &other.0))
    }

    /// The difference.
    pub fn sub(&self, other: &Self) -> Result<Self, NumberError> {
        Self::checked(&(&self.0 - &other.0))
    }

    /// The product.
    pub fn mul(&self, other: &Self) -> Result<Self, NumberError> {
        Self::checked(&(&self.0 * &other.0).with_prec(PRECISION))
    }

    /// The quotient, to [`PRECISION`] digits.
    pub fn div(&self, other: &Self) -> Result<Self, NumberError> {
        if other.0.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        // Both sides are scaled to integers so that the wanted precision is ours, not the library's default.
        let (left, left_scale) = self.0.as_bigint_and_exponent();
        let (right, right_scale) = other.0.as_bigint_and_exponent();
        let shift = PRECISION + right.magnitude().bits() / 3 + 2;
        let shifted = left * BigInt::from(10_u8).pow(u32::try_from(shift).unwrap_or(u32::MAX));
        let scale = left_scale - right_scale + i64::try_from(shift).unwrap_or(i64::MAX);
        Self::checked(&BigDecimal::new(shifted / right, scale).with_prec(PRECISION))
    }

    /// The remainder, with the sign of the dividend as in Terraform.
    pub fn rem(&self, other: &Self) -> Result<Self, NumberError> {
        if other.0.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        Self::checked(&(&self.0 % &other.0))
    }

    /// The number with the opposite sign.
    #[must_use]
    pub fn neg(&self) -> Self {
        Self(-&self.0)
    }

    /// Rounds towards minus infinity.
    #[must_use]
    pub fn floor(&self) -> Self {
        Self(self.0.with_scale_round(0, RoundingMode::Floor).normalized())
    }

    /// Rounds towards plus infinity.
    #[must_use]
    pub fn ceil(&self) -> Self {
        Self(self.0.with_scale_round(0, RoundingMode::Ceiling).normalized())
    }

    /// Whether nothing stands behind the decimal point.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.0.is_integer()
    }

    /// The number as an `i64` where it is a whole one that fits.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        self.is_integer().then(|| self.0.to_i64()).flatten()
    }

    /// How many digits it is written with, before and behind the decimal point.
    #[must_use]
    pub fn digits(&self) -> u64 {
        let (_, scale) = self.0.as_bigint_and_exponent();
        self.0.digits().saturating_add(scale.unsigned_abs())
    }

    /// The nearest binary float, for logarithms and other inexact functions.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }

    /// The number that a binary float stands for; fails on infinities and NaN.
    pub fn from_f64(value: f64) -> Result<Self, NumberError> {
        let decimal = BigDecimal::from_str(&format!("{value:e}")).map_err(|_| NumberError::Overflow)?;
        Self::checked(&decimal)
    }

    fn checked(decimal: &BigDecimal) -> Result<Self, NumberError> {
        let decimal = decimal.normalized();
        let (_, scale) = decimal.as_bigint_and_exponent();
        if decimal.digits().saturating_add(scale.unsigned_abs()) > 2 * MAX_DIGITS {
            return Err(NumberError::Overflow);
        }
        Ok(Self(decimal))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(BigDecimal::from(value).normalized())
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

impl fmt::Display for Number {
    /// Writes all digits, never an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect("a number")
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(number("0.1").add(&number("0.2")), Ok(number("0.3")));
        assert_eq!(number("1.50").to_string(), "1.5");
        assert_eq!(number("1e3").to_string(), "1000");
        assert_eq!(number("6").div(&number("3")), Ok(number("2")));
        assert_eq!(number("-7").rem(&number("3")), Ok(number("-1")));
        assert_eq!(number("-0.5").floor().to_string(), "-1");
        assert_eq!(number("0.125").div(&number("1000")).map(|n| n.to_string()), Ok("0.000125".into()));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(Number::parse("1e999999999"), Err(NumberError::Overflow));
        assert_eq!(number("1").div(&number("0")), Err(NumberError::DivisionByZero));
        let big = number("1e1000");
        assert_eq!(big.mul(&big).and_then(|n| n.mul(&big)), Err(NumberError::Overflow));
        for bad in ["", "-", "1.", ".5", "1e", "0x10", "1_000", "inf", "NaN", "1.2.3", "--1"] {
            assert_eq!(Number::parse(bad), Err(NumberError::Malformed), "{bad}");
        }
    }
}
