//! Waiting longer with each try, and never all at the same moment.

use std::time::Duration;

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Tries in all.
    pub attempts: u32,
    /// Wait before the second try; doubles with each.
    pub min_delay: Duration,
    /// Longest wait.
    pub max_delay: Duration,
}

impl Default for Backoff {
    /// Four tries within about ten seconds.
    fn default() -> Self {
        Self { attempts: 4, min_delay: Duration::from_secs(1), max_delay: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The wait after try number `tries` (from 1); none when that was the last. Between half of the doubled delay
    /// and all of it, decided by `seed`.
    #[must_use]
    pub fn wait(&self, tries: u32, seed: u64) -> Option<Duration> {
        if tries >= self.attempts {
            return None;
        }
        let doublings = tries.saturating_sub(1).min(20);
        let full = self.min_delay.saturating_mul(1 << doublings).min(self.max_delay);
        let fraction = u32::try_from(mix(seed.wrapping_add(u64::from(tries))) >> 48).unwrap_or_default();
        Some(full / 2 + (full / 2).saturating_mul(fraction) / 0x1_0000)
    }
}

/// Spreads the bits of a number: the finalizer of `SplitMix64` (Steele, Lea, Flood 2014).
const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let backoff =
            Backoff { attempts: 6, min_delay: Duration::from_secs(1), max_delay: Duration::from_secs(5) };
        for seed in 0..200 {
            let waits: Vec<Duration> = (1..6).filter_map(|tries| backoff.wait(tries, seed)).collect();
            for (wait, full) in waits.iter().zip([1, 2, 4, 5, 5]) {
                let full = Duration::from_secs(full);
                assert!(full / 2 <= *wait && *wait <= full, "{wait:?} of {full:?}");
            }
            assert_eq!((waits.len(), backoff.wait(6, seed)), (5, None));
        }
    }
}
