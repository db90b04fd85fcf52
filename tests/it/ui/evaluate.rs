//! The stage that evaluates: the local values and outputs of the root module, with the defaults of its variables.

use relplan::diag::{Diagnostic, Diagnostics};
use relplan::lang::config::{Config, Module, Reference, Subject};
use relplan::lang::eval::{self, Budget, Scope};
use relplan::lang::functions::NoFiles;
use relplan_contract::Value;

/// The names of a module without its resources: whatever these will be is unknown.
struct Names<'m>(&'m Module);

impl Scope for Names<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        match &reference.subject {
            Subject::Variable(name) => {
                let variable = self.0.variables.get(name).expect("references were checked");
                Ok(variable.default.clone().unwrap_or(Value::UNKNOWN).mark(variable.sensitive))
            }
            Subject::Local(name) => {
                // What is wrong with a local value is said where it is defined.
                let local = self.0.locals.get(name).expect("references were checked");
                Ok(eval::evaluate(&local.expr, self, &NoFiles, &Budget::default()).unwrap_or(Value::UNKNOWN))
            }
            Subject::Resource(_) | Subject::Module(..) => Ok(Value::UNKNOWN),
            Subject::Each | Subject::Count | Subject::Itself | Subject::Release | Subject::Path => {
                Err(Diagnostic::error("Not in this test", "Use variables and local values.")
                    .at(reference.span)
                    .into())
            }
        }
    }
}

/// All that is wrong with the local values and outputs.
pub(super) fn root_module(config: &Config) -> Diagnostics {
    let module = &*config.root;
    let locals = module.locals.values().map(|local| &local.expr);
    let outputs = module.outputs.values().map(|output| &output.value);
    let mut expressions: Vec<_> = locals.chain(outputs).collect();
    expressions.sort_by_key(|expr| expr.span);
    let mut findings = Diagnostics::default();
    for expr in expressions {
        findings.extend(
            eval::evaluate(expr, &Names(module), &NoFiles, &Budget::default()).err().unwrap_or_default(),
        );
    }
    findings
}
