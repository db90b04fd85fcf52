//! [`Masks`]: the redactor of the moment, for a text that is written while secrets are still being learned.

use std::sync::{Arc, PoisonError, RwLock};

use super::Redactor;

/// What knows all secrets that were learned so far. Who learns more puts another redactor in the place of the last.
#[derive(Debug, Default)]
pub struct Masks(RwLock<Arc<Redactor>>);

impl Masks {
    /// From here on, this one knows the secrets.
    pub fn set(&self, redactor: Arc<Redactor>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = redactor;
    }

    /// The text with every secret masked that is known now.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let redactor = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        redactor.mask(text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learned_later_is_masked_from_then_on() {
        let masks = Masks::default();
        assert_eq!(masks.mask("pin=hunter22"), "pin=hunter22");
        masks.set(Arc::new(Redactor::new(["hunter22"])));
        assert_eq!(masks.mask("pin=hunter22"), "pin=(sensitive value)");
    }
}
