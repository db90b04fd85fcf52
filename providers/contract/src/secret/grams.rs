//! Secrets in base64 and in hexadecimal digits, also in part: wrapped over lines, with spaces between, from the middle
//! of something longer.
//!
//! Where a secret is broken over lines is not known, and a line may be all that there is to look at. So every run of
//! four of its bytes is known, as its digits would be written: a part of a secret is found wherever it stands, and what
//! could be left of it at the end of a line is shorter than the shortest text that is masked.

use std::collections::BTreeSet;

use super::known::Known;

/// Digits of base64 that are compared: they hold four bytes, and four bits besides.
const DIGITS: usize = 6;

/// Bytes that are compared of hexadecimal digits.
const BYTES: usize = 4;

/// Most separators between two bytes in hexadecimal digits: `xxd` has one or two, `od` and `hexdump` up to three.
const MAX_GAP: usize = 3;

/// Parts of secrets, as numbers.
#[derive(Debug, Default)]
pub(super) struct Grams {
    base64: Known,
    hex: Known,
}

impl Grams {
    /// The parts of all secrets.
    pub(super) fn of<'s>(secrets: impl IntoIterator<Item = &'s [u8]>) -> Self {
        let (mut base64, mut hex) = (BTreeSet::new(), BTreeSet::new());
        for secret in secrets {
            for phase in 0..3 {
                base64.extend(base64_grams(secret, phase));
            }
            // The whole of a short one, whose last digit is filled up with zeroes.
            base64
                .extend(base64_grams(&[secret, &[0]].concat(), 0).take(1).filter(|_| secret.len() == BYTES));
            for run in secret.windows(BYTES) {
                if let [a, b, c, d] = *run {
                    hex.insert(u64::from(u32::from_be_bytes([a, b, c, d])));
                    // `od -x`, `hexdump` and `xxd -e` show words of the machine: their bytes are swapped.
                    hex.insert(u64::from(u32::from_be_bytes([b, a, d, c])));
                    hex.insert(u64::from(u32::from_le_bytes([a, b, c, d])));
                }
            }
        }
        Self { base64: Known::new(base64), hex: Known::new(hex) }
    }

    /// Adds where parts of secrets stand in a text.
    pub(super) fn find(&self, text: &[u8], ranges: &mut Vec<(usize, usize)>) {
        self.find_base64(text, ranges);
        self.find_hex(text, ranges);
    }

    fn find_base64(&self, text: &[u8], ranges: &mut Vec<(usize, usize)>) {
        if self.base64.is_empty() {
            return;
        }
        let (mut run, mut key) = (0, 0_u64);
        for (at, byte) in text.iter().enumerate() {
            let Some(digit) = base64_digit(*byte) else {
                run = 0;
                continue;
            };
            key = (key << 6 | u64::from(digit)) & ((1 << (6 * DIGITS)) - 1);
            run += 1;
            if run >= DIGITS && self.base64.has(key) {
                // The digits beside it hold some of its bits, and perhaps of bytes that were cut off.
                let start = (at + 1).saturating_sub(DIGITS.min(run) + usize::from(run > DIGITS));
                let beside = text.get(at + 1).is_some_and(|next| base64_digit(*next).is_some());
                ranges.push((start, at + 1 + usize::from(beside)));
            }
        }
    }

    /// The places of the last bytes are kept, since separators may stand between.
    fn find_hex(&self, text: &[u8], ranges: &mut Vec<(usize, usize)>) {
        if self.hex.is_empty() {
            return;
        }
        let mut digits: [(u8, usize); 2 * BYTES] = [(0, 0); 2 * BYTES];
        let (mut run, mut gap, mut spaced) = (0_usize, 0, 0_usize);
        let mut key = 0_u64;
        for (at, byte) in text.iter().enumerate() {
            let Some(digit) = char::from(*byte).to_digit(16) else {
                gap += 1;
                spaced = at;
                if gap > MAX_GAP || !matches!(byte, b' ' | b':' | b'-' | b',' | b'\t') {
                    run = 0;
                }
                continue;
            };
            gap = 0;
            run += 1;
            key = (key << 4 | u64::from(digit)) & u64::from(u32::MAX);
            digits.rotate_left(1);
            if let Some(last) = digits.last_mut() {
                *last = (0, at);
            }
            if run >= digits.len() && self.hex.has(key) {
                let start = digits.first().map_or(at, |(_, start)| *start);
                // With spaces between or behind it may be a dump: beside the digits stand the characters themselves.
                let behind = matches!(text.get(at + 1), Some(b' ' | b'\t'));
                let end = if behind || spaced > start { line_end(text, at) } else { at + 1 };
                ranges.push((start, end));
            }
        }
    }
}

fn line_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

/// Every run of digits that depends on the secret alone, when `phase` unknown bytes come before it.
fn base64_grams(bytes: &[u8], phase: usize) -> impl Iterator<Item = u64> {
    let first_bit = (6 - phase * 8 % 6) % 6;
    let digits = (bytes.len() * 8).saturating_sub(first_bit) / 6;
    let bit =
        move |index: usize| bytes.get(index / 8).map_or(0, |byte| u64::from(byte >> (7 - index % 8) & 1));
    (0..(digits + 1).saturating_sub(DIGITS)).map(move |digit| {
        let start = first_bit + digit * 6;
        (start..start + 6 * DIGITS).fold(0, |key, index| key << 1 | bit(index))
    })
}

/// The value of a digit, of either alphabet.
const fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}
