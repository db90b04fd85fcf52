//! Cookies that redirects set, kept for the rest of one step.
//!
//! Narrower than a browser's: a cookie goes back only to the very origin that set it, and nothing outlives the step.

use std::time::SystemTime;

use reqwest::Url;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use crate::target::same_origin;

/// The most cookies of one step, and the longest one, in bytes.
const MOST: usize = 50;
const LONGEST: usize = 4_096;

/// What was set so far.
#[derive(Default)]
pub(crate) struct Cookies(Vec<Cookie>);

struct Cookie {
    origin: Url,
    name: String,
    value: String,
    path: String,
}

impl Cookies {
    /// Takes in what an answer of the URL sets, and forgets what it takes back.
    pub(crate) fn take(&mut self, from: &Url, headers: &HeaderMap, now: SystemTime) {
        for header in headers.get_all(SET_COOKIE) {
            let Some(text) = header.to_str().ok().filter(|text| text.len() <= LONGEST) else { continue };
            let Some((cookie, gone)) = parsed(from, text, now) else { continue };
            self.0.retain(|old| !(old.is_like(&cookie) && same_origin(&old.origin, from)));
            if !gone && self.0.len() < MOST {
                self.0.push(cookie);
            }
        }
    }

    /// The headers with the cookies that belong to the URL; those that were given stay unless a new one has their name.
    pub(crate) fn with(&self, url: &Url, headers: &HeaderMap) -> HeaderMap {
        let mut ours: Vec<&Cookie> = self
            .0
            .iter()
            .filter(|cookie| same_origin(&cookie.origin, url) && cookie.is_for(url.path()))
            .collect();
        let mut headers = headers.clone();
        if ours.is_empty() {
            return headers;
        }
        // The standard's order: longer paths first.
        ours.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let given = headers.get(COOKIE).and_then(|given| given.to_str().ok()).unwrap_or_default();
        let kept = given.split(';').map(str::trim).filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default().trim();
            !pair.is_empty() && ours.iter().all(|cookie| cookie.name != name)
        });
        let set = ours.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value));
        let all = kept.map(str::to_owned).chain(set).collect::<Vec<_>>().join("; ");
        if let Ok(mut value) = HeaderValue::from_str(&all) {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
        headers
    }

    /// The values, which may well open a session.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|cookie| &*cookie.value)
    }
}

impl Cookie {
    fn is_like(&self, other: &Self) -> bool {
        self.name == other.name && self.path == other.path
    }

    fn is_for(&self, path: &str) -> bool {
        path.strip_prefix(&*self.path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'))
    }
}

/// The cookie of a header, and whether it is taken back by it. None where it is not for its origin.
fn parsed(from: &Url, text: &str, now: SystemTime) -> Option<(Cookie, bool)> {
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
    if name.is_empty() {
        return None;
    }
    let default = from.path().rsplit_once('/').map(|(folder, _)| folder).filter(|folder| !folder.is_empty());
    let (mut path, mut expired, mut max_age) = (default.unwrap_or("/"), false, None);
    for part in parts {
        let (key, word) = part.split_once('=').unwrap_or((part, ""));
        let word = word.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "path" if word.starts_with('/') => path = word,
            "domain" if !word.is_empty() => {
                let domain = word.trim_start_matches('.').to_ascii_lowercase();
                let host = from.host_str().unwrap_or_default();
                let inside =
                    host.strip_suffix(&*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                if !inside {
                    return None;
                }
            }
            "secure" if from.scheme() != "https" && !is_loopback(from) => return None,
            "max-age" => max_age = word.parse::<i64>().ok().or(max_age),
            "expires" => expired = year(word).is_some_and(|year| year < year_of(now)),
            _ => {}
        }
    }
    // A cookie that ends this year is kept: the step takes seconds.
    let gone = max_age.map_or(expired, |seconds| seconds <= 0);
    Some((Cookie { origin: from.clone(), name, value, path: path.to_owned() }, gone))
}

/// Whether nobody can listen on the way there.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The year in a date of a cookie, in whichever of its forms: cookies are taken back with one long gone.
fn year(date: &str) -> Option<u64> {
    let words = date.split([' ', '-']).filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let year = words.filter(|word| matches!(word.len(), 2 | 4)).nth(1)?;
    let number: u64 = year.parse().ok()?;
    Some(match (year.len(), number) {
        (2, 70..) => 1900 + number,
        (2, _) => 2000 + number,
        _ => number,
    })
}

fn year_of(now: SystemTime) -> u64 {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    1970 + seconds / 31_556_952
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    /// What is sent to a URL after answers of others.
    fn sent(set: &[(&str, &str)], to: &str, given: &str) -> String {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let mut cookies = Cookies::default();
        for (from, text) in set {
            let value = HeaderValue::from_str(text).expect("a header");
            cookies.take(&url(from), &HeaderMap::from_iter([(SET_COOKIE, value)]), now);
        }
        let given = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(given).expect("a header"))]);
        let headers = cookies.with(&url(to), &given);
        headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    #[test]
    fn a_cookie_goes_back_to_where_it_came_from() {
        let from = "https://a.example/x/y";
        for (text, to, cookies) in [
            ("s=1", "https://a.example/x/z", "s=1"),
            ("s=1", "https://a.example/x", "s=1"),
            ("s=1", "https://a.example/xy", ""),
            ("s=1; Path=/", "https://a.example/", "s=1"),
            ("s=a=b; path=/; HttpOnly; SameSite=Lax; Secure", "https://a.example/", "s=a=b"),
            ("s=; Path=/", "https://a.example/", "s="),
            ("s=1; Path=/", "https://b.example/", ""),
            ("s=1; Path=/", "https://a.example:8443/", ""),
            ("s=1; Path=/", "http://a.example/", ""),
            ("s=1; Path=/; Domain=.A.example", "https://a.example/", "s=1"),
            ("s=1; Path=/; Domain=example", "https://a.example/", "s=1"),
            ("s=1; Path=/; Domain=b.example", "https://a.example/", ""),
            ("s=1; Path=/; Max-Age=0", "https://a.example/", ""),
            ("s=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://a.example/", ""),
            ("s=1; Path=/; Expires=Thu, 01-Jan-70 00:00:01 GMT", "https://a.example/", ""),
            ("s=1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "https://a.example/", "s=1"),
            ("s=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", "https://a.example/", "s=1"),
            ("no cookie", "https://a.example/x/z", ""),
            ("=1", "https://a.example/x/z", ""),
        ] {
            assert_eq!(sent(&[(from, text)], to, ""), cookies, "{text} to {to}");
        }
        assert_eq!(sent(&[("http://a.example/", "s=1; Secure")], "http://a.example/", ""), "");
        assert_eq!(sent(&[("http://127.0.0.1:80/", "s=1; Secure")], "http://127.0.0.1/", ""), "s=1");
    }

    #[test]
    fn a_later_one_replaces_an_earlier_one_and_the_given_one() {
        let a = "http://a.example/";
        assert_eq!(sent(&[(a, "s=1"), (a, "t=2"), (a, "s=3")], a, "s=0; u=4"), "u=4; t=2; s=3");
        assert_eq!(sent(&[(a, "s=1"), (a, "s=; Max-Age=0")], a, "s=0"), "s=0");
        assert_eq!(sent(&[(a, "s=1"), ("http://b.example/", "s=2")], a, ""), "s=1");
        assert_eq!(sent(&[(a, "s=1"), (a, "s=2; Path=/in")], "http://a.example/in/it", ""), "s=2; s=1");
        let many: Vec<String> = (0..60).map(|index| format!("c{index}=1")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|text| (a, &**text)).collect();
        assert_eq!(sent(&many, a, "").split("; ").count(), MOST);
    }
}
