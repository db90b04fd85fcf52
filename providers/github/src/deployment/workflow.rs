//! What the plan looks at before anything is done: whether GitHub would take the dispatch. A tag that was made for a deployment
//! which cannot be is never taken back.

mod inputs;
mod yaml;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use relplan_contract::{Context, Path, Problem, Value};
use serde::Deserialize;

use crate::arguments::{archived, text};
use crate::client::{Client, query};
use crate::repository::Repository;
use inputs::{Given, Trigger};
use yaml::Node;

/// The last version of Enterprise Server whose description allows ten inputs; github.com's allows 25 ("Create a workflow dispatch
/// event", in the descriptions of 3.17 to 3.19 and of github.com).
const LAST_WITH_TEN: (u64, u64) = (3, 19);

/// A workflow as the plan knows it.
struct Workflow<'a> {
    repository: Repository,
    /// Its file in `.github/workflows`.
    name: &'a str,
    /// Branch or tag; none where that is not known yet.
    reference: Option<&'a str>,
}

#[derive(Deserialize)]
struct File {
    content: String,
}

/// Looks whether the workflow can be dispatched as the arguments say; remarks for the reviewer.
pub(super) async fn check(
    client: &Client,
    context: &Context,
    config: &Value,
) -> Result<Vec<String>, Problem> {
    let (Some(repository), Some(name)) = (Repository::of(config)?, config.get("workflow").as_str()) else {
        return Ok(Vec::new());
    };
    let workflow = Workflow { repository, name, reference: config.get("ref").as_str() };
    let key_input = text(config, "key_input").filter(|name| !name.is_empty());
    let (content, mut notes) = workflow.read(client, context).await?;
    workflow.check_state(client, context).await?;
    let read = yaml::read(&content)
        .map_err(|why| workflow.problem(&format!("is no YAML that can be read: {why}")))?;
    let trigger = Trigger::of(&read).ok_or_else(|| {
        workflow
            .problem("does not have the trigger workflow_dispatch")
            .hint("Give the workflow the trigger `on: workflow_dispatch`, on the branch or tag that is run.")
    })?;
    if let Some(key) = &key_input {
        workflow.check_key(&read, &trigger, key)?;
    } else {
        notes.push("Without key_input a run whose process dies early cannot be found again.".into());
    }
    let server = client.server_version();
    let most = if server.is_some_and(|version| version <= LAST_WITH_TEN) { 10 } else { 25 };
    trigger.check(Given::of(config, key_input.as_deref()).as_ref(), most).map_err(|problem| {
        let message =
            format!("The workflow {} of {} {}", workflow.name, workflow.repository, problem.message);
        let hint = match (&notes[..], problem.hint.is_empty()) {
            ([note, ..], false) if workflow.is_elsewhere(note) => format!("{} {note}", problem.hint),
            _ => problem.hint.clone(),
        };
        Problem { message, hint, ..problem }
    })?;
    Ok(notes)
}

impl Workflow<'_> {
    fn problem(&self, what: &str) -> Problem {
        let message = format!("The workflow {} of {} {what}.", self.name, self.repository);
        Problem::refused(message).about(Path::attribute("workflow"))
    }

    /// Its text, and a remark where it is that of another branch.
    async fn read(&self, client: &Client, context: &Context) -> Result<(String, Vec<String>), Problem> {
        let file = format!(".github/workflows/{}", self.name);
        let path = self.repository.path(&["contents", &file]);
        let what = format!("The workflow {file} of {} could not be read", self.repository);
        let mut notes = Vec::new();
        let mut found = None;
        if let Some(reference) = self.reference {
            let at_ref = query(&path, &[("ref", reference)]);
            found = client.find::<File>(context, &at_ref).await.map_err(|fault| fault.reading(&what))?;
        }
        if found.is_none() {
            // The tag may be made by this very release: the default branch has the workflow already.
            found = client.find::<File>(context, &path).await.map_err(|fault| fault.reading(&what))?;
            notes.extend(self.reference.map(elsewhere));
        }
        let Some(found) = found else {
            let message = format!("There is no workflow {file} in {}.", self.repository);
            return Err(Problem::missing(message).about(Path::attribute("workflow")));
        };
        let packed: String = found.content.split_whitespace().collect();
        let text = BASE64_STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        Ok((text.ok_or_else(|| self.problem("is no text in UTF-8"))?, notes))
    }

    fn is_elsewhere(&self, note: &str) -> bool {
        self.reference.is_some_and(|reference| elsewhere(reference) == note)
    }

    /// Whether GitHub would start it at all.
    async fn check_state(&self, client: &Client, context: &Context) -> Result<(), Problem> {
        #[derive(Deserialize)]
        struct Whole {
            archived: bool,
        }
        #[derive(Deserialize)]
        struct Known {
            state: String,
        }
        let what = format!("The repository {} could not be read", self.repository);
        let whole = client.get::<Whole>(context, &self.repository.path(&[])).await;
        if whole.map_err(|fault| fault.reading(&what))?.archived {
            return Err(archived(&self.repository));
        }
        let path = self.repository.path(&["actions", "workflows", self.name]);
        let what = format!("The workflow {} of {} could not be looked at", self.name, self.repository);
        let known = client.find::<Known>(context, &path).await.map_err(|fault| fault.reading(&what))?;
        let hint = match known.as_ref().map(|known| known.state.as_str()) {
            Some("active") => return Ok(()),
            None => {
                return Err(self.problem("is not known to GitHub, though its file is there").hint(
                    "GitHub dispatches a workflow only once the default branch has its file: merge it there first.",
                ));
            }
            Some("deleted") => "Its file is gone from the default branch: bring it back.".to_owned(),
            Some("disabled_inactivity") => {
                format!("GitHub did so for want of activity in the repository. {}", self.enable())
            }
            Some("disabled_fork") => format!("Forks begin so. {}", self.enable()),
            Some(_) => self.enable(),
        };
        let state = known.map(|known| known.state).unwrap_or_default();
        Err(self.problem(&format!("is not active: its state is {state}")).hint(hint))
    }

    fn enable(&self) -> String {
        format!(
            "Enable it: `gh workflow enable {} --repo {}`, or on its page under Actions.",
            self.name, self.repository
        )
    }

    /// Whether the name of its runs shows the key.
    fn check_key(&self, read: &Node, trigger: &Trigger<'_>, key: &str) -> Result<(), Problem> {
        let hint = "Declare the input and write `run-name: Deploy ${{ inputs.relplan_key }}` at the top of the workflow; or set \
                    `key_input = \"\"`, at the price of an uncertain action when a process dies.";
        let file = format!(".github/workflows/{}", self.name);
        if !trigger.declares(key) {
            let message = format!("The workflow {file} does not declare the input {key}.");
            return Err(Problem::invalid("key_input", message).hint(hint));
        }
        let shown = read.get("run-name").and_then(Node::text).is_some_and(|name| shows(name, key));
        if shown {
            return Ok(());
        }
        let message = format!("The workflow {file} does not show the input {key} in the name of its runs.");
        Err(Problem::invalid("key_input", message).hint(hint))
    }
}

/// The remark that a workflow was read in another place than it will run at.
fn elsewhere(reference: &str) -> String {
    format!(
        "The workflow was read on the default branch, since {reference} is not there yet; where they differ, make the tag first \
         with -target."
    )
}

/// Whether an expression in a name stands for an input: `${{ inputs.key }}`, or the longer form of older workflows.
fn shows(name: &str, key: &str) -> bool {
    name.split("${{").skip(1).filter_map(|rest| rest.split_once("}}")).any(|(expression, _)| {
        let mut words = expression
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '\'')));
        words.any(|word| {
            let word = word.strip_prefix("github.event.").unwrap_or(word);
            word.strip_prefix("inputs.") == Some(key) || word == format!("inputs['{key}']")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_shows_the_key_by_an_expression() {
        for (name, expected) in [
            ("Deploy ${{ inputs.version }} (${{ inputs.relplan_key }})", true),
            ("${{inputs.relplan_key}}", true),
            ("${{ github.event.inputs.relplan_key }}", true),
            ("${{ inputs['relplan_key'] || 'by hand' }}", true),
            ("${{ format('{0}', inputs.relplan_key) }}", true),
            ("Deploy relplan_key", false),
            ("${{ inputs.relplan_key_2 }}", false),
            ("Deploy", false),
        ] {
            assert_eq!(shows(name, "relplan_key"), expected, "{name}");
        }
    }
}
