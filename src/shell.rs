//! Texts as words of a shell: a command that is shown can be typed as it is.

/// A text as one word, in quotes only where it needs them.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=@%,:".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

/// A text as one word in quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A path as one word: one that begins with a dash is no option.
#[must_use]
pub fn path(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    if text.starts_with('-') { word(&format!("./{text}")) } else { word(&text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_by_a_shell() {
        for text in
            ["a", "my plan.bin", "it's", "a\"b", "$HOME", "`ls`", "*", "a\\b", "", "~x", "a;b", "é", "-x"]
        {
            let read = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", word(text).replacen("-x", "\\-x", 1))])
                .output()
                .expect("a shell");
            assert_eq!(String::from_utf8_lossy(&read.stdout), text);
        }
        assert_eq!(word("releases/v1.2.hcl"), "releases/v1.2.hcl");
        assert_eq!(path(std::path::Path::new("-x.hcl")), "./-x.hcl");
    }
}
