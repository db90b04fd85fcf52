//! The wire form of each kind of event: the word for its kind, and the fields of its body.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::fields::{self, Fields};
use super::values;
use crate::addr::Address;
use crate::canonical::{self, Seal, object};
use crate::event::{ActOutcome, EntryKey, Event, Intent, Judgement, Lineage};

/// The words that stand for the enums of the vocabulary.
pub(in crate::ledger) mod words {
    use relplan_contract::{Lifetime, Outcome, ProblemKind};

    use crate::event::{Act, Ending, RunMode, SecretReview};

    pub(in crate::ledger) const MODES: [(RunMode, &str); 5] = [
        (RunMode::Apply, "apply"),
        (RunMode::Destroy, "destroy"),
        (RunMode::Rollback, "rollback"),
        (RunMode::Refresh, "refresh"),
        (RunMode::State, "state"),
    ];
    pub(in crate::ledger) const ACTS: [(Act, &str); 4] =
        [(Act::Create, "create"), (Act::Update, "update"), (Act::Judge, "judge"), (Act::Destroy, "destroy")];
    pub(in crate::ledger) const ENDINGS: [(Ending, &str); 8] = [
        (Ending::Complete, "complete"),
        (Ending::Failed, "failed"),
        (Ending::CheckFailed, "check_failed"),
        (Ending::RolledBack, "rolled_back"),
        (Ending::Inconclusive, "inconclusive"),
        (Ending::Waiting, "waiting"),
        (Ending::Interrupted, "interrupted"),
        (Ending::Uncertain, "uncertain"),
    ];
    pub(in crate::ledger) const LIFETIMES: [(Lifetime, &str); 3] =
        [(Lifetime::Record, "record"), (Lifetime::Live, "live"), (Lifetime::Check, "check")];
    pub(in crate::ledger) const OUTCOMES: [(Outcome, &str); 5] = [
        (Outcome::Passed, "passed"),
        (Outcome::Pending, "pending"),
        (Outcome::Inconclusive, "inconclusive"),
        (Outcome::Error, "error"),
        (Outcome::Failed, "failed"),
    ];
    pub(in crate::ledger) const PROBLEMS: [(ProblemKind, &str); 7] = [
        (ProblemKind::Invalid, "invalid"),
        (ProblemKind::Retry, "retry"),
        (ProblemKind::Refused, "refused"),
        (ProblemKind::Missing, "missing"),
        (ProblemKind::Conflict, "conflict"),
        (ProblemKind::Uncertain, "uncertain"),
        (ProblemKind::Cancelled, "cancelled"),
    ];

    pub(in crate::ledger) const SECRET_REVIEWS: [(SecretReview, &str); 3] = [
        (SecretReview::Compared, "compared"),
        (SecretReview::AcceptedUnseen, "accepted_unseen"),
        (SecretReview::Unreviewed, "unreviewed"),
    ];

    /// The word for a thing; every list above is whole.
    pub(in crate::ledger) fn word<T: PartialEq>(list: &[(T, &'static str)], thing: &T) -> &'static str {
        list.iter().find(|(other, _)| other == thing).map_or("", |(_, word)| word)
    }
}

use words::{ACTS, ENDINGS, LIFETIMES, MODES, OUTCOMES, PROBLEMS, SECRET_REVIEWS, word};

/// The word for the kind of an event.
pub(in crate::ledger) const fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::LedgerBegan { .. } => "ledger_began",
        Event::KeyNamed { .. } => "key_named",
        Event::SecretsReviewed { .. } => "secrets_reviewed",
        Event::RunOpened { .. } => "run_opened",
        Event::Sourced { .. } => "sourced",
        Event::Identified { .. } => "identified",
        Event::TurningBack { .. } => "turning_back",
        Event::VersionWithdrawn { .. } => "version_withdrawn",
        Event::Intended(_) => "intended",
        Event::Referenced { .. } => "referenced",
        Event::Ended { .. } => "ended",
        Event::Judged { .. } => "judged",
        Event::Adopted { .. } => "adopted",
        Event::Forgotten { .. } => "forgotten",
        Event::Moved { .. } => "moved",
        Event::OutputsSet { .. } => "outputs_set",
        Event::ProvidersSet { .. } => "providers_set",
        Event::Verified { .. } => "verified",
        Event::Restored { .. } => "restored",
        Event::EpochBegan { .. } => "epoch_began",
        Event::Held { .. } => "held",
        Event::Released { .. } => "released",
        Event::Checkpointed { .. } => "checkpointed",
        Event::RunClosed { .. } => "run_closed",
    }
}

/// The kind and the body.
pub(super) fn encode(event: &Event, seal: &dyn Seal) -> (&'static str, Json) {
    let body = match event {
        Event::LedgerBegan { lineage, product, key: None } => {
            json!({ "lineage": *lineage.0, "product": product })
        }
        Event::LedgerBegan { lineage, product, key: Some(key) } => {
            json!({ "key": key, "lineage": *lineage.0, "product": product })
        }
        Event::KeyNamed { key } => json!({ "key": key }),
        Event::Sourced { commit, changed, review, reviewers } => {
            json!({ "changed": changed, "commit": commit, "review": review, "reviewers": reviewers })
        }
        Event::Identified { accounts } => json!({ "accounts": accounts }),
        Event::SecretsReviewed { fingerprint, review, unseen } => {
            json!({ "fingerprint": fingerprint, "review": word(&SECRET_REVIEWS, review), "unseen": unseen })
        }
        Event::RunOpened { mode, version, config, plan, versions, command } => json!({
            "command": command,
            "config": config.map(|digest| digest.to_string()),
            "mode": word(&MODES, mode),
            "plan": plan.map(|digest| digest.to_string()),
            "version": **version,
            "versions": versions,
        }),
        Event::TurningBack { to } => json!({ "to": versions_of(to) }),
        Event::VersionWithdrawn { version, reason } => json!({ "reason": reason, "version": **version }),
        Event::Intended(intended) => intent(intended, seal),
        Event::Referenced { key: of, reference } => json!({ "key": key(of), "reference": reference }),
        Event::Ended { key: of, idempotency_key, outcome: how } => {
            object!({ "idempotency_key": idempotency_key.as_str(), "key": key(of), "outcome": outcome(how, seal) })
        }
        Event::Judged { key: of, idempotency_key, value, judgement: verdict } => object!({
            "idempotency_key": idempotency_key.as_str(),
            "judgement": judgement(verdict),
            "key": key(of),
            "value": canonical::encode(value, seal),
        }),
        Event::Adopted { key: of, value, reason } => {
            object!({ "key": key(of), "reason": reason.as_str(), "value": canonical::encode(value, seal) })
        }
        Event::Forgotten { key: of, reason } => json!({ "key": key(of), "reason": reason }),
        Event::Moved { from, to } => json!({ "from": key(from), "to": key(to) }),
        Event::Verified { key: of, value, notes } => {
            object!({ "key": key(of), "notes": notes.as_str(), "value": canonical::encode(value, seal) })
        }
        Event::Restored { key: of, into, outcome } => {
            json!({ "into": into, "key": key(of), "outcome": outcome })
        }
        Event::OutputsSet { outputs } => json!({ "outputs": values(outputs, seal) }),
        Event::ProvidersSet { providers } => json!({ "providers": values(providers, seal) }),
        Event::EpochBegan { epoch, reason } => json!({ "epoch": epoch, "reason": reason }),
        Event::Held { address, reason } | Event::Released { address, reason } => {
            json!({ "address": address.to_string(), "reason": reason })
        }
        Event::Checkpointed { state } => json!({ "state": state.to_string() }),
        Event::RunClosed { ending, complete, counts } => {
            json!({ "complete": complete, "counts": counts, "ending": word(&ENDINGS, ending) })
        }
    };
    (kind_of(event), body)
}

/// The event of a kind with a body.
pub(super) fn decode(kind: &str, body: Fields<'_>) -> Result<Event, String> {
    if let Some(event) = decode_beginning(kind, body)? {
        return Ok(event);
    }
    Ok(match kind {
        "intended" => Event::Intended(Box::new(read_intent(body)?)),
        "referenced" => {
            Event::Referenced { key: read_key(body, "key")?, reference: body.text("reference")?.to_owned() }
        }
        "ended" => Event::Ended {
            key: read_key(body, "key")?,
            idempotency_key: body.text("idempotency_key")?.to_owned(),
            outcome: read_outcome(body.object("outcome")?)?,
        },
        "judged" => Event::Judged {
            key: read_key(body, "key")?,
            idempotency_key: body.text("idempotency_key")?.to_owned(),
            value: body.value("value")?,
            judgement: read_judgement(body.object("judgement")?)?,
        },
        "adopted" => {
            Event::Adopted { key: read_key(body, "key")?, value: body.value("value")?, reason: reason(body)? }
        }
        "forgotten" => Event::Forgotten { key: read_key(body, "key")?, reason: reason(body)? },
        "moved" => Event::Moved { from: read_key(body, "from")?, to: read_key(body, "to")? },
        "verified" => Event::Verified {
            key: read_key(body, "key")?,
            value: body.value("value")?,
            notes: body.text("notes")?.to_owned(),
        },
        "restored" => Event::Restored {
            key: read_key(body, "key")?,
            into: body.text("into")?.to_owned(),
            outcome: body.text("outcome")?.to_owned(),
        },
        "outputs_set" => Event::OutputsSet { outputs: body.values("outputs")? },
        "providers_set" => Event::ProvidersSet { providers: body.values("providers")? },
        "epoch_began" => Event::EpochBegan { epoch: body.number("epoch")?, reason: reason(body)? },
        "held" => Event::Held { address: body.address("address")?, reason: reason(body)? },
        "released" => Event::Released { address: body.address("address")?, reason: reason(body)? },
        "checkpointed" => Event::Checkpointed { state: body.digest("state")? },
        "run_closed" => Event::RunClosed {
            ending: body.word("ending", &ENDINGS)?,
            complete: body.truth("complete")?,
            counts: counts(body)?,
        },
        unknown => {
            return Err(format!(
                "this relplan knows no records of the kind {unknown:?}: use a newer relplan"
            ));
        }
    })
}

/// Those that say of a ledger or a run what it is about.
fn decode_beginning(kind: &str, body: Fields<'_>) -> Result<Option<Event>, String> {
    Ok(Some(match kind {
        "ledger_began" => Event::LedgerBegan {
            lineage: Lineage(body.shared("lineage")?),
            product: body.text("product")?.to_owned(),
            key: body.has("key").then(|| body.text("key").map(str::to_owned)).transpose()?,
        },
        "key_named" => Event::KeyNamed { key: body.text("key")?.to_owned() },
        "secrets_reviewed" => Event::SecretsReviewed {
            fingerprint: body.text("fingerprint")?.to_owned(),
            review: body.word("review", &SECRET_REVIEWS)?,
            unseen: body.texts("unseen")?.into_iter().map(str::to_owned).collect(),
        },
        "run_opened" => Event::RunOpened {
            mode: body.word("mode", &MODES)?,
            version: body.shared("version")?,
            config: body.optional_digest("config")?,
            plan: body.optional_digest("plan")?,
            versions: versions(body)?,
            command: body.text("command")?.to_owned(),
        },
        "sourced" => Event::Sourced {
            commit: body.optional_text("commit")?.map(str::to_owned),
            changed: body.truth("changed")?,
            review: body.optional_text("review")?.map(str::to_owned),
            reviewers: body.texts("reviewers")?.into_iter().map(str::to_owned).collect(),
        },
        "identified" => Event::Identified { accounts: accounts(body)? },
        "turning_back" => Event::TurningBack { to: read_versions_of(body, "to")? },
        "version_withdrawn" => {
            Event::VersionWithdrawn { version: body.shared("version")?, reason: reason(body)? }
        }
        _ => return Ok(None),
    }))
}

fn reason(body: Fields<'_>) -> Result<String, String> {
    body.text("reason").map(str::to_owned)
}

fn versions(body: Fields<'_>) -> Result<BTreeMap<String, String>, String> {
    let version = |(name, json): (&String, &Json)| {
        let version = json.as_str().ok_or("the field `versions` holds more than texts")?;
        Ok((name.clone(), version.to_owned()))
    };
    body.entries("versions")?.map(version).collect()
}

fn accounts(body: Fields<'_>) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let of = body.object("accounts")?;
    let names = |(provider, _): (&String, &Json)| {
        let names = of.texts(provider)?.into_iter().map(str::to_owned).collect();
        Ok((provider.clone(), names))
    };
    body.entries("accounts")?.map(names).collect()
}

fn versions_of(to: &BTreeMap<Address, Arc<str>>) -> Json {
    to.iter().map(|(live, version)| (live.to_string(), Json::from(&**version))).collect()
}

fn read_versions_of(body: Fields<'_>, name: &str) -> Result<BTreeMap<Address, Arc<str>>, String> {
    let version = |(live, json): (&String, &Json)| {
        let version = json.as_str().ok_or_else(|| format!("the field `{name}` holds more than texts"))?;
        Ok((fields::address(live)?, Arc::from(version)))
    };
    body.entries(name)?.map(version).collect()
}

pub(in crate::ledger) fn counts(body: Fields<'_>) -> Result<BTreeMap<String, u64>, String> {
    let count = |(name, json): (&String, &Json)| {
        let count = json.as_u64().ok_or("the field `counts` holds more than whole numbers")?;
        Ok((name.clone(), count))
    };
    body.entries("counts")?.map(count).collect()
}

/// A key: its address, and its version or null.
pub(in crate::ledger) fn key(key: &EntryKey) -> Json {
    json!({ "address": key.address.to_string(), "version": key.version.as_deref() })
}

pub(in crate::ledger) fn read_key(body: Fields<'_>, name: &str) -> Result<EntryKey, String> {
    key_of(body.object(name)?)
}

pub(in crate::ledger) fn key_of(fields: Fields<'_>) -> Result<EntryKey, String> {
    Ok(EntryKey {
        address: fields.address("address")?,
        version: fields.optional_text("version")?.map(Into::into),
    })
}

/// An intent.
pub(in crate::ledger) fn intent(intent: &Intent, seal: &dyn Seal) -> Json {
    let mut json = object!({
        "act": word(&ACTS, &intent.act),
        "dependencies": intent.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "generation": intent.generation,
        "idempotency_key": intent.idempotency_key.as_str(),
        "inputs": canonical::encode(&intent.inputs, seal),
        "key": key(&intent.key),
        "lifetime": word(&LIFETIMES, &intent.lifetime),
        "planned": canonical::encode(&intent.planned, seal),
        "provider": intent.provider.as_str(),
        "reason": intent.reason.as_str(),
        "version": &*intent.version,
    });
    // Left out where nothing judges it, as in ledgers from before it was kept.
    if let (Json::Object(fields), false) = (&mut json, intent.judged_by.is_empty()) {
        let checks = intent.judged_by.iter().map(ToString::to_string).collect::<Vec<_>>();
        fields.insert("judged_by".to_owned(), checks.into());
    }
    json
}

pub(in crate::ledger) fn read_intent(body: Fields<'_>) -> Result<Intent, String> {
    Ok(Intent {
        key: read_key(body, "key")?,
        act: body.word("act", &ACTS)?,
        lifetime: body.word("lifetime", &LIFETIMES)?,
        provider: body.text("provider")?.to_owned(),
        version: body.shared("version")?,
        idempotency_key: body.text("idempotency_key")?.to_owned(),
        generation: body.number("generation")?,
        inputs: body.value("inputs")?,
        planned: body.value("planned")?,
        dependencies: body.addresses("dependencies")?,
        judged_by: body.addresses_if_given("judged_by")?,
        reason: reason(body)?,
    })
}

fn outcome(outcome: &ActOutcome, seal: &dyn Seal) -> Json {
    match outcome {
        ActOutcome::Done { value } => {
            object!({ "done": object!({ "value": canonical::encode(value, seal) }) })
        }
        ActOutcome::Failed { kind, message } => {
            json!({ "failed": { "message": message, "problem": word(&PROBLEMS, kind) } })
        }
        ActOutcome::Unknown { message } => json!({ "unknown": { "message": message } }),
    }
}

fn read_outcome(fields: Fields<'_>) -> Result<ActOutcome, String> {
    if let Ok(done) = fields.object("done") {
        return Ok(ActOutcome::Done { value: done.value("value")? });
    }
    if let Ok(failed) = fields.object("failed") {
        let message = failed.text("message")?.to_owned();
        return Ok(ActOutcome::Failed { kind: failed.word("problem", &PROBLEMS)?, message });
    }
    Ok(ActOutcome::Unknown { message: fields.object("unknown")?.text("message")?.to_owned() })
}

/// A verdict with what it judged.
pub(in crate::ledger) fn judgement(judgement: &Judgement) -> Json {
    let judged: BTreeMap<String, String> =
        judgement.judged.iter().map(|(address, digest)| (address.to_string(), digest.to_string())).collect();
    let mut json = json!({
        "details": judgement.details,
        "judged": judged,
        "outcome": word(&OUTCOMES, &judgement.outcome),
        "summary": judgement.summary,
    });
    if let (Some(basis), Some(fields)) = (judgement.basis, json.as_object_mut()) {
        fields.insert("basis".to_owned(), basis.to_string().into());
        fields.insert("given".to_owned(), judgement.time_ms.into());
    }
    json
}

pub(in crate::ledger) fn read_judgement(fields: Fields<'_>) -> Result<Judgement, String> {
    let judged = |(address, json): (&String, &Json)| {
        let digest =
            json.as_str().and_then(|text| text.parse().ok()).ok_or("the field `judged` holds no digest")?;
        Ok::<(Address, _), String>((fields::address(address)?, digest))
    };
    Ok(Judgement {
        outcome: fields.word("outcome", &OUTCOMES)?,
        summary: fields.text("summary")?.to_owned(),
        details: fields.texts("details")?.into_iter().map(str::to_owned).collect(),
        judged: fields.entries("judged")?.map(judged).collect::<Result<_, _>>()?,
        basis: if fields.has("basis") { fields.optional_digest("basis")? } else { None },
        time_ms: if fields.has("given") { fields.time("given")? } else { 0 },
    })
}
