//! Values for variables, from the weakest to the strongest: the environment, `*.auto.vars.hcl`, `-var-file`, `-var`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::args::ReleaseArgs;
use super::context::{Context, VARIABLE_PREFIX};
use super::exit::Failure;
use super::files::read_bounded;
use crate::diag::Diagnostics;
use crate::lang::config::Config;
use crate::lang::lower::MAX_FILE_BYTES;
use crate::lang::vars;
use crate::world::Given;

/// Every value that is given for a variable.
pub(super) fn given(
    context: &mut Context,
    config: &Config,
    folder: &Path,
    args: &ReleaseArgs,
) -> Result<BTreeMap<Arc<str>, Given>, Failure> {
    let mut all = BTreeMap::new();
    let mut found = Diagnostics::default();
    for (name, text) in &context.given.clone() {
        if let Some(name) = name.strip_prefix(VARIABLE_PREFIX)
            && config.root.variables.contains_key(name)
        {
            argument(context, config, name, text, &format!("{VARIABLE_PREFIX}{name}"), &mut all, &mut found);
        }
    }
    for name in automatic(folder) {
        file(context, &folder.join(&name), &name, false, &mut all, &mut found)?;
    }
    for path in &args.var_files {
        let shown = path.to_string_lossy().into_owned();
        file(context, &context.path(path), &shown, false, &mut all, &mut found)?;
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
    all: &mut BTreeMap<Arc<str>, Given>,
    found: &mut Diagnostics,
) {
    let any = relplan_contract::Type::Any;
    let ty = config.root.variables.get(name).map_or(&any, |variable| &variable.ty);
    match vars::argument(&mut context.sources, origin, text, ty) {
        Ok(value) => {
            let given = Given { value, origin: origin.to_owned(), span: None, must_exist: true };
            all.insert(name.into(), given);
        }
        Err(errors) => found.extend(errors),
    }
}

fn file(
    context: &mut Context,
    path: &Path,
    shown: &str,
    must_exist: bool,
    all: &mut BTreeMap<Arc<str>, Given>,
    found: &mut Diagnostics,
) -> Result<(), Failure> {
    let bytes = read_bounded(path, MAX_FILE_BYTES)
        .map_err(|why| Failure::error(format!("The file of variables {shown:?} cannot be read: {why}.")))?;
    match vars::variables(&mut context.sources, shown, &bytes) {
        Ok(values) => {
            for (name, value) in values {
                let span = Some(value.span);
                let given = Given { value: value.value, origin: shown.to_owned(), span, must_exist };
                all.insert(name, given);
            }
        }
        Err(errors) => found.extend(errors),
    }
    Ok(())
}

/// The files of variables that are read without being named, sorted.
fn automatic(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".auto.vars.hcl")).collect();
    names.sort();
    names
}
