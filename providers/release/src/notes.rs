//! `release_notes`: rendered by the plan, so that reviewers see every line, and kept in the ledger.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use relplan_contract::{
    Answer, Applied, ApplyRequest, Context, Path, PlanRequest, Planned, Problem, Resource, ResourceSchema,
    Value, propose,
};

use serde::Serialize;

use crate::changes::{self, Change, Grouped, OfRepository};
use crate::plain::{mention, plain};
use crate::schema::{TEMPLATE, schema};

/// The longest notes, in bytes: GitHub takes 125,000 characters.
const LONGEST: usize = 120_000;

/// How many steps a template may take: an endless one must not keep the plan.
const MOST_STEPS: u64 = 5_000_000;

/// The arguments without which there is nothing to render.
const INPUTS: [&str; 7] =
    ["changes", "text", "title", "template", "exclude_labels", "exclude_authors", "group"];

/// The resource type.
pub(crate) struct Notes {
    schema: ResourceSchema,
}

impl Default for Notes {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

/// What a template may use.
#[derive(Serialize)]
struct Page<'p> {
    /// The author's own words, which may be markup.
    title: minijinja::Value,
    product: &'p str,
    version: &'p str,
    changes: &'p [&'p Change],
    breaking: Vec<&'p Change>,
    groups: Vec<Grouped<'p>>,
    repositories: Vec<OfRepository<'p>>,
    several: bool,
    contributors: Vec<String>,
}

/// Notes, all together and of each repository.
struct Rendered {
    markdown: String,
    by_repository: Vec<(String, String)>,
    contributors: Vec<String>,
}

fn render(context: &Context, object: &Value) -> Result<Rendered, Problem> {
    let all = changes::read(object);
    let text = |name: &str| object.get(name).as_str().map(str::to_owned);
    let title = text("title").unwrap_or_else(|| format!("{} {}", context.product, context.version));
    let template = text("template");
    let groups = changes::groups(object);
    let write = |title: &str, changes: &[&Change]| {
        let breaking: Vec<&Change> = changes.iter().copied().filter(|change| change.breaking).collect();
        let rest: Vec<&Change> = changes.iter().copied().filter(|change| !change.breaking).collect();
        let repositories = changes::by_repository(changes);
        let page = Page {
            title: minijinja::Value::from_safe_string(title.to_owned()),
            product: &context.product,
            version: &context.version,
            groups: changes::grouped(&groups, &rest),
            several: repositories.len() > 1,
            contributors: changes::contributors(changes),
            changes,
            breaking,
            repositories,
        };
        fill(template.as_deref().unwrap_or(TEMPLATE), &page)
    };
    let whole: Vec<&Change> = all.iter().collect();
    let of_each = changes::by_repository(&whole).into_iter().filter(|of| !of.name.is_empty());
    let by_repository = of_each
        .map(|of| Ok((of.name.clone(), write(&title, &of.changes)?)))
        .collect::<Result<_, Problem>>()?;
    let markdown = match text("text") {
        Some(text) => text,
        None => write(&title, &whole)?,
    };
    Ok(Rendered { markdown, by_repository, contributors: changes::contributors(&whole) })
}

/// Lines that hold nothing but a block leave no trace, so that templates can be laid out.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    // What comes from a change is people's text, whatever a template does with it.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    environment.set_formatter(|out, _, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&plain(text))?),
        Some(text) => Ok(out.write_str(text)?),
        None => Ok(out.write_str(&plain(&value.to_string()))?),
    });
    environment
}

fn fill(template: &str, page: &Page<'_>) -> Result<String, Problem> {
    let mut environment = environment();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MOST_STEPS));
    environment.add_function("line", |change: minijinja::Value| {
        let text = |name: &str| change.get_attr(name).ok().and_then(|part| part.as_str().map(str::to_owned));
        minijinja::Value::from_safe_string(changes::line(&Change {
            title: text("title").unwrap_or_default(),
            url: text("url").unwrap_or_default(),
            author: text("author").unwrap_or_default(),
            scope: text("scope").unwrap_or_default(),
            number: change.get_attr("number").ok().and_then(|number| i64::try_from(number).ok()),
            ..Change::default()
        }))
    });
    environment.add_function("mention", |name: String| minijinja::Value::from_safe_string(mention(&name)));
    let filled = environment.render_str(template, minijinja::Value::from(Serde(page))).map_err(|error| {
        let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
        Problem::invalid("template", format!("The template cannot be filled in{line}: {error}."))
            .hint("`relplan providers release_notes` tells what it may use.")
    })?;
    if filled.len() > LONGEST {
        let message = format!("The notes are longer than {LONGEST} bytes.");
        return Err(Problem::invalid("changes", message).hint("Leave some out with exclude_labels."));
    }
    Ok(filled)
}

fn with_notes(object: &Value, notes: Rendered) -> Value {
    let each = notes.by_repository.into_iter().map(|(name, text)| (name, Value::from(text)));
    object
        .clone()
        .with("markdown", notes.markdown.into())
        .with("by_repository", Value::map(each))
        .with("contributors", Value::list(notes.contributors.into_iter().map(Value::from)))
}

impl Resource for Notes {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let given = |name: &str| !config.get(name).is_null();
        let mut problems = Vec::new();
        if !given("changes") && !given("text") {
            let message = "There is nothing to tell: give `changes`, `text` or both.";
            problems.push(Problem::invalid("changes", message));
        }
        if let Some(template) = config.get("template").as_str()
            && let Err(error) = environment().template_from_str(template)
        {
            let message = format!("The template cannot be read: {error}.");
            problems.push(Problem::invalid("template", message).about(Path::attribute("template")));
        }
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let planned = propose(&self.schema.attributes, request.prior, request.config);
            let open = INPUTS.iter().any(|name| request.config.get(name).has_unknown());
            let kept = request.prior.is_some() && planned.replace.is_empty();
            if open || kept {
                return Ok(planned);
            }
            let value = with_notes(&planned.value, render(context, request.config)?);
            Ok(Planned { value, ..planned })
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned;
            // What was reviewed is what is kept.
            if !planned.has_unknown() {
                return Ok(Applied::new(planned.clone()));
            }
            Ok(Applied::new(with_notes(planned, render(context, planned)?)))
        })
    }
}
