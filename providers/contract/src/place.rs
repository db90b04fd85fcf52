//! [`Place`]: where the number of a process means something.
//!
//! Containers on one machine share its boot id, and each counts its processes from 1. So a number alone, or with the
//! boot, names a different process in each of them, or none: whoever looks for one must look in the place where it was
//! counted.

use std::fmt;
use std::fs;

/// A PID namespace of one start of one machine, and what else start times and people need.
///
/// The kernel may give the number of a namespace that is gone to a new one, and all its processes went with it: none
/// of them is found in the new one, which is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the PID namespace.
    namespace: String,
    /// Number of the time namespace, in which start times are counted.
    times: String,
    /// The random id that Linux draws when the machine starts.
    boot: String,
    /// Name of the machine or container. The last, since it may hold anything.
    host: String,
}

impl Place {
    /// Where this process runs; none where the system does not tell.
    #[must_use]
    pub fn here() -> Option<Self> {
        Some(Self {
            namespace: namespace("pid")?,
            // Linux before 5.6 has one for all.
            times: namespace("time").unwrap_or_else(|| "none".to_owned()),
            boot: line("/proc/sys/kernel/random/boot_id")?,
            host: line("/proc/sys/kernel/hostname")?,
        })
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, rest) = text.strip_prefix("PID namespace ")?.split_once(", time namespace ")?;
        let (times, rest) = rest.split_once(", boot ")?;
        let (boot, host) = rest.split_once(", host ")?;
        let [namespace, times, boot, host] = [namespace, times, boot, host].map(str::to_owned);
        Some(Self { namespace, times, boot, host })
    }

    /// Number of the PID namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether `/proc` counts processes as this process does: in a new PID namespace it may still be that of the one
    /// above, until it is mounted anew.
    #[must_use]
    pub fn is_shown_in_proc() -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        numbers.is_some_and(|numbers| numbers.trim() == std::process::id().to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, times, boot, host } = self;
        write!(f, "PID namespace {namespace}, time namespace {times}, boot {boot}, host {host}")
    }
}

/// The number in a link such as `pid:[4026531836]`.
fn namespace(kind: &str) -> Option<String> {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
    let number = link.to_str()?.strip_prefix(kind)?.strip_prefix(":[")?.strip_suffix(']')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.to_owned())
}

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_whatever_the_machine_is_called() {
        let here = Place::here().expect("Linux");
        for host in ["vm", "a, host b", "a, boot b", ""] {
            let place = Place { host: host.to_owned(), ..here.clone() };
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
        assert!(Place::is_shown_in_proc());
    }

    #[test]
    fn every_part_tells_places_apart() {
        let here = Place::here().expect("Linux");
        let other = || "other".to_owned();
        assert_ne!(Place { namespace: other(), ..here.clone() }, here);
        assert_ne!(Place { times: other(), ..here.clone() }, here);
        assert_ne!(Place { boot: other(), ..here.clone() }, here);
        assert_ne!(Place { host: other(), ..here.clone() }, here);
        for no_place in ["", "boot x", "PID namespace 1, boot x, host y", "PID namespace 1"] {
            assert_eq!(Place::parse(no_place), None);
        }
    }
}
