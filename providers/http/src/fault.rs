//! Why a request got no answer that could be judged, and what that says about the service.

use std::error::Error;
use std::io;

use relplan_contract::Outcome;
use rustls::CertificateError;

/// What went wrong, and whether that is a verdict on the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// [`Outcome::Failed`] where the service is to blame, [`Outcome::Error`] where this side is.
    pub(crate) outcome: Outcome,
    /// A sentence; texts from outside in it are not masked yet.
    pub(crate) message: String,
    /// Whether the request surely never reached the service.
    pub(crate) unsent: bool,
}

impl Fault {
    /// The service is to blame.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failed, message: message.into(), unsent: false }
    }

    /// This side is to blame, so nothing is known about the service.
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Error, message: message.into(), unsent: false }
    }

    /// The same, of a request that never left.
    pub(crate) fn unsent(self) -> Self {
        Self { unsent: true, ..self }
    }

    /// Whether the error is that the server's certificate is not trusted.
    pub(crate) fn is_of_trust(error: &reqwest::Error) -> bool {
        matches!(find::<rustls::Error>(error), Some(rustls::Error::InvalidCertificate(_)))
    }

    /// What a failed request says.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let unsent = error.is_builder() || error.is_connect();
        Self { unsent, ..Self::explained(error) }
    }

    fn explained(error: &reqwest::Error) -> Self {
        if error.is_builder() {
            return Self::error(format!("The request could not be made: {}.", innermost(error)));
        }
        if error.is_dns() {
            return name_not_found(&innermost(error));
        }
        if let Some(fault) = find::<rustls::Error>(error).map(tls) {
            return fault;
        }
        let cause = find::<io::Error>(error).map(io::Error::kind);
        match cause {
            Some(io::ErrorKind::ConnectionRefused) => Self::failed("The connection was refused."),
            Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown) => {
                Self::error("The network cannot be reached from here.")
            }
            _ if error.is_timeout() => Self::failed("There was no answer in time."),
            _ if error.is_connect() => {
                Self::failed(format!("There was no connection: {}.", innermost(error)))
            }
            _ => Self::failed(format!("The answer broke off: {}.", innermost(error))),
        }
    }
}

/// A name that nobody knows is missing for the users too; a DNS server that does not answer is our own trouble.
fn name_not_found(cause: &str) -> Fault {
    // The system's resolver tells these apart in words alone (glibc's and musl's).
    let unreachable = ["emporary failure", "Try again", "System error"];
    if unreachable.iter().any(|words| cause.contains(words)) {
        Fault::error(format!("The host's name could not be looked up: {cause}."))
    } else {
        Fault::failed(format!("The host's name does not exist: {cause}."))
    }
}

fn tls(error: &rustls::Error) -> Fault {
    if let rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) = error {
        return Fault::error(
            "The certificate comes from an authority that is not trusted here; for one of your own, give `ca_file`.",
        );
    }
    Fault::failed(format!("There was no TLS connection: {error}."))
}

/// The first error of a type among the causes, also where an I/O error wraps it.
fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            // An I/O error around another one says less than that.
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

/// The innermost cause: the others only say where it happened, with the URL in them.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_name_fails_and_a_missing_resolver_does_not() {
        let prefix = "failed to lookup address information: ";
        for (words, outcome) in [
            ("Name or service not known", Outcome::Failed),
            ("Name does not resolve", Outcome::Failed),
            ("Temporary failure in name resolution", Outcome::Error),
            ("Try again", Outcome::Error),
        ] {
            assert_eq!(name_not_found(&format!("{prefix}{words}")).outcome, outcome, "{words}");
        }
    }

    #[test]
    fn certificates_are_told_apart() {
        let fault = |error| tls(&rustls::Error::InvalidCertificate(error)).outcome;
        assert_eq!(fault(CertificateError::UnknownIssuer), Outcome::Error);
        assert_eq!(fault(CertificateError::Expired), Outcome::Failed);
        assert_eq!(fault(CertificateError::NotValidForName), Outcome::Failed);
    }

    #[test]
    fn causes_are_found_inside_io_errors() {
        let inner = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let outer = io::Error::new(io::ErrorKind::InvalidData, io::Error::other(inner));
        assert!(find::<rustls::Error>(&outer).is_some());
        assert!(find::<rustls::Error>(&io::Error::other("x")).is_none());
    }
}
