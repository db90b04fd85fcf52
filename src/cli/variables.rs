//! Values for variables, from the weakest to the strongest: the environment, `*.auto.vars.hcl`, `-var-file`, `-var`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use relplan_contract::Tree;

use super::args::ReleaseArgs;
use super::context::{Context, VARIABLE_PREFIX};
use super::exit::Failure;
use super::files::read_bounded;
use crate::diag::Diagnostics;
use crate::lang::config::Config;
use crate::lang::lower::MAX_FILE_BYTES;
use crate::lang::vars;
use crate::world::Given;

/// The values that are given for variables.
#[derive(Default)]
pub(super) struct Values {
    pub given: BTreeMap<Arc<str>, Given>,
    /// Those of them that stand in files of the release's tree: whoever changes the tree chooses them.
    pub from_tree: BTreeSet<Arc<str>>,
}

impl Values {
    fn insert(&mut self, name: Arc<str>, given: Given, from_tree: bool) {
        if from_tree {
            self.from_tree.insert(Arc::clone(&name));
        } else {
            self.from_tree.remove(&name);
        }
        self.given.insert(name, given);
    }
}

/// Every value that is given for a variable.
pub(super) fn given(
    context: &mut Context,
    config: &Config,
    tree: &Tree,
    args: &ReleaseArgs,
) -> Result<Values, Failure> {
    let mut all = Values::default();
    let mut found = Diagnostics::default();
    for (name, text) in &context.given.clone() {
        if let Some(name) = name.strip_prefix(VARIABLE_PREFIX)
            && config.root.variables.contains_key(name)
        {
            argument(context, config, name, text, &format!("{VARIABLE_PREFIX}{name}"), &mut all, &mut found);
        }
    }
    for name in automatic(tree) {
        file(context, tree, Path::new(&name), &name, &mut all, &mut found)?;
    }
    for path in &args.var_files {
        let shown = path.to_string_lossy().into_owned();
        file(context, tree, &context.path(path), &shown, &mut all, &mut found)?;
    }
    for text in &args.vars {
        let Some((name, value)) = text.split_once('=') else {
            return Err(
                Failure::usage("-var needs a name and a value.").help("Write it as -var 'name=value'.")
            );
        };
        argument(context, config, name.trim(), value, &format!("-var {}", name.trim()), &mut all, &mut found);
    }
    if found.has_errors() { Err(found.into()) } else { Ok(all) }
}

fn argument(
    context: &mut Context,
    config: &Config,
    name: &str,
    text: &str,
    origin: &str,
    all: &mut Values,
    found: &mut Diagnostics,
) {
    let any = relplan_contract::Type::Any;
    let ty = config.root.variables.get(name).map_or(&any, |variable| &variable.ty);
    match vars::argument(&mut context.sources, origin, text, ty) {
        Ok(value) => {
            let given = Given { value, origin: origin.to_owned(), span: None, must_exist: true };
            all.insert(name.into(), given, false);
        }
        Err(errors) => found.extend(errors),
    }
}

fn file(
    context: &mut Context,
    tree: &Tree,
    path: &Path,
    shown: &str,
    all: &mut Values,
    found: &mut Diagnostics,
) -> Result<(), Failure> {
    // The operator's own file may lie anywhere; what lies in the tree does not lead out of it.
    let from_tree = tree.holds(path);
    let read = if from_tree {
        tree.read(path, MAX_FILE_BYTES + 1).map_err(|error| error.to_string())
    } else {
        read_bounded(path, MAX_FILE_BYTES)
    };
    let bytes = read
        .map_err(|why| Failure::error(format!("The file of variables {shown:?} cannot be read: {why}.")))?;
    match vars::variables(&mut context.sources, shown, &bytes) {
        Ok(values) => {
            for (name, value) in values {
                let span = Some(value.span);
                let given = Given { value: value.value, origin: shown.to_owned(), span, must_exist: false };
                all.insert(name, given, from_tree);
            }
        }
        Err(errors) => found.extend(errors),
    }
    Ok(())
}

/// The files of variables that are read without being named, sorted.
fn automatic(tree: &Tree) -> Vec<String> {
    let mut names = tree.names(Path::new("")).unwrap_or_default();
    names.retain(|name| name.ends_with(".auto.vars.hcl"));
    names.sort();
    names
}
