//! [`Foreign`]: what comes from a provider, before anybody else sees it.

use relplan_contract::{
    Applied, Observed, Planned, Reconciled, Redactor, Restored, Value, Verdict, Verification, mark_foreign,
};

use crate::run::bounds;

/// What comes from a provider.
pub(crate) trait Foreign {
    /// The same with every secret masked in its words and marked in its values, and its texts cut to what can be kept.
    /// `given` is what the provider was given.
    fn tamed(self, given: &Value, redactor: &Redactor) -> Self;

    /// How large it is, in bytes, where that is more than can be kept.
    fn too_large(&self) -> Option<usize>;
}

impl Foreign for Observed {
    fn tamed(self, given: &Value, redactor: &Redactor) -> Self {
        match self {
            Self::Present(value) => Self::Present(mark_foreign(redactor, &value, given)),
            same @ (Self::Same | Self::Absent) => same,
        }
    }

    fn too_large(&self) -> Option<usize> {
        match self {
            Self::Present(value) => bounds::too_large(value),
            Self::Same | Self::Absent => None,
        }
    }
}

impl Foreign for Planned {
    fn tamed(mut self, given: &Value, redactor: &Redactor) -> Self {
        self.value = mark_foreign(redactor, &self.value, given);
        self.notes = masked(self.notes, redactor);
        self.preview = self.preview.map(|verdict| verdict.tamed(given, redactor));
        self
    }

    fn too_large(&self) -> Option<usize> {
        bounds::too_large(&self.value)
    }
}

/// What a data source gives. All of it comes from outside.
impl Foreign for Value {
    fn tamed(self, _given: &Value, redactor: &Redactor) -> Self {
        redactor.mark(&self)
    }

    fn too_large(&self) -> Option<usize> {
        bounds::too_large(self)
    }
}

impl Foreign for Applied {
    fn tamed(self, given: &Value, redactor: &Redactor) -> Self {
        Self {
            value: mark_foreign(redactor, &self.value, given),
            verdict: self.verdict.map(|verdict| verdict.tamed(given, redactor)),
        }
    }

    fn too_large(&self) -> Option<usize> {
        bounds::too_large(&self.value)
    }
}

impl Foreign for Reconciled {
    fn tamed(self, given: &Value, redactor: &Redactor) -> Self {
        match self {
            Self::Done(applied) => Self::Done(applied.tamed(given, redactor)),
            other @ (Self::NotDone | Self::CannotTell) => other,
        }
    }

    fn too_large(&self) -> Option<usize> {
        match self {
            Self::Done(applied) => applied.too_large(),
            Self::NotDone | Self::CannotTell => None,
        }
    }
}

impl Foreign for Verdict {
    fn tamed(self, _given: &Value, redactor: &Redactor) -> Self {
        bounds::verdict(Self {
            outcome: self.outcome,
            summary: redactor.mask(&self.summary).into_owned(),
            details: masked(self.details, redactor),
        })
    }

    fn too_large(&self) -> Option<usize> {
        None
    }
}

/// The end of a restore.
impl Foreign for Restored {
    fn tamed(mut self, _given: &Value, redactor: &Redactor) -> Self {
        self.notes = masked(self.notes, redactor);
        self
    }

    fn too_large(&self) -> Option<usize> {
        None
    }
}

impl Foreign for Verification {
    fn tamed(mut self, given: &Value, redactor: &Redactor) -> Self {
        self.value = mark_foreign(redactor, &self.value, given);
        self.notes = masked(self.notes, redactor);
        self
    }

    fn too_large(&self) -> Option<usize> {
        bounds::too_large(&self.value)
    }
}

/// A name, an address, a text that people review.
impl Foreign for String {
    fn tamed(self, _given: &Value, redactor: &Redactor) -> Self {
        bounds::text(redactor.mask(&self).into_owned(), bounds::DETAIL)
    }

    fn too_large(&self) -> Option<usize> {
        None
    }
}

impl Foreign for Vec<String> {
    fn tamed(self, _given: &Value, redactor: &Redactor) -> Self {
        masked(self, redactor)
    }

    fn too_large(&self) -> Option<usize> {
        None
    }
}

impl<T: Foreign> Foreign for Option<T> {
    fn tamed(self, given: &Value, redactor: &Redactor) -> Self {
        self.map(|answer| answer.tamed(given, redactor))
    }

    fn too_large(&self) -> Option<usize> {
        self.as_ref().and_then(T::too_large)
    }
}

fn masked(texts: Vec<String>, redactor: &Redactor) -> Vec<String> {
    texts.into_iter().map(|text| bounds::text(redactor.mask(&text).into_owned(), bounds::SENTENCE)).collect()
}
