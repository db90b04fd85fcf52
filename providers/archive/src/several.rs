//! Lists for a person.

/// The first of a list, and how many more there are: `a, b, and 7 more`.
#[must_use]
pub fn several(all: &[String], most: usize) -> String {
    let shown = all.get(..most).unwrap_or(all).join(", ");
    match all.len().saturating_sub(most) {
        0 => shown,
        rest => format!("{shown}, and {rest} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        let all = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(several(&all, 3), "a, b, c");
        assert_eq!(several(&all, 2), "a, b, and 1 more");
        assert_eq!(several(&[], 2), "");
    }
}
