//! `data "postgres_query"`: what a database answers.

use relplan_archive::Job;
use relplan_contract::{Answer, Attribute, Context, DataSchema, DataSource, Problem, Type, Value};

use crate::connection::{self, Connection};
use crate::query;

/// How many rows are read when the release file does not say, and at most.
const DEFAULT_ROWS: i64 = 1_000;
const MOST_ROWS: i64 = 10_000;

const DOCS: &str = r#"Asks in a read-only transaction: whatever the query says, nothing is changed.

```hcl
data "postgres_query" "tenants" {
  url = var.database_url
  sql = "SELECT id, name FROM tenants WHERE active ORDER BY id"
}

resource "http_smoke_test" "tenant" {
  for_each = { for row in data.postgres_query.tenants.rows : row.name => row }
  base_url = "https://${each.key}.shop.example"
  # ...
}
```

Numbers are exact, whatever their digits are; those of more than 1,024 digits come as text."#;

pub(crate) fn schema() -> DataSchema {
    let mut attributes = connection::attributes();
    attributes.extend([
        Attribute::required(
            "sql",
            Type::String,
            "The query: one that could stand in parentheses behind FROM.",
        ),
        Attribute::optional("max_rows", Type::Number, "The most rows, 1 to 10000.").or(DEFAULT_ROWS),
        query_timeout(),
        Attribute::computed(
            "rows",
            Type::list(Type::Any),
            "The rows, each an object by the names of its columns.",
        ),
        Attribute::computed("truncated", Type::Bool, "Whether `max_rows` left rows out."),
    ]);
    DataSchema {
        type_name: "postgres_query",
        summary: "What a PostgreSQL database answers to a query.",
        docs: DOCS,
        attributes,
    }
}

/// How long a query may take.
pub(crate) fn query_timeout() -> Attribute {
    Attribute::optional("statement_timeout_ms", Type::Number, "How long a query may take, in milliseconds.")
        .or(30_000)
}

/// What is wrong with that time; it may be unknown.
pub(crate) fn check_timeout(config: &Value) -> Option<Problem> {
    let wrong = config.get("statement_timeout_ms").as_i64().is_some_and(|number| number < 1);
    wrong.then(|| Problem::invalid("statement_timeout_ms", "It must be a whole number from 1."))
}

/// The data source.
pub(crate) struct Query {
    schema: DataSchema,
}

impl Default for Query {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

impl DataSource for Query {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = connection::check(config);
        problems.extend(check_timeout(config));
        if config.get("max_rows").as_i64().is_some_and(|rows| !(1..=MOST_ROWS).contains(&rows)) {
            problems.push(Problem::invalid("max_rows", "It must be a whole number from 1 to 10000."));
        }
        problems
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(async move {
            let object = config.clone();
            Job::run(context, move |job| {
                let connection = Connection::read(job.context(), &object)?;
                let sql = object.get("sql").as_str().unwrap_or_default();
                let number = |name: &str| object.get(name).as_i64().unwrap_or_default();
                let most = usize::try_from(number("max_rows")).unwrap_or(1);
                let answer = query::ask_once(job, &connection, sql, most, number("statement_timeout_ms"))?;
                Ok(object
                    .clone()
                    .with("rows", Value::list(answer.rows))
                    .with("truncated", answer.truncated.into()))
            })
            .await
        })
    }
}
