//! stub
/// stub
pub fn format(s: &str) -> String {
    s.to_owned()
}
