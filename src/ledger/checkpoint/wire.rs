//! The wire form of a state in a checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::super::record::fields::{self, Fields};
use super::super::record::words::{ENDINGS, LIFETIMES, MODES, word};
use super::super::record::{
    self, actor, intent, judgement, key, key_of, read_actor, read_intent, read_judgement,
};
use super::value;
use crate::addr::Address;
use crate::canonical::{Hidden, object};
use crate::event::{EntryKey, Lineage, RunId};
use crate::state::{Closed, Entry, Head, Open, Past, ReleaseStatus, RunSummary, State, Status, Way};

pub(super) fn state(state: &State) -> Json {
    let entries = state.entries.iter().map(|(of, entry)| Json::Array(vec![key(of), self::entry(entry)]));
    let generations =
        state.generations.iter().map(|(of, last)| Json::Array(vec![key(of), Json::from(*last)]));
    let history =
        state.history.iter().map(|(of, pasts)| (of.to_string(), pasts.iter().map(past).collect::<Json>()));
    let holds = state.holds.iter().map(|(address, reason)| (address.to_string(), reason.as_str()));
    let releases = state.releases.iter().map(|(version, status)| (&**version, release(status)));
    object!({
        "entries": entries.collect::<Json>(),
        "epoch": state.epoch,
        "generations": generations.collect::<Json>(),
        "hash": state.head.map(|head| head.hash.to_string()),
        "history": history.collect::<Json>(),
        "holds": holds.collect::<Json>(),
        "key": state.key.as_deref(),
        "lineage": state.lineage.as_ref().map(|lineage| &*lineage.0),
        "outputs": record::values(&state.outputs, &Hidden),
        "product": state.product.as_str(),
        "providers": record::values(&state.providers, &Hidden),
        "releases": releases.collect::<Json>(),
        "runs": state.runs.iter().map(run).collect::<Json>(),
        "seq": state.head.map(|head| head.seq),
        "withdrawn": state.withdrawn.iter().map(|(version, reason)| (&**version, reason.as_str())).collect::<Json>(),
        "turning_back": state.turning_back.iter().map(|(live, to)| (live.to_string(), way(to))).collect::<Json>(),
    })
}

pub(super) fn read_state(fields: Fields<'_>) -> Result<State, String> {
    let head = match fields.optional_digest("hash")? {
        Some(hash) => Some(Head { seq: fields.number("seq")?, hash }),
        None => None,
    };
    let history = |(of, json): (&String, &Json)| {
        let pasts = json.as_array().ok_or("a history is no list")?;
        let pasts = pasts.iter().map(|json| read_past(Fields::of(json)?)).collect::<Result<_, _>>()?;
        Ok::<_, String>((fields::address(of)?, pasts))
    };
    let hold = |(of, json): (&String, &Json)| {
        let reason = json.as_str().ok_or("the reason of a hold is no text")?.to_owned();
        Ok::<_, String>((fields::address(of)?, reason))
    };
    let withdrawn = |(version, json): (&String, &Json)| {
        let reason = json.as_str().ok_or("the reason of a withdrawal is no text")?.to_owned();
        Ok::<_, String>((Arc::from(version.as_str()), reason))
    };
    let release = |(version, json): (&String, &Json)| {
        Ok::<_, String>((Arc::from(version.as_str()), read_release(Fields::of(json)?)?))
    };
    let number = |json: &Json| json.as_u64().ok_or_else(|| "a generation is no number".to_owned());
    Ok(State {
        lineage: fields.optional_text("lineage")?.map(|lineage| Lineage(lineage.into())),
        product: fields.text("product")?.to_owned(),
        // Checkpoints of before are of ledgers that do not say it either.
        key: if fields.has("key") { fields.optional_text("key")?.map(str::to_owned) } else { None },
        head,
        epoch: fields.number("epoch")?,
        entries: pairs(fields, "entries", |json| read_entry(Fields::of(json)?))?,
        history: fields.entries("history")?.map(history).collect::<Result<_, _>>()?,
        outputs: fields.values("outputs")?,
        providers: fields.values("providers")?,
        holds: fields.entries("holds")?.map(hold).collect::<Result<_, _>>()?,
        withdrawn: fields.entries("withdrawn")?.map(withdrawn).collect::<Result<_, _>>()?,
        turning_back: fields.entries("turning_back")?.map(read_way).collect::<Result<_, _>>()?,
        releases: fields.entries("releases")?.map(release).collect::<Result<_, _>>()?,
        runs: fields
            .items("runs")?
            .iter()
            .map(|json| read_run(Fields::of(json)?))
            .collect::<Result<_, _>>()?,
        generations: pairs(fields, "generations", number)?,
    })
}

/// Keys with what belongs to them, as a list of pairs.
fn pairs<T>(
    fields: Fields<'_>,
    name: &str,
    read: impl Fn(&Json) -> Result<T, String>,
) -> Result<BTreeMap<EntryKey, T>, String> {
    let pair = |json: &Json| {
        let (Some(of), Some(item)) = (json.get(0), json.get(1)) else {
            return Err(format!("the field `{name}` holds more than pairs"));
        };
        Ok((key_of(Fields::of(of)?)?, read(item)?))
    };
    fields.items(name)?.iter().map(pair).collect()
}

fn entry(entry: &Entry) -> Json {
    object!({
        "dependencies": entry.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "generation": entry.generation,
        "inputs": value(&entry.inputs),
        "judged_by": entry.judged_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "judgement": entry.judgement.as_ref().map(judgement),
        "lifetime": word(&LIFETIMES, &entry.lifetime),
        "open": entry.open().map(open),
        "proof": entry.proof.as_ref().map(value),
        "provider": entry.provider.as_str(),
        "seq": entry.seq,
        "tainted": entry.tainted,
        "value": value(&entry.value),
        "version": &*entry.version,
    })
}

fn read_entry(fields: Fields<'_>) -> Result<Entry, String> {
    let judgement =
        fields.optional("judgement")?.map(|json| read_judgement(Fields::of(json)?)).transpose()?;
    let open = fields.optional("open")?.map(|json| read_open(Fields::of(json)?)).transpose()?;
    Ok(Entry {
        lifetime: fields.word("lifetime", &LIFETIMES)?,
        provider: fields.text("provider")?.to_owned(),
        inputs: fields.value("inputs")?,
        value: fields.value("value")?,
        version: fields.shared("version")?,
        dependencies: fields.addresses("dependencies")?,
        judged_by: fields.addresses("judged_by")?,
        generation: fields.number("generation")?,
        seq: fields.number("seq")?,
        status: open.map_or(Status::Done, |open| Status::Uncertain(Box::new(open))),
        tainted: fields.truth("tainted")?,
        judgement,
        proof: fields.optional("proof")?.map(|_| fields.value("proof")).transpose()?,
    })
}

fn open(open: &Open) -> Json {
    object!({
        "intent": intent(&open.intent, &Hidden),
        "message": open.message.as_deref(),
        "reference": open.reference.as_deref(),
        "run": &*open.run.0,
    })
}

fn read_open(fields: Fields<'_>) -> Result<Open, String> {
    Ok(Open {
        intent: read_intent(fields.object("intent")?)?,
        run: RunId(fields.shared("run")?),
        reference: fields.optional_text("reference")?.map(str::to_owned),
        message: fields.optional_text("message")?.map(str::to_owned),
    })
}

fn past(past: &Past) -> Json {
    let verdicts = past.verdicts.iter().map(|(check, passed)| (check.to_string(), *passed));
    object!({
        "dependencies": past.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "inputs": value(&past.inputs),
        "judged_by": past.judged_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "provider": past.provider.as_str(),
        "seq": past.seq,
        "since": past.since.as_slice(),
        "value": value(&past.value),
        "verdicts": verdicts.collect::<Json>(),
        "version": &*past.version,
    })
}

fn read_past(fields: Fields<'_>) -> Result<Past, String> {
    let verdict = |(check, json): (&String, &Json)| {
        Ok::<_, String>((
            fields::address(check)?,
            json.as_bool().ok_or("a verdict is neither true nor false")?,
        ))
    };
    let number = |json: &Json| json.as_u64().ok_or_else(|| "a sequence is no number".to_owned());
    Ok(Past {
        version: fields.shared("version")?,
        provider: fields.text("provider")?.to_owned(),
        inputs: fields.value("inputs")?,
        value: fields.value("value")?,
        dependencies: fields.addresses("dependencies")?,
        judged_by: fields.addresses("judged_by")?.into_iter().collect(),
        seq: fields.number("seq")?,
        since: fields.items("since")?.iter().map(number).collect::<Result<_, _>>()?,
        verdicts: fields.entries("verdicts")?.map(verdict).collect::<Result<_, _>>()?,
    })
}

fn release(status: &ReleaseStatus) -> Json {
    json!({
        "complete": status.complete,
        "completed_seq": status.completed_seq,
        "config": status.config.map(|digest| digest.to_string()),
        "run": *status.run.0,
        "seq": status.seq,
    })
}

fn read_release(fields: Fields<'_>) -> Result<ReleaseStatus, String> {
    Ok(ReleaseStatus {
        complete: fields.truth("complete")?,
        completed_seq: fields
            .optional("completed_seq")?
            .map(|_| fields.number("completed_seq"))
            .transpose()?,
        config: fields.optional_digest("config")?,
        run: RunId(fields.shared("run")?),
        seq: fields.number("seq")?,
    })
}

fn way(way: &Way) -> Json {
    json!({ "seq": way.seq, "version": *way.version })
}

fn read_way((live, json): (&String, &Json)) -> Result<(Address, Way), String> {
    let fields = Fields::of(json)?;
    let way = Way { version: fields.shared("version")?, seq: fields.number("seq")? };
    Ok((fields::address(live)?, way))
}

fn run(run: &RunSummary) -> Json {
    json!({
        "actor": actor(&run.actor),
        "closed": run.closed.as_ref().map(closed),
        "command": run.command,
        "config": run.config.map(|digest| digest.to_string()),
        "epoch": run.epoch,
        "id": *run.id.0,
        "mode": word(&MODES, &run.mode),
        "plan": run.plan.map(|digest| digest.to_string()),
        "seq": run.seq,
        "time": run.time_ms,
        "version": *run.version,
    })
}

fn read_run(fields: Fields<'_>) -> Result<RunSummary, String> {
    Ok(RunSummary {
        id: RunId(fields.shared("id")?),
        mode: fields.word("mode", &MODES)?,
        version: fields.shared("version")?,
        config: fields.optional_digest("config")?,
        plan: fields.optional_digest("plan")?,
        command: fields.text("command")?.to_owned(),
        actor: read_actor(fields.object("actor")?)?,
        epoch: fields.number("epoch")?,
        seq: fields.number("seq")?,
        time_ms: fields.time("time")?,
        closed: fields.optional("closed")?.map(|json| read_closed(Fields::of(json)?)).transpose()?,
    })
}

fn closed(closed: &Closed) -> Json {
    json!({
        "complete": closed.complete,
        "counts": closed.counts,
        "ending": word(&ENDINGS, &closed.ending),
        "seq": closed.seq,
        "time": closed.time_ms,
    })
}

fn read_closed(fields: Fields<'_>) -> Result<Closed, String> {
    Ok(Closed {
        ending: fields.word("ending", &ENDINGS)?,
        complete: fields.truth("complete")?,
        counts: record::counts(fields)?,
        seq: fields.number("seq")?,
        time_ms: fields.time("time")?,
    })
}
