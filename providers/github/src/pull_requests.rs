//! `github_pull_requests`: a gate that opens when every pull request of the release is merged, reviewed and green.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Outcome, PlanRequest, Planned, Problem,
    Repeat, Resource, ResourceSchema, Type, Value, Verdict, propose,
};

use crate::GitHub;
use crate::arguments::{flag, not_known};
use crate::checks::{self, Checks};
use crate::days::age_days;
use crate::pulls::{self, Pull, Selection, Wants};

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_pull_requests";

const DOCS: &str = r#"Holds the release until its pull requests are merged, reviewed and green:

```hcl
resource "github_pull_requests" "merged" {
  repositories = data.github_repositories.shop.full_names
  milestone    = "v${release.version}"
  approvals    = 1
}
```

The plan shows each one that is in the way, with number, title, author, age and why. An **open** one leaves the verdict
*pending*: `apply -wait` waits for it. A **merged** one without enough approvals by others than its author, with changes still
asked for, or with failed checks makes it *failed*. Only people who may write to the repository count, as in branch protection, and
only approvals of the last commit: what was pushed after an approval nobody has approved (`stale_approvals` counts those too, for
teams that merge the base into their branches). Where nothing at all is selected the verdict is *inconclusive*, since a
milestone may be misspelt; `allow_none` lets that pass. It is *inconclusive*, too, where the token may not read the checks: it needs
`checks: read` and `statuses: read` beside `contents: read` and `pull-requests: read`. `checks = false` does without them. Anything else that
cannot be read is an error.

Which ones belong to the release: of the open ones those that go to `base`; of the merged ones those whose merge commits `base`
got after each repository's last release, by whatever branch they came: one that was merged as a whole, one that `base` was cut
from, one that was the default branch before. Both carry the `milestone` and all `labels`. The last release is the tag of the
highest version **before this one** that `base` holds, so that nothing changes when this version is released, and a hotfix branch
has its own; where this version has its tag already, its pull requests end there. Where a higher version before this one was made
on another branch, with more of what `base` has, it is that one. Times do not count. Where no release came before, and with
`since`, all merged ones count that went to `base`, or whose merge commits it has. Twenty repositories are two requests."#;

/// The schema.
pub(crate) fn schema() -> ResourceSchema {
    let mut attributes = pulls::arguments();
    attributes.extend([
        Attribute::optional("approvals", Type::Number, "How many others must have approved each.")
            .or(Value::integer(1)),
        Attribute::optional(
            "stale_approvals",
            Type::Bool,
            "Whether approvals count that were given before the last commit was pushed.",
        )
        .or(false),
        Attribute::optional("checks", Type::Bool, "Whether the checks of each must have passed.").or(true),
        Attribute::optional("drafts", Type::Bool, "Whether open drafts are in the way, too.").or(true),
        Attribute::optional("allow_none", Type::Bool, "Whether it passes when nothing is selected.")
            .or(false),
        Attribute::computed("open", Type::Number, "How many are open."),
        Attribute::computed("merged", Type::Number, "How many are merged."),
    ]);
    ResourceSchema {
        type_name: TYPE_NAME,
        lifetime: Lifetime::Check,
        summary: "All pull requests of the release merged, reviewed and green.",
        docs: DOCS,
        attributes,
        repeat: Repeat::Harmless,
        destroyable: false,
        backup: false,
        preview: true,
        gate: true,
        undo: "",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(600),
    }
}

/// The resource type.
pub(crate) struct PullRequests {
    github: Arc<GitHub>,
    schema: ResourceSchema,
}

impl PullRequests {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn predict(&self, context: &Context, request: PlanRequest<'_>) -> Result<Planned, Problem> {
        let mut planned = propose(&self.schema.attributes, request.prior, request.config);
        let rules = ["approvals", "stale_approvals", "checks", "drafts", "allow_none"];
        if crate::arguments::any_unknown(request.config, &rules) {
            return Ok(planned);
        }
        if let Some(selection) = Selection::read(request.config)? {
            planned.preview = Some(self.judge(context, &selection, request.config).await?.1);
        }
        Ok(planned)
    }

    async fn make(&self, context: &Context, planned: &Value) -> Result<Applied, Problem> {
        let selection = Selection::read(planned)?.ok_or_else(not_known)?;
        let (counts, verdict) = self.judge(context, &selection, planned).await?;
        let value = planned.clone().with("open", counts.0.into()).with("merged", counts.1.into());
        Ok(Applied { value, verdict: Some(verdict) })
    }

    async fn judge(
        &self,
        context: &Context,
        selection: &Selection,
        object: &Value,
    ) -> Result<((i64, i64), Verdict), Problem> {
        let wants = Wants { reviews: true, checks: flag(object, "checks") };
        let mut pulls = selection.pulls(&self.github, context, wants).await?;
        if !flag(object, "drafts") {
            pulls.retain(|pull| !pull.draft || pull.merged_at.is_some());
        }
        let rules = Rules {
            approvals: object.get("approvals").as_i64().unwrap_or(1),
            stale_approvals: flag(object, "stale_approvals"),
            checks: wants.checks,
            allow_none: flag(object, "allow_none"),
            now: context.clock.now(),
        };
        let merged = pulls.iter().filter(|pull| pull.merged_at.is_some()).count();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let verdict = rules.verdict(&pulls, &selection.described());
        Ok(((count(pulls.len() - merged), count(merged)), verdict))
    }
}

/// What is asked of each pull request.
struct Rules {
    approvals: i64,
    stale_approvals: bool,
    checks: bool,
    allow_none: bool,
    now: SystemTime,
}

impl Rules {
    fn verdict(&self, pulls: &[Pull], described: &str) -> Verdict {
        if pulls.is_empty() {
            let outcome = if self.allow_none { Outcome::Passed } else { Outcome::Inconclusive };
            return Verdict::new(outcome, format!("There is no pull request{described}."));
        }
        let (open, merged): (Vec<&Pull>, Vec<&Pull>) =
            pulls.iter().partition(|pull| pull.merged_at.is_none());
        let open_lines = open.iter().map(|pull| self.line(pull, &self.blocks(pull)));
        let bad: Vec<(&Pull, Vec<String>)> = merged
            .iter()
            .map(|pull| (*pull, self.blocks(pull)))
            .filter(|(_, blocks)| !blocks.is_empty())
            .collect();
        let is_unreadable = |pull: &Pull| self.checks && pull.checks == Checks::Unreadable;
        let unreadable = bad.iter().filter(|(pull, blocks)| is_unreadable(pull) && blocks.len() == 1).count();
        let count = |number: usize| match number {
            1 => "1 pull request".to_owned(),
            number => format!("{number} pull requests"),
        };
        let (outcome, summary) = match (open.len(), bad.len() - unreadable) {
            (0, bad) if bad > 0 => (Outcome::Failed, format!("{} merged against the rules.", count(bad))),
            (open, bad) if bad > 0 => {
                (Outcome::Failed, format!("{} merged against the rules, {open} more open.", count(bad)))
            }
            _ if unreadable > 0 => {
                let what = format!("{} merged whose checks this token may not read.", count(unreadable));
                (Outcome::Inconclusive, format!("{what} {}", checks::PERMISSIONS))
            }
            (0, _) => (Outcome::Passed, format!("{} merged, reviewed and green.", count(merged.len()))),
            (open, _) => (Outcome::Pending, format!("{} open, {} merged.", count(open), merged.len())),
        };
        let bad = bad.iter().map(|(pull, blocks)| self.line(pull, blocks));
        Verdict { outcome, summary, details: bad.chain(open_lines).collect() }
    }

    /// Why a pull request is in the way, apart from being open.
    fn blocks(&self, pull: &Pull) -> Vec<String> {
        let mut blocks = Vec::new();
        let current =
            pull.approvals.iter().filter(|approval| approval.current || self.stale_approvals).count();
        let approvals = i64::try_from(current).unwrap_or(i64::MAX);
        if approvals < self.approvals {
            blocks.push(format!("{approvals} of {} approvals", self.approvals));
            let stale = pull.approvals.iter().filter(|approval| !approval.current && !self.stale_approvals);
            let stale: Vec<&str> = stale.map(|approval| approval.login.as_str()).collect();
            if !stale.is_empty() {
                blocks.push(format!("changed since {} approved it", stale.join(", ")));
            }
        }
        if !pull.objections.is_empty() {
            blocks.push(format!("changes asked for by {}", pull.objections.join(", ")));
        }
        match pull.checks {
            Checks::Failed if self.checks => blocks.push("checks failed".into()),
            Checks::Running if self.checks => blocks.push("checks not finished".into()),
            Checks::Unreadable if self.checks => blocks.push("checks that this token may not read".into()),
            Checks::Failed | Checks::Running | Checks::Passed | Checks::Absent | Checks::Unreadable => {}
        }
        blocks
    }

    /// `acme/shop#7 "Fix the cart" by bob, 3 days old: open, checks failed. https://...`
    fn line(&self, pull: &Pull, blocks: &[String]) -> String {
        let state = match (&pull.merged_at, &pull.into, pull.draft) {
            (Some(_), Some(branch), _) => format!("merged into {branch:?}"),
            (Some(_), None, _) => "merged".to_owned(),
            (None, _, true) => "open as a draft".to_owned(),
            (None, _, false) => "open".to_owned(),
        };
        let mut why = vec![state];
        why.extend(blocks.iter().cloned());
        let age = age_days(&pull.created_at, self.now).map(|days| match days {
            1 => ", 1 day old".to_owned(),
            days => format!(", {days} days old"),
        });
        let (repository, number, title, author) = (&pull.repository, pull.number, &pull.title, &pull.author);
        let (age, why) = (age.unwrap_or_default(), why.join(", "));
        format!("{repository}#{number} {title:?} by {author}{age}: {why}. {}", pull.url)
    }
}

impl Resource for PullRequests {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = pulls::check(config);
        let approvals = config.get("approvals");
        let whole = approvals.as_i64().is_some_and(|number| (0..=50).contains(&number));
        if !(whole || approvals.is_null() || approvals.is_unknown()) {
            problems.push(Problem::invalid("approvals", "approvals is a whole number from 0 to 50."));
        }
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(self.predict(context, request))
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(self.make(context, request.planned))
    }
}
