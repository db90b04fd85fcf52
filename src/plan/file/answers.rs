//! How the outside's answers are written in a saved plan.

use relplan_contract::{
    Applied, Observed, Outcome, Path, Planned, Problem, Reconciled, Sends, Step, Value, Verdict,
};
use serde_json::{Map, Value as Json, json};

use super::Answers;
use crate::canonical::{self, Hidden};
use crate::plan::ask::Answer;

/// All answers: a list of `[object, question, [answers]]`. Problems are not kept: with one there is no plan.
pub(super) fn encode(answers: &Answers) -> Json {
    let all = answers.iter().map(|((object, question), answers)| {
        let answers: Vec<Json> = answers.iter().filter_map(answer).collect();
        json!([object, question, answers])
    });
    Json::Array(all.collect())
}

pub(super) fn decode(json: Option<&Json>) -> Option<Answers> {
    let read = |entry: &Json| {
        let [object, question, answers] = entry.as_array()?.as_slice() else { return None };
        let question = question.as_str()?.to_owned();
        let answers: Option<Vec<Answer>> =
            answers.as_array()?.iter().map(|answer| answer_of(&question, answer)).collect();
        Some(((object.as_str()?.to_owned(), question), answers?))
    };
    json?.as_array()?.iter().map(read).collect()
}

fn value(value: &Value) -> Json {
    canonical::encode(value, &Hidden)
}

fn value_of(json: &Json, name: &str) -> Option<Value> {
    canonical::decode(json.get(name)?).ok()
}

fn answer(answer: &Answer) -> Option<Json> {
    Some(match answer {
        Answer::Observed(Ok(Observed::Same)) => json!({ "is": "same" }),
        Answer::Observed(Ok(Observed::Absent)) => json!({ "is": "absent" }),
        Answer::Observed(Ok(Observed::Present(object))) => json!({ "is": "present", "value": value(object) }),
        Answer::Planned(Ok(planned)) => json!({
            "value": value(&planned.value),
            "replace": planned.replace.iter().map(path).collect::<Vec<_>>(),
            "preview": planned.preview.as_ref().map(verdict),
            "notes": planned.notes,
            "sends": planned.sends.iter().map(sends).collect::<Vec<_>>(),
        }),
        // A secret is not kept: it is asked for again.
        Answer::Data(Ok(object)) if object.has_sensitive() => return None,
        Answer::Data(Ok(object)) => json!({ "value": value(object) }),
        Answer::Reconciled(Ok(Reconciled::Done(applied))) => {
            json!({ "is": "done", "value": value(&applied.value), "verdict": applied.verdict.as_ref().map(verdict) })
        }
        Answer::Reconciled(Ok(Reconciled::NotDone)) => json!({ "is": "not done" }),
        Answer::Reconciled(Ok(Reconciled::CannotTell)) => json!({ "is": "cannot tell" }),
        Answer::Observed(Err(problem)) => json!({ "is": "unseen", "why": problem.message.as_str() }),
        Answer::Planned(Err(_)) | Answer::Data(Err(_)) | Answer::Reconciled(Err(_)) => return None,
    })
}

fn answer_of(question: &str, json: &Json) -> Option<Answer> {
    let is = json.get("is").and_then(Json::as_str);
    Some(match (question, is) {
        ("read" | "discover", Some("same")) => Answer::Observed(Ok(Observed::Same)),
        ("read" | "discover", Some("absent")) => Answer::Observed(Ok(Observed::Absent)),
        ("read" | "discover", Some("present")) => {
            Answer::Observed(Ok(Observed::Present(value_of(json, "value")?)))
        }
        ("read" | "discover", Some("unseen")) => {
            Answer::Observed(Err(Problem::refused(json.get("why")?.as_str()?)))
        }
        ("plan", _) => Answer::Planned(Ok(Planned {
            value: value_of(json, "value")?,
            replace: json.get("replace")?.as_array()?.iter().map(path_of).collect::<Option<_>>()?,
            preview: optional_verdict(json.get("preview")?)?,
            notes: strings(json.get("notes")?)?,
            sends: json.get("sends")?.as_array()?.iter().map(sends_of).collect::<Option<_>>()?,
        })),
        ("data", _) => Answer::Data(Ok(value_of(json, "value")?)),
        ("reconcile", Some("done")) => Answer::Reconciled(Ok(Reconciled::Done(Applied {
            value: value_of(json, "value")?,
            verdict: optional_verdict(json.get("verdict")?)?,
        }))),
        ("reconcile", Some("not done")) => Answer::Reconciled(Ok(Reconciled::NotDone)),
        ("reconcile", Some("cannot tell")) => Answer::Reconciled(Ok(Reconciled::CannotTell)),
        _ => return None,
    })
}

fn sends(sends: &Sends) -> Json {
    json!({ "server": sends.server, "what": sends.what, "named_by": sends.named_by })
}

fn sends_of(json: &Json) -> Option<Sends> {
    let text = |name: &str| Some(json.get(name)?.as_str()?.to_owned());
    Some(Sends { server: text("server")?, what: text("what")?, named_by: strings(json.get("named_by")?)? })
}

pub(super) fn path(path: &Path) -> Json {
    let step = |step: &Step| match step {
        Step::Key(name) => json!(**name),
        Step::Index(index) => json!(index),
    };
    path.0.iter().map(step).collect()
}

pub(super) fn path_of(json: &Json) -> Option<Path> {
    let step = |step: &Json| match step {
        Json::String(name) => Some(Step::Key(name.as_str().into())),
        number => Some(Step::Index(usize::try_from(number.as_u64()?).ok()?)),
    };
    json.as_array()?.iter().map(step).collect::<Option<_>>().map(Path)
}

pub(super) fn verdict(verdict: &Verdict) -> Json {
    let mut map = Map::new();
    map.insert("outcome".to_owned(), verdict.outcome.name().into());
    map.insert("summary".to_owned(), verdict.summary.as_str().into());
    map.insert("details".to_owned(), verdict.details.clone().into());
    Json::Object(map)
}

#[allow(clippy::option_option, reason = "whether it could be read, and whether there is one")]
pub(super) fn optional_verdict(json: &Json) -> Option<Option<Verdict>> {
    if json.is_null() {
        return Some(None);
    }
    Some(Some(Verdict {
        outcome: outcome_of(json.get("outcome")?)?,
        summary: json.get("summary")?.as_str()?.to_owned(),
        details: strings(json.get("details")?)?,
    }))
}

pub(super) fn outcome_of(json: &Json) -> Option<Outcome> {
    let name = json.as_str()?;
    let all = [Outcome::Passed, Outcome::Pending, Outcome::Inconclusive, Outcome::Error, Outcome::Failed];
    all.into_iter().find(|outcome| outcome.name() == name)
}

pub(super) fn strings(json: &Json) -> Option<Vec<String>> {
    json.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}
