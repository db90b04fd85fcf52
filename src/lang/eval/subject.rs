//! From a name and the steps behind it to what is referred to.

use std::sync::Arc;

use crate::addr::{Mode, ResourceName};
use crate::lang::ast::Access;
use crate::lang::config::Subject;

/// What a name with the steps behind it refers to, and how many of the steps make up the reference. None where an
/// attribute is missing that it needs, such as the name behind `var`.
#[must_use]
pub fn subject_of(name: &str, steps: &[Access]) -> Option<(Subject, usize)> {
    let attribute = |index: usize| match steps.get(index) {
        Some(Access::Attribute(name, _)) => Some(Arc::clone(name)),
        _ => None,
    };
    let resource = |mode, ty: Arc<str>, name| Subject::Resource(ResourceName { mode, ty, name });
    Some(match name {
        "var" => (Subject::Variable(attribute(0)?), 1),
        "local" => (Subject::Local(attribute(0)?), 1),
        "module" => return module(steps),
        "data" => (resource(Mode::Data, attribute(0)?, attribute(1)?), 2),
        "each" => (Subject::Each, 0),
        "count" => (Subject::Count, 0),
        "self" => (Subject::Itself, 0),
        "release" => (Subject::Release, 0),
        "path" => (Subject::Path, 0),
        _ => (resource(Mode::Managed, name.into(), attribute(0)?), 1),
    })
}

/// `module.name.output` and `module.name[key].output` name one output; the key stays a step to be taken.
fn module(steps: &[Access]) -> Option<(Subject, usize)> {
    let Some(Access::Attribute(name, _)) = steps.first() else { return None };
    let output = match (steps.get(1), steps.get(2)) {
        (Some(Access::Attribute(output, _)), _) => Some(Arc::clone(output)),
        (Some(Access::Index(_) | Access::FullSplat(_)), Some(Access::Attribute(output, _))) => {
            Some(Arc::clone(output))
        }
        _ => None,
    };
    Some((Subject::Module(Arc::clone(name), output), 1))
}
