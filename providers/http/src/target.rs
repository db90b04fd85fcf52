//! URLs: which are taken, how they are shown, and which belong together.

use reqwest::Url;

/// The longest URL, in bytes.
const LONGEST: usize = 8_000;

/// Parses a URL to ask; the error is a sentence without the URL, which may hold a password.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    if text.len() > LONGEST {
        return Err(format!("The URL is longer than {LONGEST} bytes."));
    }
    if text.chars().any(|c| c.is_control() || c == ' ') {
        return Err("The URL contains a space or a control character.".into());
    }
    let url = Url::parse(text).map_err(|error| format!("The URL cannot be read: {error}."))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("The URL begins with neither http:// nor https://.".into());
    }
    Ok(url)
}

/// The URL without user name and password.
pub(crate) fn shown(url: &Url) -> String {
    without_user(url.clone()).to_string()
}

/// The URL that a redirect leads to; the error is a sentence.
pub(crate) fn redirected(from: &Url, location: &str) -> Result<Url, String> {
    let to = from.join(location).map_err(|error| format!("The redirect leads nowhere: {error}."))?;
    if to.as_str().len() > LONGEST {
        return Err(format!("The redirect leads to a URL of more than {LONGEST} bytes."));
    }
    match (from.scheme(), to.scheme()) {
        ("https", "http") => Err(format!("The redirect leads from https to {}.", shown(&to))),
        (_, "http" | "https") => Ok(if same_origin(from, &to) { to } else { without_user(to) }),
        (_, scheme) => Err(format!("The redirect leads to a URL with {scheme}:.")),
    }
}

/// Whether both have the same scheme, host and port.
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

fn without_user(mut url: Url) -> Url {
    // Fails only where there is no host, and then there is no user either.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        parse(text).expect("a URL")
    }

    #[test]
    fn only_web_addresses_are_taken() {
        for bad in [
            "",
            "shop.example",
            "/x",
            "file:///etc/passwd",
            "http://",
            "http://a b/",
            "http://a/\nb",
            "ftp://a/",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let long = parse(&format!("http://a/{}", "x".repeat(9000)));
        assert!(long.is_err());
        let error = parse("http://ann:secret@a:99999/").expect_err("no such port");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_user_is_never_shown_and_never_handed_on() {
        let from = url("https://ann:pw@a.example/x/y?z");
        assert_eq!(shown(&from), "https://a.example/x/y?z");
        let to = |location| redirected(&from, location).map(|url| url.to_string());
        assert_eq!(to("../b").as_deref(), Ok("https://ann:pw@a.example/b"));
        assert_eq!(to("//eve:pw@b.example/").as_deref(), Ok("https://b.example/"));
        for bad in ["http://a.example/", "file:///x", "javascript:1", "https://[", "data:,x"] {
            assert!(to(bad).is_err(), "{bad}");
        }
        assert!(!same_origin(&url("http://a/"), &url("http://a:8080/")));
        assert!(same_origin(&url("http://a/x"), &url("http://A:80/y")));
    }
}
