//! `postgres_query_test`: a verdict by what a database answers.

use std::time::Duration;

use relplan_archive::Job;
use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Number, Outcome, PlanRequest, Planned,
    Problem, Repeat, Resource, ResourceSchema, Type, Value, Verdict, propose,
};

use crate::connection::{self, Connection};
use crate::query::{self, Rows, number, shown};
use crate::query_data::{check_timeout, query_timeout};

/// How many rows are compared at most, and how many are shown of those that were not expected.
const MOST_ROWS: usize = 1_000;
const SHOWN_ROWS: usize = 5;

/// Whether a number that was found is as the bound wants.
type Holds = fn(&Number, &Number) -> bool;

/// The comparisons of the first value with a number.
const BOUNDS: [(&str, &str, Holds); 4] = [
    ("at_least", "at least", |found, bound| found >= bound),
    ("at_most", "at most", |found, bound| found <= bound),
    ("above", "above", |found, bound| found > bound),
    ("below", "below", |found, bound| found < bound),
];

const DOCS: &str = r#"Judges by queries, each in a read-only transaction: whatever they say, nothing is changed.

```hcl
resource "postgres_query_test" "migrated" {
  url        = var.database_url
  depends_on = [postgres_migration.shop]

  query {
    name     = "no order lost its customer"
    sql      = "SELECT count(*) FROM orders WHERE customer IS NULL"
    equals   = 0
  }

  query {
    name     = "orders come in"
    sql      = "SELECT count(*) FROM orders WHERE placed > now() - interval '1 hour'"
    at_least = 10
  }

  query {
    name = "the flags are as agreed"
    sql  = "SELECT name, enabled FROM flags ORDER BY name"
    rows = [{ name = "basket", enabled = true }, { name = "gifts", enabled = false }]
  }
}
```

Each query says what is expected: `equals`, `at_least`, `at_most`, `above`, `below` look at its only value, `rows` at all of it, `row_count` at how many
rows it has. It is a **gate**: looked at in every plan that still does something behind it, and once more right before that begins, as long as its
queries take no longer than 20 seconds together. It **passes** when all of them are as expected. No row and null are never what a comparison expects. It ends in **error** when the database
could not be asked, or a query is wrong."#;

pub(crate) fn schema() -> ResourceSchema {
    let bound = |name, docs| Attribute::optional(name, Type::Number, docs);
    let query = vec![
        Attribute::required("name", Type::String, "What must be so, for people."),
        Attribute::required(
            "sql",
            Type::String,
            "The query: one that could stand in parentheses behind FROM.",
        ),
        Attribute::optional("equals", Type::String, "What its only value must be."),
        bound("at_least", "What its only value must be at least."),
        bound("at_most", "What its only value must be at most."),
        bound("above", "What its only value must be above."),
        bound("below", "What its only value must be below."),
        bound("row_count", "How many rows it must have."),
        Attribute::optional(
            "rows",
            Type::list(Type::Any),
            "What its rows must be, in their order: objects by column.",
        ),
    ];
    let mut attributes = connection::attributes();
    attributes.extend([
        Attribute::blocks("query", query, "A query and what is expected of it; at least one."),
        query_timeout(),
        Attribute::computed("answers", Type::map(Type::String), "What each query gave, by its name."),
    ]);
    ResourceSchema {
        type_name: "postgres_query_test",
        lifetime: Lifetime::Check,
        summary: "A verdict by what a PostgreSQL database answers.",
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
        timeout: Duration::from_secs(3_600),
    }
}

/// The type.
pub(crate) struct QueryTest {
    schema: ResourceSchema,
}

impl Default for QueryTest {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

/// What one query gave, and what is wrong with it; nothing where it is as expected.
struct Judged {
    name: String,
    answer: String,
    complaints: Vec<String>,
}

fn judge(block: &Value, rows: &Rows) -> Judged {
    let mut complaints = Vec::new();
    let only = match rows.rows.as_slice() {
        [row] => row.as_map().filter(|row| row.len() == 1).and_then(|row| row.values().next().cloned()),
        _ => None,
    };
    let only = only.filter(|value| !value.is_null());
    let answer = only.as_ref().map_or_else(|| summary(rows), shown);
    if let Some(expected) = block.get("equals").as_str()
        && only.as_ref().map(shown).as_deref() != Some(expected)
        && !same_number(only.as_ref(), expected)
    {
        complaints.push(format!("it gives {answer}, not {expected}"));
    }
    let found = only.as_ref().and_then(|value| Number::parse(&shown(value)).ok());
    for (name, words, holds) in BOUNDS {
        let Some(bound) = number(block.get(name)) else { continue };
        if !found.as_ref().is_some_and(|found| holds(found, bound)) {
            complaints.push(format!("it gives {answer}, which is not {words} {bound}"));
        }
    }
    let count = rows.rows.len();
    if let Some(expected) = block.get("row_count").as_i64()
        && (rows.truncated || i64::try_from(count) != Ok(expected))
    {
        let more = if rows.truncated { "more than " } else { "" };
        complaints.push(format!("it has {more}{count} rows, not {expected}"));
    }
    if let Some(expected) = block.get("rows").as_list()
        && (rows.truncated || !same_rows(expected, &rows.rows))
    {
        let expected = expected.iter().take(SHOWN_ROWS).map(shown).collect::<Vec<_>>().join(", ");
        complaints.push(format!("it gives {}, not {expected}", summary(rows)));
    }
    Judged { name: block.get("name").as_str().unwrap_or_default().to_owned(), answer, complaints }
}

fn same_number(found: Option<&Value>, expected: &str) -> bool {
    let found = found.and_then(number);
    found.is_some() && found == Number::parse(expected).ok().as_ref()
}

fn same_rows(expected: &[Value], found: &[Value]) -> bool {
    let texts = |rows: &[Value]| rows.iter().map(shown).collect::<Vec<_>>();
    texts(expected) == texts(found)
}

/// Rows in few words.
fn summary(rows: &Rows) -> String {
    let shown_rows = rows.rows.iter().take(SHOWN_ROWS).map(shown).collect::<Vec<_>>().join(", ");
    match rows.rows.len() {
        0 => "no row".to_owned(),
        count if count > SHOWN_ROWS => format!("{shown_rows} and {} rows more", count - SHOWN_ROWS),
        _ => shown_rows,
    }
}

fn verdict(judged: &[Judged]) -> Verdict {
    let failed: Vec<&Judged> = judged.iter().filter(|one| !one.complaints.is_empty()).collect();
    let details = failed.iter().map(|one| format!("{}: {}.", one.name, one.complaints.join("; "))).collect();
    let queries = |count: usize| if count == 1 { "1 query".to_owned() } else { format!("{count} queries") };
    match failed.len() {
        0 => Verdict::new(Outcome::Passed, format!("{} as expected.", queries(judged.len()))),
        count => {
            let summary = format!("{count} of {} not as expected.", queries(judged.len()));
            Verdict { details, ..Verdict::new(Outcome::Failed, summary) }
        }
    }
}

/// How long a plan waits for the queries of a test, in milliseconds. What takes longer is judged by the run alone.
const LOOK_MS: i64 = 20_000;

/// How it would end now; none where that takes too long to be looked at.
async fn look(context: &Context, config: &Value) -> Option<Verdict> {
    let queries = config.get("query").as_list().map_or(1, <[Value]>::len).max(1);
    let patience = (LOOK_MS / i64::try_from(queries).unwrap_or(LOOK_MS)).max(1);
    let (limit, within) = (limit_of(config), limit_of(config).min(patience));
    let config = config.clone();
    match Job::run(context, move |job| run(job, &config, within)).await {
        Ok(applied) => applied.verdict,
        Err(problem) if within < limit && problem.message.contains("statement timeout") => None,
        Err(problem) => Some(Verdict::new(Outcome::Error, problem.message)),
    }
}

/// How long a query may take, in milliseconds.
fn limit_of(config: &Value) -> i64 {
    config.get("statement_timeout_ms").as_i64().unwrap_or_default()
}

fn run(job: &Job, planned: &Value, timeout_ms: i64) -> Result<Applied, Problem> {
    let connection = Connection::read(job.context(), planned)?;
    let mut judged = Vec::new();
    for block in planned.get("query").as_list().unwrap_or_default() {
        let sql = block.get("sql").as_str().unwrap_or_default();
        let rows = query::ask_once(job, &connection, sql, MOST_ROWS, timeout_ms)?;
        judged.push(judge(block, &rows));
    }
    let answers = judged.iter().map(|one| (one.name.as_str(), Value::from(one.answer.as_str())));
    let value = planned.clone().with("answers", Value::map(answers));
    Ok(Applied { value, verdict: Some(verdict(&judged)) })
}

impl Resource for QueryTest {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = connection::check(config);
        problems.extend(check_timeout(config));
        let blocks = config.get("query");
        if blocks.as_list().is_some_and(<[Value]>::is_empty) || blocks.is_null() {
            problems.push(
                Problem::invalid("query", "There is no query to judge by.")
                    .hint("Write at least one `query` block."),
            );
        }
        let mut names = std::collections::BTreeSet::new();
        for (index, block) in blocks.as_list().unwrap_or_default().iter().enumerate() {
            let about = |name: &str| relplan_contract::Path::attribute("query").index(index).key(name);
            let expects = ["equals", "row_count", "rows"].into_iter().chain(BOUNDS.map(|(name, ..)| name));
            if expects.clone().all(|name| block.get(name).is_null()) {
                problems.push(
                    Problem::invalid("query", "Nothing is expected of this query.")
                        .hint(format!("Write one of {}.", expects.collect::<Vec<_>>().join(", ")))
                        .about(about("sql")),
                );
            }
            if let Some(name) = block.get("name").as_str()
                && !names.insert(name.to_owned())
            {
                problems.push(
                    Problem::invalid("query", format!("Two queries are named {name:?}."))
                        .about(about("name")),
                );
            }
        }
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            let (sends, withheld) = connection::credentials(context, request.config)?;
            planned.sends.extend(sends);
            planned.notes.extend(withheld);
            if request.prior.is_none() && !request.config.has_unknown() {
                planned.preview = look(context, request.config).await;
            }
            Ok(planned)
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned.clone();
            Job::run(context, move |job| run(job, &planned, limit_of(&planned))).await
        })
    }
}
