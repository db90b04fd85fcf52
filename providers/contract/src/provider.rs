//! The traits that a provider implements, and the questions and answers that go through them.
//!
//! Life of a resource: `validate` (no side effects, no network) -> `plan` (may read, pins what must not move)
//! -> `apply` (acts) -> `read` (looks whether it is still so). After a crash, `reconcile` is asked first.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::account::Account;
use crate::context::{Answer, Context};
use crate::path::Path;
use crate::problem::Problem;
use crate::propose::propose;
use crate::review::Reviews;
use crate::schema::{DataSchema, ProviderSchema, ResourceSchema};
use crate::value::Value;

/// One outside system.
pub trait Provider: Send + Sync {
    /// What it declares. Called once.
    fn schema(&self) -> ProviderSchema;

    /// Takes the arguments of a `provider` block (fitted to the schema; all null without a block) and gives the
    /// types that work with them. No network: a wrong password shows at the first use.
    fn configure(
        &self,
        configuration: &Value,
        environment: &BTreeMap<String, String>,
    ) -> Result<Configured, Problem>;
}

/// The types of a provider, ready for use.
#[derive(Clone, Default)]
pub struct Configured {
    /// By type name, one for each in the schema.
    pub resources: BTreeMap<&'static str, Arc<dyn Resource>>,
    /// By type name, one for each in the schema.
    pub data_sources: BTreeMap<&'static str, Arc<dyn DataSource>>,
    /// Where plans can be reviewed, for a code host.
    pub reviews: Option<Arc<dyn Reviews>>,
    /// In whose name it acts, where the outside system tells.
    pub account: Option<Arc<dyn Account>>,
}

/// One resource type of a configured provider. `config` and `prior` are objects of the schema's type.
pub trait Resource: Send + Sync {
    /// Its schema, the same as in the provider's.
    fn schema(&self) -> &ResourceSchema;

    /// Whether questions about many objects (`plan`, `read`, `reconcile`) go out together in a few requests. Then the
    /// engine asks as many as there are at the same time, and leaves it to the provider to bound its connections.
    fn asks_together(&self) -> bool {
        false
    }

    /// Looks for what the types cannot tell. Parts may be unknown. Touches nothing outside.
    fn validate(&self, config: &Value) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }

    /// Predicts the object: pins what must not move until apply (the commit of a branch), and leaves unknown
    /// what only apply can tell. May read outside, and must change nothing. Parts of `config` may be unknown.
    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        let _ = context;
        Box::pin(async move { Ok(propose(&self.schema().attributes, request.prior, request.config)) })
    }

    /// Looks at the object as it is now.
    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        let _ = (context, prior);
        Box::pin(async move { Ok(Observed::Same) })
    }

    /// For an object of which the ledger knows nothing: what is there already. For a live resource, what is live in its
    /// place, as the object that it would be; for a record, one that an earlier version of the release must have made, as
    /// an object with its `name`. None where nothing is, or where that cannot be seen. Changes nothing outside.
    fn discover<'a>(
        &'a self,
        context: &'a Context,
        config: &'a Value,
    ) -> Answer<'a, Result<Option<Value>, Problem>> {
        let _ = (context, config);
        Box::pin(async move { Ok(None) })
    }

    /// Makes, changes or (for a check) judges it. `request.planned` has no unknown but computed attributes.
    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>>;

    /// After a crash: what became of the action that was begun with this request? Must change nothing.
    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        let _ = (context, request);
        Box::pin(async move { Ok(Reconciled::CannotTell) })
    }

    /// Whether this very object can be destroyed, for types where an argument decides (a command to destroy it
    /// with). False: it is let go with a notice when it leaves the file.
    fn can_destroy(&self, object: &Value) -> bool {
        let _ = object;
        self.schema().destroyable
    }

    /// Destroys it. An object that is gone already is no problem.
    fn destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: &'a Value,
        key: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        let _ = (context, prior, key);
        Box::pin(async move { Err(Problem::refused("This type of resource cannot be destroyed.")) })
    }

    /// Brings back the backup that the object holds: into a new file or database. Only for types that hold one.
    fn restore<'a>(
        &'a self,
        context: &'a Context,
        request: RestoreRequest<'a>,
    ) -> Answer<'a, Result<Restored, Problem>> {
        let _ = (context, request);
        Box::pin(async move {
            Err(Problem::refused("This type of resource holds no backup that could be restored."))
        })
    }

    /// Proves the backup that the object holds, once more. Changes nothing but what is known of it.
    fn verify<'a>(
        &'a self,
        context: &'a Context,
        request: VerifyRequest<'a>,
    ) -> Answer<'a, Result<Verification, Problem>> {
        let _ = (context, request);
        Box::pin(async move {
            Err(Problem::refused("This type of resource holds no backup that could be verified."))
        })
    }

    /// The object that an id of the outside system names, for adoption into the state.
    fn import<'a>(&'a self, context: &'a Context, id: &'a str) -> Answer<'a, Result<Value, Problem>> {
        let _ = (context, id);
        Box::pin(async move { Err(Problem::refused("This type of resource cannot be imported.")) })
    }
}

/// One data source type of a configured provider.
pub trait DataSource: Send + Sync {
    /// Its schema, the same as in the provider's.
    fn schema(&self) -> &DataSchema;

    /// Looks for what the types cannot tell. Parts may be unknown. Touches nothing outside.
    fn validate(&self, config: &Value) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }

    /// Reads. `config` is wholly known; the answer is the object with all attributes.
    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>>;
}

/// What `plan` is told.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest<'a> {
    /// The arguments, fitted to the schema; parts may be unknown.
    pub config: &'a Value,
    /// The object as it was last seen; none when it is to be made.
    pub prior: Option<&'a Value>,
}

/// The prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The object after apply, unknown where only apply can tell.
    pub value: Value,
    /// Changed parts that need a new object in the old one's place; empty for an update in place.
    pub replace: Vec<Path>,
    /// For a check with `preview`: how it would end if it were judged now.
    pub preview: Option<Verdict>,
    /// Remarks for the reviewer, each a sentence: `Commit 3f2a1c9 "Fix the cart" by Ann, 12 ahead of v1.1.0.`
    pub notes: Vec<String>,
    /// The servers that are sent credentials which the arguments do not hold.
    pub sends: Vec<Sends>,
}

/// Credentials of relplan's environment that go to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sends {
    /// The server, as people write it: `db.example:5432`.
    pub server: String,
    /// What it is sent, in words: `PGPASSWORD`.
    pub what: String,
    /// The arguments that name it, by which it is known whether an earlier run used it.
    pub named_by: Vec<String>,
}

impl Planned {
    /// A prediction and nothing more.
    #[must_use]
    pub const fn new(value: Value) -> Self {
        Self { value, replace: Vec::new(), preview: None, notes: Vec::new(), sends: Vec::new() }
    }
}

/// What `read` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// As it was, or nothing can be known without acting.
    Same,
    /// There, as this object says.
    Present(Value),
    /// Not there any more.
    Absent,
}

/// What `apply` is told.
#[derive(Clone, Copy, Debug)]
pub struct ApplyRequest<'a> {
    /// The prediction that was agreed to; unknown only in computed attributes.
    pub planned: &'a Value,
    /// The object as it is; none when it is to be made.
    pub prior: Option<&'a Value>,
    /// Idempotency key of this action: the same after a crash. To be put where the outside system can be asked.
    pub key: &'a str,
}

/// What `apply` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The object, wholly known.
    pub value: Value,
    /// For a check: how it ended.
    pub verdict: Option<Verdict>,
}

impl Applied {
    /// The object of a record or a live resource.
    #[must_use]
    pub const fn new(value: Value) -> Self {
        Self { value, verdict: None }
    }
}

/// What `reconcile` is told: the request of the action whose outcome was lost.
#[derive(Clone, Copy, Debug)]
pub struct ReconcileRequest<'a> {
    /// What was to be made.
    pub planned: &'a Value,
    /// The object before; none when it was to be made.
    pub prior: Option<&'a Value>,
    /// The action's idempotency key.
    pub key: &'a str,
    /// What the action said through [`crate::Progress::reference`], if it came to that.
    pub reference: Option<&'a str>,
    /// Whether the action was to destroy.
    pub destroy: bool,
}

/// What became of an action whose outcome was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// It was done; for a destroy, the value is null.
    Done(Applied),
    /// It was not done, and will not be any more: it may be done now.
    NotDone,
    /// Nobody can tell: a person must look.
    CannotTell,
}

/// What `restore` is told.
#[derive(Clone, Copy, Debug)]
pub struct RestoreRequest<'a> {
    /// The object that holds the backup.
    pub object: &'a Value,
    /// Where it goes, as a person wrote it: a file, or the URL of a database.
    pub into: &'a str,
    /// The folder that relative files start in.
    pub folder: &'a std::path::Path,
    /// Whether what is there may be put aside.
    pub over: bool,
}

/// What `verify` is told.
#[derive(Clone, Copy, Debug)]
pub struct VerifyRequest<'a> {
    /// The object that holds the backup.
    pub object: &'a Value,
    /// How, as a person wrote it; none for the way that the object was verified in before.
    pub how: Option<&'a str>,
}

/// A backup that was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The object, with when and how it was verified.
    pub value: Value,
    /// Sentences for the person: what was read and compared.
    pub notes: Vec<String>,
}

/// What `restore` wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Sentences for the person: what was checked, how large it is.
    pub notes: Vec<String>,
}

/// How a check ended, from the weakest to the strongest: when several judge one thing, the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Enough good samples, and none bad.
    Passed,
    /// Not yet: a window that is not open, an approval that is missing.
    Pending,
    /// Too few samples to tell.
    Inconclusive,
    /// The check itself could not be made.
    Error,
    /// Judged, and found bad. The only one that rolls back.
    Failed,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Pending => "pending",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Failed => "failed",
        }
    }
}

/// The verdict of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in one sentence: `42 tests passed, 1 failed.`
    pub summary: String,
    /// More lines: the failed tests, the open pull requests.
    pub details: Vec<String>,
}

impl Verdict {
    /// A verdict without details.
    #[must_use]
    pub fn new(outcome: Outcome, summary: impl Into<String>) -> Self {
        Self { outcome, summary: summary.into(), details: Vec::new() }
    }
}
