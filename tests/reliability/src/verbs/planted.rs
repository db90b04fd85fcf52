//! Relplans with bugs of the kinds that these ordeals look for.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Configured, Context, Observed, PlanRequest, Planned, Problem, Provider,
    ProviderSchema, ReconcileRequest, Reconciled, Resource, ResourceSchema, Value,
};

use crate::scene::Relplan;

/// Runs relplan, and takes the end of the ledger away after it had told what is in it.
const LOSES: &str = r#""$@"
code=$?
ledger=.relplan/shop/ledger.jsonl
if [ -e "$ledger" ]; then
  head -n -3 "$ledger" > kept
  cat kept > "$ledger"
  rm -f .relplan/shop/checkpoint.json
fi
exit "$code""#;

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// After a crash it takes for not done what was done, and does it again.
    Forgets,
    /// It takes for done what it does not do: one resource is never turned back, and never destroyed.
    LeavesOut,
}

/// Which variable makes this program a relplan with which bug; it holds the arguments, each on a line.
pub(crate) const BUGS: [(&str, Bug); 2] =
    [("RELPLAN_THAT_FORGETS", Bug::Forgets), ("RELPLAN_THAT_LEAVES_OUT", Bug::LeavesOut)];

impl Bug {
    /// Every relplan with a bug: this program, started again with `own` arguments that lead it to
    /// [`crate::planted::run_if_asked`], and one that loses what it told.
    pub fn all(relplan: &Relplan, own: &[&str]) -> std::io::Result<Vec<Relplan>> {
        let program = std::env::current_exe()?;
        let mut all: Vec<Relplan> =
            BUGS.iter().map(|(variable, _)| Relplan::inside(&program, own, variable)).collect();
        all.push(relplan.under("sh", &["-c", LOSES, "sh"]));
        Ok(all)
    }
}

/// The providers with a bug.
pub(crate) fn providers(bug: Bug, bundled: Vec<Arc<dyn Provider>>) -> Vec<Arc<dyn Provider>> {
    bundled.into_iter().map(|inner| Arc::new(Buggy(bug, inner)) as Arc<dyn Provider>).collect()
}

struct Buggy(Bug, Arc<dyn Provider>);

impl Provider for Buggy {
    fn schema(&self) -> ProviderSchema {
        self.1.schema()
    }

    fn configure(
        &self,
        configuration: &Value,
        environment: &BTreeMap<String, String>,
    ) -> Result<Configured, Problem> {
        let mut configured = self.1.configure(configuration, environment)?;
        for resource in configured.resources.values_mut() {
            *resource = Arc::new(BuggyResource(self.0, Arc::clone(resource)));
        }
        Ok(configured)
    }
}

struct BuggyResource(Bug, Arc<dyn Resource>);

impl BuggyResource {
    /// Whether it is the one that is left out, with a version below the one that it has.
    fn is_left_out(&self, request: &ApplyRequest<'_>) -> bool {
        let version = |value: &Value| value.get("version").as_str().map(str::to_owned);
        let is_last = request
            .planned
            .get("deploy")
            .as_list()
            .is_some_and(|argv| argv.get(2).and_then(Value::as_str) == Some("b"));
        let before = request.prior.and_then(version);
        self.0 == Bug::LeavesOut && is_last && version(request.planned) < before
    }
}

impl Resource for BuggyResource {
    fn schema(&self) -> &ResourceSchema {
        self.1.schema()
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        self.1.validate(config)
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        self.1.plan(context, request)
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        self.1.read(context, prior)
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        if self.is_left_out(&request) {
            let done = request.planned.without_unknown();
            return Box::pin(async move { Ok(Applied::new(done)) });
        }
        self.1.apply(context, request)
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        match self.0 {
            Bug::Forgets => Box::pin(async { Ok(Reconciled::NotDone) }),
            Bug::LeavesOut => self.1.reconcile(context, request),
        }
    }

    fn can_destroy(&self, object: &Value) -> bool {
        self.1.can_destroy(object)
    }

    fn destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: &'a Value,
        key: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        self.1.destroy(context, prior, key)
    }
}
