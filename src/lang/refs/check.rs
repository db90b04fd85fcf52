//! Whether what is referred to exists, and may be referred to there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::visit;
use crate::addr::Mode;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::Expr;
use crate::lang::config::{
    Body, Condition, Config, Module, ModuleCall, ProviderName, Reference, Release, Repetition, Resource,
    Subject,
};

/// Most errors that are looked for: looking for names that are near costs time.
const MAX_FOUND: usize = 500;

/// Most errors that a near name is looked for.
const MAX_SUGGESTED: usize = 20;

/// Checks every reference of every module, and that calls give their modules what these need.
#[must_use]
pub fn check(config: &Config) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let mut seen = BTreeSet::new();
    if let Some(release) = &config.release {
        release_block(release, &config.root, &mut diagnostics);
    }
    let mut left = vec![Arc::clone(&config.root)];
    while let Some(module) = left.pop() {
        if !seen.insert(Arc::as_ptr(&module)) {
            continue;
        }
        let is_root = Arc::ptr_eq(&module, &config.root);
        let has_release = config.release.is_some();
        Checker { module: &module, is_root, has_release, diagnostics: &mut diagnostics }.module();
        left.extend(module.calls.values().map(|call| Arc::clone(&call.module)));
    }
    own_providers(&config.root, &mut diagnostics);
    diagnostics
}

/// The version is needed before anything is evaluated, so it may use variables only.
fn release_block(release: &Release, root: &Module, diagnostics: &mut Diagnostics) {
    let mut checker = Checker { module: root, is_root: true, has_release: false, diagnostics };
    visit(&release.version, &mut |found| {
        let Ok(reference) = found else { return };
        if !matches!(reference.subject, Subject::Variable(_) | Subject::Path) {
            let detail = "The `release` block can use variables only: it is read before all else.";
            let diagnostic = Diagnostic::error("Reference not allowed here", detail).at(reference.span);
            checker.diagnostics.push(diagnostic.help("Write the value out, or put it into a variable."));
        }
    });
    checker.expr(&release.version, Scope::default());
}

/// Aliases of the root module must be defined there.
fn own_providers(root: &Module, diagnostics: &mut Diagnostics) {
    for resource in root.resources.values() {
        let (name, span) = &resource.provider;
        if let (Some(_), Some(span)) = (&name.alias, span)
            && !root.providers.contains_key(name)
        {
            diagnostics.push(undeclared_provider(name, root).at(*span));
        }
    }
}

fn undeclared_provider(name: &ProviderName, module: &Module) -> Diagnostic {
    let shown = name.to_string();
    let known: Vec<String> = module.providers.keys().map(ToString::to_string).collect();
    let help = match did_you_mean(&shown, known.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!(
            "Add `provider \"{}\"` with `alias = {:?}`.",
            name.name,
            name.alias.as_deref().unwrap_or("")
        ),
    };
    Diagnostic::error(
        "Unknown provider",
        format!("There is no provider configuration `{shown}` in this module."),
    )
    .help(help)
}

/// What may be used at a place besides what the module defines.
#[derive(Clone, Copy, Default)]
struct Scope {
    each: bool,
    count: bool,
    itself: bool,
}

impl Scope {
    fn of(repetition: Option<&Repetition>) -> Self {
        Self {
            each: matches!(repetition, Some(Repetition::ForEach(_))),
            count: matches!(repetition, Some(Repetition::Count(_))),
            itself: false,
        }
    }
}

struct Checker<'c> {
    module: &'c Module,
    is_root: bool,
    has_release: bool,
    diagnostics: &'c mut Diagnostics,
}

impl Checker<'_> {
    fn module(&mut self) {
        let module = self.module;
        for variable in module.variables.values() {
            self.conditions(&variable.validations, Scope::default());
        }
        for local in module.locals.values() {
            self.expr(&local.expr, Scope::default());
        }
        for output in module.outputs.values() {
            self.expr(&output.value, Scope::default());
            self.all(&output.depends_on, Scope::default());
            self.conditions(&output.preconditions, Scope::default());
        }
        for provider in module.providers.values() {
            self.body(&provider.body, Scope::default());
        }
        for resource in module.resources.values() {
            self.resource(resource);
        }
        for call in module.calls.values() {
            self.call(call);
        }
        self.left_over_addresses();
        for check in module.checks.values() {
            self.conditions(&check.assertions, Scope::default());
        }
    }

    /// What was moved away or removed is not there any more.
    fn left_over_addresses(&mut self) {
        let moved = self.module.moved.iter().map(|moved| (&moved.from, moved.span, "moved", Some(&moved.to)));
        let removed =
            self.module.removed.iter().map(|removed| (&removed.from, removed.span, "removed", None));
        for (from, span, word, to) in moved.chain(removed) {
            // Between instances of one resource, and inside of called modules, the block may well be there.
            let inside = from.module.is_root() && to.is_none_or(|to| to.resource != from.resource);
            let still = from.resource.as_ref().and_then(|name| self.module.resources.get(name));
            if let (true, None, Some(resource)) = (inside, &from.key, still) {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Still defined",
                        format!("`{from}` is said to be {word}, but it is still defined in this module."),
                    )
                    .label(span, format!("{word} here"))
                    .label(resource.span, "still defined here")
                    .help("Delete one of the two blocks."),
                );
            }
        }
    }

    fn resource(&mut self, resource: &Resource) {
        let scope = Scope::of(resource.repetition.as_ref());
        self.repetition(resource.repetition.as_ref());
        self.body(&resource.body, scope);
        self.all(&resource.depends_on, Scope::default());
        for trigger in &resource.lifecycle.replace_triggered_by {
            self.all(std::slice::from_ref(&trigger.reference), scope);
            trigger.key.iter().for_each(|key| self.expr(key, scope));
        }
        self.conditions(&resource.lifecycle.preconditions, scope);
        self.conditions(&resource.lifecycle.postconditions, Scope { itself: true, ..scope });
        for (expr, _) in resource.timeouts.values() {
            self.expr(expr, scope);
        }
    }

    fn call(&mut self, call: &ModuleCall) {
        let scope = Scope::of(call.repetition.as_ref());
        self.repetition(call.repetition.as_ref());
        self.all(&call.depends_on, Scope::default());
        for input in call.inputs.values() {
            self.expr(&input.expr, scope);
            if call.module.variables.contains_key(&input.name) {
                continue;
            }
            let names = call.module.variables.keys().map(|name| &**name);
            let help = match self.near(&input.name, names.clone()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Its variables: {}.", list(names)),
            };
            let detail = format!("The module has no variable `{}`.", input.name);
            self.diagnostics
                .push(Diagnostic::error("Unsupported argument", detail).at(input.name_span).help(help));
        }
        for (name, variable) in &call.module.variables {
            if variable.default.is_none() && !call.inputs.contains_key(name) {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Missing argument",
                        format!("The module needs a value for its variable `{name}`."),
                    )
                    .label(call.span, "called here")
                    .label(variable.span, "the variable has no default")
                    .help(format!("Add `{name} = ...` to the call, or give the variable a default.")),
                );
            }
        }
        self.call_providers(call);
    }

    /// What is handed down must exist here, and what the module uses by an alias must be its own or handed down.
    fn call_providers(&mut self, call: &ModuleCall) {
        for (parent, span) in call.providers.values() {
            // A configuration without a block is the default one; in a called module an alias may come from further up.
            if parent.alias.is_some() && !self.module.providers.contains_key(parent) && self.is_root {
                self.diagnostics.push(undeclared_provider(parent, self.module).at(*span));
            }
        }
        for resource in call.module.resources.values() {
            let (name, span) = &resource.provider;
            let known = call.module.providers.contains_key(name) || call.providers.contains_key(name);
            if let (Some(_), Some(span), false) = (&name.alias, span, known) {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Unknown provider",
                        format!(
                            "The module uses the provider `{name}`, which it neither defines nor is given."
                        ),
                    )
                    .at(*span)
                    .label(call.span, "called here")
                    .help(format!("Add `{name} = ...` to `providers` of the call.")),
                );
            }
        }
    }

    fn repetition(&mut self, repetition: Option<&Repetition>) {
        if let Some(Repetition::Count(expr) | Repetition::ForEach(expr)) = repetition {
            self.expr(expr, Scope::default());
        }
    }

    fn conditions(&mut self, conditions: &[Condition], scope: Scope) {
        for condition in conditions {
            self.expr(&condition.condition, scope);
            self.expr(&condition.message, scope);
        }
    }

    fn body(&mut self, body: &Body, scope: Scope) {
        let mut expressions = Vec::new();
        body_expressions(body, &mut expressions);
        for expr in expressions {
            self.expr(expr, scope);
        }
    }

    fn expr(&mut self, expr: &Expr, scope: Scope) {
        visit(expr, &mut |found| match found {
            Ok(reference) => self.reference(&reference, scope),
            Err(diagnostic) => self.diagnostics.push(*diagnostic),
        });
    }

    fn all(&mut self, references: &[Reference], scope: Scope) {
        for reference in references {
            self.reference(reference, scope);
        }
    }

    fn reference(&mut self, reference: &Reference, scope: Scope) {
        if self.diagnostics.0.len() >= MAX_FOUND {
            return;
        }
        let problem = match &reference.subject {
            Subject::Variable(name) => {
                let known = &self.module.variables;
                self.unknown(name, known, "variable", "var.", &format!("Add `variable {name:?} {{ }}`."))
            }
            Subject::Local(name) => {
                let known = &self.module.locals;
                self.unknown(name, known, "local value", "local.", &format!("Add `{name} = ...` to a `locals` block."))
            }
            Subject::Resource(_) => self.unknown_resource(reference),
            Subject::Module(name, output) => self.unknown_output(name, output.as_deref()),
            Subject::Each if !scope.each => Some(Diagnostic::error(
                "`each` without `for_each`",
                "`each` is known only in a block that has `for_each`.",
            ).help("Add `for_each` to the block, or write the value out.")),
            Subject::Count if !scope.count => Some(Diagnostic::error(
                "`count.index` without `count`",
                "`count.index` is known only in a block that has `count`.",
            ).help("Add `count` to the block, or write the value out.")),
            Subject::Itself if !scope.itself => Some(Diagnostic::error(
                "`self` outside of a postcondition",
                "`self` is the resource after it was made: only its postconditions know it.",
            ).help("Refer to another resource by its name; in a precondition use the values that the resource is given.")),
            Subject::Release if !self.has_release => Some(Diagnostic::error(
                "No release",
                "`release` is known only where the root module has a `release` block.",
            ).help("Add `release \"NAME\" { version = \"1.0.0\" }`, or write the value out.")),
            Subject::Each | Subject::Count | Subject::Itself | Subject::Release | Subject::Path => None,
        };
        if let Some(diagnostic) = problem {
            self.diagnostics.push(diagnostic.at(reference.span));
        }
    }

    fn unknown_resource(&self, reference: &Reference) -> Option<Diagnostic> {
        let Subject::Resource(wanted) = &reference.subject else { return None };
        if self.module.resources.contains_key(wanted) {
            return None;
        }
        let what = if wanted.mode == Mode::Data { "data source" } else { "resource" };
        let names: Vec<String> = self.module.resources.keys().map(ToString::to_string).collect();
        let shown = wanted.to_string();
        let other_mode = self.module.resources.keys().find(|k| k.ty == wanted.ty && k.name == wanted.name);
        let keyword =
            did_you_mean(&wanted.ty, ["var", "local", "module", "each", "count", "release", "path"]);
        let help = match (other_mode, self.near(&shown, names.iter().map(String::as_str)), keyword) {
            (Some(other), ..) => format!("Did you mean `{other}`?"),
            (None, Some(near), _) => format!("Did you mean `{near}`?"),
            (None, None, Some(word)) if wanted.mode == Mode::Managed => {
                format!("Did you mean `{word}.{}`?", wanted.name)
            }
            (None, None, _) => {
                let keyword = if wanted.mode == Mode::Data { "data" } else { "resource" };
                format!("Add `{keyword} {:?} {:?} {{ ... }}`, or mend the name.", wanted.ty, wanted.name)
            }
        };
        Some(
            Diagnostic::error("Unknown reference", format!("There is no {what} `{shown}` in this module."))
                .help(help),
        )
    }

    fn unknown_output(&self, name: &str, output: Option<&str>) -> Option<Diagnostic> {
        let Some(call) = self.module.calls.get(name) else {
            let known = &self.module.calls;
            return self.unknown(
                name,
                known,
                "block `module` named",
                "module.",
                &format!("Add `module {name:?} {{ ... }}`."),
            );
        };
        let output = output.filter(|output| !call.module.outputs.contains_key(*output))?;
        let outputs = call.module.outputs.keys().map(|name| &**name);
        let help = match self.near(output, outputs.clone()) {
            Some(near) => format!("Did you mean `module.{name}.{near}`?"),
            None => format!("Its outputs: {}.", list(outputs)),
        };
        Some(
            Diagnostic::error("Unknown reference", format!("The module `{name}` has no output `{output}`."))
                .help(help),
        )
    }

    /// What to say of a name that is not among those known; none if it is.
    fn unknown<V>(
        &self,
        name: &str,
        known: &BTreeMap<Arc<str>, V>,
        what: &str,
        prefix: &str,
        otherwise: &str,
    ) -> Option<Diagnostic> {
        if known.contains_key(name) {
            return None;
        }
        let help = match self.near(name, known.keys().map(|name| &**name)) {
            Some(near) => format!("Did you mean `{prefix}{near}`?"),
            None => otherwise.to_owned(),
        };
        Some(
            Diagnostic::error("Unknown reference", format!("There is no {what} `{name}` in this module."))
                .help(help),
        )
    }

    /// The name that may be meant. Of many errors, the first ones are enough to see what is wrong.
    fn near<'n>(&self, word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        if self.diagnostics.0.len() >= MAX_SUGGESTED { None } else { did_you_mean(word, names) }
    }
}

fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn body_expressions<'b>(body: &'b Body, out: &mut Vec<&'b Expr>) {
    out.extend(body.attributes.values().map(|attribute| &attribute.expr));
    for block in &body.blocks {
        body_expressions(&block.body, out);
    }
}
