//! Saved plans: what is done, what was asked for, and what the outside answered.
//!
//! What is shown of a saved plan is the plan in it, and that is what is carried out: it is made anew from the same
//! files, the same state and the saved answers, and goes on only when it is that very plan, part for part. So nothing
//! is decided again, and no secret is in the file: sensitive variables are given again, and compared by fingerprints.
//!
//! One line: `relplan-plan-2 SUM MAC JSON`. The sum is SHA-256 over all but the two; the MAC is HMAC-SHA256 over the
//! sum with the key of the ledger, or `-` where there was none. Anyone can make a sum: only the MAC says that it is
//! the file that relplan wrote for this ledger.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;
use serde_json::{Value as Json, json};

use super::secrets::Secrets;
use super::setup::Options;
use super::{Plan, ask::Answer, digest};
use crate::addr::Target;
use crate::canonical::{self, Digest, Hidden, object};
use crate::event::RunMode;
use crate::ledger::Sealer;
use crate::world::Given;

mod answers;
mod difference;
mod reasons;
mod steps;

/// Version of the form of the file.
pub const FORMAT: i64 = 2;

/// What every saved plan begins with, the version behind it.
const BEGIN: &str = "relplan-plan-";

/// Stands in the place of a MAC where there was no key.
const NO_MAC: &str = "-";

/// What the MAC is for.
const PURPOSE: &str = "saved plan";

/// Answers by object and question.
pub type Answers = BTreeMap<(String, String), Vec<Answer>>;

/// A saved plan as it is read.
#[derive(Clone, Debug)]
pub struct SavedPlan {
    /// What is done.
    pub plan: Plan,
    /// The release file or folder, as it was named.
    pub source: String,
    /// What was asked for.
    pub options: Options,
    /// Values that were given for variables; those of sensitive ones are null and must be given again.
    pub variables: BTreeMap<Arc<str>, Value>,
    /// What the outside answered.
    pub answers: Answers,
    /// The fingerprint of each secret, by place; none where there was no key.
    pub secrets: Option<BTreeMap<String, String>>,
    sum: Digest,
    mac: Option<Digest>,
}

/// Whether a saved plan is what relplan wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// It is, for this ledger.
    Confirmed,
    /// It was written without a key: anyone can have written it.
    Unsigned,
    /// There is no key here to tell.
    NoKey,
    /// It is not: it was changed since, or written with the key of another ledger.
    Refuted,
}

/// What goes into a saved plan beside the plan.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'p> {
    /// The release file or folder, as it was named.
    pub source: &'p str,
    /// What was asked for.
    pub options: &'p Options,
    /// Values that were given for variables.
    pub given: &'p BTreeMap<Arc<str>, Given>,
    /// What the outside answered.
    pub answers: &'p Answers,
    /// The secrets.
    pub secrets: &'p Secrets,
}

/// Why a file is no saved plan that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SavedPlanError {
    /// It is something else.
    #[error("it is no saved plan of relplan")]
    Foreign,
    /// Another relplan wrote it.
    #[error("it has the format {0}, and this relplan knows {FORMAT}")]
    Version(i64),
    /// It does not have the bytes that were written.
    #[error("it was changed since it was saved")]
    Edited,
    /// A part of it does not make sense.
    #[error("its part {0:?} is damaged")]
    Damaged(&'static str),
}

/// The text of a saved plan.
#[must_use]
pub fn write(plan: &Plan, parts: Parts<'_>, sealer: &Sealer) -> String {
    let body = object!({
        "answers": answers::encode(parts.answers),
        "options": options_json(parts.options),
        "plan": steps::encode(plan, sealer),
        "secrets": json!(parts.secrets.prints().filter(|_| sealer.has_key())),
        "source": parts.source,
        "variables": variables(plan, parts.given),
    });
    let body = canonical::to_string(&body);
    let sum = sum(&body);
    let mac = sealer.mac(PURPOSE, &sum.0).map_or_else(|| NO_MAC.to_owned(), |mac| canonical::hex(&mac));
    format!("{BEGIN}{FORMAT} {} {mac} {body}\n", sum.hex())
}

/// Over everything in the file but itself and the MAC.
fn sum(body: &str) -> Digest {
    Digest::of(format!("{BEGIN}{FORMAT} {body}\n").as_bytes())
}

/// Reads a saved plan.
pub fn read(bytes: &[u8]) -> Result<SavedPlan, SavedPlanError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SavedPlanError::Foreign)?;
    let format = format_of(text).ok_or(SavedPlanError::Foreign)?;
    if format != FORMAT {
        return Err(SavedPlanError::Version(format));
    }
    let line = text.strip_suffix('\n').ok_or(SavedPlanError::Edited)?;
    let mut words = line.splitn(4, ' ').skip(1);
    let (Some(said), Some(mac), Some(body)) = (words.next(), words.next(), words.next()) else {
        return Err(SavedPlanError::Edited);
    };
    let sum = sum(body);
    if sum.hex() != said {
        return Err(SavedPlanError::Edited);
    }
    let mac = match mac {
        NO_MAC => None,
        mac => {
            let written = mac.parse::<Digest>().ok().filter(|digest| digest.hex() == mac);
            Some(written.ok_or(SavedPlanError::Edited)?)
        }
    };
    let json: Json = serde_json::from_str(body).map_err(|_| SavedPlanError::Edited)?;
    let part = |name: &'static str| json.get(name).ok_or(SavedPlanError::Damaged(name));
    let damaged = SavedPlanError::Damaged;
    Ok(SavedPlan {
        plan: steps::decode(part("plan")?).ok_or(damaged("plan"))?,
        source: part("source")?.as_str().ok_or(damaged("source"))?.to_owned(),
        options: options_of(&json).ok_or(damaged("options"))?,
        variables: variables_of(&json).ok_or(damaged("variables"))?,
        answers: answers::decode(json.get("answers")).ok_or(damaged("answers"))?,
        secrets: secrets_of(part("secrets")?).ok_or(damaged("secrets"))?,
        sum,
        mac,
    })
}

/// The version of a saved plan; none for anything else. The first one had its sum in front.
fn format_of(text: &str) -> Option<i64> {
    if let Some(rest) = text.strip_prefix(BEGIN) {
        return rest.split(' ').next()?.parse().ok();
    }
    let (sum, body) = text.split_once(' ')?;
    (sum.len() == 64 && body.starts_with('{') && body.contains("\"relplan_saved_plan\":")).then_some(1)
}

#[allow(clippy::option_option, reason = "whether it could be read, and whether there is one")]
fn secrets_of(json: &Json) -> Option<Option<BTreeMap<String, String>>> {
    if json.is_null() {
        return Some(None);
    }
    let print = |(place, print): (&String, &Json)| Some((place.clone(), print.as_str()?.to_owned()));
    json.as_object()?.iter().map(print).collect::<Option<_>>().map(Some)
}

impl SavedPlan {
    /// The digest of the plan in it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest::of(&self.plan)
    }

    /// Whether it is what relplan wrote, as the key tells.
    #[must_use]
    pub fn authenticity(&self, sealer: &Sealer) -> Authenticity {
        match &self.mac {
            None => Authenticity::Unsigned,
            Some(_) if !sealer.has_key() => Authenticity::NoKey,
            Some(mac) if sealer.confirms(PURPOSE, &self.sum.0, &mac.0) => Authenticity::Confirmed,
            Some(_) => Authenticity::Refuted,
        }
    }

    /// What differs in a plan that was made anew, each as a clause; nothing when it is the very plan that was saved.
    /// Secrets are not compared here: [`Secrets::differences`] does that.
    #[must_use]
    pub fn differences(&self, now: &Plan) -> Vec<String> {
        difference::between(&self.plan, now)
    }
}

/// What was given for each variable, unless it is sensitive.
fn variables(plan: &Plan, given: &BTreeMap<Arc<str>, Given>) -> Json {
    let shown = given.iter().map(|(name, given)| {
        let sensitive = plan.basis.variables.get(name).is_some_and(Value::has_sensitive);
        let value = if sensitive { Json::Null } else { canonical::encode(&given.value, &Hidden) };
        (name.to_string(), value)
    });
    Json::Object(shown.collect())
}

fn variables_of(json: &Json) -> Option<BTreeMap<Arc<str>, Value>> {
    let map = json.get("variables")?.as_object()?;
    map.iter().map(|(name, value)| Some((name.as_str().into(), canonical::decode(value).ok()?))).collect()
}

fn options_json(options: &Options) -> Json {
    let texts = |targets: &[Target]| targets.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "mode": mode_name(options.mode),
        "targets": texts(&options.targets),
        "excludes": texts(&options.excludes),
        "replace": texts(&options.replace),
        "refresh": options.refresh,
        "now_ms": options.now_ms,
    })
}

fn options_of(json: &Json) -> Option<Options> {
    let options = json.get("options")?;
    let targets = |name: &str| -> Option<Vec<Target>> {
        options.get(name)?.as_array()?.iter().map(|text| text.as_str()?.parse().ok()).collect()
    };
    let mode = options.get("mode")?;
    Some(Options {
        mode: mode_of(mode)?,
        targets: targets("targets")?,
        excludes: targets("excludes")?,
        replace: targets("replace")?,
        refresh: options.get("refresh")?.as_bool()?,
        retry: Vec::new(),
        accept: Vec::new(),
        ask: true,
        now_ms: options.get("now_ms")?.as_i64()?,
    })
}

const MODES: [RunMode; 5] =
    [RunMode::Apply, RunMode::Destroy, RunMode::Rollback, RunMode::Refresh, RunMode::State];

fn mode_of(json: &Json) -> Option<RunMode> {
    let mode = json.as_str()?;
    MODES.into_iter().find(|known| mode_name(*known) == mode)
}

const fn mode_name(mode: RunMode) -> &'static str {
    match mode {
        RunMode::Apply => "apply",
        RunMode::Destroy => "destroy",
        RunMode::Rollback => "rollback",
        RunMode::Refresh => "refresh",
        RunMode::State => "state",
    }
}

#[cfg(test)]
mod tests;
