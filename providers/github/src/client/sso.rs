//! Single sign-on of an organisation: what its header says, and what to do about it.
//!
//! GitHub's page "Authenticating to the REST API" tells of the header: `required; url=PAGE` where a token must be let in first, and
//! `partial-results; organizations=1,2` where an answer leaves out what the token may not see.

use relplan_contract::Problem;

/// The header.
pub(super) const HEADER: &str = "x-github-sso";

/// The page on which the token can be let in.
pub(super) fn page(header: &str) -> Option<String> {
    let rest = header.trim().strip_prefix("required")?;
    let url = rest.split(';').find_map(|part| part.trim().strip_prefix("url="))?;
    url.starts_with("https://").then(|| url.trim().to_owned())
}

/// The problem of an answer from which something was left out: what cannot be read is not taken for what is not there.
pub(super) fn left_out(header: &str) -> Option<Problem> {
    let rest = header.trim().strip_prefix("partial-results")?;
    let organizations = rest.split(';').find_map(|part| part.trim().strip_prefix("organizations="));
    let message = format!(
        "GitHub left out of its answer what the single sign-on of the organisations {} protects.",
        organizations.unwrap_or("that it does not name")
    );
    Some(Problem::refused(message).hint(hint(None)))
}

/// Whether a refusal is for single sign-on, by its words.
pub(super) fn is_meant(message: &str) -> bool {
    message.contains("SAML enforcement") || message.contains("SAML SSO")
}

/// What to do about it.
pub(super) fn hint(page: Option<&str>) -> String {
    match page {
        Some(page) => format!("The organisation has single sign-on: authorise the token for it at {page}."),
        None => "The organisation has single sign-on: authorise the token for it, under Settings > Developer settings at GitHub \
                 (\"Configure SSO\"), or use the token of an App that is installed there."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_the_page_or_what_is_left_out() {
        let required = "required; url=https://github.com/orgs/acme/sso?authorization_request=AB12";
        assert_eq!(
            page(required).as_deref(),
            Some("https://github.com/orgs/acme/sso?authorization_request=AB12")
        );
        assert_eq!(page("required; url=javascript:x"), None);
        assert_eq!(page("required"), None);
        assert!(left_out(required).is_none());
        let problem = left_out("partial-results; organizations=21955855,20582480").expect("a problem");
        assert!(problem.message.contains("21955855,20582480"), "{problem}");
    }
}
