//! Paths as texts with forward slashes. They are compared as texts: what links make of them is not known here.

/// Joins two paths and takes `.` and `x/..` out. Empty stands for the folder itself.
pub(super) fn join(base: &str, path: &str) -> String {
    if base.is_empty() || path.starts_with('/') {
        normalise(path)
    } else {
        normalise(&format!("{base}/{path}"))
    }
}

/// Takes `.`, `x/..` and doubled slashes out.
pub(super) fn normalise(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => {
                steps.pop();
            }
            ".." if absolute && steps.is_empty() => {}
            step => steps.push(step),
        }
    }
    format!("{}{}", if absolute { "/" } else { "" }, steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_paths_are_short() {
        let cases = [
            ("", "./a", "a"),
            ("", "../a", "../a"),
            ("a/b", "../c", "a/c"),
            ("a", "../../c", "../c"),
            ("../a", "../b", "../b"),
            ("a", "..", ""),
            ("", "x.hcl", "x.hcl"),
            ("/r", "../m", "/m"),
            ("/r", "x.hcl", "/r/x.hcl"),
            ("..", "x", "../x"),
        ];
        for (base, path, wanted) in cases {
            assert_eq!(join(base, path), wanted, "{base} + {path}");
        }
        assert_eq!(normalise("./a//b/./../c/"), "a/c");
        assert_eq!(normalise("."), "");
    }
}
